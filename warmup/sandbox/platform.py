"""A simulated social platform: it accepts what bots publish, refuses one account, and is sometimes out of order."""

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass

from warmup.api.models import ReportKind

_OUT_OF_ORDER = 0.07


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the platform does not publish, as a bot reports it."""

    kind: ReportKind
    code: str
    message: str


class Platform:
    """Answers by the seed alone: the same account, phase and try always get the same answer, in any order of bots."""

    def __init__(self, seed: int, always_failing: str) -> None:
        self._seed = seed
        self._always_failing = always_failing
        self._tries: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def publish(self, account_id: str, phase: str) -> Refusal | None:
        """Publish, and return None, or why not."""
        with self._lock:
            self._tries[account_id, phase] += 1
            number = self._tries[account_id, phase]
        if account_id == self._always_failing and phase == "post":
            return Refusal(ReportKind.TRANSIENT, "platform_error", f"the platform answered 500 at try {number}")
        if number <= 2 and self._chance(account_id, phase, number) < _OUT_OF_ORDER:
            return Refusal(ReportKind.TRANSIENT, "platform_timeout", "the platform did not answer in time")
        return None

    def _chance(self, *words: object) -> float:
        digest = hashlib.sha256(repr((self._seed, *words)).encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32

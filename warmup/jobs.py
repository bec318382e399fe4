"""A job as a bot's author sees it, and the exceptions that report a failure."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warmup.api.models import Delivery
from warmup.api.models import ReportKind as Kind
from warmup.clocks import Mark

_SUFFIXES: Mapping[str, str] = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/mp4": ".mp4"}


class JobFailed(Exception):
    """Raise it, or one of the kinds below, in a handler: it becomes the report. `code` groups cases for operators."""

    kind: Kind = Kind.UNKNOWN

    def __init__(self, message: str, *, code: str | None = None, kind: Kind | None = None, **details: Any) -> None:
        self.code, self.details, self.message = code, details, message
        if kind is not None:
            self.kind = kind
        super().__init__(message)


class Transient(JobFailed):
    """It did not happen, and may work later: it is retried after a growing delay."""

    kind = Kind.TRANSIENT


class BadContent(JobFailed):
    """It did not happen, and this item is at fault: another is chosen."""

    kind = Kind.CONTENT


class AccountTrouble(JobFailed):
    """It did not happen, and this account needs an operator."""

    kind = Kind.ACCOUNT


class Fatal(JobFailed):
    """It did not happen, and never will as it is: an operator has to decide."""

    kind = Kind.FATAL


class LeaseLost(Exception):
    """The account is no longer yours: stop, and report nothing. Raised by `job.check()`."""


class StopOrdered(Exception):
    """An operator ordered this session to stop. Raised by `job.check()`."""


@dataclass(frozen=True, slots=True)
class Done:
    """A handler's result: the platform's response, and how well the post performed (0 to 100)."""

    platform_response: Any = None
    performance_score: float | None = None


class Lease:
    """The right to work on an account for `seconds` after `began`, when the request was sent that gave it: it ends
    here no later than at the service.

    Where this machine's clocks disagree, `confirm` asks the service, which extends what is still held; where it does
    not answer, the later clock decides.
    """

    def __init__(
        self, session_id: str, token: str, began: Mark, seconds: float, confirm: Callable[[], None] = lambda: None
    ) -> None:
        self.session_id, self.token = session_id, token
        self._began, self._seconds, self._confirm = began, seconds, confirm
        self._lost: str | None = None

    @property
    def seconds_left(self) -> float:
        """Return the seconds until it runs out, 0 when it did or was lost."""
        if self._lost is None and self._began.ahead():
            self._confirm()
        return 0.0 if self._lost else max(0.0, self._seconds - self._began.elapsed() - self._began.ahead())

    @property
    def lost(self) -> str | None:
        """Return why it is gone; None while it is held."""
        left = self.seconds_left
        return self._lost or ("it ran out" if left == 0 else None)

    def extend(self, began: Mark, seconds: float) -> None:
        """Count from another request, sent later, that was answered."""
        if began.steady >= self._began.steady:
            self._began, self._seconds = began, seconds

    def lose(self, why: str) -> None:
        """Give it up for good: the service says that it is gone, or the job has taken too long."""
        self._lost = why


@dataclass(frozen=True, slots=True)
class Job:
    """One phase of one account to be done: what to publish, and whether it is still yours.

    `media` is the file (None where the phase needs none), downloaded and checked; `text` the text.
    """

    account_id: str
    username: str
    model_id: str
    phase: str
    delivery: Delivery
    media: bytes | None
    lease: Lease
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def text(self) -> str | None:
        """Return the text to publish."""
        return None if self.delivery.text is None else self.delivery.text.body

    @property
    def seconds_left(self) -> float:
        """Return the seconds that the lease lasts without another heartbeat."""
        return self.lease.seconds_left

    @property
    def lost(self) -> bool:
        """Whether the account is no longer yours."""
        return self.lease.lost is not None

    @property
    def stop_ordered(self) -> bool:
        """Whether an operator ordered this session to stop."""
        return self.stop.is_set()

    def check(self) -> None:
        """Check before each step that cannot be undone. Raises LeaseLost, StopOrdered.

        It asks the service only where this machine's clocks disagree, as after a sleep.
        """
        if (lost := self.lease.lost) is not None:
            raise LeaseLost(lost)
        if self.stop_ordered:
            raise StopOrdered("an operator ordered this session to stop")

    def save(self, folder: Path) -> Path | None:
        """Save the media as a file in that folder, and return it; None where there is none."""
        content = self.delivery.content
        if content is None or self.media is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.account_id}-{self.phase}-{content.content_id}{_SUFFIXES.get(content.media_type, '')}"
        file.write_bytes(self.media)
        return file

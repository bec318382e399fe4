"""Randomness that is the same in each run, and can be told from what was there before."""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from chalicelib.domain import ids

_MARK = b"\x07\x07"


class Entropy:
    """Bytes of which no two are alike in a run. Each actor has its own, so that their order changes nothing."""

    def __init__(self) -> None:
        self.actor = 0
        self._counters: dict[tuple[int, int], Iterator[int]] = {}

    def begin(self) -> None:
        """The next bytes are the first again."""
        self.actor = 0
        self._counters.clear()

    def __call__(self, count: int) -> bytes:
        """So many bytes; those for a longer wait are counted apart."""
        number = next(self._counters.setdefault((self.actor, count), itertools.count(1)))
        made = (self.actor << 32 | number).to_bytes(max(count - 2, 8), "big")
        return (_MARK + made)[:2] + made[-(count - 2) :] if count > 2 else made[-count:]


_RANDOM = ids.make("x", datetime(2026, 1, 1, tzinfo=UTC), _MARK + bytes(8))[-16:][:3]
_MADE = re.compile(rf"(?<=_)[0-9A-Z]{{10}}{_RANDOM}[0-9A-Z]{{13}}|{_MARK.hex()}[0-9a-f]{{28}}")


_DIGEST = re.compile(r'(?<=\{"B": ")[A-Za-z0-9+/=]+(?="\})')
_SEAL = re.compile(r"(?<=digest)(\W+)[0-9a-f]{64}")
_TURN = re.compile(r"\d+(?:st|nd|rd|th) of its pool: others asked at the same moment")


def nameless(text: str) -> str:
    """The text without the ids, tokens and digests that were made in this run: they differ from run to run.

    An item that was given in turn is the best of those that others have left.
    """
    return _TURN.sub("best of its pool", _MADE.sub("…", _SEAL.sub(r"\1…", _DIGEST.sub("…", text))))

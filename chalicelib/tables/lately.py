"""What a warm function remembers of many keys, in bounds."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from chalicelib.context import sources

T = TypeVar("T")


class Lately(Generic[T]):
    """What was read of at most so many keys, the latest asked for, and how long ago."""

    def __init__(self, most: int) -> None:
        self._most, self._kept, self._lock = most, dict[str, tuple[float, T]](), Lock()

    def get(self, key: str, seconds: float, read: Callable[[], T]) -> T:
        """What `read` gave at most so many seconds ago, of real time."""
        found = self._kept.get(key)
        if found is None or sources.monotonic() >= found[0] + seconds:
            found = sources.monotonic(), read()
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = found  # behind those that were asked for before
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return found[1]

    def latest(self, key: str) -> T | None:
        """What was read last, however long ago; None where nothing was, or it is forgotten."""
        found = self._kept.get(key)
        return None if found is None else found[1]

    def __len__(self) -> int:
        return len(self._kept)

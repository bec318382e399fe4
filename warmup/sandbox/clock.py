"""Sandbox time: real time from a start, run faster or slower, and moved forward; it never goes back."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MAX_SPEED = 1_000_000.0
_LAST = datetime(9000, 1, 1, tzinfo=UTC)  # room for whatever a due time adds


class Clock:
    """A clock that may be read, sped up and moved by any thread.

    It is a line through the last change: `now = moved_to + (monotonic - changed_at) × speed`.
    """

    def __init__(
        self,
        *,
        start: datetime | None = None,
        speed: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._moved_to = start or datetime.now(UTC)
        self._changed_at = monotonic()
        self._speed = 0.0
        self.set_speed(speed)

    @property
    def speed(self) -> float:
        """Return the seconds of sandbox time in a second of real time."""
        return self._speed

    def now(self) -> datetime:
        """Return the sandbox's instant, aware and in UTC."""
        with self._lock:
            return self._read()

    def advance(self, by: timedelta) -> datetime:
        """Move time forward at once. Raises ValueError when that would be back, or past the calendar."""
        if by < timedelta(0):
            raise ValueError("time only moves forward")
        with self._lock:
            now = self._read()
            if by > _LAST - now:
                raise ValueError("that is past the end of the calendar")
            self._anchor(now + by)
            return self._moved_to

    def set_speed(self, speed: float) -> None:
        """Make time run `speed` times as fast from now on; 0 holds it. Raises ValueError out of range."""
        if not 0 <= speed <= MAX_SPEED:  # also refuses NaN
            raise ValueError(f"the speed lies between 0 and {MAX_SPEED:,.0f}")
        with self._lock:
            self._anchor(self._read())
            self._speed = speed

    def real_seconds(self, sandbox_seconds: float) -> float:
        """Return how many real seconds that much sandbox time takes now; endless while time is held."""
        return sandbox_seconds / self._speed if self._speed else float("inf")

    def _read(self) -> datetime:
        elapsed = timedelta(seconds=(self._monotonic() - self._changed_at) * self._speed)
        return min(self._moved_to + elapsed, _LAST)

    def _anchor(self, now: datetime) -> None:
        self._changed_at = self._monotonic()
        self._moved_to = now

"""When a worker ends, and how long it may still ask the service."""

import math
import random
import threading
import time

SHORTEST_WAIT = 0.2
_LAST_REPORTS = 3.0
"""Seconds in which the end is reported to the service once the grace is over."""
_RESERVE = 0.5
"""Seconds before the end in which the service is no longer asked: they are for the log."""


class Shutdown:
    """Whether the worker has to end, how long its jobs may go on, and how long it may still ask the service.

    `requested` is set once the worker has to end. `grace`: seconds that jobs under way have from then on.
    """

    def __init__(self, grace: float) -> None:
        self.requested = threading.Event()
        self._grace, self._requested_at, self._ends_at = grace, 0.0, math.inf

    def request(self, *, busy: bool) -> None:
        """End: at once, or after the grace where the worker is busy; called again, without any grace."""
        again = self.requested.is_set()
        if again:
            self._grace = 0.0
        else:
            self._requested_at = time.monotonic()
        reports = _LAST_REPORTS if busy or not again else 0.0
        self._end_within(reports + (self._grace if busy else 0.0))
        self.requested.set()

    def grace_began(self) -> float:
        """Return when the grace began that jobs under way have at the end of a session: now, or at the request."""
        return self._requested_at if self.requested.is_set() else time.monotonic()

    def in_grace(self, began: float) -> bool:
        """Whether jobs under way may go on; `began` is from `grace_began`."""
        return time.monotonic() < began + self._grace  # which a second request ends

    def end_soon(self) -> None:
        """Leave only the time for the last reports, where the worker has to end."""
        if self.requested.is_set():
            self._end_within(_LAST_REPORTS)

    def abandon(self) -> None:
        """Leave no time at all."""
        self._ends_at = -math.inf

    def _end_within(self, seconds: float) -> None:
        self._ends_at = min(self._ends_at, time.monotonic() + seconds)

    def seconds_to_end(self) -> float:
        """Return the seconds until the worker ends, whatever is under way."""
        return self._ends_at - time.monotonic()

    def seconds_left(self) -> float:
        """Return the seconds for which the service may still be asked."""
        return self.seconds_to_end() - _RESERVE

    def sleep(self, seconds: float) -> None:
        """Wait before a request is sent again. A request to end cuts the wait short; after one it is a short one."""
        if self.requested.wait(seconds):
            time.sleep(max(0.0, min(seconds, SHORTEST_WAIT, self.seconds_left())))

    def sleep_before_retry(self) -> None:
        """Wait one to three seconds, at random so that not all bots ask at once; see `sleep`."""
        self.sleep(random.uniform(1, 3))

    def back_off(self) -> None:
        """Wait one to three seconds, or until the worker has to end."""
        self.requested.wait(random.uniform(1, 3))

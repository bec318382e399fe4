"""What a worker does while the service is unavailable: it logs that once, and asks again."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from warmup import clocks
from warmup.api import errors
from warmup.problems import TryLater, UnexpectedAnswer, Unreachable
from warmup.worker.shutdown import Shutdown

logger = logging.getLogger("warmup.worker")

T = TypeVar("T")
UNAVAILABLE = (Unreachable, TryLater, UnexpectedAnswer, errors.InternalError)
"""Errors after which the same request, sent later, has a chance."""
_LOG_INTERVAL = 120.0


class OutageLog:
    """Logs that the service is unavailable: at once, then every two minutes for how long; and that it is back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = self._logged_at = 0.0
        self._logged = set[str]()

    def failed(self, error: Exception) -> None:
        """Note that a request failed."""
        now, text = clocks.steady(), str(error)
        with self._lock:
            if not self._logged:
                self._began = now
            if text in self._logged and now < self._logged_at + _LOG_INTERVAL:
                return
            minutes = (now - self._began) / 60
            logger.warning("%s", f"still unavailable, {minutes:.0f} min" if text in self._logged else text)
            self._logged_at = now
            self._logged.add(text)

    def answered(self) -> None:
        """Note that a request was answered."""
        with self._lock:
            if self._logged:
                logger.info("the service answers again, after %.0f s", clocks.steady() - self._began)
            self._logged.clear()


def ask_until_answered(ask: Callable[[], T], outage: OutageLog, shutdown: Shutdown) -> T | None:
    """Return what `ask` returns once the service is available; None where the time for it was over first."""
    while True:
        try:
            answer = ask()
        except UNAVAILABLE as error:
            outage.failed(error)
        else:
            outage.answered()
            return answer
        shutdown.sleep_before_retry()
        if shutdown.seconds_left() <= 0:
            return None

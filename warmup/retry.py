"""When a request is sent again, and how long the pauses are."""

import asyncio
import inspect
import math
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import httpx

from warmup.problems import Unreachable

AGAIN = (429, 503)
MEDIA_AGAIN = (429, 500, 502, 503, 504)
"""Statuses of the bucket after which a file is asked for, or sent, again."""
_SHORTEST, _LONGEST = 0.2, 20.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is sent at most, and how many seconds pass between two times.

    `sleep` waits in place of `time.sleep` (in an AsyncClient of `asyncio.sleep`; there it may be a coroutine function).
    `seconds_left` returns the seconds that asking and waiting may still take, for a caller that is about to end.
    """

    attempts: int = 6
    longest_wait: float = 60.0
    timeout: float = 20.0
    sleep: Callable[[float], object] | None = None
    seconds_left: Callable[[], float] = lambda: math.inf

    def pause(self, attempt: int, asked: float) -> float | None:
        """Return how many seconds to wait after that attempt (from 1), `asked` being Retry-After; None: give up."""
        if attempt >= self.attempts or asked > self.longest_wait:
            return None
        growing = min(_LONGEST, _SHORTEST * 2**attempt)
        pause = max(asked, random.uniform(growing / 2, growing))
        return pause if pause < self.seconds_left() else None

    def pause_after(
        self, failure: httpx.TransportError | httpx.Response, attempt: int, *, repeatable: bool, again: Collection[int]
    ) -> float | None:
        """Return how many seconds to wait before the request is sent again; None where it is not.

        `again` are the statuses after which what is `repeatable` is repeated.
        """
        if isinstance(failure, httpx.Response):
            asked = seconds(failure.headers.get("Retry-After"))
            sure = failure.status_code == 429
            sent_again = failure.status_code in again and (repeatable or sure)
        else:
            asked, sure = 0.0, isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            sent_again = repeatable or sure
        return self.pause(attempt, asked) if sent_again else None

    def next_timeout(self) -> float:
        """Return how many seconds the next request may take. Raises Unreachable where there is no time left for it."""
        left = self.seconds_left()
        if left <= 0:
            raise Unreachable("The request was not sent: there is no time left for it.")
        return min(self.timeout, left)

    def wait(self, seconds: float) -> None:
        """Wait so many seconds."""
        (self.sleep or time.sleep)(seconds)

    async def async_wait(self, seconds: float) -> None:
        """Wait so many seconds, in a coroutine."""
        slept = (self.sleep or asyncio.sleep)(seconds)
        if inspect.isawaitable(slept):
            await slept


def seconds(text: str | None) -> float:
    """Return the number of seconds in a header, 0 where it has none."""
    return float(text) if text is not None and text.replace(".", "", 1).isdigit() else 0.0

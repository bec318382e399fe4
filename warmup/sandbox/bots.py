"""Simulated bots: workers as they are shipped, on a platform that is simulated, each in a thread of its own.

One of them crashes now and then: it loses its connection in the middle of a job, holds what it holds, and is back in
another session when its leases have run out.
"""

import logging
import math
import random
import threading
import time

import httpx

from warmup.jobs import Done, Job, JobFailed
from warmup.problems import WarmupError
from warmup.retry import RetryPolicy
from warmup.sandbox.platform import Platform
from warmup.worker import Worker

logger = logging.getLogger(__name__)

_GRACE = 2.0
_PAUSE = 1.0  # seconds after a session that ended before the bot did
_CRASH_SECONDS = 7.0  # the sandbox's leases last six at any speed
_JOBS_BETWEEN_CRASHES = (6, 14)


class Bot(threading.Thread):
    """One bot. `crashes` makes it the unreliable one."""

    def __init__(self, bot_id: str, key: str, url: str, *, platform: Platform, seed: int, crashes: bool) -> None:
        super().__init__(name=bot_id, daemon=True)
        self.bot_id = bot_id
        self._url, self._key = url, key
        self._platform = platform
        self._chance = random.Random(f"{seed}:{bot_id}")
        self._crashes = crashes
        self._jobs_left = self._next_crash()
        self._connection = _Connection()
        self._worker = self._new_worker()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Run one worker after the other, until stopped."""
        while not self._stopped.is_set():
            try:
                self._worker.run()
            except WarmupError as error:
                logger.info("%s begins again after: %s", self.bot_id, error)
            self._stopped.wait(max(_PAUSE, self._connection.cut_at + _CRASH_SECONDS - time.monotonic()))
            self._worker = self._new_worker()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self._stopped.set()
        self._worker.stop()

    def wake(self) -> None:
        """Ask for work at once."""
        self._worker.wake()

    def _new_worker(self) -> Worker:
        self._connection = _Connection()
        worker = Worker(
            self._url,
            self._key,
            grace=_GRACE,
            name="sandbox-bot/1",
            retry=RetryPolicy(longest_wait=2),
            transport=self._connection,
        )
        worker.phase()(self._publish)
        return worker

    def _publish(self, job: Job) -> Done:
        """Do the phase's work."""
        if self._crash_is_due():
            logger.info("%s crashes.", self.bot_id)
            self._connection.cut_at = time.monotonic()
            self._worker.stop()
            self._worker.stop()  # without any grace
            raise ConnectionError("the bot has crashed")  # which nobody hears
        self._stopped.wait(self._chance.uniform(0.02, 0.12))
        refusal = self._platform.publish(job.account_id, job.phase)
        if refusal is not None:
            raise JobFailed(refusal.message, code=refusal.code, kind=refusal.kind)
        return Done({"status": "published", "by": self.bot_id}, self._chance.randint(40, 100))

    def _crash_is_due(self) -> bool:
        if not self._crashes:
            return False
        self._jobs_left -= 1
        if self._jobs_left > 0:
            return False
        self._jobs_left = self._next_crash()
        return True

    def _next_crash(self) -> int:
        return self._chance.randint(*_JOBS_BETWEEN_CRASHES)


class _Connection(httpx.HTTPTransport):
    """A connection that can be cut: nothing is sent any more, as from a machine that has gone down."""

    cut_at = -math.inf

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut_at > -math.inf:
            raise httpx.ConnectError("the bot has crashed", request=request)
        return super().handle_request(request)

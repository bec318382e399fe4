"""The worker that a bot's author uses."""

import logging
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import httpx

from warmup.api.models import Claimed, ReportKind
from warmup.client import Client
from warmup.jobs import Job
from warmup.retry import RetryPolicy
from warmup.worker.handlers import H, Handlers, in_thread
from warmup.worker.job_runner import JobRunner
from warmup.worker.outage import OutageLog, ask_until_answered
from warmup.worker.polling import Poller
from warmup.worker.session import SessionRunner
from warmup.worker.shutdown import SHORTEST_WAIT, Shutdown
from warmup.worker.tally import Tally

logger = logging.getLogger("warmup.worker")


class Worker:
    """A bot. Say what to do with `@worker.phase(…)` and `@worker.category(…)`, then `run()`.

    `slots`: how many jobs at once. `grace`: seconds that jobs under way have at the end; what is not done by then is
    reported as `unknown`, and needs review. `timeout`: seconds that a handler may take; a job that takes longer is
    reported as `unknown` with the code `timeout`, and its slot is free again. `retry` and `transport`: see `Client`.
    URL and key: from WARMUP_URL and WARMUP_KEY, unless given.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        slots: int = 1,
        grace: float = 60.0,
        timeout: float | None = None,
        name: str = "warmup-worker/1",
        model_ids: list[str] | None = None,
        retry: RetryPolicy | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._shutdown, self._outage = Shutdown(grace), OutageLog()
        policy = retry or RetryPolicy(attempts=4)
        self._client = Client(
            url or os.environ.get("WARMUP_URL", "http://127.0.0.1:8000"),
            key or os.environ.get("WARMUP_KEY", ""),
            retry=replace(policy, sleep=self._shutdown.sleep, seconds_left=self._shutdown.seconds_left),
            key_source="the argument `key`" if key else "WARMUP_KEY",
            transport=transport,
        )
        self.tally = Tally()
        self._slots, self._name = slots, name
        self._handlers = Handlers(timeout)
        self._poller = Poller(self._client, self._handlers, model_ids, self._outage)
        self._job_runner = JobRunner(self._client, self._handlers, self.tally, self._outage, self._shutdown)
        self._session: SessionRunner | None = None
        self._wake = threading.Event()
        self._limit: int | None = None

    def phase(self, *phases: str, timeout: float | None = None) -> Callable[[H], H]:
        """Register a handler for these phases, by their names in the plans; none named: for all that have no other
        handler.

        An error that it raises becomes a report.

        `timeout`: seconds that this handler may take, in place of the worker's.
        """
        return self._handlers.for_phases(phases, timeout)

    def category(self, *categories: str, timeout: float | None = None) -> Callable[[H], H]:
        """Register a handler for the phases that draw from these categories, and have no handler by their name.

        `timeout`: as for `phase`.
        """
        return self._handlers.for_categories(categories, timeout)

    def report(self, error: type[BaseException], kind: ReportKind | str, *, message: bool = False) -> None:
        """Report this exception with that kind; without, it is `unknown`: the work may have happened.

        Its class is the report's code. Its message is sent only with `message`: such messages may hold passwords.
        """
        self._handlers.report_as(error, ReportKind(kind), message=message)

    def wake(self) -> None:
        """Ask for work at once, instead of when the service said."""
        self._wake.set()

    def stop(self) -> None:
        """Take nothing new, finish what is under way, and end, as at SIGTERM. Called again, it gives what is under
        way no more time."""
        self._shutdown.request(busy=bool(self._jobs()))
        self._wake.set()

    def run(self, jobs: int | None = None) -> Tally:
        """Work until SIGTERM or Ctrl-C (or `stop()`), until an operator drains or stops the session, or until so many
        jobs are over. Raises AuthError."""
        if not self._handlers:
            raise ValueError("say what to do first: @worker.phase(…) or @worker.category(…)")
        if not self._client.key:
            raise ValueError("there is no key: set WARMUP_KEY (an operator makes one: warmup bots create NAME)")
        self._limit = jobs
        with self._signals():
            # in a thread of its own: no signal ends a wait for an answer that does not come
            work = in_thread("warmup-worker", self._run_sessions)
            while not work.done() and (left := self._shutdown.seconds_to_end()) > 0:
                futures.wait([work], min(SHORTEST_WAIT, left))
        if work.done():
            work.result()
            self._client.close()
        else:
            self._shutdown.abandon()
            names = ", ".join(f"{job.account_id} {job.phase}" for job in self._jobs() if job is not None)
            logger.warning("the service did not answer in time: this worker ends; under way: %s", names or "nothing")
        return self.tally

    def _jobs(self) -> list[Job | None]:
        return [] if self._session is None else self._session.jobs()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Stop at SIGTERM and Ctrl-C; a second one gives what is under way no more time."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: object) -> None:
            if not self._shutdown.requested.is_set():
                logger.info("stopping: this worker finishes what is under way and takes nothing new")
            self.stop()

        before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    # sessions

    def _run_sessions(self) -> None:
        while not self._shutdown.requested.is_set():
            self._run_session()

    def _run_session(self) -> None:
        opened = ask_until_answered(
            lambda: self._client.sessions.create(client=self._name, host=socket.gethostname()),
            self._outage,
            self._shutdown,
        )
        if opened is None:
            return
        session = self._session = SessionRunner(self._client, opened, self._outage, self._wake)
        session.start()
        logger.info("session %s is open", session.session_id)
        stopping = self._shutdown.requested
        try:
            while not (stopping.is_set() or session.over.is_set()):
                self._fill_slots(session)
            if session.drained and not stopping.is_set():
                logger.info("an operator ended this worker's session: it takes nothing new in another one")
                self.stop()
            self._finish(session)
        finally:
            session.end()
        self._shutdown.back_off()  # where one session after the other is over, none is opened at once

    def _fill_slots(self, session: SessionRunner) -> None:
        """Begin jobs in the free slots, or wait."""
        self._wake.clear()
        free = self._slots - len(session.jobs())
        if self._limit is not None:
            left = self._limit - self.tally.finished
            if left <= 0:
                self.stop()
                return
            free = min(free, left - len(session.jobs()))
        taken, wait = self._poller.find(session, free) if free > 0 else ([], math.inf)
        if self._shutdown.requested.is_set():
            return  # what was claimed is released by the session's end
        for claimed in taken:
            session.add(claimed.account_id)
            # a daemon: a handler that outlasts the grace keeps no process alive
            threading.Thread(target=self._run_job, args=(session, claimed), name="warmup-slot", daemon=True).start()
        if not taken:
            self._wake.wait(None if wait == math.inf else wait)

    def _run_job(self, session: SessionRunner, claimed: Claimed) -> None:
        try:
            self._job_runner.run(session, claimed)
        finally:
            self._wake.set()

    def _finish(self, session: SessionRunner) -> None:
        """Wait for what is under way; what takes longer than the grace may have happened and needs review."""
        began = self._shutdown.grace_began()
        while session.jobs() and self._shutdown.in_grace(began):
            time.sleep(0.02)
        under_way = [job for job in session.jobs() if job is not None]
        left = {job.account_id: job for job in under_way if not job.lost and session.begin_report(job.account_id)}
        futures.wait([in_thread("warmup-cut-off", partial(self._job_runner.cut_off, job)) for job in left.values()])
        # a job that is done may wait for its answer
        while session.reporting() - left.keys() and self._shutdown.seconds_to_end() > 0:
            time.sleep(0.02)
        self._shutdown.end_soon()

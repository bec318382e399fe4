"""A bot's loop: take what free slots can do, do it, say how it went; heartbeats go on beside it.

shift     a session, from its opening to its end: at SIGTERM, and when an operator says so, it takes nothing new,
          finishes, gives back, ends; a session that was lost is followed by another
slot      a thread that does one job at a time
heart     a thread that extends the leases, and learns what was lost and what is ordered

A server that is away is waited for; what it handed out is told when it is back. Nothing is told of a lost lease.
"""

import inspect
import logging
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from warmup.api import errors
from warmup.api.models import Claimed, Delivery, Directive, Offer, ReportKind, Step
from warmup.client import Client
from warmup.jobs import Done, Job, JobFailed, Lease, LeaseLost, StopOrdered, Transient
from warmup.problems import (
    ApiError,
    AuthError,
    Conflict,
    NotFound,
    TryLater,
    UnexpectedAnswer,
    Unreachable,
    Unsendable,
    WarmupError,
)
from warmup.transport import BadChecksum, Patience

logger = logging.getLogger("warmup.worker")

PHASES = ("pfp", "bio", "post", "highlight", "story")
Handler = Callable[[Job], Any]
H = TypeVar("H", bound=Handler)
_AWAY = (Unreachable, TryLater, UnexpectedAnswer, errors.InternalError)
_SHORTEST_WAIT, _LONGEST_WAIT = 0.2, 30.0
_MOST_AT_ONCE = 10


@dataclass(slots=True)
class Tally:
    """What a worker did."""

    done: int = 0
    failed: int = 0
    lost: int = 0
    given_back: int = 0

    @property
    def finished(self) -> int:
        """Jobs that are over, however."""
        return self.done + self.failed + self.lost + self.given_back


class Worker:
    """A bot. Say what to do for which phase with `@worker.phase(…)`, then `run()`.

    `slots`: how many jobs at once. `grace`: seconds that jobs under way have at the end; what is not done by then is
    reported as `unknown`, for people to look at. URL and key: from WARMUP_URL and WARMUP_KEY, unless given.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        slots: int = 1,
        grace: float = 60.0,
        name: str = "warmup-worker/1",
        model_ids: list[str] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._client = Client(
            url or os.environ.get("WARMUP_URL", "http://127.0.0.1:8000"),
            key or os.environ.get("WARMUP_KEY", ""),
            patience=patience or Patience(attempts=4),
        )
        self._slots, self._grace, self._name, self._models = slots, grace, name, model_ids
        self._handlers: dict[str, Handler] = {}
        self._kinds: dict[type[BaseException], ReportKind] = {}
        self._stopping = threading.Event()
        self._stopped_at = 0.0
        self._wake = threading.Event()
        self._limit: int | None = None
        self._lock = threading.Lock()
        self.tally = Tally()

    def phase(self, *phases: str) -> Callable[[H], H]:
        """Declares what to do for these phases (none named: for all). An error that it raises becomes a report."""
        unknown = set(phases) - set(PHASES)
        if unknown:
            raise ValueError(f"there is no phase {', '.join(sorted(unknown))}: there are {', '.join(PHASES)}")

        def declare(handler: H) -> H:
            if inspect.iscoroutinefunction(handler):
                raise TypeError("a handler is a plain function: call asyncio.run(…) in it")
            self._handlers.update(dict.fromkeys(phases or PHASES, handler))
            return handler

        return declare

    def report(self, error: type[BaseException], kind: ReportKind | str) -> None:
        """Says with which kind an exception is reported; one that is not named is `unknown`: it may have happened."""
        self._kinds[error] = ReportKind(kind)

    def stop(self) -> None:
        """Takes nothing new, finishes what is under way, and ends: what SIGTERM does."""
        if not self._stopping.is_set():
            self._stopped_at = time.monotonic()
        self._stopping.set()
        self._wake.set()

    def run(self, jobs: int | None = None) -> Tally:
        """Works until SIGTERM or Ctrl-C (or `stop()`), until an operator drains or stops its session, or until so many
        jobs are over. Raises AuthError."""
        if not self._handlers:
            raise ValueError("say what to do first: @worker.phase(…)")
        if not self._client.key:
            raise ValueError("there is no key: set WARMUP_KEY (an operator makes one: warmup bots create NAME)")
        self._limit = jobs
        with self._signals():
            while not self._stopping.is_set():
                self._shift()
        self._client.close()
        return self.tally

    # a shift

    def _shift(self) -> None:
        opened = self._patiently(lambda: self._client.sessions.create(client=self._name, host=socket.gethostname()))
        if opened is None:
            return
        shift = _Shift(self._client, opened.session_id, opened.lease_seconds, opened.heartbeat_seconds)
        shift.start()
        logger.info("session %s is open", shift.session_id)
        try:
            while not (self._stopping.is_set() or shift.over.is_set()):
                self._take(shift)
            if shift.dismissed:
                logger.info("an operator ended this worker's session: it takes nothing new in another one")
                self.stop()
            self._finish(shift)
        finally:
            shift.end()

    def _take(self, shift: "_Shift") -> None:
        """Fills the free slots, or waits."""
        self._wake.clear()
        free = self._slots - len(shift.jobs())
        if self._limit is not None:
            left = self._limit - self.tally.finished
            if left <= 0:
                self.stop()
                return
            free = min(free, left - len(shift.jobs()))
        taken, wait = self._find(shift, min(free, _MOST_AT_ONCE)) if free > 0 else ([], _LONGEST_WAIT)
        for found in taken:
            shift.hold(found.account_id)
            # a daemon: a handler that outlasts the grace keeps no process alive
            threading.Thread(target=self._do, args=(shift, found), name="warmup-slot", daemon=True).start()
        if not taken:
            self._wake.wait(wait)

    def _find(self, shift: "_Shift", count: int) -> tuple[list[Offer], float]:
        """What can be done now, or how long to wait. With a handler for each phase it is claimed: bots that claim at
        once get different accounts. With some only, it is chosen from the list, and taken one by one."""
        try:
            if set(self._handlers) == set(PHASES):
                claim = self._client.leases.claim(bot_session=shift.session_id, limit=count, **self._of_models())
                mine: list[Offer] = [_offer(one) for one in claim.items if shift.is_new(one.account_id)]
                shift.take([one for one in claim.items if shift.is_new(one.account_id)])
                return mine, self._wait() if not mine else 0.0
            found = [one for one in self._ready(100) if self._is_ours(one) and shift.is_new(one.account_id)]
            random.shuffle(found)
            return found[:count], self._wait() if not found else 0.0
        except (errors.SessionEnded, errors.SessionNotFound):
            shift.over.set()
        except _AWAY as away:
            logger.warning("%s", away)
        return [], _SHORTEST_WAIT * 10

    def _of_models(self) -> dict[str, Any]:
        return {} if self._models is None else {"model_ids": self._models}

    def _ready(self, limit: int) -> list[Offer]:
        return [
            one
            for one in self._client.leases.ready(limit=limit).items
            if self._models is None or one.model_id in self._models
        ]

    def _is_ours(self, one: Offer) -> bool:
        phase = PHASES[0] if one.action == Step.START_WARMUP else one.phase
        return one.action == Step.COMPLETE_WARMUP or phase in self._handlers

    def _wait(self) -> float:
        """Until when nothing is due, as the service says it."""
        ready = self._client.leases.ready(limit=1)
        if ready.items:
            return _SHORTEST_WAIT  # somebody else was faster
        return min(max(self._client.retry_after / self._client.speed, _SHORTEST_WAIT), _LONGEST_WAIT)

    def _finish(self, shift: "_Shift") -> None:
        """Waits for what is under way; what takes longer than the grace may have happened: people look at it."""
        began = time.monotonic()
        while shift.jobs() and time.monotonic() < began + self._grace:  # which a second signal ends
            time.sleep(0.02)
        for job in shift.jobs():
            if job is not None and not job.lost:
                self._leave(job)

    def _leave(self, job: Job) -> None:
        failed = JobFailed("the worker was stopped while it was at it", code="worker_stopped")
        self._tell(job, lambda: self._report(job, failed))
        self._count("failed")

    # a job

    def _do(self, shift: "_Shift", offer: Offer) -> None:
        try:
            self._work(shift, offer)
        except (Conflict, NotFound) as refused:
            logger.info("%s is left alone: %s", offer.account_id, refused)
            self._count("lost" if isinstance(refused, errors.LeaseSuperseded) else None)
            if not isinstance(refused, errors.AccountLeased | errors.LeaseSuperseded):
                shift.give_back(offer.account_id)
        except WarmupError as error:
            logger.warning("%s: %s", offer.account_id, error)
            self._stopping.wait(random.uniform(1, 3))  # it is offered again at once
        except Exception:
            logger.exception("a defect at %s", offer.account_id)
            self._stopping.wait(random.uniform(1, 3))
        finally:
            shift.let_go(offer.account_id)
            self._wake.set()

    def _work(self, shift: "_Shift", offer: Offer) -> None:
        headers = {"bot_session": shift.session_id, "lease_token": shift.token(offer.account_id)}
        if offer.action == Step.COMPLETE_WARMUP:
            self._client.accounts.complete_warmup(offer.account_id, **headers)
            logger.info("%s is active", offer.account_id)
            return
        phase = offer.phase
        if offer.action == Step.START_WARMUP:
            began = time.monotonic()
            started = self._client.accounts.start_warmup(offer.account_id, **headers)
            if started.lease is not None:
                shift.keep(offer.account_id, started.lease.lease_token, began)
            phase = started.current_phase
        assert phase is not None
        handler = self._handlers.get(phase)
        if handler is None:
            shift.give_back(offer.account_id)
            return
        began = time.monotonic()
        given = self._client.phases.content(
            offer.account_id, phase, bot_session=shift.session_id, lease_token=shift.token(offer.account_id)
        )
        lease = shift.keep(offer.account_id, given.lease.lease_token, began)
        job = Job(offer.account_id, offer.username, offer.model_id, str(phase), given, None, lease, shift.stop)
        self._handle(shift, handler, job)

    def _handle(self, shift: "_Shift", handler: Handler, job: Job) -> None:
        began = time.monotonic()
        try:
            job = replace(job, media=self._download(job.delivery))
            shift.begin(job)
            result = handler(job)
        except LeaseLost as lost:
            logger.warning("%s %s was lost: %s", job.account_id, job.phase, lost)
            self._count("lost")
            return
        except StopOrdered:
            shift.give_back(job.account_id)
            self._count("given_back")
            return
        except BaseException as error:  # what the handler raises is its report, `sys.exit()` too
            failed = self._failure(error)
            logger.warning("%s %s failed (%s): %s", job.account_id, job.phase, failed.kind, failed)
            self._settle(shift, job, lambda: self._report(job, failed), failed.kind)
            self._count("failed")
            return
        done = result if isinstance(result, Done) else Done(platform_response=result)
        milliseconds = int((time.monotonic() - began) * 1000)
        told = self._settle(shift, job, lambda: self._complete(job, done, milliseconds), ReportKind.UNKNOWN)
        self._count("done" if told else "failed")

    def _settle(self, shift: "_Shift", job: Job, tell: Callable[[], None], kind: ReportKind) -> bool:
        """Tells what came of it; where the service does not take these words, that it did not, in words of our own.
        What was done once is not done again because of its answer."""
        try:
            self._tell(job, tell)
            return True
        except AuthError:
            raise
        except (ApiError, Unsendable) as refused:
            logger.warning("%s %s: what the handler said is not taken: %s", job.account_id, job.phase, refused)
            failed = JobFailed(f"what the handler said is not taken: {refused}", code="answer_not_taken", kind=kind)
        try:
            self._tell(job, lambda: self._report(job, failed))
        except ApiError as refused:
            logger.error("%s %s cannot be settled: %s", job.account_id, job.phase, refused)
            shift.shun(job.account_id)
        return False

    def _download(self, given: Delivery) -> bytes | None:
        if given.content is None:
            return None
        try:
            return self._client.download(given.content)
        except BadChecksum as bad:
            raise JobFailed(str(bad), code="checksum_mismatch", kind=ReportKind.CONTENT) from bad
        except (Unreachable, UnexpectedAnswer) as away:
            raise Transient(str(away), code="download_failed") from away

    def _failure(self, error: BaseException) -> JobFailed:
        if isinstance(error, JobFailed):
            return error
        kind = next((kind for known, kind in self._kinds.items() if isinstance(error, known)), ReportKind.UNKNOWN)
        return JobFailed(str(error) or type(error).__name__, code=type(error).__name__, kind=kind)

    def _complete(self, job: Job, done: Done, milliseconds: int) -> None:
        self._client.phases.complete_phase(
            job.account_id,
            job.phase,
            bot_session=job.lease.session_id,
            lease_token=job.lease.token,
            execution_time_ms=milliseconds,
            platform_response=done.platform_response,
            performance_score=done.performance_score,
        )
        logger.info("%s %s is done", job.account_id, job.phase)

    def _report(self, job: Job, failed: JobFailed) -> None:
        self._client.phases.report_error(
            job.account_id,
            bot_session=job.lease.session_id,
            lease_token=job.lease.token,
            phase=job.phase,
            kind=failed.kind,
            code=failed.code,
            message=failed.message[:2000] or type(failed).__name__,
            details=failed.details or None,
        )

    def _tell(self, job: Job, tell: Callable[[], None]) -> None:
        """Says how it went until it is heard: a late word is accepted as long as nobody came after."""

        def told() -> bool:
            tell()
            return True

        try:
            if not self._patiently(told):
                logger.error("%s %s: the service does not answer, and was not told of it", job.account_id, job.phase)
        except (errors.LeaseSuperseded, errors.PhaseNotInProgress, errors.AccountNotReady) as gone:
            logger.warning("%s %s was settled by others: %s", job.account_id, job.phase, gone)

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """What `ask` answers once the server is there; None where the end came first: once the grace is over it is
        asked a last time."""
        while True:
            try:
                return ask()
            except _AWAY as away:
                logger.warning("%s", away)
            if not self._stopping.is_set():
                self._stopping.wait(random.uniform(1, 3))
            elif time.monotonic() > self._stopped_at + self._grace:
                return None
            else:
                time.sleep(_SHORTEST_WAIT)

    def _count(self, what: str | None) -> None:
        if what is not None:
            with self._lock:
                setattr(self.tally, what, getattr(self.tally, what) + 1)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C end the work in good order; a second one gives what is under way no more time."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: object) -> None:
            if self._stopping.is_set():
                self._grace = 0.0
            else:
                logger.info("told to stop: finishing what is under way, taking nothing new")
            self.stop()

        before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)


def _offer(one: Claimed) -> Offer:
    return Offer.model_validate(one.model_dump())


class _Shift:
    """One session: what it holds, and the heart that keeps it."""

    def __init__(self, client: Client, session_id: str, lease_seconds: float, heartbeat_seconds: float) -> None:
        self._client, self.session_id = client, session_id
        self._lease_seconds, self._heartbeat_seconds = lease_seconds, heartbeat_seconds
        self._held: dict[str, Job | None] = {}
        self._shunned = set[str]()
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self.stop = threading.Event()
        self.over = threading.Event()
        self.dismissed = False
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="warmup-heart", daemon=True)

    def start(self) -> None:
        """Begins to send heartbeats."""
        self._heart.start()

    def end(self) -> None:
        """Ends the session, which gives back what it still holds."""
        self._ended.set()
        with suppress(WarmupError):
            self._client.sessions.end(self.session_id)

    # what is held

    def hold(self, account_id: str) -> None:
        """The account is being worked on."""
        with self._lock:
            self._held.setdefault(account_id, None)

    def begin(self, job: Job) -> None:
        """The job has begun."""
        with self._lock:
            self._held[job.account_id] = job

    def let_go(self, account_id: str) -> None:
        """The account is no longer worked on."""
        with self._lock:
            self._held.pop(account_id, None)
            self._leases.pop(account_id, None)

    def shun(self, account_id: str) -> None:
        """The account is not taken again."""
        with self._lock:
            self._shunned.add(account_id)

    def jobs(self) -> list[Job | None]:
        """What is under way (None: not begun yet)."""
        with self._lock:
            return list(self._held.values())

    def is_new(self, account_id: str) -> bool:
        """Whether the account is not being worked on, and may be."""
        with self._lock:
            return account_id not in self._held and account_id not in self._shunned

    def take(self, claimed: list[Claimed]) -> None:
        """Leases that were just claimed."""
        for one in claimed:
            self.keep(one.account_id, one.lease.lease_token, time.monotonic() - 1)

    def keep(self, account_id: str, token: str, began: float) -> Lease:
        """The lease that a request gave which was sent at `began`."""
        until = began + self._lease_seconds / self._client.speed
        with self._lock:
            lease = self._leases.get(account_id)
            if lease is None or lease.token != token:
                lease = self._leases[account_id] = Lease(self.session_id, token, until)
            lease.extend(until)
            return lease

    def token(self, account_id: str) -> str | None:
        """The token of the account's lease, if there is one."""
        with self._lock:
            lease = self._leases.get(account_id)
            return None if lease is None else lease.token

    def give_back(self, account_id: str) -> None:
        """Gives a lease back unharmed."""
        token = self.token(account_id)
        if token is not None:
            with suppress(WarmupError):
                self._client.leases.release(account_id, lease_token=token, bot_session=self.session_id)

    # the heart

    def _beat(self) -> None:
        while not self._ended.wait(self._pause()):
            began = time.monotonic()
            try:
                beat = self._client.sessions.heartbeat(self.session_id)
            except (errors.SessionEnded, errors.SessionNotFound) as gone:
                self._lose_all(str(gone))
                return
            except ApiError as error:
                logger.warning("the heartbeat was refused: %s", error)
                continue
            except WarmupError as away:
                logger.warning("no heartbeat: %s", away)
                continue
            self._learn({one.account_id for one in beat.held}, {one.account_id: one.reason for one in beat.lost}, began)
            if beat.directive == Directive.STOP:
                self.stop.set()
            if beat.directive != Directive.CONTINUE:
                logger.info("told to %s", beat.directive)
                self.dismissed = True
                self.over.set()

    def _pause(self) -> float:
        return max(0.05, min(_LONGEST_WAIT, self._heartbeat_seconds / self._client.speed))

    def _learn(self, held: set[str], lost: Mapping[str, str], began: float) -> None:
        until = began + self._lease_seconds / self._client.speed
        with self._lock:
            for account_id, lease in self._leases.items():
                if account_id in held:
                    lease.extend(until)
                if account_id in lost:
                    lease.lose(lost[account_id])

    def _lose_all(self, why: str) -> None:
        with self._lock:
            for lease in self._leases.values():
                lease.lose(why)
        self.over.set()

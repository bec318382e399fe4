"""A bot's loop: take what free slots can do, do it, say how it went; heartbeats go on beside it.

shift     a session, from its opening to its end: at SIGTERM, and when an operator says so, it takes nothing new,
          finishes, gives back, ends; a session that was lost is followed by another
slot      a thread that does one job at a time
heart     a thread that extends the leases, and learns what was lost and what is ordered

A server that is away is waited for; what it handed out is told when it is back. Nothing is told of a lost lease.
All that asks the service runs in threads that are left behind where the service does not let them end in time.
"""

import inspect
import logging
import math
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from warmup.api import errors
from warmup.api.models import Delivery, Directive, Offer, OpenedSession, ReportKind, Step
from warmup.client import Client
from warmup.clocks import Mark, steady
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
from warmup.transport import BadChecksum, RetryPolicy

logger = logging.getLogger("warmup.worker")

PHASES = ("pfp", "bio", "post", "highlight", "story")
Handler = Callable[[Job], Any]
H = TypeVar("H", bound=Handler)
T = TypeVar("T")
_AWAY = (Unreachable, TryLater, UnexpectedAnswer, errors.InternalError)
_SHORTEST_WAIT = 0.2
_UNTOLD_WAIT = 30.0
"""Seconds until it is asked again where the service did not say when."""
_FOREIGN_WAIT = 60.0
"""Seconds for each page that was read of work which has no handler here."""
_MOST_PAGES, _PAGE = 5, 100
_MOST_AT_ONCE = 10
_LAST_WORDS = 3.0
"""Seconds in which the end is told to the service once the grace is over."""
_UNHEARD = 0.5
_HEART_STEP = 5.0
"""Seconds after which the heart compares the clocks again: waiting stands still while the machine sleeps."""
_SAID_AGAIN = 120.0


@dataclass(slots=True)
class Tally:
    """What came of a worker's jobs, as the service heard it.

    `done`: completions that it accepted. `failed`: reports that it accepted. `given_back`: leases that it took back.
    `lost`: jobs that others settled or took over, and those of which the service was not told.
    """

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
    reported as `unknown`, and needs review. `timeout`: seconds that a handler may take; a job that takes longer is
    reported as `unknown` with the code `timeout`, and its slot is free again. URL and key: from WARMUP_URL and
    WARMUP_KEY, unless given.
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
    ) -> None:
        self._client = Client(
            url or os.environ.get("WARMUP_URL", "http://127.0.0.1:8000"),
            key or os.environ.get("WARMUP_KEY", ""),
            retry=replace(
                retry or RetryPolicy(attempts=4), sleep=self._wait_to_repeat, seconds_left=self._seconds_left
            ),
            key_source="the argument `key`" if key else "WARMUP_KEY",
        )
        self._slots, self._grace, self._name, self._models = slots, grace, name, model_ids
        self._timeout = _seconds_allowed(timeout)
        self._handlers: dict[str, tuple[Handler, float]] = {}
        self._kinds: dict[type[BaseException], ReportKind] = {}
        self._stopping = threading.Event()
        self._stopped_at = 0.0
        self._ends_at = math.inf
        self._shift: _Shift | None = None
        self._outage = _Outage()
        self._wake = threading.Event()
        self._limit: int | None = None
        self._lock = threading.Lock()
        self.tally = Tally()

    def phase(self, *phases: str, timeout: float | None = None) -> Callable[[H], H]:
        """Declares what to do for these phases (none named: for all). An error that it raises becomes a report.

        `timeout`: seconds that this handler may take, in place of the worker's.
        """
        seconds = self._timeout if timeout is None else _seconds_allowed(timeout)
        unknown = set(phases) - set(PHASES)
        if unknown:
            raise ValueError(f"there is no phase {', '.join(sorted(unknown))}: there are {', '.join(PHASES)}")

        def declare(handler: H) -> H:
            if inspect.iscoroutinefunction(handler):
                raise TypeError("a handler is a plain function: call asyncio.run(…) in it")
            self._handlers.update(dict.fromkeys(phases or PHASES, (handler, seconds)))
            return handler

        return declare

    def report(self, error: type[BaseException], kind: ReportKind | str) -> None:
        """Says with which kind an exception is reported; one that is not named is `unknown`: it may have happened."""
        self._kinds[error] = ReportKind(kind)

    def stop(self) -> None:
        """Takes nothing new, finishes what is under way, and ends: what SIGTERM does. Called again, it gives what is
        under way no more time."""
        again = self._stopping.is_set()
        if again:
            self._grace = 0.0
        else:
            self._stopped_at = time.monotonic()
        busy = self._shift is not None and bool(self._shift.jobs())
        patient = _LAST_WORDS if busy or not again else 0.0
        self._ends_at = min(self._ends_at, time.monotonic() + patient + (self._grace if busy else 0.0))
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
        work: futures.Future[None] = futures.Future()
        with self._signals():
            # in a thread of its own: no signal ends a wait for an answer that does not come
            _in_thread("warmup-worker", work, self._work_shifts)
            while not work.done() and time.monotonic() < self._ends_at:
                futures.wait([work], max(0.0, min(_SHORTEST_WAIT, self._ends_at - time.monotonic())))
        if not work.done():
            self._ends_at = -math.inf
            held = [] if self._shift is None else [job for job in self._shift.jobs() if job is not None]
            names = ", ".join(f"{job.account_id} {job.phase}" for job in held) or "nothing"
            logger.warning("the service did not answer in time: this worker ends; under way was %s", names)
            return self.tally
        work.result()
        self._client.close()
        return self.tally

    def _work_shifts(self) -> None:
        while not self._stopping.is_set():
            self._work_shift()

    def _seconds_left(self) -> float:
        """How long the service may still be asked: a little less than the end is put off, to say what was not heard."""
        return self._ends_at - _UNHEARD - time.monotonic()

    def _wait_to_repeat(self, seconds: float) -> None:
        """Waits before something is asked again. A stop ends the wait; once there was one, it is a short one."""
        if self._stopping.wait(seconds):
            time.sleep(max(0.0, min(seconds, _SHORTEST_WAIT, self._seconds_left())))

    # a shift

    def _work_shift(self) -> None:
        opened = self._patiently(lambda: self._client.sessions.create(client=self._name, host=socket.gethostname()))
        if opened is None:
            return
        shift = self._shift = _Shift(self._client, opened, self._outage, self._wake)
        shift.start()
        logger.info("session %s is open", shift.session_id)
        try:
            while not (self._stopping.is_set() or shift.over.is_set()):
                self._take(shift)
            if shift.dismissed and not self._stopping.is_set():
                logger.info("an operator ended this worker's session: it takes nothing new in another one")
                self.stop()
            self._finish(shift)
        finally:
            shift.end()
        self._stopping.wait(random.uniform(1, 3))  # where one session after the other is over, none is begun at once

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
        taken, wait = self._find(shift, free) if free > 0 else ([], math.inf)
        if self._stopping.is_set():
            return  # what was claimed is given back by the session's end
        for found in taken:
            shift.hold(found.account_id)
            # a daemon: a handler that outlasts the grace keeps no process alive
            threading.Thread(target=self._do, args=(shift, found), name="warmup-slot", daemon=True).start()
        if not taken:
            self._wake.wait(None if wait == math.inf else wait)

    def _find(self, shift: "_Shift", count: int) -> tuple[list[Offer], float]:
        """What can be done now, or for how many seconds to wait. With a handler for each phase it is claimed: bots that
        claim at once get different accounts. With some only, it is chosen from the list, and taken one by one."""
        claimable = min(_MOST_AT_ONCE, count + shift.held_count())  # a claim answers first what is held
        try:
            if set(self._handlers) == set(PHASES) and claimable > shift.held_count():
                found, wait = self._claim(shift, claimable)
            else:
                found, wait = self._choose(shift, count)
            self._outage.end()
            return found, wait
        except (errors.SessionEnded, errors.SessionNotFound):
            shift.ask_for_orders()
        except _AWAY as away:
            self._outage.note(away)
        return [], random.uniform(1, 3)

    def _claim(self, shift: "_Shift", limit: int) -> tuple[list[Offer], float]:
        began = Mark.now()
        claim = self._client.leases.claim(bot_session=shift.session_id, limit=limit, **self._of_models())
        fresh = [one for one in claim.items if shift.is_new(one.account_id)]
        for one in fresh:
            shift.keep(one.account_id, one.lease.lease_token, began)
        return [Offer.model_validate(one.model_dump()) for one in fresh], self._pause(claim.retry_after_seconds)

    def _choose(self, shift: "_Shift", count: int) -> tuple[list[Offer], float]:
        """Reads on behind the work of others, a few pages at most; the more it read, the later it asks again."""
        found: list[Offer] = []
        cursor, pages = None, 0
        model = self._models[0] if self._models is not None and len(self._models) == 1 else None
        while True:
            pages += 1
            page = self._client.leases.ready(limit=_PAGE, model_id=model, cursor=cursor)
            found += [one for one in page.items if self._is_ours(one) and shift.is_new(one.account_id)]
            cursor = page.next_cursor
            if len(found) >= count or cursor is None or pages == _MOST_PAGES:
                break
        if found:
            random.shuffle(found)
            return found[:count], 0.0
        told = page.retry_after_seconds if pages == 1 else None
        return [], self._pause(_FOREIGN_WAIT * pages if told is None else told)

    def _of_models(self) -> dict[str, Any]:
        return {} if self._models is None else {"model_ids": self._models}

    def _is_ours(self, one: Offer) -> bool:
        phase = PHASES[0] if one.action == Step.START_WARMUP else one.phase
        ours = self._models is None or one.model_id in self._models
        return ours and (one.action == Step.COMPLETE_WARMUP or phase in self._handlers)

    def _pause(self, told: float | None) -> float:
        """For how long it waits where the service said so many seconds of its own time: never less, and not all bots
        alike."""
        seconds = _UNTOLD_WAIT if told is None else told
        return max(_SHORTEST_WAIT, seconds / self._client.speed) * random.uniform(1.0, 1.1)

    def _finish(self, shift: "_Shift") -> None:
        """Waits for what is under way; what takes longer than the grace may have happened and needs review."""
        began = self._stopped_at if self._stopping.is_set() else time.monotonic()
        while shift.jobs() and time.monotonic() < began + self._grace:  # which a second signal ends
            time.sleep(0.02)
        under_way = [job for job in shift.jobs() if job is not None]
        left = {job.account_id: job for job in under_way if not job.lost and shift.may_settle(job.account_id)}
        words = [
            threading.Thread(target=self._leave, args=(job,), name="warmup-leave", daemon=True) for job in left.values()
        ]
        for one in words:
            one.start()
        for one in words:
            one.join()
        while shift.settling() - left.keys() and time.monotonic() < self._ends_at:  # it is done, and not heard yet
            time.sleep(0.02)
        if self._stopping.is_set():
            self._ends_at = min(self._ends_at, time.monotonic() + _LAST_WORDS)

    def _leave(self, job: Job) -> None:
        """Reports a job whose handler is still at it."""
        failed = JobFailed("the worker was stopped while it was at it", code="worker_stopped")
        try:
            self._count("failed" if self._tell(job, lambda: self._report(job, failed)) else "lost")
        except WarmupError as error:
            logger.error("%s %s cannot be settled: %s", job.account_id, job.phase, error)
            self._count("lost")

    # a job

    def _do(self, shift: "_Shift", offer: Offer) -> None:
        try:
            self._work(shift, offer)
        except (errors.SessionEnded, errors.SessionNotFound):
            shift.ask_for_orders()
        except (Conflict, NotFound) as refused:
            logger.info("%s is left alone: %s", offer.account_id, refused)
            self._count("lost" if isinstance(refused, errors.LeaseSuperseded) else None)
            if not isinstance(refused, errors.AccountLeased | errors.LeaseSuperseded):
                shift.give_back(offer.account_id)
                self._stopping.wait(random.uniform(1, 3))  # it may be offered again at once
        except _AWAY as away:
            self._outage.note(away)
            self._stopping.wait(random.uniform(1, 3))
        except WarmupError as error:
            logger.warning("%s: %s", offer.account_id, error)
            self._stopping.wait(random.uniform(1, 3))
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
            began = Mark.now()
            started = self._client.accounts.start_warmup(offer.account_id, **headers)
            if started.lease is not None:
                shift.keep(offer.account_id, started.lease.lease_token, began)
            phase = started.current_phase
        assert phase is not None
        if phase not in self._handlers:
            shift.give_back(offer.account_id)
            return
        began = Mark.now()
        given = self._client.phases.content(
            offer.account_id, phase, bot_session=shift.session_id, lease_token=shift.token(offer.account_id)
        )
        lease = shift.keep(offer.account_id, given.lease.lease_token, began)
        job = Job(offer.account_id, offer.username, offer.model_id, str(phase), given, None, lease, shift.stop)
        self._handle(shift, *self._handlers[phase], job)

    def _handle(self, shift: "_Shift", handler: Handler, timeout: float, job: Job) -> None:
        began = time.monotonic()
        try:
            job = replace(job, media=self._download(job.delivery))
            shift.begin(job)
            result = self._call(handler, timeout, job)
        except LeaseLost as lost:
            logger.warning("%s %s was lost: %s", job.account_id, job.phase, lost)
            self._end(shift, job, lambda: "lost")
            return
        except StopOrdered:
            self._end(shift, job, lambda: "given_back" if shift.give_back(job.account_id) else "lost")
            return
        except BaseException as error:  # what the handler raises is its report, `sys.exit()` too
            failed = self._failure(error)
            logger.warning("%s %s failed (%s): %s", job.account_id, job.phase, failed.kind, failed)
            self._end(
                shift, job, lambda: self._settle(shift, job, lambda: self._report(job, failed), "failed", failed.kind)
            )
            return
        done = result if isinstance(result, Done) else Done(platform_response=result)
        milliseconds = int((time.monotonic() - began) * 1000)
        self._end(shift, job, lambda: self._settle(shift, job, lambda: self._complete(job, done, milliseconds), "done"))

    def _end(self, shift: "_Shift", job: Job, say: Callable[[], str]) -> None:
        """Says what came of a job and counts it, unless it was reported as cut off by the worker's end."""
        if shift.may_settle(job.account_id):
            self._count(say())

    def _call(self, handler: Handler, timeout: float, job: Job) -> Any:
        """What the handler returns. Raises what it raises, and JobFailed when it takes longer than `timeout` seconds.

        No thread can be ended from outside: it goes on until the handler returns, whose result is then dropped; its
        `job.check()` raises LeaseLost.
        """
        if timeout == math.inf:
            return handler(job)
        outcome: futures.Future[Any] = futures.Future()
        _in_thread("warmup-handler", outcome, lambda: handler(job))
        futures.wait([outcome], timeout)
        if outcome.done():
            return outcome.result()
        why = f"the handler took longer than {timeout:g} s"
        job.lease.lose(why)
        outcome.add_done_callback(
            lambda _: logger.warning("%s %s: %s; it has ended now", job.account_id, job.phase, why)
        )
        raise JobFailed(why, code="timeout")

    def _settle(
        self, shift: "_Shift", job: Job, tell: Callable[[], None], accepted: str, kind: ReportKind = ReportKind.UNKNOWN
    ) -> str:
        """Tells what came of it; where the service does not take these words, that it did not, in words of our own.
        What was done once is not done again because of its answer. Returns what the tally counts."""
        try:
            return accepted if self._tell(job, tell) else "lost"
        except AuthError:
            raise
        except (ApiError, Unsendable) as refused:
            logger.warning("%s %s: what the handler said is not taken: %s", job.account_id, job.phase, refused)
            failed = JobFailed(f"what the handler said is not taken: {refused}", code="answer_not_taken", kind=kind)
        try:
            return "failed" if self._tell(job, lambda: self._report(job, failed)) else "lost"
        except ApiError as refused:
            logger.error("%s %s cannot be settled: %s", job.account_id, job.phase, refused)
            shift.shun(job.account_id)
            return "lost"

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

    def _tell(self, job: Job, tell: Callable[[], None]) -> bool:
        """Says how it went until it is heard: a late word is accepted as long as nobody came after. Returns whether it
        was accepted."""

        def told() -> bool:
            tell()
            return True

        try:
            heard = bool(self._patiently(told))
        except (errors.LeaseSuperseded, errors.PhaseNotInProgress, errors.AccountNotReady) as gone:
            logger.warning("%s %s was settled by others: %s", job.account_id, job.phase, gone)
            return False
        if not heard:
            logger.error("%s %s: the service does not answer, and was not told of it", job.account_id, job.phase)
        return heard

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """What `ask` answers once the server is there; None where the time for it was over first."""
        while True:
            try:
                answer = ask()
            except _AWAY as away:
                self._outage.note(away)
            else:
                self._outage.end()
                return answer
            self._wait_to_repeat(random.uniform(1, 3))
            if self._seconds_left() <= 0:
                return None

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
            if not self._stopping.is_set():
                logger.info("told to stop: finishing what is under way, taking nothing new")
            self.stop()

        before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)


def _seconds_allowed(timeout: float | None) -> float:
    if timeout is not None and not timeout > 0:
        raise ValueError(f"a timeout is a number of seconds above 0, not {timeout}")
    return math.inf if timeout is None else timeout


def _in_thread(name: str, outcome: "futures.Future[T]", call: Callable[[], T]) -> None:
    """Calls in a thread that keeps no process alive, and that may be left behind."""

    def run() -> None:
        try:
            found = call()
        except BaseException as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(found)

    threading.Thread(target=run, name=name, daemon=True).start()


class _Outage:
    """Says in the log that the service is away: once, then every two minutes for how long; and that it is back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = self._said_at = 0.0
        self._said = set[str]()

    def note(self, error: Exception) -> None:
        """A request failed."""
        now, text = steady(), str(error)
        with self._lock:
            if not self._said:
                self._began = now
            if text in self._said and now < self._said_at + _SAID_AGAIN:
                return
            minutes = (now - self._began) / 60
            logger.warning("%s", f"still away, {minutes:.0f} min" if text in self._said else text)
            self._said_at = now
            self._said.add(text)

    def end(self) -> None:
        """A request was answered."""
        with self._lock:
            if self._said:
                logger.info("the service answers again, after %.0f s", steady() - self._began)
            self._said.clear()


class _Shift:
    """One session: what it holds, and the heart that keeps it.

    The heart beats every `heartbeat_seconds` while something is held. A session that holds nothing needs none, but for
    one each `lease_seconds`, so that operators see it as live.
    """

    def __init__(self, client: Client, opened: OpenedSession, outage: _Outage, wake: threading.Event) -> None:
        self._client, self.session_id, self._outage, self._wake = client, opened.session_id, outage, wake
        self._lease_seconds, self._heartbeat_seconds = opened.lease_seconds, opened.heartbeat_seconds
        self._held: dict[str, Job | None] = {}
        self._settled = set[str]()
        self._shunned = set[str]()
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self._beating = threading.Lock()
        self._heard_at = steady()
        self._failed_at = -math.inf
        self.stop = threading.Event()
        self.over = threading.Event()
        self.dismissed = False
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._keep, name="warmup-heart", daemon=True)

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
            self._settled.discard(account_id)

    def may_settle(self, account_id: str) -> bool:
        """Whether nobody has begun to say what came of this job; the caller does now."""
        with self._lock:
            first = account_id not in self._settled
            self._settled.add(account_id)
            return first

    def settling(self) -> set[str]:
        """The accounts of which somebody is about to say what came of the job."""
        with self._lock:
            return set(self._settled)

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

    def held_count(self) -> int:
        """How many accounts the service counts as held: what is under way, and what could not be settled."""
        with self._lock:
            return len(self._held.keys() | self._shunned)

    def keep(self, account_id: str, token: str, began: Mark) -> Lease:
        """The lease that a request gave which was sent at `began`."""
        with self._lock:
            if not self._leases:
                self._heard_at = max(self._heard_at, began.steady)  # whoever takes is heard of
            lease = self._leases.get(account_id)
            if lease is None or lease.token != token:
                lease = Lease(self.session_id, token, began, self._lease_lasts(), self.confirm)
                self._leases[account_id] = lease
            lease.extend(began, self._lease_lasts())
            return lease

    def _lease_lasts(self) -> float:
        return self._lease_seconds / self._client.speed

    def token(self, account_id: str) -> str | None:
        """The token of the account's lease, if there is one."""
        with self._lock:
            lease = self._leases.get(account_id)
            return None if lease is None else lease.token

    def give_back(self, account_id: str) -> bool:
        """Gives a lease back unharmed. Returns whether the service took it."""
        token = self.token(account_id)
        if token is None:
            return False
        try:
            self._client.leases.release(account_id, lease_token=token, bot_session=self.session_id)
        except WarmupError as error:
            logger.info("%s could not be given back: %s", account_id, error)
            return False
        return True

    # the heart

    def _keep(self) -> None:
        beats = self._heartbeat_seconds / self._client.speed
        while not self._ended.wait(max(0.05, min(_HEART_STEP, beats, self._due_in()))):
            if self._due_in() <= 0:
                with self._beating:
                    self._beat()

    def _due_in(self) -> float:
        """Seconds until a heartbeat is due; after one that failed it is a fifth of the usual time."""
        beats = self._heartbeat_seconds / self._client.speed
        with self._lock:
            due = self._heard_at + (beats if self._leases else self._lease_lasts())
        return max(due, self._failed_at + beats / 5) - steady()

    def confirm(self) -> None:
        """Asks which leases are still held, where this machine's clocks disagree."""
        with self._beating:
            if steady() > self._failed_at + _HEART_STEP:
                logger.info("this machine's clocks disagree: asking what is still held")
                self._beat()

    def ask_for_orders(self) -> None:
        """Learns why the session takes nothing any more: an operator said so, or it is over."""
        self.over.set()
        with self._beating:
            self._beat()

    def _beat(self) -> None:
        began = Mark.now()
        self._failed_at = began.steady
        try:
            beat = self._client.sessions.heartbeat(self.session_id)
        except (errors.SessionEnded, errors.SessionNotFound) as gone:
            self._lose_all(str(gone))
            return
        except _AWAY as away:
            self._outage.note(away)
            return
        except WarmupError as error:
            logger.warning("the heartbeat was refused: %s", error)
            return
        self._failed_at = -math.inf
        self._outage.end()
        self._learn({one.account_id for one in beat.held}, {one.account_id: one.reason for one in beat.lost}, began)
        if beat.directive == Directive.STOP:
            self.stop.set()
        if beat.directive != Directive.CONTINUE:
            logger.info("told to %s", beat.directive)
            self.dismissed = True
            self.over.set()
            self._wake.set()

    def _learn(self, held: set[str], lost: Mapping[str, str], began: Mark) -> None:
        with self._lock:
            self._heard_at = began.steady
            for account_id, lease in self._leases.items():
                if account_id in held:
                    lease.extend(began, self._lease_lasts())
                if account_id in lost:
                    lease.lose(lost[account_id])

    def _lose_all(self, why: str) -> None:
        with self._lock:
            for lease in self._leases.values():
                lease.lose(why)
        self.over.set()
        self._ended.set()
        self._wake.set()

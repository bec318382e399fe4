"""The functions of a bot's author, by phase, and how their exceptions are reported."""

import inspect
import logging
import math
import re
import threading
from collections.abc import Callable, Collection
from concurrent import futures
from typing import Any, TypeVar

from warmup.api.models import ReportKind
from warmup.jobs import Job, JobFailed

logger = logging.getLogger("warmup.worker")

_PHASE_NAME = re.compile("[a-z][a-z0-9_]{0,31}", re.ASCII)
Handler = Callable[[Job], Any]
H = TypeVar("H", bound=Handler)
T = TypeVar("T")


class Handlers:
    """What to do for which phase. `timeout`: seconds that a handler may take unless its own timeout is given."""

    def __init__(self, timeout: float | None) -> None:
        self._timeout = _seconds_allowed(timeout)
        self._by_phase: dict[str, tuple[Handler, float]] = {}
        self._of_others: tuple[Handler, float] | None = None
        self._kinds: dict[type[BaseException], ReportKind] = {}

    def decorator(self, phases: Collection[str], timeout: float | None) -> Callable[[H], H]:
        """Return the decorator that registers a handler for these phases, as plans name them.

        None named: for all phases that have no handler of their own.
        """
        seconds = self._timeout if timeout is None else _seconds_allowed(timeout)
        if wrong := sorted(phase for phase in phases if not _PHASE_NAME.fullmatch(phase)):
            raise ValueError(f"not the name of a phase: {', '.join(wrong)}")

        def register(handler: H) -> H:
            if inspect.iscoroutinefunction(handler):
                raise TypeError("a handler is a plain function: call asyncio.run(…) in it")
            self._by_phase.update(dict.fromkeys(phases, (handler, seconds)))
            if not phases:
                self._of_others = handler, seconds
            return handler

        return register

    def report_as(self, error: type[BaseException], kind: ReportKind) -> None:
        """Report this exception with that kind."""
        self._kinds[error] = kind

    def __bool__(self) -> bool:
        return self._of_others is not None or bool(self._by_phase)

    def __contains__(self, phase: str) -> bool:
        return self._of_others is not None or phase in self._by_phase

    @property
    def phases(self) -> list[str]:
        """The phases with a handler of their own."""
        return [*self._by_phase]

    @property
    def cover_all_phases(self) -> bool:
        """Whether there is a handler for phases of any name."""
        return self._of_others is not None

    def failure(self, error: BaseException) -> JobFailed:
        """Return what to report where a handler raised this."""
        if isinstance(error, JobFailed):
            return error
        kind = next((kind for known, kind in self._kinds.items() if isinstance(error, known)), ReportKind.UNKNOWN)
        return JobFailed(str(error) or type(error).__name__, code=type(error).__name__, kind=kind)

    def call(self, job: Job) -> Any:
        """Return what the phase's handler returns. Raises what it raises, and JobFailed when it takes too long.

        No thread can be ended from outside: the handler goes on until it returns, and its result is dropped; its
        `job.check()` raises LeaseLost.
        """
        found = self._by_phase.get(job.phase, self._of_others)
        assert found is not None, "a phase without a handler is given back"
        handler, timeout = found
        if timeout == math.inf:
            return handler(job)
        outcome = in_thread("warmup-handler", lambda: handler(job))
        futures.wait([outcome], timeout)
        if outcome.done():
            return outcome.result()
        why = f"the handler took longer than {timeout:g} s"
        job.lease.lose(why)
        outcome.add_done_callback(
            lambda _: logger.warning("%s %s: %s; it has ended now", job.account_id, job.phase, why)
        )
        raise JobFailed(why, code="timeout")


def _seconds_allowed(timeout: float | None) -> float:
    if timeout is not None and not timeout > 0:
        raise ValueError(f"a timeout is a number of seconds above 0, not {timeout}")
    return math.inf if timeout is None else timeout


def in_thread(name: str, call: Callable[[], T]) -> "futures.Future[T]":
    """Call in a thread that keeps no process alive, and that may be left behind; return its outcome to be."""
    outcome: futures.Future[T] = futures.Future()

    def run() -> None:
        try:
            found = call()
        except BaseException as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(found)

    threading.Thread(target=run, name=name, daemon=True).start()
    return outcome

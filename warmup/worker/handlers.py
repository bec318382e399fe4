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
CATEGORIES = ("pfp", "bio", "post", "highlight", "story", "any")
Handler = Callable[[Job], Any]
_Timed = tuple[Handler, float]
H = TypeVar("H", bound=Handler)
T = TypeVar("T")


class Handlers:
    """What to do for which phase. `timeout`: seconds that a handler may take unless its own timeout is given."""

    def __init__(self, timeout: float | None) -> None:
        self._timeout = _seconds_allowed(timeout)
        self._by_phase: dict[str, _Timed] = {}
        self._by_category: dict[str, _Timed] = {}
        self._of_others: _Timed | None = None
        self._kinds: dict[type[BaseException], tuple[ReportKind, bool]] = {}

    def for_phases(self, phases: Collection[str], timeout: float | None) -> Callable[[H], H]:
        """Return the decorator that registers a handler for these phases, as plans name them.

        None named: for all phases that have no handler of their own, nor of their category.
        """
        if wrong := sorted(phase for phase in phases if not _PHASE_NAME.fullmatch(phase)):
            raise ValueError(f"not the name of a phase: {', '.join(wrong)}")

        def register(timed: _Timed) -> None:
            self._by_phase.update(dict.fromkeys(phases, timed))
            if not phases:
                self._of_others = timed

        return self._decorator(register, timeout)

    def for_categories(self, categories: Collection[str], timeout: float | None) -> Callable[[H], H]:
        """Return the decorator that registers a handler for the phases that draw from these categories."""
        if not categories:
            raise ValueError("name the categories: @worker.category(…)")
        if unknown := sorted(set(categories) - set(CATEGORIES)):
            raise ValueError(f"there is no category {', '.join(unknown)}: there are {', '.join(CATEGORIES)}")
        return self._decorator(lambda timed: self._by_category.update(dict.fromkeys(categories, timed)), timeout)

    def _decorator(self, register: Callable[[_Timed], None], timeout: float | None) -> Callable[[H], H]:
        seconds = self._timeout if timeout is None else _seconds_allowed(timeout)

        def decorate(handler: H) -> H:
            if inspect.iscoroutinefunction(handler):
                raise TypeError("a handler is a plain function: call asyncio.run(…) in it")
            register((handler, seconds))
            return handler

        return decorate

    def report_as(self, error: type[BaseException], kind: ReportKind, *, message: bool = False) -> None:
        """Report this exception with that kind, and with its message if that is asked for."""
        self._kinds[error] = kind, message

    def __bool__(self) -> bool:
        return self._of_others is not None or bool(self._by_phase) or bool(self._by_category)

    def cover(self, phase: str, category: str) -> bool:
        """Whether there is a handler for this phase, which draws from that category."""
        return self._find(phase, category) is not None

    def _find(self, phase: str, category: str) -> _Timed | None:
        return self._by_phase.get(phase) or self._by_category.get(category) or self._of_others

    @property
    def phases(self) -> list[str]:
        """The phases with a handler of their own."""
        return [*self._by_phase]

    @property
    def categories(self) -> list[str]:
        """The categories with a handler."""
        return [*self._by_category]

    @property
    def cover_all_phases(self) -> bool:
        """Whether there is a handler for phases of any name."""
        return self._of_others is not None or set(self._by_category) == set(CATEGORIES)

    def failure(self, error: BaseException) -> JobFailed:
        """Return what to report where a handler raised this.

        Of an exception of other libraries its class alone, unless its message is asked for: it may hold anything.
        """
        if isinstance(error, JobFailed):
            return error
        found = (one for known, one in self._kinds.items() if isinstance(error, known))
        kind, with_message = next(found, (ReportKind.UNKNOWN, False))
        name = type(error).__name__
        return JobFailed((str(error) if with_message else "") or name, code=name, kind=kind)

    def call(self, job: Job) -> Any:
        """Return what the phase's handler returns. Raises what it raises, and JobFailed when it takes too long.

        No thread can be ended from outside: the handler goes on until it returns, and its result is dropped; its
        `job.check()` raises LeaseLost.
        """
        found = self._find(job.phase, job.delivery.category)
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

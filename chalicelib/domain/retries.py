"""What follows a report of failure, a content fault or a crash: a retry, another item, or review."""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, assert_never

from chalicelib.domain.accounts import AccountState, is_under_way
from chalicelib.domain.phases import PhaseStatus, PhaseTransition
from chalicelib.domain.plans import Plan
from chalicelib.domain.records import record


class ReportKind(StrEnum):
    """What a bot says went wrong."""

    TRANSIENT = "transient"
    CONTENT = "content"
    ACCOUNT = "account"
    FATAL = "fatal"
    UNKNOWN = "unknown"


class ReportOutcome(StrEnum):
    """What the service makes of it."""

    RETRY = "retry"
    REPLACE = "replace"
    REVIEW = "review"


@record
class Verdict:
    """The move that a report leads to, and when the phase can be taken again (None: not before an operator decides)."""

    outcome: ReportOutcome
    move: PhaseTransition
    available_at: datetime | None


_REVIEW = Verdict(ReportOutcome.REVIEW, PhaseTransition.ESCALATE, None)


def after_report(
    kind: ReportKind,
    *,
    plan: Plan,
    retries: int,
    replacements: int,
    now: datetime,
    spread: float,
    at_least: timedelta = timedelta(0),
) -> Verdict:
    """What a report of this kind leads to, after so many retries and replacements of the phase.

    `spread` in [0, 1) spreads the retries of many accounts, for the sake of load; `at_least` is the delay that the
    bot asks for, which can only lengthen the plan's.
    """
    match kind:
        case ReportKind.TRANSIENT if retries < plan.max_retries:
            delay = max(retry_delay(plan, retries, spread), at_least)
            return Verdict(ReportOutcome.RETRY, PhaseTransition.FAIL, now + delay)
        case ReportKind.CONTENT if replacements < plan.max_replacements:
            return Verdict(ReportOutcome.REPLACE, PhaseTransition.REPLACE, now)
        case ReportKind.TRANSIENT | ReportKind.CONTENT | ReportKind.ACCOUNT | ReportKind.FATAL | ReportKind.UNKNOWN:
            return _REVIEW
        case _:
            assert_never(kind)


def retry_delay(plan: Plan, retries: int, spread: float) -> timedelta:
    """The wait before the next try: base · 2^retries, capped, plus up to half of it by `spread`."""
    delay = min(plan.retry_base * (1 << min(retries, 32)), plan.retry_cap)
    return delay * (1 + spread / 2)


def content_delay(plan: Plan, misses: int) -> timedelta:
    """The wait before an account whose pool had nothing is offered again: base · 2^misses, capped."""
    return min(plan.content_retry * (1 << min(misses, 32)), plan.content_retry_cap)


def left_too_often(plan: Plan, *, crashes: int, releases: int) -> bool:
    """Return whether an operator must decide: workers left so often, by a crash or by a release, without an outcome."""
    return crashes >= plan.max_crashes or releases >= plan.max_releases


class _Account(Protocol):
    """What is read of an account to know whether its completion needs an operator."""

    @property
    def state(self) -> AccountState: ...
    @property
    def current_phase(self) -> str | None: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def crash_count(self) -> int | None: ...
    @property
    def release_count(self) -> int | None: ...


def completion_needs_review(account: _Account) -> bool:
    """Return whether an operator must decide before anybody completes the warm-up: workers left that too often."""
    finished = account.current_phase is None and is_under_way(account.state)
    counts = {"crashes": account.crash_count or 0, "releases": account.release_count or 0}
    return finished and left_too_often(account.plan, **counts)


def after_leaving(plan: Plan, status: PhaseStatus, *, crashes: int, releases: int) -> PhaseStatus:
    """Return where a phase in this status goes when its worker leaves it without an outcome (this time counted)."""
    if left_too_often(plan, crashes=crashes, releases=releases):
        return PhaseStatus.REQUIRES_REVIEW
    return PhaseStatus.CONTENT_ASSIGNED if status is PhaseStatus.IN_PROGRESS else status


def spread_of(*words: object) -> float:
    """A number in [0, 1) that depends on the words alone: the same try always gets the same delay."""
    digest = hashlib.sha256("\0".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64

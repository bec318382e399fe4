"""What came of a phase: it is completed, or an error is reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.changes import (
    AccountChange,
    Next,
    Warmup,
    decided_again,
    read,
    refuse_superseded,
)
from chalicelib.context import Context
from chalicelib.domain import instants, leases, retries
from chalicelib.domain.accounts import Step
from chalicelib.domain.actions import Action
from chalicelib.domain.errors import (
    PhaseNotInProgress,
)
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import Move, PhaseName, Status
from chalicelib.domain.retries import Kind, Outcome
from chalicelib.tables import Content, Phase, Session, Text
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.settings import Hourly

_MOST_COUNTED = 500


@dataclass(frozen=True, slots=True)
class Completion:
    """A completed phase and what is next; `late` where the lease had run out; `replayed` where nothing was changed."""

    account_id: str
    phase: Phase
    next: Next
    late: bool
    replayed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A phase after a report of failure; `available_at` is when it can be taken again, None when people must look."""

    account_id: str
    phase: Phase
    outcome: Outcome
    available_at: datetime | None
    replayed: bool


# complete


@decided_again
def complete(
    context: Context,
    account_id: str,
    phase_name: str,
    *,
    lease_token: str,
    execution_time_ms: int | None = None,
    platform_response: object = None,
    performance_score: float | None = None,
) -> Completion:
    """Completes the phase that the token's holder works on; the lease ends and the next phase's time is written.

    Raises NotFound, LeaseSuperseded, PhaseNotInProgress.
    """
    warmup = read(context, account_id)
    if not warmup.phases and warmup.account.lease is not None:
        refuse_superseded(context, warmup.account, lease_token)  # the account was reset
    phase = warmup.phase(phase_name)
    told = _told(phase, "complete", lease_token)
    if told is not None:
        return Completion(account_id, phase, _next_told(told), bool(told["late"]), True)
    lease = _fence(context, warmup, phase, lease_token)
    late = context.now >= lease.expires_at
    change = AccountChange(context, warmup)
    change.move(phase, Move.COMPLETE)
    following_step = change.advance(phase)
    phase.completed_at, phase.execution_time_ms, phase.platform_response = (
        context.now,
        execution_time_ms,
        platform_response,
    )
    phase.clear_error()
    phase.told = {
        "use": "complete",
        "token": lease_token,
        "late": late,
        "action": following_step.action,
        "phase": following_step.phase,
        "available_at": _rendered(following_step.available_at),
    }
    change.end_lease(Ending.COMPLETED, Session.done.add(1))
    change.close_assignment(phase, "completed", success=True, performance=performance_score)
    change.count_hour(Hourly.COMPLETED)
    change.commit(Action.PHASE_COMPLETE, late=late or None, execution_time_ms=execution_time_ms)
    return Completion(account_id, phase, following_step, late, False)


def _told(phase: Phase, use: str, token: str) -> Mapping[str, Any] | None:
    told: Mapping[str, Any] | None = phase.told
    return told if told is not None and told["use"] == use and told["token"] == token else None


def _next_told(told: Mapping[str, Any]) -> Next:
    at = told["available_at"]
    name = told["phase"]
    return Next(Step(told["action"]), PhaseName(name) if name else None, instants.parse(at) if at else None)


def _rendered(at: datetime | None) -> str | None:
    return None if at is None else instants.render(at)


def _fence(context: Context, warmup: Warmup, phase: Phase, token: str) -> Lease:
    """The lease of the token, whose holder may still tell what happened to the phase."""
    leases.version_of(token)
    lease = warmup.account.lease
    if lease is None or lease.bot_id != context.actor.id or not leases.may_still_tell(lease, token):
        refuse_superseded(context, warmup.account, token)
    assert lease is not None
    worked_on = phase is warmup.current and phase.lease_token == token
    if not worked_on or not (phase.status is Status.IN_PROGRESS or lease.ended_by is Ending.EXPIRED):
        raise PhaseNotInProgress(
            f"Nobody is working on {phase.phase}: it is `{phase.status}`.", phase_status=phase.status
        )
    return lease


# report an error


@decided_again
def report(
    context: Context,
    account_id: str,
    phase_name: str,
    *,
    lease_token: str,
    kind: Kind,
    message: str,
    code: str | None = None,
    details: Mapping[str, object] | None = None,
    retry_after_seconds: int = 0,
) -> Report:
    """Takes down what went wrong: the phase is tried again later, gets another item, or waits for people.

    With `kind` content, `details` may say `{"item": "text"}` where the text is at fault and not the media item.
    Raises NotFound, LeaseSuperseded, PhaseNotInProgress.
    """
    warmup = read(context, account_id)
    if not warmup.phases and warmup.account.lease is not None:
        refuse_superseded(context, warmup.account, lease_token)  # the account was reset
    phase = warmup.phase(phase_name)
    told = _told(phase, "report", lease_token)
    if told is not None:
        at = told["available_at"]
        return Report(account_id, phase, Outcome(told["outcome"]), instants.parse(at) if at else None, True)
    _fence(context, warmup, phase, lease_token)
    if phase.status is Status.REQUIRES_REVIEW:
        raise PhaseNotInProgress(f"{phase.phase} waits for people already: {phase.error_message}.")
    plan = warmup.account.plan
    verdict = retries.after_report(
        kind,
        plan=plan,
        retries=phase.retry_count,
        swaps=phase.swap_count,
        now=context.now,
        spread=retries.spread_of(account_id, phase.phase, phase.retry_count),
        at_least=timedelta(seconds=retry_after_seconds),
    )
    available_at = None if verdict.available_at is None else instants.whole(verdict.available_at)
    change = AccountChange(context, warmup)
    change.move(phase, verdict.move)
    phase.error_kind, phase.error_code, phase.error_message, phase.error_details = kind, code, message, details
    if available_at is not None:
        phase.available_at = available_at
    phase.told = {
        "use": "report",
        "token": lease_token,
        "outcome": verdict.outcome,
        "available_at": _rendered(available_at),
    }
    if verdict.outcome is Outcome.RETRY:
        phase.retry_count += 1
    if kind is Kind.CONTENT:
        _blame(change, phase, details, swap=verdict.outcome is Outcome.SWAP)
    change.end_lease(Ending.REPORTED, Session.failed.add(1))
    change.count_hour(Hourly.FAILED)
    change.commit(_ACTIONS[verdict.outcome], kind=kind, code=code, message=message, until=available_at)
    return Report(account_id, phase, verdict.outcome, available_at, False)


_ACTIONS: Mapping[Outcome, Action] = {
    Outcome.RETRY: Action.PHASE_FAIL,
    Outcome.SWAP: Action.PHASE_SWAP,
    Outcome.REVIEW: Action.PHASE_ESCALATE,
}


def _blame(change: AccountChange, phase: Phase, details: Mapping[str, object] | None, *, swap: bool) -> None:
    """Counts a failure for the item at fault and takes it off the phase: the account never gets it again, also where
    people offer the phase again after the last swap."""
    text_at_fault = (details or {}).get("item") == "text" and phase.assigned_text_id is not None
    model: type[PoolItem] = Text if text_at_fault or phase.assigned_content_id is None else Content
    change.close_assignment(phase, "content_fault", success=False, blamed=model)
    phase.swap_count += swap
    phase.assignment_id = None
    if model is Text:
        phase.assigned_text_id = None
    else:
        phase.assigned_content_id = None

"""What workers do but for taking content: start a warm-up, say what came of a phase, finish."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import accounts, consents, instants, leases, retries, timing
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.accounts import Step as WorkStep
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.blockers import Pauses
from chalicelib.domain.errors import (
    AccountNotReady,
    AccountPaused,
    LeaseSuperseded,
    PhaseNotInProgress,
    PhasesIncomplete,
)
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import PhaseStatus, PhaseTransition, is_completed
from chalicelib.domain.records import record
from chalicelib.domain.retries import ReportKind, ReportOutcome
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup.delivery import FIELDS
from chalicelib.domain.warmup.draft import NO_ERROR, NOBODY_LEFT, Draft
from chalicelib.domain.warmup.due import apply_due, as_of
from chalicelib.domain.warmup.effects import (
    Hourly,
)
from chalicelib.domain.warmup.leases import Caller, refuse_blocked, refuse_others
from chalicelib.domain.warmup.state import PhaseState, Response, Step, Warmup

# start


def out_of_start(warmup: Warmup) -> AccountNotReady | None:
    """Why the warm-up cannot be started, None where it can; `warmup` is as of now."""
    if warmup.state in (AccountState.READY, AccountState.PAUSED):
        return None
    return AccountNotReady(f"The account is `{warmup.state}`, not `ready`.", state=warmup.state)


def is_repeated_start(warmup: Warmup, caller: Caller, *, own_session: bool) -> bool:
    """Whether the caller has started the warm-up before; `own_session`: the session that it names is its own."""
    lease = warmup.lease
    same_request = lease is not None and lease.request_id == caller.request_id and lease.bot_id == caller.bot_id
    same_session = own_session and caller.session_id == warmup.started_by
    return warmup.state is AccountState.WARMING_UP and (same_request or same_session)


def require_startable(warmup: Warmup, caller: Caller, now: datetime) -> bool:
    """Whether the caller holds the account, which can be started. Raises AccountLeased, AccountNotReady."""
    holder = refuse_others(warmup, caller, now)
    refusal = out_of_start(as_of(warmup, now))
    if refusal is not None:
        raise refusal
    return holder


def start(warmup: Warmup, caller: Caller, lease: Lease, pauses: Pauses, now: datetime) -> Step:
    """Starts the warm-up: all phases, the first one available, under the caller's lease (`lease` if it has none).

    Raises AccountLeased, AccountNotReady, AccountPaused, ConsentMissing.
    """
    holder = require_startable(warmup, caller, now)
    draft = Draft(warmup, now)
    apply_due(draft)
    refuse_blocked(draft.warmup, pauses, now, holder=holder)
    draft.move(accounts.AccountTransition.START)
    draft.begin()
    if not holder:
        draft.take_lease(lease)
    assert draft.warmup.lease is not None
    draft.set(started_by=draft.warmup.lease.session_id)
    return draft.step(AuditAction.ACCOUNT_START, phase=draft.warmup.current_phase)


# complete and report


def recorded_response(phase: PhaseState, token: str, *, report: bool) -> Response | None:
    """The answer that this very request got before, None where it is new."""
    answer = phase.last_response
    return answer if answer and answer.token == token and (answer.outcome is not None) is report else None


def require_holder(warmup: Warmup, phase: PhaseState, bot_id: str, token: str, now: datetime) -> Lease:
    """The lease of the token, whose holder may still say what happened to the phase.

    Raises LeaseSuperseded, PhaseNotInProgress.
    """
    lease = warmup.lease
    if lease is None or lease.bot_id != bot_id or not leases.may_still_tell(lease, token):
        raise LeaseSuperseded()
    worked_on = phase.phase == warmup.current_phase and phase.lease_token == token
    if not worked_on or not (phase.status is PhaseStatus.IN_PROGRESS or lease.ended_by is Ending.EXPIRED):
        status = timing.status_at(warmup.state, phase.status, phase.available_at, now)
        raise PhaseNotInProgress(f"Nobody is working on {phase.phase}: it is `{status}`.", phase_status=status)
    return lease


@record
class WorkResult:
    """What a worker says of a phase that it completed; `performance_score` is 0 to 100."""

    execution_time_ms: int | None = None
    platform_response: object = None
    performance_score: float | None = None


def complete(
    warmup: Warmup, phase_name: str, bot_id: str, token: str, now: datetime, result: WorkResult, *, finish: bool = False
) -> Step:
    """Completes the phase that the token's holder works on; the lease ends, and the next phase is dated.

    With `finish` the last phase makes the account active too, unless an operator has paused it, or its owner no longer
    agrees.

    Raises NotFound, AccountNotReady, LeaseSuperseded, PhaseNotInProgress.
    """
    phase = warmup.phase(phase_name)
    late = now >= require_holder(warmup, phase, bot_id, token, now).expires_at
    draft = Draft(warmup, now)
    draft.penalise_shortfall(phase, result.performance_score)
    phase = draft.move_phase(
        phase,
        PhaseTransition.COMPLETE,
        completed_at=now,
        execution_time_ms=result.execution_time_ms,
        performance_score=result.performance_score,
        platform_response=result.platform_response,
        **NO_ERROR,
    )
    answer = _go_on(draft, phase, Response(token, None, late), finish=finish)
    draft.set_phase(phase.phase, last_response=answer)
    draft.end_lease(Ending.COMPLETED, Hourly.COMPLETED)
    return draft.step(AuditAction.PHASE_COMPLETE, late=late or None, execution_time_ms=result.execution_time_ms)


def _go_on(draft: Draft, phase: PhaseState, answer: Response, *, finish: bool) -> Response:
    """Goes on behind a completed phase, or makes the account active; the answer with what is next."""
    action, following_phase, available_at = advance(draft, phase)
    agreed = consents.is_given(draft.warmup.consent, draft.now)
    if finish and agreed and action is WorkStep.COMPLETE_WARMUP and draft.warmup.state is AccountState.WARMING_UP:
        _make_active(draft)
        return answer
    return replace(answer, action=action, phase=following_phase, available_at=available_at)


def advance(draft: Draft, phase: PhaseState) -> tuple[WorkStep, str | None, datetime | None]:
    """Moves the account behind a completed phase, and dates the next one that is not: what comes next, and when."""
    plan = draft.warmup.plan
    others = (one.phase for one in draft.warmup.phases if one.phase != phase.phase and not is_completed(one.status))
    name = next(others, None)
    draft.set(current_phase=name, content_due_at=None, content_misses=0)
    if name is None:
        draft.set(ready_at=draft.now)
        return WorkStep.COMPLETE_WARMUP, None, draft.now
    available_at = draft.now + plan.interval_after_another(name)
    draft.set_phase(name, available_at=available_at)
    return WorkStep.RUN_PHASE, name, available_at


@record
class ReportedError:
    """What a worker says went wrong. `text_at_fault`: of the two items the text, where `kind` is content."""

    kind: ReportKind
    message: str
    code: str | None = None
    details: Mapping[str, object] | None = None
    at_least: timedelta = timedelta(0)

    @property
    def text_at_fault(self) -> bool:
        """Whether the worker blames the text, and not the media item."""
        return (self.details or {}).get("item") == "text"


def report(warmup: Warmup, phase_name: str, bot_id: str, token: str, fault: ReportedError, now: datetime) -> Step:
    """Records what went wrong: the phase is tried again later, gets another item, or waits for an operator.

    Raises NotFound, AccountNotReady, LeaseSuperseded, PhaseNotInProgress.
    """
    phase = warmup.phase(phase_name)
    require_holder(warmup, phase, bot_id, token, now)
    if phase.status is PhaseStatus.REQUIRES_REVIEW:
        raise PhaseNotInProgress(f"{phase.phase} waits for an operator already.")
    verdict = retries.after_report(
        fault.kind,
        plan=warmup.plan,
        retries=phase.retry_count,
        replacements=phase.replacement_count,
        now=now,
        spread=retries.spread_of(warmup.account_id, phase.phase, phase.retry_count),
        at_least=fault.at_least,
    )
    available_at = None if verdict.available_at is None else instants.whole(verdict.available_at)
    draft = Draft(warmup, now)
    if fault.kind is ReportKind.CONTENT:
        phase = _blame(draft, phase, fault)
    draft.move_phase(
        phase,
        verdict.move,
        error_kind=fault.kind,
        error_code=fault.code,
        error_message=fault.message,
        error_details=fault.details,
        available_at=available_at or phase.available_at,
        retry_count=phase.retry_count + (verdict.outcome is ReportOutcome.RETRY),
        replacement_count=phase.replacement_count + (verdict.outcome is ReportOutcome.REPLACE),
        last_response=Response(token, verdict.outcome, available_at=available_at),
    )
    draft.end_lease(Ending.REPORTED, Hourly.FAILED)
    details = {"kind": fault.kind, "code": fault.code, "message": fault.message, "until": available_at}
    return draft.step(_ACTIONS[verdict.outcome], **details)


_ACTIONS: Mapping[ReportOutcome, AuditAction] = {
    ReportOutcome.RETRY: AuditAction.PHASE_FAIL,
    ReportOutcome.REPLACE: AuditAction.PHASE_REPLACE_CONTENT,
    ReportOutcome.REVIEW: AuditAction.PHASE_ESCALATE,
}


def _blame(draft: Draft, phase: PhaseState, fault: ReportedError) -> PhaseState:
    """Counts a failure for the item at fault and takes it off the phase: the account never gets it again, also where
    an operator offers the phase again after the last replacement."""
    by_text = fault.text_at_fault and phase.assigned_text_id is not None
    kind = PoolKind.TEXT if by_text or phase.assigned_content_id is None else PoolKind.CONTENT
    draft.close_assignment(phase, "content_fault", success=False, blamed=kind)
    return draft.set_phase(phase.phase, **{"assignment_id": None, FIELDS[kind]: None})


# finish


def is_finished(warmup: Warmup) -> bool:
    """Whether the warm-up is completed."""
    return warmup.state is AccountState.ACTIVE


def finish(warmup: Warmup, caller: Caller, now: datetime) -> Step:
    """Makes an account active whose phases are all completed.

    Raises AccountLeased, ConsentMissing, ConsentWithdrawn, ConsentExpired, AccountPaused, AccountNotReady,
    PhasesIncomplete.
    """
    refuse_others(warmup, caller, now)
    if accounts.is_under_way(warmup.state):
        consents.require(warmup.consent, now)
    if warmup.state is AccountState.PAUSED:
        raise AccountPaused("The account is paused.")
    if warmup.state is not AccountState.WARMING_UP:
        raise AccountNotReady(f"The account is `{warmup.state}`, not `warming_up`.", state=warmup.state)
    left = [one.phase for one in warmup.phases if one.status is not PhaseStatus.COMPLETED]
    if left:
        raise PhasesIncomplete(f"Not completed yet: {', '.join(left)}.", phases=left)
    draft = Draft(warmup, now)
    apply_due(draft)
    _make_active(draft)
    draft.end_lease(Ending.COMPLETED)
    return draft.step(AuditAction.ACCOUNT_COMPLETE)


def _make_active(draft: Draft) -> None:
    draft.move(accounts.AccountTransition.COMPLETE)
    forget_leavings(draft)


def forget_leavings(draft: Draft) -> None:
    """Forgets how often workers left an account whose phases are all completed."""
    draft.set(**NOBODY_LEFT)
    draft.set_phase(draft.warmup.plan.last, **NO_ERROR)

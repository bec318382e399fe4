"""What workers do: start a warm-up, be given a phase's content, say what came of it, finish."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import accounts, instants, leases, retries
from chalicelib.domain.accounts import State
from chalicelib.domain.accounts import Step as WorkStep
from chalicelib.domain.actions import Action
from chalicelib.domain.errors import (
    AccountNotReady,
    AccountPaused,
    LeaseSuperseded,
    PhaseNotAvailable,
    PhaseNotInProgress,
    PhasesIncomplete,
    ServiceError,
)
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import ORDER, Move, PhaseName, Status, following
from chalicelib.domain.plans import STANDARD, Need
from chalicelib.domain.retries import Kind, Outcome
from chalicelib.domain.warmup.draft import Draft, assigned
from chalicelib.domain.warmup.due import Pauses, apply_due, as_of
from chalicelib.domain.warmup.effects import (
    CountHour,
    DeliverAssignment,
    Hourly,
    ItemKind,
    OpenAssignment,
    RequireRights,
    ReturnItem,
    UseItem,
)
from chalicelib.domain.warmup.leases import Caller, refuse_blocked, refuse_others
from chalicelib.domain.warmup.state import PhaseState, Response, Step, Warmup

FIELDS: Mapping[ItemKind, tuple[str, str]] = {
    ItemKind.CONTENT: ("assigned_content_id", "used_content_ids"),
    ItemKind.TEXT: ("assigned_text_id", "used_text_ids"),
}
"""Where a phase names its item of a kind, and where the account keeps those that it was given."""


# start


def start(warmup: Warmup, caller: Caller, lease: Lease, pauses: Pauses, now: datetime) -> Step:
    """Starts the warm-up: all phases, the first one available, under the caller's lease (`lease` if it has none).

    Raises AccountLeased, AccountNotReady, AccountPaused, ConsentMissing.
    """
    holder = refuse_others(warmup, caller, now)
    draft = Draft(warmup, now)
    apply_due(draft)
    if draft.warmup.state not in (State.READY, State.PAUSED):
        raise AccountNotReady(f"The account is `{warmup.state}`, not `ready`.", state=warmup.state)
    refuse_blocked(draft.warmup, pauses, now, holder=holder)
    draft.move(accounts.Move.START)
    first = PhaseState(ORDER[0], Status.AVAILABLE, available_at=now)
    others = [PhaseState(name, Status.PENDING) for name in ORDER[1:]]
    if not holder:
        draft.take_lease(lease)
    session_id = draft.warmup.lease.session_id if draft.warmup.lease else None
    draft.set(plan=STANDARD, current_phase=ORDER[0], phases=(first, *others), started_by=session_id)
    return draft.step(Action.ACCOUNT_START, phase=ORDER[0])


# deliver


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for a phase, by kind, and why.

    `scores` are the parts of each kind's score, `score` the whole of the leading item's.
    """

    assignment_id: str
    items: Mapping[ItemKind, str]
    reason: str
    score: float | None = None
    scores: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict)


def out_of_order(warmup: Warmup, phase: PhaseState) -> ServiceError | None:
    """Why the phase is not the one to work on now, None where it is; `warmup` is as of now."""
    if phase.phase is warmup.current_phase and phase.status is not Status.REQUIRES_REVIEW:
        return None
    if warmup.state not in (State.WARMING_UP, State.PAUSED):
        return AccountNotReady(f"The account is `{warmup.state}`.", state=warmup.state)
    if phase.status is Status.COMPLETED:
        return PhaseNotAvailable(f"The phase {phase.phase} is completed.")
    if phase.status is Status.REQUIRES_REVIEW:
        return PhaseNotAvailable(f"An operator must decide on {phase.phase}: {phase.error_message}.")
    return PhaseNotAvailable(f"The phase {warmup.current_phase} comes before {phase.phase}.", phase.available_at)


def deliverable(warmup: Warmup, caller: Caller, phase_name: str, pauses: Pauses, now: datetime) -> PhaseState:
    """The phase as it can be delivered to the caller now.

    Whoever asks for the content itself lets the pools be asked again.
    Raises NotFound, AccountNotReady, AccountLeased, AccountPaused, PhaseNotAvailable, ConsentMissing.
    """
    holder = refuse_others(warmup, caller, now)
    found = as_of(warmup, now)
    phase = found.phase(phase_name)
    refusal = out_of_order(found, phase)
    if refusal is not None:
        raise refusal
    draft = Draft(found, now)
    draft.set(content_due_at=None)
    refuse_blocked(draft.warmup, pauses, now, holder=holder)
    return phase


def missing(warmup: Warmup, phase: PhaseState, unfit: Collection[str]) -> dict[ItemKind, Need]:
    """The kinds of item that have to be chosen before the phase can be delivered, and whether it can do without.

    `unfit` are the ids of assigned items that have lost their rights.
    """
    kept = {kind for kind, item_id in assigned(phase) if item_id not in unfit}
    if phase.status is Status.CONTENT_ASSIGNED and not unfit:
        return {}
    asked = warmup.plan.phases[phase.phase]
    needs = {ItemKind.CONTENT: asked.content, ItemKind.TEXT: asked.text}
    return {kind: need for kind, need in needs.items() if need is not Need.NONE and kind not in kept}


def deliver(
    warmup: Warmup,
    caller: Caller,
    phase_name: str,
    lease: Lease,
    now: datetime,
    *,
    chosen: Chosen | None,
    unfit: Collection[str] = (),
    delivered_before: bool = False,
) -> Step:
    """Hands the phase's content to the caller, under its lease (`lease` if it has none).

    `chosen` is what was chosen of what is `missing`, None where nothing was; `delivered_before` says that the phase's
    assignment was delivered before. The caller has asked `deliverable`.
    """
    draft = Draft(warmup, now)
    apply_due(draft)
    phase = draft.warmup.phase(phase_name)
    if unfit:
        phase = unassign(draft, phase, unfit, delivered=delivered_before)
    if phase.status is Status.AVAILABLE:
        assert chosen is not None, "a phase without an assignment is given one"
        phase = assign(draft, phase, chosen, delivered=True)
    else:
        draft.effects.extend(RequireRights(kind, item_id) for kind, item_id in assigned(phase))
        if phase.assignment_id is not None and not delivered_before:
            draft.effects.append(DeliverAssignment(phase.assignment_id))
    if not caller.holds(draft.warmup.lease, now):
        draft.take_lease(lease)
    held = draft.warmup.lease
    assert held is not None
    draft.move_phase(
        phase,
        Move.DELIVER,
        bot_id=held.bot_id,
        bot_session_id=held.session_id,
        lease_token=held.token,
        started_at=phase.started_at or now,
        attempt=phase.attempt + 1,
    )
    draft.set(content_due_at=None, content_misses=0)
    return draft.step(Action.PHASE_DELIVER, assignment_id=draft.warmup.phase(phase_name).assignment_id)


def unassign(draft: Draft, phase: PhaseState, items: Collection[str], *, delivered: bool) -> PhaseState:
    """Takes some of its items off a phase, whose assignment ends; their use is free again if never delivered."""
    gone = [(kind, item_id) for kind, item_id in assigned(phase) if item_id in items]
    if not delivered:
        draft.effects.extend(ReturnItem(kind, item_id) for kind, item_id in gone)
    draft.close_assignment(phase, "withdrawn")
    fields: dict[str, Any] = {FIELDS[kind][0]: None for kind, _ in gone}
    return draft.move_phase(phase, Move.UNASSIGN, assignment_id=None, content_assigned_at=None, **fields)


def assign(draft: Draft, phase: PhaseState, chosen: Chosen, *, delivered: bool) -> PhaseState:
    """Assigns what was chosen to a phase, beside what it keeps."""
    fields: dict[str, Any] = {}
    for kind, item_id in chosen.items.items():
        on_phase, on_account = FIELDS[kind]
        fields[on_phase] = item_id
        draft.effects.append(UseItem(kind, item_id))
        draft.set(**{on_account: getattr(draft.warmup, on_account) | {item_id}})
    phase = draft.move_phase(
        phase, Move.ASSIGN, assignment_id=chosen.assignment_id, content_assigned_at=draft.now, **fields
    )
    draft.effects.append(
        OpenAssignment(
            assignment_id=chosen.assignment_id,
            phase=phase.phase,
            content_id=phase.assigned_content_id,
            text_id=phase.assigned_text_id,
            attempt=phase.attempt + 1,
            delivered=delivered,
            reason=chosen.reason,
            score=chosen.score,
            scores=chosen.scores,
        )
    )
    return phase


def content_unavailable(warmup: Warmup, now: datetime) -> Step:
    """Sets the account aside, so that it does not stand first in the queue for ever: its pools have nothing for it."""
    draft = Draft(warmup, now)
    apply_due(draft)
    found = draft.warmup
    until = now + retries.content_delay(found.plan, found.content_misses)
    draft.set(content_due_at=until, content_misses=found.content_misses + 1)
    draft.end_lease(Ending.RELEASED)
    return draft.step(Action.PHASE_STARVE, until=until)


# complete and report


def recorded_response(phase: PhaseState, token: str, *, report: bool) -> Response | None:
    """The answer that this very request got before, None where it is new."""
    answer = phase.last_response
    return answer if answer and answer.token == token and (answer.outcome is not None) is report else None


def require_holder(warmup: Warmup, phase: PhaseState, bot_id: str, token: str) -> Lease:
    """The lease of the token, whose holder may still say what happened to the phase.

    Raises LeaseSuperseded, PhaseNotInProgress.
    """
    lease = warmup.lease
    if lease is None or lease.bot_id != bot_id or not leases.may_still_tell(lease, token):
        raise LeaseSuperseded()
    worked_on = phase.phase is warmup.current_phase and phase.lease_token == token
    if not worked_on or not (phase.status is Status.IN_PROGRESS or lease.ended_by is Ending.EXPIRED):
        raise PhaseNotInProgress(
            f"Nobody is working on {phase.phase}: it is `{phase.status}`.", phase_status=phase.status
        )
    return lease


def complete(
    warmup: Warmup,
    phase_name: str,
    bot_id: str,
    token: str,
    now: datetime,
    *,
    execution_time_ms: int | None = None,
    platform_response: object = None,
    performance_score: float | None = None,
) -> Step:
    """Completes the phase that the token's holder works on; the lease ends, and the next phase is dated.

    Raises NotFound, AccountNotReady, LeaseSuperseded, PhaseNotInProgress.
    """
    phase = warmup.phase(phase_name)
    late = now >= require_holder(warmup, phase, bot_id, token).expires_at
    draft = Draft(warmup, now)
    draft.close_assignment(phase, "completed", success=True, performance=performance_score)
    phase = draft.move_phase(
        phase,
        Move.COMPLETE,
        completed_at=now,
        execution_time_ms=execution_time_ms,
        platform_response=platform_response,
        error_code=None,
        error_kind=None,
        error_message=None,
        error_details=None,
    )
    action, following_phase, available_at = advance(draft, phase)
    answer = Response(token, None, late, action, following_phase, available_at)
    draft.set_phase(phase.phase, last_response=answer)
    draft.end_lease(Ending.COMPLETED, Hourly.COMPLETED)
    draft.effects.append(CountHour(Hourly.COMPLETED))
    return draft.step(Action.PHASE_COMPLETE, late=late or None, execution_time_ms=execution_time_ms)


def advance(draft: Draft, phase: PhaseState) -> tuple[WorkStep, PhaseName | None, datetime | None]:
    """Moves the account behind a completed phase, and dates the next one that is not: what comes next, and when."""
    name = following(phase.phase)
    while name is not None and draft.warmup.phase(name).status is Status.COMPLETED:
        name = following(name)
    draft.set(current_phase=name, content_due_at=None, content_misses=0)
    if name is None:
        draft.set(ready_at=draft.now)
        return WorkStep.COMPLETE_WARMUP, None, draft.now
    available_at = draft.now + draft.warmup.plan.phases[name].interval
    draft.set_phase(name, available_at=available_at)
    return WorkStep.RUN_PHASE, name, available_at


@dataclass(frozen=True, slots=True)
class Fault:
    """What a worker says went wrong. `text_at_fault`: of the two items the text, where `kind` is content."""

    kind: Kind
    message: str
    code: str | None = None
    details: Mapping[str, object] | None = None
    at_least: timedelta = timedelta(0)

    @property
    def text_at_fault(self) -> bool:
        """Whether the worker blames the text, and not the media item."""
        return (self.details or {}).get("item") == "text"


def report(warmup: Warmup, phase_name: str, bot_id: str, token: str, fault: Fault, now: datetime) -> Step:
    """Records what went wrong: the phase is tried again later, gets another item, or waits for an operator.

    Raises NotFound, AccountNotReady, LeaseSuperseded, PhaseNotInProgress.
    """
    phase = warmup.phase(phase_name)
    require_holder(warmup, phase, bot_id, token)
    if phase.status is Status.REQUIRES_REVIEW:
        raise PhaseNotInProgress(f"{phase.phase} waits for an operator already: {phase.error_message}.")
    verdict = retries.after_report(
        fault.kind,
        plan=warmup.plan,
        retries=phase.retry_count,
        swaps=phase.swap_count,
        now=now,
        spread=retries.spread_of(warmup.account_id, phase.phase, phase.retry_count),
        at_least=fault.at_least,
    )
    available_at = None if verdict.available_at is None else instants.whole(verdict.available_at)
    draft = Draft(warmup, now)
    if fault.kind is Kind.CONTENT:
        phase = _blame(draft, phase, fault)
    draft.move_phase(
        phase,
        verdict.move,
        error_kind=fault.kind,
        error_code=fault.code,
        error_message=fault.message,
        error_details=fault.details,
        available_at=available_at or phase.available_at,
        retry_count=phase.retry_count + (verdict.outcome is Outcome.RETRY),
        swap_count=phase.swap_count + (verdict.outcome is Outcome.SWAP),
        last_response=Response(token, verdict.outcome, available_at=available_at),
    )
    draft.end_lease(Ending.REPORTED, Hourly.FAILED)
    draft.effects.append(CountHour(Hourly.FAILED))
    details = {"kind": fault.kind, "code": fault.code, "message": fault.message, "until": available_at}
    return draft.step(_ACTIONS[verdict.outcome], **details)


_ACTIONS: Mapping[Outcome, Action] = {
    Outcome.RETRY: Action.PHASE_FAIL,
    Outcome.SWAP: Action.PHASE_SWAP,
    Outcome.REVIEW: Action.PHASE_ESCALATE,
}


def _blame(draft: Draft, phase: PhaseState, fault: Fault) -> PhaseState:
    """Counts a failure for the item at fault and takes it off the phase: the account never gets it again, also where
    an operator offers the phase again after the last replacement."""
    by_text = fault.text_at_fault and phase.assigned_text_id is not None
    kind = ItemKind.TEXT if by_text or phase.assigned_content_id is None else ItemKind.CONTENT
    draft.close_assignment(phase, "content_fault", success=False, blamed=kind)
    return draft.set_phase(phase.phase, **{"assignment_id": None, FIELDS[kind][0]: None})


# finish


def finish(warmup: Warmup, caller: Caller, now: datetime) -> Step:
    """Makes an account active whose phases are all completed.

    Raises AccountLeased, AccountPaused, AccountNotReady, PhasesIncomplete.
    """
    refuse_others(warmup, caller, now)
    if warmup.state is State.PAUSED:
        raise AccountPaused("The account is paused.")
    if warmup.state is not State.WARMING_UP:
        raise AccountNotReady(f"The account is `{warmup.state}`, not `warming_up`.", state=warmup.state)
    left = [one.phase for one in warmup.phases if one.status is not Status.COMPLETED]
    if left:
        raise PhasesIncomplete(f"Not completed yet: {', '.join(left)}.", phases=left)
    draft = Draft(warmup, now)
    apply_due(draft)
    draft.move(accounts.Move.COMPLETE)
    draft.end_lease(Ending.COMPLETED)
    return draft.step(Action.ACCOUNT_COMPLETE)

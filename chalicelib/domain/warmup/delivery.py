"""A phase is given its content: what is missing, assigned, delivered, taken off again."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.domain import accounts, leases, retries, selection
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.blockers import Pauses
from chalicelib.domain.errors import (
    AccountNotReady,
    PhaseNotAvailable,
    ServiceError,
)
from chalicelib.domain.given import digest
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import PhaseStatus, PhaseTransition
from chalicelib.domain.plans import Need
from chalicelib.domain.records import record
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup.draft import UNASSIGNED, Draft, assigned
from chalicelib.domain.warmup.due import apply_due, as_of
from chalicelib.domain.warmup.effects import (
    DeliverAssignment,
    NoteLicence,
    OpenAssignment,
    RequireRights,
    ReturnItem,
    UseItem,
)
from chalicelib.domain.warmup.leases import Caller, refuse_blocked, refuse_others
from chalicelib.domain.warmup.state import PhaseState, Step, Warmup

T = TypeVar("T")
Named = tuple[PoolKind, str]
"""An item by its kind and id: a media item and a text may have the same id."""
FIELDS: Mapping[PoolKind, str] = {
    PoolKind.CONTENT: "assigned_content_id",
    PoolKind.TEXT: "assigned_text_id",
}
"""Where a phase names its item of a kind."""


_BY_HAND = "assigned by hand"


def by_hand(reason: str) -> str:
    """Why items were chosen that an operator assigned, in the operator's words."""
    return f"{_BY_HAND}: {reason}"


def is_by_hand(assignment_reason: str) -> bool:
    """Whether an operator assigned the items, so that the reason of the assignment is in the operator's words."""
    return assignment_reason.startswith(_BY_HAND)


@record
class Chosen:
    """What was chosen for a phase, by kind, and why.

    `scores` are the parts of each kind's score, `score` the whole of the leading item's.
    """

    assignment_id: str
    items: Mapping[PoolKind, str]
    reason: str
    score: float | None = None
    scores: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict)


def out_of_order(warmup: Warmup, phase: PhaseState) -> ServiceError | None:
    """Why the phase is not the one to work on now, None where it is; `warmup` is as of now."""
    if phase.phase == warmup.current_phase and phase.status is not PhaseStatus.REQUIRES_REVIEW:
        return None
    if not accounts.is_under_way(warmup.state):
        return AccountNotReady(f"The account is `{warmup.state}`.", state=warmup.state)
    if phase.status is PhaseStatus.COMPLETED:
        return PhaseNotAvailable(f"The phase {phase.phase} is completed.")
    if phase.status is PhaseStatus.REQUIRES_REVIEW:
        return PhaseNotAvailable(f"An operator must decide on {phase.phase}.")
    return PhaseNotAvailable(f"The phase {warmup.current_phase} comes before {phase.phase}.", phase.available_at)


def is_repeat(warmup: Warmup, caller: Caller, phase: PhaseState, now: datetime) -> bool:
    """Whether the caller has the phase's content already and works with it: asking again changes nothing."""
    return caller.holds(warmup.lease, now) and phase is warmup.current and phase.status is PhaseStatus.IN_PROGRESS


def deliverable(warmup: Warmup, caller: Caller, phase_name: str, pauses: Pauses, now: datetime) -> PhaseState:
    """The phase as it can be delivered to the caller now.

    A request for the content itself asks the pools again.
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


def lacks_assignment(phase: PhaseState, unfit: Collection[Named]) -> bool:
    """Whether content must be assigned before the phase can be delivered: none is, or some of it is unfit."""
    return phase.status is not PhaseStatus.CONTENT_ASSIGNED or bool(unfit)


def begun(warmup: Warmup, now: datetime) -> Warmup:
    """The warm-up as the taker of the next phase finds it: as of now, and started where it is ready."""
    draft = Draft(warmup, now)
    apply_due(draft)
    _begin_if_ready(draft)
    return draft.warmup


def _begin_if_ready(draft: Draft) -> bool:
    if draft.warmup.state is not accounts.AccountState.READY:
        return False
    draft.move(accounts.AccountTransition.START)
    draft.begin()
    return True


def next_deliverable(warmup: Warmup, caller: Caller, pauses: Pauses, now: datetime) -> PhaseState | None:
    """The phase that is next to be delivered, of a warm-up that is started for it; None where all are completed.

    Raises AccountNotReady, AccountLeased, AccountPaused, PhaseNotAvailable, ContentUnavailable, ConsentMissing.
    """
    holder = refuse_others(warmup, caller, now)
    found = begun(warmup, now)
    refuse_blocked(found, pauses, now, holder=holder)
    return found.current


def missing(warmup: Warmup, phase: PhaseState, unfit: Collection[Named]) -> dict[PoolKind, Need]:
    """The kinds of item that have to be chosen before the phase can be delivered, and whether it can do without.

    `unfit` are the assigned items that have lost their rights.
    """
    kept = {kind for kind, item_id in assigned(phase) if (kind, item_id) not in unfit}
    if not lacks_assignment(phase, unfit):
        return {}
    return {kind: need for kind, need in selection.needs(warmup.plan, phase.phase).items() if kind not in kept}


def choose(
    needs: Mapping[PoolKind, Need], choice: Callable[[PoolKind], T | None]
) -> tuple[dict[PoolKind, T], PoolKind | None]:
    """Chooses an item of each kind; also names the kind of which there is none where the phase cannot do without."""
    chosen: dict[PoolKind, T] = {}
    for kind, need in needs.items():
        found = choice(kind)
        if found is not None:
            chosen[kind] = found
        elif need.is_required:
            return chosen, kind
    return chosen, None


def deliver(
    warmup: Warmup,
    caller: Caller,
    phase_name: str,
    lease: Lease,
    now: datetime,
    *,
    chosen: Chosen | None,
    unfit: Collection[Named] = (),
    delivered_before: bool = False,
    licensed_until: datetime | None = None,
) -> Step:
    """Hands the phase's content to the caller, under its lease (`lease` if it has none); starts what is ready.

    `chosen` is what was chosen of what is `missing`, None where nothing was; `delivered_before` says that the phase's
    assignment was delivered before, `licensed_until` when the first licence of what is delivered ends. The caller has
    asked `deliverable` or `next_deliverable`.
    """
    draft = Draft(warmup, now)
    apply_due(draft)
    started = _begin_if_ready(draft)
    phase = draft.warmup.phase(phase_name)
    if unfit:
        phase = unassign(draft, phase, unfit, delivered=delivered_before)
    if phase.status is PhaseStatus.AVAILABLE:
        assert chosen is not None, "a phase without an assignment is given one"
        phase = assign(draft, phase, chosen, delivered=True)
        kept = [(kind, item_id) for kind, item_id in assigned(phase) if kind not in chosen.items]
        draft.effects.extend(RequireRights(kind, item_id) for kind, item_id in kept)
    else:
        draft.effects.extend(RequireRights(kind, item_id) for kind, item_id in assigned(phase))
        if phase.assignment_id is not None and not delivered_before:
            draft.effects.append(DeliverAssignment(phase.assignment_id))
    held = draft.warmup.lease
    if held is None or not caller.holds(held, now):
        held = lease
        draft.take_lease(lease, licensed_until)
    elif licensed_until is not None:
        draft.effects.append(NoteLicence(held, licensed_until))
    held = leases.bounded(replace(held, latest_at=now + draft.warmup.max_work), draft.warmup.consent.valid_until)
    draft.set(lease=held, started_by=held.session_id if started else draft.warmup.started_by)
    draft.move_phase(
        phase,
        PhaseTransition.DELIVER,
        bot_id=held.bot_id,
        bot_session_id=held.session_id,
        lease_token=held.token,
        started_at=phase.started_at or now,
        attempt=phase.attempt + 1,
    )
    draft.set(content_due_at=None, content_misses=0)
    return draft.step(AuditAction.PHASE_DELIVER, assignment_id=draft.warmup.phase(phase_name).assignment_id)


def take_content(draft: Draft, phase: PhaseState, outcome: str) -> None:
    """Takes all its items off a phase that nobody works on any more; their use is free again if never delivered."""
    if phase.status is PhaseStatus.IN_PROGRESS:
        phase = draft.move_phase(phase, PhaseTransition.RELEASE)
    if phase.status is PhaseStatus.CONTENT_ASSIGNED:
        unassign(draft, phase, assigned(phase), delivered=phase.started_at is not None, outcome=outcome)
    elif phase.assignment_id is not None:
        draft.close_assignment(phase, outcome)
        draft.set_phase(phase.phase, **UNASSIGNED)


def unassign(
    draft: Draft, phase: PhaseState, items: Collection[Named], *, delivered: bool, outcome: str = "withdrawn"
) -> PhaseState:
    """Takes some of its items off a phase, whose assignment ends; their use is free again if never delivered."""
    gone = [one for one in assigned(phase) if one in items]
    fields: dict[str, Any] = {FIELDS[kind]: None for kind, _ in gone}
    if phase.assignment_id is None:  # a replacement kept them: they were delivered under an assignment that has ended
        return draft.set_phase(phase.phase, **fields)
    if not delivered:
        draft.effects.extend(ReturnItem(kind, item_id) for kind, item_id in gone)
    draft.close_assignment(phase, outcome)
    return draft.move_phase(phase, PhaseTransition.UNASSIGN, assignment_id=None, content_assigned_at=None, **fields)


def assign(draft: Draft, phase: PhaseState, chosen: Chosen, *, delivered: bool) -> PhaseState:
    """Assigns what was chosen to a phase, beside what it keeps."""
    fields: dict[str, Any] = {}
    for kind, item_id in chosen.items.items():
        fields[FIELDS[kind]] = item_id
        draft.effects.append(UseItem(kind, item_id))
        draft.set(given=draft.warmup.given | {digest(kind, item_id)})
    phase = draft.move_phase(
        phase, PhaseTransition.ASSIGN, assignment_id=chosen.assignment_id, content_assigned_at=draft.now, **fields
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
    """Sets the account aside, so that it does not stand first in the queue forever: its pools have nothing for it.

    An account that was ready waits in its first phase.
    """
    draft = Draft(warmup, now)
    apply_due(draft)
    _begin_if_ready(draft)
    found = draft.warmup
    until = now + retries.content_delay(found.plan, found.content_misses)
    draft.set(content_due_at=until, content_misses=found.content_misses + 1)
    draft.end_lease(Ending.RELEASED)
    return draft.step(AuditAction.PHASE_CONTENT_UNAVAILABLE, until=until)

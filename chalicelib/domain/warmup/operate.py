"""What operators do to an account and to its phases."""

from collections.abc import Collection, Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import accounts, consents, forgettable, leases, phases
from chalicelib.domain.accounts import AccountTransition, is_under_way
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.consents import Consent, ConsentState
from chalicelib.domain.errors import AccountNotReady, ConsentMissing, InvalidInput, InvalidTransition, PhaseNotAvailable
from chalicelib.domain.facts import Fault
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import TRANSITIONS, PhaseStatus, PhaseTransition
from chalicelib.domain.plans import LEAST_INTERVAL, Need
from chalicelib.domain.records import record
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup.delivery import Chosen, assign, take_content, unassign
from chalicelib.domain.warmup.draft import NOBODY_LEFT, UNASSIGNED, Draft, assigned
from chalicelib.domain.warmup.due import apply_due, open_phase
from chalicelib.domain.warmup.effects import ReturnItem, WarnHolder
from chalicelib.domain.warmup.state import PhaseState, Step, Warmup
from chalicelib.domain.warmup.work import advance, forget_leavings

# the account


def consent(warmup: Warmup, given: Mapping[str, str]) -> Step:
    """Records who owns the account and agreed, as the audit's details; this lifts a withdrawal.

    Who works on the account does so no longer than the consent holds. Raises InvalidTransition for a retired account.
    """
    if not accounts.is_in_care(warmup.state):
        possible = [AccountTransition.RESTORE]
        raise InvalidTransition(subject="account", state=warmup.state, move="consent", possible=possible)
    agreed, lease = Consent(ConsentState.GIVEN, consents.valid_until(given)), warmup.lease
    if leases.is_open(lease):
        lease = leases.bounded(lease, agreed.valid_until)
    return Step(AuditAction.ACCOUNT_CONSENT, replace(warmup, consent=agreed, lease=lease), details=given)


def withdraw_consent(warmup: Warmup, now: datetime) -> Step:
    """Takes the owner's consent back: the lease is revoked, and what is not completed waits without content.

    A phase under review keeps its items: an operator decides on what became of them. Raises ConsentMissing.
    """
    if warmup.consent.state is ConsentState.MISSING:
        raise ConsentMissing()
    draft = _opened(warmup, now)
    draft.revoke_lease()
    phase = draft.warmup.current
    if phase is not None and not phases.needs_decision(phase.status):
        take_content(draft, phase, "consent_withdrawn")
    draft.set(consent=consents.WITHDRAWN, content_due_at=None, content_misses=0)
    return draft.step(AuditAction.ACCOUNT_WITHDRAW_CONSENT)


def edit(warmup: Warmup, said: Mapping[str, Any]) -> Step:
    """Changes what operators say of an account; of that, rules read the theme. Raises InvalidTransition if erased."""
    _refuse_erased(warmup, "edit")
    told = {name: sorted(value) if isinstance(value, Set) else value for name, value in said.items()}
    details = {**told, "changed": ", ".join(sorted(said))}
    return Step(AuditAction.ACCOUNT_CHANGE, replace(warmup, theme=said.get("theme", warmup.theme)), details=details)


def erase(warmup: Warmup, now: datetime) -> Step:
    """Retires an account for good, without a word of a person: also what workers wrote of its phases goes."""
    draft = _opened(warmup, now)
    if accounts.is_in_care(warmup.state):
        draft.move(AccountTransition.RETIRE)
        _withdraw_work(draft, "retired")
    for phase in draft.warmup.phases:
        told = {name: forgettable.erased(getattr(phase, name)) for name in _WORDS_OF_PHASES}
        draft.set_phase(phase.phase, **told)
    draft.set(erased_at=now, consent=consents.MISSING)
    return draft.step(AuditAction.ACCOUNT_ERASE)


_WORDS_OF_PHASES = ("error_message", "error_details", "platform_response")


def _refuse_erased(warmup: Warmup, move: str) -> None:
    if warmup.erased_at is not None:
        raise InvalidTransition(subject="account", state="erased", move=move, possible=[])


def ready(warmup: Warmup, now: datetime) -> Step:
    """Declares an account ready to be warmed up.

    Raises ConsentMissing, ConsentWithdrawn, ConsentExpired, InvalidTransition.
    """
    consents.require(warmup.consent, now)
    draft = Draft(warmup, now)
    draft.move(AccountTransition.READY)
    draft.set(ready_at=_begins_at(warmup, now))
    return draft.step(AuditAction.ACCOUNT_READY)


def pause(warmup: Warmup, now: datetime) -> Step:
    """Hands the account's work out no more; what is under way may be finished. Raises InvalidTransition."""
    draft = _opened(warmup, now)
    draft.move(AccountTransition.PAUSE)
    draft.set(paused_from=warmup.state)
    return draft.step(AuditAction.ACCOUNT_PAUSE)


def resume(warmup: Warmup, now: datetime) -> Step:
    """Hands the account's work out again, as of when it fell due. Raises InvalidTransition."""
    draft = Draft(warmup, now)
    draft.move(AccountTransition.RESUME, warmup.paused_from)
    draft.set(paused_from=None)
    return draft.step(AuditAction.ACCOUNT_RESUME)


def reset(warmup: Warmup, now: datetime) -> Step:
    """Begins the warm-up again from the first phase; history and used items stay. Raises InvalidTransition."""
    draft = Draft(warmup, now)
    draft.move(AccountTransition.RESET)
    _withdraw_work(draft, "reset")
    _forget_warmup(draft)
    draft.set(ready_at=_begins_at(warmup, now))
    return draft.step(AuditAction.ACCOUNT_RESET)


def retire(warmup: Warmup, now: datetime) -> Step:
    """Takes the account out of the service's care. Raises InvalidTransition."""
    draft = _opened(warmup, now)
    draft.move(AccountTransition.RETIRE)
    _withdraw_work(draft, "retired")
    return draft.step(AuditAction.ACCOUNT_RETIRE)


def restore(warmup: Warmup, now: datetime) -> Step:
    """Brings a retired account back as imported; what it has used stays. Raises InvalidTransition, also if erased."""
    _refuse_erased(warmup, "restore")
    draft = Draft(warmup, now)
    draft.move(AccountTransition.RESTORE)
    _forget_warmup(draft)
    draft.set(ready_at=_rested_at(warmup))
    return draft.step(AuditAction.ACCOUNT_RESTORE)


def _begins_at(warmup: Warmup, now: datetime) -> datetime:
    """When the first phase may start; a phase of an earlier warm-up counts as one before it."""
    begins, rested = now + warmup.plan.phases[warmup.plan.first].interval, _rested_at(warmup)
    return begins if rested is None else max(begins, rested)


def _rested_at(warmup: Warmup) -> datetime | None:
    """When the least interval since the account's last phase is over; None where it has done none.

    `ready_at` keeps it while the phases of an earlier warm-up are forgotten.
    """
    ended = [one.completed_at for one in warmup.phases if one.completed_at is not None]
    return max(ended) + LEAST_INTERVAL if ended else warmup.ready_at


def _opened(warmup: Warmup, now: datetime) -> Draft:
    """A draft in which the current phase stands as operators see it: open, once its interval has passed."""
    draft = Draft(warmup, now)
    open_phase(draft)
    return draft


def _forget_warmup(draft: Draft) -> None:
    """Takes away what the account's warm-up has come to; what it has used stays."""
    draft.close_completed()
    draft.set(
        phases=(),
        current_phase=None,
        started_by=None,
        paused_from=None,
        content_due_at=None,
        content_misses=0,
        **NOBODY_LEFT,
    )


def _withdraw_work(draft: Draft, outcome: str) -> None:
    """Supersedes the lease; items that were never delivered are given back; what waited for content waits no more."""
    draft.revoke_lease()
    phase = draft.warmup.current
    if phase is not None and phase.status is PhaseStatus.CONTENT_ASSIGNED and phase.started_at is None:
        draft.return_items(phase, "given_back")
    elif phase is not None:
        if phase.status is PhaseStatus.IN_PROGRESS:
            draft.move_phase(phase, PhaseTransition.RELEASE)
        draft.close_assignment(phase, outcome)
    draft.set(content_due_at=None, content_misses=0)


# a phase


_MOVE_OF: Mapping[AuditAction, PhaseTransition] = {
    AuditAction.PHASE_RETRY: PhaseTransition.RETRY,
    AuditAction.PHASE_RESOLVE: PhaseTransition.RESOLVE,
    AuditAction.PHASE_SKIP: PhaseTransition.SKIP,
    AuditAction.PHASE_ASSIGN: PhaseTransition.ASSIGN,
}


def decidable(warmup: Warmup, phase_name: str, action: AuditAction) -> tuple[PhaseState | None, bool]:
    """The phase (None before the start), and whether this action on it is possible now. Raises NotFound."""
    phase = warmup.find(phase_name)
    if not is_under_way(warmup.state) or phase is None:
        return phase, False
    status = PhaseStatus.REQUIRES_REVIEW if warmup.needs_review else phase.status
    return phase, _MOVE_OF[action] in TRANSITIONS[status]


def require_decidable(warmup: Warmup, phase: PhaseState | None) -> None:
    """Raises AccountNotReady where nothing of the account's phases can be decided."""
    if not is_under_way(warmup.state) or phase is None:
        raise AccountNotReady(f"The account is `{warmup.state}`: nothing of its phases can be moved.")


def require_needed(warmup: Warmup, phase: PhaseState, given: Collection[PoolKind]) -> None:
    """Raises InvalidInput where items given by hand, with those that the phase keeps, are not what it asks for."""
    asked = warmup.plan.phases[phase.phase]
    has = {*given, *(kind for kind, _ in assigned(phase))}
    needs = {PoolKind.CONTENT: asked.content.need, PoolKind.TEXT: asked.text.need}
    faults: list[Fault] = [
        {"pointer": f"/{kind}_id", "detail": f"{phase.phase} {'needs one' if need is Need.REQUIRED else 'takes none'}"}
        for kind, need in needs.items()
        if (need is Need.REQUIRED and kind not in has) or (need is Need.NONE and kind in has)
    ]
    if faults:
        raise InvalidInput(faults)


def require_current(warmup: Warmup, phase: PhaseState) -> None:
    """Raises InvalidTransition for a phase that is completed, PhaseNotAvailable for one that is not the current one."""
    if phase.status is PhaseStatus.COMPLETED:
        raise InvalidTransition("phase", phase.status, "this", [])
    if phase.phase != warmup.current_phase:
        raise PhaseNotAvailable(f"The account is in {warmup.current_phase}, not in {phase.phase}.")


def retry(warmup: Warmup, phase_name: str, now: datetime, *, other_content: bool = False) -> Step:
    """Offers the phase again at once, with fresh limits; with the same items, or another choice.

    Raises NotFound, AccountNotReady, InvalidTransition, PhaseNotAvailable.
    """
    phase = warmup.phase(phase_name)
    if warmup.needs_review:
        return _decide_on_completion(warmup, phase, AuditAction.PHASE_RETRY, now)
    require_current(warmup, phase)
    draft = _opened(warmup, now)
    phase = draft.warmup.phase(phase_name)
    draft.revoke_lease()
    others = {}
    if other_content:
        draft.close_assignment(phase, "replaced")
        others = {name: None for name in UNASSIGNED if name != "content_assigned_at"}
    fresh = {"retry_count": 0, "replacement_count": 0, **NOBODY_LEFT}
    draft.reopen(phase, PhaseTransition.RETRY, available_at=now, **fresh, **others)
    return draft.step(AuditAction.PHASE_RETRY, phase=phase.phase, other_content=other_content or None)


def resolve(warmup: Warmup, phase_name: str, now: datetime) -> Step:
    """Marks the phase as completed: it was done outside the service.

    Raises NotFound, AccountNotReady, InvalidTransition, PhaseNotAvailable.
    """
    phase = warmup.phase(phase_name)
    if warmup.needs_review:
        return _decide_on_completion(warmup, phase, AuditAction.PHASE_RESOLVE, now)
    require_current(warmup, phase)
    draft = _opened(warmup, now)
    phase = draft.warmup.phase(phase_name)
    draft.revoke_lease()
    draft.close_assignment(phase, "resolved", success=True)
    advance(draft, draft.move_phase(phase, PhaseTransition.RESOLVE, completed_at=now))
    return draft.step(AuditAction.PHASE_RESOLVE, phase=phase.phase)


def _decide_on_completion(warmup: Warmup, phase: PhaseState, action: AuditAction, now: datetime) -> Step:
    """Decides on a warm-up whose phases are done and which workers left too often before they completed it.

    `retry` offers it again; `resolve` completes it. It stands in the review by its last phase.
    """
    if phase.phase != warmup.phases[-1].phase:
        require_current(warmup, phase)
    draft = Draft(warmup, now)
    if action is AuditAction.PHASE_RESOLVE:
        draft.move(AccountTransition.COMPLETE)
    forget_leavings(draft)
    return draft.step(action, phase=phase.phase)


def skip(warmup: Warmup, phase_name: str, now: datetime) -> Step:
    """Passes over a phase: it counts as completed, and is marked.

    Raises NotFound, AccountNotReady, InvalidTransition.
    """
    phase = warmup.phase(phase_name)
    draft = Draft(warmup, now)
    current = phase.phase == warmup.current_phase
    if current:
        draft.revoke_lease()
    if phase.started_at is not None:
        draft.close_assignment(phase, "skipped")
    elif assigned(phase):
        draft.return_items(phase, "given_back")
    phase = draft.move_phase(draft.warmup.phase(phase_name), PhaseTransition.SKIP, skipped=True, completed_at=now)
    if current:
        advance(draft, phase)
    return draft.step(AuditAction.PHASE_SKIP, phase=phase.phase)


def assign_by_hand(warmup: Warmup, phase_name: str, chosen: Chosen, now: datetime) -> Step:
    """Gives these items to the phase, in place of those of the same kind; those of the other kind stay.

    Raises NotFound, AccountNotReady, InvalidTransition, PhaseNotAvailable.
    """
    draft = Draft(warmup, now)
    require_current(warmup, warmup.phase(phase_name))
    apply_due(draft)
    draft.revoke_lease(only_expired=True)
    phase = draft.warmup.phase(phase_name)
    if phase.started_at is None:
        replaced = [(kind, item_id) for kind, item_id in assigned(phase) if kind in chosen.items]
        draft.effects.extend(ReturnItem(kind, item_id) for kind, item_id in replaced)
    draft.close_assignment(phase, "replaced")
    phase = assign(draft, phase, chosen, delivered=False)
    draft.set(content_due_at=None)
    return draft.step(AuditAction.PHASE_ASSIGN, phase=phase.phase)


# an item that has lost its rights


@record
class Withdrawn:
    """What becomes of an item that has lost its rights on one account. `held`: it was delivered and is worked with."""

    held: bool
    step: Step | None = None


def withdraw_item(
    warmup: Warmup, assignment_id: str, item: tuple[PoolKind, str], *, delivered: bool, warned: bool, now: datetime
) -> Withdrawn:
    """Takes an item off a phase to which it was not delivered; warns the worker of one to which it was, once.

    `delivered`: the assignment was delivered at some time; `warned`: this worker was warned before.
    """
    phase = warmup.current
    if phase is None or phase.assignment_id != assignment_id or item not in assigned(phase):
        return Withdrawn(held=False)
    draft = Draft(warmup, now)
    apply_due(draft)
    phase = draft.warmup.phase(phase.phase)
    if phase.status is PhaseStatus.CONTENT_ASSIGNED:
        draft.revoke_lease(only_expired=True)
        unassign(draft, phase, [item], delivered=delivered)
        return Withdrawn(False, draft.step(AuditAction.PHASE_UNASSIGN, item=item[1]))
    lease = warmup.lease
    if phase.status is not PhaseStatus.IN_PROGRESS or lease is None or lease.ended_by is not None or warned:
        return Withdrawn(held=True)
    draft.effects.append(WarnHolder(lease))
    return Withdrawn(True, draft.step(AuditAction.PHASE_WARN, item=item[1]))


def worker_of(warmup: Warmup, assignment_id: str) -> Lease | None:
    """The lease of who works with this assignment, None where nobody does."""
    phase, lease = warmup.current, warmup.lease
    if phase is None or phase.status is not PhaseStatus.IN_PROGRESS or phase.assignment_id != assignment_id:
        return None
    return None if lease is None or lease.ended_by is not None else lease

"""Transitions that are due: leases that ran out, phases that open, retries and contents that are due again."""

from datetime import datetime

from chalicelib.domain import blockers, consents, leases
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.blockers import Blocker, Pauses
from chalicelib.domain.leases import Ending
from chalicelib.domain.phases import PhaseStatus, PhaseTransition
from chalicelib.domain.warmup.draft import Draft
from chalicelib.domain.warmup.state import Step, Warmup


def due(warmup: Warmup, now: datetime) -> Step | None:
    """What the timer would write now; None where nothing is due. The step's action names the last of several."""
    draft = Draft(warmup, now)
    action = apply_due(draft)
    return None if action is None else draft.step(action)


def as_of(warmup: Warmup, now: datetime) -> Warmup:
    """The warm-up as a taker finds it: after the transitions that are due."""
    step = due(warmup, now)
    return warmup if step is None else step.after


def blockers_as_of(warmup: Warmup, pauses: Pauses, now: datetime) -> list[Blocker]:
    """Why the account cannot be taken now, as a taker would find; empty where it can."""
    found = as_of(warmup, now)
    return blockers.blockers(found, found.current, pauses, now)


def apply_due(draft: Draft) -> AuditAction | None:
    """Makes the transitions that are due, before others are decided on; the last as an action."""
    now, done = draft.now, None
    if leases.has_run_out(draft.warmup.lease, now):
        draft.end_lease(Ending.EXPIRED)
        draft.leave(PhaseTransition.EXPIRE)
        done = AuditAction.LEASE_EXPIRE
    elif draft.warmup.lease is not None and draft.warmup.lease.ended_by is None:
        return None
    if not consents.is_given(draft.warmup.consent, now):
        return done or _leave_queue(draft)
    phase = draft.warmup.current
    if phase is None:
        return done
    at = phase.available_at
    if open_phase(draft):
        done = AuditAction.PHASE_OPEN
    if at is not None and at <= now and phase.status is PhaseStatus.FAILED:
        draft.reopen(phase, PhaseTransition.REOPEN)
        done = AuditAction.PHASE_REOPEN
    if draft.warmup.content_due_at is not None and draft.warmup.content_due_at <= now:
        draft.set(content_due_at=None)
        done = AuditAction.PHASE_REOFFER
    return done


def _leave_queue(draft: Draft) -> AuditAction | None:
    """Takes an account out of the queue whose consent has ended while it waited there; nothing else falls due."""
    if draft.warmup.due_at is None:
        return None
    draft.set(due_at=None)
    return AuditAction.ACCOUNT_EXPIRE_CONSENT


def open_phase(draft: Draft) -> bool:
    """Opens the current phase if its interval has passed, which nobody has written yet; returns whether it did."""
    phase = draft.warmup.current
    if phase is None or phase.status is not PhaseStatus.PENDING:
        return False
    if phase.available_at is None or phase.available_at > draft.now:
        return False
    draft.move_phase(phase, PhaseTransition.OPEN)
    return True

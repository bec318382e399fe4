"""Taking accounts, and giving them back."""

from datetime import datetime

from chalicelib.domain import blockers, dispatch, leases
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.blockers import Blocker, BlockerCode, Pauses
from chalicelib.domain.errors import LeaseSuperseded
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import PhaseStatus, PhaseTransition
from chalicelib.domain.records import record
from chalicelib.domain.warmup.draft import Draft
from chalicelib.domain.warmup.due import apply_due
from chalicelib.domain.warmup.state import Step, Warmup


@record
class Caller:
    """Who asks, and by what it shows that it holds an account: a token, a session, or the request that took it."""

    bot_id: str
    session_id: str | None
    lease_token: str | None
    request_id: str

    def holds(self, lease: Lease | None, now: datetime) -> bool:
        """Whether the caller holds the live lease."""
        if lease is None or not leases.is_live(lease, now) or lease.bot_id != self.bot_id:
            return False
        return (
            self.lease_token == lease.token
            or self.session_id == lease.session_id
            or self.request_id == lease.request_id
        )


def claim(
    warmup: Warmup, lease: Lease, pauses: Pauses, now: datetime, wanted: dispatch.WorkWanted = dispatch.ANYTHING
) -> Step | None:
    """Takes the account under a new lease, if it can be taken and its next step is wanted.

    Where it cannot, the step writes the transitions that are due; None where nothing is to be written.
    """
    draft = Draft(warmup, now)
    due = apply_due(draft)
    found = draft.warmup
    admitted = wanted.admits(dispatch.PlannedStep.of(found.state, found.current_phase, found.plan))
    if not admitted or blockers.blockers(found, found.current, pauses, now):
        return None if due is None else draft.step(due)
    draft.take_lease(lease)
    return draft.step(AuditAction.LEASE_CLAIM)


def refuse_others(warmup: Warmup, caller: Caller, now: datetime) -> bool:
    """Whether the caller holds the account. Raises AccountLeased while another does."""
    holder = caller.holds(warmup.lease, now)
    if not holder:
        leases.refuse_while_live(warmup.lease, now)
    return holder


def refuse_blocked(warmup: Warmup, pauses: Pauses, now: datetime, *, holder: bool) -> None:
    """Raises the first blocker as the error that a taker gets; their own lease is none to holders."""
    found: list[Blocker] = [
        one
        for one in blockers.blockers(warmup, warmup.current, pauses, now)
        if not (holder and one.code is BlockerCode.LEASED)
    ]
    if found:
        blockers.refuse(warmup, found, now)


def release(warmup: Warmup, bot_id: str, token: str, now: datetime) -> Step | None:
    """Gives the lease back without an outcome; the assigned content stays. None where it had ended so before.

    Raises LeaseSuperseded.
    """
    lease = warmup.lease
    if lease is None or lease.token != token or lease.bot_id != bot_id:
        raise LeaseSuperseded()
    if lease.ended_by in (Ending.RELEASED, Ending.EXPIRED):
        return None
    if lease.ended_by is not None:
        raise LeaseSuperseded()
    return _released(warmup, now)


def end_with_session(warmup: Warmup, token: str, now: datetime) -> Step | None:
    """Gives the lease back because its session ends; None where the session holds it no longer."""
    lease = warmup.lease
    if lease is None or lease.token != token or lease.ended_by is not None:
        return None
    return _released(warmup, now)


def _released(warmup: Warmup, now: datetime) -> Step:
    draft = Draft(warmup, now)
    draft.end_lease(Ending.RELEASED)
    draft.leave(PhaseTransition.RELEASE)
    return draft.step(AuditAction.LEASE_RELEASE)


def revoke(warmup: Warmup, token: str, now: datetime) -> Step | None:
    """Supersedes the lease of that token, live or run out; None where it is over already."""
    lease = warmup.lease
    if lease is None or lease.token != token or lease.ended_by not in (None, Ending.EXPIRED):
        return None
    draft = Draft(warmup, now)
    draft.revoke_lease()
    phase = draft.warmup.current
    if phase is not None and phase.status is PhaseStatus.IN_PROGRESS:
        draft.move_phase(phase, PhaseTransition.RELEASE)
    return draft.step(AuditAction.LEASE_REVOKE, session=lease.session_id)

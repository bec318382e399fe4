"""A warm-up between two states: what a decision has changed so far, and what is to be written beside it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import accounts, phases, retries, scoring
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup.effects import (
    COMPLETED,
    CloseAssignment,
    DropLease,
    Effect,
    HoldLease,
    Hourly,
    PenaliseItem,
    ReturnItem,
)
from chalicelib.domain.warmup.state import LEAVINGS, PhaseState, Step, Warmup


class Draft:
    """The warm-up as it would be stored now. It is made for one decision, and nobody outside sees it."""

    def __init__(self, before: Warmup, now: datetime) -> None:
        self.before, self.warmup, self.now = before, before, now
        self.effects: list[Effect] = []

    def step(self, action: AuditAction, **details: object) -> Step:
        """The decision, as the audit names it."""
        return Step(action, self.warmup, tuple(self.effects), details)

    def set(self, **changes: Any) -> None:
        """Changes fields of the warm-up."""
        self.warmup = replace(self.warmup, **changes)

    def set_phase(self, phase: str, **changes: Any) -> PhaseState:
        """Changes fields of a phase."""
        changed = [replace(one, **changes) if one.phase == phase else one for one in self.warmup.phases]
        self.set(phases=tuple(changed))
        return self.warmup.phase(phase)

    # transitions

    def move(self, move: accounts.AccountTransition, to: AccountState | None = None) -> None:
        """Makes a transition of the account. Raises InvalidTransition."""
        self.set(state=accounts.after(self.warmup.state, move, to))

    def move_phase(
        self, phase: PhaseState, move: phases.PhaseTransition, to: PhaseStatus | None = None, **changes: Any
    ) -> PhaseState:
        """Makes a transition of a phase, and changes its fields. Raises InvalidTransition."""
        return self.set_phase(phase.phase, status=phases.after(phase.status, move, to), **changes)

    # the lease

    def take_lease(self, lease: Lease, licensed_until: datetime | None = None) -> None:
        """Gives a new lease to its session."""
        self.set(lease=lease)
        self.effects.append(HoldLease(lease, held_phase(self.before), licensed_until))

    def end_lease(self, ending: Ending, counts: Hourly | None = None) -> None:
        """Ends the lease, unless it has ended already.

        A session that lost its lease keeps it among what it holds, so that its next heartbeat reports it.
        """
        lease = self.warmup.lease
        if lease is None:
            return
        if lease.ended_by is None:
            self.set(lease=replace(lease, ended_by=ending, ended_at=self.now))
        if ending not in (Ending.EXPIRED, Ending.REVOKED):
            self.effects.append(DropLease(lease, held_phase(self.before), counts))

    def revoke_lease(self, *, only_expired: bool = False) -> None:
        """Supersedes the lease, live or run out: its holder changes nothing any more, and learns of it."""
        lease = self.warmup.lease
        revocable = (Ending.EXPIRED,) if only_expired else (None, Ending.EXPIRED)
        if lease is not None and lease.ended_by in revocable:
            self.set(lease=replace(lease, ended_by=Ending.REVOKED, ended_at=self.now))

    def leave(self, move: phases.PhaseTransition) -> None:
        """Counts that a worker left without an outcome, whatever its step; after too many an operator decides."""
        what = "crash_count" if move is phases.PhaseTransition.EXPIRE else "release_count"
        phase = self.warmup.current
        counted: Warmup | PhaseState
        if phase is not None:
            left = {**counts_of(phase), what: getattr(phase, what) + 1}
            to = retries.after_leaving(
                self.warmup.plan, phase.status, crashes=left["crash_count"], releases=left["release_count"]
            )
            counted = phase = self.move_phase(phase, move, to, **left)
        else:
            self.set(**{what: getattr(self.warmup, what) + 1})
            counted = self.warmup
        crashes, releases = counted.crash_count, counted.release_count
        if not retries.left_too_often(self.warmup.plan, crashes=crashes, releases=releases):
            return
        if phase is None:
            phase = self.warmup.phases[-1] if self.warmup.phases else self._begin_in_review(move)
        often = (
            f"the lease ran out {crashes} times"
            if move is phases.PhaseTransition.EXPIRE
            else f"workers gave it back {releases} times"
        )
        self.set_phase(phase.phase, **_why(phase, move, often))

    def _begin_in_review(self, move: phases.PhaseTransition) -> PhaseState:
        """Starts the warm-up without a worker: its first phase is what an operator decides on."""
        if self.warmup.state is AccountState.PAUSED:
            self.set(paused_from=AccountState.WARMING_UP)
        else:
            self.move(accounts.AccountTransition.START)
        self.begin()
        return self.move_phase(self.warmup.phases[0], move, PhaseStatus.REQUIRES_REVIEW)

    def begin(self) -> None:
        """Starts the warm-up by its plan: its phases, of which the first is available.

        What workers left before that counts for the first phase.
        """
        begin, *later = self.warmup.plan.order
        first = PhaseState(
            begin,
            PhaseStatus.AVAILABLE,
            available_at=self.now,
            crash_count=self.warmup.crash_count,
            release_count=self.warmup.release_count,
        )
        others = [PhaseState(name, PhaseStatus.PENDING) for name in later]
        self.set(current_phase=begin, phases=(first, *others), ready_at=None, **NOBODY_LEFT)

    # the phase's items

    def penalise_shortfall(self, phase: PhaseState, performance: float | None) -> None:
        """Penalises the items of a phase that is completed for a performance below 100.

        The phase itself says that the assignment ended well, so that nothing of the assignment is written.
        """
        if performance is not None and (penalty := scoring.shortfall(performance)):
            self.effects.extend(PenaliseItem(kind, item_id, penalty) for kind, item_id in assigned(phase))

    def close_assignment(
        self, phase: PhaseState, outcome: str, *, success: bool | None = None, blamed: PoolKind | None = None
    ) -> None:
        """Ends the phase's assignment; a failure penalises its items (only the `blamed` kind, if one is named)."""
        if success is False:
            items = [(kind, item_id) for kind, item_id in assigned(phase) if blamed in (None, kind)]
            self.effects.extend(PenaliseItem(kind, item_id, 1.0) for kind, item_id in items)
        if phase.assignment_id is not None:
            self.effects.append(CloseAssignment(phase.assignment_id, outcome, success))

    def close_completed(self) -> None:
        """Writes what came of the assignments of completed phases, before the phases that say so are dropped."""
        for phase in self.warmup.phases:
            by_worker = phase.last_response is not None and phase.last_response.outcome is None
            if phase.assignment_id is not None and by_worker and phases.is_completed(phase.status):
                score, at = phase.performance_score, phase.completed_at
                self.effects.append(CloseAssignment(phase.assignment_id, COMPLETED, True, score, at))

    def return_items(self, phase: PhaseState, outcome: str) -> None:
        """Takes the items off a phase to which they were never delivered: their use is free again."""
        self.effects.extend(ReturnItem(kind, item_id) for kind, item_id in assigned(phase))
        self.close_assignment(phase, outcome)
        self.set_phase(phase.phase, **UNASSIGNED)

    def reopen(self, phase: PhaseState, move: phases.PhaseTransition, **changes: Any) -> PhaseState:
        """Offers a phase again, with what is assigned to it if that is all it needs."""
        assignment_id = changes.get("assignment_id", phase.assignment_id)
        return self.move_phase(
            phase, move, PhaseStatus.CONTENT_ASSIGNED if assignment_id else PhaseStatus.AVAILABLE, **changes
        )


NOBODY_LEFT: dict[str, int] = dict.fromkeys(LEAVINGS, 0)
"""The counts of what no worker left without an outcome."""
NO_ERROR: dict[str, None] = dict.fromkeys(("error_code", "error_kind", "error_message", "error_details"))
"""The fields of a phase of which no error is known."""
UNASSIGNED: dict[str, None] = dict.fromkeys(
    ("assignment_id", "assigned_content_id", "assigned_text_id", "content_assigned_at")
)
"""The fields of a phase to which nothing is assigned."""


def assigned(phase: PhaseState) -> list[tuple[PoolKind, str]]:
    """The items that are assigned to a phase."""
    both = ((PoolKind.CONTENT, phase.assigned_content_id), (PoolKind.TEXT, phase.assigned_text_id))
    return [(kind, item_id) for kind, item_id in both if item_id is not None]


def counts_of(counted: Warmup | PhaseState) -> dict[str, int]:
    """How often workers left it without an outcome."""
    return {name: getattr(counted, name) for name in LEAVINGS}


def _why(phase: PhaseState, move: phases.PhaseTransition, often: str) -> dict[str, str | None]:
    """Why an operator must decide on a phase. What was delivered once may have been done."""
    code = "crashed" if move is phases.PhaseTransition.EXPIRE else "released"
    kind: str | None = None
    if phase.status is PhaseStatus.COMPLETED:
        message = f"{often}, and nobody has completed the warm-up"
    elif phase.started_at is None:
        message = f"{often} before anything was delivered"
    else:
        kind, message = ReportKind.UNKNOWN, f"{often}: the work may have been done"
    return {**NO_ERROR, "error_code": code, "error_kind": kind, "error_message": message}


def held_phase(warmup: Warmup) -> str | None:
    """The phase that a session works on which holds the account: the first one before the start."""
    return warmup.plan.first if warmup.state is AccountState.READY else warmup.current_phase

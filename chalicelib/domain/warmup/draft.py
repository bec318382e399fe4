"""A warm-up between two states: what a decision has changed so far, and what is to be written beside it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import accounts, phases
from chalicelib.domain.accounts import State
from chalicelib.domain.actions import Action
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import ORDER, PhaseName, Status
from chalicelib.domain.warmup.effects import (
    CloseAssignment,
    CountOutcome,
    DropLease,
    Effect,
    HoldLease,
    Hourly,
    ItemKind,
    ReturnItem,
)
from chalicelib.domain.warmup.state import PhaseState, Step, Warmup


class Draft:
    """The warm-up as it would be stored now. It is made for one decision, and nobody outside sees it."""

    def __init__(self, before: Warmup, now: datetime) -> None:
        self.before, self.warmup, self.now = before, before, now
        self.effects: list[Effect] = []

    def step(self, action: Action, **details: object) -> Step:
        """The decision, as the audit names it."""
        return Step(action, self.warmup, tuple(self.effects), details)

    def set(self, **changes: Any) -> None:
        """Changes fields of the warm-up."""
        self.warmup = replace(self.warmup, **changes)

    def set_phase(self, phase: PhaseName, **changes: Any) -> PhaseState:
        """Changes fields of a phase."""
        changed = [replace(one, **changes) if one.phase is phase else one for one in self.warmup.phases]
        self.set(phases=tuple(changed))
        return self.warmup.phase(phase)

    # transitions

    def move(self, move: accounts.Move, to: State | None = None) -> None:
        """Makes a transition of the account. Raises IllegalMove."""
        self.set(state=accounts.after(self.warmup.state, move, to))

    def move_phase(self, phase: PhaseState, move: phases.Move, to: Status | None = None, **changes: Any) -> PhaseState:
        """Makes a transition of a phase, and changes its fields. Raises IllegalMove."""
        return self.set_phase(phase.phase, status=phases.after(phase.status, move, to), **changes)

    # the lease

    def take_lease(self, lease: Lease) -> None:
        """Gives a new lease to its session."""
        self.set(lease=lease, due_since=self.before.due_at)
        self.effects.append(HoldLease(lease, held_phase(self.before)))

    def end_lease(self, ending: Ending, counts: Hourly | None = None) -> None:
        """Ends the lease, unless it has ended already.

        A session that lost its lease keeps it among what it holds, so that its next heartbeat is told.
        """
        lease = self.warmup.lease
        if lease is None:
            return
        if lease.ended_by is None:
            self.set(lease=replace(lease, ended_by=ending, ended_at=self.now))
        if ending not in (Ending.EXPIRED, Ending.TAKEN_AWAY):
            self.effects.append(DropLease(lease, held_phase(self.before), counts))

    def revoke_lease(self, *, only_expired: bool = False) -> None:
        """Supersedes the lease, live or run out: its holder changes nothing any more, and is told so."""
        lease = self.warmup.lease
        revocable = (Ending.EXPIRED,) if only_expired else (None, Ending.EXPIRED)
        if lease is not None and lease.ended_by in revocable:
            self.set(lease=replace(lease, ended_by=Ending.TAKEN_AWAY, ended_at=self.now))

    # the phase's items

    def close_assignment(
        self,
        phase: PhaseState,
        outcome: str,
        *,
        success: bool | None = None,
        performance: float | None = None,
        blamed: ItemKind | None = None,
    ) -> None:
        """Ends the phase's assignment; its items (only the `blamed` kind, if one is named) count what came of it."""
        if success is not None:
            for kind, item_id in assigned(phase):
                if blamed in (None, kind):
                    self.effects.append(CountOutcome(kind, item_id, success))
        if phase.assignment_id is not None:
            self.effects.append(CloseAssignment(phase.assignment_id, outcome, success, performance))

    def return_items(self, phase: PhaseState, outcome: str) -> None:
        """Takes the items off a phase to which they were never delivered: their use is free again."""
        self.effects.extend(ReturnItem(kind, item_id) for kind, item_id in assigned(phase))
        self.close_assignment(phase, outcome)
        self.set_phase(phase.phase, **UNASSIGNED)

    def reopen(self, phase: PhaseState, move: phases.Move, **changes: Any) -> PhaseState:
        """Offers a phase again, with what is assigned to it if that is all it needs."""
        assignment_id = changes.get("assignment_id", phase.assignment_id)
        return self.move_phase(phase, move, Status.CONTENT_ASSIGNED if assignment_id else Status.AVAILABLE, **changes)


UNASSIGNED: dict[str, None] = dict.fromkeys(
    ("assignment_id", "assigned_content_id", "assigned_text_id", "content_assigned_at")
)
"""The fields of a phase to which nothing is assigned."""


def assigned(phase: PhaseState) -> list[tuple[ItemKind, str]]:
    """The items that are assigned to a phase."""
    both = ((ItemKind.CONTENT, phase.assigned_content_id), (ItemKind.TEXT, phase.assigned_text_id))
    return [(kind, item_id) for kind, item_id in both if item_id is not None]


def held_phase(warmup: Warmup) -> PhaseName | None:
    """The phase that a session works on which holds the account: the first one before the start."""
    return ORDER[0] if warmup.state is State.READY else warmup.current_phase

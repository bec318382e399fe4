"""The statuses of a phase, and the transitions between them.

A phase is a state machine, and the machine is the table `TRANSITIONS`: status → transition → the statuses that it may
lead to. Every status is a key; the terminal one maps to nothing. A status is set by `after` alone, which looks the
transition up and refuses what the table does not hold. Whether the caller may
make it now is asked before (`leases`, `blockers`).

A worker may leave a phase without an outcome, by a release or as its lease runs out, at whatever step it was: the phase
goes back to where the next worker finds it, or to `requires_review` once that has happened too often. A holder whose
lease ran out, and whom nobody has superseded, may still report what happened: hence `complete`, `fail`, `replace` and
`escalate` from `content_assigned`. Only `leases.may_still_tell` admits such a late holder.
"""

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.domain.errors import InvalidTransition


class PhaseStatus(StrEnum):
    """Where a phase stands."""

    PENDING = "pending"
    AVAILABLE = "available"
    CONTENT_ASSIGNED = "content_assigned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    REQUIRES_REVIEW = "requires_review"


class PhaseTransition(StrEnum):
    """What can happen to a phase."""

    OPEN = "open"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    DELIVER = "deliver"
    COMPLETE = "complete"
    FAIL = "fail"
    REPLACE = "replace_content"
    ESCALATE = "escalate"
    RELEASE = "release"
    EXPIRE = "expire"
    REOPEN = "reopen"
    RETRY = "retry"
    RESOLVE = "resolve"
    SKIP = "skip"
    MIGRATE = "migrate"


TRANSITIONS: Mapping[PhaseStatus, Mapping[PhaseTransition, tuple[PhaseStatus, ...]]] = {
    PhaseStatus.PENDING: {
        PhaseTransition.OPEN: (PhaseStatus.AVAILABLE,),
        PhaseTransition.SKIP: (PhaseStatus.COMPLETED,),
        PhaseTransition.MIGRATE: (PhaseStatus.PENDING, PhaseStatus.AVAILABLE),
    },
    PhaseStatus.AVAILABLE: {
        PhaseTransition.ASSIGN: (PhaseStatus.CONTENT_ASSIGNED,),
        PhaseTransition.MIGRATE: (PhaseStatus.PENDING, PhaseStatus.AVAILABLE),
        PhaseTransition.RELEASE: (PhaseStatus.AVAILABLE, PhaseStatus.REQUIRES_REVIEW),
        PhaseTransition.EXPIRE: (PhaseStatus.AVAILABLE, PhaseStatus.REQUIRES_REVIEW),
        PhaseTransition.SKIP: (PhaseStatus.COMPLETED,),
    },
    PhaseStatus.CONTENT_ASSIGNED: {
        PhaseTransition.ASSIGN: (PhaseStatus.CONTENT_ASSIGNED,),
        PhaseTransition.UNASSIGN: (PhaseStatus.AVAILABLE,),
        PhaseTransition.DELIVER: (PhaseStatus.IN_PROGRESS,),
        PhaseTransition.COMPLETE: (PhaseStatus.COMPLETED,),
        PhaseTransition.FAIL: (PhaseStatus.FAILED,),
        PhaseTransition.REPLACE: (PhaseStatus.AVAILABLE,),
        PhaseTransition.ESCALATE: (PhaseStatus.REQUIRES_REVIEW,),
        PhaseTransition.RELEASE: (PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.REQUIRES_REVIEW),
        PhaseTransition.EXPIRE: (PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.REQUIRES_REVIEW),
        PhaseTransition.SKIP: (PhaseStatus.COMPLETED,),
    },
    PhaseStatus.IN_PROGRESS: {
        PhaseTransition.COMPLETE: (PhaseStatus.COMPLETED,),
        PhaseTransition.FAIL: (PhaseStatus.FAILED,),
        PhaseTransition.REPLACE: (PhaseStatus.AVAILABLE,),
        PhaseTransition.ESCALATE: (PhaseStatus.REQUIRES_REVIEW,),
        PhaseTransition.RELEASE: (PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.REQUIRES_REVIEW),
        PhaseTransition.EXPIRE: (PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.REQUIRES_REVIEW),
        PhaseTransition.SKIP: (PhaseStatus.COMPLETED,),
    },
    PhaseStatus.FAILED: {
        PhaseTransition.REOPEN: (PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.AVAILABLE),
        PhaseTransition.RETRY: (PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.AVAILABLE),
        PhaseTransition.RESOLVE: (PhaseStatus.COMPLETED,),
        PhaseTransition.SKIP: (PhaseStatus.COMPLETED,),
        PhaseTransition.MIGRATE: (PhaseStatus.FAILED,),
    },
    PhaseStatus.REQUIRES_REVIEW: {
        PhaseTransition.COMPLETE: (PhaseStatus.COMPLETED,),
        PhaseTransition.RETRY: (PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.AVAILABLE),
        PhaseTransition.RESOLVE: (PhaseStatus.COMPLETED,),
        PhaseTransition.SKIP: (PhaseStatus.COMPLETED,),
    },
    PhaseStatus.COMPLETED: {},
}

ATTENTION = frozenset({PhaseStatus.FAILED, PhaseStatus.REQUIRES_REVIEW})


def needs_attention(status: PhaseStatus | None) -> bool:
    """Whether operators look at a phase in this status: it failed, or waits for their decision."""
    return status in ATTENTION


def needs_decision(status: PhaseStatus | None) -> bool:
    """Whether the phase waits for an operator's decision."""
    return status is PhaseStatus.REQUIRES_REVIEW


def has_content(status: PhaseStatus | None) -> bool:
    """Whether content is assigned to a phase in this status; to one that needs attention it may be, too."""
    return status in (PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.IN_PROGRESS)


def is_completed(status: PhaseStatus) -> bool:
    """Whether the phase is done."""
    return status is PhaseStatus.COMPLETED


def after(status: PhaseStatus, move: PhaseTransition, to: PhaseStatus | None = None) -> PhaseStatus:
    """The status that `move` leads to from `status`; `to` chooses where the table holds several (default: the first).

    Raises InvalidTransition when the table does not hold the move, or not with this target.
    """
    targets = TRANSITIONS[status].get(move, ())
    if not targets or (to is not None and to not in targets):
        raise InvalidTransition(subject="phase", state=status, move=move, possible=sorted(TRANSITIONS[status]))
    return to or targets[0]


def is_worded_by(bot_id: str, worker: str | None, reported_under: str | None, worked_under: str | None) -> bool:
    """Whether this bot wrote what a phase holds of its worker's words.

    The last worker did, unless it took the phase with the report of an earlier lease still standing in it.
    """
    return worker == bot_id and reported_under in (None, worked_under)

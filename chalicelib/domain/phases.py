"""The five phases and the transitions between their statuses.

A phase is a state machine, and the machine is the table `TRANSITIONS`: status → transition → the statuses that it may
lead to. Every status is a key; the terminal one maps to nothing. A status is set by `after` alone, which looks the
transition up and refuses what the table does not hold. Who may make it, and when,
is asked before (`leases`, `blockers`).

A worker may leave a phase without an outcome, by a release or as its lease runs out, at whatever step it was: the phase
goes back to where the next worker finds it, or to `requires_review` once that has happened too often. A holder whose
lease ran out, and whom nobody has superseded, may still report what happened: hence `complete`, `fail`, `replace` and
`escalate` from `content_assigned`. Only `leases.may_still_tell` admits such a late holder.
"""

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.domain.errors import InvalidTransition


class PhaseName(StrEnum):
    """The phases, in the order in which an account passes them."""

    PFP = "pfp"
    BIO = "bio"
    POST = "post"
    HIGHLIGHT = "highlight"
    STORY = "story"


class Status(StrEnum):
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


ORDER: tuple[PhaseName, ...] = tuple(PhaseName)

TRANSITIONS: Mapping[Status, Mapping[PhaseTransition, tuple[Status, ...]]] = {
    Status.PENDING: {
        PhaseTransition.OPEN: (Status.AVAILABLE,),
        PhaseTransition.SKIP: (Status.COMPLETED,),
    },
    Status.AVAILABLE: {
        PhaseTransition.ASSIGN: (Status.CONTENT_ASSIGNED,),
        PhaseTransition.RELEASE: (Status.AVAILABLE, Status.REQUIRES_REVIEW),
        PhaseTransition.EXPIRE: (Status.AVAILABLE, Status.REQUIRES_REVIEW),
        PhaseTransition.SKIP: (Status.COMPLETED,),
    },
    Status.CONTENT_ASSIGNED: {
        PhaseTransition.ASSIGN: (Status.CONTENT_ASSIGNED,),
        PhaseTransition.UNASSIGN: (Status.AVAILABLE,),
        PhaseTransition.DELIVER: (Status.IN_PROGRESS,),
        PhaseTransition.COMPLETE: (Status.COMPLETED,),
        PhaseTransition.FAIL: (Status.FAILED,),
        PhaseTransition.REPLACE: (Status.AVAILABLE,),
        PhaseTransition.ESCALATE: (Status.REQUIRES_REVIEW,),
        PhaseTransition.RELEASE: (Status.CONTENT_ASSIGNED, Status.REQUIRES_REVIEW),
        PhaseTransition.EXPIRE: (Status.CONTENT_ASSIGNED, Status.REQUIRES_REVIEW),
        PhaseTransition.SKIP: (Status.COMPLETED,),
    },
    Status.IN_PROGRESS: {
        PhaseTransition.COMPLETE: (Status.COMPLETED,),
        PhaseTransition.FAIL: (Status.FAILED,),
        PhaseTransition.REPLACE: (Status.AVAILABLE,),
        PhaseTransition.ESCALATE: (Status.REQUIRES_REVIEW,),
        PhaseTransition.RELEASE: (Status.CONTENT_ASSIGNED, Status.REQUIRES_REVIEW),
        PhaseTransition.EXPIRE: (Status.CONTENT_ASSIGNED, Status.REQUIRES_REVIEW),
        PhaseTransition.SKIP: (Status.COMPLETED,),
    },
    Status.FAILED: {
        PhaseTransition.REOPEN: (Status.CONTENT_ASSIGNED, Status.AVAILABLE),
        PhaseTransition.RETRY: (Status.CONTENT_ASSIGNED, Status.AVAILABLE),
        PhaseTransition.RESOLVE: (Status.COMPLETED,),
        PhaseTransition.SKIP: (Status.COMPLETED,),
    },
    Status.REQUIRES_REVIEW: {
        PhaseTransition.COMPLETE: (Status.COMPLETED,),
        PhaseTransition.RETRY: (Status.CONTENT_ASSIGNED, Status.AVAILABLE),
        PhaseTransition.RESOLVE: (Status.COMPLETED,),
        PhaseTransition.SKIP: (Status.COMPLETED,),
    },
    Status.COMPLETED: {},
}

ATTENTION = frozenset({Status.FAILED, Status.REQUIRES_REVIEW})


def after(status: Status, move: PhaseTransition, to: Status | None = None) -> Status:
    """The status that `move` leads to from `status`; `to` chooses where the table holds several (default: the first).

    Raises InvalidTransition when the table does not hold the move, or not with this target.
    """
    targets = TRANSITIONS[status].get(move, ())
    if not targets or (to is not None and to not in targets):
        raise InvalidTransition(subject="phase", state=status, move=move, possible=sorted(TRANSITIONS[status]))
    return to or targets[0]


def following(phase: PhaseName) -> PhaseName | None:
    """The phase after this one, None after the last."""
    position = ORDER.index(phase) + 1
    return ORDER[position] if position < len(ORDER) else None

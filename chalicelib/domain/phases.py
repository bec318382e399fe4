"""The five phases and the moves between their statuses.

A phase is a state machine, and the machine is the table `MOVES`: status → move → the statuses that the move may lead
to. Every status is a key; the terminal one maps to nothing. Nobody sets a status but by `after`, which looks the move
up and refuses what the table does not hold. Who may make a move, and when, is asked before (`leases`, `blockers`).

A worker may leave a phase without an outcome, by a release or as its lease runs out, at whatever step it was: the phase
goes back to where the next worker finds it, or to `requires_review` once that has happened too often. A holder whose
lease ran out, and whom nobody has superseded, may still report what happened: hence `complete`, `fail`, `swap` and
`escalate` from `content_assigned`. Only `leases.may_still_tell` admits such a late holder.
"""

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.domain.errors import IllegalMove


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


class Move(StrEnum):
    """What can happen to a phase."""

    OPEN = "open"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    DELIVER = "deliver"
    COMPLETE = "complete"
    FAIL = "fail"
    SWAP = "swap"
    ESCALATE = "escalate"
    RELEASE = "release"
    EXPIRE = "expire"
    REOPEN = "reopen"
    RETRY = "retry"
    RESOLVE = "resolve"
    SKIP = "skip"


ORDER: tuple[PhaseName, ...] = tuple(PhaseName)

MOVES: Mapping[Status, Mapping[Move, tuple[Status, ...]]] = {
    Status.PENDING: {
        Move.OPEN: (Status.AVAILABLE,),
        Move.SKIP: (Status.COMPLETED,),
    },
    Status.AVAILABLE: {
        Move.ASSIGN: (Status.CONTENT_ASSIGNED,),
        Move.RELEASE: (Status.AVAILABLE, Status.REQUIRES_REVIEW),
        Move.EXPIRE: (Status.AVAILABLE, Status.REQUIRES_REVIEW),
        Move.SKIP: (Status.COMPLETED,),
    },
    Status.CONTENT_ASSIGNED: {
        Move.ASSIGN: (Status.CONTENT_ASSIGNED,),
        Move.UNASSIGN: (Status.AVAILABLE,),
        Move.DELIVER: (Status.IN_PROGRESS,),
        Move.COMPLETE: (Status.COMPLETED,),
        Move.FAIL: (Status.FAILED,),
        Move.SWAP: (Status.AVAILABLE,),
        Move.ESCALATE: (Status.REQUIRES_REVIEW,),
        Move.RELEASE: (Status.CONTENT_ASSIGNED, Status.REQUIRES_REVIEW),
        Move.EXPIRE: (Status.CONTENT_ASSIGNED, Status.REQUIRES_REVIEW),
        Move.SKIP: (Status.COMPLETED,),
    },
    Status.IN_PROGRESS: {
        Move.COMPLETE: (Status.COMPLETED,),
        Move.FAIL: (Status.FAILED,),
        Move.SWAP: (Status.AVAILABLE,),
        Move.ESCALATE: (Status.REQUIRES_REVIEW,),
        Move.RELEASE: (Status.CONTENT_ASSIGNED, Status.REQUIRES_REVIEW),
        Move.EXPIRE: (Status.CONTENT_ASSIGNED, Status.REQUIRES_REVIEW),
        Move.SKIP: (Status.COMPLETED,),
    },
    Status.FAILED: {
        Move.REOPEN: (Status.CONTENT_ASSIGNED, Status.AVAILABLE),
        Move.RETRY: (Status.CONTENT_ASSIGNED, Status.AVAILABLE),
        Move.RESOLVE: (Status.COMPLETED,),
        Move.SKIP: (Status.COMPLETED,),
    },
    Status.REQUIRES_REVIEW: {
        Move.COMPLETE: (Status.COMPLETED,),
        Move.RETRY: (Status.CONTENT_ASSIGNED, Status.AVAILABLE),
        Move.RESOLVE: (Status.COMPLETED,),
        Move.SKIP: (Status.COMPLETED,),
    },
    Status.COMPLETED: {},
}

ATTENTION = frozenset({Status.FAILED, Status.REQUIRES_REVIEW})


def after(status: Status, move: Move, to: Status | None = None) -> Status:
    """The status that `move` leads to from `status`; `to` chooses where the table holds several (default: the first).

    Raises IllegalMove when the table does not hold the move, or not with this target.
    """
    targets = MOVES[status].get(move, ())
    if not targets or (to is not None and to not in targets):
        raise IllegalMove(subject="phase", state=status, move=move, possible=sorted(MOVES[status]))
    return to or targets[0]


def following(phase: PhaseName) -> PhaseName | None:
    """The phase after this one, None after the last."""
    position = ORDER.index(phase) + 1
    return ORDER[position] if position < len(ORDER) else None

"""Effects: what is written beside a warm-up when a decision is stored, in the same transaction."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.leases import Lease
from chalicelib.domain.records import record
from chalicelib.domain.selection import PoolKind

COMPLETED = "completed"
"""The outcome of an assignment whose phase its worker completed: it stands in the phase, until that is dropped."""


class Hourly(StrEnum):
    """What is counted by the hour."""

    COMPLETED = "completed"
    FAILED = "failed"


@record
class HoldLease:
    """The session holds a lease, taken while the account was in `phase` (None: behind the last).

    `licensed_until`: when the licence of what is delivered under it ends.
    """

    lease: Lease
    phase: str | None
    licensed_until: datetime | None = None


@record
class DropLease:
    """The session no longer holds a lease that it ended itself; `counts` the outcome."""

    lease: Lease
    phase: str | None
    counts: Hourly | None = None


@record
class WarnHolder:
    """The session is warned that content which it holds under the lease was withdrawn."""

    lease: Lease


@record
class NoteLicence:
    """The session that holds the lease already learns when the licence of what it was given ends."""

    lease: Lease
    until: datetime


@record
class UseItem:
    """One use of an item is taken."""

    kind: PoolKind
    item_id: str


@record
class ReturnItem:
    """One use of an item that was never delivered is free again."""

    kind: PoolKind
    item_id: str


@record
class PenaliseItem:
    """An item's penalty grows, or shrinks where `by` is negative: a use counts as a success until then."""

    kind: PoolKind
    item_id: str
    by: float


@record
class RequireRights:
    """An item that was assigned before is delivered now, on condition that it still has its rights."""

    kind: PoolKind
    item_id: str


@record
class OpenAssignment:
    """Items are assigned to a phase, and why. `delivered` where that is done in the same step."""

    assignment_id: str
    phase: str
    content_id: str | None
    text_id: str | None
    attempt: int
    delivered: bool
    reason: str
    score: float | None = None
    scores: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict, hash=False)


@record
class DeliverAssignment:
    """An assignment is delivered for the first time."""

    assignment_id: str


@record
class CloseAssignment:
    """An assignment ends, `at` an instant or now. `success` None where nobody can say."""

    assignment_id: str
    outcome: str
    success: bool | None
    performance: float | None = None
    at: datetime | None = None


@record
class MeasureAssignment:
    """It became known how the content of an assignment did that has ended."""

    assignment_id: str
    performance_score: float
    measured_at: datetime
    metrics: Mapping[str, object] = field(default_factory=dict, hash=False)


Effect = (
    HoldLease
    | DropLease
    | WarnHolder
    | NoteLicence
    | UseItem
    | ReturnItem
    | PenaliseItem
    | RequireRights
    | OpenAssignment
    | DeliverAssignment
    | CloseAssignment
    | MeasureAssignment
)

"""What accounts were given."""

from datetime import datetime
from typing import Any

from chalicelib.edge.answers import Document
from chalicelib.tables import Assignment as Item


class Assignment(Document):
    """What was given to an account's phase, why, and the outcome; `scores` by `content` and `text`."""

    assignment_id: str
    account_id: str
    model_id: str
    phase: str
    content_type: str | None
    content_id: str | None
    text_id: str | None
    assignment_score: float | None
    assignment_reason: str
    assigned_at: datetime
    assigned_by: str
    delivered_at: datetime | None
    used_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    success: bool | None
    performance_score: float | None
    measured_at: datetime | None
    metrics: dict[str, Any]
    attempt: int
    scores: dict[str, dict[str, float | str]]

    @staticmethod
    def from_item(item: Item) -> "Assignment":
        """Return what the table holds of an assignment."""
        return Assignment(
            assignment_id=item.assignment_id,
            account_id=item.account_id,
            model_id=item.model_id,
            phase=item.phase,
            content_type=item.content_type,
            content_id=item.content_id,
            text_id=item.text_id,
            assignment_score=item.assignment_score,
            assignment_reason=item.assignment_reason,
            assigned_at=item.assigned_at,
            assigned_by=item.assigned_by,
            delivered_at=item.delivered_at,
            used_at=item.used_at,
            ended_at=item.ended_at,
            outcome=item.outcome,
            success=item.success,
            performance_score=item.performance_score,
            measured_at=item.measured_at,
            metrics=item.metrics or {},
            attempt=item.attempt,
            scores=item.scores or {},
        )

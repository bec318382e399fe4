"""How a phase stands, and what came of working on it."""

from datetime import datetime
from typing import Any, Self

from chalicelib.context import Actor, ActorKind
from chalicelib.domain.phases import PhaseStatus, is_worded_by
from chalicelib.domain.retries import ReportOutcome
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.services import performance, phases
from chalicelib.services.phases import Next
from chalicelib.tables import Phase as Item


class Phase(Document):
    """One phase of one account, with all its fields."""

    phase: str
    status: PhaseStatus
    available_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    bot_id: str | None
    bot_session_id: str | None
    assigned_content_id: str | None
    assigned_text_id: str | None
    content_assigned_at: datetime | None
    error_code: str | None
    error_kind: str | None
    error_message: str | None
    error_details: Any
    retry_count: int
    crash_count: int
    release_count: int
    replacement_count: int
    attempt: int
    skipped: bool
    execution_time_ms: int | None
    platform_response: Any
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def from_item(item: Item, status: PhaseStatus | None = None, reader: Actor | None = None) -> "Phase":
        """Return what the table holds of a phase, in that status if one is given; a bot reads its own words only."""
        shows = _shows_words(reader, item)
        return Phase(
            phase=item.name,
            status=status or item.status,
            available_at=item.available_at,
            started_at=item.started_at,
            completed_at=item.completed_at,
            bot_id=item.bot_id,
            bot_session_id=item.bot_session_id,
            assigned_content_id=item.assigned_content_id,
            assigned_text_id=item.assigned_text_id,
            content_assigned_at=item.content_assigned_at,
            error_code=item.error_code,
            error_kind=item.error_kind,
            error_message=item.error_message if shows else None,
            error_details=item.error_details if shows else None,
            retry_count=item.retry_count,
            crash_count=item.crash_count,
            release_count=item.release_count,
            replacement_count=item.replacement_count,
            attempt=item.attempt,
            skipped=item.skipped,
            execution_time_ms=item.execution_time_ms,
            platform_response=item.platform_response if shows else None,
            created_at=item.created_at,
            updated_at=item.updated_at,
        )


def _shows_words(reader: Actor | None, item: Item) -> bool:
    if reader is None or reader.kind is not ActorKind.BOT:
        return True
    answer = item.last_response or {}
    reported_under = answer.get("token") if answer.get("outcome") else None
    return is_worded_by(reader.id, item.bot_id, reported_under, item.lease_token)


class Masking(Replayed):
    """What a worker's message became; `masked` points to what of it looked like a secret, and is not kept."""

    masked: list[str]


class Completion(Masking):
    """A completed phase and what is next; `late`: the lease had run out, but nobody had come after."""

    account_id: str
    phase: Phase
    next: Next
    late: bool

    @classmethod
    def of(cls, found: phases.CompletedPhase, masked: list[str], reader: Actor) -> Self:
        """Return how the phase stands, and what comes after it."""
        return cls(
            replayed=found.replayed,
            masked=masked,
            account_id=found.account_id,
            phase=Phase.from_item(found.phase, reader=reader),
            next=found.next,
            late=found.late,
        )


class Report(Masking):
    """A phase after a report of failure, and what the service makes of it."""

    account_id: str
    phase: Phase
    outcome: ReportOutcome
    available_at: datetime | None

    @classmethod
    def of(cls, found: phases.ReportedPhase, masked: list[str], reader: Actor) -> Self:
        """Return how the phase stands, and what the report made of it."""
        return cls(
            replayed=found.replayed,
            masked=masked,
            account_id=found.account_id,
            phase=Phase.from_item(found.phase, reader=reader),
            outcome=found.outcome,
            available_at=found.available_at,
        )


class Performance(Masking):
    """The measurement that counts for the content of a phase: the latest."""

    account_id: str
    phase: str
    assignment_id: str
    performance_score: float
    metrics: dict[str, Any]
    measured_at: datetime

    @classmethod
    def of(cls, found: performance.MeasuredPhase, masked: list[str]) -> Self:
        """Return what counts for the phase."""
        return cls(
            replayed=found.replayed,
            masked=masked,
            account_id=found.account_id,
            phase=found.phase,
            assignment_id=found.assignment_id,
            performance_score=found.measurement.performance_score,
            metrics=dict(found.measurement.metrics),
            measured_at=found.measurement.measured_at,
        )

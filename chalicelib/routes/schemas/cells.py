"""What a list of accounts shows of a phase."""

from datetime import datetime

from chalicelib.domain.phases import PhaseStatus
from chalicelib.edge.answers import Document
from chalicelib.tables import Phase


class Cell(Document):
    """A phase in a list of accounts."""

    phase: str
    status: PhaseStatus
    available_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    bot_id: str | None
    skipped: bool
    error_code: str | None
    error_kind: str | None
    retry_count: int
    crash_count: int
    release_count: int
    replacement_count: int
    assigned_content_id: str | None
    assigned_text_id: str | None

    @staticmethod
    def from_item(item: Phase, status: PhaseStatus) -> "Cell":
        """Return what a list shows of a phase in that status."""
        return Cell(
            phase=item.name,
            status=status,
            available_at=item.available_at,
            started_at=item.started_at,
            completed_at=item.completed_at,
            updated_at=item.updated_at,
            bot_id=item.bot_id,
            skipped=item.skipped,
            error_code=item.error_code,
            error_kind=item.error_kind,
            retry_count=item.retry_count,
            crash_count=item.crash_count,
            release_count=item.release_count,
            replacement_count=item.replacement_count,
            assigned_content_id=item.assigned_content_id,
            assigned_text_id=item.assigned_text_id,
        )

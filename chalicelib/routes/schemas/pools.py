"""What media items and texts have in common, and what became of many of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar

from chalicelib.batches import RowOutcome, counts
from chalicelib.domain import rights, scoring
from chalicelib.domain.rights import ItemStatus
from chalicelib.domain.uses import ItemUser
from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.edge.problems import RowError, row_error
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.services.pools import MadeItem
from chalicelib.tables import pools

T = TypeVar("T")


class Licence(Document):
    """Who licensed an item, until when."""

    licensed_by: str
    valid_until: datetime | None


def _licence(item: pools.PoolItem) -> Licence | None:
    if not item.licensed_by:
        return None
    return Licence(licensed_by=item.licensed_by, valid_until=item.licence_valid_until)


class ItemSummary(Document):
    """What media items and texts have in common."""

    model_id: str
    category: str
    theme: str | None
    status: ItemStatus
    enabled: bool
    quality_score: float
    usage_count: int
    max_usage: int
    successes: float
    failures: float
    last_assigned_at: datetime | None
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime
    version: int
    tags: list[str]
    licence: Licence | None

    @staticmethod
    def from_pool(item: pools.PoolItem, now: datetime) -> "ItemSummary":
        """Return what the table holds of an item, and the status that one sees now."""
        return ItemSummary(
            model_id=item.model_id,
            category=item.category,
            theme=item.theme,
            status=rights.status_of(item, now),
            enabled=item.enabled,
            quality_score=item.quality_score,
            usage_count=item.usage_count,
            max_usage=item.max_usage,
            successes=scoring.successes(item),
            failures=item.penalty,
            last_assigned_at=item.last_assigned_at,
            created_at=item.created_at,
            created_by=item.created_by,
            approved_by=item.approved_by,
            updated_at=item.updated_at,
            version=item.version,
            tags=sorted(item.tags or ()),
            licence=_licence(item),
        )


class EditedItem(Replayed):
    """What every edit of an item answers; where it lost its rights, with the accounts that have or had it."""

    users: list[ItemUser] | Absent = ABSENT
    has_more: bool | Absent = ABSENT


class RefusedEntry(Document):
    """One of a list that was not accepted."""

    outcome: Literal["refused"]
    error: RowError


class Outcomes(Document, Generic[T]):
    """What became of each of a list, in its order."""

    items: list[T | RefusedEntry]


class ImportedItem(Document):
    """What became of a row of an import: `created`, `unchanged`, `refused` or `left` (no time for it).

    Rows are counted from 1, blank ones not; `line` is where the row begins in the body, from 1.
    """

    row: int
    line: int
    outcome: str
    warnings: list[str]
    content_id: str | Absent | None = ABSENT
    text_id: str | Absent | None = ABSENT
    error: RowError | Absent = ABSENT

    @classmethod
    def of(cls, found: RowOutcome[MadeItem[pools.PoolItem]], line: int, now: datetime, *, texts: bool) -> Self:
        """Return what became of a row, and the line on which it begins."""
        return cls(
            row=found.row,
            line=line,
            outcome=found.outcome,
            warnings=[] if found.made is None else found.made.warnings,
            content_id=ABSENT if texts else found.item_id,
            text_id=found.item_id if texts else ABSENT,
            error=ABSENT if found.error is None else row_error(found.error),
        )


class PoolImport(Document):
    """What became of each row."""

    dry_run: bool
    counts: dict[str, int]
    rows: list[ImportedItem]

    @classmethod
    def of(
        cls,
        found: Sequence[RowOutcome[Any]],
        lines: Sequence[int],
        now: datetime,
        *,
        texts: bool,
        dry_run: bool,
    ) -> Self:
        """Return what became of each row with its line, and the counts of that."""
        rows = [ImportedItem.of(*one, now, texts=texts) for one in zip(found, lines, strict=True)]
        return cls(dry_run=dry_run, counts=counts(found), rows=rows)

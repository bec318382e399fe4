"""What selection would do for a phase, and why."""

from typing import Self

from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import Need
from chalicelib.domain.selection import Choice, PoolKind
from chalicelib.edge.answers import Document
from chalicelib.services import explain
from chalicelib.services.explain import RefusedItem
from chalicelib.tables.pools import PoolItem


class Candidate(Document):
    """An item that could be chosen, with the four parts of its score."""

    item_id: str
    category: str
    theme: str | None
    usage_count: int
    max_usage: int
    score: float
    rank: float
    quality: float
    freshness: float
    success: float
    relevance: float

    @staticmethod
    def of(found: Choice[PoolItem]) -> "Candidate":
        """Return an item with its score."""
        return Candidate(
            item_id=found.item.item_id,
            category=found.item.category,
            theme=found.item.theme,
            usage_count=found.item.usage_count,
            max_usage=found.item.max_usage,
            score=found.score.score,
            rank=found.score.rank,
            quality=found.score.quality,
            freshness=found.score.freshness,
            success=found.score.success,
            relevance=found.score.relevance,
        )


class Explanation(Document):
    """What selection would do for one need of a phase; `reasons` counts the refused."""

    kind: PoolKind
    need: Need
    category: str | None
    leading: list[Candidate]
    refused: list[RefusedItem]
    reasons: dict[str, int]
    has_more: bool

    @staticmethod
    def of(found: explain.NeedExplanation) -> "Explanation":
        """Return the leading items and the refused ones."""
        return Explanation(
            kind=found.kind,
            need=found.need,
            category=found.category,
            leading=[Candidate.of(one) for one in found.leading],
            refused=found.refused,
            reasons=found.counts,
            has_more=found.has_more,
        )


class Explained(Document):
    """What selection would do for a phase now."""

    account_id: str
    phase: str
    status: PhaseStatus | None
    assigned_content_id: str | None
    assigned_text_id: str | None
    needs: list[Explanation]

    @classmethod
    def of(cls, found: explain.PhaseExplanation) -> Self:
        """Return what is assigned already, and what selection would do for each need."""
        assigned = found.assigned
        return cls(
            account_id=found.account_id,
            phase=found.phase,
            status=found.status,
            assigned_content_id=None if assigned is None else assigned.assigned_content_id,
            assigned_text_id=None if assigned is None else assigned.assigned_text_id,
            needs=[Explanation.of(one) for one in found.explanations],
        )

"""What the record says of a pool: items that are never chosen, and by which part of the score they lose."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from chalicelib.domain import scoring
from chalicelib.domain.records import record

WEIGHTS = {"quality": 0.30, "freshness": 0.25, "success": 0.25, "relevance": 0.20}


class Judged(scoring.Scored, Protocol):
    """What the analysis reads of an item."""

    @property
    def item_id(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def last_assigned_at(self) -> datetime | None: ...


J = TypeVar("J", bound=Judged)


@record
class Loser:
    """An item that always loses, and by which part of its score."""

    item_id: str
    others: int
    part: str
    behind: float
    parts: Mapping[str, float]


def losers(items: Sequence[Judged], themes: Sequence[str | None]) -> list[Loser]:
    """The items of one category that always lose, furthest behind first.

    `themes` are those of the accounts that the pool feeds: relevance is the mean over them. What was used counts as it
    was before its use (freshness 100), so that freshness does not reward a loss.
    """
    found = []
    for item in items:
        if item.usage_count or item.last_assigned_at is not None:
            continue
        since = item.created_at
        others = [one for one in items if one.last_assigned_at is not None and one.last_assigned_at > since]
        if others:
            found.append(_loser(item, others, themes))
    return sorted(found, key=lambda loser: (-loser.behind, loser.item_id))


def _loser(item: Judged, others: Sequence[Judged], themes: Sequence[str | None]) -> Loser:
    own, theirs = _parts(item, themes), [_parts(one, themes) for one in others]
    behind = {name: round(sum(one[name] for one in theirs) / len(theirs) - own[name], 4) for name in WEIGHTS}
    part = max(behind, key=lambda name: behind[name])
    return Loser(item.item_id, len(others), part, behind[part], behind)


def _parts(item: Judged, themes: Sequence[str | None]) -> dict[str, float]:
    fits = [scoring.relevance(item.theme, theme) for theme in themes or (None,)]
    parts = {
        "quality": item.quality_score,
        "freshness": 100.0,
        "success": scoring.success(item),
        "relevance": sum(fits) / len(fits),
    }
    return {name: WEIGHTS[name] * part for name, part in parts.items()}

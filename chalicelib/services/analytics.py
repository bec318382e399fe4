"""What the record says of a model's pools: uses, outcomes, fallbacks, items that are never chosen."""

from collections import Counter
from collections.abc import Sequence

from chalicelib.context import Context
from chalicelib.domain import analysis, scoring, selection
from chalicelib.domain.analysis import Loser
from chalicelib.domain.categories import Category
from chalicelib.domain.records import record
from chalicelib.domain.selection import ANY, PoolKind
from chalicelib.tables import assignments, runways
from chalicelib.tables.pools import PoolItem
from chalicelib.visible import visible_model

_MOST_ACCOUNTS = 500
_MOST_FALLBACKS = 2000


@record
class AnalysedCategory:
    """What the record says of one category."""

    kind: PoolKind
    category: str
    items: int
    uses: int
    successes: float
    failures: float
    fallbacks: int
    fallback_share: float | None
    unused: int
    always_lose: list[Loser]


@record
class Analytics:
    """What the record says of a model's pools."""

    model_id: str
    categories: list[AnalysedCategory]
    has_more: bool


def analyse(context: Context, model_id: str) -> Analytics:
    """What the record says of a model's pools. Raises NotFound."""
    model = visible_model(context, model_id)
    accounts = runways.accounts(model, context.settings.queue_shards, context.now, runways.undated(), _MOST_ACCOUNTS)
    complete, themes = accounts.complete, [one.theme for one in accounts.under_way]
    categories = []
    for kind, table in runways.KINDS.items():
        items, whole = runways.items(table, model_id)
        fallbacks, all_counted = _fallbacks(kind, items)
        complete = complete and whole and all_counted
        for category in Category:
            own = [item for item in items if item.category == category]
            categories.append(_category(context, kind, category, own, themes, fallbacks[category]))
    return Analytics(model_id, categories, has_more=not complete)


def _fallbacks(kind: PoolKind, items: Sequence[PoolItem]) -> tuple[Counter[str], bool]:
    """By the category that was asked for, the assignments of items of `any`; and whether all were counted."""
    counted: Counter[str] = Counter()
    left = _MOST_FALLBACKS
    for item in items:
        if item.category == ANY and item.last_assigned_at is not None:
            rows, whole = assignments.of_item(item.item_id, texts=kind is PoolKind.TEXT, most=left)
            counted.update(row.content_type or row.phase for row in rows)
            left -= len(rows)
            if not whole or left <= 0:
                return counted, False
    return counted, True


def _category(
    context: Context,
    kind: PoolKind,
    category: str,
    own: Sequence[PoolItem],
    themes: Sequence[str | None],
    fallbacks: int,
) -> AnalysedCategory:
    uses = sum(item.usage_count for item in own)
    total = uses + fallbacks
    usable = [item for item in own if selection.unlicensed(item, context.now) is None]
    return AnalysedCategory(
        kind=kind,
        category=category,
        items=len(own),
        uses=uses,
        successes=round(sum(scoring.successes(item) for item in own), 4),
        failures=round(sum(item.penalty for item in own), 4),
        fallbacks=fallbacks,
        fallback_share=round(fallbacks / total, 4) if total else None,
        unused=sum(item.last_assigned_at is None for item in own),
        always_lose=analysis.losers(usable, themes),
    )

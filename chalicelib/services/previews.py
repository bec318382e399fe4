"""What a plan would make of accounts that start on it now: dates, what the pools would give, who would wait."""

from collections import Counter
from collections.abc import Mapping, Sequence

from chalicelib.context import Context
from chalicelib.domain import selection, uses
from chalicelib.domain.plan_documents import plan_of
from chalicelib.domain.plans import Plan
from chalicelib.domain.records import record
from chalicelib.domain.runway import Journey, newcomer, simulate
from chalicelib.domain.selection import PoolKind
from chalicelib.tables import runways
from chalicelib.tables.plans import version_of
from chalicelib.tables.pools import PoolItem
from chalicelib.visible import visible_model

_SPARE_SECONDS = 2.0
_Category = tuple[PoolKind, str]


@record
class PoolShare:
    """What one category of a pool would give to the accounts of a plan.

    `eligible` items can be given now by a phase that draws from here, with `uses_left` in all. `needed` is what the
    accounts would use and what they would never find, `from_any` how much of it comes from `any`, `unmet` how many
    accounts find nothing here, ever.
    """

    kind: PoolKind
    category: str
    items: int
    eligible: int
    uses_left: int
    needed: int
    from_any: int
    unmet: int


@record
class PlanForecast:
    """A plan tried on a model: `journeys` are those of the accounts that would start now, beside those under way.

    `has_more` is True where not all was read, or the look ahead was cut short.
    """

    plan: Plan
    model_id: str
    accounts_under_way: int
    journeys: Sequence[Journey]
    shares: Sequence[PoolShare]
    has_more: bool


def preview(context: Context, name: str, number: str, model_id: str, accounts: int) -> PlanForecast:
    """Lets so many accounts pass the plan in the pools of a model, together with those under way; changes nothing.

    Raises NotFound.
    """
    _, row = version_of(name, number)
    model = visible_model(context, model_id)
    plan = model.demands.tighten(plan_of(name, row.plan_version, row.document))
    items, whole, go_on = _items(context, model_id)
    known = runways.accounts(model, context.settings.queue_shards, context.now, runways.undated(), go_on=go_on)
    journeys = [Journey(f"new-{place}") for place in range(1, accounts + 1)]
    joining = [newcomer(one.account_id, context.now, plan=plan) for one in journeys]
    content, texts = (runways.stock(items[kind]) for kind in (PoolKind.CONTENT, PoolKind.TEXT))
    followed = {one.account_id: one for one in journeys}
    found = simulate(content, texts, [*known.under_way, *joining], context.now, followed)
    return PlanForecast(
        plan=plan,
        model_id=model_id,
        accounts_under_way=len(known.under_way),
        journeys=journeys,
        shares=_shares(context, plan, items, journeys),
        has_more=not (whole and known.complete and found.complete),
    )


def _items(context: Context, model_id: str) -> tuple[dict[PoolKind, list[PoolItem]], bool, runways.GoOn]:
    """The items of a model's pools, whether these are all, and whether there is time for another read."""

    def go_on() -> bool:
        return context.time_left() > _SPARE_SECONDS

    found, whole = dict[PoolKind, list[PoolItem]](), True
    for kind, table in runways.KINDS.items():
        found[kind], complete = runways.items(table, model_id, go_on=go_on)
        whole = whole and complete
    return found, whole, go_on


def _shares(
    context: Context, plan: Plan, items: Mapping[PoolKind, list[PoolItem]], journeys: Sequence[Journey]
) -> list[PoolShare]:
    asked: dict[_Category, list[selection.Wanted]] = {}
    for name, phase in plan.phases.items():
        wanted = selection.wanted(plan, name, theme=None, used=(), now=context.now)
        for kind in selection.needs(plan, name):
            for category in phase.categories:
                asked.setdefault((kind, str(category)), []).append(wanted)
    used: Counter[_Category] = Counter()
    from_any: Counter[_Category] = Counter()
    missed: Counter[_Category] = Counter()
    for journey in journeys:
        used.update(journey.uses)
        from_any.update(journey.from_any)
        missed.update((miss.kind, miss.category) for miss in journey.misses if miss.until is None)
    return [
        _share(kind, category, items[kind], wanted, used + missed, from_any, missed)
        for (kind, category), wanted in asked.items()
    ]


def _share(
    kind: PoolKind,
    category: str,
    items: Sequence[PoolItem],
    wanted: Sequence[selection.Wanted],
    needed: Counter[_Category],
    from_any: Counter[_Category],
    missed: Counter[_Category],
) -> PoolShare:
    mine = [one for one in items if one.category == category]
    eligible = [one for one in mine if any(selection.refusal(one, asked) is None for asked in wanted)]
    at = (kind, category)
    return PoolShare(
        kind=kind,
        category=category,
        items=len(mine),
        eligible=len(eligible),
        uses_left=sum(uses.left(one) for one in eligible),
        needed=needed[at],
        from_any=from_any[at],
        unmet=missed[at],
    )

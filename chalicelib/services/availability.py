"""Whether the pools carry the accounts: what is left, what will be needed, when who finds nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.context import Context
from chalicelib.domain import selection
from chalicelib.domain.errors import NotFound, TemporarilyUnavailable
from chalicelib.domain.instants import parse, render
from chalicelib.domain.phases import ATTENTION, ORDER
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.runway import Kind, Runway, Traveller, required, simulate
from chalicelib.domain.selection import ANY, Refusal
from chalicelib.tables import CreatorModel, attention, pages, runways
from chalicelib.tables.base import together
from chalicelib.tables.pools import PoolItem

_MOST_ITEMS = 5000
_MOST_ACCOUNTS = 2000
_MODELS_AT_ONCE = 100
_MOST_TOLD = 20
_SPARE_SECONDS = 10.0
_SOON = timedelta(days=7)
_MOST_TO_WARN = 200
_MOST_STOCK_TO_WARN = 1000
_MOST_WARNED = 5
_SPARE_TO_WARN = 3.0


@dataclass(frozen=True, slots=True)
class Category:
    """One category of a pool: its items counted by why they cannot be used, and the uses that are left and asked for.

    `eligible` items can be given to somebody now; `uses_needed` is what the accounts under way will be given for this
    phase, and what they cannot do without and will not find; `from_any` is how much of it comes from `any`.
    """

    kind: Kind
    category: str
    items: int
    eligible: int
    refused: dict[str, int]
    uses_left: int
    uses_needed: int
    from_any: int


@dataclass(frozen=True, slots=True)
class Availability:
    """A model's pools and how far they carry. `complete` is False where there was too much to look at all of it."""

    model_id: str
    accounts: int
    categories: list[Category]
    runway: Runway
    complete: bool


def look(context: Context, model_id: str) -> Availability:
    """What the pools of a model hold, and a look ahead at the accounts under way. Raises NotFound."""
    (model,) = together([(CreatorModel, model_id)])
    if model is None:
        raise NotFound("model", model_id)
    return _look(context, model_id)


def _look(context: Context, model_id: str) -> Availability:
    found, complete = {}, True
    for kind, table in runways.KINDS.items():
        found[kind], whole = runways.items(table, model_id, _MOST_ITEMS)
        complete = complete and whole
    travellers, whole = runways.travellers(model_id, context.now, _MOST_ACCOUNTS)
    stock = {kind: runways.stock(items) for kind, items in found.items()}
    runway = simulate(stock[Kind.CONTENT], stock[Kind.TEXT], travellers, context.now)
    needed = required(travellers) | Counter(runway.needed)  # of each the larger
    categories = [
        _category(context, kind, category, items, needed[kind, category], runway.from_any.get((kind, category), 0))
        for kind, items in found.items()
        for category in (*ORDER, ANY)
    ]
    return Availability(model_id, len(travellers), categories, runway, complete and whole and runway.complete)


def _category(
    context: Context, kind: Kind, category: str, items: Sequence[PoolItem], needed: int, from_any: int
) -> Category:
    own = [item for item in items if item.category == category]
    phase = next((name for name in ORDER if name == category), None)
    refused: Counter[Refusal] = Counter()
    eligible = uses_left = 0
    for item in own:
        if selection.unlicensed(item, context.now) is None:
            uses_left += max(0, item.max_usage - item.usage_count)
        wanted = selection.wanted(STANDARD, phase or ORDER[0], theme=None, used=(), now=context.now)
        why = selection.refusal(item, wanted)
        if why is None or (phase is None and why in (Refusal.WRONG_MEDIA_TYPE, Refusal.TOO_LONG)):
            eligible += 1
        else:
            refused[why] += 1
    told = {str(why): count for why, count in refused.items()}
    return Category(kind, category, len(own), eligible, told, uses_left, needed, from_any)


def watch(context: Context) -> tuple[dict[str, int], list[str]]:
    """Looks ahead for every model; counts those whose pools run dry, those that do within a week, and whom it hits.
    Names those of a week, at most the 20 that run dry first.

    Stops before its time is up. It begins with another model each time, so that in the end none is always left out.
    Tells also for how many seconds the oldest of the review queue has been waiting; what runs dry stands in the log.
    """
    counts: Counter[str] = Counter(dry=0, dry_within_a_week=0, accounts_unmet=0)
    told: list[dict[str, object]] = []
    soon: list[tuple[datetime, str]] = []
    models = _all_models()
    begin = int.from_bytes(context.entropy(4), "big") % len(models) if models else 0
    for model_id in models[begin:] + models[:begin]:
        if context.time_left() < _SPARE_SECONDS:
            counts["left_for_next_time"] += 1
            continue
        try:
            runway = _look(context, model_id).runway
        except TemporarilyUnavailable:
            counts["failed"] += 1
            continue
        counts["models"] += 1
        counts["accounts_unmet"] += runway.unmet
        if runway.dry is not None:
            counts["dry"] += 1
            if runway.dry.at <= context.now + _SOON:
                counts["dry_within_a_week"] += 1
                soon.append((runway.dry.at, model_id))
            told.append({"model_id": model_id, "at": render(runway.dry.at), "account_id": runway.dry.account_id})
    context.note(runs_dry=told[:_MOST_TOLD])
    first = [model_id for _, model_id in sorted(soon)[:_MOST_TOLD]]
    return {**counts, "review_oldest_seconds": _review_age(context)}, first


def _all_models() -> list[str]:
    found: list[str] = []
    after: object = None
    while True:
        page, after = pages.everything(CreatorModel, limit=_MODELS_AT_ONCE, after=after)
        found.extend(model.model_id for model in page)
        if after is None:
            return sorted(found)


def _review_age(context: Context) -> int:
    waiting = [row.updated_at for status in ATTENTION if (row := attention.oldest(status)) is not None]
    return int((context.now - parse(min(waiting))).total_seconds()) if waiting else 0


# warnings


@dataclass(frozen=True, slots=True)
class Joining:
    """An account that joins the pipeline of a model."""

    model_id: str
    account_id: str
    theme: str | None = None


def warn(context: Context, joining: Sequence[Joining]) -> list[str]:
    """What people should know who let these accounts join: pools that cannot carry them with those under way.

    Pools and pipelines too large to look at in one call are left to `watch`; nothing here can fail.
    """
    models = sorted({one.model_id for one in joining})
    try:
        found = [_warning(context, model_id, joining) for model_id in models[:_MOST_WARNED]]
    except TemporarilyUnavailable:
        return []
    return [warning for warning in found if warning is not None]


def _warning(context: Context, model_id: str, joining: Sequence[Joining]) -> str | None:
    under_way, complete = runways.travellers(model_id, context.now, _MOST_TO_WARN, all_or_none=True)
    if not complete:
        return None
    known = {one.account_id for one in under_way}
    new = [
        Traveller(one.account_id, STANDARD, ORDER, context.now, one.theme)
        for one in joining
        if one.model_id == model_id and one.account_id not in known
    ]
    stock = {}
    for kind, table in runways.KINDS.items():
        items, whole = runways.items(table, model_id, _MOST_STOCK_TO_WARN)
        stock[kind], complete = runways.stock(items), complete and whole
    if not complete or context.time_left() < _SPARE_TO_WARN:
        return None
    runway = simulate(stock[Kind.CONTENT], stock[Kind.TEXT], [*under_way, *new], context.now)
    dry = runway.dry
    if dry is None:
        return None
    return (
        f"The pools of {model_id} cannot carry all {len(under_way) + len(new)} accounts: on {dry.at:%Y-%m-%d} "
        f"{dry.account_id} will find no {dry.kind} for {dry.phase}; {runway.unmet} in all will find nothing."
    )

"""Whether the pools carry the accounts: what is left, what will be needed, when who finds nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from chalicelib.changes import list_by_theme
from chalicelib.context import Context
from chalicelib.domain import takers
from chalicelib.domain.categories import Category
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.domain.instants import parse, render
from chalicelib.domain.phases import ATTENTION
from chalicelib.domain.plans import STANDARD, Plan
from chalicelib.domain.records import record
from chalicelib.domain.runway import PendingAccount, Runway, newcomer, required, simulate
from chalicelib.domain.selection import PoolKind
from chalicelib.tables import CreatorModel, Setting, attention, pages, runways
from chalicelib.tables.base import Raw, batch_get
from chalicelib.tables.plans import PlanMismatch, plan_of_new
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.runways import Accounts, GoOn, Undated
from chalicelib.tables.settings import WATCHED, keep
from chalicelib.tables.transaction import Stale, Transaction
from chalicelib.visible import visible_model

_MODELS_AT_ONCE = 100
_MOST_TOLD = 20
_SPARE_SECONDS = 10.0
_SPARE_TO_LOOK = 2.0
_SOON = timedelta(days=7)
_MOST_TO_WARN = 200
_MOST_WARNED = 5
_SPARE_TO_WARN = 3.0
_WATCHING = "watching"


@record
class CategoryCounts:
    """One category of a pool: its items counted by why they cannot be used, and the uses that are left and asked for.

    `eligible` items can be given to somebody now; `uses_left` are those that some phase could take, of the plans that
    the model's accounts follow or new ones would;
    `uses_needed` is what the accounts under way will be given for this phase, and what they cannot do without and will
    not find; `from_any` is how much of it comes from `any`, `unmet` how many accounts find nothing for it, ever.
    `uses_needed_if_all_start` counts the imported accounts, too.
    """

    kind: PoolKind
    category: str
    items: int
    eligible: int
    refused: dict[str, int]
    uses_left: int
    uses_needed: int
    from_any: int
    unmet: int
    uses_needed_if_all_start: int


@record
class PoolForecast:
    """A model's pools and how far they carry, as of one instant. `has_more` is True where not all was read.

    `runway` is that of the accounts under way, those in review and paused included; `if_all_start` the same with the
    imported ones (and those that were asked about beside them), as if they all started now.
    """

    model_id: str
    as_of: datetime
    accounts: int
    in_review: int
    paused: int
    imported: int
    adding: int
    categories: list[CategoryCounts]
    runway: Runway
    if_all_start: Runway
    has_more: bool


def look(context: Context, model_id: str, *, adding: int = 0) -> PoolForecast:
    """What the pools of a model hold, and a look ahead at its accounts and at so many more. Raises NotFound."""
    model = visible_model(context, model_id)
    plan = plan_of_new(model, context.settings.default_plan)
    return _look(context, model, runways.undated(), plan=plan, adding=adding)


def _look(
    context: Context, model: CreatorModel, undated: Undated, *, plan: Plan, adding: int = 0, by_theme: bool = False
) -> PoolForecast:
    model_id = model.model_id

    def go_on() -> bool:
        return context.time_left() > _SPARE_TO_LOOK

    found, complete = _items(context, model_id, go_on, by_theme=by_theme)
    accounts = runways.accounts(model, context.settings.queue_shards, context.now, undated, go_on=go_on)
    joining = [newcomer(f"new-{number}", context.now, plan=plan) for number in range(1, adding + 1)]
    under_way, everybody = accounts.under_way, [*accounts.under_way, *accounts.imported, *joining]
    runway = _ahead(context, found, under_way)
    if_all_start = runway if len(everybody) == len(under_way) else _ahead(context, found, everybody)
    needed, needed_by_all = _needed(under_way, runway), _needed(everybody, if_all_start)
    plans = list(dict.fromkeys([plan, *(one.plan for one in everybody)]))
    return PoolForecast(
        model_id=model_id,
        as_of=context.now,
        accounts=len(under_way),
        in_review=accounts.in_review,
        paused=accounts.paused,
        imported=len(accounts.imported),
        adding=adding,
        categories=[
            _category(context, *of, found[of[0]], plans, runway, needed[of], needed_by_all[of])
            for of in product(found, Category)
        ],
        runway=runway,
        if_all_start=if_all_start,
        has_more=not (complete and accounts.complete and runway.complete and if_all_start.complete),
    )


def _items(
    context: Context, model_id: str, go_on: GoOn, *, by_theme: bool
) -> tuple[dict[PoolKind, list[PoolItem]], bool]:
    """The items of a model, and whether these are all.

    `by_theme`: items are listed by theme that an edit missed, because they were made at the same moment.
    """
    found, complete = dict[PoolKind, list[PoolItem]](), True
    for kind, table in runways.KINDS.items():
        found[kind], whole = runways.items(table, model_id, go_on=go_on)
        complete = complete and whole
        if by_theme:
            list_by_theme(context, found[kind])
    return found, complete


def _ahead(context: Context, items: dict[PoolKind, list[PoolItem]], pending: Sequence[PendingAccount]) -> Runway:
    content, texts = (runways.stock(items[kind]) for kind in (PoolKind.CONTENT, PoolKind.TEXT))
    return simulate(content, texts, pending, context.now)


def _needed(pending: Iterable[PendingAccount], runway: Runway) -> Counter[tuple[PoolKind, str]]:
    return required(pending) | Counter(runway.needed)  # of each the larger


def _category(
    context: Context,
    kind: PoolKind,
    category: str,
    items: Sequence[PoolItem],
    plans: Sequence[Plan],
    runway: Runway,
    needed: int,
    needed_by_all: int,
) -> CategoryCounts:
    verdicts = [takers.judge(item, kind, context.now, plans) for item in items if item.category == category]
    refused = Counter(str(one.refusal) for one in verdicts if one.refusal is not None)
    return CategoryCounts(
        kind=kind,
        category=category,
        items=len(verdicts),
        eligible=sum(one.refusal is None for one in verdicts),
        refused=dict(refused),
        uses_left=sum(one.uses_left for one in verdicts),
        uses_needed=needed,
        from_any=runway.from_any.get((kind, category), 0),
        unmet=runway.missed.get((kind, category), 0),
        uses_needed_if_all_start=needed_by_all,
    )


# the watch


@dataclass(slots=True)
class _Round:
    """A look at every model, begun at `at`: which are behind, which could not be read, and what was found so far."""

    at: datetime
    after: str
    failed: list[str]
    counts: Counter[str]
    soon: list[tuple[str, str]]

    @classmethod
    def begun(cls, context: Context, setting: Setting | None) -> "_Round":
        """The round that an earlier run began, else one that begins now."""
        if setting is None or setting.did is None:
            nothing = Counter(models=0, dry=0, dry_within_a_week=0, accounts_unmet=0)
            return cls(context.now, "", [], nothing, [])
        did = setting.did
        soon = [(at, model_id) for at, model_id in did["soon"]]
        return cls(parse(did["at"]), did["after"], did["failed"], Counter(did["counts"]), soon)

    def record(self) -> dict[str, object]:
        """What `begun` takes."""
        return {
            "at": render(self.at),
            "after": self.after,
            "failed": self.failed,
            "counts": self.counts,
            "soon": self.soon,
        }

    def add(self, found: PoolForecast) -> None:
        """Counts a model."""
        self.counts["models"] += 1
        self.counts["accounts_unmet"] += found.runway.unmet
        if found.has_more:
            self.counts["incomplete"] += 1
        dry = found.runway.dry
        if dry is not None:
            self.counts["dry"] += 1
            if dry.at <= found.as_of + _SOON:
                self.counts["dry_within_a_week"] += 1
                self.soon = sorted([*self.soon, (render(dry.at), found.model_id)])[:_MOST_TOLD]


def watch(context: Context) -> dict[str, int]:
    """Looks ahead for every model; counts those whose pools run dry, those that do within a week, and whom it hits.

    Stops before its time is up, and goes on in the next run where it stopped; a model that could not be read is tried
    again then. Only the figures of a whole round are kept for the operators (with the models of a week, at most the 20
    that run dry first), and reported: a run that ends no round reports those of the last whole one, and how many are
    `left_for_next_time`. Reports also for how many seconds the oldest of the review queue has been waiting; what runs
    dry stands in the log.
    """
    kept, begun = batch_get([(Setting, WATCHED), (Setting, _WATCHING)])
    now_on = _Round.begun(context, begun)
    left = _go_round(context, now_on)
    changes: dict[str, tuple[datetime, object] | None] = {}
    if left:
        changes[_WATCHING] = context.now, now_on.record()
        did = {**(kept.did["counts"] if kept is not None and kept.did else {}), "left_for_next_time": left}
        did |= {"failed": len(now_on.failed)} if now_on.failed else {}
    else:
        did = dict(now_on.counts)
        changes[WATCHED] = now_on.at, {"counts": did, "soon": [model_id for _, model_id in now_on.soon]}
        changes |= {_WATCHING: None} if begun is not None and begun.did else {}
    _keep(context, changes)
    return {**did, "review_oldest_seconds": _review_age(context)}


def _go_round(context: Context, now_on: _Round) -> int:
    """Looks at the models that are left, and at last at those that could not be read; how many are left then."""
    undated = runways.undated()
    again = now_on.failed
    models = _all_models()
    behind = [model_id for model_id in models if model_id > now_on.after and model_id not in again]
    runs_dry: list[dict[str, object]] = []
    now_on.failed = []
    todo, left = [*behind, *again], list[str]()
    for place, model_id in enumerate(todo):
        if context.time_left() < _SPARE_SECONDS:
            left = todo[place:]
            now_on.failed += [one for one in left if one in again]
            break
        try:
            model = models[model_id]
            found = _look(context, model, undated, plan=STANDARD, by_theme=bool(model.themes))
        except (TemporarilyUnavailable, PlanMismatch):  # the others are looked at all the same
            now_on.failed.append(model_id)
        else:
            now_on.add(found)
            dry = found.runway.dry
            if dry is not None and len(runs_dry) < _MOST_TOLD:
                runs_dry.append({"model_id": model_id, "at": render(dry.at), "account_id": dry.account_id})
        now_on.after = max(now_on.after, model_id)
    context.note(runs_dry=runs_dry)
    return len({*left, *now_on.failed})


def _keep(context: Context, changes: dict[str, tuple[datetime, object] | None]) -> None:
    transaction = Transaction(context)
    for name, change in changes.items():
        transaction.update(Setting(name=name), None, keep(change))
    try:
        transaction.commit()
    except (Stale, TemporarilyUnavailable):
        context.note(not_recorded=sorted(changes))


def _all_models() -> dict[str, CreatorModel]:
    """All models in order, by their ids."""
    found: list[CreatorModel] = []
    after: Raw | None = None
    while True:
        page, after = pages.everything(CreatorModel, limit=_MODELS_AT_ONCE, after=after)
        found.extend(page)
        if after is None:
            return {model.model_id: model for model in sorted(found, key=lambda one: one.model_id)}


def _review_age(context: Context) -> int:
    waiting = [row.since for status in ATTENTION if (row := attention.oldest(status)) is not None]
    return int((context.now - parse(min(waiting))).total_seconds()) if waiting else 0


# warnings


@record
class Joining:
    """An account that joins the pipeline of a model."""

    model_id: str
    account_id: str
    theme: str | None = None


def warn(context: Context, joining: Sequence[Joining], *, most: int = runways.MOST_ACCOUNTS) -> list[str]:
    """What an operator should know who let these accounts join: pools that cannot carry them with those under way and
    those imported before.

    A model with more than `most` accounts, or one that there is no time for, is named as not checked; nothing here can
    fail.
    """
    models = sorted({one.model_id for one in joining})
    try:
        undated = runways.undated()
        rows = batch_get([(CreatorModel, model_id) for model_id in models[:_MOST_WARNED]])
        found = [_warning(context, model, undated, joining, most) for model in rows if model is not None]
    except TemporarilyUnavailable:
        return [_not_checked(models)]
    found += [_not_checked(models[_MOST_WARNED:])] if models[_MOST_WARNED:] else []
    return [warning for warning in found if warning is not None]


def warn_of_one(context: Context, joining: Joining) -> list[str]:
    """The same for one account, where so much is not read for each of many."""
    return warn(context, [joining], most=_MOST_TO_WARN)


def _warning(
    context: Context, model: CreatorModel, undated: Undated, joining: Sequence[Joining], most: int
) -> str | None:
    model_id = model.model_id

    def go_on() -> bool:
        return context.time_left() > _SPARE_TO_WARN

    accounts = runways.accounts(model, context.settings.queue_shards, context.now, undated, most, go_on)
    items = {}
    complete = accounts.complete
    for kind, table in runways.KINDS.items():
        if complete:
            items[kind], complete = runways.items(table, model_id, go_on=go_on)
    if not complete:
        return _not_checked([model_id])
    everybody = _with(context, model, accounts, [one for one in joining if one.model_id == model_id])
    return shortfall(model_id, len(everybody), _ahead(context, items, everybody))


def _with(
    context: Context, model: CreatorModel, accounts: Accounts, joining: Sequence[Joining]
) -> list[PendingAccount]:
    """Those of the model that have not ended, with those that join and are not among them yet: on its plan."""
    known = {one.account_id for one in (*accounts.under_way, *accounts.imported)}
    joining = [one for one in joining if one.account_id not in known]
    if not joining:
        return [*accounts.under_way, *accounts.imported]
    plan = plan_of_new(model, context.settings.default_plan)
    new = [newcomer(one.account_id, context.now, one.theme, plan) for one in joining]
    return [*accounts.under_way, *accounts.imported, *new]


def shortfall(model_id: str, accounts: int, runway: Runway) -> str | None:
    """That the pools of a model do not carry so many accounts, in a sentence; None where they do."""
    dry = runway.dry
    if dry is None:
        return None
    return (
        f"The pools of {model_id} cannot carry all {accounts} accounts, if all start today: on {dry.at:%Y-%m-%d} "
        f"{dry.account_id} will find no {dry.kind} for {dry.phase}; {runway.unmet} in all will find nothing."
    )


def _not_checked(models: Sequence[str]) -> str:
    return (
        f"Whether the pools carry the accounts was not checked for {', '.join(models)}: "
        "the model's availability shows it."
    )

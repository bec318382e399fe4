"""Models: the creators whose pools feed the accounts."""

from collections.abc import Mapping, Set
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from chalicelib.changes import Change, check_if_match, list_by_theme, retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain import plan_versions
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import AlreadyExists, InvalidInput, TemporarilyUnavailable
from chalicelib.domain.instants import UTC_ZONE
from chalicelib.domain.plan_versions import PlanReference
from chalicelib.tables import AuditEvent, CreatorModel, Setting, pages, runways
from chalicelib.tables.models import DEMANDS
from chalicelib.tables.plans import listing
from chalicelib.tables.queues import in_order, leased
from chalicelib.tables.settings import PAUSES, WEIGHT, PausesChange, slots_key, slots_of
from chalicelib.tables.transaction import Stale
from chalicelib.visible import visible_model, visible_of

_PAGE = 100
_MOST_ITEMS = 200_000


@retry_on_conflict
def create(
    context: Context,
    model_id: str,
    *,
    name: str,
    themes: frozenset[str],
    time_zone: str = UTC_ZONE,
    weight: int = WEIGHT,
    max_concurrent: int | None = None,
    plan: str | None = None,
    demands: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[CreatorModel, bool]:
    """Creates a model; returns whether it was there already. `demands`: beyond the plans of its accounts.

    Raises AlreadyExists where that has other data, NotFound (plan), PlanNotPublished.
    """
    _require_published(plan)
    model = CreatorModel(
        model_id=model_id,
        name=name,
        themes=set(themes) or None,
        time_zone=time_zone,
        weight=weight,
        max_concurrent=max_concurrent,
        plan=plan,
        created_at=context.now,
        updated_at=context.now,
    )
    return _stored_new(context, model, demands)


def _stored_new(context: Context, model: CreatorModel, demands: Mapping[str, Any]) -> tuple[CreatorModel, bool]:
    """Writes a new model, unless it is there already. Raises AlreadyExists where that has other data."""
    for what, value in demands.items():
        setattr(model, what, value or None)
    change = Change(context, model)
    change.record("model", None, "created")
    if (model.weight, model.max_concurrent) != (WEIGHT, None) or model.stricter:
        pauses = PausesChange()
        pauses.share(model.model_id, model.weight, model.max_concurrent, model.stricter)
        change.transaction.update(Setting(name=PAUSES), pauses.condition, pauses.actions)
    try:
        change.commit(AuditAction.MODEL_CREATE)
        return model, False
    except Stale as stale:
        if not stale.failed & {CreatorModel, AuditEvent}:
            raise  # the share of another model was changed meanwhile
        found = get(context, model.model_id)
    if any(_stored(found, what) != _stored(model, what) for what in _GIVEN):
        raise AlreadyExists(
            f"Model {model.model_id} exists with other data: change it by PATCH, or choose another model_id."
        )
    return found, True


@retry_on_conflict
def edit(
    context: Context,
    model_id: str,
    *,
    name: str | None = None,
    themes: frozenset[str] | None = None,
    paused: bool | None = None,
    time_zone: str | None = None,
    weight: int | None = None,
    max_concurrent: int | None = None,
    plan: str | None = None,
    demands: Mapping[str, Any] = MappingProxyType({}),
    without: Set[str] = frozenset(),
    reason: str | None = None,
) -> tuple[CreatorModel, bool]:
    """Changes what is given; pausing hands the work of its accounts out no more. Returns whether all was so already.

    `without` names what is taken away: `max_concurrent`, `plan`; of the `demands` 0, False and None take one away. A
    new bound counts the accounts that are worked on by then. Themes can only be added: items and accounts have them.
    The first one waits until all items are listed by theme: the choice for an account with a theme asks for that. The
    time zone counts for days given from now on.
    Raises NotFound, InvalidInput, VersionConflict, PlanNotPublished, TemporarilyUnavailable (more items than one call
    can list: send it again).
    """
    model = get(context, model_id)
    wanted: dict[str, object] = {"name": name, "themes": themes, "paused": paused, "time_zone": time_zone}
    wanted |= {"weight": weight, "max_concurrent": max_concurrent, "plan": plan}
    changed = {what: value for what, value in wanted.items() if value not in (None, _stored(model, what))}
    changed |= {what: None for what in without if _stored(model, what) is not None}
    changed |= {what: value or None for what, value in demands.items() if (value or None) != getattr(model, what)}
    if not changed:
        return model, True  # the same edit sent again, too, whatever version it names
    check_if_match(context, model)
    _require_kept(model, themes)
    _require_published(plan)
    gets_themes = "themes" in changed and not model.themes
    if gets_themes:
        _list_by_theme(context, model_id)
    change, bound = Change(context, model), model.max_concurrent
    for what, value in changed.items():
        change.set(what, value)
    model.updated_at, action = context.now, AuditAction.MODEL_CHANGE
    if "paused" in changed:
        action = AuditAction.MODEL_PAUSE if model.paused else AuditAction.MODEL_RESUME
    _tell_takers(change, model, changed.keys())
    if bound is None and model.max_concurrent is not None:
        _count_held(context, change, model_id)
    change.commit(action, changed=", ".join(sorted(changed)), reason=reason)
    if gets_themes:  # what was made meanwhile; what this does not see yet is found by the timer that watches the pools
        with suppress(TemporarilyUnavailable):
            _list_by_theme(context, model_id)
    return model, False


def _list_by_theme(context: Context, model_id: str) -> None:
    """Lists a model's items by theme. Raises TemporarilyUnavailable where the time suffices for some of them only."""
    for kind in runways.KINDS.values():
        items, complete = runways.items(kind, model_id, _MOST_ITEMS, lambda: not context.is_short_of_time)
        if not (list_by_theme(context, items) and complete):
            raise TemporarilyUnavailable("Its items are being listed by theme, which is not done yet: send it again.")


def _require_kept(model: CreatorModel, given: frozenset[str] | None) -> None:
    missing = set() if given is None else set(model.themes or ()) - given
    if missing:
        detail = f"themes can only be added; missing: {', '.join(sorted(missing))}"
        raise InvalidInput([{"pointer": "/themes", "detail": detail}])


def _tell_takers(change: Change, model: CreatorModel, changed: Set[str]) -> None:
    """Writes what every taking reads of a model."""
    pauses = PausesChange()
    if changed & {"weight", "max_concurrent", *DEMANDS}:
        pauses.share(model.model_id, model.weight, model.max_concurrent, model.stricter)
    if "paused" in changed:
        pauses.pause(model.model_id, paused=model.paused)
    if pauses.actions:
        change.transaction.update(Setting(name=PAUSES), pauses.condition, pauses.actions)


def _count_held(context: Context, change: Change, model_id: str) -> None:
    """Fills the slots with the accounts that are worked on, as the queue shows them."""
    rows = in_order(leased(context.settings.queue_shards), {}, _PAGE)
    held = {row.account.account_id for row in rows if row.account.model_id == model_id}
    change.transaction.update(Setting(name=slots_key(model_id)), None, [slots_of(held)])


def _require_published(plan: str | None) -> None:
    """Raises NotFound, PlanNotPublished where no account can start on the plan."""
    if plan is not None:
        reference = PlanReference.of(plan)
        plan_versions.chosen(reference, listing(reference.name).states)


_GIVEN = ("name", "themes", "time_zone", "weight", "max_concurrent", "plan", *DEMANDS)


def _stored(model: CreatorModel, what: str) -> object:
    if what == "themes":
        return frozenset(model.themes or ())
    return model.zone if what == "time_zone" else getattr(model, what)


def get(context: Context, model_id: str) -> CreatorModel:
    """One model. Raises NotFound."""
    return visible_model(context, model_id)


def list_all(context: Context, *, limit: int, cursor: str | None) -> tuple[list[CreatorModel], str | None]:
    """All models that the caller sees; a page may hold fewer than asked. Raises MalformedRequest."""
    after = context.cursors("models").decode(cursor)
    found, following = pages.everything(CreatorModel, limit=limit, after=after)
    return visible_of(context, found), context.cursors("models").encode(following)

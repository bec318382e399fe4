"""Models: the creators whose pools feed the accounts."""

from chalicelib.changes import Change, check_if_match, retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import AlreadyExists, InvalidInput, NotFound
from chalicelib.domain.instants import UTC_ZONE
from chalicelib.tables import CreatorModel, Setting, pages
from chalicelib.tables.base import together
from chalicelib.tables.settings import PAUSES, pause_model
from chalicelib.tables.transaction import Stale


def create(
    context: Context, model_id: str, *, name: str, themes: frozenset[str], time_zone: str = UTC_ZONE
) -> tuple[CreatorModel, bool]:
    """Creates a model; returns whether it was there already. Raises AlreadyExists where that has other data."""
    model = CreatorModel(
        model_id=model_id,
        name=name,
        themes=set(themes) or None,
        time_zone=time_zone,
        created_at=context.now,
        updated_at=context.now,
    )
    change = Change(context, model)
    change.record("model", None, "created")
    try:
        change.commit(AuditAction.MODEL_CREATE)
        return model, False
    except Stale:
        found = get(context, model_id)
    if (found.name, frozenset(found.themes or ()), found.zone) != (name, themes, time_zone):
        raise AlreadyExists(f"Model {model_id} exists with other data: change it by PATCH, or choose another model_id.")
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
    reason: str | None = None,
) -> tuple[CreatorModel, bool]:
    """Changes what is given; pausing hands the work of its accounts out no more. Returns whether all was so already.

    Themes can only be added: items and accounts have them. The time zone counts for days that are given from now on.
    Raises NotFound, InvalidInput, VersionConflict.
    """
    model = get(context, model_id)
    wanted = {"name": name, "themes": themes, "paused": paused, "time_zone": time_zone}
    changed = {what: value for what, value in wanted.items() if value not in (None, _stored(model, what))}
    if not changed:
        return model, True  # the same edit sent again, too, whatever version it names
    check_if_match(context, model)
    _require_kept(model, themes)
    change = Change(context, model)
    for what, value in changed.items():
        change.set(what, value)
    model.updated_at, action = context.now, AuditAction.MODEL_CHANGE
    if "paused" in changed:
        change.transaction.update(Setting(name=PAUSES), None, [pause_model(model_id, paused=model.paused)])
        action = AuditAction.MODEL_PAUSE if model.paused else AuditAction.MODEL_RESUME
    change.commit(action, changed=", ".join(sorted(changed)), reason=reason)
    return model, False


def _require_kept(model: CreatorModel, given: frozenset[str] | None) -> None:
    missing = set() if given is None else set(model.themes or ()) - given
    if missing:
        detail = f"themes can only be added; missing: {', '.join(sorted(missing))}"
        raise InvalidInput([{"pointer": "/themes", "detail": detail}])


def _stored(model: CreatorModel, what: str) -> object:
    stored: object = model.zone if what == "time_zone" else getattr(model, what)
    return frozenset(model.themes or ()) if what == "themes" else stored


def get(context: Context, model_id: str) -> CreatorModel:
    """One model. Raises NotFound."""
    (found,) = together([(CreatorModel, model_id)])
    if found is None:
        raise NotFound("model", model_id)
    model: CreatorModel = found
    return model


def list_all(context: Context, *, limit: int, cursor: str | None) -> tuple[list[CreatorModel], str | None]:
    """All models. Raises MalformedRequest."""
    after = context.cursors("models").decode(cursor)
    found, following = pages.everything(CreatorModel, limit=limit, after=after)
    return found, context.cursors("models").encode(following)

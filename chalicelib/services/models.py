"""Models: the creators whose pools feed the accounts."""

from chalicelib.changes import Change
from chalicelib.context import Context
from chalicelib.domain import cursors
from chalicelib.domain.actions import Action
from chalicelib.domain.errors import AlreadyExists, NotFound
from chalicelib.tables import CreatorModel, pages
from chalicelib.tables.base import together
from chalicelib.tables.transaction import Stale


def create(context: Context, model_id: str, *, name: str, themes: frozenset[str]) -> tuple[CreatorModel, bool]:
    """Creates a model; tells whether it was there already. Raises AlreadyExists where that has other data."""
    model = CreatorModel(
        model_id=model_id, name=name, themes=set(themes) or None, created_at=context.now, updated_at=context.now
    )
    change = Change(context, model)
    change.moves.append({"what": "model", "from": None, "to": "created"})
    try:
        change.commit(Action.MODEL_CREATE)
        return model, False
    except Stale:
        found = get(context, model_id)
    if (found.name, frozenset(found.themes or ())) != (name, themes):
        raise AlreadyExists(f"Model {model_id} exists with other data.")
    return found, True


def get(context: Context, model_id: str) -> CreatorModel:
    """One model. Raises NotFound."""
    (found,) = together([(CreatorModel, model_id)])
    if found is None:
        raise NotFound("model", model_id)
    model: CreatorModel = found
    return model


def list_all(context: Context, *, limit: int, cursor: str | None) -> tuple[list[CreatorModel], str | None]:
    """All models. Raises MalformedRequest."""
    after = cursors.decode(context.settings.pepper, "models", cursor) if cursor is not None else None
    found, following = pages.everything(CreatorModel, limit=limit, after=after)
    return found, None if following is None else cursors.encode(context.settings.pepper, "models", following)

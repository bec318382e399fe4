"""Pools: media items and texts that feed the accounts of a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.changes import Change
from chalicelib.context import Context
from chalicelib.domain import cursors
from chalicelib.domain.actions import Action
from chalicelib.domain.errors import AlreadyExists, InvalidInput, NotFound
from chalicelib.domain.selection import Rights
from chalicelib.tables import Content, CreatorModel, Text, pages
from chalicelib.tables.base import together
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Stale

T = TypeVar("T", bound=PoolItem)


@dataclass(frozen=True, slots=True)
class Entry:
    """What an operator says of a new item; `own` holds what only media or only texts have."""

    item_id: str | None
    category: str
    quality_score: float
    max_usage: int
    theme: str | None = None
    tags: frozenset[str] = frozenset()
    status: Rights = Rights.APPROVED
    licensed_by: str | None = None
    licence_valid_until: datetime | None = None
    own: Mapping[str, str | int | None] = field(default_factory=dict)


def create_content(context: Context, model_id: str, entry: Entry) -> tuple[Content, bool]:
    """Adds a media item to a pool; tells whether it was there already. Raises NotFound, AlreadyExists, InvalidInput."""
    content_id = entry.item_id or context.new_id("con")
    return _create(context, model_id, entry, Content, content_id, Action.CONTENT_CREATE, content_id=content_id)


def create_text(context: Context, model_id: str, entry: Entry) -> tuple[Text, bool]:
    """Adds a text to a pool; tells whether it was there already. Raises NotFound, AlreadyExists, InvalidInput."""
    text_id = entry.item_id or context.new_id("txt")
    return _create(context, model_id, entry, Text, text_id, Action.TEXT_CREATE, text_id=text_id)


def _create(
    context: Context, model_id: str, entry: Entry, kind: type[T], item_id: str, action: Action, **key: str
) -> tuple[T, bool]:
    model, found = together([(CreatorModel, model_id), (kind, item_id)])
    if model is None:
        raise NotFound("model", model_id)
    if entry.theme is not None and entry.theme not in (model.themes or ()):
        raise InvalidInput([{"pointer": "/theme", "detail": f"the model {model_id} declares no theme {entry.theme!r}"}])
    item = _new(context, model_id, entry, kind, key)
    if found is None:
        change = Change(context, item)
        change.moves.append({"what": "status", "from": None, "to": item.status})
        try:
            change.commit(action, model_id=model_id, category=item.category)
            return item, False
        except Stale:
            (found,) = together([(kind, item_id)])
    if found is None or not _same(found, item):
        raise AlreadyExists(f"{item_id} exists with other data.")
    return found, True


def _new(context: Context, model_id: str, entry: Entry, kind: type[T], key: Mapping[str, str]) -> T:
    own: dict[str, Any] = {**key, **entry.own}
    item = kind(
        **own,
        model_id=model_id,
        category=entry.category,
        quality_score=entry.quality_score,
        max_usage=entry.max_usage,
        theme=entry.theme,
        tags=set(entry.tags) or None,
        status=entry.status,
        licensed_by=entry.licensed_by,
        licence_valid_until=entry.licence_valid_until,
        created_at=context.now,
        created_by=context.actor.id,
        updated_at=context.now,
    )
    item.keep_in_pool()
    return item


_MADE_BY_THE_SERVICE = frozenset(
    {
        *("created_at", "created_by", "updated_at", "version", "revision", "pool", "pool_rank", "enabled", "status"),
        *("usage_count", "successes", "failures", "last_assigned_at"),
    }
)


def _same(found: PoolItem, wanted: PoolItem) -> bool:
    names = set(type(wanted).get_attributes()) - _MADE_BY_THE_SERVICE
    return all((getattr(found, name) or None) == (getattr(wanted, name) or None) for name in names)


def get(context: Context, kind: type[T], noun: str, model_id: str, item_id: str) -> T:
    """One item. Raises NotFound."""
    (found,) = together([(kind, item_id)])
    if found is None or found.model_id != model_id:
        raise NotFound(noun, item_id)
    item: T = found
    return item


def list_all(
    context: Context, kind: type[T], model_id: str, *, limit: int, cursor: str | None
) -> tuple[list[T], str | None]:
    """The items of a model, by id. Raises NotFound, MalformedRequest."""
    purpose = f"pool:{kind.__name__}:{model_id}"
    after = cursors.decode(context.settings.pepper, purpose, cursor) if cursor is not None else None
    (model,) = together([(CreatorModel, model_id)])
    if model is None:
        raise NotFound("model", model_id)
    index = Content.model_index if issubclass(kind, Content) else Text.model_index
    found, following = pages.by_index(kind, index, model_id, limit=limit, after=after)
    return found, None if following is None else cursors.encode(context.settings.pepper, purpose, following)

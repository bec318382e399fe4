"""What the routes of media and of texts have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.domain.errors import ServiceError
from chalicelib.domain.rights import ItemStatus
from chalicelib.edge.answers import Answer, Created, Tagged
from chalicelib.routes import shapes
from chalicelib.routes.documents import members, user
from chalicelib.routes.queries import OneOf
from chalicelib.routes.schemas.problems import RowError
from chalicelib.services.edits import Edited
from chalicelib.services.pools import Entry, RowOutcome
from chalicelib.tables.pools import PoolItem

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.inputs import ItemBody, ItemEdit


class Category(StrEnum):
    """For what an item is meant."""

    PFP = "pfp"
    BIO = "bio"
    POST = "post"
    HIGHLIGHT = "highlight"
    STORY = "story"
    ANY = "any"


FILTER: dict[str, Any] = {"category": OneOf(Category), "status": OneOf(ItemStatus)}
"""By what the items of a pool can be listed."""

B = TypeVar("B", bound="ItemBody")
T = TypeVar("T", bound=PoolItem)
D = TypeVar("D", bound=Mapping[str, object])


def entry(body: ItemBody, item_id: str | None, own: dict[str, Any]) -> Entry:
    """The entry that a body describes."""
    return Entry(
        item_id=item_id,
        category=body.category,
        quality_score=body.quality_score,
        max_usage=body.max_usage,
        theme=body.theme,
        tags=frozenset(body.tags),
        status=body.status,
        licensed_by=body.licence.licensed_by if body.licence else None,
        licence_valid_until=body.licence.valid_until if body.licence else None,
        own=own,
    )


def edit(body: ItemEdit) -> tuple[dict[str, object], str | None]:
    """What an edit changes, by the names of the item's attributes, and why."""
    own = body.model_fields_set
    given: dict[str, object] = {name: getattr(body, name) for name in own - {"licence", "tags", "reason"}}
    if "tags" in own:
        given["tags"] = frozenset(body.tags) or None
    if "licence" in own:
        given["licensed_by"] = body.licence.licensed_by if body.licence else None
        given["licence_valid_until"] = body.licence.valid_until if body.licence else None
    return given, body.reason


def edited(found: Edited[T], document: Mapping[str, object]) -> Tagged[Any]:
    """An item after an edit, with its users where it lost its rights."""
    users = {} if found.users is None else {"users": [user(one) for one in found.users], "all_users": found.all_users}
    return Tagged({**document, **users, "replayed": found.replayed})


def imported(
    outcomes: Sequence[RowOutcome], lines: Sequence[int], key: str, *, dry_run: bool
) -> Answer[shapes.PoolImport]:
    """What became of each row of an import, with its line; `key` names the item's id."""
    words = ("created", "unchanged", "refused", "left")
    counts = {word: sum(one.outcome == word for one in outcomes) for word in words}
    return Answer(
        {"dry_run": dry_run, "counts": counts, "rows": [_row(*one, key) for one in zip(outcomes, lines, strict=True)]}
    )


def _row(found: RowOutcome, line: int, key: str) -> shapes.ImportedItem:
    document = members(shapes.ImportedItem, found, line=line, **{key: found.item_id})
    return document if found.error is None else {**document, "error": RowError.of(found.error)}


def created(given: B | list[B], create: Callable[[B], tuple[D, bool]]) -> Created[Any]:
    """One item: as for any creation. A list: each one's outcome; a refused one never spoils the others."""
    if not isinstance(given, list):
        document, replayed = create(given)
        return Created({**document, "replayed": replayed}, replayed)
    outcomes = [_outcome(body, create) for body in given]
    return Created({"items": outcomes}, all(outcome["outcome"] != "created" for outcome in outcomes))


def _outcome(body: B, create: Callable[[B], tuple[D, bool]]) -> Mapping[str, object]:
    try:
        document, replayed = create(body)
    except ServiceError as refused:
        return {"outcome": "refused", "error": RowError.of(refused)}
    return {"outcome": "unchanged" if replayed else "created", **document}

"""What the routes of media and of texts have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.domain.categories import Category
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.permissions import Permission
from chalicelib.domain.rights import ItemStatus
from chalicelib.edge.answers import Created
from chalicelib.edge.problems import row_error
from chalicelib.routes.queries import OneOf
from chalicelib.routes.schemas.pools import Outcomes, RefusedEntry
from chalicelib.services.pools import Entry

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.pools import ItemBody, ItemEdit


FILTER: dict[str, Any] = {"category": OneOf(Category), "status": OneOf(ItemStatus)}
"""By what the items of a pool can be listed."""
EDITS: Mapping[str, Permission] = {
    **dict.fromkeys(
        ("category", "quality_score", "max_usage", "theme", "tags", "enabled", "body"), Permission.CONTENT_WRITE
    ),
    **dict.fromkeys(("status", "licence"), Permission.CONTENT_APPROVE),
}
"""What each change of an item needs."""

B = TypeVar("B", bound="ItemBody")
D = TypeVar("D")
M = TypeVar("M")
A = TypeVar("A")


def entry(body: ItemBody, item_id: str | None, own: dict[str, Any]) -> Entry:
    """The entry that a body describes."""
    return Entry(
        identifier=item_id,
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


def created(
    given: B | list[B],
    create: Callable[[B], tuple[D, bool]],
    made: Callable[[D, bool], M],
    accepted: Callable[[D, bool], A],
) -> Created[M | Outcomes[A]]:
    """One item: as for any creation. A list: each one's outcome; a refused one never spoils the others."""
    if not isinstance(given, list):
        document, replayed = create(given)
        return Created(made(document, replayed), replayed)
    outcomes: list[A | RefusedEntry] = []
    anything_new = False
    for body in given:
        try:
            document, replayed = create(body)
        except ServiceError as refused:
            outcomes.append(RefusedEntry(outcome="refused", error=row_error(refused)))
        else:
            outcomes.append(accepted(document, replayed))
            anything_new = anything_new or not replayed
    return Created(Outcomes(items=outcomes), not anything_new)

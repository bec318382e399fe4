"""What the routes of media and of texts have in common."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from chalicelib.domain.errors import ServiceError
from chalicelib.middleware import Answer
from chalicelib.routes.documents import Document, error
from chalicelib.routes.inputs import ItemBody
from chalicelib.services.pools import Entry

B = TypeVar("B", bound=ItemBody)


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


def created(bodies: Sequence[B], create: Callable[[B], tuple[Document, bool]]) -> Answer:
    """One item: as for any creation. Several: each one's outcome; a refused one never spoils the others."""
    if len(bodies) == 1:
        return Answer.created(*create(bodies[0]))
    outcomes = [_outcome(body, create) for body in bodies]
    new = any(outcome["outcome"] == "created" for outcome in outcomes)
    return Answer({"items": outcomes}, 201 if new else 200)


def _outcome(body: B, create: Callable[[B], tuple[Document, bool]]) -> Document:
    try:
        document, replayed = create(body)
    except ServiceError as refused:
        return {"outcome": "refused", "error": error(refused)}
    return {"outcome": "unchanged" if replayed else "created", **document}

"""The texts of a model's pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.context import Context
from chalicelib.domain.errors import AlreadyExists, FourEyes, InvalidTransition
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer, Created, Tagged
from chalicelib.edge.routing import Routes
from chalicelib.routes import pools, rows
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, flag, limit
from chalicelib.routes.schemas import texts as schemas
from chalicelib.routes.schemas.lists import Page
from chalicelib.routes.schemas.pools import Outcomes, PoolImport
from chalicelib.services import edits, items
from chalicelib.services import pools as service
from chalicelib.tables import Text

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.texts import TextBody, TextEdit

routes = Routes(__name__, bodies=(".bodies.texts",))


@routes.post("/api/operator/models/{model_id}/texts", needs=Permission.CONTENT_WRITE, refuses=(AlreadyExists,))
def create(
    context: Context, *, model_id: str, body: TextBody | list[TextBody]
) -> Created[schemas.CreatedText | Outcomes[schemas.AcceptedText]]:
    """Adds a text, or up to 100, to the pool."""

    def one(given: TextBody) -> tuple[schemas.NewText, bool]:
        made = service.create(context, model_id, _entry(given), Text)
        return schemas.NewText.of(made, context.now), made.replayed

    return pools.created(body, one, schemas.CreatedText.created, schemas.AcceptedText.accepted)


@routes.get(
    "/api/operator/models/{model_id}/texts",
    needs=Permission.CONTENT_READ,
    query={"limit": limit, "cursor": cursor, **pools.FILTER},
)
def list_all(
    context: Context, *, model_id: str, limit: int = DEFAULT_LIMIT, **query: Any
) -> Answer[Page[schemas.Text]]:
    """The texts of a model."""
    found, following = items.list_all(context, Text, model_id, limit=limit, **{"cursor": None, **query})
    return Answer(Page(items=[schemas.Text.from_item(one, context.now) for one in found], next_cursor=following))


@routes.get("/api/operator/models/{model_id}/texts/{text_id}", needs=Permission.CONTENT_READ)
def get(context: Context, *, model_id: str, text_id: str) -> Tagged[schemas.Text]:
    """One text with its usage."""
    return Tagged(schemas.Text.from_item(items.get(context, Text, "text", model_id, text_id), context.now))


@routes.patch(
    "/api/operator/models/{model_id}/texts/{text_id}",
    needs=Permission.CONTENT_EDIT,
    members=pools.EDITS,
    refuses=(AlreadyExists, InvalidTransition, FourEyes),
    shows=schemas.Text.from_item,
)
def edit(context: Context, *, model_id: str, text_id: str, body: TextEdit) -> Tagged[schemas.EditedText]:
    """Changes what is given; an item that loses its rights leaves selection at once."""
    found = edits.edit(context, Text, "text", model_id, text_id, *pools.edit(body))
    return Tagged(schemas.EditedText.edited(found, context.now))


@routes.post(
    "/api/operator/models/{model_id}/texts/import",
    needs=Permission.CONTENT_WRITE,
    raw=rows.MEDIA_TYPES,
    query={"dry_run": flag},
)
def import_all(
    context: Context, *, model_id: str, body: tuple[str, bytes], dry_run: bool = False
) -> Answer[PoolImport]:
    """Adds many to the pool; a bad row never spoils the others."""
    given = rows.each(body, _entry, rows.ITEM)
    found = service.import_all(context, Text, model_id, given.entries, dry_run=dry_run)
    return Answer(PoolImport.of(found, given.lines, context.now, texts=True, dry_run=dry_run))


def _entry(given: TextBody) -> service.Entry:
    return pools.entry(given, given.text_id, {"body": given.body})

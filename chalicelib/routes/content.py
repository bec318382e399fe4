"""The media items of a model's pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.context import Context
from chalicelib.domain.errors import AlreadyExists, ContentNotEligible, FourEyes, InvalidTransition, MalformedRequest
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer, Created, New, Tagged
from chalicelib.edge.routing import Routes
from chalicelib.routes import pools, rows
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, flag, limit
from chalicelib.routes.schemas import content as schemas
from chalicelib.routes.schemas.lists import Page
from chalicelib.routes.schemas.pools import Outcomes, PoolImport
from chalicelib.services import edits, items
from chalicelib.services import pools as service
from chalicelib.tables import Content

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.content import ContentBody, UploadBody
    from chalicelib.routes.bodies.pools import ItemEdit

routes = Routes(__name__, bodies=(".bodies.content", ".bodies.pools"))
_OWN = {"media_key", "media_type", "sha256", "bytes", "width", "height"}


@routes.post(
    "/api/operator/models/{model_id}/content",
    needs=Permission.CONTENT_WRITE,
    refuses=(AlreadyExists, ContentNotEligible),
)
def create(
    context: Context, *, model_id: str, body: ContentBody | list[ContentBody]
) -> Created[schemas.CreatedContent | Outcomes[schemas.AcceptedContent]]:
    """Adds a media item, or up to 100, to the pool."""

    def one(given: ContentBody) -> tuple[schemas.NewContent, bool]:
        made = service.create(context, model_id, _entry(given), Content)
        return schemas.NewContent.of(made, context.now), made.replayed

    return pools.created(body, one, schemas.CreatedContent.created, schemas.AcceptedContent.accepted)


@routes.post(
    "/api/operator/models/{model_id}/content/uploads",
    needs=Permission.CONTENT_WRITE,
    refuses=(AlreadyExists, ContentNotEligible),
)
def upload(context: Context, *, model_id: str, body: UploadBody) -> New[items.Upload]:
    """A presigned form by which one file goes into the media bucket."""
    given = body.model_dump(exclude={"bytes"})
    return New(items.upload(context, model_id, size=body.bytes, **given))


@routes.get(
    "/api/operator/models/{model_id}/content",
    needs=Permission.CONTENT_READ,
    query={"limit": limit, "cursor": cursor, "with_url": flag, **pools.FILTER},
)
def list_all(
    context: Context, *, model_id: str, limit: int = DEFAULT_LIMIT, with_url: bool = False, **query: Any
) -> Answer[Page[schemas.LinkedContent]]:
    """The media items of a model; `with_url` adds a URL that gives the file for a while."""
    found, following = items.list_all(context, Content, model_id, limit=limit, **{"cursor": None, **query})
    return Answer(Page(items=[_linked(context, one, with_url) for one in found], next_cursor=following))


@routes.get(
    "/api/operator/models/{model_id}/content/{content_id}", needs=Permission.CONTENT_READ, query={"with_url": flag}
)
def get(context: Context, *, model_id: str, content_id: str, with_url: bool = False) -> Tagged[schemas.LinkedContent]:
    """One media item with its usage; `with_url` adds a URL that gives the file for a while."""
    return Tagged(_linked(context, items.get(context, Content, "content", model_id, content_id), with_url))


@routes.patch(
    "/api/operator/models/{model_id}/content/{content_id}",
    needs=Permission.CONTENT_EDIT,
    members=pools.EDITS,
    refuses=(AlreadyExists, ContentNotEligible, InvalidTransition, FourEyes),
    shows=schemas.Content.from_item,
)
def edit(context: Context, *, model_id: str, content_id: str, body: ItemEdit) -> Tagged[schemas.EditedContent]:
    """Changes what is given; what loses its rights leaves selection at once, a withdrawn file in all models."""
    found = edits.edit(context, Content, "content", model_id, content_id, *pools.edit(body))
    return Tagged(schemas.EditedContent.edited(found, context.now))


@routes.post(
    "/api/operator/models/{model_id}/content/import",
    needs=Permission.CONTENT_WRITE,
    raw=rows.MEDIA_TYPES,
    query={"dry_run": flag, "assume_uploaded": flag},
)
def import_all(
    context: Context,
    *,
    model_id: str,
    body: tuple[str, bytes],
    dry_run: bool = False,
    assume_uploaded: bool = False,
) -> Answer[PoolImport]:
    """Adds many to the pool; a bad row never spoils the others.

    A dry run with `assume_uploaded` answers as if the files that are not in the bucket had been uploaded before.
    """
    if assume_uploaded and not dry_run:
        raise MalformedRequest("assume_uploaded is for a dry run: add dry_run=true.")
    given = rows.each(body, _entry, rows.ITEM)
    found = service.import_all(
        context, Content, model_id, given.entries, dry_run=dry_run, assume_uploaded=assume_uploaded
    )
    return Answer(PoolImport.of(found, given.lines, context.now, texts=False, dry_run=dry_run))


def _entry(given: ContentBody) -> service.Entry:
    return pools.entry(given, given.content_id, given.model_dump(include=_OWN))


def _linked(context: Context, item: Content, with_url: bool) -> schemas.LinkedContent:
    return schemas.LinkedContent.of(item, context.now, items.media_url(context, item) if with_url else None)

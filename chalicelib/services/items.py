"""The items of pools as operators read them, and the way to their files."""

from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.audit import note_read
from chalicelib.claims import duplicate, require_file
from chalicelib.context import Context
from chalicelib.domain import duplicates, needs, rights
from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.records import record
from chalicelib.domain.rights import ItemStatus
from chalicelib.tables import Content, CreatorModel, Fingerprint, Text, media, pages
from chalicelib.tables.base import batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.visible import visible, visible_model

T = TypeVar("T", bound=PoolItem)
_MOST_EXAMINED = 100


@record
class Upload:
    """A form that uploads one file by a multipart POST: a secret."""

    media_key: str
    url: str
    fields: dict[str, str]
    expires_at: datetime


def upload(context: Context, model_id: str, *, filename: str, media_type: str, size: int, sha256: str) -> Upload:
    """A presigned form for a file of this type, size (bytes) and SHA-256 (hex).

    Raises NotFound, InvalidInput, Duplicate, FileWithdrawn.
    """
    keys = (duplicates.of_media(model_id, sha256), duplicates.of_file(sha256))
    model, twin, withdrawn = batch_get([(CreatorModel, model_id), *((Fingerprint, key) for key in keys)])
    if visible(context, model) is None:
        raise NotFound("model", model_id)
    faults = needs.upload_faults(media_type, size)
    if faults:
        raise InvalidInput(faults)
    if twin is not None:
        (first,) = batch_get([(Content, twin.item_id)])
        if first is None or not duplicates.gives_way(first):
            raise duplicate(twin.item_id, first)
    require_file(withdrawn, "" if twin is None else twin.item_id)
    key = needs.media_key(model_id, sha256, filename)
    seconds = context.settings.url_seconds
    form = media.upload_form(
        context.settings.media_bucket, key, media_type=media_type, size=size, sha256=sha256, seconds=seconds
    )
    return Upload(key, form.url, dict(form.fields), context.now + timedelta(seconds=seconds))


def media_origins(bucket: str) -> list[str]:
    """The origins that the presigned URLs and forms of a bucket lead to."""
    return media.origins(bucket)


def get(context: Context, kind: type[T], noun: str, model_id: str, item_id: str) -> T:
    """One item. Raises NotFound."""
    (found,) = batch_get([(kind, item_id)])
    if visible(context, found) is None or found.model_id != model_id:
        raise NotFound(noun, item_id)
    item: T = found
    return item


def media_url(context: Context, item: Content) -> tuple[str, datetime]:
    """A URL that gives a media item's file, and until when. The URL is a secret."""
    note_read(context, "content:url")
    seconds = context.settings.url_seconds
    url = media.download_url(context.settings.media_bucket, item.media_key, seconds, item.media_type)
    return url, context.now + timedelta(seconds=seconds)


def list_all(
    context: Context,
    kind: type[T],
    model_id: str,
    *,
    limit: int,
    cursor: str | None,
    category: str | None = None,
    status: ItemStatus | None = None,
) -> tuple[list[T], str | None]:
    """The items of a model, by id; one page of the index is read, and what the filter does not admit is dropped.

    Raises NotFound, MalformedRequest.
    """
    places = context.cursors(f"pool:{kind.__name__}:{model_id}:{category}:{status}")
    after = places.decode(cursor)
    visible_model(context, model_id)
    name = "content_id" if issubclass(kind, Content) else "text_id"
    index = Content.model_index if issubclass(kind, Content) else Text.model_index
    size = limit if category is None and status is None else _MOST_EXAMINED
    page, following = pages.by_index(kind, index, model_id, limit=size, after=after)
    found = [
        one for one in page if category in (None, one.category) and status in (None, rights.status_of(one, context.now))
    ]
    if len(found) > limit:
        found = found[:limit]
        following = {"model_id": {"S": model_id}, name: {"S": found[-1].item_id}}
    return found, places.encode(following)

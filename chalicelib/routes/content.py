"""The media items of a model's pool."""

from chalicelib.context import Context, Role
from chalicelib.middleware import Answer, Routes
from chalicelib.routes import documents, pools
from chalicelib.routes.inputs import ContentBody
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, limit
from chalicelib.services import pools as service
from chalicelib.tables import Content

routes = Routes(__name__)
_OWN = {"media_key", "media_type", "sha256", "bytes", "width", "height"}


@routes.post("/api/operator/models/{model_id}/content", role=Role.OPERATOR, body=ContentBody, many=True)
def create(context: Context, *, model_id: str, body: list[ContentBody]) -> Answer:
    """Adds a media item, or up to 100, to the pool."""

    def one(given: ContentBody) -> tuple[documents.Document, bool]:
        entry = pools.entry(given, given.content_id, given.model_dump(include=_OWN))
        item, replayed = service.create_content(context, model_id, entry)
        return documents.content(item), replayed

    return pools.created(body, one)


@routes.get("/api/operator/models/{model_id}/content", role=Role.OPERATOR, query={"limit": limit, "cursor": cursor})
def list_all(context: Context, *, model_id: str, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer:
    """The media items of a model."""
    found, following = service.list_all(context, Content, model_id, limit=limit, cursor=cursor)
    return Answer(documents.page(map(documents.content, found), following))


@routes.get("/api/operator/models/{model_id}/content/{content_id}", role=Role.OPERATOR)
def get(context: Context, *, model_id: str, content_id: str) -> Answer:
    """One media item with its usage."""
    return Answer(documents.content(service.get(context, Content, "content", model_id, content_id)))

"""The texts of a model's pool."""

from chalicelib.context import Context, Role
from chalicelib.middleware import Answer, Routes
from chalicelib.routes import documents, pools
from chalicelib.routes.inputs import TextBody
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, limit
from chalicelib.services import pools as service
from chalicelib.tables import Text

routes = Routes(__name__)


@routes.post("/api/operator/models/{model_id}/texts", role=Role.OPERATOR, body=TextBody, many=True)
def create(context: Context, *, model_id: str, body: list[TextBody]) -> Answer:
    """Adds a text, or up to 100, to the pool."""

    def one(given: TextBody) -> tuple[documents.Document, bool]:
        item, replayed = service.create_text(context, model_id, pools.entry(given, given.text_id, {"body": given.body}))
        return documents.text(item), replayed

    return pools.created(body, one)


@routes.get("/api/operator/models/{model_id}/texts", role=Role.OPERATOR, query={"limit": limit, "cursor": cursor})
def list_all(context: Context, *, model_id: str, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer:
    """The texts of a model."""
    found, following = service.list_all(context, Text, model_id, limit=limit, cursor=cursor)
    return Answer(documents.page(map(documents.text, found), following))


@routes.get("/api/operator/models/{model_id}/texts/{text_id}", role=Role.OPERATOR)
def get(context: Context, *, model_id: str, text_id: str) -> Answer:
    """One text with its usage."""
    return Answer(documents.text(service.get(context, Text, "text", model_id, text_id)))

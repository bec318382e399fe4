"""Looking after the pools: what is left, why an item is chosen, what was given to whom."""

from typing import Any

from chalicelib.context import Context
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, how_many, identifier, limit
from chalicelib.routes.schemas.assignments import Assignment
from chalicelib.routes.schemas.availability import Availability
from chalicelib.routes.schemas.explain import Explained
from chalicelib.routes.schemas.lists import Page
from chalicelib.services import analytics, assignments
from chalicelib.services import availability as looks
from chalicelib.services import explain as explanations
from chalicelib.services.analytics import Analytics

routes = Routes(__name__)
_CANDIDATES = 10


@routes.get(
    "/api/operator/models/{model_id}/availability",
    needs=Permission.CONTENT_READ,
    query={"adding": how_many},
    seconds=20,
)
def availability(context: Context, *, model_id: str, adding: int = 0) -> Answer[Availability]:
    """What the pools hold, what the accounts under way will need, and the day on which a pool runs dry.

    `if_all_start` shows the same as if the imported accounts, and `adding` more, were to start now.
    """
    return Answer(Availability.of(looks.look(context, model_id, adding=adding)))


@routes.get("/api/operator/models/{model_id}/analytics", needs=Permission.CONTENT_READ)
def analyse(context: Context, *, model_id: str) -> Answer[Analytics]:
    """What the record says of the pools: uses, fallbacks, items that always lose."""
    return Answer(analytics.analyse(context, model_id))


@routes.get(
    "/api/operator/accounts/{account_id}/phases/{phase}/explain", needs=Permission.ACCOUNTS_READ, query={"limit": limit}
)
def explain(context: Context, *, account_id: str, phase: str, limit: int = _CANDIDATES) -> Answer[Explained]:
    """What selection would do now for a phase, and why."""
    return Answer(Explained.of(explanations.explain(context, account_id, phase, limit=limit)))


@routes.get(
    "/api/operator/assignments",
    needs=Permission.ACCOUNTS_READ,
    query={
        "limit": limit,
        "account_id": identifier,
        "content_id": identifier,
        "text_id": identifier,
        "cursor": cursor,
    },
)
def history(context: Context, *, limit: int = DEFAULT_LIMIT, **query: Any) -> Answer[Page[Assignment]]:
    """What an account was given, or who was given an item, newest first."""
    found, following = assignments.list_all(context, limit=limit, **query)
    return Answer(Page(items=[Assignment.from_item(one) for one in found], next_cursor=following))

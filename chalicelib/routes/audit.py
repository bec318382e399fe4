"""The audit in words and as data."""

from typing import Any

from chalicelib.context import Context
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer, Lines
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, day, identifier, limit
from chalicelib.routes.schemas.audit import AuditEvent
from chalicelib.routes.schemas.lists import Page
from chalicelib.services import events
from chalicelib.services.events import Verification

routes = Routes(__name__)


@routes.get(
    "/api/operator/audit",
    needs=Permission.AUDIT_READ,
    query={"limit": limit, "account_id": identifier, "bot_id": identifier, "day": day, "cursor": cursor},
)
def list_all(context: Context, *, limit: int = DEFAULT_LIMIT, **query: Any) -> Answer[Page[AuditEvent]]:
    """Audit events of an account, a bot or a day, newest first; of several, where all hold (pages may be short)."""
    found, following = events.list_all(context, limit=limit, **query)
    return Answer(Page(items=[AuditEvent.from_item(one) for one in found], next_cursor=following))


@routes.get(
    "/api/operator/audit/export",
    needs=Permission.AUDIT_READ,
    query={"account_id": identifier, "bot_id": identifier, "day": day, "cursor": cursor},
)
def export(context: Context, **query: Any) -> Lines[AuditEvent]:
    """The same as JSON lines, up to 1,000 a call; the header `Next-Cursor` says where to go on."""
    found, following = events.export(context, **query)
    return Lines(map(AuditEvent.from_item, found), following)


@routes.get("/api/operator/accounts/{account_id}/verify", needs=Permission.AUDIT_READ)
def verify(context: Context, *, account_id: str) -> Answer[Verification]:
    """Whether an account's audit has no gap and replays to its state."""
    return Answer(events.verify(context, account_id))


@routes.get(
    "/api/operator/verify",
    needs=Permission.AUDIT_READ,
    query={"limit": limit, "model_id": identifier, "cursor": cursor},
)
def verify_all(context: Context, *, limit: int = DEFAULT_LIMIT, **query: Any) -> Answer[Page[Verification]]:
    """The same for all accounts, or those of one model, page by page."""
    found, following = events.verify_all(context, limit=limit, **query)
    return Answer(Page(items=found, next_cursor=following))

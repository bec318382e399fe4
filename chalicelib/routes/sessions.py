"""Sessions: a run of a bot begins, says that it lives, and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import ActorKind, Context
from chalicelib.domain.errors import QuotaReached, SessionEnded
from chalicelib.domain.permissions import Permission
from chalicelib.domain.sessions import SessionStatus
from chalicelib.edge.answers import Answer, New
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, OneOf, cursor, limit
from chalicelib.routes.schemas.lists import Page
from chalicelib.routes.schemas.sessions import ChangedSession, OpenedSession, OwnSession, Session
from chalicelib.services import heartbeats, sessions
from chalicelib.services.heartbeats import Heartbeat

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.reasons import ReasonBody
    from chalicelib.routes.bodies.sessions import HeartbeatBody, SessionBody

routes = Routes(__name__, bodies=(".bodies.reasons", ".bodies.sessions"))


@routes.post("/api/bot/sessions", by=ActorKind.BOT, refuses=(QuotaReached,))
def create(context: Context, *, body: SessionBody) -> New[OpenedSession]:
    """Opens a session."""
    opened = sessions.create(context, client=body.client, host=body.host)
    return New(OpenedSession.of(opened, context.settings))


@routes.post("/api/bot/sessions/{session_id}/heartbeat", by=ActorKind.BOT, refuses=(SessionEnded,))
def heartbeat(context: Context, *, session_id: str, body: HeartbeatBody) -> Answer[Heartbeat]:
    """Says that the session lives."""
    return Answer(heartbeats.heartbeat(context, session_id, note=body.note))


@routes.get("/api/bot/sessions/{session_id}", by=ActorKind.BOT)
def get(context: Context, *, session_id: str) -> Answer[OwnSession]:
    """The session with what it holds."""
    return Answer(OwnSession.of(*sessions.get(context, session_id), context.settings))


@routes.delete("/api/bot/sessions/{session_id}", by=ActorKind.BOT)
def end(context: Context, *, session_id: str) -> Answer[ChangedSession]:
    """Ends the session."""
    return Answer(ChangedSession.of(sessions.end(context, session_id)))


@routes.get(
    "/api/operator/sessions",
    needs=Permission.SESSIONS_READ,
    query={"limit": limit, "status": OneOf(SessionStatus), "cursor": cursor},
)
def list_all(
    context: Context, *, limit: int = DEFAULT_LIMIT, status: SessionStatus | None = None, cursor: str | None = None
) -> Answer[Page[Session]]:
    """Sessions, by standing."""
    found, following = sessions.list_all(context, limit=limit, status=status, cursor=cursor)
    return Answer(Page(items=[Session.from_item(*one) for one in found], next_cursor=following))


@routes.get("/api/operator/sessions/{session_id}", needs=Permission.SESSIONS_READ)
def show(context: Context, *, session_id: str) -> Answer[Session]:
    """One session with what it holds; no tokens, since they are not the operator's."""
    return Answer(Session.from_item(*sessions.get(context, session_id)))


@routes.post("/api/operator/sessions/{session_id}/drain", needs=Permission.SESSIONS_WRITE, refuses=(SessionEnded,))
def drain(context: Context, *, session_id: str, body: ReasonBody) -> Answer[ChangedSession]:
    """Has a session finish what it holds and take nothing new."""
    return Answer(ChangedSession.of(sessions.drain(context, session_id, reason=body.reason)))


@routes.post("/api/operator/sessions/{session_id}/stop", needs=Permission.SESSIONS_WRITE, refuses=(SessionEnded,))
def stop(context: Context, *, session_id: str, body: ReasonBody) -> Answer[ChangedSession]:
    """Has a session stop, and supersedes its leases."""
    return Answer(ChangedSession.of(sessions.stop(context, session_id, reason=body.reason)))

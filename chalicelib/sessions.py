"""Sessions, as far as several use cases need them: a new one, the caller's own, one that may take work."""

from datetime import timedelta

from chalicelib import audit
from chalicelib.context import ActorKind, Context
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import NotFound, SessionEnded
from chalicelib.domain.instants import render
from chalicelib.domain.replay import link
from chalicelib.domain.sessions import Directive, SessionStatus, has_ended, may_work
from chalicelib.tables import AuditEvent, Bot, Session
from chalicelib.tables.base import batch_get
from chalicelib.tables.bots import enter
from chalicelib.tables.transaction import Transaction
from chalicelib.visible import visible_sessions


def new_session(context: Context, *, client: str | None = None, host: str | None = None) -> Session:
    """A session of the caller that begins now; it is stored with what opens it."""
    counts_as_lost = context.now + timedelta(seconds=context.settings.session_seconds)
    return Session(
        session_id=context.new_id("ses"),
        bot_id=context.actor.id,
        kind=context.actor.kind,
        client=client,
        host=host,
        live=SessionStatus.LIVE,
        directive=Directive.CONTINUE,
        started_at=context.now,
        last_seen_at=context.now,
        expires_at=counts_as_lost,
        kept_until=counts_as_lost + timedelta(days=context.settings.session_days),
        version=1,
    )


def open_session(context: Context, transaction: Transaction, session: Session) -> AuditEvent:
    """Adds a new session, with its event, to what is written; a bot may have so many."""
    event = audit.event(
        context,
        subject=session.subject,
        sequence=session.version,
        action=AuditAction.SESSION_OPEN,
        transitions=[{"what": "session", "from": None, "to": session.live}],
        details={},
        token=transaction.token,
    )
    session.head = link(event)
    transaction.put(session, Session.session_id.does_not_exist())
    transaction.put(event, AuditEvent.subject.does_not_exist())
    count_session(context, transaction, session)
    return event


def count_session(context: Context, transaction: Transaction, session: Session) -> None:
    """Counts the session among those that its bot has open, on condition that there is room."""
    if context.actor.kind is ActorKind.BOT:
        condition, action = enter(session.session_id, context.settings.max_sessions)
        transaction.update(Bot(bot_id=session.bot_id), condition, [action])


def is_own(context: Context, session: Session) -> bool:
    """Whether the session is the caller's."""
    return context.actor.is_(session.kind, session.bot_id)


def visible_session(context: Context, session_id: str) -> Session:
    """A session of the caller (an operator's: any). Raises NotFound."""
    (session,) = batch_get([(Session, session_id)])
    mine = context.actor.kind is not ActorKind.BOT or (session is not None and is_own(context, session))
    if session is None or session.is_over(context.now) or not mine or not visible_sessions(context, [session]):
        raise NotFound("session", session_id)
    found: Session = session
    return found


def own_session(context: Context, session: Session | None) -> Session:
    """The session, if it is the caller's. Raises NotFound."""
    if session is None or not is_own(context, session) or session.is_over(context.now):
        raise NotFound("session", context.session_id or "")
    return session


def working_session(context: Context, session: Session | None, *, holds: bool = False) -> Session | None:
    """The caller's session, if it named one and may work with it; `holds`: on an account that it has taken already.

    Raises NotFound where it is not the caller's, SessionEnded where it ended or was ordered to stop, or to take nothing
    new and this would be new.
    """
    if context.session_id is None:
        return None
    own = own_session(context, session)
    if has_ended(own.live):
        raise SessionEnded(f"Session {own.session_id} ended at {render(own.ended_at or context.now)}. Open a new one.")
    if not may_work(own.directive, holds=holds):
        raise SessionEnded(f"Session {own.session_id} was ordered to `{own.directive}`: it takes nothing new.")
    return own

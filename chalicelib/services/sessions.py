"""Sessions: a run of a bot begins, says that it lives, and ends."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field
from functools import partial

from chalicelib import audit, holdings, quotas, revocations, warmups
from chalicelib.changes import Change, retry_on_conflict
from chalicelib.context import ActorKind, Context
from chalicelib.domain import leases
from chalicelib.domain import sessions as rules
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import NotFound
from chalicelib.domain.leases import Lease
from chalicelib.domain.records import record
from chalicelib.domain.sessions import Directive, SessionStatus
from chalicelib.domain.warmup import leases as life
from chalicelib.sessions import is_own, new_session, open_session, visible_session
from chalicelib.tables import Bot, Session, pages
from chalicelib.tables.bots import leave
from chalicelib.tables.rests import rest_until, rests
from chalicelib.tables.sessions import HeldLease, lost_at, overdue, settle
from chalicelib.tables.transaction import SingleUpdate, Stale, Transaction
from chalicelib.visible import visible_sessions

_CLOSING = "close lost sessions"


@record
class Held:
    """A lease that a session holds, on which phase."""

    account_id: str
    phase: str | None
    lease: Lease


@retry_on_conflict
def create(context: Context, *, client: str | None, host: str | None) -> Session:
    """Opens a session of the caller. Raises QuotaReached."""
    session, transaction = new_session(context, client=client, host=host), Transaction(context)
    event = open_session(context, transaction, session)
    try:
        transaction.commit(lambda: audit.was_stored(event))
    except Stale as stale:
        quotas.explain(context, stale)
        raise
    return session


def get(context: Context, session_id: str) -> tuple[Session, list[Held]]:
    """A session of the caller (an operator's: any), with the live leases that it holds. Raises NotFound."""
    session = visible_session(context, session_id)
    return session, _shown(context, [session])[session_id]


def own(context: Context, session_id: str) -> tuple[Session, list[Held]]:
    """A session of the caller and of nobody else, with the live leases that it holds. Raises NotFound."""
    session = visible_session(context, session_id)
    if not is_own(context, session):
        raise NotFound("session", session_id)
    return session, _shown(context, [session])[session_id]


def _shown(context: Context, sessions: Sequence[Session]) -> dict[str, list[Held]]:
    """What sessions hold now, by their ids; what they have ended since they were heard of is counted, and not stored.

    What they ended on an account that was taken again since is counted when they are next heard of.
    """
    found = holdings.look(sessions)
    for session in sessions:
        holdings.settle(session, holdings.settlement(holdings.endings(found[session.session_id], thorough=False)))
        if not rules.has_ended(session.live):
            session.expires_at = max(session.expires_at, lost_at(session.last_seen_at, context.settings))
    return {
        session_id: [
            Held(one.held.account_id, one.held.phase_or_none, one.lease)
            for one in those
            if one.is_seen_by(context.actor) and one.lease is not None and leases.is_live(one.lease, context.now)
        ]
        for session_id, those in found.items()
    }


@record
class Directed:
    """A session after a move, with what it holds; `left` are leases that the time of the call did not suffice for."""

    session: Session
    replayed: bool
    held: list[Held]
    left: list[HeldLease] = field(default_factory=list)


def end(context: Context, session_id: str) -> Directed:
    """Ends the session and gives back what it holds. Raises NotFound.

    It is ended first, so that it takes nothing new; what a crash or the end of the call's time left held is given back
    by the repeat, or runs out.
    """
    session, ended_before = _end(context, session_id)
    left = revocations.each(context, session.held(), _release)
    if not left:
        _settle(context, session)
    held = _shown(context, [session])[session_id]
    return Directed(session, ended_before, held, left)


def _settlement(session: Session) -> holdings.Settlement:
    return holdings.settlement(holdings.endings(holdings.look([session])[session.session_id]))


def _settle(context: Context, session: Session) -> None:
    """Drops from what a session holds what it has given back by its end."""
    found = _settlement(session)
    if not found.gone:
        return
    try:
        SingleUpdate(context, session, *settle(found.gone, done=found.done, failed=found.failed)).commit()
    except Stale:
        return  # the same end, sent twice at once, has done so
    holdings.settle(session, found)


@retry_on_conflict
def _release(context: Context, holding: HeldLease) -> None:
    try:
        loaded = warmups.load(context, holding.account_id, purpose=warmups.Purpose(told_with=holding.lease_token))
    except NotFound:
        return
    step = life.end_with_session(loaded.warmup, holding.lease_token, context.now)
    if step is not None:
        warmups.store(context, loaded, step)


@retry_on_conflict
def _end(context: Context, session_id: str) -> tuple[Session, bool]:
    session = visible_session(context, session_id)
    if rules.has_ended(session.live):
        return session, True
    _stand(context, session, SessionStatus.ENDED, AuditAction.SESSION_END)
    return session, False


def _stand(context: Context, session: Session, standing: SessionStatus, action: AuditAction) -> None:
    change = Change(context, session)
    change.record("session", session.live, standing)
    held = Session.holds == session.holds if session.holds else Session.holds.does_not_exist()
    unchanged = held & (Session.last_seen_at == session.last_seen_at)  # what is taken meanwhile is given back, too
    holdings.settle(session, _settlement(session))
    session.live = standing
    if rules.has_ended(standing):
        session.ended_at = context.now
        if context.actor.kind is ActorKind.BOT:  # another counts as open until room is needed
            change.transaction.update(Bot(bot_id=session.bot_id), Bot.bot_id.exists(), [leave([session.session_id])])
    change.commit(action, unchanged)


@retry_on_conflict
def drain(context: Context, session_id: str, *, reason: str) -> Directed:
    """Has a session finish what it holds and take nothing new. Raises NotFound."""
    session, replayed = revocations.direct(context, session_id, Directive.DRAIN, AuditAction.SESSION_DRAIN, reason)
    return Directed(session, replayed, _shown(context, [session])[session_id])


def stop(context: Context, session_id: str, *, reason: str) -> Directed:
    """Directs a session to stop, and supersedes its leases. Raises NotFound."""
    session, replayed = revocations.stop(context, session_id, reason)
    left = revocations.each(context, session.held(), partial(revocations.revoke, reason=reason))
    return Directed(session, replayed, _shown(context, [session])[session_id], left)


def close_lost(context: Context, *, limit: int) -> dict[str, int]:
    """Marks sessions that were not heard of as lost; what they hold falls due by itself. Returns how many.

    A warm function rests until the next one's time is over: no session that is heard of from now on has less.
    """
    if rests(_CLOSING, context.now):
        return {"lost": 0}
    found, following = overdue(context.now, limit)
    lost, ends = 0, [lost_at(context.now, context.settings), *([] if following is None else [following])]
    for session in found:
        if context.is_short_of_time:
            return {"lost": lost, "left_for_next_time": 1}
        with suppress(Stale):  # it was heard of just now
            lost += _lose(context, session)
        ends.append(lost_at(session.last_seen_at, context.settings))
    rest_until(_CLOSING, min(end for end in ends if end > context.now))
    return {"lost": lost}


def _lose(context: Context, session: Session) -> bool:
    """Whether the session is lost now; one that has taken work since its last heartbeat gets its place in the index."""
    if not rules.is_lost(session.live, session.expires_at, context.now):
        return False
    expires_at = lost_at(session.last_seen_at, context.settings)
    if expires_at > context.now:
        unmoved = Session.expires_at == session.expires_at
        SingleUpdate(context, session, unmoved, [Session.expires_at.set(expires_at)]).commit()
        return False
    _stand(context, session, SessionStatus.LOST, AuditAction.SESSION_LOSE)
    return True


def list_all(
    context: Context, *, limit: int, status: SessionStatus | None, cursor: str | None
) -> tuple[list[tuple[Session, list[Held]]], str | None]:
    """Sessions by standing (or all), with what they hold, the latest heard of first. Raises MalformedRequest."""
    places = context.cursors(f"sessions:{status}")
    after = places.decode(cursor)
    if status is None:
        found, following = pages.everything(Session, limit=limit, after=after)
    else:
        found, following = pages.by_index(Session, Session.live_index, status, limit=limit, after=after, forward=False)
    kept = [session for session in visible_sessions(context, found) if not session.is_over(context.now)]
    held = _shown(context, kept)
    return [(session, held[session.session_id]) for session in kept], places.encode(following)

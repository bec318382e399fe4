"""Taking work away: a session is ordered to stop, its leases are superseded, one transaction each.

Each can be done again at any time, and does nothing then: a request that had no time left for the rest says so, and is
sent again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from chalicelib import holdings, warmups
from chalicelib.changes import Change, retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain import leases
from chalicelib.domain import sessions as rules
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import NotFound, SessionEnded
from chalicelib.domain.records import record
from chalicelib.domain.sessions import Directive
from chalicelib.domain.warmup import leases as life
from chalicelib.holdings import GivenLease
from chalicelib.sessions import visible_session
from chalicelib.tables import Bot, Session, pages
from chalicelib.tables.base import batch_get
from chalicelib.tables.sessions import HeldLease

_LATEST_SESSIONS = 100


@record
class TakenAway:
    """What was taken away from a bot: the sessions that were stopped, the accounts whose leases were revoked.

    `left` are sessions and leases that the time of the call did not suffice for.
    """

    stopped: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    left: int = 0


def each(context: Context, held: Sequence[HeldLease], act: Callable[[Context, HeldLease], None]) -> list[HeldLease]:
    """Does this with each lease; returns those that the time of the call did not suffice for."""
    for place, holding in enumerate(held):
        if context.is_short_of_time:
            return list(held[place:])
        act(context, holding)
    return []


@retry_on_conflict
def revoke(context: Context, holding: HeldLease, *, reason: str) -> None:
    """Supersedes a lease, live or run out, unless it is over already."""
    try:
        loaded = warmups.load(context, holding.account_id, purpose=warmups.Purpose(told_with=holding.lease_token))
    except NotFound:
        return
    step = life.revoke(loaded.warmup, holding.lease_token, context.now)
    if step is not None:
        warmups.store(context, loaded, step, reason=reason)


def direct(
    context: Context, session_id: str, directive: Directive, action: AuditAction, reason: str
) -> tuple[Session, bool]:
    """Orders a session to drain or stop; returns whether it was so before. Raises NotFound, SessionEnded, Stale."""
    session = visible_session(context, session_id)
    if rules.is_repeat(session.directive, directive):
        return session, True
    if rules.has_ended(session.live):
        raise SessionEnded(f"Session {session_id} has ended.")
    change = Change(context, session)
    change.record("directive", session.directive, directive)
    session.directive = directive
    change.commit(action, reason=reason)
    return session, False


@retry_on_conflict
def stop(context: Context, session_id: str, reason: str) -> tuple[Session, bool]:
    """Orders a session to stop; returns whether it was so before. Raises NotFound, SessionEnded."""
    return direct(context, session_id, Directive.STOP, AuditAction.SESSION_STOP, reason)


def sessions_of(context: Context, bot: Bot) -> list[Session]:
    """The sessions under which the bot may hold something: those that it has open, and the latest others."""
    latest, _ = pages.by_index(Session, Session.bot_index, bot.bot_id, limit=_LATEST_SESSIONS, forward=False)
    found = {one.session_id: one for one in latest}
    missing = sorted((bot.open_sessions or set()) - found.keys())
    found |= {one.session_id: one for one in batch_get([(Session, one) for one in missing]) if one is not None}
    return [one for one in found.values() if not one.is_over(context.now)]


def open_leases(context: Context, sessions: Iterable[Session]) -> list[GivenLease]:
    """The leases of these sessions that nobody has ended, live or run out."""
    found = holdings.look([one for one in sessions if one.holds])
    return [one for those in found.values() for one in those if leases.is_open(one.lease)]

"""Heartbeats: a session says that it lives, and its leases are extended."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib import holdings, revocations
from chalicelib.context import Actor, ActorKind, Context
from chalicelib.domain import consents, leases, selection
from chalicelib.domain import sessions as rules
from chalicelib.domain.errors import SessionEnded
from chalicelib.domain.leases import Ending
from chalicelib.domain.records import record
from chalicelib.domain.sessions import Directive
from chalicelib.holdings import Endings, GivenLease
from chalicelib.sessions import visible_session
from chalicelib.tables import Account, Content, Phase, Session, Text
from chalicelib.tables.base import Key, batch_get
from chalicelib.tables.sessions import HeldLease, beat, owned_by, settle
from chalicelib.tables.transaction import SingleUpdate, Stale

_BINDING = Actor(ActorKind.TIMER, "binding")
_OUTSIDE = "the bot is bound to other models now"


@record
class LostHold:
    """A lease that the session holds no longer."""

    account_id: str
    reason: str


@record
class HeldStill:
    """A lease that the heartbeat extended; `withdrawn`: its content may not be used any more."""

    account_id: str
    phase: str | None
    expires_at: datetime
    withdrawn: bool


@record
class Heartbeat:
    """What a session still holds, what it lost, and what it is ordered to do."""

    session_id: str
    expires_at: datetime
    held: list[HeldStill]
    lost: list[LostHold]
    directive: Directive


def heartbeat(context: Context, session_id: str, *, note: str | None) -> Heartbeat:
    """Says that the session lives: every lease that it holds is extended, late ones too where nobody has taken over.

    No lease is extended beyond the longest time that its phase gives a worker; then it runs out and is lost. Only the
    session is written: a lease runs as long as its session's last heartbeat said, and who takes over requires that none
    has come. The accounts are read after that, so that what is said to be held is held.
    Raises NotFound, SessionEnded.
    """
    session = _beat(context, session_id, note)
    found = holdings.look([session])[session.session_id]
    endings = holdings.endings(found)
    live = {one.held: one.lease for one in found if one.lease is not None and leases.is_live(one.lease, context.now)}
    lost = [LostHold(one.held.account_id, why) for one in found if (why := _why(context, session, one, endings))]
    for outside in _revoke_outside(context, [one for one in found if one.held in live]):
        del live[outside]
        endings = {**endings, outside: Ending.REVOKED}
        lost.append(LostHold(outside.account_id, _OUTSIDE))
    _drop(context, session, endings)
    warned = frozenset(session.warned or ()) | _expired(session, list(live), context.now)
    held = [
        HeldStill(one.account_id, one.phase_or_none, lease.expires_at, one.lease_token in warned)
        for one, lease in live.items()
    ]
    until = context.now + timedelta(seconds=context.settings.lease_seconds)
    return Heartbeat(session_id, until, held, lost, session.directive)


def _revoke_outside(context: Context, live: Sequence[GivenLease]) -> list[HeldLease]:
    """Supersedes what the bot holds of models that it is not bound to any more; returns that.

    Who bound it has done so already, but for what it took within the time for which its key is kept.
    """
    outside = [one.held for one in live if not one.is_seen_by(context.actor)]
    for holding in outside:
        revocations.revoke(context.acting_as(_BINDING), holding, reason=_OUTSIDE)
    return outside


def _beat(context: Context, session_id: str, note: str | None) -> Session:
    """The session after its heartbeat, written without a look at it. Raises NotFound, SessionEnded."""
    condition, actions = beat(context.now, context.settings, note)
    condition &= Session.kept_until > context.now
    if context.actor.kind is ActorKind.BOT:
        condition &= owned_by(context.actor)
    update = SingleUpdate(context, Session(session_id=session_id), condition, actions)
    try:
        update.commit()
    except Stale:
        session = visible_session(context, session_id)
        if rules.has_ended(session.live):
            raise SessionEnded(f"Session {session_id} has ended. Open a new one.") from None
        return session  # a later heartbeat has come before this one
    assert isinstance(update.after, Session)
    return update.after


def _why(context: Context, session: Session, holding: GivenLease, endings: Endings) -> str | None:
    """Why the session has lost a lease; None where it has not, or has taken the account again itself."""
    account = holding.account
    lease = None if account is None else account.lease
    if account is None or lease is None:
        return "the account is gone"
    if holding.lease is None:
        by_itself = lease.session_id == session.session_id or not leases.is_lost(endings[holding.held])
        return None if by_itself else f"session {lease.session_id} of {lease.bot_id} has taken over"
    if leases.is_lost(lease.ended_by) and consents.is_withdrawn(account.agreed):
        return "the owner of the account has withdrawn the consent"
    if leases.is_lost(lease.ended_by):
        return f"the lease ended: {lease.ended_by}"
    # its entry stays until the timer, or who comes next, has ended the lease
    return "the longest time that its phase gives a worker is over" if leases.has_run_out(lease, context.now) else None


def _drop(context: Context, session: Session, endings: Endings) -> None:
    """Drops what has ended from what the session holds, and counts what its bot has ended itself."""
    settled = holdings.settlement(endings)
    lost = {str(held) for held, by in endings.items() if leases.is_lost(by)}
    if not lost | settled.gone:
        return
    try:
        change = settle(lost | settled.gone, done=settled.done, failed=settled.failed)
        SingleUpdate(context, session, *change).commit()
    except Stale:  # a claim that came at the same time has counted; what was lost is told once all the same
        if lost:
            with suppress(Stale):
                SingleUpdate(context, session, Session.session_id.exists(), [Session.holds.delete(lost)]).commit()


def _expired(session: Session, held: Sequence[HeldLease], now: datetime) -> frozenset[str]:
    """The tokens of leases that hold an item whose licence is over: read only where one should be by now."""
    doubtful = [one for one in held if one.lease_token in session.in_doubt(now) and one.phase_or_none is not None]
    if not doubtful:
        return frozenset()
    accounts: Sequence[Account | None] = batch_get([(Account, one.account_id) for one in doubtful])
    given = [
        (key, holding.lease_token)
        for holding, account in zip(doubtful, accounts, strict=True)
        if account is not None and account.phase is not None and account.phase.lease_token == holding.lease_token
        for key in _items_of(account.phase)
    ]
    items = batch_get([key for key, _ in given]) if given else []
    return frozenset(
        token
        for item, (_, token) in zip(items, given, strict=True)
        if item is not None and selection.unlicensed(item, now) is not None
    )


def _items_of(phase: Phase) -> list[Key]:
    named = ((Content, phase.assigned_content_id), (Text, phase.assigned_text_id))
    return [(kind, item_id) for kind, item_id in named if item_id is not None]

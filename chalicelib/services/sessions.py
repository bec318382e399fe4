"""Sessions: a run of a bot begins, says that it lives, and ends."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from chalicelib import audit, warmups
from chalicelib.changes import Change, retry_on_conflict
from chalicelib.context import Context, Role
from chalicelib.domain import leases, selection
from chalicelib.domain import sessions as rules
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import NotFound, SessionEnded
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import PhaseName
from chalicelib.domain.sessions import Directive, SessionStatus
from chalicelib.domain.warmup import leases as life
from chalicelib.sessions import new_session, open_session
from chalicelib.tables import Account, Content, Phase, Session, Text, pages
from chalicelib.tables.base import Key, together
from chalicelib.tables.sessions import HeldLease, seen
from chalicelib.tables.transaction import Stale, Transaction

_MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that a session holds, on which phase."""

    account_id: str
    phase: PhaseName | None
    lease: Lease


@dataclass(frozen=True)
class LostHold:
    """A lease that the session holds no longer."""

    account_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat: what the session holds until when, what it lost, and what it is told to do.

    `warned` are the tokens of the leases whose content was withdrawn, or its licence ended, after it was delivered.
    """

    session_id: str
    expires_at: datetime
    held: list[tuple[HeldLease, datetime]]
    lost: list[LostHold]
    directive: Directive
    warned: frozenset[str] = frozenset()


def create(context: Context, *, client: str | None, host: str | None) -> Session:
    """Opens a session of the caller."""
    session, transaction = new_session(context, client=client, host=host), Transaction(context)
    event = open_session(context, transaction, session)
    transaction.commit(lambda: audit.was_stored(event))
    return session


def get(context: Context, session_id: str) -> tuple[Session, list[Held]]:
    """A session of the caller (an operator's: any), with the live leases that it holds. Raises NotFound."""
    session = _own(context, session_id)
    return session, list(_held(context, session).values())


def own(context: Context, session_id: str) -> tuple[Session, list[Held]]:
    """A session of the caller and of nobody else, with the live leases that it holds. Raises NotFound."""
    session = _own(context, session_id)
    if session.bot_id != context.actor.id:
        raise NotFound("session", session_id)
    return session, list(_held(context, session).values())


def _own(context: Context, session_id: str) -> Session:
    (session,) = together([(Session, session_id)])
    if session is None or session.is_over(context.now) or not _may_see(context, session):
        raise NotFound("session", session_id)
    found: Session = session
    return found


def _may_see(context: Context, session: Session) -> bool:
    return context.actor.kind is not Role.BOT or session.bot_id == context.actor.id


def _held(context: Context, session: Session) -> dict[str, Held]:
    holdings = session.held()
    accounts: Sequence[Account | None] = together([(Account, one.account_id) for one in holdings]) if holdings else []
    return {
        account.account_id: Held(account.account_id, holding.phase_or_none, account.lease)
        for holding, account in zip(holdings, accounts, strict=True)
        if account is not None
        and account.lease is not None
        and account.lease.token == holding.lease_token
        and leases.is_live(account.lease, context.now)
    }


def heartbeat(context: Context, session_id: str, *, note: str | None) -> Beat:
    """Says that the session lives: every lease that it holds is extended, late ones too where nobody has taken over.

    No lease is extended beyond the longest time that its phase gives a worker; then it runs out and is lost.
    Raises NotFound, SessionEnded.
    """
    session = _own(context, session_id)
    if rules.has_ended(session.live):
        raise SessionEnded(f"Session {session_id} has ended. Open a new one.")
    held: list[Extended] = []
    lost: list[LostHold] = []
    until = _until(context)
    for holdings in _in_parts(session.held()):
        try:
            _require_each_once(holdings)
            asked = [(holding, until) for holding in holdings]
            _extend(context, session, asked, [], note)
            held += asked
        except Stale:
            extended, gone_now = _extend_one_by_one(context, session, *_sort_out(context, session, holdings), note)
            held, lost = held + extended, lost + gone_now
    return Beat(
        session_id,
        until,
        held,
        lost,
        session.directive,
        frozenset(session.warned or ()) | _expired(session, [one for one, _ in held], context.now),
    )


def _expired(session: Session, held: Sequence[HeldLease], now: datetime) -> frozenset[str]:
    """The tokens of leases that hold an item whose licence is over: read only where one should be by now."""
    doubtful = [one for one in held if one.lease_token in session.in_doubt(now) and one.phase_or_none is not None]
    if not doubtful:
        return frozenset()
    phases: Sequence[Phase | None] = together([(Phase, one.account_id, one.phase) for one in doubtful])
    given = [
        (key, holding.lease_token)
        for holding, phase in zip(doubtful, phases, strict=True)
        if phase is not None and phase.lease_token == holding.lease_token
        for key in _items_of(phase)
    ]
    items = together([key for key, _ in given]) if given else []
    return frozenset(
        token
        for item, (_, token) in zip(items, given, strict=True)
        if item is not None and selection.unlicensed(item, now) is not None
    )


def _items_of(phase: Phase) -> list[Key]:
    named = ((Content, phase.assigned_content_id), (Text, phase.assigned_text_id))
    return [(kind, item_id) for kind, item_id in named if item_id is not None]


Extended = tuple[HeldLease, datetime]
"""A lease that a session holds, and until when."""
Kept = tuple[HeldLease, Lease]
"""A lease that is still the session's, as it is now."""


def _require_each_once(holdings: list[HeldLease]) -> None:
    """Raises Stale where an account stands twice: the session lost its lease and took it again, to be sorted out."""
    if len({one.account_id for one in holdings}) < len(holdings):
        raise Stale(frozenset({Account}))


def _in_parts(holdings: list[HeldLease]) -> Iterator[list[HeldLease]]:
    """What one transaction can extend at once; one empty part where nothing is held."""
    for start in range(0, max(1, len(holdings)), _MOST_AT_ONCE):
        yield holdings[start : start + _MOST_AT_ONCE]


def _until(context: Context) -> datetime:
    return context.now + timedelta(seconds=context.settings.lease_seconds)


def _extend(
    context: Context, session: Session, wanted: Sequence[Extended], gone: Sequence[HeldLease], note: str | None
) -> None:
    """Extends these leases and drops what is gone, in one transaction. A heartbeat is no new version of an account."""
    transaction = Transaction(context)
    for holding, until in wanted:
        current = Account.lease_token == holding.lease_token
        no_later = Account.lease_expires_at <= until  # a heartbeat that was held up takes nothing back
        in_bounds = Account.lease_latest_at.does_not_exist() | (Account.lease_latest_at >= until)
        transaction.update(
            Account(account_id=holding.account_id),
            current & Account.lease_ended_by.does_not_exist() & no_later & in_bounds,
            [Account.lease_expires_at.set(until), Account.due_at.set(until)],
        )
    actions = [Session.live.set(SessionStatus.LIVE), *seen(context.now, context.settings)]
    if note is not None:
        actions.append(Session.note.set(note))
    if gone:
        actions.append(Session.holds.delete({str(holding) for holding in gone}))
    transaction.update(Session(session_id=session.session_id), Session.ended_at.does_not_exist(), actions)
    transaction.commit()


def _sort_out(
    context: Context, session: Session, holdings: Sequence[HeldLease]
) -> tuple[list[Kept], list[LostHold], list[HeldLease]]:
    """Which leases are still the session's, which were lost and why, and which entries can go."""
    kept: list[Kept] = []
    lost: list[LostHold] = []
    gone: list[HeldLease] = []
    for holding, account in zip(holdings, together([(Account, one.account_id) for one in holdings]), strict=True):
        lease = account.lease if account is not None else None
        if lease is not None and lease.token == holding.lease_token and leases.is_open(lease):
            if leases.extended_to(lease, _until(context), context.now) is not None:
                kept.append((holding, lease))
            else:  # its entry stays until the timer, or who comes next, has ended the lease
                lost.append(LostHold(holding.account_id, "the longest time that its phase gives a worker is over"))
            continue
        gone.append(holding)
        if lease is None or lease.session_id != session.session_id or lease.token == holding.lease_token:
            lost.append(LostHold(holding.account_id, _why(holding, lease)))
    return kept, lost, gone


def _why(holding: HeldLease, lease: Lease | None) -> str:
    if lease is None:
        return "the account is gone"
    if lease.token == holding.lease_token:
        return f"the lease ended: {lease.ended_by}"
    return f"session {lease.session_id} of {lease.bot_id} has taken over"


def _extend_one_by_one(
    context: Context,
    session: Session,
    wanted: list[Kept],
    lost: list[LostHold],
    gone: list[HeldLease],
    note: str | None,
) -> tuple[list[Extended], list[LostHold]]:
    """After a first failure: what ends between the look and the write costs its own lease only.

    A lease that is still the session's, and yet cannot be extended, runs longer than this heartbeat asks for. What the
    time of the call does not suffice for stays as it is, and the next heartbeat extends it.
    """
    kept: list[Extended] = []
    for holding, lease in wanted:
        until = leases.extended_to(lease, _until(context), context.now)
        if context.is_short_of_time or until is None:
            kept.append((holding, lease.expires_at))
            continue
        try:
            _extend(context, session, [(holding, until)], [], note)
            kept.append((holding, until))
        except Stale:
            longer, gone_now, _ = _sort_out(context, session, [holding])
            kept += [(one, now.expires_at) for one, now in longer]
            lost = lost + gone_now
    try:
        _extend(context, session, [], gone, note)
    except Stale:
        raise SessionEnded(f"Session {session.session_id} has ended. Open a new one.") from None
    return kept, lost


@dataclass(frozen=True, slots=True)
class Directed:
    """A session after a move. `held` is what it holds still: what the time of the call did not suffice for."""

    session: Session
    replayed: bool
    held: list[HeldLease]


def end(context: Context, session_id: str) -> Directed:
    """Ends the session and gives back what it holds. Raises NotFound.

    It is ended first, so that it takes nothing new; whatever a crash left held, or the time of the call did not suffice
    for, is given back by the repeat, or runs out.
    """
    _, ended_before = _end(context, session_id)
    session = _own(context, session_id)  # read again: something may have been taken just before the end
    return Directed(session, ended_before, _each(context, session, _release))


def _each(context: Context, session: Session, act: Callable[[Context, HeldLease], None]) -> list[HeldLease]:
    """Does this with each lease of the session; returns those that the time of the call did not suffice for."""
    held = session.held()
    for place, holding in enumerate(held):
        if context.is_short_of_time:
            return held[place:]
        act(context, holding)
    return []


@retry_on_conflict
def _release(context: Context, holding: HeldLease) -> None:
    try:
        loaded = warmups.load(context, holding.account_id)
    except NotFound:
        return
    step = life.end_with_session(loaded.warmup, holding.lease_token, context.now)
    if step is not None:
        warmups.store(context, loaded, step)


@retry_on_conflict
def _end(context: Context, session_id: str) -> tuple[Session, bool]:
    session = _own(context, session_id)
    if rules.has_ended(session.live):
        return session, True
    _stand(context, session, SessionStatus.ENDED, AuditAction.SESSION_END)
    return session, False


def _stand(context: Context, session: Session, standing: SessionStatus, action: AuditAction) -> None:
    change = Change(context, session)
    change.record("session", session.live, standing)
    heard = Session.last_seen_at == session.last_seen_at
    session.live = standing
    if rules.has_ended(standing):
        session.ended_at = context.now
    change.commit(action, heard)


@retry_on_conflict
def drain(context: Context, session_id: str, *, reason: str) -> Directed:
    """Has a session finish what it holds and take nothing new. Raises NotFound."""
    session, replayed = _direct(context, session_id, Directive.DRAIN, AuditAction.SESSION_DRAIN, reason)
    return Directed(session, replayed, [])


def stop(context: Context, session_id: str, *, reason: str) -> Directed:
    """Directs a session to stop, and supersedes its leases. Raises NotFound."""
    session, replayed = _stop(context, session_id, reason)
    return Directed(session, replayed, _each(context, session, partial(_revoke, reason=reason)))


@retry_on_conflict
def _stop(context: Context, session_id: str, reason: str) -> tuple[Session, bool]:
    return _direct(context, session_id, Directive.STOP, AuditAction.SESSION_STOP, reason)


def _direct(
    context: Context, session_id: str, directive: Directive, action: AuditAction, reason: str
) -> tuple[Session, bool]:
    session = _own(context, session_id)
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
def _revoke(context: Context, holding: HeldLease, *, reason: str) -> None:
    try:
        loaded = warmups.load(context, holding.account_id)
    except NotFound:
        return
    step = life.revoke(loaded.warmup, holding.lease_token, context.now)
    if step is not None:
        warmups.store(context, loaded, step, reason=reason)


def close_lost(context: Context, *, limit: int) -> dict[str, int]:
    """Marks sessions that were not heard of as lost; what they hold falls due by itself. Tells how many."""
    before = Session.expires_at <= context.now
    found, _ = pages.by_index(Session, Session.live_index, SessionStatus.LIVE, limit=limit, condition=before)
    lost = 0
    for session in found:
        if context.is_short_of_time:
            return {"lost": lost, "left_for_next_time": 1}
        if rules.is_lost(session.live, session.expires_at, context.now):
            try:
                _stand(context, session, SessionStatus.LOST, AuditAction.SESSION_LOSE)
                lost += 1
            except Stale:
                continue  # it was heard of just now
    return {"lost": lost}


def list_all(
    context: Context, *, limit: int, status: SessionStatus | None, cursor: str | None
) -> tuple[list[Session], str | None]:
    """Sessions by standing (or all), the latest heard of first. Raises MalformedRequest."""
    places = context.cursors(f"sessions:{status}")
    after = places.decode(cursor)
    if status is None:
        found, following = pages.everything(Session, limit=limit, after=after)
    else:
        found, following = pages.by_index(Session, Session.live_index, status, limit=limit, after=after, forward=False)
    kept = [session for session in found if not session.is_over(context.now)]
    return kept, places.encode(following)

"""Heartbeats: a session says that it lives, and its leases are extended."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from chalicelib.context import Context
from chalicelib.domain import leases, selection
from chalicelib.domain import sessions as rules
from chalicelib.domain.errors import SessionEnded
from chalicelib.domain.leases import Lease
from chalicelib.domain.records import record
from chalicelib.domain.sessions import Directive, SessionStatus
from chalicelib.sessions import visible_session
from chalicelib.tables import Account, Content, Phase, Session, Text
from chalicelib.tables.base import Key, batch_get
from chalicelib.tables.sessions import HeldLease, seen
from chalicelib.tables.transaction import Stale, Transaction

_MOST_AT_ONCE = 50


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

    No lease is extended beyond the longest time that its phase gives a worker; then it runs out and is lost.
    Raises NotFound, SessionEnded.
    """
    session = visible_session(context, session_id)
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
            wanted, lost_now, gone = _sort_out(context, session, holdings)
            extended, lost_since = _extend_one_by_one(context, session, wanted, note)
            held, lost = held + extended, lost + lost_now + lost_since
            _drop(context, session, gone, note)
    warned = frozenset(session.warned or ()) | _expired(session, [one for one, _ in held], context.now)
    still = [HeldStill(one.account_id, one.phase_or_none, ends, one.lease_token in warned) for one, ends in held]
    return Heartbeat(session_id, until, still, lost, session.directive)


def _expired(session: Session, held: Sequence[HeldLease], now: datetime) -> frozenset[str]:
    """The tokens of leases that hold an item whose licence is over: read only where one should be by now."""
    doubtful = [one for one in held if one.lease_token in session.in_doubt(now) and one.phase_or_none is not None]
    if not doubtful:
        return frozenset()
    phases: Sequence[Phase | None] = batch_get([(Phase, one.account_id, one.phase) for one in doubtful])
    given = [
        (key, holding.lease_token)
        for holding, phase in zip(doubtful, phases, strict=True)
        if phase is not None and phase.lease_token == holding.lease_token
        for key in _items_of(phase)
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
    """Extends these leases and drops what is gone, in one transaction: no account gets a new version by a heartbeat."""
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
    for holding, account in zip(holdings, batch_get([(Account, one.account_id) for one in holdings]), strict=True):
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
    context: Context, session: Session, wanted: list[Kept], note: str | None
) -> tuple[list[Extended], list[LostHold]]:
    """After a first failure: what ends between the look and the write costs its own lease only.

    A lease that is still the session's, and yet cannot be extended, runs longer than this heartbeat asks for. What the
    time of the call does not suffice for stays as it is, and the next heartbeat extends it.
    """
    kept: list[Extended] = []
    lost: list[LostHold] = []
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
            lost += gone_now
    return kept, lost


def _drop(context: Context, session: Session, gone: Sequence[HeldLease], note: str | None) -> None:
    """Drops what is gone from what the session holds. Raises SessionEnded."""
    try:
        _extend(context, session, [], gone, note)
    except Stale:
        raise SessionEnded(f"Session {session.session_id} has ended. Open a new one.") from None

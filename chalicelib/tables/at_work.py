"""The accounts under a live lease, found by the sessions that hold them."""

from collections.abc import Iterable
from datetime import datetime

from chalicelib.context import Context
from chalicelib.domain import leases
from chalicelib.tables import pages
from chalicelib.tables.accounts import Account
from chalicelib.tables.base import Raw, batch_get, cached
from chalicelib.tables.queues import QueueRow
from chalicelib.tables.sessions import LIVE, Session

_PAGE = 100
_FRESH_SECONDS = 15


def extend(accounts: Iterable[Account | None], known: Iterable[Session] = ()) -> None:
    """Have the leases of accounts run as long as the heartbeats of their sessions said.

    Reads the sessions that are not `known`, if any account is held by one.
    """
    held = [one for one in accounts if one is not None and leases.is_open(one.lease)]
    sessions = {one.session_id: one for one in known}
    missing = sorted({str(one.lease_session_id) for one in held} - sessions.keys())
    found = batch_get([(Session, one) for one in missing]) if missing else []
    sessions |= {one.session_id: one for one in found if one is not None}
    for account in held:
        session = sessions.get(str(account.lease_session_id))
        account.extend_lease(None if session is None else session.leases_until)


def run_out(rows: Iterable[QueueRow], now: datetime) -> list[QueueRow]:
    """Leave out of leased accounts that are due those whose lease runs on by the heartbeats of its session.

    Heartbeats do not move an account in the queue; the timer does.
    """
    found = list(rows)
    due = [row.account.account_id for row in found if row.due_at <= now]
    accounts = batch_get([(Account, one) for one in due]) if due else []
    extend(accounts)
    live = {one.account_id for one in accounts if one is not None and leases.is_live(one.lease, now)}
    return [row for row in found if row.account.account_id not in live]


def longest_first(context: Context) -> list[Account] | None:
    """Return the accounts that somebody works on, those held for longest first; None where the call has no time left.

    No index holds leases: this costs a read for each live session and for each lease.
    """
    found: dict[str, Account] = {}
    after: Raw | None = None
    while not context.is_short_of_time:
        sessions, after = pages.by_index(Session, Session.live_index, LIVE, limit=_PAGE, after=after)
        tokens = {holding.lease_token: holding.account_id for session in sessions for holding in session.held()}
        accounts = batch_get([(Account, account_id) for account_id in tokens.values()]) if tokens else []
        extend(accounts, sessions)
        for account in accounts:
            if account is not None and leases.is_live(account.lease, context.now):
                found[account.account_id] = account
        if after is None:
            return sorted(found.values(), key=lambda account: (account.lease_taken_at, account.account_id))
    return None


def longest_lately(context: Context) -> Account | None:
    """Return the account that somebody has worked on for longest, as of at most 15 seconds ago; None where nobody does.

    None also where there are too many to read within the call; the timer `watch_pools` has more time.
    """
    found = cached("longest at work", _FRESH_SECONDS, lambda: longest_first(context))
    return next((one for one in found or () if leases.is_live(one.lease, context.now)), None)

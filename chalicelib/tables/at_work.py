"""The accounts under a live lease, found by the sessions that hold them."""

from chalicelib.context import Context
from chalicelib.domain import leases
from chalicelib.tables import pages
from chalicelib.tables.accounts import Account
from chalicelib.tables.base import Raw, batch_get, cached
from chalicelib.tables.sessions import LIVE, Session

_PAGE = 100
_FRESH_SECONDS = 15


def longest_first(context: Context) -> list[Account] | None:
    """Return the accounts that somebody works on, those held for longest first; None where the call has no time left.

    No index holds leases: this costs a read for each live session and for each lease.
    """
    found: dict[str, Account] = {}
    after: Raw | None = None
    while not context.is_short_of_time:
        sessions, after = pages.by_index(Session, Session.live_index, LIVE, limit=_PAGE, after=after)
        tokens = {holding.lease_token: holding.account_id for session in sessions for holding in session.held()}
        for account in batch_get([(Account, account_id) for account_id in tokens.values()]) if tokens else ():
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

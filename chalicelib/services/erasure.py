"""All that is kept of an account, exported; and its words of persons, erased."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from chalicelib import audit, warmups
from chalicelib.changes import retry_on_conflict
from chalicelib.claims import free_claim
from chalicelib.context import Context
from chalicelib.domain import forgettable, profiles
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.domain.records import record
from chalicelib.domain.warmup import operate
from chalicelib.tables import AccountProfile, Assignment, AuditEvent, Fingerprint
from chalicelib.tables.assignments import forgetting, has_words, with_outcomes
from chalicelib.tables.base import Item, Key, batch_get, translating_read_errors
from chalicelib.tables.profiles import profile_of, words_key
from chalicelib.tables.transaction import Transaction
from chalicelib.warmups import Changed, Loaded

I = TypeVar("I", bound=Item)  # noqa: E741  # the conventional letter of the type would say less
_AT_ONCE = 50


@record
class LeaseOfAccount:
    """A lease that the account was under: since when, by whom, until when and by what it ended."""

    session_id: str
    actor: str
    taken_at: datetime
    ended_at: datetime | None = None
    ended_by: AuditAction | None = None


@record
class Exported:
    """All that is kept of an account."""

    loaded: Loaded
    profile: AccountProfile
    assignments: Sequence[Assignment]
    events: Sequence[AuditEvent]
    leases: Sequence[LeaseOfAccount]


def export(context: Context, account_id: str) -> Exported:
    """All that is kept of an account. Raises NotFound."""
    loaded = warmups.load_whole(context, account_id)
    events = _events(loaded)
    with translating_read_errors():
        rows = list(Assignment.query(account_id, consistent_read=True))
    leases = _leases(events)
    return Exported(loaded, profile_of(loaded.account), with_outcomes(rows), list(audit.with_words(events)), leases)


def _events(loaded: Loaded) -> list[AuditEvent]:
    with translating_read_errors():
        return list(AuditEvent.query(loaded.account.subject, consistent_read=True))


def _leases(events: Sequence[AuditEvent]) -> list[LeaseOfAccount]:
    """The leases, oldest first, as the events have them: a taking may end the one before."""
    found: list[LeaseOfAccount] = []
    for event in events:
        for move in event.transitions:
            if move["what"] != "lease":
                continue
            if move["from"] is not None and found:
                last = found.pop()
                found.append(LeaseOfAccount(last.session_id, last.actor, last.taken_at, event.at, event.action))
            if move["to"] is not None:
                found.append(LeaseOfAccount(move["to"], event.actor, event.at))
    return found


def erase(context: Context, account_id: str) -> Changed:
    """Replaces every word of a person that is kept of an account by a tombstone; who works on it loses it first.

    The account goes first, in one transaction, and nothing of a person is written of it any more. Then what lies
    beside it is erased, step by step; the same request, sent again, goes on with that.
    Raises NotFound, TemporarilyUnavailable (not all is done yet: send it again).
    """
    changed = _erase_account(context, account_id)
    events = _events(changed.loaded)
    keys: list[Key] = [(AccountProfile, words_key(one.subject, one.sequence)) for one in events if one.words]
    found: list[AccountProfile | None] = batch_get(keys) if keys else []
    _in_steps(context, [one for one in found if one is not None], lambda transaction, one: transaction.delete(one))
    with translating_read_errors():
        rows = [one for one in Assignment.query(account_id, consistent_read=True) if has_words(one)]
    _in_steps(context, rows, lambda transaction, row: transaction.update(row, None, forgetting(row)))
    if any(forgettable.split(one.details or {}).words for one in events):
        raise TemporarilyUnavailable("Events of an earlier release hold words: run `make upgrade`, then send it again.")
    return changed


@retry_on_conflict
def _erase_account(context: Context, account_id: str) -> Changed:
    loaded = warmups.load_whole(context, account_id)
    account = loaded.account
    if account.erased_at is not None:
        return Changed(loaded, replayed=True)
    step = operate.erase(loaded.warmup, context.now)
    (claim,) = batch_get([(Fingerprint, profiles.claim_of(account.username))])

    def write(transaction: Transaction) -> None:
        free_claim(transaction, account, claim)
        transaction.delete(AccountProfile(account_id=account_id))

    account.username, account.tags, account.consent = forgettable.ERASED, None, None
    warmups.store(context, loaded, step, claim=write)
    return Changed(loaded)


def _in_steps(context: Context, items: Sequence[I], write: Callable[[Transaction, I], None]) -> None:
    """Writes some at a time. Raises TemporarilyUnavailable where the time does not suffice for all."""
    for first in range(0, len(items), _AT_ONCE):
        if context.is_short_of_time:
            raise TemporarilyUnavailable("Not all of its words are erased yet: send it again.")
        transaction = Transaction(context)
        for item in items[first : first + _AT_ONCE]:
            write(transaction, item)
        transaction.commit()

"""Where the accounts of some models stand: counted along the models' index, for a user who is bound to them.

What the timers count is of all models. This costs a read for each account, and stops before the call's time is over.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.context import Context
from chalicelib.domain import accounts, leases, phases
from chalicelib.domain.queues import Queue, queues_of
from chalicelib.tables import at_work, pages
from chalicelib.tables.accounts import Account
from chalicelib.tables.base import Raw

_PAGE = 100


@dataclass(slots=True)
class ModelCounts:
    """How the accounts of some models stand; `has_more`: there was no time to count all of them."""

    states: Counter[str] = field(default_factory=Counter)
    phases: dict[str, Counter[str]] = field(default_factory=dict)
    queues: Counter[Queue] = field(default_factory=Counter)
    review: Counter[str] = field(default_factory=Counter)
    oldest_waiting: datetime | None = None
    oldest_review: datetime | None = None
    longest_at_work: Account | None = None
    has_more: bool = False

    def add(self, account: Account, now: datetime) -> None:
        """Counts an account."""
        self.states[str(account.state)] += 1
        if accounts.has_ended(account.state):
            return
        self.queues.update(queues_of(account, now))
        status = account.status_at(now)
        if account.current_phase is not None and status is not None:
            self.phases.setdefault(account.current_phase, Counter())[str(status)] += 1
        if account.due_at is not None and account.due_at <= now:
            self.oldest_waiting = min(self.oldest_waiting or account.due_at, account.due_at)
        if account.attention is not None and account.attention_at is not None:
            self.review[str(account.attention)] += 1
            self.oldest_review = min(self.oldest_review or account.attention_at, account.attention_at)
        self._add_work(account, now)

    def _add_work(self, account: Account, now: datetime) -> None:
        since, first = account.working_since, self.longest_at_work
        longer = first is None or (since is not None and since < (first.working_since or since))
        if since is not None and leases.is_live(account.lease, now) and longer:
            self.longest_at_work = account


def of_models(context: Context, models: Sequence[str]) -> ModelCounts:
    """Counts the accounts of these models."""
    found = ModelCounts(review=Counter({str(status): 0 for status in phases.ATTENTION}))
    for account in _accounts(context, models):
        if account is None:
            found.has_more = True
            break
        found.add(account, context.now)
    return found


def _accounts(context: Context, models: Sequence[str]) -> Iterator[Account | None]:
    """The accounts of the models; None where the time does not suffice for more."""
    for model_id in models:
        after: Raw | None = None
        while True:
            if context.is_short_of_time:
                yield None
                return
            found, after = pages.by_index(Account, Account.model_index, model_id, limit=_PAGE, after=after)
            at_work.extend(found)
            yield from found
            if after is None:
                break

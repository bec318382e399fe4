"""What a look ahead reads: the items of a model's pools, and its accounts that have not ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import TypeVar

from chalicelib.domain import phases, runway
from chalicelib.domain.accounts import AccountState, has_ended, is_new, is_paused
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import Demands
from chalicelib.domain.records import record
from chalicelib.domain.runway import PendingAccount
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.stock import Stock
from chalicelib.tables import attention
from chalicelib.tables.accounts import Account
from chalicelib.tables.base import batch_get, translating_read_errors
from chalicelib.tables.models import CreatorModel
from chalicelib.tables.pools import Content, PoolItem, Text
from chalicelib.tables.queues import all_of_model, leased

P = TypeVar("P", bound=PoolItem)

KINDS: dict[PoolKind, type[PoolItem]] = {PoolKind.CONTENT: Content, PoolKind.TEXT: Text}
MOST_ITEMS = 5000
"""How many items of one kind of a model are read at most, to count them."""
MOST_ACCOUNTS = 5000
"""How many accounts of a model that have not ended are read at most."""
_AT_ONCE = 100
GoOn = Callable[[], bool]
"""Whether there is time for another read."""


def always() -> bool:
    """There is."""
    return True


def items(kind: type[P], model_id: str, most: int = MOST_ITEMS, go_on: GoOn = always) -> tuple[list[P], bool]:
    """Up to `most` items of a model, of every state, as they are now; and whether these are all."""
    ids = kind.of_model(model_id, most + 1)
    found: list[P] = []
    for page in _pages(ids[:most]):
        if not go_on():
            return found, False
        found.extend(item for item in batch_get([(kind, item_id) for item_id in page]) if item is not None)
    return found, len(ids) <= most


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def stock(found: Sequence[PoolItem]) -> list[Stock]:
    """The items as the look ahead reads them."""
    return [Stock.of(item) for item in found]


@record
class Undated:
    """The accounts of all models that stand in no queue, by id: not started yet, or waiting for an operator."""

    imported: frozenset[str]
    halted: frozenset[str]


def undated() -> Undated:
    """Those of this moment: three queries of keys."""
    with translating_read_errors():
        imported, paused = (
            frozenset(row.account_id for row in Account.state_index.query(state))
            for state in (AccountState.IMPORTED, AccountState.PAUSED)
        )
    review = {row.account_id for row in attention.rows(PhaseStatus.REQUIRES_REVIEW, None, False, _AT_ONCE)}
    return Undated(imported, paused | review)


@dataclass(slots=True)
class Accounts:
    """A model's accounts that have not ended.

    `under_way` are ready or warming up, those in review and paused included (they come back), by when they are due;
    `imported` have not been declared ready. `complete` is False where there are more.
    """

    under_way: list[PendingAccount] = field(default_factory=list)
    imported: list[PendingAccount] = field(default_factory=list)
    in_review: int = 0
    paused: int = 0
    complete: bool = True


def accounts(
    model: CreatorModel,
    shards: int,
    now: datetime,
    without_date: Undated,
    most: int = MOST_ACCOUNTS,
    go_on: GoOn = always,
) -> Accounts:
    """Up to `most` accounts of a model that have not ended, as they are now; the queues have so many `shards`."""
    model_id = model.model_id
    rows = chain(*(source.rows(None, most + 1) for source in (*all_of_model(model_id, shards), *leased(shards))))
    queued = [row.account_id for row in islice((row for row in rows if row.model_id == model_id), most + 1)]
    with translating_read_errors():
        without = without_date.imported | without_date.halted
        others = [row.account_id for row in Account.model_index.query(model_id) if row.account_id in without]
    ids = list(dict.fromkeys((*queued, *others)))
    found = Accounts(complete=len(ids) <= most)
    for page in _pages(ids[:most]):
        if not go_on():
            found.complete = False
            break
        known = [one for one in batch_get([(Account, account_id) for account_id in page]) if one is not None]
        _add(found, known, now, model.demands)
    return found


def _add(found: Accounts, page: Iterable[Account], now: datetime, demands: Demands) -> None:
    page = [one for one in page if not has_ended(one.state)]
    assigned = _assigned(page)
    for account in page:
        one = runway.pending(account, now, assigned=account.account_id in assigned, demands=demands)
        if one is None:
            continue
        paused = is_paused(account.state)
        (found.imported if is_new(account.state) else found.under_way).append(one)
        found.paused += paused
        found.in_review += not paused and phases.needs_decision(account.phase_status)


def _assigned(page: Iterable[Account]) -> set[str]:
    """The accounts whose current phase was assigned content; where it needs attention, its record shows it."""
    return {account.account_id for account in page if phases.has_content(account.phase_status) or _keeps_items(account)}


def _keeps_items(account: Account) -> bool:
    halted = account.phase if phases.needs_attention(account.phase_status) else None
    return halted is not None and halted.assignment_id is not None

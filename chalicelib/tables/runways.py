"""What a look ahead reads: the items of a model's pools, and its accounts that have not ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.runway import PendingAccount, Stock, remaining
from chalicelib.domain.selection import PoolKind
from chalicelib.tables import attention
from chalicelib.tables.accounts import Account
from chalicelib.tables.base import Key, reading, together
from chalicelib.tables.phases import Phase
from chalicelib.tables.pools import Content, PoolItem, Text

P = TypeVar("P", bound=PoolItem)

KINDS: dict[PoolKind, type[PoolItem]] = {PoolKind.CONTENT: Content, PoolKind.TEXT: Text}
MOST_ITEMS = 5000
"""How many items of one kind of a model are read at most, by whoever counts them."""
MOST_ACCOUNTS = 5000
"""How many accounts of a model that have not ended are read at most."""
_AT_ONCE = 100
_ASSIGNED = frozenset({PhaseStatus.CONTENT_ASSIGNED, PhaseStatus.IN_PROGRESS})
_HALTED = frozenset({PhaseStatus.FAILED, PhaseStatus.REQUIRES_REVIEW})
GoOn = Callable[[], bool]
"""Whether there is time for another read."""


def always() -> bool:
    """There is."""
    return True


def items(kind: type[P], model_id: str, most: int = MOST_ITEMS, go_on: GoOn = always) -> tuple[list[P], bool]:
    """Up to `most` items of a model, of every state, as they are now; tells whether these are all."""
    ids = kind.of_model(model_id, most + 1)
    found: list[P] = []
    for page in _pages(ids[:most]):
        if not go_on():
            return found, False
        found.extend(item for item in together([(kind, item_id) for item_id in page]) if item is not None)
    return found, len(ids) <= most


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def stock(found: Sequence[PoolItem]) -> list[Stock]:
    """The items as the look ahead reads them."""
    return [Stock.of(item) for item in found]


@dataclass(frozen=True, slots=True)
class Undated:
    """The accounts of all models that stand in no queue, by id: not started yet, or waiting for an operator."""

    imported: frozenset[str]
    halted: frozenset[str]


def undated() -> Undated:
    """Those of this moment: three queries of keys."""
    with reading():
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
    model_id: str, now: datetime, without_date: Undated, most: int = MOST_ACCOUNTS, go_on: GoOn = always
) -> Accounts:
    """Up to `most` accounts of a model that have not ended, as they are now."""
    with reading():
        queued = [row.account_id for row in Account.model_queue_index.query(model_id, limit=most + 1)]
        known = without_date.imported | without_date.halted
        others = [row.account_id for row in Account.model_index.query(model_id) if row.account_id in known]
    ids = list(dict.fromkeys((*queued, *others)))
    found = Accounts(complete=len(ids) <= most)
    for page in _pages(ids[:most]):
        if not go_on():
            found.complete = False
            break
        _add(found, [one for one in together([(Account, account_id) for account_id in page]) if one is not None], now)
    return found


def _add(found: Accounts, page: Iterable[Account], now: datetime) -> None:
    page = [
        one
        for one in page
        if one.state in (AccountState.IMPORTED, AccountState.READY, AccountState.WARMING_UP, AccountState.PAUSED)
    ]
    provided = _provided(page)
    for account in page:
        state = account.paused_from if account.state is AccountState.PAUSED else account.state
        if state is AccountState.WARMING_UP and account.current_phase is None:
            continue  # all its phases are done
        one = traveller(account, now, has_content=account.account_id in provided)
        (found.imported if state is AccountState.IMPORTED else found.under_way).append(one)
        found.paused += account.state is AccountState.PAUSED and state is not AccountState.IMPORTED
        found.in_review += (
            account.state is AccountState.WARMING_UP and account.phase_status is PhaseStatus.REQUIRES_REVIEW
        )


def _provided(page: Iterable[Account]) -> set[str]:
    """The accounts whose current phase was given its content; where it was halted, the phase itself tells it."""
    keys: list[Key] = []
    found = set()
    for account in page:
        if account.phase_status in _ASSIGNED:
            found.add(account.account_id)
        elif account.phase_status in _HALTED and account.current_phase is not None:
            keys.append((Phase, account.account_id, account.current_phase))
    phases: Sequence[Phase | None] = together(keys) if keys else []
    halted = (one for one in phases if one is not None)
    return found | {one.account_id for one in halted if one.assigned_content_id or one.assigned_text_id}


def traveller(account: Account, now: datetime, *, has_content: bool) -> PendingAccount:
    """The account as the look ahead reads it; one that has not started begins now, one without a date goes on now."""
    plan = account.plan
    left = remaining(account.current_phase, has_content=has_content)
    due_at = account.due_at or now
    if has_content:
        due_at = now + plan.phases[left[0]].interval if left else now
    used = {(PoolKind.CONTENT, one) for one in account.used_content_ids or ()}
    used |= {(PoolKind.TEXT, one) for one in account.used_text_ids or ()}
    return PendingAccount(account.account_id, plan, left, due_at, account.theme, frozenset(used))

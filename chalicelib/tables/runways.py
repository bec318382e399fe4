"""What a look ahead reads: the items of a model's pools, and its accounts under way."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.accounts import State
from chalicelib.domain.phases import Status
from chalicelib.domain.runway import Kind, Stock, Traveller, remaining
from chalicelib.tables.accounts import Account
from chalicelib.tables.base import reading, together
from chalicelib.tables.pools import Content, PoolItem, Text

P = TypeVar("P", bound=PoolItem)

KINDS: dict[Kind, type[PoolItem]] = {Kind.CONTENT: Content, Kind.TEXT: Text}
_AT_ONCE = 100
_ASSIGNED = frozenset({Status.CONTENT_ASSIGNED, Status.IN_PROGRESS, Status.FAILED, Status.REQUIRES_REVIEW})


def items(kind: type[P], model_id: str, most: int) -> tuple[list[P], bool]:
    """Up to `most` items of a model, of every state, as they are now; tells whether these are all."""
    ids = kind.of_model(model_id, most + 1)
    found: list[P] = []
    for start in range(0, min(len(ids), most), _AT_ONCE):
        page = together([(kind, item_id) for item_id in ids[start : min(start + _AT_ONCE, most)]])
        found.extend(item for item in page if item is not None)
    return found, len(ids) <= most


def stock(found: Sequence[PoolItem]) -> list[Stock]:
    """The items as the look ahead reads them."""
    return [Stock.of(item) for item in found]


def travellers(model_id: str, now: datetime, most: int, *, all_or_none: bool = False) -> tuple[list[Traveller], bool]:
    """Up to `most` accounts of a model that are ready or under way, by when they are due; tells whether these are all.

    Accounts that wait for people (paused, in review) have no date, and are not among them. `all_or_none`: nothing is
    read where there are more.
    """
    with reading():
        rows = [row.account_id for row in Account.model_queue_index.query(model_id, limit=most + 1)]
    if all_or_none and len(rows) > most:
        return [], False
    found: list[Traveller] = []
    for start in range(0, min(len(rows), most), _AT_ONCE):
        page = together([(Account, account_id) for account_id in rows[start : min(start + _AT_ONCE, most)]])
        found.extend(traveller(account, now) for account in page if account is not None and _is_under_way(account))
    return found, len(rows) <= most


def _is_under_way(account: Account) -> bool:
    waits = account.state is State.READY or account.current_phase is not None
    return waits and account.state in (State.READY, State.WARMING_UP)


def traveller(account: Account, now: datetime) -> Traveller:
    """The account as the look ahead reads it; one that has not started begins now."""
    plan, phase = account.plan, account.current_phase
    has_content = phase is not None and account.phase_status in _ASSIGNED
    left = remaining(phase, has_content=has_content)
    due_at = account.due_at or now
    if has_content:
        due_at = now + plan.phases[left[0]].interval if left else now
    used = {(Kind.CONTENT, one) for one in account.used_content_ids or ()}
    used |= {(Kind.TEXT, one) for one in account.used_text_ids or ()}
    return Traveller(account.account_id, plan, left, due_at, account.theme, frozenset(used))

"""The queue of accounts with a phase that failed or needs review, by when that happened."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.domain.instants import render
from chalicelib.domain.phases import ATTENTION, PhaseStatus
from chalicelib.domain.records import record
from chalicelib.tables.accounts import Account
from chalicelib.tables.base import Key, batch_get, translating_read_errors
from chalicelib.tables.phases import Phase


@record
class AttentionRow:
    """An account as the index shows it: since when its phase has this status."""

    status: str
    since: str
    account_id: str

    @property
    def place(self) -> tuple[str, ...]:
        """Where it stands in the order, and where to go on behind it."""
        return self.since, self.account_id


def rows(status: str, after: Sequence[str] | None, newest_first: bool, page: int) -> Iterator[AttentionRow]:
    """The accounts with a phase in this status from behind `after`; one query a page."""
    index: Any = Account.attention_index
    start = None
    if after is not None:
        names = ("attention_at", "account_id")
        start = {"attention": {"S": status}, **{name: {"S": part} for name, part in zip(names, after, strict=True)}}
    with translating_read_errors():
        for found in index.query(status, scan_index_forward=not newest_first, page_size=page, last_evaluated_key=start):
            yield AttentionRow(status, render(found.attention_at), found.account_id)


def in_order(
    status: PhaseStatus | None, places: Mapping[str, Sequence[str]], page: int, *, newest_first: bool = False
) -> Iterator[AttentionRow]:
    """The accounts with a phase in this status (None: any that needs attention) in one order.

    Each status goes on from behind its place.
    """
    statuses = sorted(ATTENTION) if status is None else [status]
    sources = [rows(one, places.get(one), newest_first, page) for one in statuses]
    return heapq.merge(*sources, key=lambda row: row.place, reverse=newest_first)


def count(status: str) -> int:
    """How many accounts have a phase in this status: costs what is in the queue, a hundredth of a read unit each."""
    with translating_read_errors():
        return int(Account.attention_index.count(status))


def oldest(status: str) -> AttentionRow | None:
    """The account whose phase has been in this status for longest."""
    return next(rows(status, None, False, 1), None)


def in_question(accounts: Sequence[Account]) -> dict[str, Phase]:
    """By account the phase that an operator decides on: the current one, or the last where that has ended."""
    held = {account.account_id: phase for account in accounts if (phase := account.phase) is not None}
    keys: list[Key] = [(Phase, account.account_id, account.plan.last) for account in accounts if account.needs_review]
    rows: Sequence[Phase | None] = batch_get(keys) if keys else []
    return held | {row.account_id: row for row in rows if row is not None}

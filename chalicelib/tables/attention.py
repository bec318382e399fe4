"""The queue of phases that failed or need review, by when that happened."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.domain.instants import render
from chalicelib.domain.phases import ATTENTION, PhaseStatus
from chalicelib.domain.records import record
from chalicelib.tables.base import translating_read_errors
from chalicelib.tables.phases import Phase


@record
class AttentionRow:
    """A phase as the index shows it."""

    status: str
    updated_at: str
    account_id: str
    phase: str

    @property
    def place(self) -> tuple[str, ...]:
        """Where it stands in the order, and where to go on behind it."""
        return self.updated_at, self.account_id, self.phase


def rows(status: str, after: Sequence[str] | None, newest_first: bool, page: int) -> Iterator[AttentionRow]:
    """The phases in this status from behind `after`; one query a page."""
    index: Any = Phase.attention_index
    start = None
    if after is not None:
        names = ("updated_at", "account_id", "phase")
        start = {"attention": {"S": status}, **{name: {"S": part} for name, part in zip(names, after, strict=True)}}
    with translating_read_errors():
        for found in index.query(status, scan_index_forward=not newest_first, page_size=page, last_evaluated_key=start):
            yield AttentionRow(status, render(found.updated_at), found.account_id, found.phase)


def in_order(
    status: PhaseStatus | None, places: Mapping[str, Sequence[str]], page: int, *, newest_first: bool = False
) -> Iterator[AttentionRow]:
    """The phases in this status (None: in any that needs attention) in one order, each status from behind its place."""
    statuses = sorted(ATTENTION) if status is None else [status]
    sources = [rows(one, places.get(one), newest_first, page) for one in statuses]
    return heapq.merge(*sources, key=lambda row: row.place, reverse=newest_first)


def count(status: str) -> int:
    """How many phases are in this status: costs what is in the queue, a hundredth of a read unit each."""
    with translating_read_errors():
        return int(Phase.attention_index.count(status))


def oldest(status: str) -> AttentionRow | None:
    """The phase that has been in this status for longest."""
    return next(rows(status, None, False, 1), None)

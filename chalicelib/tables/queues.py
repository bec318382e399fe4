"""The queues: accounts by when their next step is due, read in order and no further than asked."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.instants import render
from chalicelib.domain.timing import DueQueue
from chalicelib.tables.accounts import Account, queue_key
from chalicelib.tables.base import reading

Place = tuple[str, str]
"""Where a source was left: the due time and the account of the last row taken from it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One partition of one of the indexes."""

    partition: str
    of_model: bool

    def rows(self, after: Place | None, page: int) -> Iterator[Account]:
        """The accounts of this source, earliest due first, from behind `after`; one query a page."""
        index: Any = Account.model_queue_index if self.of_model else Account.queue_index
        with reading():
            yield from index.query(self.partition, page_size=page, last_evaluated_key=self._start(after))

    def _start(self, after: Place | None) -> dict[str, dict[str, str]] | None:
        if after is None:
            return None
        key = "ready_model" if self.of_model else "queue"
        return {key: {"S": self.partition}, "due_at": {"S": after[0]}, "account_id": {"S": after[1]}}


def everything(shards: int) -> list[Source]:
    """The sources that hold all accounts with something to do."""
    return [Source(queue_key(queue, shard), False) for shard in range(shards) for queue in DueQueue]


def timers(shard: int) -> list[Source]:
    """The source of what timers look after."""
    return [Source(queue_key(DueQueue.TIMER, shard), False)]


def of_models(models: Iterator[str] | list[str]) -> list[Source]:
    """The sources that hold the accounts of these models."""
    return [Source(model, True) for model in models]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """An account as the index shows it, with the source that it came from."""

    account: Account
    source: Source

    @property
    def due_at(self) -> datetime:
        """When its next step is due."""
        due = self.account.due_at
        assert due is not None, "an index by due_at holds only rows that have one"
        return due

    @property
    def place(self) -> Place:
        """Where to go on behind it."""
        return render(self.due_at), self.account.account_id


def in_order(sources: list[Source], places: Mapping[str, Place], page: int) -> Iterator[QueueRow]:
    """The rows of all sources, earliest due first, each source from behind its place."""

    def rows(source: Source) -> Iterator[QueueRow]:
        return (QueueRow(account, source) for account in source.rows(places.get(source.partition), page))

    return heapq.merge(*map(rows, sources), key=lambda row: row.place)

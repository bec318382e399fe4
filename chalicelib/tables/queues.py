"""The queues: accounts by when their next step is due, read in order and no further than asked."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.domain import dispatch
from chalicelib.domain.instants import render
from chalicelib.domain.records import record
from chalicelib.domain.timing import DueQueue
from chalicelib.tables.accounts import Account, queue_key, work_key
from chalicelib.tables.base import translating_read_errors

Place = tuple[str, str]
"""Where a source was left: the due time and the account of the last row taken from it."""
ANY_WORK = ""
_BEFORE_ALL, _BEHIND_ALL = "!", "~"  # no id of a model and no instant begins with these


@record
class Source:
    """One stretch of one of the indexes, in the order of due times.

    `work` names the step of a model whose accounts are meant, `ANY_WORK` all of the partition; None: a partition of the
    common queue. No row is due before `since`.
    """

    partition: str
    work: str | None = None
    since: str = ""

    @property
    def name(self) -> str:
        """What a cursor calls it."""
        return self.partition if self.work is None else f"{self.partition}:{self.work}"

    def rows(self, after: Place | None, page: int, until: datetime | None = None) -> Iterator[Account]:
        """The accounts of this source, earliest due first, from behind `after` and due by `until`; a query a page."""
        latest = _BEHIND_ALL if until is None else render(until)
        index: Any = Account.queue_index
        condition: Condition | None = None if until is None else Account.due_at <= until
        if self.work is not None:
            of_step = Account.work.between(self.work, self.work + latest)
            index, condition = Account.work_index, None if self.work == ANY_WORK else of_step
        if after is not None and after[0] > latest:
            return
        with translating_read_errors():
            yield from index.query(self.partition, condition, page_size=page, last_evaluated_key=self._start(after))

    def _start(self, after: Place | None) -> dict[str, dict[str, str]] | None:
        if after is None:
            return None
        account = {"account_id": {"S": after[1]}}
        if self.work is None:
            return {"queue": {"S": self.partition}, "due_at": {"S": after[0]}, **account}
        return {"work_shard": {"S": self.partition}, "work": {"S": self.work + after[0]}, **account}


def everything(shards: int) -> list[Source]:
    """The sources that hold all accounts with something to do."""
    return [Source(queue_key(queue, shard)) for shard in range(shards) for queue in DueQueue]


def all_work(shards: int) -> list[Source]:
    """The sources of what nobody holds, by model and step."""
    return [Source(work_key(shard), ANY_WORK) for shard in range(shards)]


def waiting(shards: int) -> list[Source]:
    """The sources of what nobody holds, by when it is due."""
    return [Source(queue_key(one, shard)) for shard in range(shards) for one in DueQueue if one is not DueQueue.LEASED]


def timers(shard: int) -> list[Source]:
    """The sources of what timers look after."""
    return [Source(queue_key(queue, shard)) for queue in (DueQueue.TIMER, DueQueue.LEASED)]


def leased(shards: int) -> list[Source]:
    """The sources of what is held, by when the leases run out."""
    return [Source(queue_key(DueQueue.LEASED, shard)) for shard in range(shards)]


def of_model(model_id: str, shards: int) -> list[Source]:
    """The sources of what can be taken of a model, now or later: a query for each of its steps, and one a shard."""
    return [source for shard in range(shards) for source in _steps_of_model(model_id, shard)]


def _steps_of_model(model_id: str, shard: int) -> Iterator[Source]:
    prefix = place = f"{model_id}#"
    while (work := _first_work(shard, place)) is not None and work.startswith(prefix):
        _, step, since = work.split("#")
        source = Source(work_key(shard), dispatch.work_of(model_id, step), since)
        place = f"{source.work}{_BEHIND_ALL}"
        yield source


def all_of_model(model_id: str, shards: int) -> list[Source]:
    """The same, each shard at once: in the order of the steps."""
    return [Source(work_key(shard), f"{model_id}#") for shard in range(shards)]


def next_work(shard: int, behind: str) -> str | None:
    """The work key of the first account of the next step of a model that any account waits for, None at the end.

    `behind` is the work that was found before, empty at the beginning.
    """
    return _first_work(shard, behind + _BEHIND_ALL if behind else _BEFORE_ALL)


def _first_work(shard: int, place: str) -> str | None:
    with translating_read_errors():
        found = list(Account.work_index.query(work_key(shard), Account.work > place, limit=1, page_size=1))
    return found[0].work if found else None


@record
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


def in_order(
    sources: Sequence[Source], places: Mapping[str, Place], page: int, until: datetime | None = None
) -> Iterator[QueueRow]:
    """The rows of all sources, earliest due first, each source from behind its place.

    A source is read when its turn can have come: not before the others are at its `since`.
    """
    first: list[tuple[Place, int, QueueRow | None]] = [((one.since, ""), at, None) for at, one in enumerate(sources)]
    heapq.heapify(first)
    rows = [one.rows(places.get(one.name), page, until) for one in sources]
    while first:
        _, at, row = heapq.heappop(first)
        if row is not None:
            yield row
        account = next(rows[at], None)
        if account is not None:
            following = QueueRow(account, sources[at])
            heapq.heappush(first, (following.place, at, following))

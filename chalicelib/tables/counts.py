"""How many accounts stand where: counted along the queues, and kept by a timer where they are many."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.context import Context
from chalicelib.domain import accounts
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.instants import parse, render
from chalicelib.domain.queues import queues_of
from chalicelib.domain.records import record
from chalicelib.tables import Account, Setting
from chalicelib.tables.base import batch_get, translating_read_errors
from chalicelib.tables.queues import Place, QueueRow, everything, in_order
from chalicelib.tables.rests import rest_until, rests
from chalicelib.tables.settings import (
    keep,
)
from chalicelib.tables.transaction import Transaction

_PAGE = 500
MOST_COUNTED = 500
COUNTED, COUNTING = "counted", "counting"
_FRESH = timedelta(minutes=5)
_RECENT = timedelta(minutes=3)  # less by more than a run of the timer, so that requests always find a fresh one
_FORGOTTEN = timedelta(minutes=15)  # a count that was not gone on with for so long begins again


@record
class Counted:
    """How many accounts that have not ended stand where, as of `at`; `has_more`: the counts are lower bounds."""

    at: datetime
    states: Mapping[str, int]
    phases: Mapping[str, Mapping[str, int]]
    queues: Mapping[str, int]
    oldest: datetime | None
    has_more: bool


def counted(context: Context) -> Counted:
    """What was counted lately; where no timer did, what can be counted now."""
    (kept,) = batch_get([(Setting, COUNTED)])
    known = None if kept is None or kept.ran_at is None else kept
    if known is not None and known.ran_at > context.now - _FRESH:
        return _kept(known, _oldest(context))
    count = _Count.begun(context.now)
    whole = count.go_on(context, MOST_COUNTED)
    if not whole and known is not None:
        return _kept(known, count.oldest)
    return count.result(has_more=not whole)


def _oldest(context: Context) -> datetime | None:
    first = next(in_order(everything(context.settings.queue_shards), {}, 1), None)
    return None if first is None or first.due_at > context.now else first.due_at


def _kept(setting: Setting, oldest: datetime | None) -> Counted:
    found = setting.did
    assert setting.ran_at is not None
    return Counted(setting.ran_at, found["states"], found["phases"], found["queues"], oldest, has_more=False)


def count_and_keep(context: Context) -> None:
    """Counts what is under way, or goes on with that, where it is time; keeps a whole count. Raises Stale.

    A warm function that has counted, or found a count, rests until it is time for the next.
    """
    if rests(COUNTED, context.now):
        return
    kept, begun = batch_get([(Setting, COUNTED), (Setting, COUNTING)])
    going_on = begun is not None and begun.ran_at is not None and begun.ran_at > context.now - _FORGOTTEN
    if not going_on and kept is not None and kept.ran_at is not None and kept.ran_at > context.now - _RECENT:
        rest_until(COUNTED, kept.ran_at + _RECENT)
        return
    count = _Count.of(begun) if going_on else _Count.begun(context.now)
    whole = count.go_on(context, None)
    changes: dict[str, tuple[datetime, object] | None] = {}
    if not whole:
        changes[COUNTING] = context.now, count.progress()
    else:
        changes |= {COUNTING: None} if begun is not None and begun.did else {}
        if count.rows > MOST_COUNTED:
            result = count.result(has_more=False)
            changes[COUNTED] = result.at, {"states": result.states, "phases": result.phases, "queues": result.queues}
        elif kept is not None and kept.ran_at is not None:
            changes[COUNTED] = None
    _write(context, changes)
    if whole:
        rest_until(COUNTED, context.now + (_RECENT if count.rows > MOST_COUNTED else _FRESH))


def _write(context: Context, changes: Mapping[str, tuple[datetime, object] | None]) -> None:
    transaction = Transaction(context)
    for name, change in changes.items():
        transaction.update(Setting(name=name), None, keep(change))
    if changes:
        transaction.commit()


@dataclass(slots=True)
class _Count:
    """A count of the queues: how far it came, and what it found up to there."""

    at: datetime
    rows: int = 0
    ready: int = 0
    phases: dict[str, Counter[str]] = field(default_factory=dict)
    queues: Counter[str] = field(default_factory=Counter)
    oldest: datetime | None = None
    places: dict[str, Place] = field(default_factory=dict)

    @classmethod
    def begun(cls, now: datetime) -> "_Count":
        """One that begins now."""
        return cls(now)

    @classmethod
    def of(cls, setting: Setting) -> "_Count":
        """One that an earlier run began."""
        found = setting.did
        phases = {name: Counter(counts) for name, counts in found["phases"].items()}
        places: dict[str, Place] = {
            name: (due_at, account_id) for name, (due_at, account_id) in found["places"].items()
        }
        at, oldest = parse(found["at"]), found["oldest"] and parse(found["oldest"])
        return cls(at, found["rows"], found["ready"], phases, Counter(found["queues"]), oldest, places)

    def progress(self) -> dict[str, object]:
        """What `of` takes."""
        oldest = None if self.oldest is None else render(self.oldest)
        counted = {"rows": self.rows, "ready": self.ready, "phases": self.phases, "queues": self.queues}
        return {"at": render(self.at), "oldest": oldest, "places": self.places, **counted}

    def go_on(self, context: Context, most: int | None) -> bool:
        """Counts up to `most` rows (None: all), as far as the call's time suffices; whether these are all."""
        page = _PAGE if most is None else most + 1
        for row in in_order(everything(context.settings.queue_shards), self.places, page):
            if self.rows == most or context.time_left() < context.settings.deadline_seconds / 4:
                return False
            self._add(row, context.now)
        return True

    def _add(self, row: QueueRow, now: datetime) -> None:
        account = row.account
        self.rows += 1
        self.places[row.source.name] = row.place
        self.ready += accounts.is_ready(account.state)
        if row.due_at <= now:
            self.oldest = self.oldest or row.due_at
        self.queues.update(queues_of(account, now))
        status = account.status_at(now)
        if account.current_phase is not None and status is not None:
            self.phases.setdefault(account.current_phase, Counter())[status] += 1

    def result(self, *, has_more: bool) -> Counted:
        """What was found; the states outside the queues are counted by their index."""
        with translating_read_errors():
            still = (AccountState.IMPORTED, AccountState.PAUSED, AccountState.WARMING_UP)
            states = {str(state): int(Account.state_index.count(state)) for state in still}
        states[str(AccountState.READY)] = self.ready
        return Counted(self.at, states, self.phases, self.queues, self.oldest, has_more)

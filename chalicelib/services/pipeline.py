"""The whole pipeline: its master switch, and how it stands."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.changes import Change, is_repeat, retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain import accounts, timing
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import InvalidTransition, TemporarilyUnavailable
from chalicelib.domain.instants import parse, render
from chalicelib.domain.phases import ATTENTION
from chalicelib.domain.queues import Queue, queues_of
from chalicelib.domain.sessions import SessionStatus
from chalicelib.domain.warmup.effects import Hourly
from chalicelib.tables import Account, Session, Setting, at_work, attention
from chalicelib.tables.base import reading, together
from chalicelib.tables.queues import Place, QueueRow, everything, in_order
from chalicelib.tables.sessions import LIVE
from chalicelib.tables.settings import (
    COUNTER_SHARDS,
    HOUR_SHARDS,
    PAUSES,
    WATCHED,
    counter_key,
    hour_key,
    keep,
    timer_key,
)
from chalicelib.tables.transaction import Stale, Transaction

_PAGE = 500
MOST_COUNTED = 500
COUNTED, COUNTING = "counted", "counting"
_FRESH = timedelta(minutes=5)
_RECENT = timedelta(minutes=3)  # less by more than a run of the timer, so that requests always find a fresh one
_FORGOTTEN = timedelta(minutes=15)  # a count that was not gone on with for so long begins anew
_LATELY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PipelineState:
    """How the pipeline stands.

    `lost_sessions`: in the last 24 hours; `has_more`: there is more under way than was counted. `watched` is the last
    whole look at all models' pools, None before the first.
    """

    pauses: Setting
    states: dict[str, int]
    phases: dict[str, dict[str, int]]
    queues: dict[Queue, int]
    due_now: int
    oldest_waiting: datetime | None
    review: dict[str, int]
    oldest_review: datetime | None
    live_sessions: int
    lost_sessions: int
    timers: list[Setting]
    watched: Setting | None
    has_more: bool
    counted_at: datetime
    longest_at_work: Account | None


@retry_on_conflict
def pause(context: Context, *, reason: str) -> tuple[Setting, bool]:
    """Hands no work out any more, to nobody; what is under way may be finished. Raises InvalidTransition."""
    return _switch(context, True, AuditAction.PIPELINE_PAUSE, reason)


@retry_on_conflict
def resume(context: Context, *, reason: str) -> tuple[Setting, bool]:
    """Hands work out again, what fell due first at first. Raises InvalidTransition."""
    return _switch(context, False, AuditAction.PIPELINE_RESUME, reason)


def _switch(context: Context, paused: bool, action: AuditAction, reason: str) -> tuple[Setting, bool]:
    (found,) = together([(Setting, PAUSES)])
    pauses: Setting = found or Setting.nothing_paused()
    if is_repeat(context, pauses, action, reason=reason):
        return pauses, True
    if pauses.pipeline_paused is paused:
        state, move = ("paused", "pause") if paused else ("running", "resume")
        raise InvalidTransition("pipeline", state, move, ["resume" if paused else "pause"])
    change = Change(context, pauses)
    change.record("pipeline", not paused, paused)
    pauses.pipeline_paused, pauses.pause_reason = paused, reason if paused else None
    change.commit(action, reason=reason)
    return pauses, False


def overview(context: Context) -> PipelineState:
    """Counts by state and phase status, what waits for longest, review, sessions, timers.

    Of what is under way it reads a page. Where there is more, it tells what the timer counted last, and when
    (`counted_at`); where no timer ever did, the page's counts as lower bounds (`has_more`). What ended is counted as it
    ends (`count:*` settings).
    """
    counted = _counted(context)
    phases: dict[str, Counter[str]] = {name: Counter(found) for name, found in counted.phases.items()}
    review = {str(status): attention.count(status) for status in sorted(ATTENTION)}
    for status, count in review.items():
        phases.setdefault("any", Counter())[status] += count
    failed_at = [parse(row.updated_at) for row in map(attention.oldest, review) if row is not None]
    pauses, watched, *settings = together(_settings())
    ended = {str(state): 0 for state in accounts.ENDED}
    for setting in settings[: len(accounts.ENDED) * COUNTER_SHARDS]:
        if setting is not None:
            ended[setting.name.removeprefix("count:").partition("#")[0]] += setting.number
    with reading():
        live = int(Session.live_index.count(LIVE))
        lately = Session.expires_at > context.now - _LATELY
        lost = int(Session.live_index.count(SessionStatus.LOST, lately))
    return PipelineState(
        pauses=pauses or Setting.nothing_paused(),
        states={**counted.states, **ended},
        phases={name: dict(found) for name, found in phases.items()},
        queues={queue: counted.queues.get(queue, 0) for queue in Queue},
        due_now=counted.queues.get("due", 0),
        oldest_waiting=counted.oldest,
        review=review,
        oldest_review=min(failed_at, default=None),
        live_sessions=live,
        lost_sessions=lost,
        timers=[setting for setting in settings[len(accounts.ENDED) * COUNTER_SHARDS :] if setting is not None],
        watched=None if watched is None or watched.ran_at is None else watched,
        has_more=counted.has_more,
        counted_at=counted.at,
        longest_at_work=at_work.longest_lately(context),
    )


def longest_work(context: Context) -> int | None:
    """Return for how many seconds the longest live lease has been held, 0 without any; None where no time is left."""
    found = at_work.longest_first(context)
    if not found:
        return None if found is None else 0
    since = found[0].working_since
    return 0 if since is None else int((context.now - since).total_seconds())


def _settings() -> list[tuple[type[Setting], str]]:
    counters = [counter_key(state, shard) for state in accounts.ENDED for shard in range(COUNTER_SHARDS)]
    return [(Setting, name) for name in (PAUSES, WATCHED, *counters, *map(timer_key, timing.TIMERS))]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many accounts that have not ended stand where, as of `at`; `has_more`: the counts are lower bounds."""

    at: datetime
    states: Mapping[str, int]
    phases: Mapping[str, Mapping[str, int]]
    queues: Mapping[str, int]
    oldest: datetime | None
    has_more: bool


def _counted(context: Context) -> Counted:
    (kept,) = together([(Setting, COUNTED)])
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


def keep_count(context: Context) -> None:
    """Counts what is under way every few minutes where that is more than a request counts itself.

    Only a whole count is kept. One that the time of a run does not suffice for goes on in the next run where it
    stopped, and is dated by when it began; what was kept before stands until then.
    """
    try:
        _keep_count(context)
    except (Stale, TemporarilyUnavailable):
        context.note(not_recorded=COUNTED)


def _keep_count(context: Context) -> None:
    kept, begun = together([(Setting, COUNTED), (Setting, COUNTING)])
    going_on = begun is not None and begun.ran_at is not None and begun.ran_at > context.now - _FORGOTTEN
    if not going_on and kept is not None and kept.ran_at is not None and kept.ran_at > context.now - _RECENT:
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
    if changes:
        transaction = Transaction(context)
        for name, change in changes.items():
            transaction.update(Setting(name=name), None, keep(change))
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
        self.places[row.source.partition] = row.place
        self.ready += accounts.is_ready(account.state)
        if row.due_at <= now:
            self.oldest = self.oldest or row.due_at
        self.queues.update(queues_of(account, now))
        status = account.status_at(now)
        if account.current_phase is not None and status is not None:
            self.phases.setdefault(account.current_phase, Counter())[status] += 1

    def result(self, *, has_more: bool) -> Counted:
        """What was found; the states that are no queue's are counted by their index."""
        with reading():
            still = (AccountState.IMPORTED, AccountState.PAUSED, AccountState.WARMING_UP)
            states = {str(state): int(Account.state_index.count(state)) for state in still}
        states[str(AccountState.READY)] = self.ready
        return Counted(self.at, states, self.phases, self.queues, self.oldest, has_more)


@dataclass(frozen=True)
class Hour:
    """What was done in the hour that begins at `at`."""

    at: datetime
    completed: int
    failed: int


def throughput(context: Context) -> list[Hour]:
    """What was completed and what failed in each of the last 24 hours, this one included, oldest first."""
    this_hour = context.now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=ago) for ago in range(23, -1, -1)]
    names = [
        [hour_key(what, hour, shard) for shard in range(HOUR_SHARDS)]
        for hour in hours
        for what in (Hourly.COMPLETED, Hourly.FAILED)
    ]
    found = iter(together([(Setting, name) for shards in names for name in shards]))
    sums = [sum(one.number for one in islice(found, HOUR_SHARDS) if one is not None) for _ in names]
    return [Hour(hour, *both) for hour, both in zip(hours, zip(sums[::2], sums[1::2], strict=True), strict=True)]

"""The whole pipeline: its master switch, and how it stands."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.changes import Change, decided_again, is_repeat
from chalicelib.context import Context
from chalicelib.domain.accounts import State
from chalicelib.domain.actions import Action
from chalicelib.domain.errors import IllegalMove, TemporarilyUnavailable
from chalicelib.domain.phases import ATTENTION
from chalicelib.domain.queues import Queue, queues_of
from chalicelib.tables import Account, Session, Setting, at_work, attention
from chalicelib.tables.base import reading, together
from chalicelib.tables.queues import everything, in_order
from chalicelib.tables.sessions import LIVE, Standing
from chalicelib.tables.settings import COUNTER_SHARDS, HOUR_SHARDS, PAUSES, Hourly, counter_key, hour_key
from chalicelib.tables.transaction import Stale, Transaction

TIMERS = ("open_due_phases", "close_lost_sessions", "watch_pools")
_ENDED = (State.ACTIVE, State.RETIRED)
_PAGE = 500
MOST_COUNTED = 500
COUNTED = "counted"
_FRESH = timedelta(minutes=5)
_RECENT = timedelta(minutes=3)  # less by more than a run of the timer, so that requests always find a fresh one
_LATELY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Overview:
    """How the pipeline stands.

    `lost_sessions`: in the last 24 hours; `partly`: there is more under way than was counted.
    """

    pauses: Setting
    states: dict[str, int]
    phases: dict[str, dict[str, int]]
    queues: dict[str, int]
    due_now: int
    oldest_waiting: datetime | None
    review: dict[str, int]
    oldest_review: str | None
    live_sessions: int
    lost_sessions: int
    timers: list[Setting]
    partly: bool
    counted_at: datetime
    longest_at_work: Account | None


@decided_again
def pause(context: Context, *, reason: str) -> tuple[Setting, bool]:
    """Hands no work out any more, to nobody; what is under way may be finished. Raises IllegalMove."""
    return _switch(context, True, Action.PIPELINE_PAUSE, reason)


@decided_again
def resume(context: Context, *, reason: str) -> tuple[Setting, bool]:
    """Hands work out again, what fell due first at first. Raises IllegalMove."""
    return _switch(context, False, Action.PIPELINE_RESUME, reason)


def _switch(context: Context, paused: bool, action: Action, reason: str) -> tuple[Setting, bool]:
    (found,) = together([(Setting, PAUSES)])
    pauses: Setting = found or Setting.nothing_paused()
    if is_repeat(context, pauses, action, reason=reason):
        return pauses, True
    if pauses.pipeline_paused is paused:
        state, move = ("paused", "pause") if paused else ("running", "resume")
        raise IllegalMove("pipeline", state, move, ["resume" if paused else "pause"])
    change = Change(context, pauses)
    change.moves.append({"what": "pipeline", "from": not paused, "to": paused})
    pauses.pipeline_paused, pauses.pause_reason = paused, reason if paused else None
    change.commit(action, reason=reason)
    return pauses, False


def overview(context: Context) -> Overview:
    """Counts by state and phase status, what waits for longest, review, sessions, timers.

    Of what is under way it reads a page. Where there is more, it tells what the timer counted last, and when
    (`counted_at`); where no timer ever did, the page's counts as lower bounds (`partly`). What ended is counted as it
    ends (`count:*` settings).
    """
    counted = _counted(context)
    phases: dict[str, Counter[str]] = {name: Counter(found) for name, found in counted.phases.items()}
    review = {str(status): attention.count(status) for status in sorted(ATTENTION)}
    for status, count in review.items():
        phases.setdefault("any", Counter())[status] += count
    rows = [row for row in map(attention.oldest, review) if row is not None]
    pauses, *settings = together(_settings())
    ended = {str(state): 0 for state in _ENDED}
    for setting in settings[: len(_ENDED) * COUNTER_SHARDS]:
        if setting is not None:
            ended[setting.name.removeprefix("count:").partition("#")[0]] += setting.number
    with reading():
        live = int(Session.live_index.count(LIVE))
        lately = Session.expires_at > context.now - _LATELY
        lost = int(Session.live_index.count(Standing.LOST, lately))
    return Overview(
        pauses=pauses or Setting.nothing_paused(),
        states={**counted.states, **ended},
        phases={name: dict(found) for name, found in phases.items()},
        queues={queue: counted.queues.get(queue, 0) for queue in Queue},
        due_now=counted.queues.get("due", 0),
        oldest_waiting=counted.oldest,
        review=review,
        oldest_review=min((row.updated_at for row in rows), default=None),
        live_sessions=live,
        lost_sessions=lost,
        timers=[setting for setting in settings[len(_ENDED) * COUNTER_SHARDS :] if setting is not None],
        partly=counted.partly,
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
    counters = [counter_key(state, shard) for state in _ENDED for shard in range(COUNTER_SHARDS)]
    return [(Setting, name) for name in (PAUSES, *counters, *(f"timer:{timer}" for timer in TIMERS))]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many accounts that have not ended stand where; `partly`: more have something to do than were counted."""

    at: datetime
    states: Mapping[str, int]
    phases: Mapping[str, Mapping[str, int]]
    queues: Mapping[str, int]
    oldest: datetime | None
    partly: bool


def _counted(context: Context) -> Counted:
    (kept,) = together([(Setting, COUNTED)])
    told = None if kept is None or kept.ran_at is None else kept
    if told is not None and told.ran_at > context.now - _FRESH and _under_way(told) > MOST_COUNTED:
        return _kept(told, _oldest(context))
    counted = _count(context, MOST_COUNTED)
    if counted.partly and told is not None:
        return _kept(told, counted.oldest)
    return counted


def _under_way(setting: Setting) -> int:
    return sum(setting.did["states"].get(str(state), 0) for state in (State.READY, State.WARMING_UP))


def _oldest(context: Context) -> datetime | None:
    first = next(in_order(everything(context.settings.queue_shards), {}, 1), None)
    return None if first is None or first.due_at > context.now else first.due_at


def _kept(setting: Setting, oldest: datetime | None) -> Counted:
    told = setting.did
    assert setting.ran_at is not None
    return Counted(setting.ran_at, told["states"], told["phases"], told["queues"], oldest, told["partly"])


def keep_count(context: Context) -> None:
    """Counts what is under way every few minutes, so that no request has to where that is more than a page."""
    (kept,) = together([(Setting, COUNTED)])
    if kept is not None and kept.ran_at is not None and kept.ran_at > context.now - _RECENT:
        return
    counted = _count(context, None)
    told = {"states": counted.states, "phases": counted.phases, "queues": counted.queues, "partly": counted.partly}
    transaction = Transaction(context)
    transaction.update(
        Setting(name=COUNTED), None, [Setting.ran_at.set(counted.at), Setting.did.set(json.loads(json.dumps(told)))]
    )
    try:
        transaction.commit()
    except (Stale, TemporarilyUnavailable):
        context.note(not_recorded=COUNTED)


def _count(context: Context, most: int | None) -> Counted:
    ready = 0
    phases: dict[str, Counter[str]] = {}
    queues: Counter[str] = Counter()
    oldest, partly = None, False
    page = _PAGE if most is None else most + 1
    for number, row in enumerate(in_order(everything(context.settings.queue_shards), {}, page)):
        if number == most or context.time_left() < context.settings.deadline_seconds / 4:
            partly = True
            break
        account = row.account
        ready += account.state is State.READY
        due = row.due_at <= context.now
        if due:
            oldest = oldest or row.due_at
        queues.update(queues_of(account, context.now))
        if account.current_phase is not None and account.phase_status is not None:
            phases.setdefault(account.current_phase, Counter())[account.phase_status] += 1
    with reading():
        still = (State.IMPORTED, State.PAUSED, State.WARMING_UP)
        states = {str(state): int(Account.state_index.count(state)) for state in still}
    return Counted(context.now, {**states, str(State.READY): ready}, phases, queues, oldest, partly)


@dataclass(frozen=True, slots=True)
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

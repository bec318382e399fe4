"""The whole pipeline: its master switch, and how it stands."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.changes import Change, is_repeat, retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain import accounts, timing
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import InvalidTransition, TemporarilyUnavailable
from chalicelib.domain.instants import parse
from chalicelib.domain.phases import ATTENTION
from chalicelib.domain.queues import Queue
from chalicelib.domain.records import record
from chalicelib.domain.sessions import SessionStatus
from chalicelib.tables import Account, Session, Setting, at_work, attention, counts, model_counts, pages
from chalicelib.tables.base import batch_get, translating_read_errors
from chalicelib.tables.sessions import LIVE
from chalicelib.tables.settings import (
    COUNTER_SHARDS,
    PAUSES,
    WATCHED,
    counter_key,
    timer_key,
)
from chalicelib.tables.transaction import Stale
from chalicelib.visible import visible_sessions

_LATELY = timedelta(hours=24)
_MOST_SESSIONS = 1000


@record
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
    (found,) = batch_get([(Setting, PAUSES)])
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

    Of what is under way it reads a page. Where there is more, it shows what the timer counted last, and when
    (`counted_at`); where no timer ever did, the page's counts as lower bounds (`has_more`). What ended is counted as it
    ends (`count:*` settings). To who is bound to models it shows theirs alone.
    """
    models = context.actor.models
    return _overview_of_all(context) if models is None else _overview_of(context, sorted(models))


def _overview_of_all(context: Context) -> PipelineState:
    counted = counts.counted(context)
    review = {str(status): attention.count(status) for status in sorted(ATTENTION)}
    of_any = counted.phases.get("any", {})
    in_any = {**of_any, **{status: of_any.get(status, 0) + count for status, count in review.items()}}
    failed_at = [parse(row.since) for row in map(attention.oldest, review) if row is not None]
    (pauses, watched, ended, timers), (live, lost) = _settings(), _sessions(context)
    return PipelineState(
        pauses=pauses,
        states={**counted.states, **ended},
        phases={**{name: dict(found) for name, found in counted.phases.items()}, "any": in_any},
        queues={queue: counted.queues.get(queue, 0) for queue in Queue},
        due_now=counted.queues.get("due", 0),
        oldest_waiting=counted.oldest,
        review=review,
        oldest_review=min(failed_at, default=None),
        live_sessions=live,
        lost_sessions=lost,
        timers=timers,
        watched=None if watched is None or watched.ran_at is None else watched,
        has_more=counted.has_more,
        counted_at=counted.at,
        longest_at_work=at_work.longest_lately(context),
    )


def _overview_of(context: Context, models: Sequence[str]) -> PipelineState:
    """The same of these models alone: what a timer counted or did is of all, and left out."""
    found = model_counts.of_models(context, models)
    pauses, _, _, timers = _settings()
    pauses.models = pauses.paused_models.intersection(models) or None
    for timer in timers:
        timer.did = None
    live, lost = _visible_sessions(context)
    return PipelineState(
        pauses=pauses,
        states=dict(found.states),
        phases={**found.phases, "any": dict(sum(found.phases.values(), Counter()))},
        queues={queue: found.queues[queue] for queue in Queue},
        due_now=found.queues[Queue.DUE],
        oldest_waiting=found.oldest_waiting,
        review=dict(found.review),
        oldest_review=found.oldest_review,
        live_sessions=live,
        lost_sessions=lost,
        timers=timers,
        watched=None,
        has_more=found.has_more,
        counted_at=context.now,
        longest_at_work=found.longest_at_work,
    )


def _visible_sessions(context: Context) -> tuple[int, int]:
    """How many sessions that the caller sees live, and how many were lost in the last 24 hours; of the first 1,000."""
    lately = Session.expires_at > context.now - _LATELY
    live, _ = pages.by_index(Session, Session.live_index, LIVE, limit=_MOST_SESSIONS)
    lost, _ = pages.by_index(
        Session, Session.live_index, SessionStatus.LOST, limit=_MOST_SESSIONS, condition=lately, forward=False
    )
    return len(visible_sessions(context, live)), len(visible_sessions(context, lost))


def longest_work(context: Context) -> int | None:
    """Return for how many seconds the longest live lease has been held, 0 without any; None where no time is left."""
    found = at_work.longest_first(context)
    if not found:
        return None if found is None else 0
    since = found[0].working_since
    return 0 if since is None else int((context.now - since).total_seconds())


def _settings() -> tuple[Setting, Setting | None, dict[str, int], list[Setting]]:
    """What is paused, the last look at the pools, how many accounts ended by state, the timers."""
    counters = [counter_key(state, shard) for state in accounts.ENDED for shard in range(COUNTER_SHARDS)]
    names = (PAUSES, WATCHED, *counters, *map(timer_key, timing.TIMERS))
    pauses, watched, *others = batch_get([(Setting, name) for name in names])
    ended = {str(state): 0 for state in accounts.ENDED}
    for setting in filter(None, others[: len(counters)]):
        ended[setting.name.removeprefix("count:").partition("#")[0]] += setting.number
    return pauses or Setting.nothing_paused(), watched, ended, [*filter(None, others[len(counters) :])]


def _sessions(context: Context) -> tuple[int, int]:
    """How many sessions live, and how many were lost in the last 24 hours."""
    with translating_read_errors():
        lately = Session.expires_at > context.now - _LATELY
        live, lost = Session.live_index.count(LIVE), Session.live_index.count(SessionStatus.LOST, lately)
    return int(live), int(lost)


def keep_count(context: Context) -> None:
    """Counts what is under way every few minutes where that is more than a request counts itself.

    Only a whole count is kept. One that the time of a run does not suffice for goes on in the next run where it
    stopped, and is dated by when it began; what was kept before stands until then.
    """
    try:
        counts.count_and_keep(context)
    except (Stale, TemporarilyUnavailable):
        context.note(not_recorded=counts.COUNTED)

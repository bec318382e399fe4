"""The whole pipeline: its master switch, and how it stands."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from chalicelib.changes import Change, decided_again, is_repeat
from chalicelib.context import Context
from chalicelib.domain.accounts import State
from chalicelib.domain.actions import Action
from chalicelib.domain.errors import IllegalMove
from chalicelib.domain.phases import ATTENTION
from chalicelib.tables import Account, Session, Setting, attention
from chalicelib.tables.base import reading, together
from chalicelib.tables.queues import everything, in_order
from chalicelib.tables.sessions import LIVE
from chalicelib.tables.settings import COUNTER_SHARDS, PAUSES, counter_key

TIMERS = ("open_due_phases", "close_lost_sessions", "watch_pools")
_ENDED = (State.ACTIVE, State.RETIRED)
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Overview:
    """How the pipeline stands; `partly` where the time of one request did not suffice to count all under way."""

    pauses: Setting
    states: dict[str, int]
    phases: dict[str, dict[str, int]]
    due_now: int
    oldest_waiting: datetime | None
    review: dict[str, int]
    oldest_review: str | None
    live_sessions: int
    timers: list[Setting]
    partly: bool


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

    Reads what is under way, never what ended: accounts that ended are counted as they end (`count:*` settings).
    """
    counted, phases, due_now, oldest, partly = _under_way(context)
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
        still = {str(state): int(Account.state_index.count(state)) for state in (State.IMPORTED, State.PAUSED)}
        under_way = int(Account.state_index.count(State.WARMING_UP))
        live = int(Session.live_index.count(LIVE))
    states = {**still, str(State.READY): counted[State.READY], str(State.WARMING_UP): under_way, **ended}
    return Overview(
        pauses=pauses or Setting.nothing_paused(),
        states=states,
        phases={name: dict(found) for name, found in phases.items()},
        due_now=due_now,
        oldest_waiting=oldest,
        review=review,
        oldest_review=min((row.updated_at for row in rows), default=None),
        live_sessions=live,
        timers=[setting for setting in settings[len(_ENDED) * COUNTER_SHARDS :] if setting is not None],
        partly=partly,
    )


def _settings() -> list[tuple[type[Setting], str]]:
    counters = [counter_key(state, shard) for state in _ENDED for shard in range(COUNTER_SHARDS)]
    return [(Setting, name) for name in (PAUSES, *counters, *(f"timer:{timer}" for timer in TIMERS))]


def _under_way(
    context: Context,
) -> tuple[Counter[State], dict[str, Counter[str]], int, datetime | None, bool]:
    states: Counter[State] = Counter()
    phases: dict[str, Counter[str]] = {}
    due_now, oldest = 0, None
    for row in in_order(everything(context.settings.queue_shards), {}, _PAGE):
        if context.time_left() < context.settings.deadline_seconds / 4:
            return states, phases, due_now, oldest, True
        account = row.account
        states[account.state] += 1
        if row.due_at <= context.now:
            due_now, oldest = due_now + 1, oldest or row.due_at
        if account.current_phase is not None and account.phase_status is not None:
            phases.setdefault(account.current_phase, Counter())[account.phase_status] += 1
    return states, phases, due_now, oldest, False

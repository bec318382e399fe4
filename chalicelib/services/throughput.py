"""How much is done in each hour: added up by a timer from the audit's events, a minute after they happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.context import Context
from chalicelib.domain import throughput, timing
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.tables import Setting, audit_buckets
from chalicelib.tables.base import batch_get
from chalicelib.tables.settings import HOURS, keep
from chalicelib.tables.transaction import Stale, Transaction

_HOUR = timedelta(hours=1)
_SHOWN = 24
_SETTLED = timedelta(seconds=30)
"""After this time a request has ended, and the index shows its event."""
_PAGE = 500


@dataclass(frozen=True)
class Hour:
    """What was done in the hour that begins at `at`."""

    at: datetime
    completed: int
    failed: int


@dataclass(frozen=True, slots=True)
class HourlyCounts:
    """The last 24 hours, this one included, oldest first; `counted_at`: what happened before that is counted."""

    hours: list[Hour]
    counted_at: datetime | None


def by_hour(context: Context) -> HourlyCounts:
    """What was completed and what failed in each of the last 24 hours."""
    (kept,) = batch_get([(Setting, HOURS)])
    counted: dict[str, list[int]] = {} if kept is None or kept.did is None else kept.did
    hours = [_hour_of(context.now) - ago * _HOUR for ago in range(_SHOWN - 1, -1, -1)]
    found = [Hour(hour, *counted.get(_name(hour), (0, 0))) for hour in hours]
    return HourlyCounts(found, None if kept is None else kept.ran_at)


def add_up(context: Context) -> None:
    """Adds the events since the last run to the counts of their hours.

    The counts and the instant up to which they count are written together, so that each state is right: run twice at
    once or killed halfway, no event is counted twice or left out.
    """
    try:
        _add_up(context)
    except (Stale, TemporarilyUnavailable):
        context.note(not_recorded=HOURS)


def _add_up(context: Context) -> None:
    (kept,) = batch_get([(Setting, HOURS)])
    begin, target = _hour_of(context.now) - (_SHOWN - 1) * _HOUR, _whole(context.now - _SETTLED)
    known = kept is not None and kept.ran_at is not None
    until: datetime = max(kept.ran_at, begin) if known else begin
    counts: dict[str, list[int]] = dict(kept.did) if known else {}
    found = False
    while until < target and not context.is_short_of_time:
        end = min(target, _hour_of(until) + _HOUR)
        done, failed = _happened(until, end)
        before = counts.get(_name(until), [0, 0])
        counts[_name(until)] = [before[0] + done, before[1] + failed]
        until, found = end, found or bool(done or failed)
    if known and not found and until - kept.ran_at < timing.IDLE_RECORD:
        return
    shown: dict[str, Any] = {name: count for name, count in counts.items() if name >= _name(begin) and any(count)}
    transaction = Transaction(context)
    transaction.update(Setting(name=HOURS), None, keep((until, shown)))
    transaction.commit()


def _happened(since: datetime, before: datetime) -> tuple[int, int]:
    """How many phases were completed and failed from that instant until before the other, within one day."""
    done = failed = 0
    for bucket in audit_buckets.buckets_of(audit_buckets.day_of(since)):
        for row in audit_buckets.between(bucket, since, before, _PAGE):
            done += throughput.is_completion(row.action)
            failed += throughput.is_failure(row.action)
    return done, failed


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _whole(at: datetime) -> datetime:
    """The instant in whole milliseconds, as events are dated."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _name(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H}"

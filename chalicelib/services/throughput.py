"""How much is done in each hour: added up by a timer from the audit's events, a minute after they happened."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib.context import Context
from chalicelib.domain import throughput, timing
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.domain.records import record
from chalicelib.tables import Setting, audit_buckets
from chalicelib.tables.audit_buckets import BucketRow
from chalicelib.tables.base import batch_get
from chalicelib.tables.rests import rest_until, rests
from chalicelib.tables.settings import HOURS, keep
from chalicelib.tables.transaction import Stale, Transaction
from chalicelib.visible import visible_subjects

_HOUR = timedelta(hours=1)
_SHOWN = 24
_SETTLED = timedelta(seconds=30)
"""After this time a request has ended, and the index shows its event."""
_IDLE = timedelta(minutes=5)
_PAGE = 500


@record
class Hour:
    """What was done in the hour that begins at `at`."""

    at: datetime
    completed: int
    failed: int


@record
class HourlyCounts:
    """The last 24 hours, this one included, oldest first; `counted_at`: what happened before that is counted."""

    hours: list[Hour]
    counted_at: datetime | None


def by_hour(context: Context) -> HourlyCounts:
    """What was completed and what failed in each of the last 24 hours; to who is bound to models, of theirs."""
    if context.actor.models is not None:
        return _of_visible(context)
    (kept,) = batch_get([(Setting, HOURS)])
    counted: dict[str, list[int]] = {} if kept is None or kept.did is None else kept.did
    hours = [_hour_of(context.now) - ago * _HOUR for ago in range(_SHOWN - 1, -1, -1)]
    found = [Hour(hour, *counted.get(_name(hour), (0, 0))) for hour in hours]
    return HourlyCounts(found, None if kept is None else kept.ran_at)


def _of_visible(context: Context) -> HourlyCounts:
    """The same of the models that the caller sees, from the audit itself, as far as the time suffices."""
    begin, now = _hour_of(context.now) - (_SHOWN - 1) * _HOUR, _whole(context.now)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    until = begin
    while until < now and not context.is_short_of_time:
        until = _count(context, until, min(now, _midnight_after(until)), counts)
    hours = [begin + past * _HOUR for past in range(_SHOWN)]
    return HourlyCounts([Hour(hour, *counts[_name(hour)]) for hour in hours], until)


def add_up(context: Context) -> None:
    """Adds the events since the last run to the counts of their hours.

    The counts and the instant up to which they count are written together, so that each state is right: run twice at
    once or killed halfway, no event is counted twice or left out. Where there was none, a warm function looks again
    after five minutes.
    """
    if rests(HOURS, context.now):
        return
    try:
        _add_up(context)
    except (Stale, TemporarilyUnavailable):
        context.note(not_recorded=HOURS)


def _add_up(context: Context) -> None:
    (kept,) = batch_get([(Setting, HOURS)])
    begin, target = _hour_of(context.now) - (_SHOWN - 1) * _HOUR, _whole(context.now - _SETTLED)
    known = kept is not None and kept.ran_at is not None
    until: datetime = max(kept.ran_at, begin) if known else begin
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0], kept.did if known else {})
    before = {name: list(count) for name, count in counts.items()}
    while until < target and not context.is_short_of_time:
        until = _count(context, until, min(target, _midnight_after(until)), counts)
    if known and counts == before:
        rest_until(HOURS, context.now + _IDLE)
        if until - kept.ran_at < timing.IDLE_RECORD:
            return
    shown: dict[str, Any] = {name: count for name, count in counts.items() if name >= _name(begin) and any(count)}
    transaction = Transaction(context)
    transaction.update(Setting(name=HOURS), None, keep((until, shown)))
    transaction.commit()


def _count(context: Context, since: datetime, before: datetime, counts: dict[str, list[int]]) -> datetime:
    """Counts the events from that instant until before the other, within one day, each in its hour.

    Returns up to when they are counted: earlier than asked where the time of the run does not suffice.
    """
    at, buckets = since, audit_buckets.buckets_of(audit_buckets.day_of(since))
    rows = audit_buckets.oldest_first(buckets, since, before, _PAGE)
    while page := list(islice(rows, _PAGE)):
        seen = visible_subjects(context, [row.subject for row in page if _counts(row)])
        for row in page:
            if row.at > at and context.is_short_of_time:
                return row.at
            at = row.at
            if _counts(row) and row.subject in seen:
                counts[_name(at)][0 if throughput.is_completion(row.action) else 1] += 1
    return before


def _counts(row: BucketRow) -> bool:
    return throughput.is_completion(row.action) or throughput.is_failure(row.action)


def _midnight_after(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _whole(at: datetime) -> datetime:
    """The instant in whole milliseconds, as events are dated."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _name(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H}"

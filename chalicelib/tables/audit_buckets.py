"""The audit by day: each day's events in four buckets, by actor, so that no index key takes all writes."""

import heapq
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.actions import AuditAction
from chalicelib.domain.instants import render
from chalicelib.domain.records import record
from chalicelib.tables.audit_events import AuditEvent
from chalicelib.tables.base import translating_read_errors

_BUCKETS = 4


def day_of(at: datetime) -> str:
    """Return the day (UTC) of an instant."""
    return f"{at:%Y-%m-%d}"


def bucket_of(day: str, actor: str) -> str:
    """Return the bucket of what an actor did on a day."""
    return f"{day}#{zlib.crc32(actor.encode()) % _BUCKETS}"


def buckets_of(day: str) -> list[str]:
    """Return all buckets of a day."""
    return [f"{day}#{number}" for number in range(_BUCKETS)]


@record
class BucketRow:
    """An event as the index shows it."""

    bucket: str
    at: datetime
    subject: str
    sequence: int
    actor: str
    action: AuditAction

    @property
    def place(self) -> tuple[str, str, str]:
        """Where to go on behind it."""
        return render(self.at), self.subject, str(self.sequence)


def rows(bucket: str, after: Sequence[str] | None, page: int) -> Iterator[BucketRow]:
    """The events of a bucket, newest first, from behind `after`; one query a page."""
    index: Any = AuditEvent.bucket_index
    start = None
    if after is not None:
        at, subject, sequence = after
        start = {"bucket": {"S": bucket}, "at": {"S": at}, "subject": {"S": subject}, "sequence": {"N": sequence}}
    with translating_read_errors():
        for row in index.query(bucket, scan_index_forward=False, page_size=page, last_evaluated_key=start):
            yield BucketRow(bucket, row.at, row.subject, row.sequence, row.actor, row.action)


def _between(bucket: str, since: datetime, before: datetime, page: int) -> Iterator[BucketRow]:
    index: Any = AuditEvent.bucket_index
    during = AuditEvent.at.between(since, before - timedelta(milliseconds=1))
    with translating_read_errors():
        for row in index.query(bucket, range_key_condition=during, page_size=page):
            yield BucketRow(bucket, row.at, row.subject, row.sequence, row.actor, row.action)


def oldest_first(buckets: Sequence[str], since: datetime, before: datetime, page: int) -> Iterator[BucketRow]:
    """The events of several buckets in one order, from that instant until before the other (in whole milliseconds)."""
    return heapq.merge(*[_between(bucket, since, before, page) for bucket in buckets], key=lambda row: row.at)


def latest_first(buckets: Sequence[str], places: Mapping[str, Sequence[str]], page: int) -> Iterator[BucketRow]:
    """The events of several buckets in one order, newest first, each bucket from behind its place."""
    sources = [rows(bucket, places.get(bucket), page) for bucket in buckets]
    return heapq.merge(*sources, key=lambda row: row.at, reverse=True)

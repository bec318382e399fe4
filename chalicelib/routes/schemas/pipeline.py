"""How the whole pipeline stands, and what runs here."""

from datetime import datetime
from typing import Any, Self

from chalicelib.domain import timing
from chalicelib.domain.queues import Queue
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.pauses import PauseSummary
from chalicelib.services import pipeline
from chalicelib.services.throughput import Hour, HourlyCounts
from chalicelib.tables import Account, Setting


class ReviewCounts(Document):
    """How much waits for an operator."""

    failed: int
    requires_review: int
    total: int
    oldest: datetime | None


class Timer(Document):
    """When a timer last ran, and what it did. A run that did nothing is recorded every 15 minutes at least: a record
    that is older than `silent_after_seconds` means that the timer does not run."""

    name: str
    ran_at: datetime | None
    did: Any
    silent_after_seconds: int

    @staticmethod
    def from_item(item: Setting) -> "Timer":
        """Return what the timer's setting says of its last run."""
        name = item.name.removeprefix("timer:")
        silent_after = int(timing.silent_after(name).total_seconds())
        return Timer(name=name, ran_at=item.ran_at, did=item.did, silent_after_seconds=silent_after)


class AtWork(Document):
    """An account under a live lease, and since when it has been held."""

    account_id: str
    since: datetime

    @classmethod
    def from_item(cls, item: Account | None) -> Self | None:
        """Return the account, if there is one that is being worked on."""
        if item is None or item.working_since is None:
            return None
        return cls(account_id=item.account_id, since=item.working_since)


class Overview(PauseSummary):
    """How the whole pipeline stands; `phases` counts by phase and status, as of `counted_at`; `has_more`: the
    counts are lower bounds. `longest_at_work` is at most 15 seconds old.

    `pools_dry_within_7_days` counts models, and `dry_models` names the first 20 of them, as of `pools_watched_at` and
    of so many `models_watched`, of which `models_incomplete` were too large to be read whole; null before the first
    look.
    """

    now: datetime
    states: dict[str, int]
    phases: dict[str, dict[str, int]]
    queues: dict[Queue, int]
    due_now: int
    oldest_waiting: datetime | None
    review: ReviewCounts
    live_sessions: int
    lost_sessions: int
    pools_watched_at: datetime | None
    models_watched: int | None
    models_incomplete: int | None
    pools_dry_within_7_days: int | None
    dry_models: list[str]
    timers: list[Timer]
    has_more: bool
    counted_at: datetime
    longest_at_work: AtWork | None

    @classmethod
    def of(cls, found: pipeline.PipelineState, now: datetime) -> Self:
        """Return how the pipeline stands; of the pools, as the last whole look at all models found them."""
        watched, review = found.watched, found.review
        counts = None if watched is None else watched.did["counts"]
        return cls(
            **vars(PauseSummary.from_item(found.pauses)),
            now=now,
            states=found.states,
            phases=found.phases,
            queues=found.queues,
            due_now=found.due_now,
            oldest_waiting=found.oldest_waiting,
            review=ReviewCounts(
                failed=review["failed"],
                requires_review=review["requires_review"],
                total=sum(review.values()),
                oldest=found.oldest_review,
            ),
            live_sessions=found.live_sessions,
            lost_sessions=found.lost_sessions,
            pools_watched_at=None if watched is None else watched.ran_at,
            models_watched=None if counts is None else counts["models"],
            models_incomplete=None if counts is None else counts.get("incomplete", 0),
            pools_dry_within_7_days=None if counts is None else counts["dry_within_a_week"],
            dry_models=[] if watched is None else watched.did["soon"],
            timers=[Timer.from_item(one) for one in found.timers],
            has_more=found.has_more,
            counted_at=found.counted_at,
            longest_at_work=AtWork.from_item(found.longest_at_work),
        )


class Throughput(Document):
    """What was done in the last 24 hours, this one included, oldest first.

    What happened before `counted_at` is counted; null before the first count.
    """

    hours: list[Hour]
    now: datetime
    counted_at: datetime | None

    @classmethod
    def of(cls, found: HourlyCounts, now: datetime) -> Self:
        """Return the hours, and up to when they count."""
        return cls(hours=found.hours, now=now, counted_at=found.counted_at)

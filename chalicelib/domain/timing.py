"""When an account falls due, and in which queue it waits for that; how often the timers run."""

import math
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, assert_never

from chalicelib.domain import consents
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.consents import Consent
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.records import record

_LONGEST_WAIT = timedelta(seconds=60)
_SHORTEST_WAIT = timedelta(seconds=1)


class DueQueue(StrEnum):
    """`ready`: can be taken as it is; `timer`: something must happen first, at the latest by the next taker.

    `leased`: somebody holds it, until then.
    """

    READY = "ready"
    TIMER = "timer"
    LEASED = "leased"


@record
class Due:
    """The queue that an account waits in, and the instant that it is or was due."""

    queue: DueQueue
    at: datetime


class _Account(Protocol):
    """What the rule reads of an account."""

    @property
    def state(self) -> AccountState: ...
    @property
    def lease(self) -> Lease | None: ...
    @property
    def consent(self) -> Consent: ...
    @property
    def ready_at(self) -> datetime | None: ...
    @property
    def content_due_at(self) -> datetime | None: ...
    @property
    def needs_review(self) -> bool: ...


class _Phase(Protocol):
    """What the rule reads of the current phase."""

    @property
    def status(self) -> PhaseStatus: ...
    @property
    def available_at(self) -> datetime | None: ...


def next_due(account: _Account, phase: _Phase | None, now: datetime) -> Due | None:
    """When the account's next step falls due; None when nothing waits (in review, ended, or its owner does not agree).

    `phase` is the current one, None before the start and after the last. `ready_at` is when the account entered its
    present step where no phase has it (ready to start, ready to be completed).
    """
    if account.state in (AccountState.ACTIVE, AccountState.RETIRED, AccountState.IMPORTED):
        return None
    if account.lease is not None and account.lease.ended_by is None:
        return Due(DueQueue.LEASED, account.lease.expires_at)
    if account.state is AccountState.PAUSED or account.needs_review:
        return None
    due = _next_step(account, phase, now)
    return due if due is not None and consents.is_given(account.consent, max(now, due.at)) else None


def _next_step(account: _Account, phase: _Phase | None, now: datetime) -> Due | None:
    if phase is None:
        return Due(DueQueue.READY, account.ready_at or now)
    at = phase.available_at or now
    match phase.status:
        case PhaseStatus.PENDING | PhaseStatus.FAILED:
            return None if phase.available_at is None else Due(DueQueue.TIMER, at)
        case PhaseStatus.AVAILABLE if account.content_due_at is not None:
            return Due(DueQueue.TIMER, account.content_due_at)
        case PhaseStatus.AVAILABLE | PhaseStatus.CONTENT_ASSIGNED:
            return Due(DueQueue.READY, at)
        case PhaseStatus.IN_PROGRESS | PhaseStatus.REQUIRES_REVIEW | PhaseStatus.COMPLETED:
            return None
        case _:
            assert_never(phase.status)


def status_at(state: AccountState, status: PhaseStatus, available_at: datetime | None, now: datetime) -> PhaseStatus:
    """Return the status of a phase as of now: once its interval has passed it is available, written or not.

    Who takes it writes that, or the timer where nobody does. The phases of a paused account stay as they are.
    """
    if status is not PhaseStatus.PENDING or state is not AccountState.WARMING_UP:
        return status
    return PhaseStatus.AVAILABLE if available_at is not None and available_at <= now else status


def is_left_to_takers(status: PhaseStatus | None, due_at: datetime, now: datetime, patience: timedelta) -> bool:
    """Return whether the timer leaves a due account alone: a phase opened, and less than `patience` has passed since.

    Who takes it in time writes the opening as part of the taking, so that the timer's own write would be wasted.
    """
    return status is PhaseStatus.PENDING and now - due_at < patience


def seconds_to_wait(next_due_at: datetime | None, now: datetime, spread: float) -> int:
    """Return the seconds after which a caller that got nothing asks again: until the next due time, at most 60.

    `spread` in [0, 1) adds up to half of them, so that idle callers do not all come in the same second. None for
    `next_due_at` means that nothing is scheduled.
    """
    wait = _LONGEST_WAIT if next_due_at is None else min(_LONGEST_WAIT, next_due_at - now)
    return math.ceil(max(_SHORTEST_WAIT, wait).total_seconds() * (1 + spread / 2))


def shard_of(account_id: str, shards: int) -> int:
    """The shard of the queues that an account waits in: a hash, so that no index key takes all writes."""
    return zlib.crc32(account_id.encode()) % shards


TIMERS: Mapping[str, timedelta] = {
    "open_due_phases": timedelta(minutes=1),
    "close_lost_sessions": timedelta(minutes=1),
    "watch_pools": timedelta(hours=1),
}
"""How often each timer runs."""
IDLE_RECORD = timedelta(minutes=15)
"""How old the record of a timer's last run may become while its runs find nothing to do."""


def silent_after(timer: str) -> timedelta:
    """How old the record of a timer's last run may be before the timer counts as silent: three runs are missing."""
    every = TIMERS[timer]
    return 3 * every + (IDLE_RECORD if every < IDLE_RECORD else timedelta(0))

"""In which of the queues that operators see an account stands: one rule for lists, counts and the account itself."""

from collections.abc import Set
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.phases import PhaseStatus


class Queue(StrEnum):
    """Where an account stands in the queues.

    `due`: it can be taken now; `waiting`: for its interval or its retry delay; `working`: a lease on it is live;
    `content_unavailable`: its pools had nothing eligible when last asked.
    """

    DUE = "due"
    WAITING = "waiting"
    WORKING = "working"
    CONTENT_UNAVAILABLE = "content_unavailable"


class _Account(Protocol):
    """What the rule reads of an account, or of its row in an index."""

    @property
    def state(self) -> AccountState: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def phase_status(self) -> PhaseStatus | None: ...
    @property
    def content_due_at(self) -> datetime | None: ...


_WAITING = (PhaseStatus.PENDING, PhaseStatus.FAILED)


def queues_of(account: _Account, now: datetime) -> Set[Queue]:
    """Return the queues that an account stands in; none where an operator decides, or nothing is left to do.

    The indexes hold no lease, and need none: what falls due later, and waits neither for a date nor for content, falls
    due when its lease runs out (`timing.next_due`).
    """
    if account.due_at is None:
        return frozenset()
    due = account.due_at <= now
    if account.content_due_at is not None:
        return {Queue.CONTENT_UNAVAILABLE, Queue.DUE} if due else {Queue.CONTENT_UNAVAILABLE}
    if due:
        return frozenset() if account.state is AccountState.PAUSED else {Queue.DUE}
    return {Queue.WAITING} if account.phase_status in _WAITING else {Queue.WORKING}

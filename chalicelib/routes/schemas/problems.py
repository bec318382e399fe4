"""What the service answers when it refuses, as a whole request or for one row of many."""

from datetime import datetime
from typing import Any, Self

from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.phases import PhaseName, PhaseStatus
from chalicelib.edge.answers import ABSENT, Absent, Document


class Fault(Document):
    """A member at fault, by its JSON pointer."""

    pointer: str
    detail: str


class Holder(Document):
    """Who holds an account, until when; never the token."""

    session_id: str
    bot_id: str
    expires_at: datetime


class Happened(Document):
    """What ended a lease, when."""

    at: datetime
    action: AuditAction
    summary: str


class _Facts(Document):
    """What some problems tell besides."""

    errors: list[Fault] | Absent = ABSENT
    retry_after_seconds: int | Absent = ABSENT
    available_at: datetime | Absent | None = ABSENT
    lease: Holder | Absent = ABSENT
    happened: Happened | Absent = ABSENT
    phases: list[PhaseName] | Absent = ABSENT
    reasons: dict[str, int] | Absent = ABSENT
    what: str | Absent = ABSENT
    state: str | Absent = ABSENT
    phase_status: PhaseStatus | Absent = ABSENT
    possible_transitions: list[str] | Absent = ABSENT
    reason: str | Absent = ABSENT
    live_keys: list[str] | Absent = ABSENT
    duplicate_of: str | Absent = ABSENT
    duplicate_status: str | Absent = ABSENT
    duplicate_category: str | Absent = ABSENT
    creator: str | Absent = ABSENT
    account_id: str | Absent = ABSENT
    version: int | Absent = ABSENT
    current: dict[str, Any] | Absent = ABSENT


class RowError(_Facts):
    """What is wrong with one row; its members are those of a problem document of this code."""

    code: str
    detail: str

    @classmethod
    def of(cls, error: ServiceError) -> Self:
        """Return an error inside an answer."""
        members: dict[str, Any] = dict(error.members)
        return cls(**members, code=error.code, detail=error.detail)


class Problem(_Facts):
    """What the service answers when it refuses (RFC 9457); `retryable`: the same request, later, has a chance."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retryable: bool

"""What errors say besides their sentence: the further members of a problem document, each typed once.

The constructors of errors take these members and no others, so that every error can be answered as it is.
"""

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from chalicelib.domain.actions import AuditAction
from chalicelib.domain.phases import PhaseStatus


class Fault(TypedDict):
    """A member at fault, by its JSON pointer."""

    pointer: str
    detail: str


class Holder(TypedDict):
    """Who holds an account, until when; never the token."""

    session_id: str
    bot_id: str
    expires_at: datetime


class Happened(TypedDict):
    """What ended a lease, when."""

    at: datetime
    action: AuditAction
    summary: str


class Facts(TypedDict, total=False):
    """What some errors say besides."""

    errors: list[Fault]
    retry_after_seconds: int
    available_at: datetime | None
    lease: Holder
    happened: Happened
    phases: list[str]
    reasons: dict[str, int]
    what: str
    state: str
    phase_status: PhaseStatus
    possible_transitions: list[str]
    reason: str
    live_keys: list[str]
    duplicate_of: str
    duplicate_status: str
    duplicate_category: str
    creator: str
    account_id: str
    version: int
    permission: str
    roles: list[str]
    current: dict[str, Any]

"""Accounts, their owners' consent, and moves on many accounts."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.queues import Queue
from chalicelib.domain.retries import ReportKind
from chalicelib.routes.bodies.base import (
    AnyPlan,
    DayOrInstant,
    Identifier,
    Input,
    Instant,
    Line,
    Name,
    PhaseMapping,
    PhaseName,
    Tag,
    Username,
)
from chalicelib.routes.bodies.reasons import ReasonBody
from chalicelib.routes.bodies.review import Evidence


class ConsentBody(Input):
    """Who owns the account and agreed, and until when; `valid_until` null: without an end."""

    granted_by: Name
    granted_at: DayOrInstant
    reference: Name
    valid_until: DayOrInstant | None = None


class AccountBody(Input):
    """`POST /api/operator/accounts`, and each row of an import."""

    account_id: Identifier | None = None
    model_id: Identifier
    username: Username
    theme: Tag | None = None
    plan: AnyPlan | None = None
    tags: list[Tag] = Field(default=[], max_length=20)
    external_ref: Name | None = None
    consent: ConsentBody | None = None


class AccountEdit(Input):
    """`PATCH …/accounts/{account_id}`: what is named is changed; null takes a theme, tags or a reference away."""

    username: Username | None = None
    theme: Tag | None = None
    tags: list[Tag] | None = Field(default=None, max_length=20)
    external_ref: Name | None = None


class BulkFilter(Input):
    """Which accounts are meant; what is not given means all."""

    state: AccountState | None = None
    model_id: Identifier | None = None
    phase: PhaseName | None = None
    phase_status: PhaseStatus | None = None
    error_code: Line | None = None
    error_kind: ReportKind | None = None
    without_code: bool | None = None
    failed_before: Instant | None = None
    queue: Queue | None = None
    text: Line | None = None
    plan: AnyPlan | None = None


class MoveAllBody(ReasonBody):
    """`POST /api/operator/accounts/bulk`: the accounts that are named, else a page of those that the filter admits."""

    action: Literal["ready", "pause", "resume", "retry", "resolve", "skip", "migrate"]
    account_ids: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)
    filter: BulkFilter | None = None
    content: Literal["same", "other"] = "same"
    evidence: Evidence | None = None
    plan: AnyPlan | None = None
    mapping: PhaseMapping = Field(default={})
    dry_run: bool = False
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,2048}$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "MoveAllBody":
        if (self.account_ids is None) == (self.filter is None):
            raise ValueError("either account_ids or a filter is needed (an empty filter means all)")
        if self.action == "resolve" and self.evidence is None and not self.dry_run:
            raise ValueError("to resolve, evidence is needed")
        if (self.action == "migrate") != (self.plan is not None):
            raise ValueError("a plan is needed to migrate, and for nothing else")
        return self

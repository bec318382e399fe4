"""What operators decide on phases."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from chalicelib.domain.retries import ReportKind
from chalicelib.routes.bodies.base import Identifier, Input, Instant, Line, PhaseName, Prose, one_of, whole
from chalicelib.routes.bodies.reasons import ReasonBody


class RetryBody(ReasonBody):
    """`POST …/phases/{phase}/retry`: with the same items, or with others."""

    content: Literal["same", "other"] = "same"


class Evidence(Input):
    """What shows that a phase was done outside: a URL, a note, or both."""

    model_config = ConfigDict(json_schema_extra=one_of("url", "note"))
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f\x7f-\x9f]{1,2000}$")] | None = None
    note: Prose | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> "Evidence":
        if self.url is None and self.note is None:
            raise ValueError("a url or a note is needed")
        return self


class ResolveBody(ReasonBody):
    """`POST …/phases/{phase}/resolve`."""

    evidence: Evidence


class AssignBody(ReasonBody):
    """`POST …/phases/{phase}/assign`: the items by hand."""

    model_config = ConfigDict(json_schema_extra=one_of("content_id", "text_id"))
    content_id: Identifier | None = None
    text_id: Identifier | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> "AssignBody":
        if self.content_id is None and self.text_id is None:
            raise ValueError("a content_id or a text_id is needed")
        return self


class ReviewFilter(Input):
    """What of the review queue is meant; what is not given means all."""

    model_id: Identifier | None = None
    phase: PhaseName | None = None
    status: Literal["failed", "requires_review"] | None = None
    code: Line | None = None
    kind: ReportKind | None = None
    older_than_seconds: Annotated[int, Field(ge=0, le=10**9), BeforeValidator(whole)] | None = None
    failed_before: Instant | None = None


class RetryAllBody(ReasonBody):
    """`POST /api/operator/review/retry`."""

    filter: ReviewFilter
    dry_run: bool = False
    content: Literal["same", "other"] = "same"

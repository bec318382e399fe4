"""The review queue, and the decisions of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.context import Context
from chalicelib.domain.errors import ContentNotEligible
from chalicelib.domain.permissions import Permission
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.retries import ReportKind
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes
from chalicelib.routes import refusals
from chalicelib.routes.queries import (
    DEFAULT_LIMIT,
    OneOf,
    Order,
    cursor,
    flag,
    identifier,
    limit,
    line,
    phase_name,
    seconds,
)
from chalicelib.routes.schemas.lists import Look
from chalicelib.routes.schemas.review import BulkRetry, Case, CaseGroups
from chalicelib.routes.schemas.warmups import ChangedWarmup
from chalicelib.services import decisions, review
from chalicelib.services.review import CaseFilter

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.reasons import ReasonBody
    from chalicelib.routes.bodies.review import AssignBody, ResolveBody, RetryAllBody, RetryBody

routes = Routes(__name__, bodies=(".bodies.reasons", ".bodies.review"))
_FILTER: dict[str, Any] = {
    "model_id": identifier,
    "phase": phase_name,
    "status": OneOf(PhaseStatus),
    "code": line,
    "kind": OneOf(ReportKind),
    "without_code": flag,
    "older_than_seconds": seconds,
}


@routes.get(
    "/api/operator/review",
    needs=Permission.REVIEW_READ,
    query={"limit": limit, "cursor": cursor, "order": OneOf(Order), **_FILTER},
)
def list_all(
    context: Context,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    order: Order = Order.OLDEST,
    **wanted: Any,
) -> Answer[Look[Case]]:
    """Everything that failed or needs review, oldest or newest first; a page may hold fewer than asked."""
    found = review.scan_queue(
        context, wanted=CaseFilter(**wanted), newest_first=order is Order.NEWEST, limit=limit, cursor=cursor
    )
    return Answer(Look.of([Case.of(one) for one in found.items], found))


@routes.get("/api/operator/review/groups", needs=Permission.REVIEW_READ, query={"cursor": cursor, **_FILTER})
def group_all(context: Context, *, cursor: str | None = None, **wanted: Any) -> Answer[CaseGroups]:
    """A page of the queue by kind, error code and phase, the largest group first; the caller adds the pages up."""
    groups, found = review.group_all(context, wanted=CaseFilter(**wanted), cursor=cursor)
    return Answer(CaseGroups.of(groups, found))


@routes.post("/api/operator/review/retry", needs=Permission.REVIEW_WRITE, seconds=20)
def retry_all(context: Context, *, body: RetryAllBody) -> Answer[BulkRetry]:
    """Retries up to 500 cases, oldest first, with a result for each; a dry run only counts."""

    def retry(account_id: str, phase: str) -> bool:
        other = body.content == "other"
        return decisions.retry(context, account_id, phase, reason=body.reason, other_content=other).replayed

    wanted = CaseFilter(**body.filter.model_dump())
    results, has_more = review.retry_all(context, wanted=wanted, retry=retry, dry_run=body.dry_run)
    return Answer(BulkRetry.of(results, dry_run=body.dry_run, has_more=has_more, now=context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/phases/{phase}/retry",
    needs=Permission.REVIEW_WRITE,
    refuses=refusals.DECIDING,
)
def retry(context: Context, *, account_id: str, phase: str, body: RetryBody) -> Answer[ChangedWarmup]:
    """Offers the phase again at once, with the same items or others."""
    decided = decisions.retry(context, account_id, phase, reason=body.reason, other_content=body.content == "other")
    return Answer(ChangedWarmup.of_change(decided, context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/phases/{phase}/resolve",
    needs=Permission.REVIEW_WRITE,
    refuses=refusals.DECIDING,
)
def resolve(context: Context, *, account_id: str, phase: str, body: ResolveBody) -> Answer[ChangedWarmup]:
    """Marks the phase as completed: it was done outside the service."""
    evidence = body.evidence.model_dump(exclude_none=True)
    decided = decisions.resolve(context, account_id, phase, reason=body.reason, evidence=evidence)
    return Answer(ChangedWarmup.of_change(decided, context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/phases/{phase}/skip",
    needs=Permission.REVIEW_WRITE,
    refuses=refusals.DECIDING,
)
def skip(context: Context, *, account_id: str, phase: str, body: ReasonBody) -> Answer[ChangedWarmup]:
    """Passes over a phase."""
    return Answer(ChangedWarmup.of_change(decisions.skip(context, account_id, phase, reason=body.reason), context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/phases/{phase}/assign",
    needs=Permission.REVIEW_WRITE,
    refuses=(*refusals.DECIDING, ContentNotEligible),
    missing=("content", "text"),
)
def assign(context: Context, *, account_id: str, phase: str, body: AssignBody) -> Answer[ChangedWarmup]:
    """Gives items to the phase by hand."""
    decided = decisions.assign(
        context, account_id, phase, reason=body.reason, content_id=body.content_id, text_id=body.text_id
    )
    return Answer(ChangedWarmup.of_change(decided, context.now))

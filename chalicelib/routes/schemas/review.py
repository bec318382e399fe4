"""The review queue, its groups, and what became of a bulk retry."""

from collections import Counter
from datetime import datetime
from typing import Self

from chalicelib.domain.accounts import AccountState
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.phases import Phase
from chalicelib.scans import ScannedPage
from chalicelib.services import review
from chalicelib.services.review import CaseGroup, RetryResult


class Case(Phase):
    """A phase that failed or needs review, with its account."""

    account_id: str
    model_id: str
    username: str
    state: AccountState
    since: datetime

    @staticmethod
    def of(found: review.OpenCase) -> "Case":
        """Return the phase with what a list shows of its account."""
        return Case(
            **vars(Phase.from_item(found.phase)),
            account_id=found.account.account_id,
            model_id=found.account.model_id,
            username=found.account.username,
            state=found.account.state,
            since=found.phase.updated_at,
        )


class CaseGroups(Document):
    """The groups of a page of the queue, the largest first; `has_more`: add the next pages to this one."""

    items: list[CaseGroup]
    next_cursor: str | None
    scanned_count: int
    has_more: bool

    @classmethod
    def of(cls, groups: list[CaseGroup], seen: ScannedPage[review.OpenCase]) -> Self:
        """Return the groups of what was seen of the queue."""
        return cls(
            items=groups,
            next_cursor=seen.next_cursor,
            scanned_count=seen.scanned_count,
            has_more=seen.next_cursor is not None,
        )


class BulkRetry(Document):
    """What became of a bulk retry; `has_more`: send it again for the rest."""

    dry_run: bool
    matched: int
    counts: dict[str, int]
    has_more: bool
    as_of: datetime
    items: list[RetryResult]

    @classmethod
    def of(cls, results: list[RetryResult], *, dry_run: bool, has_more: bool, now: datetime) -> Self:
        """Return what became of each case, and the counts of that."""
        return cls(
            dry_run=dry_run,
            matched=len(results),
            counts=dict(Counter(one.outcome for one in results)),
            has_more=has_more,
            as_of=now,
            items=results,
        )

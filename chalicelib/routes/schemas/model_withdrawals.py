"""A step of withdrawing a model as a whole."""

from collections import Counter
from typing import Self

from chalicelib.edge.answers import Document
from chalicelib.services.model_withdrawals import Withdrawal, WithdrawalStep


class ModelWithdrawal(Document):
    """What became of the accounts and items of one step; `next_cursor` asks for the next step, null ends it."""

    model_id: str
    dry_run: bool
    matched: int
    counts: dict[str, int]
    results: list[Withdrawal]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(cls, step: WithdrawalStep, model_id: str, *, dry_run: bool) -> Self:
        """Return a step with its counts."""
        return cls(
            model_id=model_id,
            dry_run=dry_run,
            matched=len(step.results),
            counts=dict(sorted(Counter(one.outcome for one in step.results).items())),
            results=step.results,
            next_cursor=step.next_cursor,
            has_more=step.next_cursor is not None,
        )

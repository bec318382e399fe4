"""What can be worked on, and what a claim gives."""

from datetime import datetime
from typing import Self

from chalicelib.domain.accounts import Step
from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.routes.schemas.deliveries import Delivery
from chalicelib.routes.schemas.leases import OwnLease
from chalicelib.services import leases
from chalicelib.services.leases import ClaimResult, Offer, Ready
from chalicelib.settings import Settings


class _AskAgain(Document):
    """When to ask again, with an empty list only: `next_due_at` is null where nothing is scheduled.

    `retry_after_seconds` is the same as the header `Retry-After`; it holds some jitter, so that idle callers spread.
    """

    next_due_at: datetime | Absent | None = ABSENT
    retry_after_seconds: int | Absent = ABSENT


class ReadyPage(_AskAgain):
    """What can be worked on now."""

    items: list[Offer]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Ready) -> Self:
        """Return the offers, or when to ask again."""
        if found.ask_again is None:
            return cls(items=found.offers, next_cursor=found.next_cursor)
        return cls(
            items=found.offers,
            next_cursor=found.next_cursor,
            next_due_at=found.ask_again.next_due_at,
            retry_after_seconds=found.ask_again.retry_after_seconds,
        )


class Claimed(Document):
    """An account that was taken; `held`: the session had it already.

    `delivery` is there where it was asked for: what the next phase was given, or null, where the warm-up has to be
    completed, or where nothing can be given just now (asking for the content says why).
    """

    account_id: str
    model_id: str
    username: str
    action: Step
    phase: str | None
    category: str | None
    due_at: datetime
    lease: OwnLease
    held: bool
    delivery: Delivery | Absent | None = ABSENT

    @classmethod
    def of(cls, found: leases.ClaimedOffer, settings: Settings, *, delivers: bool) -> Self:
        """Return the account with the caller's lease."""
        given = None if found.delivery is None else Delivery.of(found.delivery, settings)
        return cls(
            **vars(found.offer),
            lease=OwnLease.of(found.lease, settings),
            held=found.held,
            delivery=given if delivers else ABSENT,
        )


class Claim(_AskAgain):
    """What a claim gave."""

    session_id: str | None
    items: list[Claimed]

    @classmethod
    def of(cls, session_id: str | None, found: ClaimResult, settings: Settings, *, delivers: bool) -> Self:
        """Return the accounts that were taken, or when to ask again."""
        items = [Claimed.of(one, settings, delivers=delivers) for one in found.items]
        if found.ask_again is None:
            return cls(session_id=session_id, items=items)
        return cls(
            session_id=session_id,
            items=items,
            next_due_at=found.ask_again.next_due_at,
            retry_after_seconds=found.ask_again.retry_after_seconds,
        )

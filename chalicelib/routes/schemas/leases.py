"""Accounts that can be worked on, and the leases on them."""

from datetime import datetime
from typing import Self

from chalicelib.domain import leases
from chalicelib.domain.accounts import Step
from chalicelib.domain.phases import PhaseName
from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.routes.schemas.lists import Replayed
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


class OwnLease(Document):
    """A lease, to its holder only. No heartbeat extends it beyond `latest_at`; the delivery moves that on."""

    session_id: str
    lease_token: str
    expires_at: datetime
    latest_at: datetime | None
    lease_seconds: int

    @classmethod
    def of(cls, lease: leases.Lease, settings: Settings) -> Self:
        """Return the lease with its token."""
        return cls(
            session_id=lease.session_id,
            lease_token=lease.token,
            expires_at=lease.expires_at,
            latest_at=lease.latest_at,
            lease_seconds=settings.lease_seconds,
        )


class Claimed(Document):
    """An account that was taken; `held`: the session had it already."""

    account_id: str
    model_id: str
    username: str
    action: Step
    phase: PhaseName | None
    due_at: datetime
    lease: OwnLease
    held: bool


class Claim(_AskAgain):
    """What a claim gave."""

    session_id: str | None
    items: list[Claimed]

    @classmethod
    def of(cls, session_id: str | None, found: ClaimResult, settings: Settings) -> Self:
        """Return the accounts that were taken, or when to ask again."""
        items = [
            Claimed(**vars(one.offer), lease=OwnLease.of(one.lease, settings), held=one.held) for one in found.items
        ]
        if found.ask_again is None:
            return cls(session_id=session_id, items=items)
        return cls(
            session_id=session_id,
            items=items,
            next_due_at=found.ask_again.next_due_at,
            retry_after_seconds=found.ask_again.retry_after_seconds,
        )


class Released(Replayed):
    """A lease that was given back."""

    account_id: str
    released: bool


class Lease(Document):
    """Who works on an account; never the token."""

    session_id: str
    bot_id: str
    expires_at: datetime
    live: bool

    @classmethod
    def of(cls, lease: leases.Lease | None, now: datetime) -> Self | None:
        """Return the lease that nobody has ended, if there is one."""
        if not leases.is_open(lease):
            return None
        return cls(
            session_id=lease.session_id,
            bot_id=lease.bot_id,
            expires_at=lease.expires_at,
            live=leases.is_live(lease, now),
        )

"""The leases on accounts."""

from datetime import datetime
from typing import Self

from chalicelib.domain import leases
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.settings import Settings


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

"""Leases: the right to work on one account until an instant, proven by a token.

A lease is taken once and ends once. Its token is made by the taking and stays on the items after the end, until the
next taking: it fences `complete-phase`, `report-error` and `release`, so that a worker who lost the account changes
nothing, and a worker who is only late loses nothing.
"""

import re
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TypeGuard

from chalicelib.domain.errors import AccountLeased, MalformedRequest
from chalicelib.domain.facts import Holder
from chalicelib.domain.records import record

_TOKEN = re.compile(r"lt_(\d{1,15})_[0-9a-f]{32}", re.ASCII)
TOKEN_BYTES = 16


class Ending(StrEnum):
    """How a lease ended."""

    COMPLETED = "completed"
    REPORTED = "reported"
    RELEASED = "released"
    EXPIRED = "expired"
    REVOKED = "revoked"


@record
class Lease:
    """One lease, live or ended. `ended_by` and `ended_at` are None until somebody has said that it ended.

    No heartbeat extends it beyond `latest_at`; None in a lease that was taken before there was such a bound.
    """

    token: str
    session_id: str
    bot_id: str
    taken_at: datetime
    expires_at: datetime
    request_id: str
    ended_by: Ending | None = None
    ended_at: datetime | None = None
    latest_at: datetime | None = None


def make_token(version: int, entropy: bytes) -> str:
    """A token for the lease that the account's `version` takes, from 16 random bytes."""
    return f"lt_{version}_{entropy[:TOKEN_BYTES].hex()}"


def version_of(token: str) -> int:
    """The account's version that took the lease. Raises MalformedRequest for text that is not a token."""
    found = _TOKEN.fullmatch(token)
    if not found:
        raise MalformedRequest("The header Lease-Token holds no lease token.")
    return int(found[1])


def is_open(lease: Lease | None) -> TypeGuard[Lease]:
    """Whether there is a lease that nobody has ended, live or run out."""
    return lease is not None and lease.ended_by is None


def is_live(lease: Lease | None, now: datetime) -> bool:
    """Whether somebody has the right to work now."""
    return is_open(lease) and now < lease.expires_at


def has_run_out(lease: Lease | None, now: datetime) -> bool:
    """Whether the lease ran out and nobody has said so yet."""
    return is_open(lease) and now >= lease.expires_at


def is_lost(ended_by: Ending | None) -> bool:
    """Whether a lease was ended by time, or by another than its bot."""
    return ended_by in (Ending.EXPIRED, Ending.REVOKED)


def is_settled_by_its_bot(ended_by: Ending | None) -> bool:
    """Whether the bot has ended the lease itself."""
    return ended_by is not None and not is_lost(ended_by)


def phases_done(ended_by: Ending | None, *, in_phase: bool) -> int:
    """Return how many phases were completed under a lease that ended so; `in_phase`: whether it was taken in one."""
    return int(ended_by is Ending.COMPLETED and in_phase)


def phases_failed(ended_by: Ending | None) -> int:
    """Return how many phases were reported under a lease that ended so."""
    return int(ended_by is Ending.REPORTED)


def is_taken_to_have_run_out(before: Lease | None, after: Lease | None, now: datetime) -> TypeGuard[Lease]:
    """Whether a change rests on the time of a lease being over, so that no heartbeat may have come before it."""
    if before is None or after is None or not has_run_out(before, now):
        return False
    return after.token != before.token or after.ended_by is Ending.EXPIRED


def as_extended(lease: Lease, until: datetime) -> Lease:
    """Return a lease as its session's last heartbeat extended it: until then, but no further than its phase allows."""
    bounded = until if lease.latest_at is None else min(until, lease.latest_at)
    return lease if bounded <= lease.expires_at else replace(lease, expires_at=bounded)


def bounded(lease: Lease, latest: datetime | None) -> Lease:
    """Return a lease that ends by that instant at the latest; None leaves it as it is."""
    if latest is None:
        return lease
    latest_at = latest if lease.latest_at is None else min(lease.latest_at, latest)
    return replace(lease, expires_at=min(lease.expires_at, latest_at), latest_at=latest_at)


def may_still_tell(lease: Lease | None, token: str) -> bool:
    """Whether the holder of `token` may still say what happened: nobody came after it, only time ended its lease."""
    return lease is not None and lease.token == token and lease.ended_by in (None, Ending.EXPIRED)


def describe(lease: Lease) -> Holder:
    """Who holds it and until when, for those who do not; never the token."""
    return {"session_id": lease.session_id, "bot_id": lease.bot_id, "expires_at": lease.expires_at}


def refuse_while_live(lease: Lease | None, now: datetime) -> None:
    """Raises AccountLeased, which says who holds the account, while the lease is live."""
    if lease is not None and is_live(lease, now):
        wait = max(1, int((lease.expires_at - now).total_seconds()) + 1)
        raise AccountLeased(
            f"Session {lease.session_id} of {lease.bot_id} holds this account.",
            lease=describe(lease),
            retry_after_seconds=wait,
        )

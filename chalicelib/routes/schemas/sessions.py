"""Sessions: what they hold, what they lost, and what they are ordered to do."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from chalicelib.domain.sessions import Directive, SessionStatus
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.leases import OwnLease
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.services.sessions import Directed, Held
from chalicelib.settings import Settings
from chalicelib.tables import Session as Item


class OpenedSession(Document):
    """A session that was just opened: how long its leases last, how often to send a heartbeat."""

    session_id: str
    lease_seconds: int
    heartbeat_seconds: int

    @classmethod
    def of(cls, item: Item, settings: Settings) -> Self:
        """Return the session's id, and the times that the service keeps."""
        return cls(
            session_id=item.session_id,
            lease_seconds=settings.lease_seconds,
            heartbeat_seconds=settings.heartbeat_seconds,
        )


class Holding(Document):
    """An account that a session holds."""

    account_id: str
    phase: str | None

    @staticmethod
    def all_of(found: Iterable[Held]) -> "list[Holding]":
        """Return what a session holds."""
        return [Holding(account_id=one.account_id, phase=one.phase) for one in found]


class _Session(Document):
    """What every view of a session has."""

    session_id: str
    bot_id: str
    client: str | None
    host: str | None
    directive: Directive
    note: str | None
    done: int
    failed: int
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    status: SessionStatus

    @staticmethod
    def own_members(item: Item) -> "_Session":
        return _Session(
            session_id=item.session_id,
            bot_id=item.bot_id,
            client=item.client,
            host=item.host,
            directive=item.directive,
            note=item.note,
            done=item.done,
            failed=item.failed,
            started_at=item.started_at,
            last_seen_at=item.last_seen_at,
            expires_at=item.expires_at,
            ended_at=item.ended_at,
            status=item.live,
        )


class Session(_Session):
    """A session as operators see it."""

    held: list[Holding]

    @staticmethod
    def from_item(item: Item, held: Iterable[Held]) -> "Session":
        """Return the session with what it holds."""
        return Session(**vars(_Session.own_members(item)), held=Holding.all_of(held))


class ChangedSession(Replayed, Session):
    """A session after a move; `not_attempted`: so many of its leases were not reached in time, send it again."""

    not_attempted: int

    @classmethod
    def of(cls, found: Directed) -> Self:
        """Return the session, with whether it had been ordered before."""
        return cls(
            **vars(_Session.own_members(found.session)),
            replayed=found.replayed,
            not_attempted=len(found.left),
            held=Holding.all_of(found.held),
        )


class OwnHolding(Holding):
    """An account that the session holds, with the lease."""

    lease: OwnLease


class OwnSession(_Session):
    """A session with what it holds, tokens included: to itself only."""

    lease_seconds: int
    heartbeat_seconds: int
    held: list[OwnHolding]

    @classmethod
    def of(cls, item: Item, held: Iterable[Held], settings: Settings) -> Self:
        """Return the session with its leases."""
        return cls(
            **vars(_Session.own_members(item)),
            lease_seconds=settings.lease_seconds,
            heartbeat_seconds=settings.heartbeat_seconds,
            held=[
                OwnHolding(account_id=one.account_id, phase=one.phase, lease=OwnLease.of(one.lease, settings))
                for one in held
            ],
        )

"""The audit's answers."""

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from chalicelib import audit
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.replay import digest
from chalicelib.edge.answers import Document
from chalicelib.tables import AuditEvent as Item


class Actor(Document):
    """Who did something."""

    kind: str
    id: str

    @staticmethod
    def named(actor: str) -> "Actor":
        """Return who the audit calls so."""
        kind, _, actor_id = actor.partition(":")
        return Actor(kind=kind, id=actor_id)


AuditMove = TypedDict("AuditMove", {"what": str, "from": Any, "to": Any})  # no attribute can be called `from`


class AuditEvent(Document):
    """One accepted change: a sentence to read, and the fields of the event.

    `hash` is its SHA-256; `previous` begins that of the event before it of its subject.
    """

    subject: str
    version: int
    at: datetime
    actor: Actor
    action: AuditAction
    transitions: list[AuditMove]
    request_id: str
    client_request_id: str | None
    key_id: str | None
    session_id: str | None
    details: dict[str, Any]
    previous: str | None
    hash: str
    summary: str

    @staticmethod
    def from_item(item: Item) -> "AuditEvent":
        """Return what the table holds of an event, and the sentence that it makes."""
        return AuditEvent(
            subject=item.subject,
            version=item.sequence,
            at=item.at,
            actor=Actor.named(item.actor),
            action=item.action,
            transitions=item.transitions,
            request_id=item.request_id,
            client_request_id=item.client_request_id,
            key_id=item.key_id,
            session_id=item.session_id,
            details=item.details,
            previous=item.previous,
            hash=digest(item.as_read()),
            summary=audit.told(item),
        )

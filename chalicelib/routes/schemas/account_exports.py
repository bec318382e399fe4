"""All that is kept of an account."""

from datetime import datetime
from typing import Self

from chalicelib.domain.actions import AuditAction
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.accounts import WholeAccount
from chalicelib.routes.schemas.assignments import Assignment
from chalicelib.routes.schemas.audit import Actor, AuditEvent
from chalicelib.services.erasure import Exported


class LeaseHistory(Document):
    """A lease that the account was under, and what ended it; null where it still holds."""

    session_id: str
    actor: Actor
    taken_at: datetime
    ended_at: datetime | None
    ended_by: AuditAction | None


class AccountExport(Document):
    """All that is kept of an account."""

    exported_at: datetime
    account: WholeAccount
    assignments: list[Assignment]
    leases: list[LeaseHistory]
    events: list[AuditEvent]

    @classmethod
    def of_export(cls, found: Exported, now: datetime) -> Self:
        """Return the account with its history, oldest first."""
        return cls(
            exported_at=now,
            account=WholeAccount.of(found.loaded, now, found.profile),
            assignments=[Assignment.from_item(one) for one in found.assignments],
            leases=[
                LeaseHistory(
                    session_id=one.session_id,
                    actor=Actor.named(one.actor),
                    taken_at=one.taken_at,
                    ended_at=one.ended_at,
                    ended_by=one.ended_by,
                )
                for one in found.leases
            ],
            events=[AuditEvent.from_item(one) for one in found.events],
        )

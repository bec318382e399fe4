"""The answer to a heartbeat."""

from datetime import datetime
from typing import Self

from chalicelib.domain.sessions import Directive
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.sessions import Holding
from chalicelib.services.heartbeats import Beat, LostHold


class HeldStill(Holding):
    """A lease that the heartbeat extended; `withdrawn`: its content may not be used any more."""

    expires_at: datetime
    withdrawn: bool


class Heartbeat(Document):
    """What a session still holds, what it lost, and what it is ordered to do."""

    session_id: str
    expires_at: datetime
    held: list[HeldStill]
    lost: list[LostHold]
    directive: Directive

    @classmethod
    def of(cls, found: Beat) -> Self:
        """Return the answer to a heartbeat."""
        held = [
            HeldStill(
                account_id=one.account_id,
                phase=one.phase_or_none,
                expires_at=until,
                withdrawn=one.lease_token in found.warned,
            )
            for one, until in found.held
        ]
        return cls(
            session_id=found.session_id,
            expires_at=found.expires_at,
            held=held,
            lost=found.lost,
            directive=found.directive,
        )

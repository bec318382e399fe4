"""What is delivered for a phase."""

from datetime import datetime
from typing import Self

from chalicelib import deliveries
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.leases import OwnLease
from chalicelib.settings import Settings


class Media(Document):
    """A file to publish, behind a presigned URL."""

    content_id: str
    media_type: str
    sha256: str
    width: int | None
    height: int | None
    animated: bool | None
    duration_seconds: float | None
    bytes: int
    url: str | None
    url_expires_at: datetime | None


class Words(Document):
    """A text to publish."""

    text_id: str
    body: str


class Delivery(Document):
    """What a worker is given for a phase; `withdrawn`: not to be used any more, report it."""

    account_id: str
    phase: str
    category: str
    assignment_id: str
    content: Media | None
    text: Words | None
    withdrawn: bool
    withdrawn_ids: list[str]
    score: float | None
    reason: str
    lease: OwnLease

    @classmethod
    def of(cls, found: deliveries.DeliveredItems, settings: Settings) -> Self:
        """Return the items with the caller's lease."""
        text = found.text
        return cls(
            account_id=found.account_id,
            phase=found.phase,
            category=found.category,
            assignment_id=found.assignment_id,
            content=_media(found),
            text=None if text is None else Words(text_id=text.text_id, body=text.body),
            withdrawn=bool(found.withdrawn),
            withdrawn_ids=sorted(found.withdrawn),
            score=found.score,
            reason=found.reason,
            lease=OwnLease.of(found.lease, settings),
        )


def _media(found: deliveries.DeliveredItems) -> Media | None:
    item = found.content
    if item is None:
        return None
    return Media(
        content_id=item.content_id,
        media_type=item.media_type,
        sha256=item.sha256,
        width=item.width,
        height=item.height,
        animated=item.animated,
        duration_seconds=item.duration_seconds,
        bytes=item.bytes,
        url=found.url,
        url_expires_at=found.url_expires_at,
    )

"""The media items of a pool."""

from datetime import datetime
from typing import Literal, Self

from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.routes.schemas.pools import EditedItem, ItemSummary
from chalicelib.services import pools
from chalicelib.services.edits import Edited
from chalicelib.tables import Content as Item


class MediaFile(Document):
    """A file in the media bucket, as the service found it: its sides as one sees it, turned by `rotation` degrees."""

    content_id: str
    media_key: str
    media_type: str
    sha256: str
    bytes: int
    width: int | None
    height: int | None
    rotation: int | None
    animated: bool | None
    duration_seconds: float | None
    codec: str | None
    colour_space: str | None


class Content(MediaFile, ItemSummary):
    """A media item of a pool, with its usage."""

    @staticmethod
    def from_item(item: Item, now: datetime) -> "Content":
        """Return what the table holds of a media item."""
        return Content(
            **vars(ItemSummary.from_pool(item, now)),
            content_id=item.content_id,
            media_key=item.media_key,
            media_type=item.media_type,
            sha256=item.sha256,
            bytes=item.bytes,
            width=item.width,
            height=item.height,
            rotation=item.rotation,
            animated=item.animated,
            duration_seconds=item.duration_seconds,
            codec=item.codec,
            colour_space=item.colour_space,
        )


class LinkedContent(Content):
    """A media item, and where its file can be had for a while; the URL is a secret."""

    url: str | Absent = ABSENT
    url_expires_at: datetime | Absent = ABSENT

    @classmethod
    def of(cls, item: Item, now: datetime, link: tuple[str, datetime] | None) -> Self:
        """Return a media item with its link, if it was asked for."""
        content = vars(Content.from_item(item, now))
        return cls(**content) if link is None else cls(**content, url=link[0], url_expires_at=link[1])


class NewContent(Content):
    """A media item, with `warnings`: the reason why no phase of its model's plan takes it, where that is so."""

    warnings: list[str]

    @staticmethod
    def of(made: pools.MadeItem[Item], now: datetime) -> "NewContent":
        """Return a media item with its warnings."""
        return NewContent(**vars(Content.from_item(made.item, now)), warnings=made.warnings)


class CreatedContent(Replayed, NewContent):
    """A media item that is in the pool now."""

    @classmethod
    def created(cls, new: NewContent, replayed: bool) -> Self:
        """Return a media item, with whether it was there before."""
        return cls(**vars(new), replayed=replayed)


class AcceptedContent(NewContent):
    """One of a list of media items that is in the pool now."""

    outcome: Literal["created", "unchanged"]

    @classmethod
    def accepted(cls, new: NewContent, replayed: bool) -> Self:
        """Return one of a list, with whether it was there before."""
        return cls(**vars(new), outcome="unchanged" if replayed else "created")


class EditedContent(EditedItem, Content):
    """A media item after an edit; where it lost its rights, with the accounts that have or had it."""

    @classmethod
    def edited(cls, found: Edited[Item], now: datetime) -> Self:
        """Return a media item, with its users where it lost its rights."""
        content = vars(Content.from_item(found.item, now))
        if found.users is None:
            return cls(**content, replayed=found.replayed)
        return cls(**content, replayed=found.replayed, users=found.users, has_more=found.has_more)

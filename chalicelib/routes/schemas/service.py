"""What runs here, on which store, with which times."""

from datetime import datetime
from typing import Self

from chalicelib.edge.answers import Document
from chalicelib.settings import Settings


class StoreNames(Document):
    """Where the service keeps what it knows."""

    endpoint: str
    table_prefix: str
    media_bucket: str


class Service(Document):
    """What runs here."""

    release: str
    now: datetime
    store: StoreNames
    lease_seconds: int
    heartbeat_seconds: int
    session_seconds: int
    url_seconds: int
    queue_shards: int

    @classmethod
    def of(cls, settings: Settings, endpoint: str, now: datetime) -> Self:
        """Return the settings, and the endpoint of the store that answers."""
        return cls(
            release=settings.release,
            now=now,
            store=StoreNames(endpoint=endpoint, table_prefix=settings.table_prefix, media_bucket=settings.media_bucket),
            lease_seconds=settings.lease_seconds,
            heartbeat_seconds=settings.heartbeat_seconds,
            session_seconds=settings.session_seconds,
            url_seconds=settings.url_seconds,
            queue_shards=settings.queue_shards,
        )

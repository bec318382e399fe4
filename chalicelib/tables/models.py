"""Models: the creators whose pools feed the accounts."""

from chalicelib.domain.instants import UTC_ZONE
from chalicelib.tables.attributes import count, flag, instant, maybe_count, maybe_text, text, texts
from chalicelib.tables.base import Item


class CreatorModel(Item):
    """A creator, with the themes that items and accounts may have.

    `weight` is its share of what is handed out, `max_concurrent` how many of its accounts may be worked on at a time;
    takers read both in the setting `pauses`.
    """

    class Meta:
        table_name = "models"

    model_id = text(hash_key=True)
    name = text()
    themes = texts()
    paused = flag()
    time_zone = maybe_text()
    weight = count(default=1)
    max_concurrent = maybe_count()
    plan = maybe_text()
    created_at = instant()
    updated_at = instant()
    version = count()

    @property
    def zone(self) -> str:
        """The time zone in which its days are meant."""
        return self.time_zone or UTC_ZONE

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"model:{self.model_id}"

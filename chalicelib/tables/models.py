"""Models: the creators whose pools feed the accounts."""

from typing import Any

from chalicelib.domain.instants import UTC_ZONE
from chalicelib.domain.plans import Demands, demands_of
from chalicelib.tables.attributes import (
    count,
    flag,
    instant,
    maybe_count,
    maybe_digest,
    maybe_flag,
    maybe_number,
    maybe_text,
    text,
    texts,
)
from chalicelib.tables.base import Item

DEMANDS = ("cooldown_hours", "minimum_quality", "four_eyes", "licence_required")
"""The columns of what a model demands beyond the plans of its accounts."""


class CreatorModel(Item):
    """A creator, with the themes that items and accounts may have.

    `weight` is its share of what is handed out, `max_concurrent` how many of its accounts may be worked on at a time.
    `cooldown_hours`, `minimum_quality`, `four_eyes` and `licence_required` are its demands beyond the plans of its
    accounts. Takers read all of these in the setting `pauses`.
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
    cooldown_hours = maybe_count()
    minimum_quality = maybe_number()
    four_eyes = maybe_flag()
    licence_required = maybe_flag()
    created_at = instant()
    updated_at = instant()
    version = count()
    head = maybe_digest()

    @property
    def zone(self) -> str:
        """The time zone in which its days are meant."""
        return self.time_zone or UTC_ZONE

    @property
    def stricter(self) -> dict[str, Any]:
        """What it demands beyond the plans of its accounts, by the names of its columns; nothing else."""
        return {name: value for name in DEMANDS if (value := getattr(self, name))}

    @property
    def demands(self) -> Demands:
        """The same, as the rules take it."""
        return demands_of(**self.stricter)

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"model:{self.model_id}"

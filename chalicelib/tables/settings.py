"""Settings that change at run time: what is paused, and when each timer last ran."""

import json
from datetime import datetime
from typing import Self

from pynamodb.expressions.update import Action

from chalicelib.domain.warmup.effects import Hourly
from chalicelib.tables.attributes import count, document, flag, maybe_instant, text, texts
from chalicelib.tables.base import Item, cached, together

PAUSES = "pauses"
WATCHED = "watched"
COUNTER_SHARDS = 8
HOUR_SHARDS = 4


class Setting(Item):
    """One named setting. `pauses` holds the master switch and the paused models: one key, read with every taking."""

    class Meta:
        table_name = "settings"

    name = text(hash_key=True)
    pipeline_paused = flag()
    pause_reason = document()
    models = texts()
    number = count()
    ran_at = maybe_instant()
    did = document()
    version = count()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"setting:{self.name}"

    @property
    def paused_models(self) -> set[str]:
        """The models that are paused."""
        return self.models or set()

    @classmethod
    def nothing_paused(cls) -> Self:
        """The setting before anything was ever paused."""
        return cls(name=PAUSES)


def counter_key(state: str, shard: int) -> str:
    """The name of one shard of the count of accounts that ended in this state."""
    return f"count:{state}#{shard}"


def timer_key(timer: str) -> str:
    """The name of the record of a timer's last run."""
    return f"timer:{timer}"


def hour_key(what: Hourly, at: datetime, shard: int) -> str:
    """The name of one shard of the count of these in the hour of that instant."""
    return f"hour:{at:%Y-%m-%dT%H}:{what}#{shard}"


def keep(record: tuple[datetime, object] | None) -> list[Action]:
    """The update that keeps a record of that instant in a setting; None: that there is none any more."""
    if record is None:
        return [Setting.ran_at.remove(), Setting.did.remove()]
    at, found = record
    return [Setting.ran_at.set(at), Setting.did.set(json.loads(json.dumps(found)))]


def pause_model(model_id: str, *, paused: bool) -> Action:
    """The update of `pauses` that pauses a model, or lets it go on."""
    return Setting.models.add({model_id}) if paused else Setting.models.delete({model_id})


def pauses_lately(seconds: float) -> Setting:
    """What was paused at most so many seconds ago: good enough to propose work, never to hand it out."""

    def read() -> Setting:
        (found,) = together([(Setting, PAUSES)])
        return found or Setting.nothing_paused()

    return cached(PAUSES, seconds, read)

"""Settings that change at run time: what is paused, and when each timer last ran."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

from pynamodb.expressions.update import Action

from chalicelib.tables.attributes import count, document, expiry, flag, maybe_instant, text, texts
from chalicelib.tables.base import Item, Raw, cached, connection, name_of, reading, together

PAUSES = "pauses"
WATCHED = "watched"
HOURS = "hours"
COUNTER_SHARDS = 8


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
    kept_until = expiry()
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


def take_turn(ranking: str, since: datetime, kept_until: datetime) -> tuple[int, dict[str, list[str]]]:
    """The next number of a ranking in the window that began at that instant, from 1, and the lists of its places.

    Numbers and lists are the writes that are not transactions: they are never in conflict. A number that is lost with
    its answer, or taken twice by a repeat on the way, is skipped, and does no harm.
    """
    names = {"#number": "number", "#kept": "kept_until"}
    kept = Setting.kept_until
    values = {":one": {"N": "1"}, ":kept": {kept.attr_type: kept.serialize(kept_until)}}
    row = _update_turn(ranking, since, "ADD #number :one SET #kept = :kept", names, values)
    return int(row["number"]["N"]), _lists(row)


def keep_turns(ranking: str, since: datetime, lists: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Lists, by what they are lists of, the ids whose turns come one after another; the first is followed."""
    names = {f"#{name}": name for name in lists}
    values = {f":{name}": {"L": [{"S": one} for one in ids]} for name, ids in lists.items()}
    update = "SET " + ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in lists)
    return _lists(_update_turn(ranking, since, update, names, values))


def _update_turn(ranking: str, since: datetime, update: str, names: Mapping[str, str], values: Raw) -> Raw:
    asked = {
        "TableName": name_of(Setting),
        "Key": Setting.raw_key([f"turn:{ranking}#{since:%Y-%m-%dT%H:%M:%S.%f}"]),
        "UpdateExpression": update,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ReturnValues": "ALL_NEW",
    }
    with reading():
        row: Raw = connection().dispatch("UpdateItem", asked)["Attributes"]
    return row


def _lists(row: Raw) -> dict[str, list[str]]:
    return {name: [one["S"] for one in typed["L"]] for name, typed in row.items() if "L" in typed}


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

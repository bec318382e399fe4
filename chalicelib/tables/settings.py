"""Settings that change at run time: what is paused, and when each timer last ran."""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from types import MappingProxyType
from typing import Any, Self

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from chalicelib.domain import accounts
from chalicelib.domain.plans import Demands, demands_of
from chalicelib.tables.attributes import count, document, expiry, flag, maybe_digest, maybe_instant, text, texts
from chalicelib.tables.base import Item, Raw, batch_get, cached, connection, name_of, remember, translating_read_errors

PAUSES = "pauses"
_BEFORE_THAT = "pauses before"
WATCHED = "watched"
HOURS = "hours"
ADMINS = "admins"
"""Who can administer: the ids of the admins, each with until when one of the keys is live."""
DIRECTORY = "directory"
BEFORE = "before_"
"""What the name of a list begins with that holds what stood before the first number of another list."""
WEIGHT = 1
COUNTER_SHARDS = 8


class Setting(Item):
    """One named setting.

    `pauses` holds the master switch, the paused models, and the weight, the bound and the demands of those that have
    some: one key, read with every taking. `slots:MODEL` holds the accounts (`holders`) of a bounded model that are
    worked on.
    """

    class Meta:
        table_name = "settings"

    name = text(hash_key=True)
    pipeline_paused = flag()
    pause_reason = document()
    models = texts()
    shares = document()
    holders = texts()
    number = count()
    ran_at = maybe_instant()
    did = document()
    kept_until = expiry()
    version = count()
    head = maybe_digest()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"setting:{self.name}"

    @property
    def paused_models(self) -> set[str]:
        """The models that are paused."""
        return self.models or set()

    @property
    def weights(self) -> dict[str, int]:
        """The weights of the models that do not have the usual one."""
        return {model: share["weight"] for model, share in (self.shares or {}).items() if share["weight"] != WEIGHT}

    @property
    def bounds(self) -> dict[str, int]:
        """How many accounts of a model may be worked on at a time, for the models that are bounded."""
        shares = self.shares or {}
        return {
            model: share["max_concurrent"] for model, share in shares.items() if share["max_concurrent"] is not None
        }

    def demands(self, model_id: str) -> Demands:
        """What a model asks of items beyond the plans of its accounts."""
        return demands_of(**(self.shares or {}).get(model_id, {}).get("demands", {}))

    def is_like(self, other: Self) -> bool:
        """Whether the other pauses the same, and gives models the same shares."""
        return (self.pipeline_paused, self.paused_models, self.shares or {}) == (
            other.pipeline_paused,
            other.paused_models,
            other.shares or {},
        )

    @classmethod
    def nothing_paused(cls) -> Self:
        """The setting before anything was ever paused."""
        return cls(name=PAUSES)


def counter_key(state: str, shard: int) -> str:
    """The name of one shard of the count of accounts that ended in this state."""
    return f"count:{state}#{shard}"


def ended() -> dict[str, int]:
    """How many accounts ended, by their state."""
    asked = [(state, counter_key(state, shard)) for state in accounts.ENDED for shard in range(COUNTER_SHARDS)]
    counts = {str(state): 0 for state in accounts.ENDED}
    for (state, _), row in zip(asked, batch_get([(Setting, name) for _, name in asked]), strict=True):
        counts[state] += 0 if row is None else row.number
    return counts


def accounts_on(plans: Sequence[str]) -> dict[str, int]:
    """How many accounts have each of these plans, named as they are counted: `slow/2`, or `other`."""
    asked = [(plan, counter_key(f"plan:{plan}", shard)) for plan in plans for shard in range(COUNTER_SHARDS)]
    found = batch_get([(Setting, name) for _, name in asked])
    counts = dict.fromkeys(plans, 0)
    for (plan, _), row in zip(asked, found, strict=True):
        counts[plan] += 0 if row is None else row.number
    return counts


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
    row = _update_turn(_window(ranking, since), "ADD #number :one SET #kept = :kept", names, values)
    return int(row["number"]["N"]), _lists(row)


def keep_turns(ranking: str, since: datetime, lists: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Lists, by what they are lists of, the ids whose turns come one after another; the first is followed."""
    names = {f"#{name}": name for name in lists}
    values = {f":{name}": {"L": [{"S": one} for one in ids]} for name, ids in lists.items()}
    update = "SET " + ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in lists)
    return _lists(_update_turn(_window(ranking, since), update, names, values))


def promised(ranking: str, windows: Sequence[datetime]) -> dict[str, set[str]]:
    """The ids, by what they are listed as, to which numbers of these windows led, and those that stood before them."""
    found: dict[str, set[str]] = {}
    for row in batch_get([(Setting, f"turn:{_window(ranking, since)}") for since in windows]):
        for name, ids in _lists({} if row is None else row.stored).items():
            was_before = name.startswith(BEFORE)
            found.setdefault(name.removeprefix(BEFORE), set()).update(ids if was_before else ids[: row.number])
    return found


def _window(ranking: str, since: datetime) -> str:
    return f"{ranking}#{since:%Y-%m-%dT%H:%M:%S.%f}"


def _update_turn(name: str, update: str, names: Mapping[str, str], values: Raw) -> Raw:
    asked = {
        "TableName": name_of(Setting),
        "Key": Setting.raw_key([f"turn:{name}"]),
        "UpdateExpression": update,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ReturnValues": "ALL_NEW",
    }
    with translating_read_errors():
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


@dataclass(slots=True)
class PausesChange:
    """What a change of a model writes into `pauses`."""

    condition: Condition | None = None
    actions: list[Action] = field(default_factory=list)

    def pause(self, model_id: str, *, paused: bool) -> None:
        """Pauses a model, or lets it go on."""
        self.actions.append(Setting.models.add({model_id}) if paused else Setting.models.delete({model_id}))

    def share(
        self, model_id: str, weight: int, max_concurrent: int | None, demands: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Gives a model its weight, bound and demands, on condition that nobody changes any model's meanwhile."""
        (found,) = batch_get([(Setting, PAUSES)])
        before = {} if found is None else found.shares or {}
        shares = {model: share for model, share in before.items() if model != model_id}
        if weight != WEIGHT or max_concurrent is not None or demands:
            stricter = {"demands": dict(demands)} if demands else {}
            shares[model_id] = {"weight": weight, "max_concurrent": max_concurrent, **stricter}
        self.condition = Setting.shares == before if before else Setting.shares.does_not_exist()
        self.actions.append(Setting.shares.set(shares) if shares else Setting.shares.remove())


def slots_of(held: Set[str]) -> Action:
    """The update of a model's slots by which these accounts have them, and no others."""
    return Setting.holders.set(set(held)) if held else Setting.holders.remove()


def slots_key(model_id: str) -> str:
    """The name of the setting that holds which accounts of a bounded model are worked on."""
    return f"slots:{model_id}"


def keep_admins(found: Setting | None, admins: Mapping[str, str]) -> tuple[Condition, list[Action]]:
    """The update that keeps who can administer, on condition that nobody has changed that since it was read."""
    before = None if found is None else found.did
    unchanged = Setting.did.does_not_exist() if before is None else Setting.did == before
    return unchanged, [Setting.did.set(dict(admins))]


def take_slot(account_id: str, bound: int) -> tuple[Condition, Action]:
    """The condition and the update that take a slot; an account that has one keeps it."""
    free = Setting.holders.does_not_exist() | (size(Setting.holders) < bound)
    return free | Setting.holders.contains(account_id), Setting.holders.add({account_id})


def free_slot(account_id: str) -> Action:
    """The update that gives a slot back."""
    return Setting.holders.delete({account_id})


def pauses_lately(seconds: float) -> Setting:
    """What was paused at most so many seconds ago: good enough to propose work, never to hand it out."""

    def read() -> Setting:
        (found,) = batch_get([(Setting, PAUSES)])
        return keep_pauses(found or Setting.nothing_paused(), seconds)

    return cached(PAUSES, seconds, read)


def keep_pauses(pauses: Setting, seconds: float) -> Setting:
    """Keeps in mind what was just read, for `pauses_lately` and `pauses_before`."""
    remember(_BEFORE_THAT, inf, pauses)
    return remember(PAUSES, seconds, pauses)


def pauses_before() -> Setting | None:
    """What was paused when this warm function last read it, however long ago; None where it never has."""
    found: Setting | None = cached(_BEFORE_THAT, 0, lambda: None)
    return found


def take_numbers(name: str, count: int) -> int:
    """Take the next `count` numbers of this name, and return the first of them; a plain addition, as `take_turn`."""
    row = _update_turn(name, "ADD #number :count", {"#number": "number"}, {":count": {"N": str(count)}})
    return int(row["number"]["N"]) - count

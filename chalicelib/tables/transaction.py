"""One write: everything that changes together, as one TransactWriteItems under one client request token.

build ── send ──┬─ stored ───────────────────────────────────────────► done
  ▲             ├─ conflict, throttle: surely not stored ─ wait ─┐
  │ same bytes, ├─ timeout, 5xx: nobody knows ─────────── wait ─┤
  │ same token  │                                               │
  └─────────────┼───────────────────────────────────────────────┘
                └─ a condition failed, ─┬─ our mark is there: an attempt before was stored ─► done
                   a pool item is lost  └─ else: Stale, the caller decides again
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action as UpdateAction
from pynamodb.expressions.update import Update

from chalicelib.context import Context, sources
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.domain.records import record
from chalicelib.tables.base import Changes, Failure, Item, Key, Raw, classify, connection, name_of, reasons

_FIRST_WAIT = 0.02
_LONGEST_WAIT = 0.5
MOST_ITEMS = 100


class Stale(Exception):
    """A condition failed: what was read has changed. `failed` are the tables whose conditions did.

    `current` are the items whose conditions failed, by their keys, as the store found them then; None where there was
    no item. An item that was lost to a transaction under way is in `failed`, but not in `current`: nobody knows yet.
    """

    def __init__(self, failed: frozenset[type[Item]], current: Mapping[Key, Item | None] | None = None) -> None:
        """`failed`: the models of the items whose conditions failed; `current`: those items."""
        self.failed, self.current = failed, current or {}
        super().__init__(", ".join(sorted(model.__name__ for model in failed)))


@record
class _Write:
    """One item of a transaction, as the store takes it."""

    model: type[Item]
    verb: str
    asked: dict[str, Any]

    @property
    def is_conditional(self) -> bool:
        """Whether it has a condition."""
        return "ConditionExpression" in self.asked

    @property
    def key(self) -> Key:
        """The key of its item."""
        return self.model.key_of(self.asked.get("Key") or self.asked["Item"])


class Transaction:
    """Collects writes, and commits them all or none. An item may appear once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.token = context.entropy(16).hex()
        self._writes: list[_Write] = []

    def put(self, item: Item, condition: Condition | None = None) -> None:
        """Writes a whole new item."""
        self._add(item, "Put", {"Item": item.whole()}, condition)

    def delete(self, item: Item, condition: Condition | None = None) -> None:
        """Takes an item out."""
        self._add(item, "Delete", {"Key": item.key}, condition)

    def update(
        self, item: Item, condition: Condition | None = None, actions: Sequence[UpdateAction] | None = None
    ) -> None:
        """Changes what differs from what was read (or does just `actions`); attributes that we do not know stay."""
        done = item.changes() if actions is None else actions
        if done:
            self._add(item, "Update", {"Key": item.key}, condition, done)
        elif condition is not None:
            self._add(item, "ConditionCheck", {"Key": item.key}, condition)

    def _add(
        self,
        item: Item,
        verb: str,
        what: dict[str, Raw],
        condition: Condition | None,
        done: Changes | Sequence[UpdateAction] = (),
    ) -> None:
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        asked: dict[str, Any] = {"TableName": name_of(type(item)), **what}
        if condition is not None:
            asked["ConditionExpression"] = condition.serialize(names, values)
            asked["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if done:
            told = assigned(done, names, values) if isinstance(done, dict) else Update(*done).serialize(names, values)
            asked["UpdateExpression"] = told
        if names:
            asked["ExpressionAttributeNames"] = {place: name for name, place in names.items()}
        if values:
            asked["ExpressionAttributeValues"] = values
        self._writes.append(_Write(type(item), verb, asked))

    def commit(self, was_stored: Callable[[], bool] | None = None) -> None:
        """Writes all or nothing, within the deadline of the call.

        `was_stored` reads whether this very transaction was stored; it is asked when an outcome is unknown.
        Raises Stale when a condition failed or a pool item was lost to another transaction, TemporarilyUnavailable
        when the deadline came first.
        """
        wait, unknown = _FIRST_WAIT, False
        while True:
            try:
                self._send()
                return
            except (ClientError, BotoCoreError) as error:
                failure, stale = classify(error), self._stale(error)
                if failure is Failure.DEFECT:
                    raise
                if failure is Failure.CONDITION or (stale.failed and not unknown):
                    if was_stored is not None and self._made_all(stale) and was_stored():  # unknown even to the SDK
                        return
                    raise stale from error
                unknown = unknown or failure is Failure.UNKNOWN
                if self._context.time_left() < wait:
                    if unknown and was_stored is not None and was_stored():
                        return
                    raise TemporarilyUnavailable() from error
            sources.sleep(wait * (0.5 + int.from_bytes(self._context.entropy(2), "big") / 65536))
            wait = min(wait * 2, _LONGEST_WAIT)

    def _send(self) -> None:
        items = [{one.verb: one.asked} for one in self._writes]
        connection().dispatch("TransactWriteItems", {"TransactItems": items, "ClientRequestToken": self.token})

    def _made_all(self, stale: Stale) -> bool:
        """Whether all that this transaction creates is there: else no attempt of it was stored."""
        return all(one.key in stale.current for one in self._writes if one.verb == "Put" and one.is_conditional)

    def _stale(self, error: Exception) -> Stale:
        """What the store's reasons, one for each write, say was lost: by its condition, or to a transaction under way.

        Who meets another at an item that many want sends the same again in vain: the other's write is the better one.
        """
        failed: set[type[Item]] = set()
        current: dict[Key, Item | None] = {}
        for write, reason in zip(self._writes, reasons(error), strict=False):
            if reason["Code"] == "ConditionalCheckFailed":
                failed.add(write.model)
                raw: Raw | None = reason.get("Item")
                current[write.key] = None if raw is None else write.model.from_raw_data(raw)
            elif reason["Code"] == "TransactionConflict" and write.model.contended and write.is_conditional:
                failed.add(write.model)
        return Stale(frozenset(failed), current)


class SingleUpdate(Transaction):
    """One item, changed without a transaction at half its price, for changes that do no harm if they are made twice.

    `after` is the item as it then is.
    """

    after: Item

    def __init__(self, context: Context, item: Item, condition: Condition, actions: Sequence[UpdateAction]) -> None:
        super().__init__(context)
        self.update(item, condition, actions)

    def _send(self) -> None:
        (write,) = self._writes
        answer = connection().dispatch("UpdateItem", {**write.asked, "ReturnValues": "ALL_NEW"})
        self.after = write.model.from_raw_data(answer["Attributes"])

    def _stale(self, error: Exception) -> Stale:
        (write,) = self._writes
        if not isinstance(error, ClientError) or classify(error) is not Failure.CONDITION:
            return Stale(frozenset())
        raw: Raw | None = error.response.get("Item")
        return Stale(frozenset({write.model}), {write.key: None if raw is None else write.model.from_raw_data(raw)})


def assigned(changes: Changes, names: dict[str, str], values: dict[str, Any]) -> str:
    """The update expression of these changes; adds to the placeholders of names and values that are there already."""
    kept, removed = [], []
    for name, value in changes.items():
        place = names.setdefault(name, f"#{len(names)}")
        if value is None:
            removed.append(place)
        else:
            kept.append(f"{place} = :{len(values)}")
            values[f":{len(values)}"] = value
    clauses = [f"{word} {', '.join(places)}" for word, places in (("SET", kept), ("REMOVE", removed)) if places]
    return " ".join(clauses)

"""One write: everything that changes together, as one TransactWriteItems under one client request token.

build ── send ──┬─ stored ───────────────────────────────────────────► done
  ▲             ├─ conflict, throttle: surely not stored ─ wait ─┐
  │ same bytes, ├─ timeout, 5xx: nobody knows ─────────── wait ─┤
  │ same token  │                                               │
  └─────────────┼───────────────────────────────────────────────┘
                └─ a condition failed ─┬─ our mark is there: an attempt before was stored ─► done
                                       └─ else: Stale, the caller reads and decides again
"""

from collections.abc import Callable, Sequence
from typing import Any

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action as UpdateAction

from chalicelib.context import Context, sources
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.tables.base import Failure, Item, classify, connection, reason_codes

_FIRST_WAIT = 0.02
_LONGEST_WAIT = 0.5
MOST_ITEMS = 100


class Stale(Exception):
    """A condition failed: what was read has changed. `failed` are the tables whose conditions did."""

    def __init__(self, failed: frozenset[type[Item]]) -> None:
        """`failed`: the models of the items whose conditions failed."""
        self.failed = failed
        super().__init__(", ".join(sorted(model.__name__ for model in failed)))


class Transaction:
    """Collects writes, and commits them all or none. An item may appear once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.token = context.entropy(16).hex()
        self._checks: list[tuple[type[Item], dict[str, Any]]] = []
        self._deletes: list[tuple[type[Item], dict[str, Any]]] = []
        self._puts: list[tuple[type[Item], dict[str, Any]]] = []
        self._updates: list[tuple[type[Item], dict[str, Any]]] = []

    def put(self, item: Item, condition: Condition | None = None) -> None:
        """Writes a whole new item."""
        self._puts.append((type(item), item.get_save_kwargs_from_instance(condition=condition)))

    def delete(self, item: Item, condition: Condition | None = None) -> None:
        """Takes an item out."""
        self._deletes.append((type(item), item.get_delete_kwargs_from_instance(condition=condition)))

    def update(
        self, item: Item, condition: Condition | None = None, actions: Sequence[UpdateAction] | None = None
    ) -> None:
        """Changes what differs from what was read (or does just `actions`); attributes that we do not know stay."""
        done = item.changes() if actions is None else actions
        if done:
            self._updates.append(
                (type(item), item.get_update_kwargs_from_instance(actions=list(done), condition=condition))
            )
        elif condition is not None:
            self._checks.append((type(item), _check(item, condition)))

    def commit(self, was_stored: Callable[[], bool] | None = None) -> None:
        """Writes all or nothing, within the deadline of the call.

        `was_stored` reads whether this very transaction was stored; it is asked when an outcome is unknown.
        Raises Stale when a condition failed, TemporarilyUnavailable when the deadline came first.
        """
        wait, unknown = _FIRST_WAIT, False
        while True:
            try:
                self._send()
                return
            except TransactWriteError as error:
                match classify(error):
                    case Failure.CONDITION:
                        if was_stored is not None and was_stored():  # by an attempt of which even the SDK knows nothing
                            return
                        raise Stale(self._failed(reason_codes(error))) from error
                    case Failure.UNKNOWN:
                        unknown = True
                    case Failure.NOT_APPLIED:
                        pass
                    case Failure.DEFECT:
                        raise
                if self._context.time_left() < wait:
                    if unknown and was_stored is not None and was_stored():
                        return
                    raise TemporarilyUnavailable() from error
            sources.sleep(wait * (0.5 + int.from_bytes(self._context.entropy(2), "big") / 65536))
            wait = min(wait * 2, _LONGEST_WAIT)

    def _send(self) -> None:
        connection().transact_write_items(
            condition_check_items=[kwargs for _, kwargs in self._checks],
            delete_items=[kwargs for _, kwargs in self._deletes],
            put_items=[kwargs for _, kwargs in self._puts],
            update_items=[kwargs for _, kwargs in self._updates],
            client_request_token=self.token,
        )

    def _failed(self, codes: list[str]) -> frozenset[type[Item]]:
        # the store answers in the order in which PynamoDB sends: checks, deletes, puts, updates
        models = [model for model, _ in (*self._checks, *self._deletes, *self._puts, *self._updates)]
        return frozenset(model for model, code in zip(models, codes, strict=False) if code == "ConditionalCheckFailed")


def _check(item: Item, condition: Condition) -> dict[str, Any]:
    hash_key = getattr(item, str(item._hash_keyname))
    range_key = None if item._range_keyname is None else getattr(item, item._range_keyname)
    return type(item).get_operation_kwargs_from_class(hash_key, range_key, condition)

"""What every table shares: binding to names, one connection, reading many items at once, and errors told apart."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action as UpdateAction
from pynamodb.models import Model

from chalicelib.context import sources
from chalicelib.domain.errors import TemporarilyUnavailable

T = TypeVar("T")

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
ATTEMPTS = 3
POOL_SIZE = 32
_BATCH_ROUNDS = 5
_MOST_KEYS = 100

Raw = dict[str, dict[str, Any]]


class Failure(StrEnum):
    """What an error of the store means for what was asked of it."""

    CONDITION = "condition"
    NOT_APPLIED = "not_applied"
    UNKNOWN = "unknown"
    DEFECT = "defect"


_NOT_APPLIED = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "ThrottlingError",
        "ThrottlingException",
        "RequestLimitExceeded",
    }
)


class Item(Model):
    """A row of one of our tables. Changed in memory, it knows what differs from what was read."""

    _read: Raw | None = None

    @classmethod
    def from_raw_data(cls, data: Raw) -> Self:
        """The item that a raw answer of the store holds."""
        item = super().from_raw_data(data)
        item._read = data
        return item

    def was_read(self) -> bool:
        """Whether the item comes from the store, and is not new."""
        return self._read is not None

    def before(self, name: str) -> Any:
        """The value that the attribute had when the item was read, None where it had none."""
        attribute = type(self).get_attributes()[name]
        raw = (self._read or {}).get(attribute.attr_name)
        return None if raw is None else attribute.deserialize(attribute.get_value(raw))

    def changes(self) -> list[UpdateAction]:
        """The update that makes the stored item equal to this one, where they differ; keys never do."""
        stored, current = self._read or {}, self.serialize(null_check=False)
        found: list[UpdateAction] = []
        for name, attribute in type(self).get_attributes().items():
            if attribute.is_hash_key or (attribute.is_range_key and name in self._key_names()):
                continue
            if attribute.attr_name not in current:
                if attribute.attr_name in stored:
                    found.append(attribute.remove())
            elif stored.get(attribute.attr_name) != current[attribute.attr_name]:
                found.append(attribute.set(getattr(self, name)))
        return found

    @classmethod
    def is_absent(cls) -> Condition:
        """The condition that no item has this key yet."""
        return cls.get_attributes()[str(cls._hash_keyname)].does_not_exist()

    @classmethod
    def _key_names(cls) -> set[str | None]:
        return {cls._hash_keyname, cls._range_keyname}


class Store:
    """The one connection that all tables share (a client of its own for each costs most of a cold start)."""

    connection: Connection | None = None
    s3: Any = None
    cached: ClassVar[dict[object, tuple[float, Any]]] = {}


def cached(key: object, seconds: float, read: Callable[[], T]) -> T:
    """What `read` gave at most so many seconds of real time ago, on this warm function; None is not kept."""
    now = sources.monotonic()
    until, value = Store.cached.get(key, (0.0, None))
    if value is None or now >= until:
        value = read()
        Store.cached[key] = (now + seconds, value)
    return cast(T, value)


def name_of(model: type[Item]) -> str:
    """The name of the model's table."""
    return str(model.Meta.table_name)


def bind(tables: Mapping[type[Item], str]) -> None:
    """Binds each model to its table's name, all on one new connection."""
    shared = Connection(
        connect_timeout_seconds=CONNECT_SECONDS,
        read_timeout_seconds=READ_SECONDS,
        max_pool_connections=POOL_SIZE,
        retry_configuration={"total_max_attempts": ATTEMPTS, "mode": "standard"},
    )
    for model, name in tables.items():
        model.Meta.table_name = name
        model._connection = None
        own = model._get_connection()
        shared.add_meta_table(own.get_meta_table())
        own.connection = shared
    Store.connection, Store.s3 = shared, None
    Store.cached.clear()


def connection() -> Connection:
    """The shared connection. Raises RuntimeError before `bind`."""
    if Store.connection is None:
        raise RuntimeError("the tables are not bound to names yet: tables.bind(settings) comes first")
    return Store.connection


def classify(error: Exception) -> Failure:
    """What an error of PynamoDB or botocore means: was the write applied, surely not, or nobody knows."""
    cause = error.cause if isinstance(error, PynamoDBException) else error
    if not isinstance(cause, ClientError):
        # a timeout or a broken connection; anything else of botocore's never left this machine
        return Failure.UNKNOWN if isinstance(cause, BotoCoreError) else Failure.DEFECT
    code = cause.response.get("Error", {}).get("Code", "")
    if code == "TransactionCanceledException":
        return _of_reasons(reason_codes(error))
    if code in _NOT_APPLIED:
        return Failure.NOT_APPLIED
    if code == "ConditionalCheckFailedException":
        return Failure.CONDITION
    if code in ("InternalServerError", "InternalFailure", "ServiceUnavailable", "500", "502", "503", "504"):
        return Failure.UNKNOWN
    status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Failure.UNKNOWN if status >= 500 else Failure.DEFECT


def _of_reasons(codes: Sequence[str]) -> Failure:
    """A cancelled transaction was surely not applied. A failed condition says more than a conflict beside it."""
    told = {code for code in codes if code}
    if "ConditionalCheckFailed" in told:
        return Failure.CONDITION
    return Failure.NOT_APPLIED if told and told <= _NOT_APPLIED else Failure.DEFECT


def reason_codes(error: Exception) -> list[str]:
    """The code for each item of a cancelled transaction, in the request's order; '' where an item was no reason."""
    reasons = getattr(error, "cancellation_reasons", [])
    return ["" if reason is None else reason.code for reason in reasons]


@contextmanager
def reading() -> Iterator[None]:
    """Turns what goes wrong while reading into TemporarilyUnavailable; a defect stays what it is."""
    try:
        yield
    except PynamoDBException as error:
        if error.cause is None or classify(error) is Failure.DEFECT:
            raise
        raise TemporarilyUnavailable() from error
    except (BotoCoreError, ClientError) as error:
        if classify(error) is Failure.DEFECT:
            raise
        raise TemporarilyUnavailable() from error


Key = tuple[type[Item], str] | tuple[type[Item], str, str | int]


def together(keys: Sequence[Key]) -> list[Any]:
    """The items of any tables' keys, read consistently, in the order of the keys; None if absent.

    One round trip for each hundred different keys. The caller knows each item's type by its place.
    """
    places = [(model, _raw_key(model, parts)) for model, *parts in keys]
    different = list({(name_of(model), _identity(raw)): (model, raw) for model, raw in places}.items())
    found: dict[tuple[str, str], Item] = {}
    for start in range(0, len(different), _MOST_KEYS):
        found |= _read_batch([one for _, one in different[start : start + _MOST_KEYS]])
    return [found.get((name_of(model), _identity(raw))) for model, raw in places]


def _read_batch(wanted: Sequence[tuple[type[Item], Raw]]) -> dict[tuple[str, str], Item]:
    models = {name_of(model): model for model, _ in wanted}
    parts = {name_of(model): list(raw) for model, raw in wanted}
    asked: dict[str, Any] = {name: {"Keys": [], "ConsistentRead": True} for name in models}
    for model, raw in wanted:
        asked[name_of(model)]["Keys"].append(raw)
    found: dict[tuple[str, str], Item] = {}
    with reading():
        for _ in range(_BATCH_ROUNDS):
            answer = connection().dispatch("BatchGetItem", {"RequestItems": asked})
            for name, rows in answer["Responses"].items():
                for row in rows:
                    found[name, _identity({part: row[part] for part in parts[name]})] = models[name].from_raw_data(row)
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return found
    raise TemporarilyUnavailable()


def _raw_key(model: type[Item], parts: Sequence[str | int]) -> Raw:
    attributes = model.get_attributes()
    names = [name for name in (model._hash_keyname, model._range_keyname) if name is not None]
    return {
        attributes[name].attr_name: {attributes[name].attr_type: attributes[name].serialize(part)}
        for name, part in zip(names, parts, strict=True)
    }


def _identity(raw: Raw) -> str:
    return "|".join(f"{name}={kind}:{value}" for name in sorted(raw) for kind, value in raw[name].items())

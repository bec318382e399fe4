"""What every table shares: binding to names, one connection, reading many items at once, and the kinds of errors."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Self, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import Attribute
from pynamodb.exceptions import AttributeNullError, PynamoDBException, TableError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.context import sources
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.domain.records import record
from chalicelib.tables.client import DirectConnection, DynamoDB
from chalicelib.tables.transport import Sdk

T = TypeVar("T")

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
CREATE_SECONDS = 60.0
ATTEMPTS = 3
POOL_SIZE = 32
_BATCH_ROUNDS = 5
_MOST_KEYS = 100

Raw = dict[str, dict[str, Any]]
Changes = dict[str, dict[str, Any] | None]
"""Attributes by name as the store takes them; None: removed."""


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


@record
class _Shape:
    """What reading and writing a table's items needs, looked up once: attributes by name, their defaults, the keys.

    `readers` are the type and the deserialiser of each attribute; None where the value is what is stored.
    """

    attributes: dict[str, Attribute[Any]]
    readers: dict[str, tuple[str, Callable[[Any], Any] | None]]
    fixed_defaults: dict[str, Any]
    made_defaults: list[tuple[str, Callable[[], Any]]]
    keys: list[tuple[str, Attribute[Any]]]


@cache
def _shape(model: type["Item"]) -> _Shape:
    attributes = model.get_attributes()
    defaults = {name: one.default for name, one in attributes.items() if one.default is not None}
    return _Shape(
        attributes,
        {name: (one.attr_type, _deserialiser(one)) for name, one in attributes.items()},
        {name: default for name, default in defaults.items() if not callable(default)},
        [(name, default) for name, default in defaults.items() if callable(default)],
        [(name, attributes[name]) for name in (model._hash_keyname, model._range_keyname) if name is not None],
    )


def _deserialiser(attribute: Attribute[Any]) -> Callable[[Any], Any] | None:
    return None if type(attribute).deserialize is Attribute.deserialize else attribute.deserialize


class Item(Model):
    """A row of one of our tables. Changed in memory, it knows what differs from what was read."""

    contended: ClassVar[bool] = False
    """Whether many want the same item at once, so that who meets another there had better take another item."""

    _read: Raw | None = None

    @classmethod
    def from_raw_data(cls, data: Raw) -> Self:
        """The item that a raw answer of the store holds.

        PynamoDB's own way walks all attributes of the class for each item; ours have no maps, no discriminators and
        no second names, so that only those that are there need a look.
        """
        item, shape = cls.__new__(cls), _shape(cls)
        item.attribute_values = values = shape.fixed_defaults.copy()
        for name, default in shape.made_defaults:
            values[name] = default()
        for name, typed in data.items():
            reader = shape.readers.get(name)
            if reader is not None:
                kind, deserialise = reader
                values[name] = typed[kind] if deserialise is None else deserialise(typed[kind])
        item._read = data
        return item

    def _container_serialize(self, null_check: bool = True) -> Raw:
        """What PynamoDB's own does, without a walk through descriptors for each attribute."""
        raw: Raw = {}
        attributes, values = _shape(type(self)).attributes, self.attribute_values
        for name in sorted(values):
            value = values[name]
            if value is not None and (told := attributes[name].serialize(value)) is not None:
                raw[name] = {attributes[name].attr_type: told}
        if null_check:
            for name, attribute in attributes.items():
                if name not in raw and not attribute.null:
                    raise AttributeNullError(name)
        return raw

    def whole(self) -> Raw:
        """The whole item as the store takes it, with what was read of attributes that we do not know."""
        known = _shape(type(self)).attributes
        unknown = {name: told for name, told in (self._read or {}).items() if name not in known}
        return unknown | self._container_serialize()

    def was_read(self) -> bool:
        """Whether the item comes from the store, and is not new."""
        return self._read is not None

    @property
    def stored(self) -> Raw:
        """The item as it was read, with attributes that its class does not know."""
        return self._read or {}

    def as_read(self) -> Self:
        """The item as it was read, whatever was changed since."""
        return self.from_raw_data(self.stored)

    def is_over(self, now: datetime) -> bool:
        """Whether the item's time is over, even if the store has not dropped it yet."""
        kept_until: datetime | None = getattr(self, "kept_until", None)
        return kept_until is not None and kept_until <= now

    def before(self, name: str) -> Any:
        """The value that the attribute had when the item was read, None where it had none."""
        attribute, raw = _shape(type(self)).attributes[name], (self._read or {}).get(name)
        return None if raw is None else attribute.deserialize(raw[attribute.attr_type])

    def changes(self) -> Changes:
        """What must be written to make the stored item equal to this one; keys never differ.

        Attributes that we do not know stay.
        """
        stored, current, shape = self._read or {}, self._container_serialize(null_check=False), _shape(type(self))
        found: Changes = {name: None for name in stored if name not in current and name in shape.attributes}
        for name, value in current.items():
            before = stored.get(name)
            if before != value and not _is_same_set(before, value):
                found[name] = value
        for name, _ in shape.keys:
            found.pop(name, None)
        return found

    @property
    def key(self) -> Raw:
        """The key of the item as the store takes it."""
        return self.raw_key([self.attribute_values[name] for name, _ in _shape(type(self)).keys])

    @classmethod
    def is_absent(cls) -> Condition:
        """The condition that no item has this key yet."""
        return _shape(cls).keys[0][1].does_not_exist()

    @classmethod
    def raw_key(cls, parts: Sequence[str | int]) -> Raw:
        """The key of an item as the store takes it."""
        return {
            name: {attribute.attr_type: attribute.serialize(part)}
            for (name, attribute), part in zip(_shape(cls).keys, parts, strict=True)
        }

    @classmethod
    def key_of(cls, raw: Raw) -> "Key":
        """The key of a raw item, as `batch_get` takes it."""
        return cast("Key", (cls, *[one.deserialize(raw[name][one.attr_type]) for name, one in _shape(cls).keys]))


def _is_same_set(one: dict[str, Any] | None, other: dict[str, Any]) -> bool:
    """Whether two raw values are equal sets, in whatever order the store gives one."""
    return one is not None and "SS" in one and "SS" in other and set(one["SS"]) == set(other["SS"])


class Store:
    """The one connection that all tables share (a client of its own for each costs most of a cold start)."""

    sdk: Sdk | None = None
    connection: DynamoDB | None = None
    s3: Any = None
    cached: ClassVar[dict[object, tuple[float, Any]]] = {}


def cached(key: object, seconds: float, read: Callable[[], T]) -> T:
    """What `read` gave at most so many seconds of real time ago, on this warm function; None is not kept."""
    until, value = Store.cached.get(key, (0.0, None))
    if value is None or sources.monotonic() >= until:
        value = remember(key, seconds, read())
    return cast(T, value)


def remembers(key: object) -> bool:
    """Whether something is kept under this key, and its time is not over."""
    return (kept := Store.cached.get(key)) is not None and bool(kept[1]) and sources.monotonic() < kept[0]


def remember(key: object, seconds: float, value: T) -> T:
    """Has `cached` give this for so many seconds."""
    Store.cached[key] = (sources.monotonic() + seconds, value)
    return value


def forget() -> None:
    """Forgets what `cached` keeps, as if its time had passed."""
    Store.cached.clear()


def name_of(model: type[Item]) -> str:
    """The name of the model's table."""
    return str(model.Meta.table_name)


def bind(tables: Mapping[type[Item], str], *, calls_aws: bool | None = None) -> None:
    """Binds each model to its table's name, all on one new connection; `calls_aws` as `Sdk` takes it."""
    sdk = Sdk(calls_aws=calls_aws)
    client = _client(sdk, READ_SECONDS)
    shared = DirectConnection(client)
    for model, name in tables.items():
        model.Meta.table_name = name
        model._connection = None
        own = model._get_connection()
        shared.add_meta_table(own.get_meta_table())
        own.connection = shared
    Store.sdk, Store.connection, Store.s3 = sdk, client, None
    forget()


def _client(sdk: Sdk, read_seconds: float) -> DynamoDB:
    return DynamoDB(
        sdk, connect_seconds=CONNECT_SECONDS, read_seconds=read_seconds, attempts=ATTEMPTS, pool_size=POOL_SIZE
    )


def create(models: Iterable[type[Item]]) -> None:
    """Creates those tables of the models that do not exist, and waits until they can be used.

    A busy engine takes longer for this than for anything that the service does, so that it is given the time.
    """
    assert Store.sdk is not None, "tables.bind(settings) comes first"
    patient = DirectConnection(_client(Store.sdk, CREATE_SECONDS))
    for model in models:
        own = model._get_connection()
        shared, own.connection = own.connection, patient
        patient.add_meta_table(shared.get_meta_table(name_of(model)))
        try:
            if not model.exists():
                _create(model)
        finally:
            own.connection = shared


def _create(model: type[Item]) -> None:
    try:
        model.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
    except TableError as error:
        if (
            not isinstance(error.cause, ClientError)
            or error.cause.response["Error"]["Code"] != "ResourceInUseException"
        ):
            raise
        # An attempt whose answer was lost has created it, or another process has: that is what was wanted. What may
        # have been done as well is the setting of its time to live, which DynamoDB refuses the second time.
        model.create_table(wait=True, ignore_update_ttl_errors=True)


def connection() -> DynamoDB:
    """The shared client. Raises RuntimeError before `bind`."""
    if Store.connection is None:
        raise RuntimeError("the tables are not bound to names yet: tables.bind(settings) comes first")
    return Store.connection


def endpoint() -> str:
    """The address under which the store is called."""
    if Store.sdk is None:
        raise RuntimeError("the tables are not bound to names yet: tables.bind(settings) comes first")
    return Store.sdk.named_endpoint("dynamodb") or f"https://{Store.sdk.host('dynamodb')}"


def classify(error: Exception) -> Failure:
    """What an error of PynamoDB or botocore means: was the write applied, surely not, or nobody knows."""
    cause = error.cause if isinstance(error, PynamoDBException) else error
    if not isinstance(cause, ClientError):
        # a timeout or a broken connection; anything else of botocore's never left this machine
        return Failure.UNKNOWN if isinstance(cause, BotoCoreError) else Failure.DEFECT
    code = cause.response.get("Error", {}).get("Code", "")
    if code == "TransactionCanceledException":
        return _of_reasons([reason["Code"] for reason in reasons(cause)])
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
    told = {code for code in codes if code != "None"}
    if "ConditionalCheckFailed" in told:
        return Failure.CONDITION
    return Failure.NOT_APPLIED if told and told <= _NOT_APPLIED else Failure.DEFECT


def reasons(error: Exception) -> Sequence[Mapping[str, Any]]:
    """The store's reason for each item of a cancelled transaction, in the request's order: its code ("None" where the
    item was not the reason), and where a condition failed the item as it is."""
    return error.response.get("CancellationReasons", ()) if isinstance(error, ClientError) else ()


@contextmanager
def translating_read_errors() -> Iterator[None]:
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


def batch_get(keys: Sequence[Key]) -> list[Any]:
    """The items of any tables' keys, read consistently, in the order of the keys; None if absent.

    One round trip for each hundred different keys. The caller knows each item's type by its place.
    """
    wanted = [(_identity(model, raw), model, raw) for model, *parts in keys if (raw := model.raw_key(parts))]
    different = list({identity: (model, raw) for identity, model, raw in wanted}.values())
    found: dict[_Identity, Item] = {}
    for start in range(0, len(different), _MOST_KEYS):
        found |= _read_batch(different[start : start + _MOST_KEYS])
    return [found.get(identity) for identity, _, _ in wanted]


_Identity = tuple[type[Item], *tuple[str, ...]]


def _identity(model: type[Item], raw: Raw) -> _Identity:
    """The item that a raw key, or a raw item, is of."""
    return (model, *[raw[name][attribute.attr_type] for name, attribute in _shape(model).keys])


def _read_batch(wanted: Sequence[tuple[type[Item], Raw]]) -> dict[_Identity, Item]:
    models: dict[str, type[Item]] = {}
    asked: dict[str, Any] = {}
    for model, raw in wanted:
        name = name_of(model)
        models[name] = model
        asked.setdefault(name, {"Keys": [], "ConsistentRead": True})["Keys"].append(raw)
    found: dict[_Identity, Item] = {}
    with translating_read_errors():
        for _ in range(_BATCH_ROUNDS):
            answer = connection().dispatch("BatchGetItem", {"RequestItems": asked, "ReturnConsumedCapacity": "TOTAL"})
            for name, rows in answer["Responses"].items():
                model = models[name]
                for row in rows:
                    found[_identity(model, row)] = model.from_raw_data(row)
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return found
    raise TemporarilyUnavailable()

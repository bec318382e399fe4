"""The attribute types that the tables use, typed as what they hold: what may be absent says so."""

import base64
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.constants import BINARY, MAP, NUMBER, STRING

from chalicelib.domain import instants

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class _Plain(Attribute[T]):
    """An attribute of a table's item, kept under its own name: PynamoDB looks for maps and second names each time."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self
        name, values = self.attr_path[-1], instance.attribute_values
        return values[name] if name in values else None  # noqa: SIM401  # no call: a tenth of a list's calls

    def __set__(self, instance: Any, value: Any) -> None:
        instance.attribute_values[self.attr_path[-1]] = value


class _Text(_Plain[str], UnicodeAttribute):
    pass


class _Texts(_Plain[set[str]], UnicodeSetAttribute):
    pass


class _Number(_Plain[float], NumberAttribute):
    pass


class _Flag(_Plain[bool], BooleanAttribute):
    pass


class _Document(_Plain[Any], JSONAttribute):
    pass


class _Record(_Plain[dict[str, dict[str, Any]]]):
    attr_type = MAP


class _Digest(_Plain[str]):
    """A digest, in hex here, as bytes in the store."""

    attr_type = BINARY

    def serialize(self, value: str) -> str:
        return base64.b64encode(bytes.fromhex(value)).decode()

    def deserialize(self, value: str) -> str:
        return base64.b64decode(value).hex()


class Instant(_Plain[datetime]):
    """An instant, stored as RFC 3339 with milliseconds."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return instants.render(value)

    def deserialize(self, value: str) -> datetime:
        return instants.parse(value)


class _Word(_Plain[E]):
    attr_type = STRING

    def __init__(self, words: type[E], **options: Any) -> None:  # PynamoDB's own options
        super().__init__(**options)
        self._words: dict[str, E] = {str(one): one for one in words}

    def serialize(self, value: E) -> str:
        return str(self._words[value])

    def deserialize(self, value: str) -> E:
        return self._words[value]


class _Count(_Plain[int]):
    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> int:
        return int(value)


def _or_nothing(attribute: Attribute[T]) -> Attribute[T | None]:
    """The attribute, which may be null: PynamoDB's types do not say so."""
    return cast(Attribute[T | None], attribute)


def text(*, hash_key: bool = False, range_key: bool = False) -> Attribute[str]:
    """Text; it may be a key."""
    return _Text(hash_key=hash_key, range_key=range_key)


def maybe_text() -> Attribute[str | None]:
    """Text or nothing."""
    return _or_nothing(_Text(null=True))


def texts() -> Attribute[set[str] | None]:
    """A set of texts; an empty set is stored as nothing."""
    return _or_nothing(_Texts(null=True))


def instant(*, range_key: bool = False) -> Attribute[datetime]:
    """An instant, stored as RFC 3339 with milliseconds, so that strings sort as instants; it may be a range key."""
    return Instant(range_key=range_key)


def maybe_instant() -> Attribute[datetime | None]:
    """An instant or nothing."""
    return _or_nothing(Instant(null=True))


def expiry() -> Attribute[datetime | None]:
    """When the store may drop the item (which it does days late), or nothing; at most one in a table."""
    return _or_nothing(TTLAttribute(null=True))


def word(words: type[E]) -> Attribute[E]:
    """A word of an enumeration."""
    return _Word(words)


def maybe_word(words: type[E]) -> Attribute[E | None]:
    """A word of an enumeration, or nothing."""
    return _or_nothing(_Word(words, null=True))


def count(default: int = 0) -> Attribute[int]:
    """A whole number."""
    return _Count(default=default)


def sequence() -> Attribute[int]:
    """A whole number that is a range key."""
    return _Count(range_key=True)


def maybe_count() -> Attribute[int | None]:
    """A whole number or nothing."""
    return _or_nothing(_Count(null=True))


def number(default: float = 0) -> Attribute[float]:
    """A number."""
    return _Number(default=default)


def maybe_number() -> Attribute[float | None]:
    """A number or nothing."""
    return _or_nothing(_Number(null=True))


def flag(default: bool = False) -> Attribute[bool]:
    """True or false."""
    return _Flag(default=default)


def maybe_record() -> Attribute[dict[str, dict[str, Any]] | None]:
    """The attributes of another item, as the store takes them, or nothing."""
    return _or_nothing(_Record(null=True))


def maybe_flag() -> Attribute[bool | None]:
    """True, false or nothing."""
    return _or_nothing(_Flag(null=True))


def maybe_digest() -> Attribute[str | None]:
    """A digest in hex, or nothing."""
    return _or_nothing(_Digest(null=True))


def document(default: Callable[[], Any] | None = None) -> Attribute[Any]:
    """JSON as text: what callers send goes back as it came, whatever numbers it holds."""
    return _Document(null=True, default=default)

"""The attribute types that the tables use, typed as what they hold: what may be absent says so."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.constants import NUMBER, STRING

from chalicelib.domain import instants

E = TypeVar("E", bound=StrEnum)


class _Instant(Attribute[datetime]):
    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return instants.render(value)

    def deserialize(self, value: str) -> datetime:
        return instants.parse(value)


class _Word(Attribute[StrEnum]):
    attr_type = STRING

    def __init__(self, words: type[StrEnum], **options: Any) -> None:  # PynamoDB's own options
        super().__init__(**options)
        self._words = words

    def serialize(self, value: StrEnum) -> str:
        return str(self._words(value))

    def deserialize(self, value: str) -> StrEnum:
        return self._words(value)


class _Count(Attribute[int]):
    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> int:
        return int(value)


def text(**key: bool) -> Attribute[str]:
    """Text; `hash_key=True` or `range_key=True` make it a key."""
    return UnicodeAttribute(**key)


def maybe_text() -> Attribute[str | None]:
    """Text or nothing."""
    return cast(Attribute[str | None], UnicodeAttribute(null=True))


def texts() -> Attribute[set[str] | None]:
    """A set of texts; an empty set is stored as nothing."""
    return cast(Attribute[set[str] | None], UnicodeSetAttribute(null=True))


def instant(**key: bool) -> Attribute[datetime]:
    """An instant, stored as RFC 3339 with milliseconds, so that strings sort as instants."""
    return _Instant(**key)


def maybe_instant(**key: bool) -> Attribute[datetime | None]:
    """An instant or nothing."""
    return cast(Attribute[datetime | None], _Instant(null=True, **key))


def word(words: type[E]) -> Attribute[E]:
    """A word of an enumeration."""
    return cast(Attribute[E], _Word(words))


def maybe_word(words: type[E]) -> Attribute[E | None]:
    """A word of an enumeration, or nothing."""
    return cast(Attribute[E | None], _Word(words, null=True))


def count(default: int | None = 0, **key: bool) -> Attribute[int]:
    """A whole number."""
    return _Count(**key) if key else _Count(default=default)


def maybe_count() -> Attribute[int | None]:
    """A whole number or nothing."""
    return cast(Attribute[int | None], _Count(null=True))


def number(default: float = 0) -> Attribute[float]:
    """A number."""
    return NumberAttribute(default=default)


def maybe_number() -> Attribute[float | None]:
    """A number or nothing."""
    return cast(Attribute[float | None], NumberAttribute(null=True))


def flag(default: bool = False) -> Attribute[bool]:
    """True or false."""
    return BooleanAttribute(default=default)


def document(default: Callable[[], Any] | None = None) -> Attribute[Any]:
    """JSON as text: what callers send goes back as it came, whatever numbers it holds."""
    return JSONAttribute(null=True, default=default)

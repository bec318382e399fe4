"""Readers of query parameters: text in, value out; ValueError says what is wrong."""

import re
from datetime import date
from enum import StrEnum
from typing import TypeVar

from chalicelib.domain import ids, plans, visibility
from chalicelib.domain.plan_versions import PlanReference

E = TypeVar("E", bound=StrEnum)

MOST = 100
MOST_ADDED = 5000
DEFAULT_LIMIT = 25
_WHOLE = re.compile(r"[0-9]{1,4}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,8192}", re.ASCII)


def limit(text: str) -> int:
    """1 to 100, in ASCII digits."""
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MOST:
        raise ValueError(f"a whole number from 1 to {MOST} is expected")
    return int(text)


def how_many(text: str) -> int:
    """0 to 5,000, in ASCII digits."""
    if not _WHOLE.fullmatch(text) or int(text) > MOST_ADDED:
        raise ValueError(f"a whole number from 0 to {MOST_ADDED} is expected")
    return int(text)


def cursor(text: str) -> str:
    """What may be a cursor."""
    if not _CURSOR.fullmatch(text):
        raise ValueError("the cursor is damaged")
    return text


def identifier(text: str) -> str:
    """An id."""
    if not ids.is_given_id(text):
        raise ValueError("an id is expected: letters, digits, `_`, `.`, `-`, at most 64")
    return text


def identifiers(text: str) -> tuple[str, ...]:
    """Up to 100 ids, with commas between them; one that is given twice counts once."""
    given = text.split(",")
    if len(given) > MOST:
        raise ValueError(f"at most {MOST} ids are expected")
    return tuple(dict.fromkeys(map(identifier, given)))


def phase_name(text: str) -> str:
    """The name of a phase of any plan."""
    if not plans.is_phase_name(text):
        raise ValueError("the name of a phase is expected: a small letter, then small letters, digits, `_`, at most 32")
    return text


def phase_names(text: str) -> tuple[str, ...]:
    """Up to 100 names of phases, with commas between them; one that is given twice counts once."""
    given = text.split(",")
    if len(given) > MOST:
        raise ValueError(f"at most {MOST} names of phases are expected")
    return tuple(dict.fromkeys(map(phase_name, given)))


def day(text: str) -> str:
    """A day, such as 2026-11-22."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass  # such as 2026-02-30
    raise ValueError("a day such as 2026-11-22 is expected")


def flag(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("`true` or `false` is expected")
    return text == "true"


def line(text: str) -> str:
    """A line of text."""
    if not 1 <= len(text) <= 200 or not visibility.is_one_line(text):
        raise ValueError("one line of 1 to 200 characters is expected")
    return text


def seconds(text: str) -> int:
    """A whole number of seconds, in ASCII digits."""
    if not _SECONDS.fullmatch(text):
        raise ValueError("a whole number of seconds is expected")
    return int(text)


def plan(text: str) -> PlanReference:
    """A plan, or a version of one, such as `standard/1`."""
    return PlanReference.of(text)


class Order(StrEnum):
    """In which order a list by time is given."""

    OLDEST = "oldest"
    NEWEST = "newest"


class OneOf:
    """A word of an enumeration."""

    def __init__(self, words: type[StrEnum]) -> None:
        self.words = words

    def __call__(self, text: str) -> StrEnum:
        """The word."""
        try:
            return self.words(text)
        except ValueError:
            raise ValueError(f"one of {', '.join(self.words)} is expected") from None


class SomeOf:
    """Some words of an enumeration, with commas between them; one that is named twice is meant once."""

    def __init__(self, words: type[StrEnum]) -> None:
        self.words = words

    def __call__(self, text: str) -> tuple[StrEnum, ...]:
        """The words."""
        return tuple(dict.fromkeys(map(OneOf(self.words), text.split(","))))

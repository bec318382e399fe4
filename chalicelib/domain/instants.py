"""Instants: aware datetimes in UTC, written as RFC 3339 with milliseconds and `Z`."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

UTC_ZONE = "UTC"
"""The time zone of a model that names none."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before it nobody consented to, or licensed, what this service does: such a date is a slip."""
SKEW = timedelta(minutes=5)
"""By how much another's clock may be ahead of ours."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ZONE = re.compile(r"(?!posix/|right/)[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", re.ASCII)
_NO_ZONES = frozenset({"Factory"})  # in the database, and no place


@lru_cache(maxsize=1024)
def render(instant: datetime) -> str:
    """`2026-11-22T20:12:53.000Z`; strings sort as the instants do. Fractions under a millisecond are cut.

    The last ones are kept: a list renders the same instant for its order, for its cursor and for its answer.
    """
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def parse(text: str) -> datetime:
    """The instant that RFC 3339 text names, in UTC. Raises ValueError for other text, or without an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset, such as Z")
    return instant.astimezone(UTC)


def parse_given(text: str) -> datetime:
    """The instant that a caller's text names, in UTC: a date, a time and an offset. Raises ValueError for other text.

    Stricter than `parse`, which reads what the service itself has written.
    """
    if not _INSTANT.fullmatch(text):
        raise ValueError("an instant has a date, a time and an offset, such as 2026-11-22T20:12:53Z")
    try:
        return parse(text.upper())
    except OverflowError:
        raise ValueError("the instant is beyond the calendar in UTC") from None


def parse_day(text: str) -> date:
    """The day that text such as `2026-11-22` names. Raises ValueError for other text."""
    if not _DAY.fullmatch(text):
        raise ValueError("a day such as 2026-11-22 is expected")
    return date.fromisoformat(text)


def parse_day_or_instant(text: str) -> date:
    """The instant, or the day, that text names. Raises ValueError for other text; digits alone are neither."""
    return parse_day(text) if _DAY.fullmatch(text) else parse_given(text)


def is_time_zone(name: str) -> bool:
    """Whether the name is one of the IANA time zone database, such as `Pacific/Auckland`."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  # few requests name a zone or a day

    if not _ZONE.fullmatch(name) or name in _NO_ZONES:
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False  # OSError: a folder of the database, such as `Europe`
    return True


def start_of(given: date, time_zone: str) -> datetime:
    """The instant itself; of a day its first millisecond in that time zone, in UTC. Raises ValueError."""
    return given if isinstance(given, datetime) else _at(given, time.min, time_zone)


def end_of(given: date, time_zone: str) -> datetime:
    """The instant itself; of a day its last millisecond in that time zone, in UTC. Raises ValueError."""
    return given if isinstance(given, datetime) else _at(given, time(23, 59, 59, 999_000), time_zone)


def _at(day: date, clock: time, time_zone: str) -> datetime:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # as above

    try:
        return datetime.combine(day, clock, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("the day is beyond the calendar in UTC") from None


def milliseconds(instant: datetime) -> int:
    """The milliseconds from the beginning of 1970 to the instant."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def at_milliseconds(count: int) -> datetime:
    """The instant so many milliseconds after the beginning of 1970, in UTC."""
    return _EPOCH + timedelta(milliseconds=count)


def whole(instant: datetime) -> datetime:
    """The instant cut to milliseconds, as it will be read back."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

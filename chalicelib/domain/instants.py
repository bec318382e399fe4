"""Instants: aware datetimes in UTC, written as RFC 3339 with milliseconds and `Z`."""

from datetime import UTC, datetime


def render(instant: datetime) -> str:
    """`2026-11-22T20:12:53.000Z`; strings sort as the instants do. Fractions under a millisecond are cut."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def parse(text: str) -> datetime:
    """The instant that RFC 3339 text names, in UTC. Raises ValueError for other text, or without an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset, such as Z")
    return instant.astimezone(UTC)


def whole(instant: datetime) -> datetime:
    """The instant cut to milliseconds, as it will be read back."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

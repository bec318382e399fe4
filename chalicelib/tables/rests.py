"""Rests: until when a timer has nothing to do, as far as this warm function knows."""

from datetime import UTC, datetime

from chalicelib.tables.base import cached, remember

_LONGEST_SECONDS = 3600.0
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def rest_until(key: object, at: datetime) -> datetime:
    """Keeps in mind that until then there is nothing to do; returns the instant."""
    return remember(key, _LONGEST_SECONDS, at)


def rests(key: object, now: datetime) -> bool:
    """Whether there is nothing to do yet."""
    until: datetime = cached(key, 0, lambda: _LONG_AGO)
    return now < until

"""Consents: who owns an account and agreed, when, and where that is written down."""

from collections.abc import Mapping
from datetime import date, datetime

from chalicelib.domain import instants
from chalicelib.domain.errors import InvalidInput


def recorded(given: Mapping[str, str | date], time_zone: str, pointer: str = "/granted_at") -> dict[str, str]:
    """The consent as it is kept; a day counts from its start in that time zone. Raises InvalidInput (at `pointer`)."""
    granted_at = given["granted_at"]
    assert isinstance(granted_at, date)
    words = {name: str(value) for name, value in given.items()}
    try:
        return {**words, "granted_at": instants.render(instants.start_of(granted_at, time_zone))}
    except ValueError as error:
        raise InvalidInput([{"pointer": pointer, "detail": str(error)}]) from None


def check(consent: Mapping[str, str] | None, now: datetime, pointer: str = "/granted_at") -> None:
    """Raises InvalidInput (at `pointer`) for a consent that was given later than now, or before the year 2000."""
    if consent is None:
        return
    granted_at = instants.parse(consent["granted_at"])
    if granted_at > now + instants.SKEW:
        raise InvalidInput([{"pointer": pointer, "detail": "a consent is recorded after it was given, not before"}])
    if granted_at < instants.EARLIEST:
        raise InvalidInput([{"pointer": pointer, "detail": f"it is before {instants.EARLIEST:%Y-%m-%d}"}])


def holds(consent: Mapping[str, str] | None, now: datetime) -> bool:
    """Whether the owner has agreed: an account that was created before the check may have a consent of the future."""
    return bool(consent) and instants.parse(consent["granted_at"]) <= now + instants.SKEW  # type: ignore[index]  # it is there

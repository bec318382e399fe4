"""Consents: who owns an account and agreed, when, until when, and where that is written down; and the gate that it is.

A consent is given, and withdrawn or given again by operators; time alone makes a given one expired, so that nobody
writes that. `state_at` is the one rule: whatever hands out work asks it, through the blockers.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from chalicelib.domain import instants
from chalicelib.domain.errors import ConsentExpired, ConsentMissing, ConsentWithdrawn, InvalidInput, ServiceError
from chalicelib.domain.records import record


class ConsentState(StrEnum):
    """Whether the owner of an account agrees to its warm-up."""

    MISSING = "missing"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@record
class Consent:
    """As much of a consent as the gate reads. `state` is what was last recorded: expiry is never recorded."""

    state: ConsentState = ConsentState.GIVEN
    valid_until: datetime | None = None


DATES = ("granted_at", "valid_until", "withdrawn_at")
"""The members of a recorded consent that are instants."""
GIVEN, MISSING, WITHDRAWN = Consent(), Consent(ConsentState.MISSING), Consent(ConsentState.WITHDRAWN)


def state_at(consent: Consent, now: datetime) -> ConsentState:
    """The state of the consent at that instant; `valid_until` is the last instant at which it holds."""
    expired = consent.valid_until is not None and consent.valid_until < now
    return ConsentState.EXPIRED if expired and consent.state is ConsentState.GIVEN else consent.state


def is_given(consent: Consent, now: datetime) -> bool:
    """Whether work may be handed out, as far as the owner decides on that."""
    return state_at(consent, now) is ConsentState.GIVEN


def is_recorded(consent: Consent) -> bool:
    """Whether there is a consent that the owner can take back, ended or not."""
    return consent.state is ConsentState.GIVEN


def is_withdrawn(consent: Consent) -> bool:
    """Whether the owner has taken the consent back."""
    return consent.state is ConsentState.WITHDRAWN


REFUSALS: Mapping[ConsentState, type[ServiceError]] = {
    ConsentState.MISSING: ConsentMissing,
    ConsentState.WITHDRAWN: ConsentWithdrawn,
    ConsentState.EXPIRED: ConsentExpired,
}
"""The error that a taker gets."""


def require(consent: Consent, now: datetime) -> None:
    """Raises ConsentMissing, ConsentWithdrawn or ConsentExpired unless the owner agrees at that instant."""
    state = state_at(consent, now)
    if state in REFUSALS:
        raise REFUSALS[state]()


# what is recorded


def recorded(given: Mapping[str, str | date | None], time_zone: str, pointer: str = "") -> dict[str, str]:
    """The consent as it is kept. A day counts in that time zone: from its start, and to its end.

    Raises InvalidInput (at members below `pointer`).
    """
    words = {name: value for name, value in given.items() if value is not None}
    for name, instant_of in (("granted_at", instants.start_of), ("valid_until", instants.end_of)):
        if isinstance(at := words.get(name), date):
            try:
                words[name] = instants.render(instant_of(at, time_zone))
            except ValueError as error:
                raise _wrong(f"{pointer}/{name}", str(error)) from None
    return {name: str(value) for name, value in words.items()}


def has_day(given: Mapping[str, str | date | None]) -> bool:
    """Whether a date of it is a day, which is dated by a time zone."""
    return any(isinstance(one, date) and not isinstance(one, datetime) for one in given.values())


def check(consent: Mapping[str, str] | None, now: datetime, pointer: str = "") -> None:
    """Raises InvalidInput for a consent that was given later than now, or before the year 2000, or that ended before.

    `instants.EARLIEST` says why the year 2000.
    """
    if consent is None:
        return
    granted_at, until = instants.parse(consent["granted_at"]), valid_until(consent)
    if granted_at > now + instants.SKEW:
        raise _wrong(f"{pointer}/granted_at", "a consent is recorded after it was given, not before")
    if granted_at < instants.EARLIEST:
        raise _wrong(f"{pointer}/granted_at", f"it is before {instants.EARLIEST:%Y-%m-%d}")
    if until is not None and until <= granted_at:
        raise _wrong(f"{pointer}/valid_until", "a consent ends after it was given, not before")


def _wrong(pointer: str, detail: str) -> InvalidInput:
    return InvalidInput([{"pointer": pointer, "detail": detail}])


def valid_until(consent: Mapping[str, str]) -> datetime | None:
    """The last instant at which a recorded consent holds, None where it has no end."""
    at = consent.get("valid_until")
    return None if at is None else instants.parse(at)


def is_same(recorded: Mapping[str, str] | None, given: Mapping[str, str] | None) -> bool:
    """Whether both say the same of what the owner agreed to, withdrawn since or not."""
    return _agreed(recorded) == _agreed(given)


def _agreed(consent: Mapping[str, str] | None) -> dict[str, str]:
    return {name: value for name, value in (consent or {}).items() if name != "withdrawn_at"}


def holds(consent: Mapping[str, str] | None, now: datetime) -> bool:
    """Whether the owner has agreed: an account that was created before the check may have a consent of the future."""
    return bool(consent) and instants.parse(consent["granted_at"]) <= now + instants.SKEW  # type: ignore[index]  # it is there

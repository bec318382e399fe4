"""The choice of an item for an account: exact, and lazy about what it reads.

The sources are lists, each in the contract's order for one theme, in which relevance is constant: the first eligible
item of a list is that list's winner, and the best of the lists' winners wins.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from chalicelib.domain import scoring

ANY = "any"


class Rights(StrEnum):
    """Whether an item may be used at all."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Refusal(StrEnum):
    """Why an item is not eligible."""

    NOT_APPROVED = "not_approved"
    DISABLED = "disabled"
    LICENCE_EXPIRED = "licence_expired"
    USED_UP = "used_up"
    USED_BY_ACCOUNT = "used_by_account"
    COOLING_DOWN = "cooling_down"
    LOW_QUALITY = "low_quality"
    WRONG_MEDIA_TYPE = "wrong_media_type"
    TOO_LONG = "too_long"


class Candidate(scoring.Scored, Protocol):
    """What the choice reads of an item, be it media or text."""

    @property
    def status(self) -> Rights: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def licence_valid_until(self) -> datetime | None: ...
    @property
    def last_assigned_at(self) -> datetime | None: ...
    @property
    def item_id(self) -> str: ...
    @property
    def media_type_or_none(self) -> str | None: ...
    @property
    def length_or_none(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a phase of an account asks of an item."""

    theme: str | None
    used: Collection[str]
    now: datetime
    cooldown: timedelta
    minimum_quality: float
    media_types: Collection[str]
    max_text_length: int


C = TypeVar("C", bound=Candidate)
C_co = TypeVar("C_co", covariant=True)  # a Candidate


@dataclass(frozen=True)
class Choice(Generic[C_co]):
    """The winner with its score."""

    item: C_co
    score: scoring.Score


def refusal(item: Candidate, wanted: Wanted) -> Refusal | None:
    """Why the item is not eligible, None if it is. Rights come first: they are gates, not preferences."""
    if item.status is not Rights.APPROVED:
        return Refusal.NOT_APPROVED
    if not item.enabled:
        return Refusal.DISABLED
    if item.licence_valid_until is not None and wanted.now >= item.licence_valid_until:
        return Refusal.LICENCE_EXPIRED
    if item.usage_count >= item.max_usage:
        return Refusal.USED_UP
    if item.item_id in wanted.used:
        return Refusal.USED_BY_ACCOUNT
    if item.last_assigned_at is not None and wanted.now < item.last_assigned_at + wanted.cooldown:
        return Refusal.COOLING_DOWN
    if item.quality_score < wanted.minimum_quality:
        return Refusal.LOW_QUALITY
    if item.media_type_or_none is not None and item.media_type_or_none not in wanted.media_types:
        return Refusal.WRONG_MEDIA_TYPE
    if item.length_or_none is not None and item.length_or_none > wanted.max_text_length:
        return Refusal.TOO_LONG
    return None


def choose(lists: Iterable[Iterable[C]], wanted: Wanted) -> Choice[C] | None:
    """The exact winner over all lists, None if no item is eligible. Reads each list up to its first eligible item."""
    winners = [item for source in lists if (item := _first_eligible(source, wanted)) is not None]
    if not winners:
        return None
    best = max(winners, key=lambda item: scoring.order(item, item.item_id, wanted.theme))
    return Choice(best, scoring.score(best, wanted.theme))


def _first_eligible(source: Iterable[C], wanted: Wanted) -> C | None:
    return next((item for item in source if refusal(item, wanted) is None), None)


def reason(choice: Choice[Candidate], category: str, phase: str) -> str:
    """Why this item, in a sentence for people."""
    parts = choice.score
    fallback = "" if category == phase else f" from `{category}`, since `{phase}` had nothing eligible"
    return (
        f"best of its pool{fallback}: score {parts.score:g} = 0.30 × quality {parts.quality:g} + 0.25 × freshness "
        f"{parts.freshness:g} + 0.25 × success {parts.success:g} + 0.20 × relevance {parts.relevance:g}"
    )

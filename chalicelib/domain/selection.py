"""The choice of an item for an account: exact, and lazy about what it reads.

A category's items are read as rankings: lists in order of rank, in each of which relevance is constant but for themes
that another list holds. The first eligible item of a ranking is its winner, and a ranking is left (or not even begun)
as soon as nothing in it can reach what was found. An account with a theme needs three of them, whatever the number of
themes: its own theme, the items without one, and all items, where the first two are passed over. An account without a
theme finds all items equally relevant, and needs only the last.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from chalicelib.domain import scoring
from chalicelib.domain.phases import PhaseName
from chalicelib.domain.plans import Plan

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
    NEEDS_FOUR_EYES = "needs_four_eyes"
    DISABLED = "disabled"
    LICENCE_EXPIRED = "licence_expired"
    USED_UP = "used_up"
    USED_BY_ACCOUNT = "used_by_account"
    COOLING_DOWN = "cooling_down"
    LOW_QUALITY = "low_quality"
    WRONG_MEDIA_TYPE = "wrong_media_type"
    TOO_LONG = "too_long"


class Licensed(Protocol):
    """What the gates of rights read of an item."""

    @property
    def status(self) -> Rights: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def licence_valid_until(self) -> datetime | None: ...
    @property
    def approved_by_another(self) -> bool: ...


class Candidate(scoring.Scored, Licensed, Protocol):
    """What the choice reads of an item, be it media or text."""

    @property
    def category(self) -> str: ...
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
    """What a phase of an account asks of an item. `four_eyes`: who made it may not be who approved it."""

    theme: str | None
    used: Collection[str]
    now: datetime
    cooldown: timedelta
    minimum_quality: float
    media_types: Collection[str]
    max_text_length: int
    four_eyes: bool = False


C = TypeVar("C", bound=Candidate)
C_co = TypeVar("C_co", covariant=True)  # a Candidate


class Pool(Protocol[C_co]):
    """The items of one category that have rights and uses left, best rank first, read no further than asked for."""

    def of_theme(self, theme: str | None) -> Iterator[C_co]:
        """Those of one theme; None: those without."""

    def whole(self) -> Iterator[C_co]:
        """Those of all themes."""


@dataclass(frozen=True)
class Ranking(Generic[C_co]):
    """A list in order of rank, whose items have this relevance but for the themes that are `passed` over."""

    items: Iterable[C_co]
    relevance: float
    passed: frozenset[str | None] = frozenset()


@dataclass(frozen=True)
class Choice(Generic[C_co]):
    """The winner with its score."""

    item: C_co
    score: scoring.Score


def wanted(plan: Plan, phase: PhaseName, *, theme: str | None, used: Collection[str], now: datetime) -> Wanted:
    """What a phase of this plan asks of an item for an account of this theme that was given `used` before."""
    return Wanted(
        theme=theme,
        used=used,
        now=now,
        cooldown=plan.cooldown,
        minimum_quality=plan.minimum_quality,
        media_types=plan.phases[phase].media_types,
        max_text_length=plan.phases[phase].max_text_length,
        four_eyes=plan.four_eyes,
    )


def unlicensed(item: Licensed, now: datetime, *, four_eyes: bool = False) -> Refusal | None:
    """Why the item may not be used by anybody, None if it may. Rights are gates, not preferences."""
    if item.status is not Rights.APPROVED:
        return Refusal.NOT_APPROVED
    if four_eyes and not item.approved_by_another:
        return Refusal.NEEDS_FOUR_EYES
    if not item.enabled:
        return Refusal.DISABLED
    if item.licence_valid_until is not None and now >= item.licence_valid_until:
        return Refusal.LICENCE_EXPIRED
    return None


def refusal(item: Candidate, wanted: Wanted) -> Refusal | None:
    """Why the item is not eligible, None if it is. Rights come first."""
    without_rights = unlicensed(item, wanted.now, four_eyes=wanted.four_eyes)
    if without_rights is not None:
        return without_rights
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


def rankings(pool: Pool[C_co], theme: str | None) -> list[Ranking[C_co]]:
    """The lists that hold the winner for an account of this theme, the most relevant first."""
    if theme is None:
        return [Ranking(pool.whole(), scoring.relevance(None, None))]
    own, without = scoring.relevance(theme, theme), scoring.relevance(None, theme)
    others = Ranking(pool.whole(), scoring.DIFFERS, frozenset((theme, None)))
    return [Ranking(pool.of_theme(theme), own), Ranking(pool.of_theme(None), without), others]


def overlaid(
    lists: Iterable[Ranking[C]], fresh: Mapping[str, C | None], category: str, theme: str | None
) -> list[Ranking[C]]:
    """The rankings with some items as they were read since (None: gone), in the place of what the lists say of them."""

    def others(items: Iterable[C]) -> Iterator[C]:
        return (item for item in items if item.item_id not in fresh)

    known = [item for item in fresh.values() if item is not None and item.category == category]
    return [
        *(Ranking([item], scoring.relevance(item.theme, theme)) for item in known),
        *(Ranking(others(one.items), one.relevance, one.passed) for one in lists),
    ]


def candidates(
    pool: Callable[[str], Pool[C]],
    phase: str,
    wanted: Wanted,
    count: int,
    fresh: Mapping[str, C | None] | None = None,
) -> list[Choice[C]]:
    """The first `count` for a phase: of its own category, or of `any` where that has nothing eligible.

    `pool` gives the items of a category; `fresh` are items as they were read since, by id.
    """
    for category in (phase, ANY):
        lists = overlaid(rankings(pool(category), wanted.theme), fresh or {}, category, wanted.theme)
        found = leading(lists, wanted, count)
        if found:
            return found
    return []


def choose(lists: Iterable[Ranking[C]], wanted: Wanted) -> Choice[C] | None:
    """The exact winner over all lists, None if no item is eligible."""
    return next(iter(leading(lists, wanted, 1)), None)


def leading(lists: Iterable[Ranking[C]], wanted: Wanted, count: int) -> list[Choice[C]]:
    """The first `count` of the contract's order over all eligible items, the winner first.

    Reads a list up to its `count`-th eligible item, and no further than its items can still be among the first.
    """
    found: list[tuple[tuple[float, int, str], C]] = []
    for ranking in lists:
        if len(found) == count and scoring.reach(scoring.HIGHEST_RANK, ranking.relevance) < found[-1][0][0]:
            continue
        left = count
        for item in ranking.items:
            if len(found) == count and scoring.reach(scoring.rank(item), ranking.relevance) < found[-1][0][0]:
                break
            if item.theme in ranking.passed or refusal(item, wanted) is not None:
                continue
            found.append((scoring.order(item, item.item_id, wanted.theme), item))
            found.sort(key=lambda one: one[0], reverse=True)
            del found[count:]
            left -= 1
            if left == 0:
                break
    return [Choice(item, scoring.score(item, wanted.theme)) for _, item in found]


def reason(choice: Choice[Candidate], category: str, phase: str) -> str:
    """Why this item, in a sentence for people."""
    parts = choice.score
    fallback = "" if category == phase else f" from `{category}`, since `{phase}` had nothing eligible"
    return (
        f"best of its pool{fallback}: score {parts.score:g} = 0.30 × quality {parts.quality:g} + 0.25 × freshness "
        f"{parts.freshness:g} + 0.25 × success {parts.success:g} + 0.20 × relevance {parts.relevance:g}"
    )

"""The choice of an item for an account: exact, and lazy about what it reads.

A category's items are read in order of rank, first from the list of all themes together. Relevance lies between what
another theme and what the account's own theme is worth, so that the walk ends as soon as no item behind can reach what
was found; an item of the account's own theme ends it at once. Where a glance at the first items did not suffice (the
own theme is rare), each relevance is read from the list that holds it alone: the own theme's, the one of items without,
and the rest. Three lists at most, whatever the number of themes, and nearly always one.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import merge
from itertools import islice
from typing import Generic, Protocol, TypeVar

from chalicelib.domain import scoring, uses
from chalicelib.domain.categories import Category
from chalicelib.domain.plans import ContentNeeds, Need, Plan, TextNeeds
from chalicelib.domain.records import record
from chalicelib.domain.refusals import ItemFacts, MediaFacts, Refusal, unfit_media, unfit_text

ANY = Category.ANY
GLANCE = 12
"""How many items of all themes are looked at before the lists of single relevances are."""


class PoolKind(StrEnum):
    """The two pools from which a phase is given items."""

    CONTENT = "content"
    TEXT = "text"


class ItemRights(StrEnum):
    """Whether an item may be used at all."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Licensed(Protocol):
    """What the gates of rights read of an item."""

    @property
    def status(self) -> ItemRights: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def licensed_by(self) -> str | None: ...
    @property
    def licence_valid_until(self) -> datetime | None: ...
    @property
    def approved_by_another(self) -> bool: ...


class SelectableItem(scoring.Scored, Licensed, Protocol):
    """What the choice reads of an item, be it media or text."""

    @property
    def category(self) -> str: ...
    @property
    def last_assigned_at(self) -> datetime | None: ...
    @property
    def item_id(self) -> str: ...
    @property
    def facts(self) -> ItemFacts: ...


@record
class Wanted:
    """What a phase of an account asks of an item. `four_eyes`: who made it may not be who approved it.

    `categories` are those that it draws from: each only where the one before has nothing eligible.
    """

    categories: tuple[str, ...]
    theme: str | None
    used: Container[str]
    now: datetime
    cooldown: timedelta
    minimum_quality: float
    content: ContentNeeds
    text: TextNeeds
    four_eyes: bool = False
    licence_required: bool = False


C = TypeVar("C", bound=SelectableItem)
C_co = TypeVar("C_co", covariant=True)  # a Candidate


class Pool(Protocol[C_co]):
    """The items of one category that have rights and uses left, best rank first, read no further than asked for."""

    def of_theme(self, theme: str | None) -> Iterator[C_co]:
        """Those of one theme; None: those without."""

    def whole(self) -> Iterator[C_co]:
        """Those of all themes."""


@record
class Choice(Generic[C_co]):
    """The winner with its score."""

    item: C_co
    score: scoring.Score


def wanted(plan: Plan, phase: str, *, theme: str | None, used: Container[str], now: datetime) -> Wanted:
    """What a phase of this plan asks of an item for an account of this theme that was given `used` before."""
    asked = plan.phases[phase]
    return Wanted(
        categories=asked.categories,
        theme=theme,
        used=used,
        now=now,
        cooldown=plan.cooldown,
        minimum_quality=plan.minimum_quality,
        content=asked.content,
        text=asked.text,
        four_eyes=plan.four_eyes,
        licence_required=plan.licence_required,
    )


def needs(plan: Plan, phase: str) -> dict[PoolKind, Need]:
    """What a phase of this plan asks the pools for: what it needs, and what it takes where there is some."""
    asked = plan.phases[phase]
    both = ((PoolKind.CONTENT, asked.content.need), (PoolKind.TEXT, asked.text.need))
    return {kind: need for kind, need in both if need is not Need.NONE}


def wanted_by_hand(plan: Plan, phase: str, *, theme: str | None, used: Container[str], now: datetime) -> Wanted:
    """What an item that an operator gives to the phase must fulfil: all but the rest between uses and the quality."""
    asked = wanted(plan, phase, theme=theme, used=used, now=now)
    return replace(asked, cooldown=timedelta(0), minimum_quality=0)


def unlicensed(
    item: Licensed, now: datetime, *, four_eyes: bool = False, licence_required: bool = False
) -> Refusal | None:
    """Why the item may not be used by anybody, None if it may. Rights are gates, not preferences."""
    if item.status is not ItemRights.APPROVED:
        return Refusal.NOT_APPROVED
    if four_eyes and not item.approved_by_another:
        return Refusal.NEEDS_FOUR_EYES
    if licence_required and item.licensed_by is None:
        return Refusal.NEEDS_LICENCE
    if not item.enabled:
        return Refusal.DISABLED
    if licence_has_ended(item, now):
        return Refusal.LICENCE_EXPIRED
    return None


def without_rights(item: Licensed, wanted: Wanted) -> Refusal | None:
    """Why the item has not the rights that the plan asks for, None if it has."""
    return unlicensed(item, wanted.now, four_eyes=wanted.four_eyes, licence_required=wanted.licence_required)


def licence_has_ended(item: Licensed, now: datetime) -> bool:
    """Whether the item's licence is over."""
    return item.licence_valid_until is not None and now >= item.licence_valid_until


def is_listed(item: SelectableItem) -> bool:
    """Whether the indexes of its pool list the item: it is approved, enabled and has uses left."""
    return item.status is ItemRights.APPROVED and item.enabled and uses.are_left(item)


def refusal(item: SelectableItem, wanted: Wanted) -> Refusal | None:
    """Why the item is not eligible, None if it is. Rights come first."""
    lacking = without_rights(item, wanted)
    if lacking is not None:
        return lacking
    if not uses.are_left(item):
        return Refusal.USED_UP
    if item.item_id in wanted.used:
        return Refusal.USED_BY_ACCOUNT
    if item.last_assigned_at is not None and wanted.now < item.last_assigned_at + wanted.cooldown:
        return Refusal.COOLING_DOWN
    return unfit(item, wanted)


def unfit(item: SelectableItem, wanted: Wanted) -> Refusal | None:
    """Why the item is not what the phase asks for, whatever account asks, and whenever; None if it is."""
    if item.quality_score < wanted.minimum_quality:
        return Refusal.LOW_QUALITY
    facts = item.facts
    return unfit_media(facts, wanted.content) if isinstance(facts, MediaFacts) else unfit_text(facts, wanted.text)


def refused(items: Iterable[C], wanted: Wanted) -> Iterator[tuple[C, Refusal]]:
    """Of the categories that the phase draws from, the items that are not eligible, and why."""
    for item in items:
        why = refusal(item, wanted) if item.category in wanted.categories else None
        if why is not None:
            yield item, why


def candidates(pool: Callable[[str], Pool[C]], wanted: Wanted, count: int) -> list[Choice[C]]:
    """The first `count` for a phase, of the first of its categories that has something eligible.

    `pool` gives the items of a category.
    """
    for category in wanted.categories:
        found = leading(pool(category), wanted, count)
        if found:
            return found
    return []


def leading(pool: Pool[C], wanted: Wanted, count: int) -> list[Choice[C]]:
    """The first `count` of the contract's order over all eligible items of a pool, the winner first."""
    first: _First[C] = _First(wanted, count)
    own, without = scoring.relevance(wanted.theme, wanted.theme), scoring.relevance(None, wanted.theme)
    whole = iter(pool.whole())
    if wanted.theme is None:
        first.walk(whole, own)
        return first.choices()
    glance = list(islice(whole, GLANCE))
    if first.walk(glance, own) and len(glance) == GLANCE:
        lowest = first.lowest
        first.walk(pool.of_theme(wanted.theme), own, lowest)
        first.walk(pool.of_theme(None), without, lowest)
        first.walk((item for item in whole if item.theme not in (wanted.theme, None)), scoring.DIFFERS, lowest)
    return first.choices()


class _First(Generic[C]):
    """The first `count` eligible items of what was walked along."""

    def __init__(self, wanted: Wanted, count: int) -> None:
        self._wanted, self._count = wanted, count
        self._found: list[tuple[tuple[float, int, str], C]] = []
        self._seen: set[str] = set()
        self._eligible: Counter[float] = Counter()
        self.lowest = scoring.HIGHEST_RANK

    def walk(self, items: Iterable[C], relevance: float, highest: float = scoring.HIGHEST_RANK) -> bool:
        """Looks at items in order of rank, none of which is more relevant; whether there may be more to find behind.

        It ends where no item behind can be among the first any more. Of one relevance the order is that of the ranks:
        behind `count` eligible ones no other can. `highest` is a bound of the ranks of those that were not yet seen.
        """
        if self._done(highest, relevance):
            return False
        for item in items:
            self.lowest = scoring.rank(item)
            if self._done(self.lowest, relevance):
                return False
            self._consider(item)
        return not self._done(self.lowest, relevance)

    def choices(self) -> list[Choice[C]]:
        """What was found, the winner first."""
        return [Choice(item, scoring.score(item, self._wanted.theme)) for _, item in self._found]

    def _done(self, rank: float, relevance: float) -> bool:
        if self._eligible[relevance] >= self._count:
            return True
        return len(self._found) == self._count and scoring.reach(rank, relevance) < self._found[-1][0][0]

    def _consider(self, item: C) -> None:
        if item.item_id in self._seen:
            return
        self._seen.add(item.item_id)
        if refusal(item, self._wanted) is not None:
            return
        self._eligible[scoring.relevance(item.theme, self._wanted.theme)] += 1
        self._found.append((scoring.order(item, item.item_id, self._wanted.theme), item))
        self._found.sort(key=lambda one: one[0], reverse=True)
        del self._found[self._count :]


class Corrected(Generic[C]):
    """A pool with some items as they were read since (None: gone), in the place of what its lists say of them."""

    def __init__(self, pool: Pool[C], category: str, fresh: Mapping[str, C | None]) -> None:
        self._pool, self._fresh = pool, fresh
        known = [item for item in fresh.values() if item is not None and item.category == category]
        self._known = sorted(known, key=lambda item: scoring.pool_rank(item, item.item_id), reverse=True)

    def of_theme(self, theme: str | None) -> Iterator[C]:
        """Those of one theme."""
        return self._merged(self._pool.of_theme(theme), (item for item in self._known if item.theme == theme))

    def whole(self) -> Iterator[C]:
        """Those of all themes."""
        return self._merged(self._pool.whole(), iter(self._known))

    def _merged(self, listed: Iterator[C], known: Iterator[C]) -> Iterator[C]:
        others = (item for item in listed if item.item_id not in self._fresh)
        return merge(others, known, key=lambda item: scoring.pool_rank(item, item.item_id), reverse=True)


def reason(choice: Choice[SelectableItem], category: str, preferred: str, place: int = 0) -> str:
    """Why this item of this category, in a sentence; `place` is its place in its pool: 0 is the best."""
    parts = choice.score
    best = f"{_ordinal(place + 1)} of its pool: others asked at the same moment" if place else "best of its pool"
    fallback = "" if category == preferred else f" from `{category}`, since `{preferred}` had nothing eligible"
    return (
        f"{best}{fallback}: score {parts.score:g} = 0.30 × quality {parts.quality:g} + 0.25 × freshness "
        f"{parts.freshness:g} + 0.25 × success {parts.success:g} + 0.20 × relevance {parts.relevance:g}"
    )


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"

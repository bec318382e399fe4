"""The choice of an item against the contract told plainly: look at all items, keep the eligible, take the best."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import scoring
from chalicelib.domain.selection import (
    Choice,
    ItemRights,
    Refusal,
    Wanted,
    candidates,
    leading,
    reason,
    refusal,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Item:
    """A media item, or (with a length) a text."""

    item_id: str = "c1"
    category: str = "post"
    quality_score: float = 80
    usage_count: int = 0
    max_usage: int = 3
    penalty: float = 0
    theme: str | None = None
    status: ItemRights = ItemRights.APPROVED
    enabled: bool = True
    approved_by_another: bool = True
    licence_valid_until: datetime | None = None
    last_assigned_at: datetime | None = None
    media_type_or_none: str | None = "image/png"
    length_or_none: int | None = None


WANTED = Wanted(
    categories=("post", "any"),
    theme=None,
    used=frozenset(),
    now=NOW,
    cooldown=DAY,
    minimum_quality=20,
    media_types=("image/png", "image/jpeg"),
    max_text_length=150,
)


# the rule, told a second time and the plain way


def eligible(item: Item, wanted: Wanted) -> bool:
    """The contract's sentence on eligible items."""
    rested = item.last_assigned_at is None or wanted.now - item.last_assigned_at >= wanted.cooldown
    licensed = item.licence_valid_until is None or item.licence_valid_until > wanted.now
    fits = (item.media_type_or_none in (None, *wanted.media_types)) and (
        (item.length_or_none or 0) <= wanted.max_text_length
    )
    return (
        item.status == "approved"
        and item.enabled
        and licensed
        and item.usage_count < item.max_usage
        and rested
        and item.item_id not in wanted.used
        and item.quality_score >= wanted.minimum_quality
        and fits
    )


def best(items: Sequence[Item], wanted: Wanted) -> str | None:
    """The contract's winner over all items, and `any` only where the category has none."""

    def key(item: Item) -> tuple[float, int, str]:
        fresh = 100 * (1 - item.usage_count / item.max_usage)
        success = 100 * (item.usage_count - item.penalty + 1) / (item.usage_count + 2)
        themes = {item.theme, wanted.theme}
        relevance = 50 if None in themes else 100 if len(themes) == 1 else 0
        rank = round(0.30 * item.quality_score + 0.25 * fresh + 0.25 * success, 4)
        return round(rank + 0.20 * relevance, 4), -item.usage_count, item.item_id

    for category in ("post", "any"):
        found = [item for item in items if item.category == category and eligible(item, wanted)]
        if found:
            return max(found, key=key).item_id
    return None


class Index:
    """One category as the indexes rank it: the greatest key first, of one theme or of all."""

    def __init__(self, items: Sequence[Item], category: str) -> None:
        ranked = [item for item in items if item.category == category]
        self.items = sorted(ranked, key=lambda item: scoring.pool_rank(item, item.item_id), reverse=True)

    def of_theme(self, theme: str | None) -> Iterator[Item]:
        """The items of one theme."""
        return (item for item in self.items if item.theme == theme)

    def whole(self) -> Iterator[Item]:
        """All items."""
        return iter(self.items)


def by_index(items: Sequence[Item], wanted: Wanted) -> Choice[Item] | None:
    """The choice from what the indexes show."""
    return next(iter(candidates(lambda category: Index(items, category), wanted, 1)), None)


@dataclass
class Pools:
    """Pools full of what decides: ties, used-up, resting, unlicensed, too long, too poor."""

    random: Random
    taken: list[str] = field(default_factory=list)

    def item(self, number: int) -> Item:
        """An item among many that are alike, so that ties are common."""
        pick = self.random.choice
        uses = pick((0, 0, 1, 2, 3))
        is_text = pick((True, False))
        return Item(
            item_id=f"{pick('aAzZ09')}{pick('._-x')}{number}",
            category=pick(("post", "post", "any", "bio")),
            quality_score=pick((0, 19.9, 20, 50, 80, 80, 80.0001, 100)),
            usage_count=uses,
            max_usage=pick((1, 2, 3, 4, 6)),
            penalty=min(uses, pick((0, 0, 0.29, 1, 3))),
            theme=pick((None, "sea", "city")),
            status=pick((*[ItemRights.APPROVED] * 8, ItemRights.PENDING, ItemRights.REJECTED, ItemRights.WITHDRAWN)),
            enabled=self.random.random() < 0.9,
            licence_valid_until=pick((None, None, None, NOW - MS, NOW, NOW + MS)),
            last_assigned_at=pick((None, None, None, NOW, NOW - DAY + MS, NOW - DAY, NOW - 2 * DAY)),
            media_type_or_none=None if is_text else pick(("image/png", "image/jpeg", "video/mp4")),
            length_or_none=pick((1, 150, 151)) if is_text else None,
        )

    def pool(self) -> tuple[list[Item], Wanted]:
        """Up to forty items, and somebody who wants one."""
        items = [self.item(number) for number in range(self.random.randrange(41))]
        used = {item.item_id for item in items if self.random.random() < 0.15}
        return items, replace(WANTED, theme=self.random.choice((None, "sea", "city")), used=used)


def test_the_choice_is_the_winner_of_a_full_scan_in_thousands_of_pools() -> None:
    pools, chosen = Pools(Random(7)), 0
    for _ in range(4000):
        items, wanted = pools.pool()
        choice = by_index(items, wanted)
        found = None if choice is None else choice.item.item_id
        assert found == best(items, wanted), (items, wanted)
        chosen += found is not None
    assert 1000 < chosen < 3900, "the pools must hold both: something to choose, and nothing"


@given(st.randoms(use_true_random=False))
def test_the_choice_is_the_winner_of_a_full_scan_in_any_pool(random: Random) -> None:
    items, wanted = Pools(random).pool()
    choice = by_index(items, wanted)
    assert (None if choice is None else choice.item.item_id) == best(items, wanted)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item(), None),
        (Item(status=ItemRights.PENDING), Refusal.NOT_APPROVED),
        (Item(status=ItemRights.REJECTED), Refusal.NOT_APPROVED),
        (Item(status=ItemRights.WITHDRAWN), Refusal.NOT_APPROVED),
        (Item(enabled=False), Refusal.DISABLED),
        (Item(licence_valid_until=NOW), Refusal.LICENCE_EXPIRED),  # it ends at the instant that it names
        (Item(licence_valid_until=NOW + MS), None),
        (Item(usage_count=3), Refusal.USED_UP),
        (Item(usage_count=4), Refusal.USED_UP),  # its cap was lowered below its use
        (Item(usage_count=2), None),
        (Item(item_id="mine"), Refusal.USED_BY_ACCOUNT),
        (Item(last_assigned_at=NOW - DAY + MS), Refusal.COOLING_DOWN),
        (Item(last_assigned_at=NOW - DAY), None),
        (Item(quality_score=19.99), Refusal.LOW_QUALITY),
        (Item(quality_score=20), None),
        (Item(media_type_or_none="video/mp4"), Refusal.WRONG_MEDIA_TYPE),
        (Item(media_type_or_none=None, length_or_none=151), Refusal.TOO_LONG),
        (Item(media_type_or_none=None, length_or_none=150), None),
        # rights are told first: they are gates, not preferences
        (Item("mine", status=ItemRights.WITHDRAWN, enabled=False, usage_count=3), Refusal.NOT_APPROVED),
        (Item("mine", enabled=False, licence_valid_until=NOW), Refusal.DISABLED),
        (Item("mine", licence_valid_until=NOW, usage_count=3), Refusal.LICENCE_EXPIRED),
    ],
)
def test_an_item_is_refused_with_its_reason(item: Item, expected: Refusal | None) -> None:
    wanted = replace(WANTED, used={"mine"})
    assert refusal(item, wanted) is expected
    assert eligible(item, wanted) is (expected is None)


def test_from_nothing_nothing_is_chosen() -> None:
    assert leading(Index([], "post"), WANTED, 1) == []
    assert leading(Index([Item(enabled=False)], "post"), WANTED, 1) == []


def test_the_reason_shows_the_formula_with_its_figures() -> None:
    (choice,) = leading(Index([Item(theme="sea")], "post"), replace(WANTED, theme="sea"), 1)
    told = reason(choice, "post", "post")
    assert "score 81.5 = 0.30 × quality 80 + 0.25 × freshness 100 + 0.25 × success 50 + 0.20 × relevance 100" in told
    assert "`any`" not in told
    assert "from `any`, since `post` had nothing eligible" in reason(choice, "any", "post")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (0, "best of its pool: score"),
        (1, "2nd of its pool: others asked at the same moment"),
        (2, "3rd of its pool"),
        (10, "11th of its pool"),
        (20, "21st of its pool"),
        (49, "50th of its pool"),
        (111, "112th of its pool"),
    ],
)
def test_the_reason_says_that_an_item_was_given_in_turn(place: int, told: str) -> None:
    (choice,) = leading(Index([Item()], "post"), WANTED, 1)
    assert reason(choice, "post", "post", place).startswith(told)

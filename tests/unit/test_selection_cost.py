"""What the choice reads, and that it stays the winner of a full scan with whatever themes, overlays and lengths."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import scoring
from chalicelib.domain.refusals import MediaFacts
from chalicelib.domain.selection import (
    GLANCE,
    Corrected,
    ItemRights,
    Wanted,
    leading,
    refusal,
)
from chalicelib.domain.stock import ItemPool, Stock
from tests.unit.test_selection import NOW, WANTED

THEMES = ("sea", "city", "hills", "night")


class Counted(ItemPool):
    """A pool that counts how many items are taken from it, and how many lists are begun."""

    def __init__(self, items: Sequence[Stock]) -> None:
        super().__init__(items)
        self.taken = self.lists = 0

    def _count(self, items: Iterator[Stock]) -> Iterator[Stock]:
        self.lists += 1
        for item in items:
            self.taken += 1
            yield item

    def of_theme(self, theme: str | None) -> Iterator[Stock]:
        """Counted."""
        return self._count(super().of_theme(theme))

    def whole(self) -> Iterator[Stock]:
        """Counted."""
        return self._count(super().whole())


def pool(random: Random, size: int, *, spread: bool = True) -> list[Stock]:
    """So many items that are all eligible, of all themes."""
    return [
        Stock(
            f"c{number:06}",
            "post",
            round(random.uniform(20, 100), 1) if spread else 80,
            random.randrange(3) if spread else 0,
            3 if spread else 1,
            theme=random.choice((None, *THEMES)),
            facts=MediaFacts("image/png"),
        )
        for number in range(size)
    ]


def oracle(items: Sequence[Stock], wanted: Wanted, count: int) -> list[str]:
    """The first of the contract's order, by sorting all."""
    eligible = [item for item in items if item.category == "post" and refusal(item, wanted) is None]
    eligible.sort(key=lambda item: scoring.order(item, item.item_id, wanted.theme), reverse=True)
    return [item.item_id for item in eligible[:count]]


@pytest.mark.parametrize("spread", [True, False], ids=["spread", "all-equal"])
@pytest.mark.parametrize("size", [100, 1_000, 10_000])
@pytest.mark.parametrize("theme", [None, "sea", "a theme that no item has"])
def test_what_is_read_does_not_grow_with_the_pool(size: int, theme: str | None, spread: bool) -> None:
    items = pool(Random(size), size, spread=spread)
    counted = Counted(items)
    wanted = replace(WANTED, theme=theme)
    (choice,) = leading(counted, wanted, 1)
    assert choice.item.item_id == oracle(items, wanted, 1)[0]
    assert counted.lists <= (1 if theme is None else 3)
    assert counted.taken <= GLANCE + 4


def test_a_list_that_cannot_win_is_not_begun() -> None:
    best = Stock("best", "post", 100, 50, 9999, theme="sea", facts=MediaFacts("image/png"))
    counted = Counted([best, *pool(Random(1), 500)])
    (choice,) = leading(counted, replace(WANTED, theme="sea"), 1)
    assert (choice.item.item_id, counted.lists, counted.taken) == ("best", 1, GLANCE)


def test_of_many_pools_with_four_themes_nearly_all_need_one_list() -> None:
    lists = []
    for seed in range(200):
        counted = Counted(pool(Random(seed), 500))
        leading(counted, replace(WANTED, theme="sea"), 1)
        lists.append(counted.lists)
    assert max(lists) <= 3
    assert sum(lists) / len(lists) < 1.25


def test_a_theme_that_is_rare_is_read_from_its_own_list() -> None:
    rare = Stock("rare", "post", 20, 0, 9, theme="sea", facts=MediaFacts("image/png"))
    others = [replace(one, theme="city", quality_score=50) for one in pool(Random(1), 500)]
    counted = Counted([rare, *others])
    wanted = replace(WANTED, theme="sea")
    (choice,) = leading(counted, wanted, 1)
    assert choice.item.item_id == oracle([rare, *others], wanted, 1)[0] == "rare"
    assert counted.taken <= GLANCE + 2


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_ineligible_is_passed_however_much_it_is(count: int) -> None:
    items = pool(Random(4), 300)
    for theme in (None, *THEMES):
        best = oracle(items, replace(WANTED, theme=theme), 100)
        wanted = replace(WANTED, theme=theme, used=frozenset(best))
        found = [choice.item.item_id for choice in leading(Counted(items), wanted, count)]
        assert found == oracle(items, wanted, count)


@given(st.randoms(use_true_random=False), st.integers(min_value=1, max_value=6))
def test_the_leading_are_the_first_of_a_full_sort(random: Random, count: int) -> None:
    items, wanted = _any_pool(random)
    found = leading(ItemPool(_of_post(items)), wanted, count)
    assert [choice.item.item_id for choice in found] == oracle(items, wanted, count)


@given(st.randoms(use_true_random=False))
def test_an_index_that_tells_the_old_is_corrected_by_what_was_read_since(random: Random) -> None:
    old, wanted = _any_pool(random)
    now = {item.item_id: _changed(random, item) for item in old}
    moved = {item_id: item for item_id, item in now.items() if item_id in {one.item_id for one in old[::2]}}
    gone = {item.item_id: None for item in old[::5]}
    fresh: dict[str, Stock | None] = {**moved, **gone}
    truth = [fresh.get(item.item_id, item) for item in old]
    expected = oracle([item for item in truth if item is not None], wanted, 1)
    corrected = Corrected(ItemPool(_of_post(old)), "post", fresh)
    assert [choice.item.item_id for choice in leading(corrected, wanted, 1)] == expected


def _of_post(items: Sequence[Stock]) -> list[Stock]:
    return [item for item in items if item.category == "post"]


def _changed(random: Random, item: Stock) -> Stock:
    uses = min(item.usage_count + random.randrange(2), item.max_usage)
    status = random.choice((item.status, item.status, ItemRights.WITHDRAWN))
    return replace(item, usage_count=uses, status=status, penalty=min(uses, item.penalty + random.randrange(2)))


def _any_pool(random: Random) -> tuple[list[Stock], Wanted]:
    pick = random.choice
    items = [
        Stock(
            f"{pick('aAzZ09')}{number}",
            "post",
            pick((0, 20, 50, 80, 80, 100)),
            pick((0, 0, 1, 2)),
            pick((1, 2, 3)),
            penalty=0,
            theme=pick((None, *THEMES)),
            last_assigned_at=pick((None, None, NOW)),
            facts=MediaFacts("image/png"),
        )
        for number in range(random.randrange(40))
    ]
    used = {item.item_id for item in items if random.random() < 0.2}
    return items, replace(WANTED, theme=pick((None, "sea", "never")), used=used)

"""Turns: who lost an item takes a number, and with it a place in a list that all share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from chalicelib.domain.selection import ItemRights, leading
from chalicelib.domain.turns import MOST_PLACES, Turn, behind, is_gone, places, window
from tests.unit.test_selection import NOW, WANTED, Index, Item


def stock(count: int, *, cap: int = 50) -> list[Item]:
    """So many equal items."""
    return [Item(item_id=f"c{number:03}", max_usage=cap) for number in range(count)]


def used(item: Item) -> Item:
    """The item after a use at this moment."""
    return replace(item, usage_count=item.usage_count + 1, last_assigned_at=NOW)


def index(items: list[Item]) -> Index:
    """The items as the index lists them."""
    return Index([item for item in items if item.usage_count < item.max_usage], "post")


@pytest.mark.parametrize(
    ("number", "expected"), [(0, None), (1, "c008"), (2, "c007"), (9, "c000"), (10, None), (99, None)]
)
def test_a_number_is_a_place_in_the_ranking_without_what_was_lost(number: int, expected: str | None) -> None:
    assert Turn(number).of(places(index(stock(10)), WANTED, "c009")) == expected


def test_a_list_holds_the_best_in_the_accounts_own_order_and_no_more_than_needed() -> None:
    items = [*stock(80), *(Item(item_id=f"sea{number:03}", max_usage=50, theme="sea") for number in range(3))]
    wanted = replace(WANTED, theme="sea")
    found = places(index(items), wanted, "sea002")
    assert found == [choice.item.item_id for choice in leading(index(items), wanted, MOST_PLACES + 1)[1:]]
    assert (found[:3], len(found)) == (["sea001", "sea000", "c079"], MOST_PLACES)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item(), False),
        (Item(usage_count=1), False),
        (Item(usage_count=1, last_assigned_at=NOW), True),
        (Item(usage_count=3), True),
        (None, True),
        (Item(status=ItemRights.WITHDRAWN), False),  # nobody has it: the next best is what the number is worth
    ],
)
def test_a_place_is_gone_where_somebody_was_given_the_item(item: Item | None, expected: bool) -> None:
    assert is_gone(item, WANTED) is expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "c002"),  # the best that is not listed
        (3, "c002"),  # its own item is not for this account
        (8, "c002"),  # the first behind the list
        (9, "c001"),
        (10, "c000"),
        (11, "c002"),  # there is no more: from the top
    ],
)
def test_behind_the_list_nobody_meets_a_holder_of_a_place(number: int, expected: str) -> None:
    items = stock(10)
    listed = places(index(items[3:]), WANTED, "-")
    found = behind(index(items), WANTED, listed, Turn(number))
    assert len(listed) == 7 and found is not None
    assert found[0].item.item_id == expected


def test_where_nothing_else_is_left_a_listed_item_is_tried() -> None:
    items = stock(3)
    listed = places(index(items), WANTED, "-")
    assert {
        found[0].item.item_id for number in range(9) if (found := behind(index(items), WANTED, listed, Turn(number)))
    }
    assert behind(index([]), WANTED, listed, Turn(1)) is None


def test_who_lost_nothing_takes_the_best() -> None:
    found = behind(index(stock(10)), WANTED, [], Turn())
    assert found is not None and (found[0].item.item_id, found[1]) == ("c009", 0)


@pytest.mark.parametrize("cap", [1, 2, 50])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_fifty_get_the_fifty_best_with_two_tries_each(seed: int, cap: int) -> None:
    """Each reads, and writes later; who lost takes a number. `arrivals`: how many ask before the first has written."""
    dice, pool = Random(seed), {item.item_id: item for item in stock(100, cap=cap)}
    best = {item.item_id for item in stock(100)[50:]}
    arrivals, tries, numbers = dice.choice((1, 2, 10, 50)), 0, 0
    coming, waiting, listed = list(range(50)), list[tuple[int, str]](), list[str]()
    while coming or waiting:
        while coming and (len(waiting) < arrivals or dice.random() < 0.3):
            found = behind(index(list(pool.values())), WANTED, [], Turn())
            assert found is not None
            waiting.append((coming.pop(), found[0].item.item_id))
        bot, item_id = waiting.pop(dice.randrange(len(waiting)))
        tries += 1
        if pool[item_id].usage_count == 0:
            pool[item_id] = used(pool[item_id])
            continue
        listed = listed or places(index(list(pool.values())), WANTED, item_id)
        numbers += 1
        while is_gone(pool[listed[numbers - 1]], WANTED):
            numbers += 1
        waiting.append((bot, listed[numbers - 1]))
    assert {item_id for item_id, item in pool.items() if item.usage_count} == best
    assert tries / 50 <= 2.1


@pytest.mark.parametrize(
    ("seconds", "expected"), [(2.0, "12:00:02"), (2.5, "12:00:02.500"), (10, "12:00:00"), (60.0, "12:00:00")]
)
def test_a_window_is_a_stretch_of_time(seconds: float, expected: str) -> None:
    at = NOW + timedelta(seconds=3.999)
    assert window(at, seconds) == datetime.fromisoformat(f"2026-11-22T{expected}+00:00").astimezone(UTC)

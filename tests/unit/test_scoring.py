"""The score of an item, by examples worked out by hand, and the index that must sort as the score does."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.scoring import freshness, order, pool, pool_rank, rank, relevance, score, success


@dataclass(frozen=True)
class Item:
    """What the score reads."""

    quality_score: float = 80
    usage_count: int = 0
    max_usage: int = 10
    penalty: float = 0
    theme: str | None = None


@pytest.mark.parametrize(
    ("item", "wanted", "expected_rank", "expected_score"),
    [
        # new, no theme: 0.30·80 + 0.25·100 + 0.25·50 = 24 + 25 + 12.5; + 0.20·50
        (Item(), None, 61.5, 71.5),
        (Item(), "sea", 61.5, 71.5),
        (Item(theme="sea"), None, 61.5, 71.5),
        # the same theme: + 0.20·100; another: + 0
        (Item(theme="sea"), "sea", 61.5, 81.5),
        (Item(theme="sea"), "city", 61.5, 61.5),
        # used 3 of 10 times: freshness 70, success 100·4/5 → 24 + 17.5 + 20
        (Item(usage_count=3), None, 61.5, 71.5),
        # all uses gone: freshness 0, success 100·11/12 = 91.6667 → 24 + 0 + 22.9167
        (Item(usage_count=10), None, 46.9167, 56.9167),
        # used 4 times, blamed once: freshness 60, success 100·4/6 = 66.6667 → 24 + 15 + 16.6667
        (Item(usage_count=4, penalty=1), None, 55.6667, 65.6667),
        # used once, and it did 71 of 100: freshness 90, success 100·1.71/3 = 57 → 24 + 22.5 + 14.25
        (Item(usage_count=1, penalty=0.29), None, 60.75, 70.75),
        # used 5 times, blamed each time: freshness 50, success 100·1/7 = 14.2857 → 24 + 12.5 + 3.5714
        (Item(usage_count=5, penalty=5), None, 40.0714, 50.0714),
        # the ends of the scale
        (Item(quality_score=0, usage_count=98, max_usage=98, penalty=98), "sea", 0.25, 10.25),
        (Item(quality_score=100, usage_count=10**9, max_usage=10**18, theme="sea"), "sea", 80.0, 100.0),
        # one third is rounded to four decimals: 0.25·(1 − 1/3)·100 = 16.6667, and success as much
        (Item(usage_count=1, max_usage=3), None, 57.3333, 67.3333),
    ],
)
def test_the_score_is_the_contracts(
    item: Item, wanted: str | None, expected_rank: float, expected_score: float
) -> None:
    found = score(item, wanted)
    assert (rank(item), found.rank, found.score) == (expected_rank, expected_rank, expected_score)


def test_the_parts_are_told_with_the_score() -> None:
    found = score(Item(usage_count=1, max_usage=3, theme="sea"), "sea")
    assert (found.quality, found.freshness, found.success, found.relevance) == (80, 66.6667, 66.6667, 100)


items = st.builds(
    lambda quality, uses, more, part: Item(quality, uses, uses + more, round(uses * part, 4), "sea"),
    quality=st.sampled_from([0, 20, 50, 80.5, 99.9999, 100]) | st.floats(0, 100),
    uses=st.integers(0, 20) | st.integers(0, 9998),
    more=st.integers(1, 5),
    part=st.sampled_from([0, 0, 1]) | st.floats(0, 1),
)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,8}", fullmatch=True)


@given(item=items)
def test_each_part_stays_between_0_and_100(item: Item) -> None:
    found = score(item, "sea")
    assert 0 <= freshness(item) <= 100
    assert 0 < success(item) < 100
    assert 0 <= found.rank <= 80
    assert 0 <= found.score <= 100


@pytest.mark.parametrize("wanted", [None, "sea", "city"])
@given(one=items, other=items, one_id=ids, other_id=ids)
def test_the_index_sorts_a_themes_list_exactly_as_the_contract_does(
    wanted: str | None, one: Item, other: Item, one_id: str, other_id: str
) -> None:
    by_index = pool_rank(one, one_id) < pool_rank(other, other_id)
    assert by_index is (order(one, one_id, wanted) < order(other, other_id, wanted))


def test_the_higher_score_wins_then_the_smaller_usage_then_the_greater_id() -> None:
    better, blamed = Item(quality_score=81), Item(usage_count=1, max_usage=10, penalty=1)
    # the same rank with another usage: 4 of 8 and 5 of 10 are equally fresh, half of their uses are successes
    fewer, more = Item(usage_count=4, max_usage=8, penalty=2), Item(usage_count=5, max_usage=10, penalty=2.5)
    assert rank(fewer) == rank(more)
    expected = [(better, "a"), (Item(), "b"), (Item(), "a"), (blamed, "z"), (fewer, "a"), (more, "z")]
    assert sorted(expected, key=lambda pair: order(pair[0], pair[1], None), reverse=True) == expected
    assert sorted(expected, key=lambda pair: pool_rank(*pair), reverse=True) == expected


def test_a_pool_is_one_themes_list() -> None:
    assert pool("m1", "bio", "sea") == "m1#bio#sea"
    assert pool("m1", "bio", None) == "m1#bio#-"


@pytest.mark.parametrize(
    ("theme", "wanted", "expected"),
    [("sea", "sea", 100), ("sea", "city", 0), ("sea", None, 50), (None, "sea", 50), (None, None, 50)],
)
def test_relevance_is_by_theme_alone(theme: str | None, wanted: str | None, expected: float) -> None:
    assert relevance(theme, wanted) == expected

"""What the plans could do with an item: one rule with eligibility."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import selection, takers
from chalicelib.domain.plans import STANDARD, Need
from chalicelib.domain.refusals import MediaFacts, Refusal, TextFacts
from chalicelib.domain.selection import ANY, ItemRights, PoolKind
from chalicelib.domain.stock import Stock

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TEXT = Stock("t", "bio", 80, 0, 10, facts=TextFacts("x" * 150))
PICTURE = Stock("p", "pfp", 80, 0, 10, facts=MediaFacts("image/png"))


@pytest.mark.parametrize(
    ("item", "kind", "refusal", "uses_left"),
    [
        (TEXT, PoolKind.TEXT, None, 10),
        (
            replace(TEXT, facts=TextFacts("x" * 151)),
            PoolKind.TEXT,
            Refusal.TOO_LONG,
            0,
        ),  # a bio takes 150, whoever asks
        (replace(TEXT, category="highlight", facts=TextFacts("x" * 101)), PoolKind.TEXT, Refusal.TOO_LONG, 0),
        (
            replace(TEXT, category=ANY, facts=TextFacts("x" * 151)),
            PoolKind.TEXT,
            None,
            10,
        ),  # a post takes it from `any`
        (replace(TEXT, category=ANY, facts=TextFacts("x" * 2201)), PoolKind.TEXT, Refusal.TOO_LONG, 0),
        (replace(TEXT, category="pfp"), PoolKind.TEXT, Refusal.NOT_NEEDED, 0),
        (replace(PICTURE, category="bio"), PoolKind.CONTENT, Refusal.NOT_NEEDED, 0),
        (replace(PICTURE, facts=MediaFacts("video/mp4")), PoolKind.CONTENT, Refusal.WRONG_MEDIA_TYPE, 0),
        (replace(PICTURE, usage_count=10), PoolKind.CONTENT, Refusal.USED_UP, 0),
        (replace(PICTURE, status=ItemRights.PENDING), PoolKind.CONTENT, Refusal.NOT_APPROVED, 0),
        (replace(PICTURE, licence_valid_until=NOW), PoolKind.CONTENT, Refusal.LICENCE_EXPIRED, 0),
        (replace(PICTURE, usage_count=4, last_assigned_at=NOW), PoolKind.CONTENT, Refusal.COOLING_DOWN, 6),  # it passes
    ],
)
def test_only_uses_that_some_phase_could_take_are_left(
    item: Stock, kind: PoolKind, refusal: Refusal | None, uses_left: int
) -> None:
    assert takers.judge(item, kind, NOW, [STANDARD]) == takers.ItemVerdict(refusal, uses_left)


STOCKS = st.builds(
    Stock,
    item_id=st.just("i"),
    category=st.sampled_from((*STANDARD.order, ANY)),
    quality_score=st.sampled_from((0.0, 50.0)),
    usage_count=st.integers(0, 2),
    max_usage=st.integers(1, 2),
    status=st.sampled_from(ItemRights),
    enabled=st.booleans(),
    licence_valid_until=st.sampled_from((None, NOW - timedelta(days=1), NOW + timedelta(days=1))),
    last_assigned_at=st.sampled_from((None, NOW - timedelta(hours=1), NOW - timedelta(days=2))),
    facts=st.one_of(
        st.builds(MediaFacts, st.sampled_from(("image/png", "video/mp4"))),
        st.builds(TextFacts, st.sampled_from([length * "x" for length in (100, 101, 150, 151, 2200, 2201)])),
    ),
)


@given(STOCKS, st.sampled_from(PoolKind))
def test_the_verdict_is_that_of_selection_over_all_phases(item: Stock, kind: PoolKind) -> None:
    def refusal(phase: str, now: datetime) -> Refusal | None:
        asked = STANDARD.phases[phase]
        need = asked.content.need if kind is PoolKind.CONTENT else asked.text.need
        if need is Need.NONE or item.category not in (phase, ANY):
            return Refusal.NOT_NEEDED
        return selection.refusal(item, selection.wanted(STANDARD, phase, theme=None, used=(), now=now))

    verdict = takers.judge(item, kind, NOW, [STANDARD])
    assert (verdict.refusal is None) is any(refusal(phase, NOW) is None for phase in STANDARD.order)
    rested = replace(item, last_assigned_at=None)
    takeable = any(selection_without_rest is None for selection_without_rest in _refusals(rested, kind))
    assert verdict.uses_left == (item.max_usage - item.usage_count if takeable else 0)
    if takers.warning(item, kind, NOW, STANDARD) is not None:
        assert verdict.uses_left == 0
        assert all(refusal(phase, NOW + timedelta(days=9)) is not None for phase in STANDARD.order)


def _refusals(item: Stock, kind: PoolKind) -> list[Refusal | None]:
    asked = [taker.wanted(NOW) for taker in takers.of(kind, item.category, [STANDARD])]
    return [selection.refusal(item, wanted) for wanted in asked]


def test_a_warning_says_by_how_much() -> None:
    assert takers.warning(replace(TEXT, facts=TextFacts("x" * 151)), PoolKind.TEXT, NOW, STANDARD) == (
        "The plan standard does not take this in bio: 151 of 150 characters."
    )
    assert takers.warning(TEXT, PoolKind.TEXT, NOW, STANDARD) is None
    assert (
        takers.warning(replace(PICTURE, category="bio"), PoolKind.CONTENT, NOW, STANDARD)
        == "The plan standard takes no media in bio."
    )
    video = replace(PICTURE, facts=MediaFacts("video/mp4"))
    assert "it is video/mp4; taken are image/jpeg" in str(takers.warning(video, PoolKind.CONTENT, NOW, STANDARD))

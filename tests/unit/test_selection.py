"""The choice of an item against the contract told plainly: look at all items, keep the eligible, take the best."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import scoring
from chalicelib.domain.plans import ContentNeeds, LengthUnit, TextNeeds
from chalicelib.domain.refusals import ItemFacts, MediaFacts, Refusal, TextFacts
from chalicelib.domain.selection import (
    Choice,
    ItemRights,
    Wanted,
    candidates,
    leading,
    reason,
    refusal,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
DAY = timedelta(hours=24)


PNG = MediaFacts("image/png")


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
    licensed_by: str | None = None
    facts: ItemFacts = PNG


WANTED = Wanted(
    categories=("post", "any"),
    theme=None,
    used=frozenset(),
    now=NOW,
    cooldown=DAY,
    minimum_quality=20,
    content=ContentNeeds(media_types=("image/png", "image/jpeg")),
    text=TextNeeds(max_length=150),
)


# the rule, told a second time and the plain way


def eligible(item: Item, wanted: Wanted) -> bool:
    """The contract's sentence on eligible items."""
    rested = item.last_assigned_at is None or wanted.now - item.last_assigned_at >= wanted.cooldown
    licensed = item.licence_valid_until is None or item.licence_valid_until > wanted.now
    return (
        item.status == "approved"
        and item.enabled
        and licensed
        and item.usage_count < item.max_usage
        and rested
        and item.item_id not in wanted.used
        and item.quality_score >= wanted.minimum_quality
        and not (wanted.licence_required and item.licensed_by is None)
        and fits(item.facts, wanted)
    )


def fits(facts: ItemFacts, wanted: Wanted) -> bool:
    """What a phase asks of an item, of either kind."""
    return fits_text(facts, wanted.text) if isinstance(facts, TextFacts) else fits_media(facts, wanted.content)


def fits_media(facts: MediaFacts, needs: ContentNeeds) -> bool:
    """What the contract's plans ask of a file; what is not known does not fit."""
    sides = [needs.min_width, needs.min_height, needs.min_aspect_ratio, needs.max_aspect_ratio] != [None] * 4
    width, height = facts.width or 0, facts.height or 0
    ratio = width / height if height else 0
    long = facts.duration_seconds is None or facts.duration_seconds > (needs.max_duration_seconds or 0)
    is_video, may_be_animated = facts.media_type.startswith("video/"), facts.media_type in ("image/png", "image/webp")
    return (
        facts.media_type in needs.media_types
        and (facts.bytes or 0) <= needs.max_bytes
        and (not sides or (width > 0 and height > 0))
        and width >= (needs.min_width or 0)
        and height >= (needs.min_height or 0)
        and (needs.min_aspect_ratio is None or ratio >= needs.min_aspect_ratio)
        and (needs.max_aspect_ratio is None or ratio <= needs.max_aspect_ratio)
        and not (needs.max_duration_seconds is not None and is_video and long)
        and (needs.animated or not may_be_animated or facts.animated is False)
    )


def fits_text(facts: TextFacts, needs: TextNeeds) -> bool:
    """What the contract's plans ask of a text of which every word is a plain one, a hashtag or a mention."""
    words = facts.body.split(" ")
    length = len(facts.body.encode("utf-16-le")) // 2 if needs.unit is LengthUnit.UTF16 else len(facts.body)
    return (
        length <= needs.max_length
        and sum(word.startswith("#") for word in words) <= (99 if needs.max_hashtags is None else needs.max_hashtags)
        and sum(word.startswith("@") for word in words) <= (99 if needs.max_mentions is None else needs.max_mentions)
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

    for category in wanted.categories:
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
            licensed_by=pick((None, "studio", "studio", "studio")),
            facts=self.text() if is_text else self.file(),
        )

    def text(self) -> TextFacts:
        """A text at the limits of what is asked."""
        words = self.random.choices(("#sea", "@nora", "sun", "🌊"), k=self.random.randrange(4))
        return TextFacts(" ".join([*words, self.random.choice((1, 140, 150, 151)) * "x"]))

    def file(self) -> MediaFacts:
        """A file at the limits of what is asked, or of which little is known."""
        pick = self.random.choice
        return MediaFacts(
            media_type=pick(("image/png", "image/jpeg", "image/png", "video/mp4")),
            bytes=pick((None, 999, 1000, 1001)),
            width=pick((None, 1079, 1080, 1080, 1920)),
            height=pick((None, 0, 1079, 1080, 1080, 1920)),
            duration_seconds=pick((None, 59.9, 60.0, 60.1)),
            animated=pick((None, True, False)),
        )

    def asked(self) -> Wanted:
        """What a phase may ask: nothing much, or any of the needs."""
        pick = self.random.choice
        if pick((True, False)):
            return WANTED
        content = ContentNeeds(
            media_types=pick((("image/png", "image/jpeg"), ("image/png", "video/mp4"))),
            max_bytes=pick((1000, 10**9)),
            min_width=pick((None, None, 1080)),
            min_height=pick((None, None, 1080)),
            min_aspect_ratio=pick((None, None, 1.0)),
            max_aspect_ratio=pick((None, None, 1.0)),
            max_duration_seconds=pick((None, 60.0)),
            animated=pick((True, True, False)),
        )
        text = TextNeeds(
            max_length=150,
            unit=pick((LengthUnit.CODE_POINTS, LengthUnit.UTF16)),
            max_hashtags=pick((None, 0, 1)),
            max_mentions=pick((None, 0, 1)),
        )
        categories = pick((("post", "any"), ("post", "any"), ("post",), ("any",)))
        return replace(WANTED, content=content, text=text, licence_required=pick((True, False)), categories=categories)

    def pool(self) -> tuple[list[Item], Wanted]:
        """Up to forty items, and somebody who wants one."""
        items = [self.item(number) for number in range(self.random.randrange(41))]
        used = {item.item_id for item in items if self.random.random() < 0.15}
        return items, replace(self.asked(), theme=self.random.choice((None, "sea", "city")), used=used)


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
        (Item(facts=MediaFacts("video/mp4")), Refusal.WRONG_MEDIA_TYPE),
        (Item(facts=TextFacts("x" * 151)), Refusal.TOO_LONG),
        (Item(facts=TextFacts("x" * 150)), None),
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

"""The seeded agency is the promised one, always the same for a number, and so is what happens to it."""

import io
from collections import Counter

import pytest
from PIL import Image

from warmup.sandbox.agency import DAMAGED_USES, Agency, agency
from warmup.sandbox.pictures import SIZES, draw
from warmup.sandbox.platform import Platform


@pytest.fixture(scope="module")
def made() -> Agency:
    return agency(7)


def test_it_is_as_large_as_promised(made: Agency) -> None:
    counts = (len(made.creators), len(made.accounts), len(made.media), len(made.texts))
    assert counts == (3, 24, 120, 60)
    ids = [one.account_id for one in made.accounts] + [one.content_id for one in made.media]
    ids += [one.text_id for one in made.texts]
    assert len(set(ids)) == len(ids)


def test_the_same_number_makes_the_same_agency(made: Agency) -> None:
    assert agency(7) == made
    assert agency(8) != made


def test_what_goes_wrong_in_it_is_on_purpose(made: Agency) -> None:
    (damaged,) = [item for item in made.media if item.damaged]
    pool = [item for item in made.media if (item.model_id, item.category) == (damaged.model_id, damaged.category)]
    assert damaged.quality == max(item.quality for item in pool)  # so that it is tried
    assert sum(item.max_usage for item in pool) - DAMAGED_USES >= 8  # and missed by nobody
    assert made.always_failing in {account.account_id for account in made.accounts}


@pytest.mark.parametrize("number", range(20))
def test_every_pool_has_enough_for_its_accounts_and_one_only_just(number: int) -> None:
    uses: Counter[tuple[str, str]] = Counter()
    for item in agency(number).media:
        uses[item.model_id, item.category] += item.max_usage
    assert all(count >= 8 for count in uses.values())
    assert uses["tide", "story"] == 9


def test_texts_fit_the_phases_that_may_get_them(made: Agency) -> None:
    longest = {"bio": 150, "highlight": 100, "any": 100}
    assert all(len(text.body) <= longest.get(text.category, 2200) for text in made.texts)


@pytest.mark.parametrize("category", SIZES)
def test_a_picture_is_a_real_image_file_and_always_the_same(category: str) -> None:
    for number in (6, 7):  # a JPEG and a PNG
        picture = draw(number, category, "sea", "Blue hour")
        assert draw(number, category, "sea", "Blue hour") == picture
        with Image.open(io.BytesIO(picture.data)) as image:
            image.load()
            assert (image.size, image.get_format_mimetype()) == (SIZES[category], picture.media_type)


def test_the_platform_answers_by_the_try_and_not_by_who_asks_first() -> None:
    accounts = [f"a{number}" for number in range(200)]
    forward, backward = Platform(7, "none"), Platform(7, "none")
    answers = {account: forward.publish(account, "pfp") for account in accounts}
    assert {account: backward.publish(account, "pfp") for account in reversed(accounts)} == answers
    assert 1 <= sum(answer is not None for answer in answers.values()) <= 40


def test_the_platform_never_accepts_the_failing_account() -> None:
    platform = Platform(7, "bad")
    assert all(platform.publish("bad", "post") for _ in range(10))
    assert not all(platform.publish("good", "post") for _ in range(10))

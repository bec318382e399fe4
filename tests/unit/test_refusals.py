"""What a phase asks of a file and of a text, need by need; and how the length of a text is counted."""

from dataclasses import replace

import pytest

from chalicelib.domain.graphemes import count
from chalicelib.domain.plans import ContentNeeds, LengthUnit, TextNeeds
from chalicelib.domain.refusals import MediaFacts, Refusal, TextFacts, unfit_media, unfit_text

SQUARE = MediaFacts("image/jpeg", 1000, 1080, 1080)
ANY_TYPE = ContentNeeds(media_types=("image/jpeg", "image/png", "image/webp", "video/mp4", "video/quicktime"))
VIDEO = MediaFacts("video/mp4", 1000, 1080, 1920, 60.0)
PNG = MediaFacts("image/png")


@pytest.mark.parametrize(
    ("facts", "needs", "refusal"),
    [
        (MediaFacts("image/jpeg"), ContentNeeds(), None),  # what nobody asks for need not be known
        (VIDEO, ContentNeeds(), Refusal.WRONG_MEDIA_TYPE),
        (VIDEO, ANY_TYPE, None),
        (SQUARE, ContentNeeds(max_bytes=1000), None),
        (SQUARE, ContentNeeds(max_bytes=999), Refusal.TOO_LARGE),
        (SQUARE, ContentNeeds(min_width=1080, min_height=1080), None),
        (SQUARE, ContentNeeds(min_width=1081), Refusal.TOO_SMALL),
        (SQUARE, ContentNeeds(min_height=1081), Refusal.TOO_SMALL),
        (SQUARE, ContentNeeds(min_aspect_ratio=1, max_aspect_ratio=1), None),
        (SQUARE, ContentNeeds(min_aspect_ratio=1.01), Refusal.WRONG_ASPECT_RATIO),
        (SQUARE, ContentNeeds(max_aspect_ratio=0.99), Refusal.WRONG_ASPECT_RATIO),
        (replace(SQUARE, width=1081), ContentNeeds(max_aspect_ratio=1), Refusal.WRONG_ASPECT_RATIO),
        (replace(SQUARE, width=None), ContentNeeds(min_height=1), Refusal.UNKNOWN_DIMENSIONS),
        (replace(SQUARE, height=None), ContentNeeds(max_aspect_ratio=9), Refusal.UNKNOWN_DIMENSIONS),
        (replace(SQUARE, height=0), ContentNeeds(min_width=1), Refusal.UNKNOWN_DIMENSIONS),
        (VIDEO, replace(ANY_TYPE, max_duration_seconds=60), None),
        (VIDEO, replace(ANY_TYPE, max_duration_seconds=59.9), Refusal.TOO_LONG_VIDEO),
        (replace(VIDEO, duration_seconds=None), replace(ANY_TYPE, max_duration_seconds=60), Refusal.UNKNOWN_DURATION),
        (SQUARE, replace(ANY_TYPE, max_duration_seconds=1), None),  # an image has no duration
        (PNG, replace(ANY_TYPE, animated=False), Refusal.UNKNOWN_ANIMATION),
        (replace(PNG, animated=True), replace(ANY_TYPE, animated=False), Refusal.ANIMATED),
        (replace(PNG, animated=False), replace(ANY_TYPE, animated=False), None),
        (replace(PNG, animated=True), ANY_TYPE, None),
        (MediaFacts("image/jpeg"), replace(ANY_TYPE, animated=False), None),  # a JPEG cannot be
        (VIDEO, replace(ANY_TYPE, animated=False), None),  # a video is not an animated image
    ],
)
def test_a_file_is_what_the_phase_asks_for_or_refused(
    facts: MediaFacts, needs: ContentNeeds, refusal: Refusal | None
) -> None:
    assert unfit_media(facts, needs) is refusal


@pytest.mark.parametrize(
    ("body", "needs", "refusal"),
    [
        ("x" * 150, TextNeeds(max_length=150), None),
        ("x" * 151, TextNeeds(max_length=150), Refusal.TOO_LONG),
        ("🌊🌊", TextNeeds(max_length=2), None),
        ("🌊🌊", TextNeeds(max_length=3, unit=LengthUnit.UTF16), Refusal.TOO_LONG),
        ("👩‍👩‍👧", TextNeeds(max_length=4), Refusal.TOO_LONG),
        ("👩‍👩‍👧", TextNeeds(max_length=1, unit=LengthUnit.GRAPHEMES), None),
        ("#sea and #sun", TextNeeds(max_hashtags=2), None),
        ("#sea and #sun", TextNeeds(max_hashtags=1), Refusal.TOO_MANY_HASHTAGS),
        ("#sea#sun", TextNeeds(max_hashtags=1), Refusal.TOO_MANY_HASHTAGS),  # platforms count both
        ("＃海", TextNeeds(max_hashtags=0), Refusal.TOO_MANY_HASHTAGS),  # the full-width sign
        ("# 1, and a #", TextNeeds(max_hashtags=0), None),
        ("by @nora", TextNeeds(max_mentions=0), Refusal.TOO_MANY_MENTIONS),
        ("write to nora@example.com", TextNeeds(max_mentions=0), None),
        ("#sea by @nora @ home", TextNeeds(max_hashtags=1, max_mentions=1), None),
    ],
)
def test_a_text_is_what_the_phase_asks_for_or_refused(body: str, needs: TextNeeds, refusal: Refusal | None) -> None:
    assert unfit_text(TextFacts(body), needs) is refusal


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("", 0),
        ("abc", 3),
        ("a\r\nb", 3),
        ("a\n\u0301", 3),  # nothing joins a control character
        ("\u00e9", 1),
        ("e\u0301", 1),
        ("\U0001f44d\U0001f3fd", 1),  # a thumb with a tone
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1),  # a family
        ("a\u200d\U0001f467", 2),  # a joiner joins pictographs only
        ("\u2764\ufe0f", 1),
        ("1\ufe0f\u20e3", 1),  # a keycap
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 2),  # two flags
        ("\U0001f1e9\U0001f1ea\U0001f1eb", 2),
        ("\ud55c\uad6d", 2),
        ("\u1112\u1161\u11ab", 1),
        ("\u0928\u093f", 1),
        ("\u0e01\u0e33", 1),
        ("\u1000\u102c", 2),
        ("\u0600\u0661", 1),
    ],
)
def test_a_reader_sees_so_many_characters(text: str, clusters: int) -> None:
    assert count(text) == clusters

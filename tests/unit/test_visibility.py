"""What can be seen of a string, and what a comparison leaves out."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import duplicates, profiles, visibility

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    "blank",
    [
        *("", " ", "\t\n", "\u00a0\u3000", "\u200b", "\u2060\ufeff", "\u202e", "\u00ad", "\u200d\ufe0f", "\U000e0041"),
        *("\u2800", "\u3164", "\u115f", "\u1160", "\uffa0"),  # blank fillers: a symbol or letters by their class
        "\u0301",  # an accent without a letter
        "\ufffe",  # never a character
    ],
)
def test_what_shows_nothing_is_not_visible(blank: str) -> None:
    assert not visibility.has_something_visible(blank)


@pytest.mark.parametrize(
    "shown", ["a", "7", "…", "€", "😀", "👨\u200d👩\u200d👧", "\u202ea", "e\u0301", "א", "\U0001fadc"]
)
def test_what_shows_something_is_visible(shown: str) -> None:
    assert visibility.has_something_visible(shown)


def matches(pattern: str, value: str) -> bool:
    """Whether a JSON Schema pattern admits the value: there `$` is the end, in Python a line feed before it, too."""
    return re.search(pattern.removesuffix("$") + r"\Z", value) is not None


@given(text)
def test_the_patterns_of_the_document_admit_nothing_visible_less_than_the_rule(value: str) -> None:
    if visibility.has_something_visible(value) and not visibility.has_control_characters(value):
        assert matches(visibility.VISIBLE_LINES, value)
    if visibility.has_something_visible(value) and visibility.is_one_line(value):
        assert matches(visibility.VISIBLE_LINE, value)
    as_it_reads = not visibility.has_format_characters(value) and not visibility.has_control_characters(value)
    if visibility.has_something_visible(value) and as_it_reads:
        assert matches(visibility.VISIBLE_PROSE, value)
    assert matches(visibility.ONE_LINE, value) is visibility.is_one_line(value)


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u2060", "\u180e", "\ufff9"])
def test_what_shows_nothing_and_changes_how_a_line_reads_is_refused(hidden: str) -> None:
    line = f"invoice{hidden}gpj.exe"
    assert not visibility.is_one_line(line) and not matches(visibility.VISIBLE_LINE, line)
    assert visibility.has_format_characters(line) and not matches(visibility.VISIBLE_PROSE, line)


@pytest.mark.parametrize("line", ["👨\u200d👩\u200d👧", "می\u200cخواهم", "🏴\U000e0067\U000e0062\U000e007f"])
def test_joiners_and_tags_stay_which_emoji_and_scripts_need(line: str) -> None:
    assert visibility.is_one_line(line) and matches(visibility.VISIBLE_LINE, line)
    assert not visibility.has_format_characters(line)


@pytest.mark.parametrize(
    ("value", "holds"),
    [("a\tb\nc\r\nd", False), ("a\rb", True), ("a\0", True), ("\x1b[1m", True), ("a\x85", True), ("a\x7f", True)],
)
def test_control_characters_but_tab_and_newline_are_found(value: str, holds: bool) -> None:
    assert visibility.has_control_characters(value) is holds


@pytest.mark.parametrize("line", ["a\n", "a\rb", "a\tb", "a\u2028b", "a\u2029", "a\x85b", "\0"])
def test_a_line_break_makes_two_lines(line: str) -> None:
    assert not visibility.is_one_line(line)


@pytest.mark.parametrize(
    "twin",
    [
        *("Sea and sun", "sea  AND\u00a0sun ", "Sea and sun\u200b", "S\u00adea and\u200f sun", "Sea and sun\ufe0f"),
        *("\ufeffSea\u2060 and sun", "Ｓｅａ and sun", "Sea and sun\U000e0020"),
    ],
)
def test_texts_that_look_the_same_are_the_same(twin: str) -> None:
    assert duplicates.of_text("m1", twin) == duplicates.of_text("m1", "Sea and sun")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("👨\u200d👩\u200d👧", "👨👩👧"),  # a family, and three people
        ("👩\u200d🚀", "👩🚀"),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴"),  # a flag by its tags
        ("ab", "a b"),
        ("José", "Jose"),
    ],
)
def test_what_looks_different_is_different(one: str, other: str) -> None:
    assert visibility.folded(one) != visibility.folded(other)


def test_a_variation_selector_between_emoji_changes_no_comparison() -> None:
    assert visibility.folded("❤\ufe0f\u200d🔥") == visibility.folded("❤\u200d🔥")


@given(text)
def test_a_comparison_is_of_what_it_compares(value: str) -> None:
    once = visibility.folded(value)
    assert visibility.folded(once) == once
    assert visibility.folded(unicodedata.normalize("NFD", value)) == once


@given(text.filter(lambda value: visibility.without_ignorable(unicodedata.normalize("NFKC", value)) == value))
def test_a_text_without_invisible_characters_keeps_the_fingerprint_of_the_first_version(value: str) -> None:
    assert duplicates.of_text("m1", value) == duplicates.of_text_before("m1", value)


@pytest.mark.parametrize(
    "spelling",
    ["nora", "Nora", "@nora", " nora ", "nora\u00a0", "no\u200bra", "＠NORA", "n o r a", "@@nora", "nora\u2800"],
)
def test_all_spellings_of_a_username_are_one_profile(spelling: str) -> None:
    assert profiles.profile_of(spelling) == "nora"
    assert profiles.claim_of(spelling) == profiles.claim_of("nora")
    assert profiles.account_id_of("m1", spelling) == profiles.account_id_of("m1", "nora")


def test_an_address_is_a_profile_of_its_own() -> None:
    assert profiles.profile_of("https://example.org/nora") != profiles.profile_of("nora")


@given(st.from_regex(r"[a-z0-9_.]{1,30}", fullmatch=True))
def test_a_plain_username_keeps_the_id_that_the_first_version_derived(username: str) -> None:
    assert profiles.account_id_of("m1", username) == profiles.account_id_before("m1", username)

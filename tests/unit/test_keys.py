"""API keys: whose they are can be read from them, and a typing error is found before the store is asked."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.keys import digest, make, owner, same

ENTROPY = bytes(range(32))
KEY = make("b1", ENTROPY)
TYPED = string.ascii_letters + string.digits + "_-. "
owners = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}", fullmatch=True)


@given(owner_id=owners, entropy=st.binary(min_size=32, max_size=32))
def test_a_key_names_its_owner_whatever_the_owners_id_looks_like(owner_id: str, entropy: bytes) -> None:
    key = make(owner_id, entropy)
    assert owner(key) == owner_id
    assert key.startswith(f"wk_{owner_id}_")


def test_any_single_typing_error_is_refused() -> None:
    for place, right in enumerate(KEY):
        for wrong in TYPED:
            if wrong != right:
                assert owner(KEY[:place] + wrong + KEY[place + 1 :]) is None, (place, wrong)


def test_any_letter_left_out_doubled_or_swapped_with_its_neighbour_is_refused() -> None:
    for place in range(len(KEY)):
        assert owner(KEY[:place] + KEY[place + 1 :]) is None
        assert owner(KEY[:place] + KEY[place] + KEY[place:]) is None
        swapped = KEY[:place] + KEY[place : place + 2][::-1] + KEY[place + 2 :]
        assert swapped == KEY or owner(swapped) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wk_",
        "wk__" + KEY[6:],  # no owner
        "root",
        KEY.removeprefix("wk_"),
        "WK" + KEY[2:],
        KEY + "\n",
        " " + KEY,
        KEY[:-1] + "é",
        "ключ" * 20,
        "_" * 200,
        "wk_b1_" + "0" * 49,  # the checksum of another
        "\ud800" + KEY,
    ],
)
def test_what_is_no_key_has_no_owner(text: str) -> None:
    assert owner(text) is None


def test_all_256_bits_of_the_secret_count() -> None:
    made = {make("b1", (1 << bit).to_bytes(32, "big")) for bit in range(256)}
    assert len(made) == 256
    assert {len(key) for key in made} == {len(KEY)}


@given(text=st.text())
def test_any_text_can_be_asked_for_its_owner_and_its_digest(text: str) -> None:
    assert owner(text) is None or text.startswith("wk_")
    assert len(digest("pepper", text)) == 64


def test_a_digest_depends_on_the_key_and_on_the_pepper() -> None:
    assert same(digest("p", KEY), digest("p", KEY))
    assert not same(digest("p", KEY), digest("q", KEY))
    assert not same(digest("p", KEY), digest("p", make("b1", bytes(32))))
    assert KEY not in digest("p", KEY)


@pytest.mark.parametrize("owner_id", ["a" * 65, "a" * 2049, ".a", "a b", "a/b", "a#b", "-"])
def test_whatever_cannot_be_an_id_owns_no_key(owner_id: str) -> None:
    assert owner(make(owner_id, ENTROPY)) is None, "it would be asked for in the store, which refuses such a key"

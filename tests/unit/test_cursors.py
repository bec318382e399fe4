"""Cursors: what was put in comes out, and anything else is refused."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import cursors
from chalicelib.domain.cursors import Cursors
from chalicelib.domain.errors import MalformedRequest

STATE = {"queue": {"S": "ready#0"}, "due_at": {"S": "2026-11-22T12:00:00.000Z"}}
CURSOR = Cursors("secret", "ready:b1").encode(STATE) or ""
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(state=values, purpose=st.text())
def test_what_was_put_in_comes_out(state: Any, purpose: str) -> None:
    made = Cursors("secret", purpose)
    cursor = made.encode(state)
    assert made.decode(cursor) == state
    assert cursor is None or cursor.replace("-", "").replace("_", "").isalnum(), "it goes into a URL as it is"


def test_nobody_reads_in_a_cursor_where_it_goes_on() -> None:
    assert not any(word in _bytes(CURSOR) for word in (b"ready", b"queue", b"2026", b"due_at"))
    longer = Cursors("secret", "ready:b1").encode([STATE] * 9) or ""
    assert b"queue" not in _bytes(longer)


def test_every_changed_letter_is_found() -> None:
    for place, right in enumerate(CURSOR):
        wrong = "B" if right == "A" else "A"
        damaged = CURSOR[:place] + wrong + CURSOR[place + 1 :]
        if _bytes(damaged) != _bytes(CURSOR):  # the last letter has bits that say nothing
            with pytest.raises(MalformedRequest):
                Cursors("secret", "ready:b1").decode(damaged)


def _bytes(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


@pytest.mark.parametrize(
    ("secret", "purpose"),
    [
        ("secret", "ready:b2"),  # another caller's list
        ("secret", "ready:b1:m1"),  # another filter
        ("secret", "sessions"),
        ("other", "ready:b1"),  # another deployment
    ],
)
def test_a_cursor_serves_the_list_that_it_was_made_for_only(secret: str, purpose: str) -> None:
    with pytest.raises(MalformedRequest, match="another list or filter"):
        Cursors(secret, purpose).decode(CURSOR)


@pytest.mark.parametrize("text", ["", "A", "AAAA", CURSOR[:-4], CURSOR + "AAAA", "!" * 20, "ü" * 8, CURSOR.swapcase()])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequest):
        Cursors("secret", "ready:b1").decode(text)


@given(text=st.text())
def test_any_text_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(MalformedRequest):
        Cursors("secret", "ready:b1").decode(text)


def test_the_keys_of_cursors_are_not_that_of_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cursors, "_key", lambda secret, _: secret.encode())
        forged = Cursors("secret", "ready:b1").encode(STATE)
    with pytest.raises(MalformedRequest):
        Cursors("secret", "ready:b1").decode(forged)
    keys = {cursors._key("secret", purpose) for purpose in (b"seal", b"hide")} | {b"secret"}
    assert len(keys) == 3

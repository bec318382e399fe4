"""Ids: those of the service sort by time, those of callers are checked."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import is_given_id, is_request_id, make

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@given(prefix=st.sampled_from(["acc", "ses", "asg", "evt"]), entropy=st.binary(min_size=10, max_size=10))
def test_an_id_of_the_service_may_be_given_back(prefix: str, entropy: bytes) -> None:
    made = make(prefix, NOW, entropy)
    assert made.startswith(f"{prefix}_01")
    assert is_given_id(made)
    assert len(made) == len(prefix) + 27


@given(
    milliseconds=st.integers(1, 10**12),
    one=st.binary(min_size=10, max_size=10),
    other=st.binary(min_size=10, max_size=10),
)
def test_ids_sort_by_the_time_that_made_them(milliseconds: int, one: bytes, other: bytes) -> None:
    later = NOW + timedelta(milliseconds=milliseconds)
    assert make("acc", NOW, one) < make("acc", later, other)


@given(one=st.binary(min_size=10, max_size=10), other=st.binary(min_size=10, max_size=10))
def test_ids_of_one_instant_differ_by_their_randomness(one: bytes, other: bytes) -> None:
    assert (make("acc", NOW, one) == make("acc", NOW, other)) is (one == other)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("a", True),
        ("acc_01J.x-Y", True),
        ("9" * 64, True),
        ("9" * 65, False),
        ("", False),
        ("_a", False),
        (".", False),
        ("..", False),
        ("-a", False),
        ("a b", False),
        ("a/b", False),
        ("a#b", False),
        ("a%2fb", False),
        ("a\n", False),
        ("a\0b", False),
        ("é", False),
        ("٣", False),
    ],
)
def test_a_given_id_is_letters_digits_and_a_little_more(text: str, right: bool) -> None:
    assert is_given_id(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("r", True),
        ("Root=1-67891233-abcdef012345678912345678", True),  # as a load balancer writes them
        ("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("two words", False),
        ("line\nbreak", False),
        ('"quoted"', False),
        ("=a", False),
    ],
)
def test_a_request_id_fits_into_a_header_and_a_log_line(text: str, right: bool) -> None:
    assert is_request_id(text) is right

"""Instants as text: UTC, milliseconds, sorted as the instants are."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.instants import parse, render, whole

instants = st.datetimes(timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 22, 20, 12, 53, tzinfo=UTC), "2026-11-22T20:12:53.000Z"),
        (datetime(2026, 11, 22, 20, 12, 53, 999_999, tzinfo=UTC), "2026-11-22T20:12:53.999Z"),  # cut, not rounded
        (datetime(2026, 11, 22, 22, 12, tzinfo=timezone(timedelta(hours=2))), "2026-11-22T20:12:00.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),  # four digits, or it would not sort nor be read
    ],
)
def test_an_instant_is_written_in_utc_with_milliseconds(instant: datetime, text: str) -> None:
    assert render(instant) == text


@given(instant=instants)
def test_what_was_written_is_read_back_to_the_millisecond(instant: datetime) -> None:
    assert parse(render(instant)) == whole(instant)


@given(one=instants, other=instants)
def test_texts_sort_as_the_instants_do(one: datetime, other: datetime) -> None:
    assert (render(one) < render(other)) is (whole(one) < whole(other))


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-22T20:00:00Z", 20),
        ("2026-11-22T20:00:00.5Z", 20),
        ("2026-11-22T20:00:00+02:00", 18),
        ("2026-11-22 20:00:00+00:00", 20),
    ],
)
def test_other_spellings_of_an_instant_are_read(text: str, hour: int) -> None:
    assert (parse(text).hour, parse(text).tzinfo) == (hour, UTC)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-11-22", "2026-11-22T20:00:00", "2026-13-01T00:00:00Z", "1764000000"]
)
def test_what_names_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)

"""What follows a failure: tried again, another item, or people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.phases import PhaseStatus, PhaseTransition
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.retries import (
    ReportKind,
    ReportOutcome,
    Verdict,
    after_leaving,
    after_report,
    content_delay,
    retry_delay,
    spread_of,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PLAN = replace(STANDARD, max_retries=3, max_crashes=3, max_replacements=3)
REVIEW = Verdict(ReportOutcome.REVIEW, PhaseTransition.ESCALATE, None)


def judged(kind: ReportKind, retries: int, replacements: int, at_least: timedelta = timedelta(0)) -> Verdict:
    """What a report leads to."""
    return after_report(
        kind, plan=PLAN, retries=retries, replacements=replacements, now=NOW, spread=0, at_least=at_least
    )


@pytest.mark.parametrize("replacements", range(5))
@pytest.mark.parametrize("retries", range(5))
@pytest.mark.parametrize("kind", ReportKind)
def test_every_kind_of_report_after_any_number_of_tries(kind: ReportKind, retries: int, replacements: int) -> None:
    verdict = judged(kind, retries, replacements)
    if kind is ReportKind.TRANSIENT and retries < 3:  # tried again, however often items were swapped
        delay = timedelta(minutes=5 * 2**retries)
        assert verdict == Verdict(ReportOutcome.RETRY, PhaseTransition.FAIL, NOW + delay)
    elif kind is ReportKind.CONTENT and replacements < 3:  # at once with another item, however often it was retried
        assert verdict == Verdict(ReportOutcome.REPLACE, PhaseTransition.REPLACE, NOW)
    else:  # used up; or the account is at fault, or it is fatal, or it may have happened
        assert verdict == REVIEW


@pytest.mark.parametrize("kind", [ReportKind.ACCOUNT, ReportKind.FATAL, ReportKind.UNKNOWN])
def test_what_may_have_happened_is_never_tried_again_by_the_service(kind: ReportKind) -> None:
    assert judged(kind, 0, 0, timedelta(hours=1)) == REVIEW


@pytest.mark.parametrize(
    ("retries", "minutes"),
    [(0, 5), (1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 320), (7, 360), (8, 360), (10_000, 360)],
)
def test_the_retry_delay_doubles_up_to_its_cap(retries: int, minutes: int) -> None:
    assert retry_delay(PLAN, retries, 0) == timedelta(minutes=minutes)


@given(retries=st.integers(0, 40), spread=st.floats(0, 1, exclude_max=True))
def test_the_spread_only_lengthens_and_by_half_at_most(retries: int, spread: float) -> None:
    base = retry_delay(PLAN, retries, 0)
    assert base <= retry_delay(PLAN, retries, spread) <= base * 1.5


@given(retries=st.integers(0, 40), spread=st.floats(0, 1, exclude_max=True))
def test_a_later_retry_waits_no_less_for_the_same_spread(retries: int, spread: float) -> None:
    assert retry_delay(PLAN, retries, spread) <= retry_delay(PLAN, retries + 1, spread)


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (timedelta(0), timedelta(minutes=5)),
        (timedelta(minutes=4), timedelta(minutes=5)),  # a bot cannot shorten
        (timedelta(hours=9), timedelta(hours=9)),  # but lengthen, beyond the cap too
    ],
)
def test_a_bot_can_only_lengthen_the_delay(asked: timedelta, waits: timedelta) -> None:
    assert judged(ReportKind.TRANSIENT, 0, 0, asked).available_at == NOW + waits


def test_a_bot_that_asks_for_a_delay_does_not_delay_another_item() -> None:
    assert judged(ReportKind.CONTENT, 0, 0, timedelta(hours=9)).available_at == NOW


@pytest.mark.parametrize(("misses", "minutes"), [(0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (10_000, 60)])
def test_the_wait_for_content_doubles_up_to_its_cap(misses: int, minutes: int) -> None:
    assert content_delay(PLAN, misses) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("status", "crashes", "releases", "expected"),
    [
        (PhaseStatus.IN_PROGRESS, 1, 0, PhaseStatus.CONTENT_ASSIGNED),
        (PhaseStatus.IN_PROGRESS, 2, 9, PhaseStatus.CONTENT_ASSIGNED),
        (PhaseStatus.CONTENT_ASSIGNED, 2, 9, PhaseStatus.CONTENT_ASSIGNED),  # it was taken, and not delivered again
        (PhaseStatus.AVAILABLE, 2, 9, PhaseStatus.AVAILABLE),  # nothing had been assigned
        (PhaseStatus.IN_PROGRESS, 3, 0, PhaseStatus.REQUIRES_REVIEW),  # the last crash that the plan allows
        (PhaseStatus.AVAILABLE, 4, 0, PhaseStatus.REQUIRES_REVIEW),
        (PhaseStatus.IN_PROGRESS, 0, 10, PhaseStatus.REQUIRES_REVIEW),  # the last release that the plan allows
        (PhaseStatus.CONTENT_ASSIGNED, 0, 11, PhaseStatus.REQUIRES_REVIEW),
    ],
)
def test_a_phase_goes_to_an_operator_when_workers_left_it_too_often(
    status: PhaseStatus, crashes: int, releases: int, expected: PhaseStatus
) -> None:
    assert after_leaving(PLAN, status, crashes=crashes, releases=releases) is expected


@given(words=st.lists(st.text() | st.integers(), max_size=4))
def test_the_spread_of_the_same_try_is_always_the_same_and_within_bounds(words: list[str | int]) -> None:
    assert 0 <= spread_of(*words) < 1
    assert spread_of(*words) == spread_of(*words)


def test_the_spreads_of_many_accounts_cover_the_whole_range() -> None:
    spreads = [spread_of(f"acc_{number}", "bio", 0) for number in range(1000)]
    tenths = [int(spread * 10) for spread in spreads]
    assert all(60 < tenths.count(tenth) < 140 for tenth in range(10))


def test_words_are_told_apart_where_they_meet() -> None:
    assert spread_of("a", "bc") != spread_of("ab", "c")

"""What a lease means at an instant, and what its token says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import AccountLeased, MalformedRequest
from chalicelib.domain.leases import (
    Ending,
    Lease,
    describe,
    has_run_out,
    is_live,
    make_token,
    may_still_tell,
    refuse_while_live,
    version_of,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
TOKEN = make_token(3, bytes(16))
LEASE = Lease(TOKEN, "ses_1", "b1", NOW, NOW + timedelta(minutes=15), "req_1")
UNTIL = LEASE.expires_at


@pytest.mark.parametrize(
    ("ended_by", "now", "live", "run_out"),
    [
        (None, NOW, True, False),  # just taken
        (None, UNTIL - MS, True, False),  # its last millisecond
        (None, UNTIL, False, True),  # it ends at the instant that it names
        (None, UNTIL + timedelta(days=30), False, True),  # nobody has said so yet
        *((ending, now, False, False) for ending in Ending for now in (NOW, UNTIL)),  # somebody has said how
    ],
)
def test_a_lease_is_live_until_its_instant_and_runs_out_then(
    ended_by: Ending | None, now: datetime, live: bool, run_out: bool
) -> None:
    lease = replace(LEASE, ended_by=ended_by)
    assert (is_live(lease, now), has_run_out(lease, now)) == (live, run_out)


def test_no_lease_is_neither_live_nor_run_out() -> None:
    assert not is_live(None, NOW)
    assert not has_run_out(None, NOW)


@pytest.mark.parametrize(
    ("ended_by", "may"),
    [
        (None, True),  # it holds, or is late and nobody has looked
        (Ending.EXPIRED, True),  # only time has ended it
        (Ending.COMPLETED, False),
        (Ending.REPORTED, False),
        (Ending.RELEASED, False),
        (Ending.REVOKED, False),  # an operator has moved on
    ],
)
def test_a_holder_may_still_tell_while_only_time_has_ended_its_lease(ended_by: Ending | None, may: bool) -> None:
    assert may_still_tell(replace(LEASE, ended_by=ended_by), TOKEN) is may


def test_another_token_may_tell_nothing() -> None:
    assert not may_still_tell(LEASE, make_token(4, bytes(16)))
    assert not may_still_tell(None, TOKEN)


@given(version=st.integers(1, 10**15 - 1), entropy=st.binary(min_size=16, max_size=16))
def test_a_token_names_the_version_that_took_it(version: int, entropy: bytes) -> None:
    assert version_of(make_token(version, entropy)) == version


@given(one=st.binary(min_size=16, max_size=16), other=st.binary(min_size=16, max_size=16))
def test_tokens_of_different_randomness_differ(one: bytes, other: bytes) -> None:
    assert (make_token(1, one) == make_token(1, other)) is (one == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lt_",
        "lt_1_",
        "lt_1_" + "0" * 31,  # too short
        "lt_1_" + "0" * 33,  # too long
        "lt_1_" + "A" * 32,  # capitals
        "lt_٣_" + "0" * 32,  # digits, but not ours
        "lt_1234567890123456_" + "0" * 32,  # a version that no account reaches
        "lt_-1_" + "0" * 32,
        "lt_1_" + "0" * 32 + "\n",
        " " + TOKEN,
        "wk_b1_" + "0" * 49,
    ],
)
def test_what_is_no_token_is_refused_as_malformed(text: str) -> None:
    with pytest.raises(MalformedRequest):
        version_of(text)


def test_others_are_told_who_holds_it_until_when_and_never_the_token() -> None:
    told = describe(LEASE)
    assert told == {"session_id": "ses_1", "bot_id": "b1", "expires_at": UNTIL}
    assert TOKEN not in str(told)


@pytest.mark.parametrize(
    ("left", "wait"),
    [
        (timedelta(minutes=15), 901),
        (timedelta(seconds=1), 2),
        (MS, 1),  # never zero: that would be a busy loop
    ],
)
def test_a_live_lease_refuses_and_says_when_to_come_again(left: timedelta, wait: int) -> None:
    with pytest.raises(AccountLeased) as refused:
        refuse_while_live(LEASE, UNTIL - left)
    assert refused.value.members == {"lease": describe(LEASE), "retry_after_seconds": wait}
    assert refused.value.retryable


@pytest.mark.parametrize("lease", [None, replace(LEASE, ended_by=Ending.COMPLETED)])
def test_without_a_live_lease_nothing_is_refused(lease: Lease | None) -> None:
    refuse_while_live(lease, NOW)
    refuse_while_live(LEASE, UNTIL)

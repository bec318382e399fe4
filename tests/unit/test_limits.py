"""Token buckets: so many requests at once, then so many a second; and who counts as one caller."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib import context
from chalicelib.domain.limits import ANONYMOUS, FAILED, Bucket, Rate, take
from chalicelib.edge import throttle
from chalicelib.edge.throttle import source_of

RATE = Rate(burst=3, per_second=0.5)


def test_a_burst_is_let_through_and_then_one_for_each_two_seconds() -> None:
    bucket: Bucket | None = None
    answers = []
    for at in (0, 0, 0, 0, 1, 2, 2, 100, 100, 100, 100):
        bucket, wait = take(bucket, RATE, at)
        answers.append(wait)
    assert answers == [0, 0, 0, 2, 1, 0, 2, 0, 0, 0, 2]


@example([6.2456577082410165, 0, 0, 0], RATE)
@given(st.lists(st.floats(min_value=0, max_value=50), max_size=80), st.sampled_from([RATE, FAILED, ANONYMOUS]))
def test_never_more_than_the_burst_and_what_the_time_allows(pauses: list[float], rate: Rate) -> None:
    bucket: Bucket | None = None
    now, passed = 0.0, 0
    for pause in pauses:
        now += pause
        bucket, wait = take(bucket, rate, now)
        passed += wait == 0
        assert wait == 0 or take(bucket, rate, now + wait)[1] == 0, "who waits as long as it was told is let through"
    assert passed <= rate.burst + now * rate.per_second + 1e-6


def test_the_memory_is_bounded_and_forgets_whoever_was_silent_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context.sources, "monotonic", lambda: 0.0)
    addresses = throttle._Addresses(Rate(burst=1, per_second=1))
    assert addresses.take("first") == 0 and addresses.take("first") == 1
    for number in range(throttle.MOST_ADDRESSES + 500):
        addresses.take(f"a{number}")
    assert len(addresses) == throttle.MOST_ADDRESSES
    assert addresses.take("a1000") == 1, "the latest are known"
    assert addresses.take("first") == 0, "it was forgotten"


@pytest.mark.parametrize(
    ("identity", "source"),
    [
        ({"sourceIp": "203.0.113.7"}, "203.0.113.7"),
        ({"sourceIp": "2001:db8:1:2:aaaa::1"}, "2001:db8:1:2::/64"),  # its whole network is one caller
        ({"sourceIp": "2001:db8:1:2:bbbb::9"}, "2001:db8:1:2::/64"),
        ({"sourceIp": "127.0.0.1"}, None),  # a developer's own machine
        ({"sourceIp": "::1"}, None),
        ({"sourceIp": "nonsense"}, None),
        ({"sourceIp": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_source_is_what_the_gateway_saw(identity: object, source: str | None) -> None:
    assert source_of({"identity": identity}) == source
    assert source_of({}) is None

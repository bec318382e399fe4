"""When an account falls due, and in which queue it waits."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.consents import GIVEN, WITHDRAWN, Consent
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.timing import Due, DueQueue, next_due, seconds_to_wait, shard_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EARLIER, LATER, LATEST = NOW - timedelta(hours=1), NOW + timedelta(hours=1), NOW + timedelta(hours=9)
HELD = Lease("lt_1_0", "ses_1", "b1", EARLIER, LATER, "req_1")
RUN_OUT = replace(HELD, expires_at=EARLIER)
OVER = replace(HELD, ended_by=Ending.COMPLETED, ended_at=EARLIER)


@dataclass(frozen=True)
class Account:
    """What the rule reads."""

    state: AccountState = AccountState.WARMING_UP
    lease: Lease | None = None
    ready_at: datetime | None = None
    content_due_at: datetime | None = None
    needs_review: bool = False
    consent: Consent = GIVEN


@dataclass
class Phase:
    """What the rule reads."""

    status: PhaseStatus
    available_at: datetime | None = None


def ready(at: datetime) -> Due:
    """It can be taken as it is."""
    return Due(DueQueue.READY, at)


def timer(at: datetime) -> Due:
    """Something must happen first."""
    return Due(DueQueue.TIMER, at)


def leased(at: datetime) -> Due:
    """Somebody holds it until then."""
    return Due(DueQueue.LEASED, at)


@pytest.mark.parametrize(
    ("account", "phase", "expected"),
    [
        # without the owner's consent nothing waits, but for the end of a lease
        (Account(AccountState.READY, ready_at=EARLIER, consent=WITHDRAWN), None, None),
        (Account(consent=Consent(valid_until=EARLIER)), Phase(PhaseStatus.AVAILABLE, EARLIER), None),
        (Account(consent=Consent(valid_until=LATER)), Phase(PhaseStatus.PENDING, LATEST), None),
        (Account(consent=Consent(valid_until=LATER)), Phase(PhaseStatus.PENDING, LATER), timer(LATER)),
        (Account(lease=RUN_OUT, consent=WITHDRAWN), Phase(PhaseStatus.IN_PROGRESS), leased(EARLIER)),
        # before the start and after the last phase no phase tells
        (Account(AccountState.READY, ready_at=EARLIER), None, ready(EARLIER)),
        (Account(AccountState.READY), None, ready(NOW)),
        (Account(ready_at=EARLIER), None, ready(EARLIER)),
        # a phase tells by its status
        (Account(), Phase(PhaseStatus.PENDING, LATER), timer(LATER)),
        (Account(), Phase(PhaseStatus.PENDING, EARLIER), timer(EARLIER)),
        (Account(), Phase(PhaseStatus.FAILED, LATER), timer(LATER)),
        (Account(), Phase(PhaseStatus.AVAILABLE, EARLIER), ready(EARLIER)),
        (Account(), Phase(PhaseStatus.AVAILABLE), ready(NOW)),
        (Account(), Phase(PhaseStatus.CONTENT_ASSIGNED, EARLIER), ready(EARLIER)),
        # what waits for people, or for nobody, is in no queue
        (Account(), Phase(PhaseStatus.REQUIRES_REVIEW, EARLIER), None),
        (Account(), Phase(PhaseStatus.COMPLETED, EARLIER), None),
        (Account(), Phase(PhaseStatus.IN_PROGRESS, EARLIER), None),
        # a pool that had nothing is asked again later
        (Account(content_due_at=LATER), Phase(PhaseStatus.AVAILABLE, EARLIER), timer(LATER)),
        # a lease that nobody has ended falls due when it runs out, whatever the phase says
        (Account(lease=HELD), Phase(PhaseStatus.IN_PROGRESS, EARLIER), leased(LATER)),
        (Account(lease=HELD, content_due_at=LATEST), Phase(PhaseStatus.AVAILABLE, EARLIER), leased(LATER)),
        (Account(lease=RUN_OUT), Phase(PhaseStatus.IN_PROGRESS, EARLIER), leased(EARLIER)),
        (Account(AccountState.READY, lease=HELD), None, leased(LATER)),
        (Account(lease=HELD, ready_at=EARLIER), None, leased(LATER)),
        # an ended one says nothing
        (Account(lease=OVER), Phase(PhaseStatus.PENDING, LATEST), timer(LATEST)),
        (Account(AccountState.READY, lease=OVER, ready_at=EARLIER), None, ready(EARLIER)),
    ],
)
def test_an_account_falls_due(account: Account, phase: Phase | None, expected: Due | None) -> None:
    assert next_due(account, phase, NOW) == expected


@pytest.mark.parametrize("state", [AccountState.IMPORTED, AccountState.ACTIVE, AccountState.RETIRED])
def test_an_account_that_nobody_works_on_waits_for_nothing(state: AccountState) -> None:
    phases = [None, *(Phase(status, EARLIER) for status in PhaseStatus)]
    for phase, lease, content_due_at in product(phases, (None, HELD, RUN_OUT, OVER), (None, LATER)):
        assert next_due(Account(state, lease, EARLIER, content_due_at), phase, NOW) is None


def test_a_paused_account_waits_only_for_the_end_of_its_lease() -> None:
    for phase, lease in product([None, *map(Phase, PhaseStatus)], (None, HELD, RUN_OUT, OVER)):
        expected = leased(lease.expires_at) if lease in (HELD, RUN_OUT) and lease is not None else None
        assert next_due(Account(AccountState.PAUSED, lease, EARLIER), phase, NOW) == expected


def test_the_rule_is_total() -> None:
    phases = [None, *(Phase(status, at) for status in PhaseStatus for at in (None, EARLIER, LATER))]
    leases, instants = (None, HELD, RUN_OUT, OVER), (None, EARLIER, LATER)
    for state, phase, lease, at in product(AccountState, phases, leases, instants):
        due = next_due(Account(state, lease, at, at), phase, NOW)
        assert due is None or due.queue in DueQueue
        if due is not None and due.queue is DueQueue.READY:
            assert lease in (None, OVER), "what is held is never offered as it is"


def test_one_shard_holds_everything() -> None:
    assert {shard_of(f"acc_{number}", 1) for number in range(100)} == {0}


def test_shards_are_used_alike_and_an_account_keeps_its_own() -> None:
    shards = Counter(shard_of(f"acc_{number}", 4) for number in range(4000))
    assert set(shards) == {0, 1, 2, 3}
    assert all(800 < count < 1200 for count in shards.values())
    assert shard_of("acc_7", 4) == shard_of("acc_7", 4)


@pytest.mark.parametrize(
    ("next_due", "spread", "expected"),
    [
        (None, 0.0, 60),  # nothing is scheduled: new work may come
        (None, 0.99, 90),  # the jitter is half of the wait at most
        (timedelta(hours=24), 0.0, 60),  # never longer than without anything scheduled
        (timedelta(seconds=30), 0.0, 30),
        (timedelta(seconds=30), 0.5, 38),
        (timedelta(milliseconds=1), 0.0, 1),  # never shorter than a second
        (timedelta(0), 0.9, 2),
        (timedelta(hours=-1), 0.0, 1),  # due, but not reached by this call
    ],
)
def test_the_wait_of_a_caller_that_got_nothing(next_due: timedelta | None, spread: float, expected: int) -> None:
    assert seconds_to_wait(None if next_due is None else NOW + next_due, NOW, spread) == expected

"""Why an account is not handed out, for every state of things; and the error that a taker gets."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.accounts import State
from chalicelib.domain.blockers import Blocker, Code, blockers, refuse
from chalicelib.domain.errors import (
    AccountLeased,
    AccountNotReady,
    AccountPaused,
    ConsentMissing,
    ContentUnavailable,
    PhaseNotAvailable,
    ServiceError,
)
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import Status

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
HELD = Lease("lt_1_0", "ses_1", "b1", EARLIER, LATER, "req_1")


@dataclass(frozen=True)
class Account:
    """What the rule reads."""

    state: State = State.WARMING_UP
    lease: Lease | None = None
    has_consent: bool = True
    content_due_at: datetime | None = None
    model_id: str = "m1"
    needs_review: bool = False


@dataclass
class Phase:
    """What the rule reads."""

    status: Status = Status.AVAILABLE
    available_at: datetime | None = EARLIER
    phase: str = "bio"
    error_message: str | None = "the app was slow"


@dataclass(frozen=True)
class Pauses:
    """What is paused."""

    pipeline_paused: bool = False
    paused_models: frozenset[str] = field(default_factory=frozenset)


NOTHING_PAUSED = Pauses()
ALL_PAUSED = Pauses(pipeline_paused=True)
READY = Account(State.READY)


@pytest.mark.parametrize(
    ("account", "phase", "pauses", "expected"),
    [
        # nothing stands in the way
        (READY, None, NOTHING_PAUSED, []),
        (Account(), None, NOTHING_PAUSED, []),  # behind the last phase
        (Account(), Phase(), NOTHING_PAUSED, []),
        (Account(), Phase(Status.CONTENT_ASSIGNED), NOTHING_PAUSED, []),
        (Account(), Phase(Status.PENDING, EARLIER), NOTHING_PAUSED, []),  # due, whether or not a timer ran
        (Account(), Phase(Status.PENDING, NOW), NOTHING_PAUSED, []),  # due at the instant itself
        (Account(), Phase(Status.FAILED, NOW), NOTHING_PAUSED, []),
        (Account(content_due_at=NOW), Phase(), NOTHING_PAUSED, []),
        # the account's state
        (Account(State.IMPORTED), None, NOTHING_PAUSED, [Code.NOT_READY]),
        (Account(State.IMPORTED, has_consent=False), None, NOTHING_PAUSED, [Code.CONSENT_MISSING, Code.NOT_READY]),
        (replace(READY, has_consent=False), None, NOTHING_PAUSED, [Code.CONSENT_MISSING]),
        (Account(State.PAUSED), Phase(), NOTHING_PAUSED, [Code.PAUSED]),
        (Account(State.PAUSED), Phase(Status.PENDING, LATER), NOTHING_PAUSED, [Code.PAUSED, Code.INTERVAL]),
        (Account(State.ACTIVE), None, NOTHING_PAUSED, [Code.FINISHED]),
        (Account(State.RETIRED), Phase(), NOTHING_PAUSED, [Code.RETIRED]),
        # a lease: while it is live, and not a millisecond longer
        (Account(lease=HELD), Phase(Status.IN_PROGRESS), NOTHING_PAUSED, [Code.LEASED]),
        (replace(READY, lease=HELD), None, NOTHING_PAUSED, [Code.LEASED]),
        (Account(lease=replace(HELD, expires_at=NOW)), Phase(Status.IN_PROGRESS), NOTHING_PAUSED, []),
        (Account(lease=replace(HELD, ended_by=Ending.RELEASED)), Phase(), NOTHING_PAUSED, []),
        # the phase
        (Account(), Phase(Status.PENDING, LATER), NOTHING_PAUSED, [Code.INTERVAL]),
        (Account(), Phase(Status.FAILED, LATER), NOTHING_PAUSED, [Code.RETRY_DELAY]),
        (Account(), Phase(Status.REQUIRES_REVIEW), NOTHING_PAUSED, [Code.REVIEW]),
        (Account(content_due_at=LATER), Phase(), NOTHING_PAUSED, [Code.CONTENT_UNAVAILABLE]),
        # what is paused above
        (READY, None, ALL_PAUSED, [Code.PAUSED]),
        (READY, None, Pauses(paused_models=frozenset({"m1"})), [Code.PAUSED]),
        (READY, None, Pauses(paused_models=frozenset({"m2"})), []),
        (READY, None, Pauses(True, frozenset({"m1"})), [Code.PAUSED, Code.PAUSED]),
        # everything at once is told at once
        (Account(), Phase(Status.PENDING, LATER), ALL_PAUSED, [Code.PAUSED, Code.INTERVAL]),
    ],
)
def test_what_stands_in_the_way(account: Account, phase: Phase | None, pauses: Pauses, expected: list[Code]) -> None:
    assert [one.code for one in blockers(account, phase, pauses, NOW)] == expected


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("status", [None, *Status])
def test_every_state_of_things_has_an_answer_in_words(state: State, status: Status | None) -> None:
    phase = None if status is None else Phase(status, LATER)
    for lease in (None, HELD):
        for found in blockers(Account(state, lease, False, LATER), phase, ALL_PAUSED, NOW):
            assert found.detail
            assert found.until in (None, LATER)


@pytest.mark.parametrize(
    ("account", "phase", "until"),
    [
        (Account(lease=HELD), Phase(), LATER),
        (Account(), Phase(Status.PENDING, LATER), LATER),
        (Account(), Phase(Status.FAILED, LATER), LATER),
        (Account(content_due_at=LATER), Phase(), LATER),
        (Account(), Phase(Status.REQUIRES_REVIEW, LATER), None),  # time alone does not clear it
        (Account(State.PAUSED), None, None),
    ],
)
def test_what_time_alone_clears_says_until_when(account: Account, phase: Phase | None, until: datetime | None) -> None:
    assert [one.until for one in blockers(account, phase, NOTHING_PAUSED, NOW)] == [until]


ERRORS: dict[Code, type[ServiceError]] = {
    Code.PAUSED: AccountPaused,
    Code.LEASED: AccountLeased,
    Code.INTERVAL: PhaseNotAvailable,
    Code.RETRY_DELAY: PhaseNotAvailable,
    Code.REVIEW: PhaseNotAvailable,
    Code.CONSENT_MISSING: ConsentMissing,
    Code.CONTENT_UNAVAILABLE: ContentUnavailable,
    Code.NOT_READY: AccountNotReady,
    Code.FINISHED: AccountNotReady,
    Code.RETIRED: AccountNotReady,
}


@pytest.mark.parametrize("code", Code)
def test_a_taker_gets_the_first_blocker_as_its_error(code: Code) -> None:
    found = [Blocker(code, LATER, detail="something stands there"), Blocker(Code.NOT_READY, detail="something else")]
    with pytest.raises(ERRORS[code]) as refused:
        refuse(Account(lease=HELD if code is Code.LEASED else None), found, NOW)
    if code in (Code.INTERVAL, Code.RETRY_DELAY, Code.CONTENT_UNAVAILABLE):
        assert refused.value.members["available_at"] == LATER
    if code is Code.LEASED:
        assert refused.value.members["lease"] == {"session_id": "ses_1", "bot_id": "b1", "expires_at": LATER}
    if code is not Code.CONSENT_MISSING:
        assert "omething stands there" in refused.value.detail or code is Code.LEASED


def test_review_is_not_worth_asking_again() -> None:
    with pytest.raises(PhaseNotAvailable) as refused:
        refuse(Account(), [Blocker(Code.REVIEW, detail="an operator must decide")], NOW)
    assert not refused.value.retryable

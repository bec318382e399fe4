"""Why an account is not handed out, for every state of things; and the error that a taker gets."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.blockers import Blocker, BlockerCode, blockers, refuse
from chalicelib.domain.consents import GIVEN, MISSING, WITHDRAWN, Consent
from chalicelib.domain.errors import (
    AccountLeased,
    AccountNotReady,
    AccountPaused,
    ConsentExpired,
    ConsentMissing,
    ConsentWithdrawn,
    ContentUnavailable,
    ModelBusy,
    PhaseNotAvailable,
    ServiceError,
)
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import PhaseStatus

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
HELD = Lease("lt_1_0", "ses_1", "b1", EARLIER, LATER, "req_1")


@dataclass(frozen=True)
class Account:
    """What the rule reads."""

    state: AccountState = AccountState.WARMING_UP
    lease: Lease | None = None
    ready_at: datetime | None = None
    content_due_at: datetime | None = None
    model_id: str = "m1"
    needs_review: bool = False
    consent: Consent = GIVEN


@dataclass
class Phase:
    """What the rule reads."""

    status: PhaseStatus = PhaseStatus.AVAILABLE
    available_at: datetime | None = EARLIER
    phase: str = "bio"
    error_code: str | None = "slow"


@dataclass(frozen=True)
class Pauses:
    """What is paused."""

    pipeline_paused: bool = False
    paused_models: frozenset[str] = field(default_factory=frozenset)
    busy_models: frozenset[str] = field(default_factory=frozenset)


NOTHING_PAUSED = Pauses()
ALL_PAUSED = Pauses(pipeline_paused=True)
READY = Account(AccountState.READY)


@pytest.mark.parametrize(
    ("account", "phase", "pauses", "expected"),
    [
        # nothing stands in the way
        (READY, None, NOTHING_PAUSED, []),
        (Account(), None, NOTHING_PAUSED, []),  # behind the last phase
        (Account(), Phase(), NOTHING_PAUSED, []),
        (Account(), Phase(PhaseStatus.CONTENT_ASSIGNED), NOTHING_PAUSED, []),
        (Account(), Phase(PhaseStatus.PENDING, EARLIER), NOTHING_PAUSED, []),  # due, whether or not a timer ran
        (Account(), Phase(PhaseStatus.PENDING, NOW), NOTHING_PAUSED, []),  # due at the instant itself
        (Account(), Phase(PhaseStatus.FAILED, NOW), NOTHING_PAUSED, []),
        (Account(content_due_at=NOW), Phase(), NOTHING_PAUSED, []),
        # the account's state
        (Account(AccountState.IMPORTED), None, NOTHING_PAUSED, [BlockerCode.NOT_READY]),
        (
            Account(AccountState.IMPORTED, consent=MISSING),
            None,
            NOTHING_PAUSED,
            [BlockerCode.CONSENT_MISSING, BlockerCode.NOT_READY],
        ),
        (replace(READY, consent=MISSING), None, NOTHING_PAUSED, [BlockerCode.CONSENT_MISSING]),
        (replace(READY, consent=WITHDRAWN), None, NOTHING_PAUSED, [BlockerCode.CONSENT_WITHDRAWN]),
        (replace(READY, consent=Consent(valid_until=EARLIER)), None, NOTHING_PAUSED, [BlockerCode.CONSENT_EXPIRED]),
        # until then it holds, that instant included
        (replace(READY, consent=Consent(valid_until=NOW)), None, NOTHING_PAUSED, []),
        (
            Account(AccountState.PAUSED, consent=WITHDRAWN),
            None,
            NOTHING_PAUSED,
            [BlockerCode.CONSENT_WITHDRAWN, BlockerCode.PAUSED],
        ),
        # nothing is left to do
        (Account(AccountState.ACTIVE, consent=WITHDRAWN), None, NOTHING_PAUSED, [BlockerCode.FINISHED]),
        (READY, None, Pauses(busy_models=frozenset({"m1"})), [BlockerCode.MODEL_BUSY]),
        (READY, None, Pauses(busy_models=frozenset({"m2"})), []),
        (Account(AccountState.PAUSED), Phase(), NOTHING_PAUSED, [BlockerCode.PAUSED]),
        (
            Account(AccountState.PAUSED),
            Phase(PhaseStatus.PENDING, LATER),
            NOTHING_PAUSED,
            [BlockerCode.PAUSED, BlockerCode.INTERVAL],
        ),
        (Account(AccountState.ACTIVE), None, NOTHING_PAUSED, [BlockerCode.FINISHED]),
        (Account(AccountState.RETIRED), Phase(), NOTHING_PAUSED, [BlockerCode.RETIRED]),
        # a lease: while it is live, and not a millisecond longer
        (Account(lease=HELD), Phase(PhaseStatus.IN_PROGRESS), NOTHING_PAUSED, [BlockerCode.LEASED]),
        (replace(READY, lease=HELD), None, NOTHING_PAUSED, [BlockerCode.LEASED]),
        (Account(lease=replace(HELD, expires_at=NOW)), Phase(PhaseStatus.IN_PROGRESS), NOTHING_PAUSED, []),
        (Account(lease=replace(HELD, ended_by=Ending.RELEASED)), Phase(), NOTHING_PAUSED, []),
        # the phase
        (Account(), Phase(PhaseStatus.PENDING, LATER), NOTHING_PAUSED, [BlockerCode.INTERVAL]),
        (Account(), Phase(PhaseStatus.FAILED, LATER), NOTHING_PAUSED, [BlockerCode.RETRY_DELAY]),
        (Account(), Phase(PhaseStatus.REQUIRES_REVIEW), NOTHING_PAUSED, [BlockerCode.REVIEW]),
        (Account(content_due_at=LATER), Phase(), NOTHING_PAUSED, [BlockerCode.CONTENT_UNAVAILABLE]),
        # what is paused above
        (READY, None, ALL_PAUSED, [BlockerCode.PAUSED]),
        (READY, None, Pauses(paused_models=frozenset({"m1"})), [BlockerCode.PAUSED]),
        (READY, None, Pauses(paused_models=frozenset({"m2"})), []),
        (READY, None, Pauses(True, frozenset({"m1"})), [BlockerCode.PAUSED, BlockerCode.PAUSED]),
        # everything at once is told at once
        (Account(), Phase(PhaseStatus.PENDING, LATER), ALL_PAUSED, [BlockerCode.PAUSED, BlockerCode.INTERVAL]),
    ],
)
def test_what_stands_in_the_way(
    account: Account, phase: Phase | None, pauses: Pauses, expected: list[BlockerCode]
) -> None:
    assert [one.code for one in blockers(account, phase, pauses, NOW)] == expected


@pytest.mark.parametrize("state", AccountState)
@pytest.mark.parametrize("status", [None, *PhaseStatus])
def test_every_state_of_things_has_an_answer_in_words(state: AccountState, status: PhaseStatus | None) -> None:
    phase = None if status is None else Phase(status, LATER)
    for lease in (None, HELD):
        for found in blockers(Account(state, lease, LATER), phase, ALL_PAUSED, NOW):
            assert found.detail
            assert found.until in (None, LATER)


@pytest.mark.parametrize(
    ("account", "phase", "until"),
    [
        (Account(lease=HELD), Phase(), LATER),
        (Account(), Phase(PhaseStatus.PENDING, LATER), LATER),
        (Account(), Phase(PhaseStatus.FAILED, LATER), LATER),
        (Account(content_due_at=LATER), Phase(), LATER),
        (Account(), Phase(PhaseStatus.REQUIRES_REVIEW, LATER), None),  # time alone does not clear it
        (Account(AccountState.PAUSED), None, None),
    ],
)
def test_what_time_alone_clears_says_until_when(account: Account, phase: Phase | None, until: datetime | None) -> None:
    assert [one.until for one in blockers(account, phase, NOTHING_PAUSED, NOW)] == [until]


ERRORS: dict[BlockerCode, type[ServiceError]] = {
    BlockerCode.PAUSED: AccountPaused,
    BlockerCode.LEASED: AccountLeased,
    BlockerCode.INTERVAL: PhaseNotAvailable,
    BlockerCode.RETRY_DELAY: PhaseNotAvailable,
    BlockerCode.REVIEW: PhaseNotAvailable,
    BlockerCode.CONSENT_MISSING: ConsentMissing,
    BlockerCode.CONSENT_WITHDRAWN: ConsentWithdrawn,
    BlockerCode.CONSENT_EXPIRED: ConsentExpired,
    BlockerCode.MODEL_BUSY: ModelBusy,
    BlockerCode.CONTENT_UNAVAILABLE: ContentUnavailable,
    BlockerCode.NOT_READY: AccountNotReady,
    BlockerCode.FINISHED: AccountNotReady,
    BlockerCode.RETIRED: AccountNotReady,
}


@pytest.mark.parametrize("code", BlockerCode)
def test_a_taker_gets_the_first_blocker_as_its_error(code: BlockerCode) -> None:
    found = [
        Blocker(code, LATER, detail="something stands there"),
        Blocker(BlockerCode.NOT_READY, detail="something else"),
    ]
    with pytest.raises(ERRORS[code]) as refused:
        refuse(Account(lease=HELD if code is BlockerCode.LEASED else None), found, NOW)
    if code in (BlockerCode.INTERVAL, BlockerCode.RETRY_DELAY, BlockerCode.CONTENT_UNAVAILABLE):
        assert refused.value.members["available_at"] == LATER
    if code is BlockerCode.LEASED:
        assert refused.value.members["lease"] == {"session_id": "ses_1", "bot_id": "b1", "expires_at": LATER}
    if not code.startswith("consent_"):
        assert "omething stands there" in refused.value.detail or code is BlockerCode.LEASED


def test_review_is_not_worth_asking_again() -> None:
    with pytest.raises(PhaseNotAvailable) as refused:
        refuse(Account(), [Blocker(BlockerCode.REVIEW, detail="an operator must decide")], NOW)
    assert not refused.value.retryable

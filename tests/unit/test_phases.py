"""The moves of a phase, every status with every move."""

from itertools import product

import pytest

from chalicelib.domain.errors import InvalidTransition
from chalicelib.domain.phases import (
    ATTENTION,
    TRANSITIONS,
    PhaseStatus,
    PhaseTransition,
    after,
)
from chalicelib.domain.plans import STANDARD

P, A, C, W, D, F, R = (
    PhaseStatus.PENDING,
    PhaseStatus.AVAILABLE,
    PhaseStatus.CONTENT_ASSIGNED,
    PhaseStatus.IN_PROGRESS,
    PhaseStatus.COMPLETED,
    PhaseStatus.FAILED,
    PhaseStatus.REQUIRES_REVIEW,
)

LEGAL: dict[tuple[PhaseStatus, PhaseTransition], tuple[PhaseStatus, ...]] = {
    # time, or a taker in time's stead
    (P, PhaseTransition.OPEN): (A,),
    (F, PhaseTransition.REOPEN): (C, A),  # with the items that are assigned, or without: they were at fault
    (A, PhaseTransition.EXPIRE): (
        A,
        R,
    ),  # whatever the step of its worker was; with the last crash an operator must decide
    (C, PhaseTransition.EXPIRE): (C, R),
    (W, PhaseTransition.EXPIRE): (C, R),
    # a taker
    (A, PhaseTransition.ASSIGN): (C,),
    (C, PhaseTransition.DELIVER): (W,),
    # an operator changes what is assigned
    (C, PhaseTransition.ASSIGN): (C,),
    (C, PhaseTransition.UNASSIGN): (A,),
    # the holder
    (W, PhaseTransition.COMPLETE): (D,),
    (W, PhaseTransition.FAIL): (F,),
    (W, PhaseTransition.REPLACE): (A,),
    (W, PhaseTransition.ESCALATE): (R,),
    (A, PhaseTransition.RELEASE): (A, R),  # with the last release, too
    (C, PhaseTransition.RELEASE): (C, R),
    (W, PhaseTransition.RELEASE): (C, R),
    # the holder that is late: a timer has taken its lease in between, nobody has taken the account
    (C, PhaseTransition.COMPLETE): (D,),
    (C, PhaseTransition.FAIL): (F,),
    (C, PhaseTransition.REPLACE): (A,),
    (C, PhaseTransition.ESCALATE): (R,),
    (R, PhaseTransition.COMPLETE): (D,),
    # people
    (F, PhaseTransition.RETRY): (C, A),
    (R, PhaseTransition.RETRY): (C, A),
    (F, PhaseTransition.RESOLVE): (D,),
    (R, PhaseTransition.RESOLVE): (D,),
    # another plan has another interval
    (P, PhaseTransition.MIGRATE): (P, A),
    (A, PhaseTransition.MIGRATE): (P, A),
    (F, PhaseTransition.MIGRATE): (F,),
    # anything but what is completed can be skipped
    (P, PhaseTransition.SKIP): (D,),
    (A, PhaseTransition.SKIP): (D,),
    (C, PhaseTransition.SKIP): (D,),
    (W, PhaseTransition.SKIP): (D,),
    (F, PhaseTransition.SKIP): (D,),
    (R, PhaseTransition.SKIP): (D,),
}


@pytest.mark.parametrize("move", PhaseTransition)
@pytest.mark.parametrize("status", PhaseStatus)
def test_a_move_leads_where_the_contract_says_or_is_refused(status: PhaseStatus, move: PhaseTransition) -> None:
    targets = LEGAL.get((status, move), ())
    if targets:
        assert after(status, move) is targets[0]
    else:
        with pytest.raises(InvalidTransition) as refused:
            after(status, move)
        assert refused.value.members["state"] == status
        assert refused.value.members["possible_transitions"] == sorted(m for s, m in LEGAL if s is status)


@pytest.mark.parametrize("status", PhaseStatus)
def test_only_a_target_of_the_table_can_be_chosen(status: PhaseStatus) -> None:
    for move, to in product(PhaseTransition, PhaseStatus):
        if to in LEGAL.get((status, move), ()):
            assert after(status, move, to) is to
        else:
            with pytest.raises(InvalidTransition):
                after(status, move, to)


def test_every_status_is_a_key_and_completed_is_the_only_end() -> None:
    assert set(TRANSITIONS) == set(PhaseStatus)
    assert [status for status in PhaseStatus if not TRANSITIONS[status]] == [D]


def test_every_status_can_be_reached_from_pending() -> None:
    reached, found = {P}, {P}
    while found:
        found = {to for (status, _), targets in LEGAL.items() if status in found for to in targets} - reached
        reached |= found
    assert reached == set(PhaseStatus)


def test_people_look_at_what_failed_or_needs_review() -> None:
    assert set(ATTENTION) == {F, R}


def test_the_order_is_the_contracts() -> None:
    assert STANDARD.order == ("pfp", "bio", "post", "highlight", "story")

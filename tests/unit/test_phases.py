"""The moves of a phase, every status with every move."""

from itertools import product

import pytest

from chalicelib.domain.errors import IllegalMove
from chalicelib.domain.phases import ATTENTION, MOVES, ORDER, Move, PhaseName, Status, after, following

P, A, C, W, D, F, R = (
    Status.PENDING,
    Status.AVAILABLE,
    Status.CONTENT_ASSIGNED,
    Status.IN_PROGRESS,
    Status.COMPLETED,
    Status.FAILED,
    Status.REQUIRES_REVIEW,
)

LEGAL: dict[tuple[Status, Move], tuple[Status, ...]] = {
    # time, or a taker in time's stead
    (P, Move.OPEN): (A,),
    (F, Move.REOPEN): (C, A),  # with the items that are assigned, or without: they were at fault
    (A, Move.EXPIRE): (A, R),  # whatever the step of its worker was; with the last crash an operator must decide
    (C, Move.EXPIRE): (C, R),
    (W, Move.EXPIRE): (C, R),
    # a taker
    (A, Move.ASSIGN): (C,),
    (C, Move.DELIVER): (W,),
    # an operator changes what is assigned
    (C, Move.ASSIGN): (C,),
    (C, Move.UNASSIGN): (A,),
    # the holder
    (W, Move.COMPLETE): (D,),
    (W, Move.FAIL): (F,),
    (W, Move.SWAP): (A,),
    (W, Move.ESCALATE): (R,),
    (A, Move.RELEASE): (A, R),  # with the last release, too
    (C, Move.RELEASE): (C, R),
    (W, Move.RELEASE): (C, R),
    # the holder that is late: a timer has taken its lease in between, nobody has taken the account
    (C, Move.COMPLETE): (D,),
    (C, Move.FAIL): (F,),
    (C, Move.SWAP): (A,),
    (C, Move.ESCALATE): (R,),
    (R, Move.COMPLETE): (D,),
    # people
    (F, Move.RETRY): (C, A),
    (R, Move.RETRY): (C, A),
    (F, Move.RESOLVE): (D,),
    (R, Move.RESOLVE): (D,),
    # anything but what is completed can be skipped
    (P, Move.SKIP): (D,),
    (A, Move.SKIP): (D,),
    (C, Move.SKIP): (D,),
    (W, Move.SKIP): (D,),
    (F, Move.SKIP): (D,),
    (R, Move.SKIP): (D,),
}


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("status", Status)
def test_a_move_leads_where_the_contract_says_or_is_refused(status: Status, move: Move) -> None:
    targets = LEGAL.get((status, move), ())
    if targets:
        assert after(status, move) is targets[0]
    else:
        with pytest.raises(IllegalMove) as refused:
            after(status, move)
        assert refused.value.members["state"] == status
        assert refused.value.members["possible_moves"] == sorted(m for s, m in LEGAL if s is status)


@pytest.mark.parametrize("status", Status)
def test_only_a_target_of_the_table_can_be_chosen(status: Status) -> None:
    for move, to in product(Move, Status):
        if to in LEGAL.get((status, move), ()):
            assert after(status, move, to) is to
        else:
            with pytest.raises(IllegalMove):
                after(status, move, to)


def test_every_status_is_a_key_and_completed_is_the_only_end() -> None:
    assert set(MOVES) == set(Status)
    assert [status for status in Status if not MOVES[status]] == [D]


def test_every_status_can_be_reached_from_pending() -> None:
    reached, found = {P}, {P}
    while found:
        found = {to for (status, _), targets in LEGAL.items() if status in found for to in targets} - reached
        reached |= found
    assert reached == set(Status)


def test_people_look_at_what_failed_or_needs_review() -> None:
    assert set(ATTENTION) == {F, R}


@pytest.mark.parametrize(
    ("phase", "then"),
    [("pfp", "bio"), ("bio", "post"), ("post", "highlight"), ("highlight", "story"), ("story", None)],
)
def test_phases_follow_each_other(phase: str, then: str | None) -> None:
    assert following(PhaseName(phase)) == then


def test_the_order_is_the_contracts() -> None:
    assert ORDER == ("pfp", "bio", "post", "highlight", "story")

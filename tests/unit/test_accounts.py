"""The lifecycle of an account, every state with every move."""

from itertools import product

import pytest

from chalicelib.domain.accounts import TRANSITIONS, AccountTransition, State, Step, after, step
from chalicelib.domain.errors import InvalidTransition

LEGAL: dict[tuple[State, AccountTransition], tuple[State, ...]] = {
    (State.IMPORTED, AccountTransition.READY): (State.READY,),
    (State.READY, AccountTransition.START): (State.WARMING_UP,),
    (State.WARMING_UP, AccountTransition.COMPLETE): (State.ACTIVE,),
    # there and back
    (State.READY, AccountTransition.PAUSE): (State.PAUSED,),
    (State.WARMING_UP, AccountTransition.PAUSE): (State.PAUSED,),
    (State.PAUSED, AccountTransition.RESUME): (State.READY, State.WARMING_UP),
    (State.WARMING_UP, AccountTransition.RESET): (State.READY,),
    # from anywhere
    (State.IMPORTED, AccountTransition.RETIRE): (State.RETIRED,),
    (State.READY, AccountTransition.RETIRE): (State.RETIRED,),
    (State.WARMING_UP, AccountTransition.RETIRE): (State.RETIRED,),
    (State.PAUSED, AccountTransition.RETIRE): (State.RETIRED,),
    (State.ACTIVE, AccountTransition.RETIRE): (State.RETIRED,),
    (State.RETIRED, AccountTransition.RESTORE): (State.IMPORTED,),
}


@pytest.mark.parametrize("move", AccountTransition)
@pytest.mark.parametrize("state", State)
def test_a_move_leads_where_the_contract_says_or_is_refused(state: State, move: AccountTransition) -> None:
    targets = LEGAL.get((state, move), ())
    if targets:
        assert after(state, move) is targets[0]
    else:
        with pytest.raises(InvalidTransition) as refused:
            after(state, move)
        assert refused.value.members["possible_transitions"] == sorted(m for s, m in LEGAL if s is state)


@pytest.mark.parametrize("state", State)
def test_only_a_target_of_the_table_can_be_chosen(state: State) -> None:
    for move, to in product(AccountTransition, State):
        if to in LEGAL.get((state, move), ()):
            assert after(state, move, to) is to
        else:
            with pytest.raises(InvalidTransition):
                after(state, move, to)


def test_every_state_is_a_key_and_none_is_an_end() -> None:
    assert set(TRANSITIONS) == set(State)
    assert all(TRANSITIONS[state] for state in State)


def test_a_refusal_names_what_is_possible_instead() -> None:
    with pytest.raises(InvalidTransition, match="`start` is not possible for an account that is `imported`") as refused:
        after(State.IMPORTED, AccountTransition.START)
    assert "possible: ready, retire" in refused.value.detail


@pytest.mark.parametrize(
    ("state", "phase", "expected"),
    [
        (State.IMPORTED, None, None),  # people first
        (State.READY, None, Step.START_WARMUP),
        (State.WARMING_UP, "bio", Step.RUN_PHASE),
        (State.WARMING_UP, None, Step.COMPLETE_WARMUP),  # behind the last phase
        (State.PAUSED, "bio", None),
        (State.ACTIVE, None, None),
        (State.RETIRED, None, None),
    ],
)
def test_the_next_step_follows_from_state_and_phase(state: State, phase: str | None, expected: Step | None) -> None:
    assert step(state, phase) is expected

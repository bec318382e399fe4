"""The lifecycle of an account, every state with every move."""

from itertools import product

import pytest

from chalicelib.domain.accounts import TRANSITIONS, AccountState, AccountTransition, Step, after, step
from chalicelib.domain.errors import InvalidTransition

LEGAL: dict[tuple[AccountState, AccountTransition], tuple[AccountState, ...]] = {
    (AccountState.IMPORTED, AccountTransition.READY): (AccountState.READY,),
    (AccountState.READY, AccountTransition.START): (AccountState.WARMING_UP,),
    (AccountState.WARMING_UP, AccountTransition.COMPLETE): (AccountState.ACTIVE,),
    # there and back
    (AccountState.READY, AccountTransition.PAUSE): (AccountState.PAUSED,),
    (AccountState.WARMING_UP, AccountTransition.PAUSE): (AccountState.PAUSED,),
    (AccountState.PAUSED, AccountTransition.RESUME): (AccountState.READY, AccountState.WARMING_UP),
    (AccountState.WARMING_UP, AccountTransition.RESET): (AccountState.READY,),
    # from anywhere
    (AccountState.IMPORTED, AccountTransition.RETIRE): (AccountState.RETIRED,),
    (AccountState.READY, AccountTransition.RETIRE): (AccountState.RETIRED,),
    (AccountState.WARMING_UP, AccountTransition.RETIRE): (AccountState.RETIRED,),
    (AccountState.PAUSED, AccountTransition.RETIRE): (AccountState.RETIRED,),
    (AccountState.ACTIVE, AccountTransition.RETIRE): (AccountState.RETIRED,),
    (AccountState.RETIRED, AccountTransition.RESTORE): (AccountState.IMPORTED,),
}


@pytest.mark.parametrize("move", AccountTransition)
@pytest.mark.parametrize("state", AccountState)
def test_a_move_leads_where_the_contract_says_or_is_refused(state: AccountState, move: AccountTransition) -> None:
    targets = LEGAL.get((state, move), ())
    if targets:
        assert after(state, move) is targets[0]
    else:
        with pytest.raises(InvalidTransition) as refused:
            after(state, move)
        assert refused.value.members["possible_transitions"] == sorted(m for s, m in LEGAL if s is state)


@pytest.mark.parametrize("state", AccountState)
def test_only_a_target_of_the_table_can_be_chosen(state: AccountState) -> None:
    for move, to in product(AccountTransition, AccountState):
        if to in LEGAL.get((state, move), ()):
            assert after(state, move, to) is to
        else:
            with pytest.raises(InvalidTransition):
                after(state, move, to)


def test_every_state_is_a_key_and_none_is_an_end() -> None:
    assert set(TRANSITIONS) == set(AccountState)
    assert all(TRANSITIONS[state] for state in AccountState)


def test_a_refusal_names_what_is_possible_instead() -> None:
    with pytest.raises(InvalidTransition, match="`start` is not possible for an account that is `imported`") as refused:
        after(AccountState.IMPORTED, AccountTransition.START)
    assert "possible: ready, retire" in refused.value.detail


@pytest.mark.parametrize(
    ("state", "phase", "expected"),
    [
        (AccountState.IMPORTED, None, None),  # people first
        (AccountState.READY, None, Step.START_WARMUP),
        (AccountState.WARMING_UP, "bio", Step.RUN_PHASE),
        (AccountState.WARMING_UP, None, Step.COMPLETE_WARMUP),  # behind the last phase
        (AccountState.PAUSED, "bio", None),
        (AccountState.ACTIVE, None, None),
        (AccountState.RETIRED, None, None),
    ],
)
def test_the_next_step_follows_from_state_and_phase(
    state: AccountState, phase: str | None, expected: Step | None
) -> None:
    assert step(state, phase) is expected

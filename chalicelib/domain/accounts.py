"""The lifecycle of an account: its states and the transitions between them, as one table."""

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.domain.errors import InvalidTransition


class AccountState(StrEnum):
    """Where an account stands in its life."""

    IMPORTED = "imported"
    READY = "ready"
    WARMING_UP = "warming_up"
    ACTIVE = "active"
    PAUSED = "paused"
    RETIRED = "retired"


class AccountTransition(StrEnum):
    """What can happen to an account as a whole."""

    READY = "ready"
    START = "start"
    COMPLETE = "complete"
    PAUSE = "pause"
    RESUME = "resume"
    RESET = "reset"
    RETIRE = "retire"
    RESTORE = "restore"


class Step(StrEnum):
    """What a worker can do next on an account (`action` in the contract)."""

    START_WARMUP = "start_warmup"
    RUN_PHASE = "run_phase"
    COMPLETE_WARMUP = "complete_warmup"


TRANSITIONS: Mapping[AccountState, Mapping[AccountTransition, tuple[AccountState, ...]]] = {
    AccountState.IMPORTED: {
        AccountTransition.READY: (AccountState.READY,),
        AccountTransition.RETIRE: (AccountState.RETIRED,),
    },
    AccountState.READY: {
        AccountTransition.START: (AccountState.WARMING_UP,),
        AccountTransition.PAUSE: (AccountState.PAUSED,),
        AccountTransition.RETIRE: (AccountState.RETIRED,),
    },
    AccountState.WARMING_UP: {
        AccountTransition.COMPLETE: (AccountState.ACTIVE,),
        AccountTransition.PAUSE: (AccountState.PAUSED,),
        AccountTransition.RESET: (AccountState.READY,),
        AccountTransition.RETIRE: (AccountState.RETIRED,),
    },
    # `resume` leads back to where the account was paused.
    AccountState.PAUSED: {
        AccountTransition.RESUME: (AccountState.READY, AccountState.WARMING_UP),
        AccountTransition.RETIRE: (AccountState.RETIRED,),
    },
    AccountState.ACTIVE: {AccountTransition.RETIRE: (AccountState.RETIRED,)},
    AccountState.RETIRED: {AccountTransition.RESTORE: (AccountState.IMPORTED,)},
}


def after(state: AccountState, move: AccountTransition, to: AccountState | None = None) -> AccountState:
    """The state that `move` leads to from `state`; `to` chooses where the table holds several (default: the first).

    Raises InvalidTransition, which names the possible ones.
    """
    targets = TRANSITIONS[state].get(move, ())
    if not targets or (to is not None and to not in targets):
        raise InvalidTransition(subject="account", state=state, move=move, possible=sorted(TRANSITIONS[state]))
    return to or targets[0]


ENDED = (AccountState.ACTIVE, AccountState.RETIRED)
"""The states in which nothing is left to do."""


def has_ended(state: AccountState) -> bool:
    """Whether nothing is left to do for the account."""
    return state in ENDED


def is_in_care(state: AccountState) -> bool:
    """Whether the account is in the service's care: it stands for its profile, and operators decide on it."""
    return state is not AccountState.RETIRED


def is_under_way(state: AccountState) -> bool:
    """Whether the warm-up may have begun and has not ended; a paused account may not have begun it."""
    return state in (AccountState.WARMING_UP, AccountState.PAUSED)


def is_new(state: AccountState) -> bool:
    """Whether nobody has declared the account ready."""
    return state is AccountState.IMPORTED


def is_paused(state: AccountState) -> bool:
    """Whether an operator has paused the account."""
    return state is AccountState.PAUSED


def is_ready(state: AccountState) -> bool:
    """Whether the warm-up can start."""
    return state is AccountState.READY


def is_possible(state: AccountState, move: AccountTransition) -> bool:
    """Whether the table holds this move from this state."""
    return move in TRANSITIONS[state]


def step(state: AccountState, current_phase: str | None) -> Step | None:
    """What a worker can do next on an account in this state, None if nothing."""
    match state:
        case AccountState.READY:
            return Step.START_WARMUP
        case AccountState.WARMING_UP:
            return Step.RUN_PHASE if current_phase else Step.COMPLETE_WARMUP
        case _:
            return None

"""The lifecycle of an account: its states and the moves between them, as one table."""

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.domain.errors import IllegalMove


class State(StrEnum):
    """Where an account stands in its life."""

    IMPORTED = "imported"
    READY = "ready"
    WARMING_UP = "warming_up"
    ACTIVE = "active"
    PAUSED = "paused"
    RETIRED = "retired"


class Move(StrEnum):
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


MOVES: Mapping[State, Mapping[Move, tuple[State, ...]]] = {
    State.IMPORTED: {Move.READY: (State.READY,), Move.RETIRE: (State.RETIRED,)},
    State.READY: {
        Move.START: (State.WARMING_UP,),
        Move.PAUSE: (State.PAUSED,),
        Move.RETIRE: (State.RETIRED,),
    },
    State.WARMING_UP: {
        Move.COMPLETE: (State.ACTIVE,),
        Move.PAUSE: (State.PAUSED,),
        Move.RESET: (State.READY,),
        Move.RETIRE: (State.RETIRED,),
    },
    # `resume` leads back to where the account was paused.
    State.PAUSED: {
        Move.RESUME: (State.READY, State.WARMING_UP),
        Move.RETIRE: (State.RETIRED,),
    },
    State.ACTIVE: {Move.RETIRE: (State.RETIRED,)},
    State.RETIRED: {Move.RESTORE: (State.IMPORTED,)},
}


def after(state: State, move: Move, to: State | None = None) -> State:
    """The state that `move` leads to from `state`; `to` chooses where the table holds several (default: the first).

    Raises IllegalMove, which names the moves that are possible.
    """
    targets = MOVES[state].get(move, ())
    if not targets or (to is not None and to not in targets):
        raise IllegalMove(subject="account", state=state, move=move, possible=sorted(MOVES[state]))
    return to or targets[0]


def is_possible(state: State, move: Move) -> bool:
    """Whether the table holds this move from this state."""
    return move in MOVES[state]


def step(state: State, current_phase: str | None) -> Step | None:
    """What a worker can do next on an account in this state, None if nothing."""
    match state:
        case State.READY:
            return Step.START_WARMUP
        case State.WARMING_UP:
            return Step.RUN_PHASE if current_phase else Step.COMPLETE_WARMUP
        case _:
            return None

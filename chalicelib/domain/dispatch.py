"""Which of the accounts that wait for work a caller is given: what it asks for, and whose turn it is."""

from collections.abc import Collection
from dataclasses import dataclass

from chalicelib.domain import accounts
from chalicelib.domain.accounts import AccountState, Step
from chalicelib.domain.phases import ORDER, PhaseName

STEPS: tuple[str, ...] = (Step.START_WARMUP, *ORDER, Step.COMPLETE_WARMUP)
"""What can be next on an account: to start, one of the phases, to complete."""


def step_of(state: AccountState, current_phase: PhaseName | None) -> str | None:
    """Return which of the STEPS is next on an account, None if none is."""
    action = accounts.step(state, current_phase)
    return current_phase if action is Step.RUN_PHASE else action


@dataclass(frozen=True, slots=True)
class WorkWanted:
    """What a caller asks for; None is everything. What it is known to hold already (`holding`) is left out.

    To start a warm-up belongs to the first phase, to complete it to the last: who can do the phase can do that, too.
    """

    models: Collection[str] | None = None
    actions: Collection[Step] | None = None
    phases: Collection[PhaseName] | None = None
    holding: Collection[str] = ()

    def admits(self, step: str | None) -> bool:
        """Whether the caller asks for this step."""
        if step is None:
            return False
        phase = {Step.START_WARMUP.value: ORDER[0], Step.COMPLETE_WARMUP.value: ORDER[-1]}.get(step, step)
        action = step if step in (Step.START_WARMUP, Step.COMPLETE_WARMUP) else Step.RUN_PHASE
        return (self.actions is None or action in self.actions) and (self.phases is None or phase in self.phases)


ANYTHING = WorkWanted()
"""What a caller without a filter asks for."""

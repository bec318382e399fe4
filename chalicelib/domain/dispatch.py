"""Which of the accounts that wait for work a caller is given: what it asks for, and whose turn it is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Self

from chalicelib.domain import accounts
from chalicelib.domain.accounts import AccountState, Step
from chalicelib.domain.instants import render
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.records import record

STEPS: tuple[str, ...] = (Step.START_WARMUP, *STANDARD.order, Step.COMPLETE_WARMUP)
"""What can be next on an account: to start, one of the phases, to complete."""
MOST_BEFORE = 100
"""How far it is counted what stands before an account."""
_SECONDS_A_QUEUE = 0.05
_TURN_BITS = 64
_GOLDEN = 11400714819323198485
"""2 ** 64 divided by the golden ratio."""


def step_of(state: AccountState, current_phase: str | None) -> str | None:
    """Return which of the STEPS is next on an account, None if none is."""
    action = accounts.step(state, current_phase)
    return current_phase if action is Step.RUN_PHASE else action


def work_of(model_id: str, step: str) -> str:
    """Return the prefix of the work keys of a step of a model; the due time follows it."""
    return f"{model_id}#{step}#"


@record
class WorkWanted:
    """What a caller asks for; None is everything. What it is known to hold already (`holding`) is left out.

    To start a warm-up belongs to the first phase, to complete it to the last: who can do the phase can do that, too.
    """

    models: Collection[str] | None = None
    actions: Collection[Step] | None = None
    phases: Collection[str] | None = None
    holding: Collection[str] = ()

    def admits(self, step: str | None) -> bool:
        """Whether the caller asks for this step."""
        if step is None:
            return False
        whole = {Step.START_WARMUP: STANDARD.first, Step.COMPLETE_WARMUP: STANDARD.last}
        action, phase = (Step(step), whole[Step(step)]) if step in whole else (Step.RUN_PHASE, step)
        return (self.actions is None or action in self.actions) and (self.phases is None or phase in self.phases)


ANYTHING = WorkWanted()
"""What a caller without a filter asks for."""


def whose_turn(number: int, weights: Mapping[str, int]) -> str:
    """Return the model that turn `number` belongs to.

    The multiples of the golden ratio fall into the unit interval as evenly as any sequence can, and each model has a
    part of it as long as its share of the weights. So the turns of a model are as many as its share of any stretch of
    turns, within a few, and it never waits for twice as many as would be even (three-gap theorem).
    """
    place = number * _GOLDEN % 2**_TURN_BITS * sum(weights.values()) >> _TURN_BITS
    for model in sorted(weights):
        place -= weights[model]
        if place < 0:
            return model
    raise AssertionError("the place is within the sum of the weights")


@record
class QueuePlace:
    """Where an account that can be taken stands: how many of its model come before it, and its model's share of turns.

    `before` counts up to 100; `more_before`: there are more. `share` (0 to 1) is what the model gets of the turns of
    all `models` that have work. A worker that asks for certain models or phases only passes the others by.
    """

    as_of: datetime
    before: int
    more_before: bool
    share: float
    models: int


def queue_place(
    account_id: str, line: Iterable[str], model: str, weights: Mapping[str, int], as_of: datetime
) -> QueuePlace | None:
    """Return the place of an account in the line of its model; None where the line ends without it.

    `weights` has each model that has work.
    """
    share = weights[model] / sum(weights.values())
    for before, other in enumerate(islice(line, MOST_BEFORE + 1)):
        if other == account_id or before == MOST_BEFORE:
            return QueuePlace(as_of, before, other != account_id, share, len(weights))
    return None


@record
class WorkQueue:
    """The accounts of one shard that wait for one step of one model; the first was due at `since` when it was read."""

    shard: int
    model: str
    step: str
    since: str

    @property
    def work(self) -> str:
        """The prefix of their work keys."""
        return work_of(self.model, self.step)


ScanPlace = tuple[int, str]
"""Where a scan of the work index stands: the shard, and the work that it found last."""


@record
class Directory:
    """The steps of models that accounts wait for, now or later, as they were at `at`.

    `leased_since` is when the first lease ran out, or will. `scanned_to` is where the next scan goes on that has not
    come to the end; what it has not reached stands as an earlier one left it. `is_whole`: one has come to the end.
    """

    at: datetime
    queues: tuple[WorkQueue, ...] = ()
    leased_since: str | None = None
    scanned_to: ScanPlace | None = None
    is_whole: bool = False

    def is_fresh(self, now: datetime, seconds: float) -> bool:
        """Whether it is younger than that; the more there is to scan, the longer it lasts."""
        age = timedelta(seconds=max(seconds, _SECONDS_A_QUEUE * len(self.queues)))
        return self.is_whole and now - self.at < age

    def after_scan(self, found: Sequence[WorkQueue], scanned_to: ScanPlace | None) -> Self:
        """Return the directory with what a scan found between where the last one stopped and `scanned_to`."""
        begin, end = self.scanned_to, scanned_to
        kept = [
            one
            for one in self.queues
            if (begin is not None and (one.shard, one.work) <= begin)
            or (end is not None and (one.shard, one.work) > end)
        ]
        is_whole = self.is_whole or scanned_to is None
        return replace(self, queues=(*kept, *found), scanned_to=scanned_to, is_whole=is_whole)

    def due(self, wanted: WorkWanted, now: datetime) -> dict[str, list[WorkQueue]]:
        """Return by model the queues that hold what is wanted and was due."""
        found: dict[str, list[WorkQueue]] = {}
        for one in self.queues:
            if one.since <= render(now) and wanted.admits(one.step):
                found.setdefault(one.model, []).append(one)
        return found

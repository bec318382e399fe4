"""Which of the accounts that wait for work a caller is given: what it asks for, and whose turn it is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Self

from chalicelib.domain import accounts
from chalicelib.domain.accounts import AccountState, Step
from chalicelib.domain.instants import render
from chalicelib.domain.plans import STANDARD, Plan
from chalicelib.domain.records import record

MOST_BEFORE = 100
"""How far it is counted what stands before an account."""
_PART = ":"
"""Between the parts of a step's key; the name of no phase has it."""
_SECONDS_A_QUEUE = 0.05
_TURN_BITS = 64
_GOLDEN = 11400714819323198485
"""2 ** 64 divided by the golden ratio."""


@record
class PlannedStep:
    """What is next on an account, as its plan has it: the action, the phase, and the category that it draws from.

    The start of a warm-up belongs to the first phase of the plan, its completion to the last.
    """

    action: Step
    phase: str
    category: str

    @classmethod
    def of(cls, state: AccountState, current_phase: str | None, plan: Plan) -> Self | None:
        """Return the step that is next on an account in this state, None if none is."""
        action = accounts.step(state, current_phase)
        if action is None:
            return None
        phase = current_phase or (plan.first if action is Step.START_WARMUP else plan.last)
        return cls(action, phase, plan.phases[phase].category)

    @classmethod
    def parse(cls, key: str) -> Self:
        """Return the step that a key names."""
        first, *more = key.split(_PART)
        if first in _OF_STANDARD:
            action, names = Step(first), more or [_OF_STANDARD[Step(first)]]
        else:
            action, names = Step.RUN_PHASE, [first, *more]
        return cls(action, names[0], names[-1])

    @property
    def key(self) -> str:
        """What the queues call it: nothing of it is said that is the same in the plan `standard`."""
        names = [self.phase] if self.category == self.phase else [self.phase, self.category]
        if self.action is Step.RUN_PHASE:
            return _PART.join(names)
        return _PART.join([self.action] if names == [_OF_STANDARD[self.action]] else [self.action, *names])


_OF_STANDARD: Mapping[Step, str] = {Step.START_WARMUP: STANDARD.first, Step.COMPLETE_WARMUP: STANDARD.last}
"""The phases to which the steps without a phase of their own belong."""


def work_of(model_id: str, step: str) -> str:
    """Return the prefix of the work keys of a step of a model, by its key; the due time follows it."""
    return f"{model_id}#{step}#"


@lru_cache(maxsize=256)
def _parsed(key: str) -> PlannedStep:
    return PlannedStep.parse(key)


def step_in(work: str) -> PlannedStep:
    """Return the step of a work key; each row of a queue asks, and they have few steps."""
    return _parsed(work.split("#")[1])


@record
class WorkWanted:
    """What a caller asks for; None is everything. What it is known to hold already (`holding`) is left out.

    Of `phases` and `categories` together a step is meant that has either.
    """

    models: Collection[str] | None = None
    actions: Collection[Step] | None = None
    phases: Collection[str] | None = None
    categories: Collection[str] | None = None
    holding: Collection[str] = ()

    def admits(self, step: PlannedStep | None) -> bool:
        """Whether the caller asks for this step."""
        if step is None or not (self.actions is None or step.action in self.actions):
            return False
        every = self.phases is None and self.categories is None
        return every or step.phase in (self.phases or ()) or step.category in (self.categories or ())


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

    @property
    def planned(self) -> PlannedStep:
        """The step that they wait for."""
        return PlannedStep.parse(self.step)


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
            if one.since <= render(now) and wanted.admits(one.planned):
                found.setdefault(one.model, []).append(one)
        return found

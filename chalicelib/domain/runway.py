"""The runway: how far the pools carry the accounts under way, found by letting them choose as they will choose.

A simulation by the very rules: each account is stepped through its remaining phases (`warmup.simulation`) at the
earliest dates that its plan allows, and is given the winner of `selection` over items whose uses and rests are counted.
Where nothing is eligible but something will be (it rests, or comes back), the account waits, and all its later phases
with it. Where nothing ever will be, the pool has run dry. Who waits first is served first: the item that comes back is
kept for it.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from chalicelib.domain import selection
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.given import Given, digest
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import NO_DEMANDS, STANDARD, Demands, Plan
from chalicelib.domain.records import record
from chalicelib.domain.selection import PoolKind, Wanted
from chalicelib.domain.stock import ItemPool, Stock
from chalicelib.domain.warmup import delivery, simulation
from chalicelib.domain.warmup.simulation import Stage

MOST_STEPS = 60_000


@record
class PendingAccount:
    """An account under way: the stage in which a worker takes it next, at `due_at`.

    `given` are the digests of what it was given before, `held` are the items that are kept for it while it waits for
    another, as they were before.
    """

    account_id: str
    stage: Stage
    due_at: datetime
    theme: str | None = None
    given: frozenset[str] = frozenset()
    held: tuple[tuple[PoolKind, Stock], ...] = ()

    @property
    def plan(self) -> Plan:
        """The plan that it follows."""
        return self.stage.warmup.plan


class _Account(Protocol):
    """What is read of an account."""

    @property
    def account_id(self) -> str: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def state(self) -> AccountState: ...
    @property
    def paused_from(self) -> AccountState | None: ...
    @property
    def current_phase(self) -> str | None: ...
    @property
    def ended(self) -> frozenset[str] | None: ...
    @property
    def phase_status(self) -> PhaseStatus | None: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def theme(self) -> str | None: ...
    @property
    def all_given(self) -> frozenset[str]: ...


def pending(
    account: _Account, now: datetime, *, assigned: bool, demands: Demands = NO_DEMANDS
) -> PendingAccount | None:
    """The account as the look ahead takes it, None where all its phases are done; `demands` are those of its model.

    What it waits for is granted: it is declared ready, resumed, offered again. One without a date goes on now, and what
    is `assigned` to its phase is done now.
    """
    at = (account.state, account.current_phase, account.phase_status, account.paused_from)
    stage = _next_stage(demands.tighten(account.plan), *at, assigned, account.ended)
    if stage.phase is None:
        return None
    due_at = now if assigned else account.due_at or now
    return PendingAccount(account.account_id, stage, due_at, account.theme, account.all_given)


@lru_cache(maxsize=1024)
def _next_stage(
    plan: Plan,
    state: AccountState,
    phase: str | None,
    status: PhaseStatus | None,
    paused_from: AccountState | None,
    assigned: bool,
    ended: frozenset[str] | None,
) -> Stage:
    known = simulation.sketch(plan, state, phase, status, paused_from=paused_from, assigned=assigned, ended=ended)
    return simulation.stage_of(simulation.going_on(known))


def newcomer(account_id: str, now: datetime, theme: str | None = None, plan: Plan = STANDARD) -> PendingAccount:
    """An account of this plan that starts now."""
    ready = simulation.sketch(plan, AccountState.READY)
    begins_at = now + plan.phases[plan.first].interval
    return PendingAccount(account_id, simulation.stage_of(ready), begins_at, theme)


@record
class PoolShortfall:
    """An account that comes to a phase, which draws from `category`, and finds nothing.

    `until` is when something will be eligible, None: never.
    """

    at: datetime
    account_id: str
    phase: str
    category: str
    kind: PoolKind
    until: datetime | None


@record
class Runway:
    """How far the pools carry: the first account that finds nothing ever (`dry`), the first that has to wait (`wait`).

    `needed` and `from_any` count by kind and category what is given, and what of it comes from `any`; `unmet` counts
    the accounts that find nothing ever, `missed` by what they miss. `complete` is False where the simulation was cut
    short.
    """

    dry: PoolShortfall | None
    wait: PoolShortfall | None
    needed: Mapping[tuple[PoolKind, str], int]
    from_any: Mapping[tuple[PoolKind, str], int]
    unmet: int
    missed: Mapping[tuple[PoolKind, str], int]
    complete: bool = True


class Journey:
    """How one account passes its phases: when it is given what each asks for, and what it misses on the way.

    `uses` and `from_any` count by kind and category what it is given. `done_at` is when its last phase is done, None
    where it never is.
    """

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        self.phases: list[tuple[str, datetime]] = []
        self.misses: list[PoolShortfall] = []
        self.uses: Counter[tuple[PoolKind, str]] = Counter()
        self.from_any: Counter[tuple[PoolKind, str]] = Counter()
        self.done_at: datetime | None = None


def simulate(
    content: Iterable[Stock],
    texts: Iterable[Stock],
    pending: Sequence[PendingAccount],
    now: datetime,
    followed: Mapping[str, Journey] = MappingProxyType({}),
) -> Runway:
    """Lets the accounts pass their remaining phases, in the order of their dates; notes what is followed."""
    return _Simulation(content, texts, pending, followed).run(now)


class _Simulation:
    def __init__(
        self,
        content: Iterable[Stock],
        texts: Iterable[Stock],
        pending: Sequence[PendingAccount],
        followed: Mapping[str, Journey],
    ) -> None:
        rest = min((one.plan.cooldown for one in pending), default=timedelta(0))
        self._pools = {PoolKind.CONTENT: _pools_of(content, rest), PoolKind.TEXT: _pools_of(texts, rest)}
        self._pending, self._followed = pending, followed
        self._needed: Counter[tuple[PoolKind, str]] = Counter()
        self._from_any: Counter[tuple[PoolKind, str]] = Counter()
        self._misses: list[PoolShortfall] = []

    def run(self, now: datetime) -> Runway:
        """See `simulate`. Of two that come at once, the one that was named first is served first."""
        coming = [(max(one.due_at, now), place, one) for place, one in enumerate(self._pending)]
        heapq.heapify(coming)
        steps = 0
        while coming and steps < MOST_STEPS:
            steps += 1
            at, place, one = heapq.heappop(coming)
            later = self._step(at, one)
            if later is not None:
                heapq.heappush(coming, (later.due_at, place, later))
        return self._told(complete=not coming)

    def _told(self, *, complete: bool) -> Runway:
        dry = [miss for miss in self._misses if miss.until is None]
        wait = next((miss for miss in self._misses if miss.until is not None), None)
        missed = Counter((miss.kind, miss.category) for miss in dry)
        return Runway(dry[0] if dry else None, wait, self._needed, self._from_any, len(dry), missed, complete)

    def _step(self, at: datetime, one: PendingAccount) -> PendingAccount | None:
        """Gives an account what its phase needs; when it comes again, None for never."""
        held = dict(one.held)
        needs = {kind: need for kind, need in one.stage.needed.items() if kind not in held}
        found, lacking = delivery.choose(needs, lambda kind: self._best(one, kind, at))
        for kind, item in found.items():
            self._pools[kind][item.category].use(item, at)
        held |= found
        if lacking is None:
            return self._give(at, one, held)
        return self._wait(replace(one, held=tuple(held.items())), lacking, self._wanted(one, lacking, at))

    def _best(self, one: PendingAccount, kind: PoolKind, at: datetime) -> Stock | None:
        choices = selection.candidates(self._pool(kind, at), self._wanted(one, kind, at), 1)
        return choices[0].item if choices else None

    @staticmethod
    def _wanted(one: PendingAccount, kind: PoolKind, at: datetime) -> Wanted:
        return selection.wanted(one.plan, _phase(one), theme=one.theme, used=Given(kind, one.given), now=at)

    def _pool(self, kind: PoolKind, at: datetime) -> Callable[[str], ItemPool]:
        return lambda category: (self._pools[kind].get(category) or ItemPool()).at(at)

    def _wait(self, one: PendingAccount, kind: PoolKind, wanted: Wanted) -> PendingAccount | None:
        """Keeps the first item that comes back for the account, which waits for it: first come, first served."""
        backs = [self._pool(kind, wanted.now)(category).back(wanted) for category in wanted.categories]
        first = min((back for back in backs if back is not None), key=lambda back: back[0], default=None)
        until = None if first is None else first[0]
        miss = PoolShortfall(wanted.now, one.account_id, _phase(one), wanted.categories[0], kind, until)
        self._misses.append(miss)
        if (journey := self._followed.get(one.account_id)) is not None:
            journey.misses.append(miss)
        if first is None:
            for of_kind, item in one.held:
                self._pools[of_kind][item.category].put_back(item)
            return None
        self._pools[kind][first[1].category].use(first[1], first[0])
        return replace(one, due_at=first[0], held=(*one.held, (kind, first[1])))

    def _give(self, at: datetime, one: PendingAccount, held: Mapping[PoolKind, Stock]) -> PendingAccount | None:
        category = one.plan.phases[_phase(one)].category
        for kind, item in held.items():
            self._needed[kind, category] += 1
            self._from_any[kind, category] += item.category != category
        turn = simulation.completed(one.stage)
        if (journey := self._followed.get(one.account_id)) is not None:
            _note(journey, one, at, held, last=turn.stage is None or turn.stage.phase is None)
        if turn.stage is None or turn.stage.phase is None:
            return None
        given = one.given | {digest(kind, item.item_id) for kind, item in held.items()}
        return replace(one, stage=turn.stage, due_at=at + turn.wait, given=given, held=())


def _note(journey: Journey, one: PendingAccount, at: datetime, held: Mapping[PoolKind, Stock], *, last: bool) -> None:
    category = one.plan.phases[_phase(one)].category
    journey.phases.append((_phase(one), at))
    journey.uses.update((kind, category) for kind in held)
    journey.from_any.update((kind, category) for kind, item in held.items() if item.category != category)
    journey.done_at = at if last else None


def _phase(one: PendingAccount) -> str:
    assert one.stage.phase is not None, "an account whose phases are done is not pending"
    return one.stage.phase


def _pools_of(items: Iterable[Stock], rest: timedelta) -> dict[str, ItemPool]:
    by_category: dict[str, list[Stock]] = {}
    for item in items:
        by_category.setdefault(item.category, []).append(item)
    return {category: ItemPool(found, rest) for category, found in by_category.items()}


def required(pending: Iterable[PendingAccount]) -> Counter[tuple[PoolKind, str]]:
    """How many uses, by kind and category, the accounts cannot do without, whether or not the pools have them."""
    found: Counter[tuple[PoolKind, str]] = Counter()
    for one in pending:
        for stage in simulation.ahead(one.stage):
            if stage.phase is not None:
                category = stage.warmup.plan.phases[stage.phase].category
                found.update({(kind, category): int(need.is_required) for kind, need in stage.needed.items()})
    return found

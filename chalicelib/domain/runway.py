"""The runway: how far the pools carry the accounts under way, found by letting them choose as they will choose.

A simulation of the very rule: each account comes to its remaining phases at the earliest dates that its plan allows,
and is given the winner of `selection` over items whose uses and rests are kept account of. Where nothing is eligible
but something will be (it rests, or comes back), the account waits, and all its later phases with it. Where nothing ever
will be, the pool has run dry.
"""

import bisect
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain import scoring, selection
from chalicelib.domain.phases import ORDER, PhaseName
from chalicelib.domain.plans import Need, Plan
from chalicelib.domain.selection import ANY, Rights, Wanted

MOST_STEPS = 20_000


class Kind(StrEnum):
    """What is asked for."""

    CONTENT = "content"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Stock:
    """An item of a pool, as far as the choice reads it."""

    item_id: str
    category: str
    quality_score: float
    usage_count: int
    max_usage: int
    successes: int = 0
    failures: int = 0
    theme: str | None = None
    status: Rights = Rights.APPROVED
    enabled: bool = True
    approved_by_another: bool = False
    licence_valid_until: datetime | None = None
    last_assigned_at: datetime | None = None
    media_type_or_none: str | None = None
    length_or_none: int | None = None

    @classmethod
    def of(cls, item: selection.Candidate) -> "Stock":
        """The same of any item."""
        return cls(**{name: getattr(item, name) for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Traveller:
    """An account under way: the phases that it has yet to be given content for, the first of them due at `due_at`.

    `used` are the items that it was given before.
    """

    account_id: str
    plan: Plan = field(hash=False)
    phases: tuple[PhaseName, ...]
    due_at: datetime
    theme: str | None = None
    used: frozenset[tuple[Kind, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Miss:
    """An account that comes to a phase and finds nothing; `until` is when something will be eligible, None: never."""

    at: datetime
    account_id: str
    phase: PhaseName
    kind: Kind
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Runway:
    """How far the pools carry: the first account that finds nothing ever (`dry`), the first that has to wait (`wait`).

    `needed` and `from_any` count by kind and category what is given, and what of it comes from `any`; `unmet` counts
    the accounts that find nothing ever. `complete` is False where the simulation was cut short.
    """

    dry: Miss | None
    wait: Miss | None
    needed: Mapping[tuple[Kind, str], int]
    from_any: Mapping[tuple[Kind, str], int]
    unmet: int
    complete: bool = True


class Shelf:
    """One category of a pool in memory, ranked as the index ranks it."""

    def __init__(self, items: Iterable[Stock] = ()) -> None:
        self._whole: list[_Row] = []
        self._themes: dict[str | None, list[_Row]] = {}
        for item in items:
            self._put(item)

    def of_theme(self, theme: str | None) -> Iterator[Stock]:
        """The items of one theme, best first."""
        return (item for _, item in reversed(self._themes.get(theme, [])))

    def whole(self) -> Iterator[Stock]:
        """All items, best first."""
        return (item for _, item in reversed(self._whole))

    def use(self, item: Stock, now: datetime) -> None:
        """Takes one use of the item, which rests from now on."""
        rank = scoring.pool_rank(item, item.item_id)
        for rows in (self._whole, self._themes[item.theme]):
            del rows[bisect.bisect_left(rows, rank, key=_rank)]
        self._put(replace(item, usage_count=item.usage_count + 1, last_assigned_at=now))

    def _put(self, item: Stock) -> None:
        if item.usage_count < item.max_usage and item.status is Rights.APPROVED and item.enabled:
            row = (scoring.pool_rank(item, item.item_id), item)
            for rows in (self._whole, self._themes.setdefault(item.theme, [])):
                bisect.insort(rows, row, key=_rank)


_Row = tuple[str, Stock]


def _rank(row: _Row) -> str:
    return row[0]


def simulate(
    content: Iterable[Stock], texts: Iterable[Stock], travellers: Sequence[Traveller], now: datetime
) -> Runway:
    """Lets the accounts pass their remaining phases, in the order of their dates."""
    return _Simulation(content, texts).run(travellers, now)


class _Simulation:
    def __init__(self, content: Iterable[Stock], texts: Iterable[Stock]) -> None:
        self._shelves = {Kind.CONTENT: _shelves(content), Kind.TEXT: _shelves(texts)}
        self._needed: Counter[tuple[Kind, str]] = Counter()
        self._from_any: Counter[tuple[Kind, str]] = Counter()
        self._misses: list[Miss] = []

    def run(self, travellers: Sequence[Traveller], now: datetime) -> Runway:
        """See `simulate`. Of two that come at once, the one that was named first is served first."""
        coming = [(max(one.due_at, now), place, one) for place, one in enumerate(travellers) if one.phases]
        heapq.heapify(coming)
        steps = 0
        while coming and steps < MOST_STEPS:
            steps += 1
            at, place, one = heapq.heappop(coming)
            found = self._find(at, one)
            if isinstance(found, Miss):
                self._misses.append(found)
                if found.until is not None:
                    heapq.heappush(coming, (found.until, place, one))
            else:
                left = self._give(at, one, found)
                if left.phases:
                    heapq.heappush(coming, (left.due_at, place, left))
        return self._told(complete=not coming)

    def _told(self, *, complete: bool) -> Runway:
        dry = [miss for miss in self._misses if miss.until is None]
        wait = next((miss for miss in self._misses if miss.until is not None), None)
        return Runway(dry[0] if dry else None, wait, self._needed, self._from_any, len(dry), complete)

    def _find(self, at: datetime, one: Traveller) -> list[tuple[Kind, Stock]] | Miss:
        """What the account's phase is given, or what it misses."""
        phase = one.phases[0]
        asked = one.plan.phases[phase]
        found = []
        for kind, need in ((Kind.CONTENT, asked.content), (Kind.TEXT, asked.text)):
            if need is Need.NONE:
                continue
            used = {item_id for of_kind, item_id in one.used if of_kind is kind}
            wanted = selection.wanted(one.plan, phase, theme=one.theme, used=used, now=at)
            choices = selection.candidates(self._pool(kind), phase, wanted, 1)
            if choices:
                found.append((kind, choices[0].item))
            elif need is Need.REQUIRED:
                return Miss(at, one.account_id, phase, kind, self._back_at(kind, phase, wanted))
        return found

    def _pool(self, kind: Kind) -> Callable[[str], Shelf]:
        return lambda category: self._shelves[kind].get(category) or Shelf()

    def _give(self, at: datetime, one: Traveller, found: Sequence[tuple[Kind, Stock]]) -> Traveller:
        phase, rest = one.phases[0], one.phases[1:]
        for kind, item in found:
            self._shelves[kind][item.category].use(item, at)
            self._needed[kind, phase] += 1
            self._from_any[kind, phase] += item.category == ANY
        used = one.used | {(kind, item.item_id) for kind, item in found}
        due_at = at + one.plan.phases[rest[0]].interval if rest else at
        return replace(one, phases=rest, due_at=due_at, used=used)

    def _back_at(self, kind: Kind, phase: str, wanted: Wanted) -> datetime | None:
        """When the first item of the category or of `any` will have rested, None if none ever will."""
        return min(
            (
                back
                for category in (phase, ANY)
                for item in self._pool(kind)(category).whole()
                if item.last_assigned_at is not None
                and (back := item.last_assigned_at + wanted.cooldown) > wanted.now
                and selection.refusal(item, replace(wanted, now=back)) is None
            ),
            default=None,
        )


def _shelves(items: Iterable[Stock]) -> dict[str, Shelf]:
    by_category: dict[str, list[Stock]] = {}
    for item in items:
        by_category.setdefault(item.category, []).append(item)
    return {category: Shelf(found) for category, found in by_category.items()}


def remaining(phase: PhaseName | None, *, has_content: bool) -> tuple[PhaseName, ...]:
    """The phases that an account has yet to be given content for; None: it has not started."""
    start = 0 if phase is None else ORDER.index(phase) + has_content
    return ORDER[start:]

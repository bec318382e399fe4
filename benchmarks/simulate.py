"""Hundreds of thousands of accounts over twelve days, by the real rules on a fake clock: `make simulate`.

In memory, as events: accounts arrive evenly, and a fleet of bots takes those that have been due for longest. Each task
steps the warm-up with the service's own functions (`domain.warmup.simulation`) and chooses the content with
`domain.selection`. What each use case writes is measured first, on DynamoDB Local (`benchmarks.units`), and laid on the
keys that all accounts share.
"""

import argparse
import heapq
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks import fairness, units
from benchmarks.plots import Line, chart
from chalicelib.domain import selection, timing
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.refusals import MediaFacts, TextFacts
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.stock import ItemPool, Stock
from chalicelib.domain.warmup import delivery, simulation
from chalicelib.domain.warmup.simulation import Stage
from chalicelib.domain.warmup.work import ReportedError
from chalicelib.settings import Settings
from warmup.sandbox.stores import ROOT, missing

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 1_000  # write units a second that one key takes (AWS, "Designing partition keys")
_HOUR = timedelta(hours=1)
_MOMENT = timedelta(seconds=1)
_PATIENCE = timedelta(seconds=Settings().open_after_seconds)
_FAULT = ReportedError(ReportKind.TRANSIENT, "it failed")


@dataclass(frozen=True, slots=True)
class World:
    """What is simulated. `arrivals`: in how many days all accounts arrive; `work`: how long a bot needs for a phase."""

    accounts: int = 100_000
    days: int = 12
    arrivals: int = 5
    bots: int = 150
    work: timedelta = timedelta(seconds=90)
    models: int = 100
    items: int = 300
    uses: int = 50
    failure_rate: float = 0.03
    shards: int = 1
    seed: int = 7


@dataclass(slots=True)
class Hour:
    """What happened in one hour."""

    happened: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Account:
    number: int
    stage: Stage


class Simulation:
    """The accounts, the fleet, the pools."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.hours: dict[int, Hour] = defaultdict(Hour)
        self._dice = Random(world.seed)
        self._pools: dict[tuple[int, PoolKind, str], ItemPool] = {}
        self._begin = simulation.stage_of(simulation.sketch(STANDARD, AccountState.READY))

    def run(self) -> None:
        """Lets time pass."""
        world, end = self.world, BEGIN + timedelta(days=self.world.days)
        every = timedelta(days=world.arrivals) / world.accounts
        bots = [(BEGIN, number) for number in range(world.bots)]
        due: list[tuple[datetime, int, _Account]] = []
        arrived = done = 0
        while True:
            free_at, bot = bots[0]
            coming = BEGIN + every * arrived if arrived < world.accounts else end
            while arrived < world.accounts and (not due or coming <= max(free_at, due[0][0])):
                heapq.heappush(due, (coming, arrived, _Account(arrived, self._begin)))
                arrived += 1
                coming = BEGIN + every * arrived
            if not due:
                return
            due_at, number, account = heapq.heappop(due)
            at = max(free_at, due_at)
            if at >= end:
                return
            hour = self.hours[int((at - BEGIN) / _HOUR)]
            hour.waits.append((at - due_at).total_seconds())
            ends_at, next_due = self._work(account, due_at, at, hour)
            heapq.heapreplace(bots, (ends_at, bot))
            if next_due is not None:
                heapq.heappush(due, (next_due, number, account))
            done += 1
            if done % 20_000 == 0:
                self._progress(at, done)

    def _progress(self, at: datetime, done: int) -> None:
        share = (at - BEGIN) / timedelta(days=self.world.days)
        print(f"  day {share * self.world.days:4.1f} of {self.world.days}, {done:,} tasks", end="\r", file=sys.stderr)

    def _work(self, account: _Account, due_at: datetime, at: datetime, hour: Hour) -> tuple[datetime, datetime | None]:
        """One task of a bot: when the bot is free again, and when the account is due again (None: never)."""
        stage, work, turn = account.stage, self.world.work, None
        if not self._choose(account, at):
            work, turn = _MOMENT, simulation.without_content(stage)
        elif stage.phase is None:
            work, turn = _MOMENT, simulation.completed(stage)
        elif self._dice.random() < self.world.failure_rate:
            turn = simulation.failed(stage, _FAULT, str(account.number), work)
        else:
            turn = simulation.completed(stage, work)
        left = timing.is_left_to_takers(stage.status, due_at, at, _PATIENCE)
        hour.happened["open_due_phases"] += stage.due is not None and not left
        hour.happened.update(USE_CASES[action] for action in turn.actions)
        if turn.stage is None:
            return at + work, None
        account.stage = turn.stage
        return at + work, at + turn.wait

    def _choose(self, account: _Account, at: datetime) -> bool:
        """Whether all that the phase needs was found; what was chosen rests from now on."""
        found, lacking = delivery.choose(account.stage.needed, lambda kind: self._best(account, kind, at))
        if lacking is None:
            for pool, item in found.values():
                pool.use(item, at)
        return lacking is None

    def _best(self, account: _Account, kind: PoolKind, at: datetime) -> tuple[ItemPool, Stock] | None:
        stage, theme = account.stage, (None, "sea", "city")[account.number % 3]
        phase = _phase(stage)
        pool = self._pool(account.number % self.world.models, kind, phase).at(at)
        wanted = selection.wanted(stage.warmup.plan, phase, theme=theme, used=(), now=at)
        choices = selection.leading(pool, wanted, 1)
        return (pool, choices[0].item) if choices else None

    def _pool(self, model: int, kind: PoolKind, category: str) -> ItemPool:
        if (model, kind, category) not in self._pools:
            facts = MediaFacts("image/png") if kind is PoolKind.CONTENT else TextFacts(80 * "x")
            dice = Random(f"{model}{kind}{category}")
            stock = [
                Stock(
                    f"{number}",
                    category,
                    round(dice.uniform(40, 100), 1),
                    0,
                    self.world.uses,
                    facts,
                    theme=dice.choice((None, "sea", "city")),
                )
                for number in range(self.world.items)
            ]
            self._pools[model, kind, category] = ItemPool(stock, STANDARD.cooldown)
        return self._pools[model, kind, category]


USE_CASES = {
    AuditAction.ACCOUNT_START: "start-warmup",
    AuditAction.PHASE_DELIVER: "content",
    AuditAction.PHASE_CONTENT_UNAVAILABLE: "content_unavailable",
    AuditAction.PHASE_COMPLETE: "complete-phase",
    AuditAction.PHASE_FAIL: "report-error",
    AuditAction.PHASE_ESCALATE: "review",
    AuditAction.ACCOUNT_COMPLETE: "complete-warmup",
}
"""The use case that makes each change."""


def _phase(stage: Stage) -> str:
    assert stage.phase is not None, "only a phase needs content"
    return stage.phase


SHARED = {
    "accounts · all-due-index": "a queue's key (of one shard)",
    "audit_events · bucket-index": "the day's keys of the audit",
    "bot_sessions · live-index": "the key of the live sessions",
}
"""The indexes in which all accounts share a key; the queue's is split by the number of shards."""


def load(hour: Hour, bill: units.Bill, place: str) -> float:
    """The write units a second that the hour's use cases lay on a place; a report writes what a completion does."""
    per_call = per_use_case(bill)
    return sum(count * per_call.get((name, place), 0.0) for name, count in hour.happened.items()) / 3600


def per_use_case(bill: units.Bill) -> dict[tuple[str, str], float]:
    """The write units of one call, by use case and place. A phase's content is asked for after a claim."""
    calls = {name: used.calls for name, used in bill.by_use_case.items()}
    found: dict[tuple[str, str], float] = defaultdict(float)
    for (name, place), writes in bill.by_place.items():
        found["content" if name == "claim" else name, place] += writes / calls[name]
    completions = {place: writes for (name, place), writes in found.items() if name == "complete-phase"}
    found |= {(name, place): writes for name in ("report-error", "review") for place, writes in completions.items()}
    return found


def share(values: Sequence[float], part: float) -> float:
    """The value that so large a part does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def main() -> None:
    """Simulates, draws and prints."""
    world = World()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("accounts", "days", "arrivals", "bots", "models", "items", "uses", "shards", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(world, name))
    parser.add_argument("--failure-rate", type=float, default=world.failure_rate, help="the share of tasks that fail")
    parser.add_argument("--work", type=float, default=world.work.total_seconds(), help="seconds of a bot a phase")
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "pictures", help="where the plots go")
    given = vars(parser.parse_args())
    into: Path = given.pop("into")
    world = World(**{**given, "work": timedelta(seconds=given["work"])})
    if reason := missing("dynamodb-local"):
        raise SystemExit(reason)
    bill = units.measure()
    simulation = Simulation(world)
    simulation.run()
    told = summary(world, simulation.hours, bill)
    into.mkdir(parents=True, exist_ok=True)
    draw(simulation.hours, bill, world, into)
    fairness.draw(into)
    for name, value in told.items():
        print(f"{name:>44}  {value}")


def summary(world: World, hours: dict[int, Hour], bill: units.Bill) -> dict[str, object]:
    """The figures that a reader wants."""
    happened: Counter[str] = Counter()
    waits: list[float] = []
    for hour in hours.values():
        happened += hour.happened
        waits += hour.waits
    writes = {place: max(load(hour, bill, place) for hour in hours.values()) for place in {p for _, p in bill.by_place}}
    busiest = max(hours.values(), key=lambda hour: hour.happened["complete-phase"])
    queue = writes["accounts · all-due-index"] / world.shards
    return {
        "world": {name: str(value) for name, value in asdict(world).items()},
        "accounts active at the end": happened["complete-warmup"],
        "accounts in review": happened["review"],
        "phases completed": happened["complete-phase"],
        "phases completed in the busiest hour": busiest.happened["complete-phase"],
        "answers without content": happened["content_unavailable"],
        "wait for a bot, seconds: p50 · p99 · most": " · ".join(
            f"{wait:.0f}" for wait in (share(waits, 0.5), share(waits, 0.99), max(waits))
        ),
        "write units a second, all tables, busiest hour": round(sum(writes.values())),
        **{f"busiest second, {SHARED[place]}": round(writes[place]) for place in SHARED if "queue" not in place},
        "busiest second, the queue's keys of one shard": round(queue),
        "shards that the queue needs": max(1, -(-round(writes["accounts · all-due-index"]) // LIMIT)),
    }


def draw(hours: dict[int, Hour], bill: units.Bill, world: World, into: Path) -> None:
    """The plots, by hour."""
    days = [(number / 24, hours[number]) for number in sorted(hours)]
    completed = Line("phases completed", [(at, hour.happened["complete-phase"]) for at, hour in days])
    active = Line("accounts made active", [(at, hour.happened["complete-warmup"]) for at, hour in days])
    chart("Completions an hour", "day", [completed, active], into / "completions.svg")
    keys = [
        Line(words, [(at, load(hour, bill, place) / (world.shards if "queue" in place else 1)) for at, hour in days])
        for place, words in SHARED.items()
    ]
    chart("Write units a second on keys that all share", "day", keys, into / "keys.svg", limit=LIMIT)
    middle = Line("half waited no longer", [(at, share(hour.waits, 0.5)) for at, hour in days])
    most = Line("99 of 100 waited no longer", [(at, share(hour.waits, 0.99)) for at, hour in days])
    chart("Seconds that due accounts wait for a bot", "day", [middle, most], into / "waits.svg")


if __name__ == "__main__":
    main()

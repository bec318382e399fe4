"""Hundreds of thousands of accounts over twelve days, by the real rules on a fake clock: `make simulate`.

In memory, as events: accounts arrive evenly, a fleet of bots takes who has been due for longest, the service's own
rules date the next phase, delay retries and choose the content (`domain.selection` over ranked shelves). What each use
case writes is measured first, on DynamoDB Local (`benchmarks.units`), and laid on the keys that all accounts share.
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

from benchmarks import units
from benchmarks.plots import Line, chart
from chalicelib.domain import retries, selection
from chalicelib.domain.phases import ORDER, PhaseName
from chalicelib.domain.plans import STANDARD, Need
from chalicelib.domain.retries import ReportKind, ReportOutcome
from chalicelib.domain.runway import ItemPool, Stock
from warmup.sandbox.stores import ROOT, missing

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 1_000  # write units a second that one key takes (AWS, "Designing partition keys")
_HOUR = timedelta(hours=1)


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
    failures: float = 0.03
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
    phase: int = 0
    retries: int = 0
    misses: int = 0
    started: bool = False


class Simulation:
    """The accounts, the fleet, the pools."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.hours: dict[int, Hour] = defaultdict(Hour)
        self._dice = Random(world.seed)
        self._shelves: dict[tuple[int, str, str], ItemPool] = {}
        self._used: dict[int, frozenset[str]] = {}
        self._wanted = {name: STANDARD.phases[name] for name in ORDER}

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
                heapq.heappush(due, (coming, arrived, _Account(arrived)))
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
            ends_at, next_due = self._work(account, at, hour)
            heapq.heapreplace(bots, (ends_at, bot))
            if next_due is not None:
                heapq.heappush(due, (next_due, number, account))
            done += 1
            if done % 20_000 == 0:
                self._progress(at, done)

    def _progress(self, at: datetime, done: int) -> None:
        share = (at - BEGIN) / timedelta(days=self.world.days)
        print(f"  day {share * self.world.days:4.1f} of {self.world.days}, {done:,} tasks", end="\r", file=sys.stderr)

    def _work(self, account: _Account, at: datetime, hour: Hour) -> tuple[datetime, datetime | None]:
        """One task of a bot: when the bot is free again, and when the account is due again (None: never)."""
        did = hour.happened
        if account.phase == len(ORDER):
            did["complete-warmup"] += 1
            return at + timedelta(seconds=1), None
        if not account.started:
            account.started = True
            did["start-warmup"] += 1
        name = ORDER[account.phase]
        if not self._choose(account, name, at):
            did["content_unavailable"] += 1
            account.misses += 1
            return at + timedelta(seconds=1), at + retries.content_delay(STANDARD, account.misses - 1)
        account.misses = 0
        did["content"] += 1
        done_at = at + self.world.work
        if self._dice.random() < self.world.failures:
            return done_at, self._report(account, name, done_at, did)
        did["complete-phase"] += 1
        account.phase, account.retries = account.phase + 1, 0
        if account.phase == len(ORDER):
            return done_at, done_at
        did["open_due_phases"] += 1  # of the hour in which it is dated: the same number, an interval later
        return done_at, done_at + STANDARD.phases[ORDER[account.phase]].interval

    def _report(self, account: _Account, name: PhaseName, at: datetime, did: Counter[str]) -> datetime | None:
        spread = retries.spread_of(account.number, name, account.retries)
        verdict = retries.after_report(
            ReportKind.TRANSIENT, plan=STANDARD, retries=account.retries, replacements=0, now=at, spread=spread
        )
        did["report-error"] += 1
        if verdict.outcome is ReportOutcome.REVIEW:
            did["review"] += 1
            return None
        account.retries += 1
        return verdict.available_at

    def _choose(self, account: _Account, name: PhaseName, at: datetime) -> bool:
        """Whether both kinds that the phase needs were found; what was chosen rests from now on."""
        plan, model = STANDARD.phases[name], account.number % self.world.models
        found: list[tuple[ItemPool, Stock]] = []
        for kind, need in (("content", plan.content), ("text", plan.text)):
            if need is Need.NONE or account.retries:  # a retry keeps what was assigned
                continue
            shelf = self._shelf(model, kind, name).at(at)
            theme = (None, "sea", "city")[account.number % 3]
            wanted = selection.wanted(STANDARD, name, theme=theme, used=(), now=at)
            choices = selection.leading(shelf, wanted, 1)
            if choices:
                found.append((shelf, choices[0].item))
            elif need is Need.REQUIRED:
                return False
        for shelf, item in found:
            shelf.use(item, at)
        return True

    def _shelf(self, model: int, kind: str, category: str) -> ItemPool:
        if (model, kind, category) not in self._shelves:
            media_type, length = ("image/png", None) if kind == "content" else (None, 80)
            dice = Random(f"{model}{kind}{category}")
            stock = [
                Stock(
                    f"{number}",
                    category,
                    round(dice.uniform(40, 100), 1),
                    0,
                    self.world.uses,
                    theme=dice.choice((None, "sea", "city")),
                    media_type_or_none=media_type,
                    length_or_none=length,
                )
                for number in range(self.world.items)
            ]
            self._shelves[model, kind, category] = ItemPool(stock, STANDARD.cooldown)
        return self._shelves[model, kind, category]


SHARED = {
    "accounts · queue-index": "a queue's key (of one shard)",
    "audit_events · day-index": "the day's key of the audit",
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
    found |= {("report-error", place): writes for (name, place), writes in found.items() if name == "complete-phase"}
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
    parser.add_argument("--failures", type=float, default=world.failures, help="the share of tasks that fail")
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
    queue = writes["accounts · queue-index"] / world.shards
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
        "shards that the queue needs": max(1, -(-round(writes["accounts · queue-index"]) // LIMIT)),
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

"""What an account costs, in what AWS bills: requests, and units of DynamoDB. The docs tell these figures.

The calls are those of the shipped worker (`benchmarks.units` lets the worker itself make them), counted on the wire
by AWS's rule (`benchmarks.capacity`); a read costs what the tables' sizes say, consistent reads of items one unit for
4 KB, queries of an index half a unit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from math import ceil
from typing import Any

import pytest

from benchmarks.capacity import Image, indexes, size, written
from tests.agency import NOBODY_CAME, PHASES, Agency, Bot
from tests.wire import Call, Wire
from warmup.sandbox.stores import ROOT

_INDEXES = indexes()
_PREFIX = "test-"
_JOB, _ROUND_TRIP = timedelta(seconds=90), timedelta(milliseconds=5)
_CONSENT = {"granted_by": "A. Lind", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 7"}
_TEXTS = {"bio": 150, "post": 600, "highlight": 100, "story": 600}


@dataclass(slots=True)
class Bill:
    """Counts what goes over the wire from now on, until it is closed; `largest` is in bytes, by table."""

    wire: Wire
    round_trips: int = 0
    written: int = 0
    read: float = 0.0
    largest: dict[str, int] = field(default_factory=dict)
    _open: list[tuple[str, dict[str, Any], Image, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Counts from now on."""
        self.wire.before.append(self._count)

    def close(self) -> None:
        """Counts the last write, and nothing more until it is opened again."""
        self._settle()
        self.wire.before.remove(self._count)

    def _count(self, call: Call) -> None:
        self._settle()
        self.round_trips += 1
        for action, place in call.rights():
            table = place.partition("/")[0]
            if action == "BatchGetItem":
                self.read += sum(self._reading(table, key) for key in call.body["RequestItems"][table]["Keys"])
            elif action in ("Query", "Scan"):
                self.read += 0.5 if "IndexName" in call.body else 1.0
        for part in call.body.get("TransactItems", ()):
            ((_, asked),) = part.items()
            key = asked.get("Key") or asked["Item"]
            self._open.append((asked["TableName"], key, self._row(asked["TableName"], key), True))
        if call.operation == "UpdateItem":
            table, key = call.body["TableName"], call.body["Key"]
            self._open.append((table, key, self._row(table, key), False))

    def _settle(self) -> None:
        for table, key, before, transaction in self._open:
            name, after = table.removeprefix(_PREFIX), self._row(table, key)
            self.written += sum(written(name, _INDEXES[name], before, after, transaction=transaction).values())
            self.largest[name] = max(self.largest.get(name, 0), 0 if after is None else size(after))
        self._open.clear()

    def _row(self, table: str, key: Any) -> Image:
        stored = self.wire.store.tables[table]
        return stored.rows.get(stored.key_of(key))

    def _reading(self, table: str, key: Any) -> int:
        row = self._row(table, key)
        return 1 if row is None else ceil(size(row) / 4096)


def of(agency: Agency, act: Callable[[], object]) -> tuple[int, int, int]:
    """Units written and read by what is done, and round trips."""
    bill = Bill(agency.wire)
    act()
    bill.close()
    return bill.written, ceil(bill.read), bill.round_trips


def stocked(agency: Agency, themes: Sequence[str], count: int = 1) -> None:
    """A model with so many items for each phase, texts of real length; the service makes all ids."""
    agency.operator.model("aurora", themes=themes)
    path = "/api/operator/models/aurora"
    own = {"quality_score": 70, "max_usage": 50}
    for number, (place, category) in product(range(count), enumerate(("pfp", "post", "highlight", "story"))):
        name = f"{number:03}{place}"
        file = {"media_key": f"aurora/{name}", "media_type": "image/png", "bytes": 1, "sha256": f"{name:0>64}"}
        agency.operator.post(f"{path}/content", {**own, **file, "category": category}).ok(201)
    for number, (category, length) in product(range(count), _TEXTS.items()):
        body = (f"{number} A caption for {category}: up before the birds, salt on the skin. " * 12)[:length]
        agency.operator.post(f"{path}/texts", {**own, "category": category, "body": body}).ok(201)


def warm(bot: Bot) -> None:
    """Others have called the function within the last second: it knows the key, the switch, and the leases."""
    bot.ready().ok()


def worker_path(agency: Agency, bill: Bill, bot: Bot, accounts: int, *, in_a_fleet: bool) -> int:
    """What the worker asks, from its session's first to its last request: how many requests. Timers are not billed."""
    agency.wire.before.append(lambda _: agency.time.advance(_ROUND_TRIP))  # no two requests come at the same instant
    worker, requests = bot.with_session(), 1
    for phase, _ in product(PHASES, range(accounts)):
        bill.close()
        agency.timer()
        if in_a_fleet:
            warm(bot)
        bill.open()
        (claimed,) = worker.claim(deliver=True).ok()["items"]
        bill.close()
        agency.time.advance(_JOB)
        if in_a_fleet:
            warm(bot)
        bill.open()
        done = {
            "execution_time_ms": 90_000,
            "platform_response": {"status": "published", "post_id": "17841400008460056"},
            "finish": True,
        }
        token = claimed["lease"]["lease_token"]
        following = worker.complete(phase, token, claimed["account_id"], **done).ok()["next"]
        requests += 2
        if requests % (2 * accounts) == 1 and phase != PHASES[-1]:
            agency.time.to(following["available_at"])
    worker.end().ok()
    return requests + 1


@pytest.mark.parametrize(
    ("accounts", "themes", "in_a_fleet", "words"),
    [
        (1, (), True, "a warm-up, from the first request to active"),
        (1, ("sea", "city"), True, "the same in a model that declares themes"),
        (1, (), False, "the same with functions that know nothing, as in a service with one account"),
        (10, (), True, "each of ten that one worker does in turn"),
    ],
)
def test_what_the_docs_say_that_an_account_costs_is_what_it_costs(
    agency: Agency, accounts: int, themes: Sequence[str], in_a_fleet: bool, words: str
) -> None:
    stocked(agency, themes, accounts)
    for number in range(accounts):
        account = {"model_id": "aurora", "username": f"aurora.by.the.sea.{number}", "consent": _CONSENT}
        agency.operator.ready(agency.operator.post("/api/operator/accounts", account).ok(201)["account_id"]).ok()
    hired = agency.operator.post("/api/operator/bots", {}).ok(201)
    bot = Bot(agency.client, hired["bot_id"], hired["key"])
    warm(bot)
    if not in_a_fleet:
        agency.time.advance(timedelta(hours=1))
    bill = Bill(agency.wire)
    requests = worker_path(agency, bill, bot, accounts, in_a_fleet=in_a_fleet)
    bill.close()
    operations = (ROOT / "docs" / "operations.md").read_text()
    performance = (ROOT / "docs" / "performance.md").read_text()
    told = " | ".join(f"{one / accounts:.3g}" for one in (requests, bill.written, ceil(bill.read), bill.round_trips))
    assert f"| {words} | {told} |" in operations, told
    if accounts == 1 and in_a_fleet:
        assert themes or f"| write units | 614 | **{bill.written}** |" in performance
        assert f"| HTTP requests | 35 | **{requests}** |" in performance
    assert bill.largest["accounts"] <= 1024, "beyond a kilobyte each write of it costs twice as much"


def test_what_the_docs_say_that_waiting_costs_is_what_it_costs(agency: Agency) -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    worker, holder = agency.worker(), agency.worker("b2")
    agency.operator.account()
    holder.start().ok()
    worker.ready().ok()
    for timer in ("open_due_phases", "close_lost_sessions"):
        agency.timer(timer)

    def beat() -> None:
        agency.time.advance(300)
        worker.heartbeat().ok()

    def beat_with_a_lease() -> None:
        agency.time.advance(300)
        holder.heartbeat().ok()

    waiting: tuple[tuple[str, str, Callable[[], object]], ...] = (
        ("a claim that finds nothing", "1", lambda: worker.claim().ok()),
        ("a `ready` request that finds nothing", "1", lambda: worker.ready().ok()),
        ("a heartbeat of a session without leases", "1", beat),
        ("a heartbeat of a session with one lease", "1", beat_with_a_lease),
        ("a run of `open_due_phases` that counts what is under way", "–", agency.timer),
        ("a run of it that finds nothing due", "–", agency.timer),
        ("a run of `close_lost_sessions` that adds up what was done", "–", lambda: agency.timer("close_lost_sessions")),
        ("a run of it that finds no lost session", "–", lambda: agency.timer("close_lost_sessions")),
    )
    for words, requests, act in waiting:
        told = f"{requests} | {' | '.join(map(str, of(agency, act)))}"
        assert f"| {words} | {told} |" in operations, told


def test_what_the_docs_say_that_an_opening_costs_is_what_it_costs(agency: Agency) -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    worker = agency.warmed_to("pfp")
    following = worker.do("pfp")["next"]
    agency.time.to(following["available_at"])
    agency.timer()
    agency.time.advance(NOBODY_CAME)
    told = f"– | {' | '.join(map(str, of(agency, agency.timer)))}"
    assert agency.operator.actions()[-1] == "phase:open"
    assert f"| a run of it that opens a phase, and is recorded | {told} |" in operations, told

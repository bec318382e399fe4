"""What one account costs by the shipped worker's own path, and what it costs to wait: `make bench-units`.

`warmup.Worker` takes one account from its first request to active, over HTTP, against the service on DynamoDB Local:
ids as the service makes them, captions of 600 characters, 90 seconds a job, each phase taken as its interval has
passed, after a run of the timer that opens those that nobody takes. Then the worker waits for work, and the timers for
something to do.

Reads are told by the engine (`ConsumedCapacity`), but for keys under which nothing lies: AWS charges the least for
them, the engine nothing. Writes are computed from the images before and after each of them, by AWS's rule
(`benchmarks.capacity`): the engine's own figures for transactions are implausible.
"""

import argparse
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.capacity import Image, indexes, written
from benchmarks.recording import patched
from benchmarks.requests import silent
from chalicelib import tables
from chalicelib.tables.base import connection
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from warmup import Worker
from warmup.api.models import ConsentBody, ContentBody, TextBody
from warmup.client import Client
from warmup.sandbox.answers import Answer, HttpRequest
from warmup.sandbox.clock import Clock
from warmup.sandbox.gateway import Routes
from warmup.sandbox.pictures import draw
from warmup.sandbox.schedules import Timers, discover
from warmup.sandbox.server import Server
from warmup.sandbox.service import new_operator_key, running
from warmup.sandbox.stores import missing, open_store

_WRITES = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
_JOB = timedelta(seconds=90)
_DAY = timedelta(days=1)
_MODEL = "aurora"
_LONGEST = {"bio": 150, "highlight": 100}
_CAPTION = 600
_FLEET = 50
# US dollars, on demand, us-east-1, 2026; a request takes 100 ms of a function with 1 GiB and writes 1.5 kB of log
_A_MILLION_WRITES, _A_MILLION_READS = 0.625, 0.125
_A_MILLION_REQUESTS = 3.50 + 0.20 + 1e6 * 0.1 * 0.0000133334 + 1e6 * 1.5e-6 * 0.50


@dataclass(slots=True)
class Units:
    """What was used: calls, write and read units, round trips to the store."""

    calls: int = 0
    writes: float = 0
    reads: float = 0
    round_trips: int = 0

    def add(self, other: "Units") -> None:
        """Adds what another tells."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def dollars(self) -> float:
        """What the store asks for them."""
        return (self.writes * _A_MILLION_WRITES + self.reads * _A_MILLION_READS) / 1e6


@dataclass(slots=True)
class Bill:
    """What was used, by use case, and the write units by use case and place (a table or an index).

    Timers are told apart: they run every minute, whatever the number of accounts.
    """

    by_use_case: dict[str, Units] = field(default_factory=lambda: defaultdict(Units))
    by_timer: dict[str, Units] = field(default_factory=lambda: defaultdict(Units))
    by_place: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    requests: int = 0

    def charge(self, use_case: str, used: Units, places: Mapping[str, float]) -> None:
        """Adds one call of a use case."""
        used.calls = 1
        self.by_use_case[use_case].add(used)
        for place, writes in places.items():
            self.by_place[use_case, place] += writes

    def charge_timer(self, name: str, used: Units) -> None:
        """Adds one run of a timer."""
        used.calls = 1
        self.by_timer[name].add(used)

    @property
    def by_table(self) -> dict[str, float]:
        """The write units by place."""
        found: dict[str, float] = defaultdict(float)
        for (_, place), writes in self.by_place.items():
            found[place] += writes
        return found

    @property
    def total(self) -> Units:
        """The sum."""
        found = Units()
        for one in self.by_use_case.values():
            found.add(one)
        return found

    @property
    def dollars(self) -> float:
        """What AWS asks for all of it: the store, and where there were requests gateway, function and log."""
        return self.total.dollars + self.requests * _A_MILLION_REQUESTS / 1e6


class Meter:
    """Watches every request to the store while it runs; one call at a time is metered."""

    def __init__(self) -> None:
        self._indexes = indexes()
        self._prefix = str(tables.Account.Meta.table_name).removesuffix(tables.NAMES[tables.Account])
        self._used, self._places = Units(), defaultdict[str, float](float)
        self._reading_images = False

    def take(self) -> tuple[Units, dict[str, float]]:
        """What was used since the last time, and the write units by place."""
        used, places = self._used, self._places
        self._used, self._places = Units(), defaultdict(float)
        return used, places

    @contextmanager
    def running(self) -> Iterator[None]:
        """Meters while the context lasts."""
        send = Connections.send

        def metered(connections: Connections, request: Request) -> StoreAnswer:
            if self._reading_images:
                return send(connections, request)
            operation, asked = request.operation, json.loads(request.body)
            writes = [{_WRITES[operation]: asked}] if operation in _WRITES else asked.get("TransactItems", [])
            before = self._images(writes)
            answer = send(connections, request)
            self._used.round_trips += 1
            if writes:
                self._write(writes, before, self._images(writes), transaction=operation not in _WRITES)
            else:
                found = json.loads(answer.content)
                consumed = found["ConsumedCapacity"]
                several = consumed if isinstance(consumed, list) else [consumed]
                self._used.reads += sum(one["CapacityUnits"] for one in several) + _of_nothing(asked, found)
            return answer

        with patched(Connections, "send", metered):
            yield

    def _keys(self, writes: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        found = []
        models = {self._prefix + name: model for model, name in tables.NAMES.items()}
        for write in writes:
            ((_, asked),) = write.items()
            model = models[asked["TableName"]]
            names = [name for name in (model._hash_keyname, model._range_keyname) if name]
            whole = asked.get("Key") or asked["Item"]
            found.append((asked["TableName"], {name: whole[name] for name in names}))
        return found

    def _images(self, writes: list[dict[str, Any]]) -> list[Image]:
        self._reading_images = True
        try:
            return [
                connection().dispatch("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}).get("Item")
                for table, key in self._keys(writes)
            ]
        finally:
            self._reading_images = False

    def _write(
        self, writes: list[dict[str, Any]], before: list[Image], after: list[Image], *, transaction: bool
    ) -> None:
        for (table, _), old, new in zip(self._keys(writes), before, after, strict=True):
            name = table.removeprefix(self._prefix)
            for place, units in written(name, self._indexes[name], old, new, transaction=transaction).items():
                self._places[place] += units
                self._used.writes += units


def _of_nothing(asked: Mapping[str, Any], found: Mapping[str, Any]) -> float:
    """The read units of the keys of a batch under which nothing lies: AWS charges the least, the engine nothing."""
    units = 0.0
    for table, wanted in asked.get("RequestItems", {}).items():
        left = found.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        missing_keys = len(wanted["Keys"]) - len(left) - len(found["Responses"].get(table, []))
        units += missing_keys * (1.0 if wanted.get("ConsistentRead") else 0.5)
    return units


class Stage:
    """The service over HTTP, with an agency of one model: what every request used goes on the present bill."""

    def __init__(self, clock: Clock, service: Any, operator_key: str, meter: Meter) -> None:
        self.clock, self.bill = clock, Bill()
        self._service, self._meter = service, meter
        self._timers = Timers(discover(service.app), clock)
        self._routes = Routes(sorted(service.app.routes))
        self._lock = threading.RLock()  # one call at a time, so that each is charged with what it used
        self._operator_key = operator_key
        self.server = Server("127.0.0.1", 0, self._answer)
        self.afterwards: Any = None

    def prepare(self) -> None:
        """Fills the pools. The service makes all ids that it can make."""
        self.operator = Client(self.server.url, self._operator_key)
        self.operator.models.create(model_id=_MODEL)
        for number, category in enumerate(("pfp", "post", "highlight", "story") * 3):
            self._picture(number, category)
            self._text(number, "bio" if category == "pfp" else category)

    def _picture(self, number: int, category: str) -> None:
        picture = draw(number, category, None, f"{category} {number}")
        sha256 = hashlib.sha256(picture.data).hexdigest()
        facts: dict[str, Any] = {"media_type": picture.media_type, "sha256": sha256, "bytes": len(picture.data)}
        form = self.operator.content.upload(_MODEL, filename=f"{category}-{number}.jpg", **facts)
        self.operator.put(form, picture.data)
        item = {"category": category, "quality_score": 70 + number, "max_usage": 50, "media_key": form.media_key}
        self.operator.content.create(_MODEL, ContentBody.model_validate({**item, **facts}))

    def _text(self, number: int, category: str) -> None:
        body = (f"Caption {number}: up before the birds, salt on the skin and nowhere to be. " * 9)[:_CAPTION]
        body = body[: _LONGEST.get(category, _CAPTION)]
        item = TextBody(category=category, quality_score=70 + number, max_usage=50, body=body)
        self.operator.texts.create(_MODEL, item)

    def account(self, username: str) -> str:
        """The id of a new account that is ready."""
        agreed = ConsentBody(granted_by="A. Lind", granted_at=datetime(2026, 1, 1, tzinfo=UTC), reference="contract 7")
        made = self.operator.accounts.create(model_id=_MODEL, username=username, consent=agreed)
        self.operator.accounts.ready(made.account_id, reason="the owner agreed")
        return made.account_id

    def worker(self) -> Worker:
        """A worker that needs 90 seconds a job; with its handler."""
        key = self.operator.bots.create().key
        assert key is not None, "the bot was just made"
        worker = Worker(self.server.url, key)

        @worker.phase()
        def work(job: Any) -> dict[str, str]:
            threading.Event().wait(self.clock.real_seconds(_JOB.total_seconds()))
            return {"status": "published", "post_id": "17841400008460056"}

        return worker

    def timer(self, name: str) -> None:
        """One run of a timer."""
        with self._lock:
            self._meter.take()
            self._timers.run(name)
            self.bill.charge_timer(name, self._meter.take()[0])

    def _answer(self, request: HttpRequest) -> Answer:
        with self._lock:
            self._meter.take()
            answered: Answer = self._service.gateway.handle(request)
            if request.path.startswith("/api/bot/"):
                name = self._use_case(request, answered)
                self.bill.charge(name, *self._meter.take())
                self.bill.requests += 1
                if self.afterwards is not None:
                    self.afterwards(name, json.loads(answered.body or b"null"))
        return answered.having("Sandbox-Speed", f"{self.clock.speed:.3f}")

    def _use_case(self, request: HttpRequest, answered: Answer) -> str:
        found = self._routes.find(request.path)
        assert found is not None, request.path
        name = [part for part in found[0].split("/") if part and not part.startswith("{")][-1]
        if name == "sessions":
            return "session, opened" if request.method == "POST" else "session, ended"
        empty = name in ("claim", "ready") and not json.loads(answered.body)["items"]
        return f"{name}, empty" if empty else name


@contextmanager
def stage(speed: float) -> Iterator[Stage]:
    """The service on DynamoDB Local, `speed` times as fast as real time."""
    with ExitStack() as stack:
        store = stack.enter_context(open_store("dynamodb-local"))
        stack.enter_context(silent())
        clock, key = Clock(speed=speed), new_operator_key()
        service = stack.enter_context(running(store, clock, key, None))
        meter = Meter()
        stack.enter_context(meter.running())
        found = Stage(clock, service, key, meter)
        found.server.start()
        stack.callback(found.server.stop)
        found.prepare()
        yield found


def warm_up(on: Stage) -> Bill:
    """The bill of one account, from the first request to active, the worker's session included."""
    on.account("aurora.by.the.sea")
    worker, on.bill = on.worker(), Bill()

    def move_on(name: str, answer: Any) -> None:
        if name == "complete-phase" and answer["next"]["phase"] is not None:
            on.clock.advance(datetime.fromisoformat(answer["next"]["available_at"]) - on.clock.now())
            on.timer("open_due_phases")
        if name == "complete-warmup" or (name == "complete-phase" and answer["next"]["action"] is None):
            worker.stop()

    on.afterwards = move_on
    worker.run()
    on.afterwards = None
    return on.bill


def wait_for_work(on: Stage, hours: float) -> Bill:
    """The bill of a worker for that long while there is nothing to do, but something later; without its session."""
    on.account("aurora.at.noon")
    worker, opened = on.worker(), threading.Event()

    def count_from_here(name: str, answer: Any) -> None:
        if name == "complete-phase":
            on.bill = Bill()
            opened.set()

    on.bill, on.afterwards = Bill(), count_from_here
    at_work = threading.Thread(target=worker.run)
    at_work.start()
    opened.wait()
    threading.Event().wait(on.clock.real_seconds(hours * 3600))
    bill, on.afterwards = on.bill, None
    on.bill = Bill()
    worker.stop()
    at_work.join()
    return bill


def wait_for_the_clock(on: Stage, minutes: int) -> dict[str, Units]:
    """What one run of each timer uses on average while nothing falls due."""
    on.bill = Bill()
    for _ in range(minutes):
        on.clock.advance(timedelta(minutes=1))
        for name in ("open_due_phases", "close_lost_sessions"):
            on.timer(name)
    on.timer("watch_pools")
    return on.bill.by_timer


def measure(speed: float = 60.0) -> Bill:
    """The bill of one account's warm-up."""
    with stage(speed) as on:
        return warm_up(on)


def main() -> None:
    """Prints the bills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="writes the figures to this file, too")
    parser.add_argument("--speed", type=float, default=60.0, help="how many times as fast as real time (1 to 150)")
    parser.add_argument("--idle", type=float, default=1.0, help="for how many hours a worker waits, of that time")
    given = parser.parse_args()
    if reason := missing("dynamodb-local"):
        raise SystemExit(reason)
    with stage(given.speed) as on:
        bill = warm_up(on)
        idle = wait_for_work(on, given.idle)
        timers = wait_for_the_clock(on, 60)
    show(bill)
    a_day = _DAY / timedelta(hours=given.idle)
    waiting = {name: _times(units, a_day) for name, units in idle.by_use_case.items()}
    minutely = {name: _times(units, 24) for name, units in timers.items()}
    print(f"\na day of an idle worker: {idle.requests * a_day:,.0f} requests, {idle.dollars * a_day:.3f} US dollars")
    table(waiting)
    monthly = 30 * (_FLEET * idle.dollars * a_day)
    print(f"{_FLEET} idle workers a month: {monthly:.2f} US dollars")
    print("\na day of the timers while nothing falls due")
    table(minutely)
    if given.json:
        figures = {"account": bill.by_use_case, "idle worker, a day": waiting, "idle timers, a day": minutely}
        told: dict[str, Any] = {
            what: {name: asdict(units) for name, units in found.items()} for what, found in figures.items()
        }
        told |= {"tables": bill.by_table, "requests": bill.requests, "dollars_a_thousand": bill.dollars * 1000}
        given.json.write_text(json.dumps(told, indent=2))


def show(bill: Bill) -> None:
    """Prints the bill of an account."""
    table({**bill.by_use_case, "in all": bill.total})
    print("\nruns of the timer that found nothing to open")
    table(bill.by_timer)
    print(f"\n{'table or index':>40} {'write units':>12}")
    for name, writes in sorted(bill.by_table.items(), key=lambda one: -one[1]):
        if writes:
            print(f"{name:>40} {writes:>12.0f}")
    print(f"\n{bill.requests} HTTP requests of the worker; US dollars a thousand accounts: DynamoDB", end=" ")
    print(f"{bill.total.dollars * 1000:.2f}, with gateway, functions and logs {bill.dollars * 1000:.2f}")


def table(bills: Mapping[str, Units]) -> None:
    """Prints units by use case."""
    print(f"{'use case':>22} {'calls':>7} {'write units':>12} {'read units':>11} {'round trips':>12}")
    for name, units in bills.items():
        print(f"{name:>22} {units.calls:>7.0f} {units.writes:>12.0f} {units.reads:>11.1f} {units.round_trips:>12.0f}")


def _times(units: Units, factor: float) -> Units:
    return Units(*(getattr(units, name) * factor for name in units.__slots__))


if __name__ == "__main__":
    main()

"""What one account costs from its first request to active, in DynamoDB's units: `make bench-units`.

The warm-up of one account is done on DynamoDB Local, the timers between the phases included. Reads are told by the
engine (`ConsumedCapacity`). Writes are computed from the images before and after each transaction, since the engine's
figures for transactions are implausible: a write unit for each KB begun of the larger image, twice that in a
transaction; for an index nothing where its row stays as it is, one row where it comes, goes or changes, and two where
its key changes (AWS, "Read and write capacity" and "Global secondary indexes").
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from benchmarks.recording import Caller, Scene, serve
from benchmarks.requests import silent
from chalicelib import tables
from chalicelib.tables.base import connection
from warmup.sandbox.stores import ROOT, missing, open_store

Image = dict[str, Any] | None
_KB = 1024
_IN_A_TRANSACTION = 2
_DOLLARS_A_MILLION = {"write": 0.625, "read": 0.125}  # on demand, us-east-1, 2026


@dataclass(slots=True)
class Units:
    """Write and read units, and round trips."""

    writes: float = 0
    reads: float = 0
    round_trips: int = 0


@dataclass(slots=True)
class Bill:
    """What was used, by use case, and the write units by use case and place (a table or an index)."""

    by_use_case: dict[str, Units] = field(default_factory=lambda: defaultdict(Units))
    by_place: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    requests: int = 0

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
        all_of_them = self.by_use_case.values()
        return Units(
            sum(one.writes for one in all_of_them),
            sum(one.reads for one in all_of_them),
            sum(one.round_trips for one in all_of_them),
        )


def size(image: Mapping[str, Any]) -> int:
    """The bytes of an item, by DynamoDB's rules: names and values in UTF-8, numbers by their digits."""
    return sum(len(name.encode()) + _value(value) for name, value in image.items())


def _value(typed: Mapping[str, Any]) -> int:
    (kind, value), *_ = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return ceil(len(value.strip("-").replace(".", "")) / 2) + 1
        case "SS":
            return sum(len(one.encode()) for one in value)
        case "L":
            return 3 + sum(1 + _value(one) for one in value)
        case "M":
            return 3 + sum(len(name.encode()) + 1 + _value(one) for name, one in value.items())
        case _:
            return 1


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its keys, and what it holds beside them (None: all)."""

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str] | None

    def row(self, image: Image) -> Image:
        """The row that it has of an item, None if none."""
        if image is None or any(key not in image for key in self.keys):
            return None
        if self.projected is None:
            return image
        return {name: value for name, value in image.items() if name in self.projected}

    def units(self, before: Image, after: Image) -> int:
        """The write units of a change."""
        old, new = self.row(before), self.row(after)
        if old == new:
            return 0
        if old is None or new is None or all(old[key] == new[key] for key in self.keys):
            return ceil(max(size(old or {}), size(new or {})) / _KB)
        return ceil(size(old) / _KB) + ceil(size(new) / _KB)


def indexes() -> dict[str, list[Index]]:
    """The indexes of each table (by its unprefixed name), from the deployment's own definitions."""
    found: dict[str, list[Index]] = {}
    for one in json.loads((ROOT / "infrastructure" / "tables.json").read_text()).values():
        told = one["Properties"]
        name = json.dumps(told["TableName"])
        own = {key["AttributeName"] for key in told["KeySchema"]}
        for table in tables.NAMES.values():
            if table in name:
                found[table] = [_index(index, own) for index in told.get("GlobalSecondaryIndexes", [])]
    return found


def _index(told: Mapping[str, Any], own: set[str]) -> Index:
    keys = tuple(key["AttributeName"] for key in told["KeySchema"])
    projection = told["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(told["IndexName"], keys, None)
    return Index(told["IndexName"], keys, frozenset({*keys, *own, *projection.get("NonKeyAttributes", ())}))


class Meter:
    """Looks at every request to the store while it runs."""

    def __init__(self, bill: Bill) -> None:
        self.bill, self.use_case = bill, ""
        self._indexes = indexes()
        self._prefix = str(tables.Account.Meta.table_name).removesuffix(tables.NAMES[tables.Account])
        self._looking = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Meters while the context lasts."""
        send = URLLib3Session.send

        def metered(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
            if self._looking:
                answer: AWSResponse = send(session, request)
                return answer
            asked, target = json.loads(request.body), str(request.headers["X-Amz-Target"])
            writes = asked.get("TransactItems", [])
            before = self._images(writes)
            answer = send(session, request)
            told, used = json.loads(answer.content), self.bill.by_use_case[self.use_case]
            used.round_trips += 1
            if target.endswith("TransactWriteItems"):
                used.writes += self._written(writes, before, self._images(writes))
            else:
                consumed = told.get("ConsumedCapacity", [])
                used.reads += sum(
                    one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed])
                )
            return answer

        URLLib3Session.send = metered
        try:
            yield
        finally:
            URLLib3Session.send = send

    def _keys(self, writes: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        found = []
        models = {self._prefix + name: model for model, name in tables.NAMES.items()}
        for write in writes:
            ((_, told),) = write.items()
            model = models[told["TableName"]]
            names = [name for name in (model._hash_keyname, model._range_keyname) if name]
            whole = told.get("Key") or told["Item"]
            found.append((told["TableName"], {name: whole[name] for name in names}))
        return found

    def _images(self, writes: list[dict[str, Any]]) -> list[Image]:
        self._looking = True
        try:
            return [
                connection().dispatch("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}).get("Item")
                for table, key in self._keys(writes)
            ]
        finally:
            self._looking = False

    def _written(self, writes: list[dict[str, Any]], before: list[Image], after: list[Image]) -> float:
        sum_of_all = 0.0
        for (table, _), old, new in zip(self._keys(writes), before, after, strict=True):
            name = table.removeprefix(self._prefix)
            rows = {name: ceil(max(size(old or {}), size(new or {}), 1) / _KB)}
            rows |= {f"{name} · {index.name}": index.units(old, new) for index in self._indexes[name]}
            for place, units in rows.items():
                self.bill.by_place[self.use_case, place] += units * _IN_A_TRANSACTION
                sum_of_all += units * _IN_A_TRANSACTION
        return sum_of_all


def measure() -> Bill:
    """The bill of one account's warm-up."""
    bill = Bill()
    with open_store("dynamodb-local") as store, silent():
        caller = serve(store)
        scene = Scene(caller, accounts=3, items=6)
        meter = Meter(bill)
        with meter.running():
            _warm_up(caller, scene, meter)
    return bill


def _warm_up(caller: Caller, scene: Scene, meter: Meter) -> None:
    account = "/accounts/a01"

    def step(use_case: str, method: str, path: str, body: object = None, **headers: str) -> Any:
        meter.use_case = use_case
        meter.bill.requests += 1
        return scene.bot(method, path, body, **headers)

    for phase in ("pfp", "bio", "post", "highlight", "story"):
        if phase == "pfp":
            step("start-warmup", "POST", f"{account}/start-warmup")
        token = step("content", "GET", f"{account}/content/{phase}")["lease"]["lease_token"]
        step("heartbeat", "POST", f"/sessions/{scene.session_id}/heartbeat", {})
        done = {"execution_time_ms": 8000, "platform_response": {"id": "17", "ok": True}}
        step("complete-phase", "POST", f"{account}/complete-phase/{phase}", done, lease_token=token)
        caller.clock.now += timedelta(hours=48)
        meter.use_case = "open_due_phases"
        caller.timer("open_due_phases")
    step("complete-warmup", "POST", f"{account}/complete-warmup")


def main() -> None:
    """Prints the bill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="writes the figures to this file, too")
    given = parser.parse_args()
    if reason := missing("dynamodb-local"):
        raise SystemExit(reason)
    bill = measure()
    print(f"{'use case':>16} {'write units':>12} {'read units':>11} {'round trips':>12}")
    for name, units in [*bill.by_use_case.items(), ("in all", bill.total)]:
        print(f"{name:>16} {units.writes:>12.0f} {units.reads:>11.1f} {units.round_trips:>12}")
    print(f"\n{'table or index':>40} {'write units':>12}")
    for name, writes in sorted(bill.by_table.items(), key=lambda one: -one[1]):
        if writes:
            print(f"{name:>40} {writes:>12.0f}")
    total = bill.total
    dollars = (total.writes * _DOLLARS_A_MILLION["write"] + total.reads * _DOLLARS_A_MILLION["read"]) / 1000
    print(f"\n{bill.requests} requests of a bot; US dollars for DynamoDB a thousand accounts: {dollars:.2f}")
    if given.json:
        figures = {
            name: {part: getattr(units, part) for part in units.__slots__} for name, units in bill.by_use_case.items()
        }
        given.json.write_text(
            json.dumps({"use_cases": figures, "tables": bill.by_table, "dollars_a_thousand": dollars})
        )


if __name__ == "__main__":
    main()

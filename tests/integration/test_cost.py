"""What an account costs, in what AWS bills: requests, and units of DynamoDB. docs/operations.md tells these figures.

Counted on the wire: a transaction's write costs two units for each KB of the item and of each of its rows in an
index (all are taken to be rewritten, so that the figures are upper bounds), a consistent read one unit for 4 KB, a
query of an index half a unit.
"""

from math import ceil
from typing import Any

from chalicelib.tables import NAMES
from infrastructure import tables
from tests.agency import PHASES, Agency
from tests.wire import Call, Wire
from warmup.sandbox.stores import ROOT

_INDEXED = {
    f"test-{name}": [
        [key["AttributeName"] for key in index["KeySchema"]]
        for index in tables.resources("prod")[tables.logical_id(name)]["Properties"].get("GlobalSecondaryIndexes", ())
    ]
    for name in NAMES.values()
}


def size(row: Any) -> int:
    """About the bytes of an item: its names and values."""
    return sum(len(name) + len(str(next(iter(value.values())))) for name, value in row.items())


class Bill:
    """Counts what goes over the wire from now on."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.written = self.read = 0.0
        wire.before.append(self._count)

    def _count(self, call: Call) -> None:
        for action, place in call.rights():
            table = place.partition("/")[0]
            if action == "BatchGetItem":
                self.read += sum(self._reading(table, key) for key in call.body["RequestItems"][table]["Keys"])
            elif action in ("Query", "Scan"):
                self.read += 0.5 if "IndexName" in call.body else 1.0
        for part in call.body.get("TransactItems", ()):
            ((verb, asked),) = part.items()
            self.written += self._writing(verb, asked)

    def _row(self, table: str, key: Any) -> Any:
        stored = self._wire.store.tables[table]
        return stored.rows.get(stored.key_of(key))

    def _reading(self, table: str, key: Any) -> int:
        row = self._row(table, key)
        return 1 if row is None else ceil(size(row) / 4096)

    def _writing(self, verb: str, asked: Any) -> int:
        row = asked["Item"] if verb == "Put" else self._row(asked["TableName"], asked["Key"]) or asked["Key"]
        units = 2 * ceil(size(row) / 1024)
        if verb == "ConditionCheck":
            return units
        return units + sum(2 for keys in _INDEXED[asked["TableName"]] if all(key in row for key in keys))


def of_a_life(agency: Agency) -> tuple[int, int, int]:
    """From import to active, with the timer that opens each phase: requests, units written, units read."""
    sent = agency.wire.sent
    bill = Bill(agency.wire)
    requests = 0
    agency.operator.account("a1")
    requests += 2
    for phase in PHASES:
        worker = agency.worker()
        if phase == PHASES[0]:
            worker.start("a1").ok()
            requests += 1
        else:
            agency.timer()
            worker.claim().ok()
            requests += 1
        done = worker.do(phase)
        worker.end().ok()
        requests += 4  # a session opened, the content, its completion, the session ended
        if done["next"]["available_at"]:
            agency.time.to(done["next"]["available_at"])
    worker = agency.worker()
    worker.complete_warmup().ok()
    worker.end().ok()
    assert agency.wire.sent > sent
    return requests + 3, round(bill.written), round(bill.read)


def of(agency: Agency, what: Any) -> tuple[int, int]:
    """Units written and read by one call."""
    bill = Bill(agency.wire)
    what()
    return round(bill.written), ceil(bill.read)


def test_what_operations_say_that_an_account_costs_is_what_it_costs(agency: Agency) -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    requests, written, read = of_a_life(agency)
    assert f"| a warm-up, from import to active | {requests} | {written} | {read} |" in operations
    written, read = of(agency, lambda: agency.bot().ready().ok())
    assert f"| a look for work that finds none | 1 | {written} | {read} |" in operations
    written, read = of(agency, agency.timer)
    assert f"| a run of `open_due_phases` that finds nothing due | – | {written} | {read} |" in operations
    written, read = of(agency, lambda: agency.timer("close_lost_sessions"))
    assert f"| a run of `close_lost_sessions` that finds none | – | {written} | {read} |" in operations

"""What one request of a bot costs a warm function: Python calls and CPU time, beside the floor: `make bench-requests`.

The store is a stub in another process that plays back recorded answers, so that only our own cost counts; the floor is
a bare client that asks the same of it. Calls are those that Python's profiler counts, exact for pinned versions; CPU
time (user + system) is told as a ratio to the floor's, over alternating runs of both.
"""

import argparse
import base64
import cProfile
import json
import os
import pstats
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.floor import Floor
from benchmarks.recording import Caller, Recording, patched, record
from chalicelib import tables
from chalicelib.domain.instants import render
from chalicelib.logs import Logs
from chalicelib.settings import Settings
from chalicelib.tables import AuditEvent
from chalicelib.tables.base import Item, Store
from chalicelib.tables.transaction import Transaction
from warmup.sandbox.children import child_process, free_port, in_private_folder
from warmup.sandbox.invocation import Invocation
from warmup.sandbox.stores import ROOT, open_store

T = TypeVar("T")
RUNS = 5
_WARM = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request costs: exchanges with the store, calls (ours, the floor's), CPU as ratios to the floor."""

    name: str
    exchanges: int
    calls: int
    floor_calls: int
    ratios: list[float]
    floor_microseconds: float


@contextmanager
def stub(recordings: Sequence[Recording]) -> Iterator[str]:
    """The stub of the store, with these recordings; its URL."""
    port = free_port()
    answers = [
        [(one.status, base64.b64encode(one.answered).decode()) for one in recording.exchanges]
        for recording in recordings
    ]
    with in_private_folder("warmup-bench-") as folder:
        file = folder / "answers.json"
        file.write_text(json.dumps(answers))
        command = [sys.executable, "-m", "benchmarks.stub", str(port), str(file)]
        with child_process(command, folder, {**os.environ, "PYTHONPATH": str(ROOT)}, port):
            yield f"http://127.0.0.1:{port}"


def play(url: str, number: int) -> None:
    """Lets the stub begin anew with the answers of that recording."""
    urllib.request.urlopen(f"{url}/play/{number}", b"").read()  # noqa: S310  # our own stub


@contextmanager
def silent() -> Iterator[None]:
    """Log lines and metrics are written, to nowhere: what they cost counts, the terminal's part does not."""
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def no_events(put: Callable[..., None]) -> Callable[..., None]:
    """The transaction's `put` that leaves out audit events."""

    def without(transaction: Transaction, item: Item, *conditions: Any) -> None:
        if not isinstance(item, AuditEvent):
            put(transaction, item, *conditions)

    return without


class Bench:
    """Plays the recordings back, one at a time."""

    def __init__(self, caller: Caller, url: str) -> None:
        self._caller, self._url = caller, url
        kept = dict(Store.cached)
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = url
        tables.bind(Settings.from_environ(os.environ))
        Store.cached.update(kept)

    def measure(self, number: int, recording: Recording, repeats: int) -> Cost:
        """The cost of one recording, the function warm."""
        self._caller.clock.now = recording.now
        invocation = Invocation("api", 1e6)

        def ours() -> None:
            answer = self._caller.app(recording.event, invocation)
            assert answer["statusCode"] == 200, answer

        ours_calls = self._fresh(number, lambda: self._calls(ours))
        with_floor = Floor(self._url)

        def floor() -> None:
            for one in recording.exchanges:
                with_floor.call(one.operation, one.asked)

        floor_calls = self._fresh(number, lambda: self._calls(floor))
        ratios, floors = [], []
        for _ in range(RUNS):
            mine = self._fresh(number, lambda: self._seconds(ours, repeats))
            bare = self._fresh(number, lambda: self._seconds(floor, repeats))
            ratios.append(mine / bare)
            floors.append(bare)
        return Cost(
            recording.name, len(recording.exchanges), ours_calls, floor_calls, ratios, 1e6 * statistics.median(floors)
        )

    def record_kept(self, number: int, recording: Recording, repeats: int) -> list[float]:
        """CPU with audit events and logging, as ratios to the same request without either, over alternating runs."""
        self._caller.clock.now = recording.now
        invocation = Invocation("api", 1e6)

        def request() -> None:
            self._caller.app(recording.event, invocation)

        put, log, ratios = Transaction.put, Logs.request, []
        for _ in range(RUNS):
            kept = self._fresh(number, lambda: self._seconds(request, repeats))
            with patched(Transaction, "put", no_events(put)), patched(Logs, "request", lambda *_, **__: None):
                bare = self._fresh(number, lambda: self._seconds(request, repeats))
            ratios.append(kept / bare)
        assert Transaction.put is put and Logs.request is log
        return ratios

    def _fresh(self, number: int, run: Callable[[], T]) -> T:
        play(self._url, number)
        return run()

    @staticmethod
    def _calls(request: Callable[[], None]) -> int:
        for _ in range(_WARM):
            request()
        render.cache_clear()  # another request has other instants
        profile = cProfile.Profile()
        profile.runcall(request)
        return int(pstats.Stats(profile).total_calls) - 1  # type: ignore[attr-defined]  # the stubs lack it

    @staticmethod
    def _seconds(request: Callable[[], None], repeats: int) -> float:
        for _ in range(_WARM):
            request()
        began = time.process_time()
        for _ in range(repeats):
            request()
        return (time.process_time() - began) / repeats


def measure(names: Sequence[str] = (), repeats: int = 50) -> tuple[list[Cost], dict[str, list[float]]]:
    """The cost of each recorded request (of those whose name holds one of `names`, if any are given).

    And what audit events and logging add to the CPU of some, as ratios.
    """
    with open_store("ministack") as store, silent():
        caller, recordings = record(store)
    wanted = [one for one in recordings if not names or any(name in one.name for name in names)]
    with stub(wanted) as url, silent():
        bench = Bench(caller, url)
        costs = [bench.measure(number, one, repeats) for number, one in enumerate(wanted)]
        kept = {
            one.name: bench.record_kept(number, one, repeats)
            for number, one in enumerate(wanted)
            if one.name in ("start-warmup", "complete-phase", "warmup-status")
        }
        return costs, kept


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only requests whose names hold one of these, e.g. claim")
    parser.add_argument("--repeats", type=int, default=50, help="requests a run (default 50)")
    parser.add_argument("--json", type=Path, help="writes the figures to this file, too")
    given = parser.parse_args()
    costs, kept = measure(given.names, given.repeats)
    print(f"{'request':>16} {'store':>6} {'calls':>8} {'floor':>6} {'× floor':>8}   CPU × floor: median (least–most)")
    for one in costs:
        print(
            f"{one.name:>16} {one.exchanges:>6} {one.calls:>8} {one.floor_calls:>6} {one.calls / one.floor_calls:>8.1f}"
            f"   {statistics.median(one.ratios):5.1f} ({min(one.ratios):.1f}–{max(one.ratios):.1f})"
            f" of {one.floor_microseconds:,.0f} µs"
        )
    for name, ratios in kept.items():
        middle, least, most = statistics.median(ratios), min(ratios), max(ratios)
        print(f"audit events and logging, {name}: × {middle:.2f} ({least:.2f}–{most:.2f})")
    if given.json:
        given.json.write_text(json.dumps([{name: getattr(one, name) for name in one.__slots__} for one in costs]))


if __name__ == "__main__":
    main()

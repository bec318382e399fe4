"""What requests and timers read, by how many accounts there are: `make bench-size`. Figures that must stay flat.

On DynamoDB Local: round trips, rows and items read, read units as the engine reports them. The same thirty accounts
are worked on each time; the others wait for their interval, wait to be taken, or have ended.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.recording import Caller, Scene, patched, serve
from benchmarks.requests import silent
from chalicelib import tables
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.given import digest
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.timing import Due, DueQueue
from chalicelib.tables import Account
from chalicelib.tables.base import connection, name_of
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from warmup.sandbox.stores import missing, open_store

SIZES = (1_000, 10_000, 100_000)
FLAT = ("ready", "claim", "content", "heartbeat", "open_due_phases", "close_lost_sessions")
_AT_ONCE = 25
_PATIENCE = 120.0  # counting a large index takes the engine here longer than a call may


@dataclass(slots=True)
class Read:
    """What one request read."""

    round_trips: int = 0
    items: int = 0
    units: float = 0.0


@contextmanager
def metered() -> Iterator[Read]:
    """What is read while the context lasts."""
    send, read = Connections.send, Read()

    def tee(connections: Connections, request: Request) -> StoreAnswer:
        answer = send(connections, request)
        told = json.loads(answer.content)
        read.round_trips += 1
        responses: dict[str, list[object]] = told.get("Responses", {})
        read.items += told.get("ScannedCount", 0) + (sum(map(len, responses.values())) if responses else 0)
        consumed = told.get("ConsumedCapacity", [])
        if request.operation != "TransactWriteItems":
            read.units += sum(one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed]))
        return answer

    with patched(Connections, "send", tee):
        yield read


def fill(count: int, now: datetime) -> None:
    """So many more accounts: of ten, six wait for their interval, two to be started, two are active."""
    rows = [account(number, now).serialize() for number in range(count)]
    for start in range(0, count, _AT_ONCE):
        asked: Any = {name_of(Account): [{"PutRequest": {"Item": row}} for row in rows[start : start + _AT_ONCE]]}
        while asked:
            answer = connection().dispatch("BatchWriteItem", {"RequestItems": asked})
            asked = answer.get("UnprocessedItems") or {}


def account(number: int, now: datetime) -> Account:
    """One of the others, as large as real ones are."""
    kind = number % 10
    made = Account(
        account_id=f"x{number:07}",
        model_id=f"m{number % 20}",
        username=f"user.{number}",
        state=AccountState.WARMING_UP if kind < 6 else AccountState.READY if kind < 8 else AccountState.ACTIVE,
        consent={"granted_by": "Ada", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 7"},
        given={digest(PoolKind.CONTENT, f"con_{number + more}") for more in range(2)},
        created_at=now,
        updated_at=now,
        version=7,
    )
    if kind < 6:
        made.current_phase, made.phase_status = "post", PhaseStatus.PENDING
        made.store_due(Due(DueQueue.TIMER, now + timedelta(days=30, seconds=number)), 1)
    elif kind < 8:
        made.store_due(Due(DueQueue.READY, now + timedelta(seconds=number / 1e6)), 1)
    return made


def measure(size: int) -> list[tuple[str, Read]]:
    """What each request reads with so many accounts."""
    tables.base.READ_SECONDS = _PATIENCE
    with open_store("dynamodb-local") as store, silent():
        caller = serve(store)
        scene = Scene(caller, accounts=30, items=10)
        fill(size, caller.clock.now)
        return list(_requests(caller, scene))


def _requests(caller: Caller, scene: Scene) -> Iterator[tuple[str, Read]]:
    def one(name: str, run: Any) -> tuple[str, Read]:
        with metered() as read:
            run()
        return name, read

    scene.bot("GET", "/accounts/ready")
    yield one("ready", lambda: scene.bot("GET", "/accounts/ready?limit=20"))
    yield one("ready of a model", lambda: scene.bot("GET", "/accounts/ready?limit=20&model_id=m1"))
    yield one("claim", lambda: scene.bot("POST", "/accounts/claim", {"limit": 1}))
    scene.bot("POST", "/accounts/a29/start-warmup")
    yield one("content", lambda: scene.bot("GET", "/accounts/a29/content/pfp"))
    yield one("heartbeat", lambda: scene.bot("POST", f"/sessions/{scene.session_id}/heartbeat", {}))
    for name in ("open_due_phases", "close_lost_sessions"):  # every few minutes they also count, for the overview
        caller.timer(name)
    yield one("open_due_phases", lambda: caller.timer("open_due_phases"))
    yield one("close_lost_sessions", lambda: caller.timer("close_lost_sessions"))
    yield one("accounts, a page", lambda: scene.operator("/accounts?state=warming_up&limit=25"))
    yield one("pipeline", lambda: scene.operator("/pipeline"))


def main() -> None:
    """Prints the table; fails where what must be flat is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    sizes: Sequence[int] = parser.parse_args().sizes
    if reason := missing("dynamodb-local"):
        raise SystemExit(reason)
    print(f"{'request':>20}" + "".join(f"{f'{size:,} accounts':>26}" for size in sizes))
    print(f"{'':>20}" + "".join(f"{'trips · items · units':>26}" for _ in sizes))
    columns = [dict(measure(size)) for size in sizes]
    grown = []
    for name in columns[0]:
        reads = [column[name] for column in columns]
        told = [f"{read.round_trips} · {read.items} · {read.units:g}" for read in reads]
        print(f"{name:>20}" + "".join(f"{one:>26}" for one in told), flush=True)
        if name in FLAT and len({(read.round_trips, read.items) for read in reads}) > 1:
            grown.append(name)
    if grown:
        raise SystemExit(f"these grow with the number of accounts: {', '.join(grown)}")


if __name__ == "__main__":
    main()

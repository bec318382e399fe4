"""What a choice of content costs, by the size and the kind of the pool, beside a full scan: `make bench-content`.

Runs on DynamoDB Local, AWS's own engine. Counts are exact and hold on any machine: round trips, items and bytes read,
read units as the engine reports them (eventually consistent reads: half a unit for each 4 KB begun).
"""

import argparse
import hashlib
import json
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.recording import patched
from chalicelib import tables
from chalicelib.domain import scoring, selection
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.selection import Choice, ItemRights, Wanted
from chalicelib.settings import Settings
from chalicelib.tables.base import Raw, connection
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from chalicelib.tables.pools import Content
from warmup.sandbox.stores import missing, open_store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
THEMES = ("sea", "city", "hills", "night")
SIZES = (100, 10_000, 100_000)
KINDS = ("uniform", "heavily used", "all equal")
CHOICES = 30
MOST_ROUND_TRIPS, MOST_UNITS = 5, 4.0
_AT_ONCE = 25
_PATIENCE = 120.0
_SCANNED_AT_ONCE = 1000  # about 0.6 MB; the engine here breaks down over whole pages of 1 MB of a large table


@dataclass(slots=True)
class Cost:
    """What was read, and by how many requests."""

    round_trips: int = 0
    items: int = 0
    units: float = 0.0
    largest_page: int = 0


@dataclass(slots=True)
class Meter:
    """Counts every request that goes out while it runs; asks the engine what each one consumed."""

    cost: Cost = field(default_factory=Cost)

    @contextmanager
    def running(self) -> Iterator[Cost]:
        """The cost of what is done inside."""
        send, cost = Connections.send, Cost()

        def metered(connections: Connections, request: Request) -> StoreAnswer:
            answer = send(connections, request)
            told = json.loads(answer.content)
            if answer.status_code != 200:
                raise SystemExit(f"the engine answered {answer.status_code}: {answer.content[:500]!r}")
            cost.round_trips += 1
            cost.items += told.get("ScannedCount", 0)
            cost.units += told["ConsumedCapacity"]["CapacityUnits"]
            cost.largest_page = max(cost.largest_page, len(answer.content))
            return answer

        with patched(Connections, "send", metered):
            yield cost


def item(dice: random.Random, kind: str, model_id: str, number: int) -> Content:
    """An item of a pool of that kind, as large as real ones are."""
    used = dice.randrange(0, 50) if kind == "heavily used" else 0
    rests = kind == "heavily used" and used > 0 and dice.random() < 0.2
    digest = hashlib.sha256(f"{model_id}{number}".encode()).hexdigest()
    made = Content(
        content_id=f"con_01K{number:023d}",
        model_id=model_id,
        category="post",
        theme=dice.choice((None, *THEMES)),
        tags={"bench", "post"},
        status=ItemRights.APPROVED,
        quality_score=80 if kind == "all equal" else round(dice.uniform(20, 100), 1),
        usage_count=used,
        max_usage=50,
        penalty=min(used, dice.randrange(3)),
        last_assigned_at=NOW - timedelta(hours=dice.uniform(0, 24) if rests else 30) if used else None,
        media_key=f"{model_id}/{digest}/picture-{number}.jpg",
        media_type="image/jpeg",
        sha256=digest,
        bytes=dice.randrange(10_000, 4_000_000),
        width=1080,
        height=1350,
        approved_by="root",
        created_at=NOW - timedelta(days=40),
        created_by="root",
        updated_at=NOW - timedelta(days=1),
    )
    if kind == "heavily used" and dice.random() < 0.3:
        made.usage_count = made.max_usage
    made.keep_in_pool()
    return made


def fill(kind: str, size: int, model_id: str) -> list[Content]:
    """Writes a pool, and gives its items."""
    dice = random.Random(f"{kind}{size}")
    made = [item(dice, kind, model_id, number) for number in range(size)]
    name = tables.base.name_of(Content)
    for start in range(0, size, _AT_ONCE):
        asked: dict[str, Any] = {name: [{"PutRequest": {"Item": _raw(one)}} for one in made[start : start + _AT_ONCE]]}
        while asked:
            answer = connection().dispatch("BatchWriteItem", {"RequestItems": asked})
            asked = answer.get("UnprocessedItems") or {}
    return made


def _raw(one: Content) -> Raw:
    raw: Raw = one.serialize(null_check=False)
    return raw


def accounts(made: Sequence[Content]) -> Iterator[Wanted]:
    """Accounts that ask for content: with each theme and with none, most with items behind them already."""
    dice = random.Random(7)
    for number in range(CHOICES):
        theme = (None, *THEMES)[number % 5]
        wanted = selection.wanted(STANDARD, "post", theme=theme, used=(), now=NOW)
        best = sorted(made, key=lambda one: one.pool_rank or "", reverse=True)[:20]
        yield replace(wanted, used={one.content_id for one in dice.sample(best, min(4, len(best)))})


def choose(model_id: str, wanted: Wanted) -> Choice[Content] | None:
    """The choice as the service makes it."""
    found = selection.candidates(lambda category: Content.ranked(model_id, category), wanted, 1)
    return found[0] if found else None


def scan(wanted: Wanted) -> Choice[Content] | None:
    """The same choice by looking at everything: the table holds this pool only."""
    eligible = [one for one in Content.scan(page_size=_SCANNED_AT_ONCE) if selection.refusal(one, wanted) is None]
    key = scoring.order
    best = max(eligible, key=lambda one: key(one, one.content_id, wanted.theme), default=None)
    return None if best is None else Choice(best, scoring.score(best, wanted.theme))


def main() -> None:
    """Fills the pools, makes the choices, prints what they cost; fails where a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    sizes = parser.parse_args().sizes
    reason = missing("dynamodb-local")
    if reason is not None:
        raise SystemExit(reason)
    with open_store("dynamodb-local") as store:
        os.environ.update(store.environ())
        tables.base.READ_SECONDS = _PATIENCE  # a full scan of a large pool takes the engine longer than a call may
        tables.bind(Settings(table_prefix="bench-"))
        print(f"One choice among the items of one category, {len(THEMES)} themes, {CHOICES} accounts each: mean (most)")
        print(f"{'pool':>14} {'items':>8}  {'round trips':>12} {'items read':>12} {'read units':>14}   a full scan")
        held = [_measure(kind, size) for kind in KINDS for size in sizes]
    if not all(held):
        raise SystemExit(f"more than {MOST_ROUND_TRIPS} round trips or {MOST_UNITS} read units")


def _measure(kind: str, size: int) -> bool:
    model_id = f"{kind.replace(' ', '-')}-{size}"
    Content.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
    made = fill(kind, size, model_id)
    costs, scanned = [], Cost()
    for number, wanted in enumerate(accounts(made)):
        with Meter().running() as cost:
            choice = choose(model_id, wanted)
        costs.append(cost)
        if number == 0:
            with Meter().running() as scanned:
                plain = scan(wanted)
            same = (choice and choice.item.content_id) == (plain and plain.item.content_id)
            assert same, "the choice is not the winner of a full scan"
    Content.delete_table()
    most = Cost(*(max(getattr(cost, name) for cost in costs) for name in ("round_trips", "items", "units")))
    mean = Cost(
        *(sum(getattr(cost, name) for cost in costs) / len(costs) for name in ("round_trips", "items", "units"))
    )
    print(
        f"{kind:>14} {size:>8}  {mean.round_trips:>6.2f} ({most.round_trips:>3}) {mean.items:>6.1f} ({most.items:>3})"
        f" {mean.units:>7.2f} ({most.units:>4.1f})   {scanned.round_trips} round trips, {scanned.items} items, "
        f"{scanned.units:.1f} units",
        flush=True,
    )
    return most.round_trips <= MOST_ROUND_TRIPS and most.units <= MOST_UNITS


if __name__ == "__main__":
    main()

"""The decision rules explored exhaustively, and the explorer's verbs held against the service itself."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib import schedules
from chalicelib.domain import plans
from chalicelib.domain.accounts import State
from chalicelib.domain.phases import Status
from tests.agency import Agency, Bot
from tests.chaos.explorer import (
    LEASE,
    OPERATOR,
    ORDER,
    PLAN,
    VERBS,
    Account,
    Explored,
    World,
    claimed,
    explore,
    operated,
    taken,
    timed,
    told,
)
from tests.chaos.invariants import plain
from tests.chaos.test_faults import Recorder

DUE = World(Account(available_in=0, owed=0))


def tell(found: Explored, title: str, record: Recorder) -> None:
    """Puts the size of the exploration into the printed table."""
    for column, count in (("states", found.states), ("steps", found.steps), ("depth", found.depth)):
        record("table", ("decisions explored", title, column, count))


@pytest.mark.parametrize(
    ("title", "start", "most"), [("from a due phase", DUE, 200_000), ("before it", World(Account()), 60_000)]
)
def test_no_order_of_anything_breaks_a_promise(title: str, start: World, most: int, record_property: Recorder) -> None:
    found = explore(most, start)
    tell(found, title, record_property)
    assert found.broken is None, f"{found.broken}, by: " + "; ".join(found.way)
    assert found.states >= most


@pytest.mark.long
def test_nor_among_half_a_million_states(record_property: Recorder) -> None:
    found = explore(500_000, DUE)
    tell(found, "from a due phase, further", record_property)
    assert found.broken is None, f"{found.broken}, by: " + "; ".join(found.way)


def test_without_the_condition_on_what_was_read_the_explorer_finds_a_shortest_way_to_a_broken_promise() -> None:
    found = explore(200_000, DUE, guarded=False)
    assert found.broken == "a phase is completed twice"
    assert len(found.way) == 6, "; ".join(found.way)


# the explorer's verbs are the service's


class Both:
    """An account in its last two phases, in the service and in the explorer."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency
        self.bots = {"b1": agency.warmed_to("highlight"), "b2": agency.worker("b2")}
        agency.operator.words("more", "highlight")
        self.tokens = {"b1": "", "b2": ""}
        self.model = Account(available_in=0, owed=0)

    @property
    def phase(self) -> str:
        """The phase that the account is in."""
        return str(ORDER[min(self.model.place, len(ORDER) - 1)])

    def token_of(self, bot: str) -> tuple[str, str]:
        """The bot's token, and what the explorer calls it."""
        token = self.tokens[bot]
        row = self.row()
        return token, "current" if token and row.get("lease_token") == token else "stale"

    def row(self) -> dict[str, Any]:
        """The account as it is stored."""
        return plain(self.agency.wire.store.tables["test-accounts"].rows["a1",])

    def stored(self) -> Account:
        """The account as it is stored, as the explorer sees it."""
        row = self.row()
        place = ORDER.index(row["current_phase"]) if "current_phase" in row else len(ORDER)
        phase = plain(self.agency.wire.store.tables["test-warmup_phases"].rows["a1", self.phase])
        counted = phase if place < len(ORDER) else row
        now = self.agency.time.now
        started = row.get("lease_bot_id", "") if self.model.holder else ""
        return Account(
            State(row["state"]),
            place,
            Status(phase["status"]),
            _seconds_until(phase.get("available_at"), now) if place < len(ORDER) else 0,
            int(phase["retry_count"]) if place < len(ORDER) else 0,
            int(counted.get("crash_count", 0)),
            int(counted.get("release_count", 0)),
            started,
            _seconds_until(row.get("lease_expires_at"), now) if started else 0,
            row.get("lease_ended_by", "") if started else "",
            self.model.owed,
            _seconds_until(row.get("lease_latest_at"), now) if started else 0,
        )

    def compare(self, way: list[str]) -> None:
        """Fails where service and explorer differ; how long a retry waits is spread, and taken from the service."""
        stored = self.stored()
        if stored.place >= len(ORDER):
            stored = stored._replace(status=self.model.status)
        self.model = self.model._replace(available_in=stored.available_in)
        assert stored == self.model, "; ".join(way)

    def claim(self, bot: str) -> None:
        """A bot claims what is due."""
        items = self.bots[bot].claim().ok()["items"]
        if items and items[0]["held"]:
            return
        self.model = claimed(self.model, bot) or self.model
        if items:
            self.tokens[bot] = items[0]["lease"]["lease_token"]

    def take(self, bot: str) -> None:
        """A bot asks for the content."""
        answer = self.bots[bot].content(self.phase)
        self.model = taken(self.model, bot) or self.model
        if answer.status == 200:
            self.tokens[bot] = answer.json["lease"]["lease_token"]

    def tell(self, bot: str, verb: str) -> None:
        """A bot tells what happened."""
        token, called = self.token_of(bot)
        if not token:
            return
        worker: Bot = self.bots[bot]
        say: dict[str, Callable[[], Any]] = {
            "complete": lambda: worker.complete(self.phase, token),
            "fail": lambda: worker.report(self.phase, token),
            "escalate": lambda: worker.report(self.phase, token, kind="unknown"),
            "release": lambda: worker.release(token),
            "heartbeat": worker.heartbeat,
        }
        say[verb]()
        self.model = told(verb, self.model, called, bot) or self.model

    def operate(self, verb: str) -> None:
        """An operator's move."""
        place = f"phases/{self.phase}/" if verb in ("retry", "skip") else ""
        self.agency.operator.post(f"/api/operator/accounts/a1/{place}{verb}", {"reason": f"{self.agency.wire.sent}"})
        self.model = operated(verb, self.model) or self.model

    def time_passes(self, seconds: int) -> None:
        """Lets time pass."""
        self.agency.time.advance(seconds)
        model = self.model
        self.model = model._replace(
            available_in=max(0, model.available_in - seconds),
            expires_in=max(0, model.expires_in - seconds),
            latest_in=max(0, model.latest_in - seconds),
        )

    def timer(self) -> None:
        """The timer runs."""
        schedules.open_due_phases()
        self.model = timed(self.model)


def _seconds_until(instant: str | None, now: datetime) -> int:
    if instant is None:
        return 0
    left = datetime.fromisoformat(instant) - now
    return max(0, -(-left // timedelta(seconds=1)))


@pytest.mark.parametrize("seed", range(16))
def test_the_explorers_verbs_do_what_the_service_does(
    agency: Agency, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plans.PLANS, ("standard", 1), PLAN)
    dice, both = random.Random(seed), Both(agency)
    way: list[str] = []
    seen = {both.model}
    for _ in range(40):
        bot = dice.choice(("b1", "b2"))
        steps: list[tuple[str, Callable[[], None]]] = [
            (f"{bot} takes it", partial(both.take, bot)),
            (f"{bot} claims it", partial(both.claim, bot)),
            *((f"{bot} sends {verb}", partial(both.tell, bot, verb)) for verb in VERBS),
            ("the timer runs", both.timer),
            (f"{LEASE} s pass", partial(both.time_passes, LEASE)),
            ("it falls due", partial(both.time_passes, both.model.available_in)),
            *((verb, partial(both.operate, verb)) for verb in OPERATOR),
        ]
        name, step = dice.choices(steps, weights=[6, 3, 2, 4, 1, 2, 2, 3, 3, 6, 1, 4, 2, 1])[0]
        way.append(name)
        step()
        both.compare(way)
        seen.add(both.model)
    assert len(seen) > 4, "a walk on which nothing happens proves nothing"

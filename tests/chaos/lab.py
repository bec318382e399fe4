"""The lab: one verb in one situation, run as often as there are ways in which it may go wrong."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from chalicelib import context
from chalicelib.settings import Settings
from chalicelib.tables.base import Store
from tests.agency import Reply
from tests.chaos.entropy import Entropy, nameless
from tests.chaos.invariants import broken
from tests.chaos.world import Stages, Verb
from tests.edge import Edge
from tests.situations import Situation
from tests.store import State
from tests.wire import Call, Fault, Killed

WRITE = "TransactWriteItems"
ATTEMPTS = 6
At = Callable[[int, Call], Fault | None]
Rows = dict[str, Counter[str]]


class NeverAnswered(Exception):
    """A client sent again and again, and had no answer in the end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: the answer that its client had in the end, after how many attempts, and what changed.

    `calls` are what the first attempt asked of the store, `problems` the promises that are broken now.
    """

    answer: Any
    attempts: int
    changed: Rows
    calls: list[Call]
    problems: list[str]


def told(answer: Any) -> Any:
    """What an answer tells, without what differs from call to call."""
    if not isinstance(answer, Reply):
        return answer
    document = answer.json
    document.pop("request_id", None)
    if isinstance(document.get("content"), dict):
        document["content"].pop("url")  # signed by the clock on the wall
    return [answer.status, json.loads(nameless(json.dumps(document)))]


def changes(before: State, after: State) -> Rows:
    """The rows that are new or other than before, and the keys of those that are gone, without what is random."""
    found: Rows = {}
    for table, rows in after.items():
        was = before[table]
        mine = Counter(
            nameless(json.dumps(_ordered(row), sort_keys=True)) for key, row in rows.items() if was.get(key) is not row
        )
        for row in [row for row in mine if '"timer:' in row or '"turn:' in row]:
            del mine[row]  # when a timer last ran is told to operators, and a turn orders who asks: neither decides
        mine.update(f"without {key}" for key in was if key not in rows)
        if mine:
            found[table] = mine
    return found


def _ordered(row: Any) -> Any:
    """A row whose sets are in an order that no random name changes."""
    return {name: {"SS": sorted(one["SS"], key=nameless)} if "SS" in one else one for name, one in row.items()}


def is_an_answer(answer: Any) -> bool:
    """Whether a client is done with it; of many rows, each may ask to be sent again."""
    if not isinstance(answer, Reply):
        return True
    return answer.status != 503 and not any(word in answer.text for word in ("temporarily_unavailable", "not_done"))


def _nothing(_: int, __: Call) -> Fault | None:
    return None


class Lab:
    """One verb in one situation."""

    def __init__(self, stages: Stages, situation: Situation, verb: Verb, settings: Settings) -> None:
        self._stages, self._situation, self._verb, self._settings = stages, situation, verb, settings
        self._wire = stages.agency.wire
        self.entropy = Entropy()
        self._before = stages.kept(situation).state
        context.sources.entropy = self.entropy
        self._edge = cast(Edge, stages.agency.client)
        self.plain = self.run()

    def run(self, at: At = _nothing, *, knows_tokens: bool = True) -> Outcome:
        """Sends the request again until it is answered; what goes wrong does so in the first attempt only."""
        world = self._stages.world(self._situation)
        self._edge.request_id = "chaos-1"
        self.entropy.begin()
        self._wire.knows_tokens, self._wire.at = knows_tokens, at
        answer: Any = None
        calls: list[Call] = []
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._attempt(lambda: self._verb.act(world))
            if attempt == 1:
                calls = list(self._wire.calls)
            self._wire.heal()
            self._wire.knows_tokens = True
            Store.cached.clear()  # another function answers the next time
            if answer is not None and is_an_answer(answer):
                break
        else:
            raise NeverAnswered(f"{self._verb}: {told(answer)}")
        if self._verb.who == "timer":
            self._attempt(lambda: self._verb.act(world))  # it runs every minute, whatever came of the last run
        self._edge.request_id = None
        rows = changes(self._before, self._wire.save())
        return Outcome(told(answer), attempt, rows, calls, broken(self._wire.store, self._settings))

    @staticmethod
    def _attempt(act: Callable[[], Any]) -> Any:
        """What an attempt was answered; None where it had no answer."""
        try:
            return act()
        except Killed:
            return None
        except Exception as error:  # a timer has no caller: it fails, and runs again a minute later
            if isinstance(error, AssertionError):
                raise
            return None

    def late(self, call: Call) -> Rows:
        """What changes when the same bytes arrive again, so late that the store has forgotten their token."""
        before = self._wire.save()
        self._wire.store.tokens.clear()
        try:
            self._wire.store.serve(call.operation, call.body)
        except Exception:  # refused, as it should be
            return {}
        return changes(before, self._wire.save())

    def problems(self) -> list[str]:
        """The promises that are broken now."""
        return broken(self._wire.store, self._settings)

"""Two requests at a time, each call of the store a point at which the other may go on: every order is tried.

A schedule is the list of who goes next: `a` lets the first actor do its next call, `b!` lets the second do its own and
kills it before it hears of it. A schedule determines the run, so that a failure is replayed by what it prints. Orders
that differ only in calls which do not touch each other's rows are the same (sleep sets, after Godefroid).
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.lab import WRITE
from tests.store import DynamoDB
from tests.wire import Call, Fault, Killed, Wire

Schedule = tuple[str, ...]
_PATIENCE = 20.0  # real seconds that a step may take on a busy machine


@dataclass(slots=True)
class Actor:
    """One of the two: what it does, where it stands, and what came of it."""

    name: str
    act: Callable[[], Any]
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    pending: Call | None = None
    done: bool = False
    killed: bool = False
    result: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A moment at which somebody was chosen: the schedule so far, who could have gone on with which call, who slept."""

    so_far: Schedule
    enabled: dict[str, Call]
    asleep: frozenset[str]
    chosen: str


class Stuck(Exception):
    """An actor neither asked the store nor ended."""


class Run:
    """One run of two actors by a schedule, and after its end by the first who may."""

    def __init__(self, wire: Wire, acts: dict[str, Callable[[], Any]], switch: Callable[[str], None]) -> None:
        """`switch` is told who goes on, before it does."""
        self._wire, self._switch = wire, switch
        self.actors = {name: Actor(name, act) for name, act in acts.items()}
        self._arrived = threading.Semaphore(0)
        self._running: Actor | None = None
        self._die = False

    def follow(self, prefix: Schedule, asleep: frozenset[str], store: DynamoDB) -> tuple[list[Point], Schedule]:
        """Runs to the end; the points behind the prefix, and the whole schedule."""
        self._wire.before.append(self._wait_for_turn)
        self._wire.at = lambda *_: Fault.CRASH_AFTER if self._die else None
        points: list[Point] = []
        so_far: Schedule = ()
        try:
            for actor in self.actors.values():
                self._continue(actor, first=True)
            while enabled := {name: one.pending for name, one in self.actors.items() if not one.done and one.pending}:
                if len(so_far) < len(prefix):
                    wanted = prefix[len(so_far)]
                    chosen = wanted if wanted[0] in enabled else next(iter(enabled))
                else:
                    awake = [name for name in enabled if name not in asleep]
                    chosen = awake[0] if awake else next(iter(enabled))
                    points.append(Point(so_far, enabled, asleep, chosen))
                    asleep = still_asleep(asleep, enabled, chosen, store)
                so_far += (chosen,)
                self._continue(self.actors[chosen[0]], die=chosen.endswith("!"))
        finally:
            self._wire.before.remove(self._wait_for_turn)
            self._wire.at = lambda *_: None
        return points, so_far

    def _continue(self, actor: Actor, *, first: bool = False, die: bool = False) -> None:
        self._running, self._die = actor, die
        self._switch(actor.name)
        if first:
            threading.Thread(target=self._perform, args=(actor,), name=actor.name, daemon=True).start()
        else:
            actor.go.release()
        if not self._arrived.acquire(timeout=_PATIENCE):
            raise Stuck(actor.name)

    def _perform(self, actor: Actor) -> None:
        try:
            actor.result = actor.act()
        except Killed:
            actor.killed = True
        except BaseException as error:  # told by whoever looks at the run
            actor.error = error
        actor.done, actor.pending = True, None
        self._arrived.release()

    def _wait_for_turn(self, call: Call) -> None:
        """Called by whoever asks the store: only one actor runs at a time, so it is that one (or a thread of it)."""
        actor = self._running
        assert actor is not None
        actor.pending = call
        self._arrived.release()
        actor.go.acquire()


def still_asleep(asleep: frozenset[str], enabled: dict[str, Call], chosen: str, store: DynamoDB) -> frozenset[str]:
    """Who need not be tried next, since it makes no difference whether it goes before or after the chosen one."""
    return frozenset(
        one for one in asleep if one[0] in enabled and one[0] != chosen[0] and apart(enabled, one, chosen, store)
    )


def apart(enabled: dict[str, Call], one: str, other: str, store: DynamoDB) -> bool:
    """Whether two calls touch nothing of each other."""
    reads, writes = touched(enabled[one[0]], store)
    other_reads, other_writes = touched(enabled[other[0]], store)
    return not any(meet(wrote, seen) for wrote in writes for seen in other_reads | other_writes) and not any(
        meet(wrote, seen) for wrote in other_writes for seen in reads
    )


Touched = tuple[str, str]


def meet(one: Touched, other: Touched) -> bool:
    """Whether it is the same row, or a row of a table that is read as a whole."""
    return one[0] == other[0] and (one[1] == other[1] or "*" in (one[1], other[1]))


def touched(call: Call, store: DynamoDB) -> tuple[set[Touched], set[Touched]]:
    """The rows that a call reads, and those that it writes."""
    if call.operation == WRITE:
        rows = set()
        for item in call.body["TransactItems"]:
            ((verb, asked),) = item.items()
            key = store.tables[asked["TableName"]].key_of(asked["Item"] if verb == "Put" else asked["Key"])
            rows.add((asked["TableName"], json.dumps(key)))
        return rows, rows
    if call.operation == "BatchGetItem":
        return {
            (name, json.dumps(store.tables[name].key_of(key)))
            for name, asked in call.body["RequestItems"].items()
            for key in asked["Keys"]
        }, set()
    if call.operation == "UpdateItem":
        key = store.tables[call.body["TableName"]].key_of(call.body["Key"])
        return {(call.body["TableName"], json.dumps(key))}, {(call.body["TableName"], json.dumps(key))}
    return {(call.body["TableName"], "*")}, set()


def alternatives(points: list[Point], store: DynamoDB, *, crashes: bool) -> Iterator[tuple[Schedule, frozenset[str]]]:
    """What else could have been chosen at these points, each with who need not be tried after it."""
    for point in points:
        tried = {point.chosen}
        choices = list(point.enabled)
        if crashes and not any(one.endswith("!") for one in point.so_far):
            choices += [f"{name}!" for name, call in point.enabled.items() if call.operation == WRITE]
        for choice in choices:
            if choice in tried or choice in point.asleep:
                continue
            asleep = still_asleep(point.asleep | tried, point.enabled, choice, store)
            yield (*point.so_far, choice), asleep
            tried.add(choice)

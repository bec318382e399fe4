"""The duel: two verbs in one situation, in every order of their calls."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib import context
from chalicelib.settings import Settings
from chalicelib.tables.base import Store
from tests.agency import Reply
from tests.chaos.entropy import Entropy
from tests.chaos.invariants import broken
from tests.chaos.lab import Rows, changes, is_an_answer, told
from tests.chaos.schedules import Run, Schedule, alternatives
from tests.chaos.world import Stages, Verb, World
from tests.edge import Edge
from tests.situations import Situation

NAMES = ("a", "b")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one order: what each was answered (in the end), what changed, and which promises are broken."""

    schedule: Schedule
    answers: tuple[Any, Any]
    changed: Rows
    problems: list[str]


class Duel:
    """Two verbs in one situation. The second begins `later`: the first was held up for so long."""

    def __init__(
        self,
        stages: Stages,
        situation: Situation,
        verbs: tuple[Verb, Verb],
        settings: Settings,
        later: timedelta = timedelta(0),
    ) -> None:
        self._stages, self._situation, self._verbs, self._settings = stages, situation, verbs, settings
        self._wire, self._time, self._later = stages.agency.wire, stages.agency.time, later
        self._entropy = Entropy()
        self._now = stages.kept(situation).now

    def every_order(self, *, crashes: bool) -> Iterator[Played]:
        """Plays every order that can make a difference."""
        context.sources.entropy = self._entropy
        waiting: list[tuple[Schedule, frozenset[str]]] = [((), frozenset())]
        while waiting:
            prefix, asleep = waiting.pop()
            played, more = self._play(prefix, asleep, crashes=crashes)
            waiting.extend(more)
            yield played

    def play(self, schedule: Schedule) -> Played:
        """Plays one order; behind its end the first goes on that may."""
        context.sources.entropy = self._entropy
        return self._play(schedule, frozenset(), crashes=False)[0]

    def one_after_the_other(self) -> tuple[Played, Played]:
        """The first and then the second, and the reverse."""
        return self.play(("a",) * 200), self.play(("b",) * 200)

    def _play(
        self, prefix: Schedule, asleep: frozenset[str], *, crashes: bool
    ) -> tuple[Played, list[tuple[Schedule, frozenset[str]]]]:
        world = self._stages.world(self._situation)
        worlds = {name: world.through(Edge(f"chaos-{name}")) for name in NAMES}
        self._entropy.begin()
        acts: dict[str, Callable[[], Any]] = {
            name: partial(verb.act, worlds[name]) for name, verb in zip(NAMES, self._verbs, strict=True)
        }
        run = Run(self._wire, acts, self._switch)
        points, schedule = run.follow(prefix, asleep, self._wire.store)
        answers = tuple(self._answer(run, name, worlds[name]) for name in NAMES)
        self._switch("a")
        rows = changes(self._stages.kept(self._situation).state, self._wire.save())
        problems = broken(self._wire.store, self._settings) + self._untrue(run, answers)
        played = Played(schedule, (told(answers[0]), told(answers[1])), rows, problems)
        return played, list(alternatives(points, self._wire.store, crashes=crashes))

    def _switch(self, name: str) -> None:
        self._entropy.actor = NAMES.index(name)
        self._time.now = self._now + (self._later if name == "b" else timedelta(0))

    def _answer(self, run: Run, name: str, world: World) -> Any:
        """What the client is answered in the end: it sends again as long as it was not."""
        actor, verb = run.actors[name], self._verbs[NAMES.index(name)]
        if actor.error is not None and (verb.who != "timer" or isinstance(actor.error, AssertionError)):
            raise actor.error
        answer = actor.result
        self._switch(name)
        for _ in range(4):
            if answer is not None and is_an_answer(answer):
                return answer
            Store.cached.clear()
            answer = verb.act(world)
        raise AssertionError(f"{verb} is never answered: {told(answer)}")

    def _untrue(self, run: Run, answers: tuple[Any, ...]) -> list[str]:
        """Where an answer and the audit disagree: accepted is written once, refused is not written."""
        written: Counter[tuple[str, str]] = Counter()
        for row in self._wire.store.tables["test-audit_events"].rows.values():
            written[row.get("client_request_id", row["request_id"])["S"], row["action"]["S"]] += 1
        found = list(self._promised_longer(answers))
        for name, verb, answer in zip(NAMES, self._verbs, answers, strict=True):
            if not isinstance(answer, Reply) or not verb.actions or run.actors[name].killed:
                continue  # what a repeat is answered depends on what the other has done since
            mine = sum(written[f"chaos-{name}", action] for action in verb.actions)
            accepted = answer.status in (200, 201) and not answer.json.get("replayed")
            if verb.name == "claim":
                expected = len(answer.json["items"]) if answer.status == 200 else 0
                agrees = mine == sum(not item["held"] for item in answer.json.get("items", ())) or mine == expected
            elif verb.name == "claim-content":  # what is held was delivered by this request, or before
                given = [item for item in answer.json.get("items", ()) if item["delivery"] is not None]
                agrees = sum(not item["held"] for item in given) <= mine <= len(given)
            elif verb.name == "retry-all":
                continue
            elif verb.name.startswith("content"):  # asked again, it is the same content
                agrees = mine <= 1
            else:
                agrees = mine == 1 if accepted else mine <= (answer.status == 200)
            if not agrees:
                found.append(f"{verb} was answered {answer.status} {answer.text[:200]} and is written {mine} times")
        return found

    def _promised_longer(self, answers: tuple[Any, ...]) -> Iterator[str]:
        """Leases that run out before the time until which a heartbeat has promised them."""
        for answer in answers:
            if not isinstance(answer, Reply) or answer.status != 200:
                continue
            for held in answer.json.get("held", ()):
                row = self._wire.store.tables["test-accounts"].rows[held["account_id"],]
                session = self._wire.store.tables["test-bot_sessions"].rows[answer.json["session_id"],]
                mine = row["lease_session_id"]["S"] == answer.json["session_id"] and "lease_ended_by" not in row
                beaten = min(session.get("leases_until", {}).get("S", ""), row["lease_latest_at"]["S"])
                until = max(row["lease_expires_at"]["S"], beaten)
                if mine and "expires_at" in held and until < held["expires_at"]:
                    yield f"{held['account_id']} was promised until {held['expires_at']}, and is not held so long"

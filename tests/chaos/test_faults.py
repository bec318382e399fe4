"""Every fault at every call of every use case: the client sends again until it is answered, and it was done once.

Each use case is run without a fault, and then with each fault at each of its calls. In the end the client has the same
answer, the store holds the same rows, and every invariant holds.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.settings import Settings
from tests.chaos import world
from tests.chaos.lab import WRITE, At, Lab, Outcome, Rows
from tests.chaos.world import BY_NAME, Stages, Verb
from tests.situations import Situation
from tests.wire import Call, Fault


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of trouble, with the request of a number and, `for_good`, with all that follow until the client knows."""

    name: str
    fault: Fault
    for_good: bool = False
    knows_tokens: bool = True
    writes_only: bool = False

    def at(self, number: int) -> At:
        """What goes wrong when."""

        def fault(asked: int, call: Call) -> Fault | None:
            hit = asked == number or (self.for_good and asked > number)
            return self.fault if hit and self.can_befall(call) else None

        return fault

    def can_befall(self, call: Call) -> bool:
        """Whether it can go wrong with this call."""
        return call.operation == WRITE or not self.writes_only


KINDS: tuple[Kind, ...] = (
    Kind("lost request", Fault.REQUEST_LOST),
    Kind("lost answer", Fault.ANSWER_LOST),
    Kind("crash before", Fault.CRASH_BEFORE),
    Kind("crash after", Fault.CRASH_AFTER),
    Kind("throttle", Fault.THROTTLED),
    Kind("conflict", Fault.CONFLICT, writes_only=True),
    Kind("conflict at an item", Fault.POOL_CONFLICT, writes_only=True),
    Kind("500, not done", Fault.SERVER_ERROR),
    Kind("500, done", Fault.SERVER_ERROR_DONE, writes_only=True),
    Kind("twice", Fault.TWICE, writes_only=True),
    Kind("twice, token forgotten", Fault.TWICE, writes_only=True, knows_tokens=False),
    Kind("lost answer, token forgotten", Fault.ANSWER_LOST, writes_only=True, knows_tokens=False),
    Kind("no request arrives", Fault.REQUEST_LOST, for_good=True),
    Kind("no answer arrives", Fault.ANSWER_LOST, for_good=True),
)
LATE = "late duplicate, token forgotten"

CASES: dict[str, str] = {
    "b1 heartbeat": "imported ready_claimed run_out_for_the_last_time two_held",
    "b1 end-session": "imported ready_claimed working run_out_for_the_last_time two_held",
    "b2 open-session": "imported",
    "timer open-due-phases": "imported due several_due",
    "timer close-lost-sessions": "imported waiting",
    "operator ready": "imported",
    "operator retire": "imported waiting working active",
    "operator restore": "retired",
    "operator drain": "imported",
    "operator stop": "imported ready_claimed working run_out_for_the_last_time two_held",
    "operator withdraw-item": "imported waiting released working run_out_for_the_last_time done",
    "operator edit-item": "imported waiting",
    "operator pause-pipeline": "imported",
    "b1 start": "ready ready_claimed",
    "b1 claim": "ready due run_out run_out_for_the_last_time several_due",
    "b2 start": "ready",
    "b2 claim": "ready due run_out_for_the_last_time",
    "b2 start-alone": "ready",
    "operator pause": "ready",
    "b1 release": "ready_claimed working",
    "operator reset": "waiting working",
    "operator skip": "waiting released",
    "b1 content": "due claimed released run_out_for_the_last_time hungry",
    "b2 content": "due released run_out run_out_for_the_last_time hungry",
    "b2 content-alone": "due released run_out_for_the_last_time hungry",
    "operator assign": "due released",
    "b1 complete": "working run_out",
    "b1 report-transient": "working",
    "b1 report-content": "working",
    "b1 report-unknown": "working",
    "b1 measure": "due done",
    "operator create-account": "working",
    "operator consent": "working",
    "operator import": "working",
    "operator create-model": "working",
    "operator create-content": "working",
    "operator create-text": "working",
    "operator create-bot": "working",
    "operator rotate-key": "working",
    "operator revoke-key": "working",
    "operator edit-bot": "working",
    "operator pause-model": "working",
    "operator take-consent-back": "imported waiting released working failed",
    "operator migrate": "imported waiting released failed run_out done",
    "operator create-plan": "imported",
    "operator edit-plan": "imported",
    "operator publish-plan": "imported",
    "operator retire-plan": "imported",
    "timer watch-pools": "working",
    "operator retry": "failed",
    "operator retry-other": "failed",
    "operator resolve": "failed",
    "operator retry-all": "failed",
    "b1 complete-warmup": "done",
    "b2 complete-warmup": "done",
    "operator resume": "paused",
}
"""Where each use case asks the store other things than elsewhere. The long part tries all of them everywhere."""

SITUATIONS = {situation.__name__: situation for situation in world.SITUATIONS}
SHORT = [(BY_NAME[verb], SITUATIONS[name]) for verb, names in CASES.items() for name in names.split()]
LONG = [
    (verb, situation)
    for situation in world.SITUATIONS
    for verb in world.VERBS
    if situation.__name__ not in CASES.get(str(verb), "").split()
]

TOLD_ONCE = {
    "b2 open-session": "without an id of the client's, sent again is another session; the first is closed by the timer",
    "operator create-bot": "the key is shown once",
    "operator rotate-key": "the key is shown once: a lost one is revoked, and another made",
    "operator retry-all": "what was retried is no longer in the queue",
    "operator withdraw-item": "who was told already is not told again",
}
"""Answers that a repeat cannot give again, and why."""
MAKES_ANOTHER = ("b2 open-session", "operator create-bot", "operator rotate-key")
"""What is made again with other secrets, or twice, when its answer was lost."""
OF_ROWS = ("replayed", "held", "outcome", "counts", "created_by_model")
"""Members that tell a repeat from the first time."""

Recorder = Callable[[str, object], None]


def named(case: object) -> str:
    """The name of a case."""
    return str(getattr(case, "__name__", case))


def essence(answer: Any) -> Any:
    """An answer without what tells a repeat from the first time."""
    if isinstance(answer, dict):
        return {name: essence(value) for name, value in answer.items() if name not in OF_ROWS}
    if isinstance(answer, list):
        if len(answer) == 2 and answer[0] == 201:
            return [200, essence(answer[1])]
        listed = [essence(one) for one in answer]
        return sorted(listed, key=str) if listed and all(isinstance(one, dict) for one in listed) else listed
    return answer


def as_far_as_checked(answer: Any) -> Any:
    """An answer without warnings that say what could not be read for them: a change does not fail for a warning."""
    if isinstance(answer, dict):
        return {name: as_far_as_checked(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [as_far_as_checked(one) for one in answer if "was not checked for" not in str(one) or one != str(one)]
    return answer


def judge(verb: Verb, plain: Outcome, found: Outcome, where: str) -> None:
    """Fails where the outcome is not as if nothing had gone wrong."""
    assert found.problems == [], where
    repeated = found.attempts > 1
    if not (repeated and str(verb) in MAKES_ANOTHER):
        assert differences(plain.changed, found.changed) == {}, where
    if verb.who == "timer" or (repeated and str(verb) in TOLD_ONCE):
        return
    if repeated:
        assert essence(as_far_as_checked(found.answer)) == essence(as_far_as_checked(plain.answer)), where
    else:
        assert as_far_as_checked(found.answer) == as_far_as_checked(plain.answer), where


def differences(plain: Rows, found: Rows) -> dict[str, list[str]]:
    """The rows that one has and the other has not; a setting of nothing but its name is none, nor is a number."""
    plain, found = _without_idle_settings(plain), _without_idle_settings(found)
    both = {table: (plain.get(table), found.get(table)) for table in {*plain, *found}}
    return {
        table: [f"not: {row}" for row in (one or {}) if row not in (other or {})]
        + [f"but: {row}" for row in (other or {}) if row not in (one or {})]
        for table, (one, other) in both.items()
        if one != other
    }


def _without_idle_settings(rows: Rows) -> Rows:
    settings = rows.get("test-settings", Counter())
    kept = {row: count for row, count in settings.items() if len(json.loads(row)) > 1 and '"turn:' not in row}
    return {**rows, "test-settings": Counter(kept)}


def try_everything(lab: Lab, verb: Verb, situation: Situation, record: Recorder) -> None:
    """Each kind of trouble at each call."""
    plain = lab.plain
    assert plain.problems == []
    for number, call in enumerate(plain.calls):
        for kind in KINDS:
            if not kind.can_befall(call):
                continue
            found = lab.run(kind.at(number), knows_tokens=kind.knows_tokens)
            judge(verb, plain, found, f"{kind.name} at call {number + 1} of {len(plain.calls)}, {call.operation}")
            record("table", ("faults", str(verb), kind.name, 1))
    for number, call in enumerate(lab.run().calls):
        if call.operation == WRITE:
            changed = lab.late(call)
            if verb.who != "timer" and verb.name != "heartbeat":  # these say the same again
                assert changed == {}, f"{LATE}: call {number + 1}"
            assert lab.problems() == []
            record("table", ("faults", str(verb), LATE, 1))


@pytest.mark.parametrize(("verb", "situation"), SHORT, ids=named)
def test_whatever_goes_wrong_it_is_done_once_and_answered_rightly(
    stages: Stages, settings: Settings, verb: Verb, situation: Situation, record_property: Recorder
) -> None:
    lab = Lab(stages, situation, verb, settings)
    assert lab.plain.changed or verb.who == "timer", "a use case that changes nothing proves nothing"
    try_everything(lab, verb, situation, record_property)


@pytest.mark.long
@pytest.mark.parametrize(("verb", "situation"), LONG, ids=named)
def test_so_it_is_in_every_situation(
    stages: Stages, settings: Settings, verb: Verb, situation: Situation, record_property: Recorder
) -> None:
    lab = Lab(stages, situation, verb, settings)
    if lab.plain.changed:
        try_everything(lab, verb, situation, record_property)
    else:
        assert lab.plain.problems == []


@pytest.mark.parametrize(("verb", "situation"), [case for case in SHORT if case[0].who in ("b1", "b2")][::3], ids=named)
def test_two_things_may_go_wrong_in_one_request(
    stages: Stages, settings: Settings, verb: Verb, situation: Situation, record_property: Recorder
) -> None:
    """Pairs of faults, drawn by a seed that the failure tells."""
    pairs(stages, settings, verb, situation, record_property, seed=5, count=12)


@pytest.mark.long
@pytest.mark.parametrize(("verb", "situation"), SHORT, ids=named)
def test_two_other_things_may_go_wrong_in_one_request(
    stages: Stages, settings: Settings, verb: Verb, situation: Situation, record_property: Recorder
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  # pytest shows it where the test fails
    pairs(stages, settings, verb, situation, record_property, seed=seed, count=60)


def pairs(
    stages: Stages, settings: Settings, verb: Verb, situation: Situation, record: Recorder, *, seed: int, count: int
) -> None:
    """So many pairs of faults at two of the first calls and their repeats."""
    lab, dice = Lab(stages, situation, verb, settings), random.Random(seed)
    single = [kind for kind in KINDS if not kind.for_good]
    for _ in range(count):
        one, other = dice.choice(single), dice.choice(single)
        first = dice.randrange(len(lab.plain.calls))
        second = first + 1 + dice.randrange(4)
        plan = {first: one, second: other}

        def at(number: int, call: Call, plan: dict[int, Kind] = plan) -> Fault | None:
            return plan[number].at(number)(number, call) if number in plan else None

        tokens = one.knows_tokens and other.knows_tokens
        found = lab.run(at, knows_tokens=tokens)
        judge(verb, lab.plain, found, f"{one.name} at {first + 1}, {other.name} at {second + 1}, seed {seed}")
        record("table", ("pairs of faults", str(verb), "pairs", 1))


# the bytes


def test_attempts_are_equal_to_the_byte_and_each_write_has_a_token_of_its_own(stages: Stages) -> None:
    agency = stages.agency
    agency.wire.at = lambda number, call: Fault.CONFLICT if call.operation == WRITE and number % 3 else None
    agency.operator.account()
    worker = agency.bot().with_session()
    worker.start().ok()
    worker.complete("pfp", worker.take()).ok()
    sent: dict[str | None, list[Call]] = {}
    for call in agency.wire.of(WRITE):
        sent.setdefault(call.token, []).append(call)
    assert len(sent) == 6 and None not in sent
    assert any(len(calls) > 1 for calls in sent.values())
    assert all(call.body == calls[0].body for calls in sent.values() for call in calls)
    assert set(agency.wire.operations()) <= {WRITE, "BatchGetItem", "Query"}, "no item is ever written by itself"

"""A store that throttles for good: whoever asks is told so in time, nothing is kept waiting, and it is over at once."""

import threading

import pytest

from chalicelib.settings import Settings
from chalicelib.tables.base import Store
from tests import situations
from tests.agency import Reply
from tests.chaos import world
from tests.chaos.lab import changes, is_an_answer, told
from tests.chaos.test_faults import named
from tests.chaos.world import Stages, Verb
from tests.situations import Situation
from tests.wire import Fault

ONE_CALL_AT_MOST = 3 * 2.0 + 1.0
"""Seconds that the last call before the deadline may still take: three attempts of two seconds, and their waits."""
MOST_CALLS = 40
CASES = [
    (verb, situation)
    for situation in (situations.due, situations.working, situations.failed)
    for verb in (*world.VERBS, *(world.FEEDING if situation is situations.working else ()))
]


@pytest.mark.parametrize(("verb", "situation"), CASES, ids=named)
def test_whoever_asks_is_told_in_time_and_served_as_soon_as_it_is_over(
    stages: Stages, settings: Settings, verb: Verb, situation: Situation
) -> None:
    scene = stages.world(situation)
    wire, time = stages.agency.wire, stages.agency.time
    before = told(verb.act(scene)) if verb.who != "timer" else None
    scene = stages.world(situation)
    wire.at = lambda *_: Fault.THROTTLED
    began, threads = time.elapsed, threading.active_count()
    try:
        answer = verb.act(scene)
    except Exception:
        assert verb.who == "timer", "only a timer has nobody to answer to: it fails, is alarmed on, and runs again"
        answer = None
    assert len(wire.calls) <= MOST_CALLS, "it does not hammer on a store that throttles"
    wire.heal()
    assert time.elapsed - began < settings.deadline_seconds + ONE_CALL_AT_MOST
    assert threading.active_count() <= threads, "nothing is left that waits"
    assert changes(stages.kept(situation).state, wire.save()) == {}
    Store.cached.clear()
    if isinstance(answer, Reply) and answer.status != 503:
        assert not is_an_answer(answer), "each row says that it is to be sent again"
    elif isinstance(answer, Reply):
        problem = answer.refused(503, "temporarily_unavailable")
        assert problem["retryable"] is True
        assert int(answer.headers["Retry-After"]) == problem["retry_after_seconds"] > 0
        again = verb.act(scene)
        assert again.status == (before or [0])[0], "as soon as it is over, the same request is answered as ever"


@pytest.mark.parametrize("operation", ["TransactWriteItems", "BatchGetItem", "Query"])
def test_so_it_is_where_only_one_operation_is_throttled(stages: Stages, operation: str) -> None:
    scene = stages.world(situations.due)
    wire = stages.agency.wire
    wire.at = lambda _, call: Fault.THROTTLED if call.operation == operation else None
    answer = scene.second.claim()
    assert answer.status == 503 or answer.json["items"] == []
    wire.heal()
    Store.cached.clear()
    assert [item["account_id"] for item in scene.second.claim().ok()["items"]] == ["a1"]

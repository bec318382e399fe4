"""Indexes that lag behind: what they propose may be long over. No wrong lease, nothing lost for ever, no loop."""

import pytest

from chalicelib import schedules
from chalicelib.settings import Settings
from tests import situations
from tests.agency import Agency
from tests.chaos import world
from tests.chaos.invariants import broken
from tests.chaos.test_faults import Recorder, named
from tests.chaos.world import BY_NAME, Stages
from tests.situations import Situation

OLDER = (
    *(situations.imported, situations.ready, situations.due, situations.working, situations.run_out),
    *(situations.failed, situations.done),
)
READERS = (
    "b1 claim",
    "b2 claim",
    "b2 content",
    "timer open-due-phases",
    "timer close-lost-sessions",
    "operator retry-all",
)
MOST_CALLS = 60


@pytest.mark.parametrize("situation", world.SITUATIONS, ids=named)
def test_whatever_the_indexes_still_show_every_promise_holds(
    stages: Stages, settings: Settings, situation: Situation, record_property: Recorder
) -> None:
    wire = stages.agency.wire
    for older in OLDER:
        for name in READERS:
            behind = stages.kept(older).state
            scene = stages.world(situation)
            wire.store.behind = behind
            answer = BY_NAME[name].act(scene)
            wire.store.behind = None
            where = f"{name}, where the indexes still show {older.__name__}"
            assert getattr(answer, "status", 200) in (200, 409), where
            assert len(wire.calls) <= MOST_CALLS, where
            assert broken(wire.store, settings) == [], where
            record_property("table", ("stale indexes", situation.__name__, name, 1))


@pytest.mark.parametrize("situation", world.SITUATIONS, ids=named)
def test_what_the_indexes_did_not_show_yet_is_found_when_they_do(stages: Stages, situation: Situation) -> None:
    scene = stages.world(situation)
    expected = [item["account_id"] for item in scene.second.claim(limit=3).ok()["items"]]
    behind = stages.kept(situations.imported).state
    scene = stages.world(situation)
    stages.agency.wire.store.behind = behind
    first = [item["account_id"] for item in scene.second.claim(limit=3).ok()["items"]]
    stages.agency.wire.store.behind = None
    stages.agency.time.advance(60)  # so long a warm function may believe that no lease runs out
    found = {item["account_id"] for item in scene.second.claim(limit=3).ok()["items"]}
    assert found == set(expected) >= set(first)


def test_a_head_of_the_queue_that_is_long_taken_keeps_nobody_from_what_is_behind_it(agency: Agency) -> None:
    """Forty accounts that the index still shows are held; the one behind them is free."""
    for number in range(40):
        agency.operator.account(f"a{number:02}")
    agency.time.advance(1)
    agency.operator.account("free")
    behind = agency.wire.save()
    holder, seeker = agency.worker(), agency.worker("b2")
    for number in range(40):
        holder.start(f"a{number:02}").ok()
    agency.wire.store.behind = behind
    assert [item["account_id"] for item in seeker.claim().ok()["items"]] == ["free"]
    agency.wire.store.behind = None
    assert seeker.own_session().ok()["held"][0]["account_id"] == "free"


def test_a_list_from_an_older_page_takes_nothing_and_misleads_nobody(agency: Agency) -> None:
    agency.operator.account()
    behind = agency.wire.save()
    first, second = agency.worker(), agency.worker("b2")
    first.start().ok()
    agency.wire.store.behind = behind
    assert second.offered() == ["a1"], "it may be offered for a moment"
    second.start().refused(409, "account_leased")
    assert second.claim().ok()["items"] == []


def test_an_item_that_the_index_still_shows_is_not_given_beyond_its_cap(stages: Stages) -> None:
    behind = stages.kept(world.scarce).state
    scene = stages.world(world.scarce)
    assert scene.first.content("pfp", "a1").ok()["content"]["content_id"] == "good"
    stages.agency.wire.store.behind = behind
    assert scene.second.content("pfp", "a2").ok()["content"]["content_id"] == "poor"


def test_a_timer_that_sees_what_is_over_does_nothing_and_ends(stages: Stages) -> None:
    behind = stages.kept(situations.run_out).state
    stages.world(situations.opened)
    stages.agency.wire.store.behind = behind
    assert set(schedules.open_due_phases()) <= {"nothing_due"}
    assert len(stages.agency.wire.calls) < 10

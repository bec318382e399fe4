"""The timers: twice at once, killed halfway, or not at all, they do no harm."""

import contextlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.settings import Settings
from tests.agency import LEASE, Agency, Bot
from tests.conftest import SETTINGS
from tests.wire import Call, Fault, Killed


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """With one shard, or as many as a test asks for."""
    return replace(SETTINGS, queue_shards=getattr(request, "param", 1))


each_sharding = pytest.mark.parametrize("settings", [1, 4], ids=["1 shard", "4 shards"], indirect=True)


@pytest.fixture
def due(agency: Agency) -> Agency:
    """Three accounts for which time brings something about: an interval, a lease, a retry delay."""
    agency.staged("due", lambda: _bring_about(agency))
    return agency


def _bring_about(agency: Agency) -> None:
    agency.operator.media("spare", "pfp")
    workers = {account_id: agency.worker() for account_id in ("open", "held", "failed")}
    for account_id, worker in workers.items():
        agency.operator.media(f"for-{account_id}", "pfp")
        agency.warmed_to("pfp", account_id, bot=worker)
    agency.time.to(workers["open"].do("pfp", "open")["next"]["available_at"])
    workers["failed"].report("pfp", workers["failed"].take("pfp", "failed"), "failed").ok()
    workers["held"].take("pfp", "held")
    agency.time.advance(LEASE)


ALL = {"phase:open": 1, "lease:expire": 1, "phase:reopen": 1}
STATUSES = {"open": (1, "available"), "held": (0, "content_assigned"), "failed": (0, "content_assigned")}
CRASHES = {"open": 0, "held": 2, "failed": 1}  # the leases of two starts ran out while a day passed


def are_right(agency: Agency) -> None:
    """Every account has been moved once, and its audit is whole."""
    for account_id, (place, status) in STATUSES.items():
        phase = agency.bot().status(account_id).ok()["phases"][place]
        assert (phase["status"], phase["crash_count"]) == (status, CRASHES[account_id])
        agency.operator.verified(account_id)
        moves = [action for action in agency.operator.actions(account_id) if action in ALL]
        assert len(moves) == 1, "one event for one move"


@each_sharding
def test_everything_that_is_due_is_done_once(due: Agency) -> None:
    assert due.timer() == ALL
    are_right(due)
    before = due.wire.image()
    due.time.advance(1)
    assert due.timer() == {}
    after = due.wire.image()
    del before["test-settings"], after["test-settings"]  # where the run is recorded
    assert after == before


@each_sharding
def test_run_twice_at_once_they_do_it_once(due: Agency) -> None:
    runs: list[dict[str, int]] = []
    due.wire.meanwhile(lambda: runs.append(due.timer()))
    runs.append(due.timer())
    assert {move: sum(run.get(move, 0) for run in runs) for move in ALL} == ALL
    assert set(runs[0]) | set(runs[1]) <= {*ALL, "done_by_others", "nothing_due"}
    are_right(due)


@each_sharding
@pytest.mark.parametrize("after", range(3))
def test_killed_halfway_the_next_run_does_the_rest(due: Agency, after: int) -> None:
    left = [after]

    def kill(call: Call) -> None:
        if call.operation == "TransactWriteItems":
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    due.wire.before.append(kill)
    with pytest.raises(Killed):
        due.timer()
    due.wire.before.remove(kill)
    done = due.timer()
    assert sum(done.values()) <= 3
    are_right(due)


@pytest.mark.parametrize("after", range(3))
def test_killed_with_the_answer_on_its_way_the_next_run_does_nothing_twice(due: Agency, after: int) -> None:
    due.wire.fail(Fault.ANSWER_LOST, skip=after, times=1)
    due.timer()
    due.timer()
    are_right(due)


def test_with_the_store_away_a_run_fails_whole_and_the_next_does_it(due: Agency) -> None:
    due.wire.fail(Fault.THROTTLED, "Query", times=10_000)
    with pytest.raises(Exception, match=r"store|throttl"):
        due.timer()
    due.wire.heal()
    assert due.timer() == ALL
    are_right(due)


def test_one_account_that_cannot_be_written_does_not_hold_the_others_up(due: Agency) -> None:
    def others(call: Call) -> None:
        if call.operation == "TransactWriteItems" and '"open"' in json.dumps(call.body):
            raise OSError("this one never gets through")

    due.wire.before.append(others)
    with contextlib.suppress(OSError):  # it may tell in the end what went wrong
        due.timer()
    due.wire.before.remove(others)
    for account_id in ("held", "failed"):
        actions = due.operator.actions(account_id)
        assert set(actions) & set(ALL), account_id


def test_a_run_that_is_short_of_time_goes_on_next_time(due: Agency) -> None:
    def slow(call: Call) -> None:
        if call.operation == "TransactWriteItems":
            due.time.elapsed += 30

    due.wire.before.append(slow)
    first = due.timer()
    assert first["left_for_next_time"] >= 1
    due.wire.before.remove(slow)
    due.timer()
    are_right(due)


def test_the_run_is_recorded(due: Agency) -> None:
    due.timer()
    told = str(due.wire.image()["test-settings"])
    assert "timer:open_due_phases" in told
    assert due.time.told() in told


def test_a_run_that_cannot_be_recorded_has_still_run(due: Agency) -> None:
    due.wire.fail(Fault.THROTTLED, skip=3, times=10_000)
    assert due.timer() == ALL
    due.wire.heal()
    are_right(due)


def test_takers_and_the_timer_at_once_move_it_once(due: Agency) -> None:
    taker = due.worker("b2")
    due.wire.meanwhile(lambda: taker.claim(limit=10).ok())
    due.timer()
    for account_id in STATUSES:
        due.operator.verified(account_id)
        assert due.operator.account_document(account_id)["lease"]["session_id"] == taker.session


# sessions


@pytest.fixture
def lost(agency: Agency) -> list[Bot]:
    """Four sessions that nothing was heard of for half an hour."""
    workers = [agency.worker() for _ in range(4)]
    agency.time.advance(timedelta(seconds=1800))
    return workers


def standing(workers: list[Bot]) -> list[str]:
    """How the sessions stand."""
    return [worker.own_session().ok()["status"] for worker in workers]


def test_lost_sessions_are_lost_once(agency: Agency, lost: list[Bot]) -> None:
    second: list[dict[str, int]] = []
    agency.wire.meanwhile(lambda: second.append(agency.timer("close_lost_sessions")))
    assert agency.timer("close_lost_sessions") == {"lost": 0}
    assert second == [{"lost": 4}]
    assert standing(lost) == ["lost"] * 4


@pytest.mark.parametrize("after", [0, 1, 3])
def test_killed_halfway_the_next_run_loses_the_rest(agency: Agency, lost: list[Bot], after: int) -> None:
    left = [after]

    def kill(call: Call) -> None:
        if call.operation == "TransactWriteItems":
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    agency.wire.before.append(kill)
    with pytest.raises(Killed):
        agency.timer("close_lost_sessions")
    agency.wire.before.remove(kill)
    assert agency.timer("close_lost_sessions") == {"lost": 4 - after}
    assert standing(lost) == ["lost"] * 4


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_session_whose_end_was_killed_halfway_gives_the_rest_back_when_ended_again(
    agency: Agency, after: int
) -> None:
    worker = agency.worker()
    for number in range(3):
        agency.warmed_to("pfp", f"a{number}", bot=worker)
    left = [after]

    def kill(call: Call) -> None:
        if call.operation == "TransactWriteItems":
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    agency.wire.before.append(kill)
    with pytest.raises(Killed):
        worker.end()
    agency.wire.before.remove(kill)
    assert worker.end().ok()["replayed"] is (after > 0)
    for number in range(3):
        assert agency.operator.account_document(f"a{number}")["lease"] is None
        agency.operator.verified(f"a{number}")


# what is done by the hour


@pytest.fixture
def done(agency: Agency) -> Agency:
    """Two phases completed and one failed, on two days and in three hours."""
    agency.staged("done by the hour", lambda: _do(agency))
    return agency


def _do(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    agency.time.to("2026-11-23T23:59:59.999Z")
    worker.report("bio", worker.take("bio")).ok()
    agency.time.to("2026-11-24T01:00:00.000Z")
    worker.do("bio")
    agency.time.advance(45)


EXPECTED = {"2026-11-23T23": (0, 1), "2026-11-24T01": (1, 0)}


def hours(agency: Agency) -> dict[str, tuple[int, int]]:
    """What was completed and failed, by the hour, where there was something."""
    told = agency.operator.get("/api/operator/pipeline/throughput").ok()["hours"]
    return {one["at"][:13]: (one["completed"], one["failed"]) for one in told if one["completed"] or one["failed"]}


def test_what_was_done_counts_in_its_hour(done: Agency) -> None:
    done.timer("close_lost_sessions")
    assert hours(done) == EXPECTED


@pytest.mark.parametrize("minutes", [1, 7, 240])
def test_counts_are_the_same_however_often_the_timer_runs(agency: Agency, minutes: int) -> None:
    worker = agency.warmed_to("bio")
    for _ in range(240 // minutes):
        agency.time.advance(timedelta(minutes=minutes))
        agency.timer("close_lost_sessions")
    worker.do("bio")
    for _ in range(3):
        agency.time.advance(timedelta(minutes=minutes))
        agency.timer("close_lost_sessions")
    at = agency.time.now - 3 * timedelta(minutes=minutes)
    assert hours(agency) == {f"{at:%Y-%m-%dT%H}": (1, 0)}


def test_two_runs_at_once_count_nothing_twice(done: Agency) -> None:
    done.wire.meanwhile(lambda: done.timer("close_lost_sessions"))
    done.timer("close_lost_sessions")
    assert hours(done) == EXPECTED
    done.time.advance(60)
    done.timer("close_lost_sessions")
    assert hours(done) == EXPECTED


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.THROTTLED])
def test_a_count_whose_answer_is_lost_counts_once(done: Agency, fault: Fault) -> None:
    done.wire.fail(fault, "TransactWriteItems", times=1)
    done.timer("close_lost_sessions")
    done.wire.heal()
    done.time.advance(60)
    done.timer("close_lost_sessions")
    assert hours(done) == EXPECTED


def test_a_count_that_is_killed_halfway_is_made_by_the_next_run(done: Agency) -> None:
    def kill(call: Call) -> None:
        if call.operation == "TransactWriteItems":
            raise Killed

    done.wire.before.append(kill)
    with pytest.raises(Killed):
        done.timer("close_lost_sessions")
    done.wire.before.remove(kill)
    assert hours(done) == {}
    done.timer("close_lost_sessions")
    assert hours(done) == EXPECTED


def test_a_count_for_which_the_time_does_not_suffice_goes_on_in_the_next_run(done: Agency) -> None:
    def slow(call: Call) -> None:
        if call.operation == "Query" and "bucket" in json.dumps(call.body):
            done.time.elapsed += 6.5

    done.wire.before.append(slow)
    done.timer("close_lost_sessions")
    assert hours(done) != EXPECTED
    done.wire.before.remove(slow)
    done.time.advance(60)
    done.timer("close_lost_sessions")
    assert hours(done) == EXPECTED


def test_what_is_younger_than_half_a_minute_is_counted_by_a_later_run(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    worker.do("bio")
    at = agency.time.now
    agency.time.advance(20)
    agency.timer("close_lost_sessions")
    assert f"{at:%Y-%m-%dT%H}" not in hours(agency)
    agency.time.advance(60)
    agency.timer("close_lost_sessions")
    assert hours(agency)[f"{at:%Y-%m-%dT%H}"] == (1, 0)

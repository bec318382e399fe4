"""Parts of the worker that need no service: leases by this machine's clocks, when heartbeats are due, what it logs."""

import logging
import threading
import time
from collections import Counter

import pytest

from warmup import clocks
from warmup.api.models import OpenedSession
from warmup.client import Client
from warmup.clocks import Mark
from warmup.jobs import Lease
from warmup.problems import Unreachable
from warmup.worker.outage import OutageLog
from warmup.worker.session import SessionRunner


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What the clocks show: `steady` and `wall`."""
    shown = Counter(steady=1000, wall=5000)
    monkeypatch.setattr(clocks, "steady", lambda: shown["steady"])
    monkeypatch.setattr(clocks, "wall", lambda: shown["wall"])
    return shown


def pass_time(now: Counter[str], seconds: int) -> None:
    now.update(steady=seconds, wall=seconds)


def test_the_steady_clock_goes_on_while_the_machine_sleeps_where_the_system_has_one() -> None:
    wanted = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    assert wanted == clocks._STEADY
    before = clocks.steady()
    time.sleep(0.01)
    assert 0 < clocks.steady() - before < 10


def test_a_lease_ends_by_the_clock_that_does_not_stop(now: Counter[str]) -> None:
    lease = Lease("s", "t", Mark.now(), 60)
    pass_time(now, 59)
    assert (lease.lost, lease.seconds_left) == (None, 1)
    pass_time(now, 1)
    assert (lease.lost, lease.seconds_left) == ("it ran out", 0)
    lease.extend(Mark.now(), 60)
    assert (lease.lost, lease.seconds_left) == (None, 60)


def test_a_lost_lease_is_told_and_stays_lost(now: Counter[str]) -> None:
    lease = Lease("s", "t", Mark.now(), 60)
    lease.lose("b2 took over")
    lease.extend(Mark.now(), 60)
    assert (lease.lost, lease.seconds_left) == ("b2 took over", 0)


def test_an_answer_to_an_earlier_request_shortens_no_lease(now: Counter[str]) -> None:
    early = Mark.now()
    pass_time(now, 30)
    lease = Lease("s", "t", Mark.now(), 60)
    lease.extend(early, 60)
    assert lease.seconds_left == 60


@pytest.mark.parametrize(
    ("jump", "asks", "left"),
    [
        (0, 0, 50),
        (4, 0, 50),  # clocks differ a little, and are corrected a little
        (6, 1, 44),
        (3600, 1, 0),  # it stood still, or it was set: only the service knows
        (-3600, 0, 50),  # it was set: no less time has passed
    ],
)
def test_a_wall_clock_that_ran_ahead_is_a_reason_to_ask_and_decides_where_nobody_answers(
    now: Counter[str], jump: int, asks: int, left: float
) -> None:
    asked: list[None] = []
    lease = Lease("s", "t", Mark.now(), 60, lambda: asked.append(None))
    pass_time(now, 10)
    now["wall"] += jump
    assert (lease.seconds_left, len(asked)) == (left, asks)


def test_where_the_service_confirms_the_clocks_agree_again(now: Counter[str]) -> None:
    asked: list[Lease] = []

    def confirm() -> None:
        asked.append(lease)
        lease.extend(Mark.now(), 60)

    lease = Lease("s", "t", Mark.now(), 60, confirm)
    now["wall"] += 3600
    assert [lease.lost, lease.seconds_left, lease.lost] == [None, 60, None]
    assert len(asked) == 1


def session() -> SessionRunner:
    opened = OpenedSession(session_id="s", lease_seconds=900, heartbeat_seconds=300)
    return SessionRunner(Client("http://127.0.0.1:1", "k"), opened, OutageLog(), threading.Event())


def test_heartbeats_are_due_as_the_service_says_and_seldom_where_nothing_is_held(now: Counter[str]) -> None:
    one = session()
    assert one._due_in() == 900, "so that the session counts as live"
    pass_time(now, 100)
    one.keep_lease("a", "t", Mark.now())
    assert one._due_in() == 300
    pass_time(now, 100)
    one.keep_lease("b", "t", Mark.now())
    assert one._due_in() == 200, "the first one's lease does not wait for the second"
    one._update_leases({"a", "b"}, {}, Mark.now())
    assert one._due_in() == 300
    one.remove("a")
    one.remove("b")
    assert one._due_in() == 900


def test_after_a_heartbeat_that_failed_the_next_one_comes_sooner_and_not_at_once(
    now: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unreachable("nobody answers")

    one = session()
    one.keep_lease("a", "t", Mark.now())
    pass_time(now, 300)
    assert one._due_in() == 0
    monkeypatch.setattr(one._client.sessions, "heartbeat", away)
    one._heartbeat()
    assert one._due_in() == 60


def test_a_service_that_is_away_is_said_once_and_then_every_two_minutes(
    now: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "warmup.worker")
    outage = OutageLog()
    for _ in range(250):
        outage.failed(Unreachable("nobody answers"))
        pass_time(now, 1)
    outage.failed(Unreachable("the name is not known"))
    outage.answered()
    outage.answered()
    assert caplog.messages == [
        "nobody answers",
        "still unavailable, 2 min",
        "still unavailable, 4 min",
        "the name is not known",
        "the service answers again, after 250 s",
    ]

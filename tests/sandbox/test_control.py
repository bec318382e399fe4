"""Moving time and running timers by hand, over the sandbox's own routes."""

import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.app import Chalice, CloudWatchEvent, Rate

from chalicelib.tables.base import cached
from warmup.sandbox.answers import HttpRequest
from warmup.sandbox.clock import Clock
from warmup.sandbox.control import Control
from warmup.sandbox.schedules import Timers, discover


def toy() -> tuple[Chalice, list[str]]:
    """An app with two timers, and the list of their runs."""
    app = Chalice("toy", configure_logs=False)
    runs: list[str] = []

    @app.schedule(Rate(1, unit=Rate.MINUTES))
    def sweep(event: CloudWatchEvent) -> dict[str, Any]:
        runs.append("sweep")
        return {"swept": len(runs)}

    @app.schedule("rate(2 hours)", name="report")
    def send_report(event: CloudWatchEvent) -> dict[str, Any]:
        runs.append("report")
        return {"at": event.to_dict()["time"]}

    return app, runs


def control(*, speed: float = 0) -> tuple[Control, Clock, list[str]]:
    app, runs = toy()
    clock = Clock(start=datetime(2026, 3, 1, tzinfo=UTC), speed=speed)
    return Control(clock, Timers(discover(app), clock)), clock, runs


def ask(control: Control, method: str, path: str, body: object = None) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    answer = control.handle(HttpRequest(method, path, "", [], raw))
    return answer.status, json.loads(answer.body)


def test_the_clock_tells_its_time_and_speed() -> None:
    it, _, _ = control()
    assert ask(it, "GET", "/sandbox/clock") == (200, {"now": "2026-03-01T00:00:00.000Z", "speed": 0})


def test_moving_time_runs_every_schedule_once() -> None:
    it, _, runs = control()
    status, body = ask(it, "POST", "/sandbox/clock", {"advance_seconds": 86400})
    assert (status, body["now"]) == (200, "2026-03-02T00:00:00.000Z")
    assert sorted(runs) == ["report", "sweep"]
    assert body["schedules"]["report"] == {"at": "2026-03-02T00:00:00Z"}


def test_what_is_kept_for_a_while_is_forgotten_when_time_moves() -> None:
    it, _, _ = control()
    told = iter(["before", "after"])

    def known() -> str:
        return cached("what a key may do", 30, lambda: next(told))

    assert known() == "before"
    ask(it, "POST", "/sandbox/clock", {"speed": 2})
    assert known() == "before"
    ask(it, "POST", "/sandbox/clock", {"advance_seconds": 61})
    assert known() == "after", "a key that was revoked a minute ago is refused"


def test_moving_time_leaves_the_schedules_alone_when_told_to() -> None:
    it, clock, runs = control()
    ask(it, "POST", "/sandbox/clock", {"advance_seconds": 1.5, "speed": 7, "run_schedules": False})
    assert (runs, clock.speed) == ([], 7)


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"advance_seconds": -1}, 422, "/advance_seconds"),
        ({"advance_seconds": "5"}, 422, "/advance_seconds"),
        ({"advance_seconds": 1e300}, 422, "/advance_seconds"),
        (b'{"advance_seconds": NaN}', 422, "/advance_seconds"),
        ({"speed": -1}, 422, "/speed"),
        ({"speed": True}, 422, "/speed"),
        ({"hours": 3}, 422, "/hours"),  # unknown members are refused
        (b"{", 400, None),
        ([], 400, None),
        (b"null", 400, None),
        (b"\xff", 400, None),
        (b"[" * 3000, 400, None),
    ],
)
def test_a_bad_change_changes_nothing(body: object, status: int, pointer: str | None) -> None:
    it, clock, runs = control()
    found, answer = ask(it, "POST", "/sandbox/clock", body)
    assert found == status
    assert [error["pointer"] for error in answer.get("errors", [])] == ([pointer] if pointer else [])
    assert (clock.now(), clock.speed, runs) == (datetime(2026, 3, 1, tzinfo=UTC), 0, [])
    assert "Extra inputs" not in str(answer), "a library's words"


def test_one_schedule_is_run_by_name() -> None:
    it, _, runs = control()
    assert ask(it, "POST", "/sandbox/schedules/sweep") == (200, {"swept": 1})
    assert runs == ["sweep"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/sandbox/schedules/nothing", 404),
        ("GET", "/sandbox/schedules/sweep", 405),
        ("DELETE", "/sandbox/clock", 405),
        ("GET", "/sandbox", 404),
        ("GET", "/sandbox/bots", 404),
    ],
)
def test_what_the_sandbox_does_not_know_is_a_problem(method: str, path: str, status: int) -> None:
    it, _, runs = control()
    found, body = ask(it, method, path)
    assert (found, body["status"], runs) == (status, status, [])


def test_timers_run_at_their_own_rates_until_stopped() -> None:
    app, runs = toy()
    clock = Clock(speed=240)  # the minute passes in a quarter of a second, the two hours in half a minute
    timers = Timers(discover(app), clock)
    timers.start()
    time.sleep(0.9)
    timers.stop()
    ran = len(runs)
    assert set(runs) == {"sweep"}
    assert 2 <= ran <= 4
    time.sleep(0.3)
    assert len(runs) == ran
    assert not [thread for thread in threading.enumerate() if thread.name in {"sweep", "report"}]


def test_a_schedule_never_runs_twice_at_once() -> None:
    app = Chalice("toy", configure_logs=False)
    at_work: list[int] = []
    most: list[int] = []

    @app.schedule("rate(1 minute)")
    def sweep(event: CloudWatchEvent) -> None:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.02)
        at_work.pop()

    timers = Timers(discover(app), Clock())
    callers = [threading.Thread(target=timers.run, args=("sweep",)) for _ in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert most == [1] * 5


def test_a_schedule_without_a_rate_is_refused() -> None:
    app = Chalice("toy", configure_logs=False)
    app.schedule("cron(0 0 * * ? *)")(lambda event: None)
    with pytest.raises(ValueError, match="rate"):
        discover(app)

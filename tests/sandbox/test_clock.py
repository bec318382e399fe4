"""Sandbox time runs at its speed, moves forward only, and may be read by any thread."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from warmup.sandbox.clock import MAX_SPEED, Clock

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Elapsed:
    """Real time, by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_day_passes_in_some_seconds() -> None:
    elapsed = Elapsed()
    clock = Clock(start=START, speed=10_000, monotonic=elapsed)
    elapsed.seconds = 8.64
    assert clock.now() == START + timedelta(days=1)


def test_a_change_of_speed_does_not_move_time_itself() -> None:
    elapsed = Elapsed()
    clock = Clock(start=START, speed=100, monotonic=elapsed)
    elapsed.seconds = 10
    clock.set_speed(1)
    assert clock.now() == START + timedelta(seconds=1000)
    elapsed.seconds = 15
    assert clock.now() == START + timedelta(seconds=1005)


def test_time_is_moved_forward_and_runs_on() -> None:
    elapsed = Elapsed()
    clock = Clock(start=START, monotonic=elapsed)
    assert clock.advance(timedelta(hours=24)) == START + timedelta(hours=24)
    elapsed.seconds = 1
    assert clock.now() == START + timedelta(hours=24, seconds=1)


def test_held_time_stands_still_until_it_is_moved() -> None:
    elapsed = Elapsed()
    clock = Clock(start=START, speed=0, monotonic=elapsed)
    elapsed.seconds = 1000
    assert clock.now() == START
    assert clock.real_seconds(1) == float("inf")


@pytest.mark.parametrize("speed", [-1, float("nan"), float("inf"), MAX_SPEED * 2])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        Clock(start=START).set_speed(speed)


@pytest.mark.parametrize("days", [-1, 4_000_000])  # back; past the calendar
def test_a_move_that_time_cannot_make_is_refused(days: int) -> None:
    clock = Clock(start=START, speed=0)
    with pytest.raises(ValueError, match=r"forward|calendar"):
        clock.advance(timedelta(days=days))
    assert clock.now() == START


def test_no_thread_ever_sees_time_go_back() -> None:
    clock = Clock(start=START, speed=10_000)
    backward: list[tuple[datetime, datetime]] = []

    def watch() -> None:
        last = clock.now()
        for _ in range(3000):
            now = clock.now()
            if now < last:
                backward.append((last, now))
            last = now

    watchers = [threading.Thread(target=watch) for _ in range(4)]
    for watcher in watchers:
        watcher.start()
    for turn in range(200):
        clock.set_speed(turn * 10)
        clock.advance(timedelta(seconds=turn))
    for watcher in watchers:
        watcher.join()
    assert backward == []

"""A bot made with `Worker`, against the service: what it does, loses, gives back, and survives."""

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from asyncio import CancelledError
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.edge.serve import installed
from tests.sandbox.test_run import need
from warmup import (
    AccountTrouble,
    BadContent,
    Client,
    Done,
    Fatal,
    Job,
    JobFailed,
    LeaseLost,
    RetryPolicy,
    StopOrdered,
    Transient,
    Worker,
)
from warmup import clocks as clocks_of_machine
from warmup.api import errors
from warmup.api.models import PhaseStatus
from warmup.api.operations import Leases, Phases, Sessions
from warmup.sandbox.fake import FakeServer, fake_server

pytestmark = pytest.mark.engine

QUICK = RetryPolicy(attempts=2, timeout=5)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    need("ministack")
    with fake_server() as server:
        yield server


@pytest.fixture
def account(server: FakeServer, request: pytest.FixtureRequest) -> str:
    """An account that waits for its first phase; those of the tests before are out of the way."""
    for one in server.operator.accounts.list_all():
        if one.state in ("ready", "warming_up"):
            server.operator.accounts.retire(one.account_id, reason="the next test begins")
    name: str = "a-" + request.node.name[-50:].replace("[", "-").replace("]", "")
    server.advance(days=2)  # what the accounts before had been given may be given again
    server.account(name)
    return name


@pytest.fixture
def quick_beats(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service asks for a heartbeat every second."""
    monkeypatch.setattr(installed, "settings", replace(installed.settings, heartbeat_seconds=1))


@contextmanager
def at_work(bot: Worker, **more: object) -> Iterator[threading.Thread]:
    """The bot runs beside the test, and is stopped behind it."""
    running = threading.Thread(target=bot.run, kwargs=more, daemon=True)
    running.start()
    try:
        yield running
    finally:
        bot.stop()
        running.join(20)
    assert not running.is_alive()


def worker(server: FakeServer, handler: Callable[[Job], object], **more: object) -> Worker:
    """A bot that does the same for every phase."""
    made = Worker(server.url, server.bot_key(), retry=QUICK, **more)  # type: ignore[arg-type]  # a test's shorthand
    made.phase()(handler)
    return made


def phase(server: FakeServer, account_id: str, number: int = 0) -> PhaseStatus:
    return server.operator.accounts.get(account_id).phases[number].status


def eventually(what: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def test_a_bot_takes_what_is_due_with_its_media_and_tells_what_came_of_it(server: FakeServer, account: str) -> None:
    seen: list[Job] = []

    def publish(job: Job) -> Done:
        seen.append(job)
        return Done({"status": "published"}, performance_score=71)

    tally = worker(server, publish).run(jobs=1)
    (job,) = seen
    assert (tally.done, job.account_id, job.phase) == (1, account, "pfp")
    assert job.media is not None
    assert job.delivery.content is not None
    assert len(job.media) == job.delivery.content.bytes
    done = server.operator.accounts.get(account).phases[0]
    assert (done.status, done.platform_response) == (PhaseStatus.COMPLETED, {"status": "published"})


def test_a_whole_warm_up_is_done_phase_by_phase(server: FakeServer, account: str) -> None:
    phases: list[str] = []
    bot = worker(server, lambda job: phases.append(job.phase))
    running = threading.Thread(target=bot.run, daemon=True)
    running.start()
    try:
        for number in range(5):
            eventually(lambda number=number: len(phases) > number)  # type: ignore[misc]  # bound now
            eventually(lambda number=number: phase(server, account, number) == "completed")  # type: ignore[misc]  # bound now
            server.advance(days=3)
            bot.wake()
        eventually(lambda: server.operator.accounts.get(account).state == "active")
    finally:
        bot.stop()
        running.join(20)
    assert phases == ["pfp", "bio", "post", "highlight", "story"]
    assert not running.is_alive()


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Transient("the platform is down", code="platform_down"), "failed", "transient"),
        (ValueError("a defect of the bot"), "requires_review", "unknown"),  # it may have happened
        (TimeoutError("no answer"), "failed", "transient"),  # as the bot says below
    ],
    ids=["transient", "unknown", "mapped"],
)
def test_an_exception_is_reported_by_its_kind(
    server: FakeServer, account: str, error: Exception, status: str, kind: str
) -> None:
    def fail(job: Job) -> None:
        raise error

    bot = worker(server, fail)
    bot.report(TimeoutError, "transient")
    assert bot.run(jobs=1).failed == 1
    found = server.operator.accounts.get(account).phases[0]
    said = str(error) if isinstance(error, JobFailed) else type(error).__name__
    assert (found.status, found.error_kind, found.error_message) == (status, kind, said)


def test_an_item_at_fault_is_swapped_for_another(server: FakeServer, account: str) -> None:
    tried: list[str | None] = []

    def publish(job: Job) -> None:
        assert job.delivery.content is not None
        tried.append(job.delivery.content.content_id)
        if len(tried) == 1:
            raise BadContent("too small")

    assert worker(server, publish).run(jobs=2).done == 1
    assert tried == ["nora-pfp", "nora-any"]


def test_a_bot_with_one_handler_takes_only_its_phase(server: FakeServer, account: str) -> None:
    bot = Worker(server.url, server.bot_key(), retry=QUICK)
    bot.phase("bio")(lambda job: None)
    running = threading.Thread(target=bot.run, daemon=True)
    running.start()
    time.sleep(1)
    bot.stop()
    running.join(10)
    assert server.operator.accounts.get(account).state == "ready", "its first phase is somebody else's"


def test_a_stop_that_an_operator_orders_reaches_the_handler(
    server: FakeServer, account: str, quick_beats: None
) -> None:
    begun = threading.Event()

    def wait(job: Job) -> None:
        begun.set()
        while True:
            job.check()
            time.sleep(0.02)

    bot = worker(server, wait, grace=5)
    running = threading.Thread(target=bot.run, daemon=True)
    running.start()
    assert begun.wait(10)
    (session,) = [one for one in server.operator.sessions.list_all(status="live") if one.held]
    server.operator.sessions.stop(session.session_id, reason="it misbehaves")
    running.join(40)
    assert not running.is_alive(), "who was stopped does not begin anew"
    assert bot.tally.lost + bot.tally.given_back == 1
    assert phase(server, account) == "content_assigned"


def test_who_is_told_to_drain_finishes_and_takes_nothing_new_in_another_session(
    server: FakeServer, account: str, quick_beats: None
) -> None:
    server.account(f"{account}-2"[-60:].lstrip("-"))
    begun, ended = threading.Event(), threading.Event()

    def publish(job: Job) -> None:
        begun.set()
        assert ended.wait(20)

    bot = worker(server, publish)
    running = threading.Thread(target=bot.run, daemon=True)
    running.start()
    assert begun.wait(10)
    (session,) = [one for one in server.operator.sessions.list_all(status="live") if one.held]
    server.operator.sessions.drain(session.session_id, reason="a new release")
    time.sleep(1.5)  # a heartbeat brings the word
    ended.set()
    running.join(20)
    assert not running.is_alive()
    assert bot.tally.done == 1


def test_a_handler_learns_by_heartbeat_that_its_lease_is_lost_and_says_nothing(
    server: FakeServer, account: str, quick_beats: None
) -> None:

    def wait(job: Job) -> None:
        if not job.lost:
            server.operator.review.skip(account, "pfp", reason="it was there already")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            job.check()
            time.sleep(0.02)

    tally = worker(server, wait).run(jobs=1)
    assert (tally.lost, tally.finished) == (1, 1)
    assert phase(server, account) == "completed"
    assert server.operator.accounts.get(account).phases[0].error_kind is None


@pytest.mark.parametrize("says", ["completes", "reports"])
def test_who_was_superseded_has_lost_the_job_whatever_it_says(server: FakeServer, account: str, says: str) -> None:
    def publish(job: Job) -> None:
        server.operator.review.skip(account, "pfp", reason="it was there already")
        if says == "reports":
            raise Transient("no answer")

    tally = worker(server, publish).run(jobs=1)
    assert (tally.done, tally.failed, tally.lost) == (0, 0, 1)
    assert phase(server, account) == "completed"


def test_what_the_service_was_not_told_is_not_counted_as_done(server: FakeServer, account: str) -> None:
    def publish(job: Job) -> None:
        server.away = True
        bot.stop()

    bot = worker(server, publish, grace=0.2)
    try:
        tally = bot.run()
    finally:
        server.away = False
    assert (tally.done, tally.failed, tally.lost) == (0, 0, 1)


def test_work_that_is_done_is_not_reported_as_cut_off_because_its_word_is_not_heard_yet(
    server: FakeServer, account: str
) -> None:
    def publish(job: Job) -> None:
        server.away = True
        bot.stop()
        threading.Timer(1.5, lambda: setattr(server, "away", False)).start()

    bot = worker(server, publish, grace=0.1)
    tally = bot.run()
    assert (tally.done, tally.finished) == (1, 1)
    assert phase(server, account) == "completed"


# what is asked while nothing is to be done


def test_an_idle_worker_asks_once_and_not_again_before_it_was_told_to(server: FakeServer, account: str) -> None:
    server.operator.accounts.retire(account, reason="nothing is to be done")
    bot = worker(server, lambda job: None)
    server.asked.clear()
    with at_work(bot):
        time.sleep(1.5)
        asked = [path for _, path in server.asked]
    assert asked == ["/api/bot/sessions", "/api/bot/accounts/claim"]


@pytest.mark.parametrize(("told", "at_least"), [(60, 60), (7, 7), (None, 30), (0, 0.2)])
def test_it_waits_no_less_than_it_was_told_and_not_all_bots_alike(told: int | None, at_least: float) -> None:
    bot = Worker("http://127.0.0.1:1", "k")
    waits = {bot._poller.wait(told) for _ in range(20)}
    assert len(waits) > 1
    assert all(at_least <= wait <= at_least * 1.1 for wait in waits)


def test_a_free_slot_is_used_while_another_job_takes_long(server: FakeServer, account: str) -> None:
    begun, ended = list[str](), threading.Event()

    def publish(job: Job) -> None:
        begun.append(job.account_id)
        if job.account_id == account:
            assert ended.wait(20)

    bot = worker(server, publish, slots=2)
    with at_work(bot):
        eventually(lambda: begun == [account])
        server.account("due-later")
        bot.wake()
        eventually(lambda: begun == [account, "due-later"])
        ended.set()
    assert bot.tally.done == 2


def test_a_bot_with_one_handler_finds_its_work_behind_that_of_others_and_does_not_ask_on_and_on(
    server: FakeServer, account: str
) -> None:
    worker(server, lambda job: None).run(jobs=1)
    for number in range(3):
        server.account(f"{account}-{number}"[-60:].lstrip("-"))  # for another bot's handler, due before
    server.advance(days=2)
    done = list[str]()
    bot = Worker(server.url, server.bot_key(), retry=QUICK)
    bot.phase("bio")(lambda job: done.append(job.account_id))
    server.asked.clear()
    with at_work(bot):
        eventually(lambda: done == [account])
        time.sleep(1)
        asked = Counter(path for _, path in server.asked)
    assert asked["/api/bot/accounts/claim"] <= 2, "once when there was work, and once when there was none"
    assert asked["/api/bot/accounts/ready"] == 0


def test_a_slot_that_is_free_is_filled_while_the_others_work(server: FakeServer, account: str) -> None:
    server.account(f"{account}-2"[-60:].lstrip("-"))
    begun, go_on = list[str](), threading.Event()

    def work(job: Job) -> None:
        begun.append(job.account_id)
        go_on.wait(10)

    bot = worker(server, work, slots=2)
    with at_work(bot):
        eventually(lambda: len(begun) == 2)
        go_on.set()


def test_who_is_drained_while_it_has_nothing_to_do_begins_no_other_session(server: FakeServer, account: str) -> None:
    server.operator.accounts.retire(account, reason="nothing is to be done")
    bot = worker(server, lambda job: None)
    with at_work(bot) as running:
        eventually(lambda: ("POST", "/api/bot/accounts/claim") in server.asked[-1:])
        (session,) = [
            one for one in server.operator.sessions.list_all(status="live") if one.client == "warmup-worker/1"
        ]
        server.operator.sessions.drain(session.session_id, reason="a new release")
        server.asked.clear()
        bot.wake()  # the next time that it asks
        running.join(10)
        assert not running.is_alive()
    assert ("POST", "/api/bot/sessions") not in server.asked


# a machine that slept, and clocks that are wrong


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """By how many seconds this machine's clocks are moved: `steady` and `wall`."""
    moved = Counter[str]()
    real = {"steady": clocks_of_machine.steady, "wall": clocks_of_machine.wall}
    for name, clock in real.items():
        monkeypatch.setattr(clocks_of_machine, name, lambda name=name, clock=clock: clock() + moved[name])
    return moved


@pytest.mark.parametrize("noticed_by", [("steady", "wall"), ("wall",)], ids=["machine", "wall-clock-alone"])
def test_after_a_sleep_in_which_another_bot_took_over_nothing_is_published(
    server: FakeServer, account: str, clocks: Counter[str], noticed_by: tuple[str, ...]
) -> None:
    seen: dict[str, object] = {}
    other = server.bot_key()

    def publish(job: Job) -> None:
        server.advance(seconds=3600)
        with Client(server.url, other) as client:
            session = client.sessions.create().session_id
            taken = client.leases.claim(bot_session=session, limit=5).items
            assert [one.account_id for one in taken] == [account]
        for clock in noticed_by:
            clocks[clock] += 3600
        seen.update(lost=job.lost, left=job.seconds_left)
        job.check()
        seen["published"] = True

    tally = worker(server, publish).run(jobs=1)
    assert seen == {"lost": True, "left": 0}
    assert (tally.lost, tally.finished) == (1, 1)


@pytest.mark.parametrize("hours", [-30, -5, 5, 30])
def test_a_wall_clock_that_is_set_during_a_job_does_no_harm(
    server: FakeServer, account: str, clocks: Counter[str], hours: int
) -> None:
    def publish(job: Job) -> None:
        for _ in range(2):
            clocks["wall"] += hours * 3600
            job.check()
            assert not job.lost
            assert job.seconds_left > 800

    assert worker(server, publish).run(jobs=1).done == 1


def test_where_the_clocks_disagree_and_nobody_answers_the_later_one_decides(
    server: FakeServer, account: str, clocks: Counter[str]
) -> None:
    def publish(job: Job) -> None:
        clocks["wall"] += 3600
        server.away = True
        try:
            job.check()
        finally:
            server.away = False

    assert worker(server, publish).run(jobs=1).lost == 1


def test_after_a_sleep_the_heart_beats_at_once(
    server: FakeServer, account: str, clocks: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.worker.session._CHECK_INTERVAL", 0.05)

    def publish(job: Job) -> None:
        server.asked.clear()
        clocks["steady"] += 400  # more than a heartbeat's time, less than a lease's
        eventually(lambda: any(path.endswith("/heartbeat") for _, path in server.asked))
        eventually(lambda: job.seconds_left > 600)

    assert worker(server, publish).run(jobs=1).done == 1


# a handler that hangs


@pytest.mark.parametrize("own", [None, 0.3], ids=["worker", "own"])
def test_a_handler_that_takes_too_long_is_reported_and_its_slot_is_free(
    server: FakeServer, account: str, own: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    server.account(f"{account}-2"[-60:].lstrip("-"))
    ended, checks = threading.Event(), list[str]()

    def publish(job: Job) -> None:
        if job.account_id != account:
            return
        assert ended.wait(20)
        try:
            job.check()
        except LeaseLost as lost:
            checks.append(str(lost))

    bot = Worker(server.url, server.bot_key(), retry=QUICK, timeout=60 if own else 0.3)
    bot.phase(timeout=own)(publish)
    tally = bot.run(jobs=2)
    found = server.operator.accounts.get(account)
    assert (tally.done, tally.failed, tally.lost) == (1, 1, 0), "the other job was done in the same slot"
    assert (found.phases[0].status, found.phases[0].error_code) == ("requires_review", "timeout")
    assert (found.phases[0].error_kind, found.lease) == ("unknown", None)
    ended.set()
    eventually(lambda: "it has ended now" in caplog.text)
    assert checks == ["the handler took longer than 0.3 s"]
    assert phase(server, account) == "requires_review", "what it returned in the end changes nothing"


def test_a_timeout_error_of_the_handler_itself_is_the_handlers(server: FakeServer, account: str) -> None:
    bot = worker(server, raises(TimeoutError("the platform")), timeout=30)
    bot.report(TimeoutError, "transient")
    assert bot.run(jobs=1).failed == 1
    assert server.operator.accounts.get(account).phases[0].error_kind == "transient"


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_none_is_refused_at_once(timeout: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Worker("http://127.0.0.1:1", "k", timeout=timeout)
    with pytest.raises(ValueError, match="above 0"):
        Worker("http://127.0.0.1:1", "k").phase("bio", timeout=timeout)


# the service does not answer


@pytest.mark.parametrize("service", ["silent", "away"])
@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
def test_a_stop_ends_the_worker_in_time_whatever_the_service_does(
    server: FakeServer, account: str, monkeypatch: pytest.MonkeyPatch, service: str, busy: bool
) -> None:
    if not busy:
        server.operator.accounts.retire(account, reason="nothing is to be done")
    begun, ended = threading.Event(), threading.Event()

    def hang(job: Job) -> None:
        begun.set()
        ended.wait(60)

    bot = Worker(server.url, server.bot_key(), grace=1, retry=RetryPolicy(attempts=4, timeout=20))
    bot.phase()(hang)
    server.asked.clear()
    running = threading.Thread(target=bot.run, daemon=True)
    running.start()
    eventually(lambda: begun.is_set() if busy else ("POST", "/api/bot/accounts/claim") in server.asked)
    monkeypatch.setattr(server, service, True)
    bot.wake()  # and it asks
    time.sleep(0.5)
    began = time.monotonic()
    bot.stop()
    running.join(20)
    took = time.monotonic() - began
    monkeypatch.setattr(server, service, False)
    ended.set()
    assert not running.is_alive()
    assert took < (1 if busy else 0) + 3 + 1
    assert (bot.tally.done, bot.tally.failed, bot.tally.given_back) == (0, 0, 0)


def test_a_first_session_and_a_download_that_are_not_answered_hold_up_no_stop(
    server: FakeServer, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "silent", True)
    bot = Worker(server.url, server.operator_key, grace=30)
    bot.phase()(lambda job: None)
    running = threading.Thread(target=bot.run, daemon=True)
    running.start()
    time.sleep(0.3)
    began = time.monotonic()
    bot.stop()
    running.join(20)
    assert time.monotonic() - began < 4, "nothing is under way, so there is nothing to wait for"
    monkeypatch.setattr(server, "silent", False)

    loading = threading.Event()

    def download(*_: object) -> bytes:
        loading.set()
        time.sleep(15)
        return b""

    monkeypatch.setattr("warmup.client.Transport.download", download)
    bot = Worker(server.url, server.bot_key(), grace=1)
    bot.phase()(lambda job: None)
    running = threading.Thread(target=bot.run, daemon=True)
    running.start()
    assert loading.wait(10)
    began = time.monotonic()
    bot.stop()
    running.join(20)
    assert time.monotonic() - began < 1 + 3 + 1
    assert server.operator.accounts.get(account).lease is None, "what had not begun is given back"


def test_a_server_that_is_away_is_waited_for_and_told_when_it_is_back(server: FakeServer, account: str) -> None:
    begun = threading.Event()

    def publish(job: Job) -> str:
        begun.set()
        server.away = True
        threading.Timer(1.5, lambda: setattr(server, "away", False)).start()
        return "published"

    tally = worker(server, publish).run(jobs=1)
    assert tally.done == 1
    assert phase(server, account) == "completed"


def returns(answer: object) -> Callable[[Job], object]:
    return lambda job: answer


def raises(error: BaseException) -> Callable[[Job], object]:
    def handler(job: Job) -> object:
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "kind", "status"),
    [
        (returns({"price": Decimal(1)}), "unknown", "requires_review"),  # no JSON
        (returns({"score": float("nan")}), "unknown", "requires_review"),
        (returns({"page": "x" * 100_000}), "unknown", "requires_review"),  # more than is kept
        (returns({"page": "x" * 300_000}), "unknown", "requires_review"),  # more than a request may have
        (returns({"page": "\ud800"}), "unknown", "requires_review"),
        (returns(Done(performance_score=150)), "unknown", "requires_review"),
        (raises(Transient("no answer", code="x" * 500)), "transient", "failed"),
        (raises(Fatal("it is gone", where=Decimal(1))), "fatal", "requires_review"),
        (raises(AccountTrouble("half of a pair: \ud800")), "account", "requires_review"),
        (raises(SystemExit(1)), "unknown", "requires_review"),
        (raises(CancelledError()), "unknown", "requires_review"),
    ],
    ids=["decimal", "nan", "large", "huge", "surrogate", "score", "code", "details", "message", "exit", "cancelled"],
)
def test_what_was_done_is_not_done_again_because_its_answer_cannot_be_told(
    server: FakeServer,
    account: str,
    caplog: pytest.LogCaptureFixture,
    handler: Callable[[Job], object],
    kind: str,
    status: str,
) -> None:
    caplog.set_level(logging.CRITICAL, "warmup.worker")  # half of a pair cannot be reported by the tests' workers
    calls = list[Job]()

    def once(job: Job) -> object:
        calls.append(job)
        if len(calls) > 1:
            bot.stop()
        return handler(job)

    bot = worker(server, once)
    bot.run(jobs=1)
    found = server.operator.accounts.get(account).phases[0]
    assert (len(calls), bot.tally.failed, found.error_kind, found.status) == (1, 1, kind, status)


def test_what_cannot_be_settled_at_all_is_left_alone(
    server: FakeServer, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise errors.InvalidInput(422, {"code": "invalid_input", "detail": "no"})

    monkeypatch.setattr(Phases, "complete_phase", refuse)
    monkeypatch.setattr(Phases, "report_error", refuse)
    calls = list[str]()
    bot = worker(server, lambda job: calls.append(job.account_id))
    threading.Timer(1.5, bot.stop).start()
    bot.run()
    assert calls == [account]


def test_a_service_with_a_defect_is_waited_for_like_one_that_is_away(
    server: FakeServer, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmup.worker.shutdown.SHORTEST_WAIT", 0.01)
    broken = {"create": 1, "claim": 1, "complete_phase": 1}

    def breaks(kind: type[Any], verb: str) -> None:
        works = getattr(kind, verb)

        def once(*arguments: Any, **more: Any) -> Any:
            broken[verb] -= 1
            if broken[verb] >= 0:
                raise errors.InternalError(500, {"code": "internal_error"})
            return works(*arguments, **more)

        monkeypatch.setattr(kind, verb, once)

    breaks(Sessions, "create")
    breaks(Leases, "claim")
    breaks(Phases, "complete_phase")
    assert worker(server, lambda job: None).run(jobs=1).done == 1
    assert phase(server, account) == "completed"


def test_who_cannot_begin_is_told_so_at_once(server: FakeServer) -> None:
    async def publish(job: Job) -> None: ...

    bot = Worker(server.url, "")
    with pytest.raises(TypeError, match="plain function"):
        bot.phase()(publish)
    bot.phase()(lambda job: None)
    with pytest.raises(ValueError, match="set WARMUP_KEY"):
        bot.run()


def test_the_end_is_not_put_off_by_a_server_that_is_away_and_what_it_was_not_told_is_logged(
    server: FakeServer, account: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    others = [f"{account}-{number}"[-60:].lstrip("-") for number in range(3)]
    for other in others:
        server.account(other)
    begun, ended = threading.Semaphore(0), threading.Event()

    def hang(job: Job) -> None:
        begun.release()
        ended.wait(60)

    bot = worker(server, hang, slots=4, grace=2)
    running = threading.Thread(target=bot.run, daemon=True)
    running.start()
    held = [begun.acquire(timeout=5) for _ in range(3)].count(True)
    monkeypatch.setattr(server, "away", True)
    bot.stop()
    running.join(2 + 4)
    in_time = not running.is_alive()
    monkeypatch.setattr(server, "away", False)
    ended.set()
    running.join(20)
    assert in_time, "one grace for all, not one for each"
    assert held > 1
    assert caplog.text.count("the outcome is not reported") >= held


BOT = textwrap.dedent(
    """
    import sys, time
    from warmup import Worker
    worker = Worker(sys.argv[1], sys.argv[2], slots=2, grace=float(sys.argv[4]))
    @worker.phase()
    def publish(job):
        print("began", job.account_id, flush=True)
        time.sleep(float(sys.argv[3]))
        print("finished", job.account_id, flush=True)
    worker.run()
    """
)


SILENT = textwrap.dedent(
    """
    import socket, sys
    from warmup import Worker
    listening = socket.create_server(("127.0.0.1", 0))  # it lets connect, and answers nothing
    worker = Worker(f"http://127.0.0.1:{listening.getsockname()[1]}", "wk_b_1", grace=60)
    worker.phase()(lambda job: None)
    print("begins", flush=True)
    worker.run()
    """
)


@pytest.mark.parametrize(("signals", "seconds"), [(1, 3 + 2), (2, 2)], ids=["once", "twice"])
def test_a_signal_ends_the_process_though_nobody_answers(signals: int, seconds: float) -> None:
    bot = subprocess.Popen([sys.executable, "-c", SILENT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert bot.stdout is not None
    assert bot.stdout.readline() == "begins\n"
    time.sleep(1)
    began = time.monotonic()
    for _ in range(signals):
        bot.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    _, err = bot.communicate(timeout=30)
    assert bot.returncode == 0, err
    assert time.monotonic() - began < seconds


def bot_process(server: FakeServer, seconds: float, grace: float = 60) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BOT, server.url, server.bot_key(), str(seconds), str(grace)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_sigterm_loses_nothing_and_holds_nothing(server: FakeServer, account: str) -> None:
    bot = bot_process(server, 1.5)
    assert bot.stdout is not None
    assert bot.stdout.readline() == f"began {account}\n"
    bot.send_signal(signal.SIGTERM)
    out, err = bot.communicate(timeout=20)
    assert (bot.returncode, out) == (0, f"finished {account}\n"), err
    found = server.operator.accounts.get(account)
    assert (found.phases[0].status, found.lease) == ("completed", None)
    assert [one for one in server.operator.sessions.list_all(status="live") if one.held] == []


@pytest.mark.parametrize(("grace", "signals"), [(0.3, 1), (60, 2)], ids=["grace", "twice"])
def test_what_outlasts_the_end_may_have_happened_and_waits_for_people(
    server: FakeServer, account: str, grace: float, signals: int
) -> None:
    bot = bot_process(server, 600, grace)
    assert bot.stdout is not None
    assert bot.stdout.readline() == f"began {account}\n"
    for _ in range(signals):
        bot.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    out, err = bot.communicate(timeout=20)
    assert (bot.returncode, out) == (0, ""), err
    found = server.operator.accounts.get(account)
    assert (found.phases[0].status, found.phases[0].error_code) == ("requires_review", "worker_stopped")
    assert found.lease is None


def test_after_kill_9_its_jobs_come_back_when_the_lease_is_over_counted_as_a_crash(
    server: FakeServer, account: str
) -> None:
    bot = bot_process(server, 600)
    assert bot.stdout is not None
    assert bot.stdout.readline() == f"began {account}\n"
    os.kill(bot.pid, signal.SIGKILL)
    bot.communicate(timeout=10)
    server.advance(seconds=1000)
    found = server.operator.accounts.get(account).phases[0]
    assert (found.status, found.crash_count, found.retry_count) == ("content_assigned", 1, 0)
    assert worker(server, lambda job: None).run(jobs=1).done == 1, "and another one does it"


def test_the_media_can_be_kept_as_a_file(server: FakeServer, account: str, tmp_path: Path) -> None:
    files: list[Path | None] = []
    worker(server, lambda job: files.append(job.save(tmp_path / "media"))).run(jobs=1)
    (file,) = files
    assert file is not None
    assert file.name == f"{account}-pfp-nora-pfp.png"


def test_a_handler_that_is_told_to_stop_may_say_so() -> None:
    assert issubclass(StopOrdered, Exception)
    assert not issubclass(LeaseLost, StopOrdered)


def test_what_is_not_the_name_of_a_phase_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="not the name of a phase: 2nd, Reel"):
        Worker("http://127.0.0.1:1", "k").phase("Reel", "reel", "2nd")


def test_a_handler_of_its_own_comes_before_the_one_for_all_phases(server: FakeServer, account: str) -> None:
    done: list[str] = []
    bot = Worker(server.url, server.bot_key(), retry=QUICK)
    bot.phase()(lambda job: done.append(job.phase))
    bot.category("pfp")(lambda job: done.append("of its category"))
    bot.phase("pfp")(lambda job: done.append("own"))
    bot.run(jobs=1)
    assert done == ["own"]


def test_a_handler_of_a_category_is_for_the_phases_that_draw_from_it(server: FakeServer, account: str) -> None:
    server.account(f"{account}-o"[-60:].lstrip("-"))
    worker(server, lambda job: None).run(jobs=1)  # the one is in `bio` now, the other is ready
    done = list[str]()
    bot = Worker(server.url, server.bot_key(), retry=QUICK)
    bot.category("pfp", "story")(lambda job: done.append(f"{job.phase} from {job.delivery.category}"))
    bot.phase("story")(lambda job: None)
    server.advance(days=2)
    with at_work(bot):
        eventually(lambda: bool(done))
        time.sleep(1)
    assert done == ["pfp from pfp"], "`bio` is somebody else's"


def test_a_category_that_does_not_exist_is_refused_at_once() -> None:
    bot = Worker("http://127.0.0.1:1", "k")
    with pytest.raises(ValueError, match="there is no category reel: there are pfp, bio"):
        bot.category("reel")
    with pytest.raises(ValueError, match="name the categories"):
        bot.category()


def test_a_key_that_is_not_accepted_is_named_with_the_variable_that_it_came_from(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMUP_KEY", "wk_nobody_abcdef")
    bot = Worker(server.url)
    bot.phase()(lambda job: None)
    with pytest.raises(errors.Unauthenticated, match=r"was sent \(from WARMUP_KEY\), but it is unknown"):
        bot.run()

"""A pause refuses taking and accepts completing: finished work is never lost."""

from collections.abc import Callable

import pytest

from chalicelib.context import Actor, ActorKind, begin
from chalicelib.settings import Settings
from chalicelib.tables import Setting
from chalicelib.tables.settings import PAUSES
from chalicelib.tables.transaction import Transaction
from tests.agency import Agency, Bot

Pause = Callable[[bool], None]


@pytest.fixture(params=["pipeline", "model"])
def pause(request: pytest.FixtureRequest, agency: Agency, settings: Settings) -> Pause:
    """Pauses (or resumes) the whole pipeline, or the model `m1`."""

    def set_to(paused: bool) -> None:
        transaction = Transaction(begin(settings, Actor(ActorKind.OPERATOR, "root")))
        if request.param == "pipeline":
            actions = [Setting.pipeline_paused.set(paused)]
        else:
            actions = [Setting.models.set({"m1"}) if paused else Setting.models.remove()]
        transaction.update(Setting(name=PAUSES), None, actions)
        transaction.commit()
        agency.time.advance(settings.gate_cache_seconds)

    return set_to


@pytest.fixture
def worker(agency: Agency) -> Bot:
    """A bot that works on the first phase of `a1`; `a2` waits to be started."""
    worker = agency.warmed_to("pfp")
    agency.operator.account("a2")
    worker.take()
    return worker


def test_nothing_is_handed_out_while_paused(agency: Agency, worker: Bot, pause: Pause) -> None:
    worker.release(worker.take()).ok()
    pause(True)
    before = agency.wire.image()["test-accounts"]
    for answer in (worker.start("a2"), worker.content()):
        problem = answer.refused(409, "account_paused")
        assert problem["retryable"] is True
    assert worker.ready().ok()["items"] == []
    assert worker.claim(limit=10).ok()["items"] == []
    assert [one["code"] for one in worker.status("a2").ok()["blockers"]] == ["paused"]
    assert agency.wire.image()["test-accounts"] == before
    pause(False)
    assert set(worker.offered()) == {"a1", "a2"}
    worker.start("a2").ok()
    worker.content().ok()


def test_what_is_under_way_is_finished_while_paused(agency: Agency, worker: Bot, pause: Pause) -> None:
    token = worker.take()
    pause(True)
    assert worker.content().ok()["lease"]["lease_token"] == token, "the holder is given again what it has"
    assert len(worker.heartbeat().ok()["held"]) == 1
    done = worker.complete("pfp", token).ok()
    assert done["late"] is False
    agency.operator.verified()


def test_a_failure_is_reported_while_paused(agency: Agency, worker: Bot, pause: Pause) -> None:
    pause(True)
    assert worker.report("pfp", worker.take()).ok()["outcome"] == "retry"
    agency.operator.verified()


def test_a_lease_is_given_back_while_paused(worker: Bot, pause: Pause) -> None:
    token = worker.take()
    pause(True)
    worker.release(token).ok()


def test_a_warm_up_is_completed_while_paused(agency: Agency, pause: Pause) -> None:
    worker = agency.warmed_up("a3")
    pause(True)
    assert worker.complete_warmup("a3").ok()["state"] == "active"


def test_other_models_go_on(agency: Agency, worker: Bot, pause: Pause, request: pytest.FixtureRequest) -> None:
    agency.operator.model("m2")
    agency.operator.account("other", model_id="m2")
    pause(True)
    expected = [] if "pipeline" in request.node.name else ["other"]
    assert worker.offered() == expected
    assert [item["account_id"] for item in worker.claim(limit=10).ok()["items"] if not item["held"]] == expected


def test_a_ready_probe_tells_of_the_master_switch(agency: Agency, pause: Pause, request: pytest.FixtureRequest) -> None:
    assert agency.nobody().get("/api/ready").ok()["pipeline_paused"] is False
    pause(True)
    assert agency.nobody().get("/api/ready").ok()["pipeline_paused"] is ("pipeline" in request.node.name)

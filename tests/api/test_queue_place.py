"""An account's place in the queue: what is told is what workers are given."""

from datetime import timedelta
from typing import Any

import pytest

from tests.agency import Agency
from tests.api.test_dispatch import MANY, claimed, models, plant

MOST_REQUESTS, MAKING_THE_DIRECTORY = 4, 11
"""The account, its profile after it, who stands before, and its assignments; the directory is made once for all."""


def place(agency: Agency, account_id: str) -> Any:
    return agency.operator.get(f"/api/operator/accounts/{account_id}").ok()["queue_place"]


def test_the_place_is_the_one_in_which_the_account_is_claimed(agency: Agency) -> None:
    for number in range(4):
        agency.operator.account(f"a{number}")
        agency.time.advance(timedelta(seconds=1))
    told = {f"a{number}": place(agency, f"a{number}") for number in range(4)}
    assert told["a0"] == {
        "as_of": agency.operator.get("/api/operator/accounts/a0").ok()["queue_place"]["as_of"],
        "before": 0,
        "more_before": False,
        "share": 1.0,
        "models": 1,
    }
    assert claimed(agency.worker(), limit=4) == sorted(told, key=lambda one: told[one]["before"])
    assert [one["before"] for one in told.values()] == [0, 1, 2, 3]


def test_the_share_is_among_the_models_that_have_work(agency: Agency) -> None:
    models(agency, "a", "b", "idle", "paused")
    for model in ("a", "b", "paused"):
        plant(agency, model, 2, since=timedelta(hours=1))
    agency.operator.send("PATCH", "/api/operator/models/a", {"weight": 3}).ok()
    agency.operator.send("PATCH", "/api/operator/models/paused", {"paused": True, "reason": "it rests"}).ok()
    told = place(agency, "a-00001")
    assert (told["before"], told["share"], told["models"]) == (1, 0.75, 2)


def test_what_is_blocked_has_no_place(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    assert place(agency, "a1")["before"] == 0
    worker.take("bio")
    assert place(agency, "a1") is None, "somebody holds it"
    agency.time.advance(timedelta(hours=1))
    assert place(agency, "a1")["before"] == 0, "its lease ran out, and no timer came"
    agency.operator.post("/api/operator/accounts/a1/pause", {"reason": "stop"}).ok()
    assert place(agency, "a1") is None


@pytest.fixture
def behind(agency: Agency) -> Agency:
    """Three accounts of one model behind five thousand of another one."""

    def build() -> None:
        models(agency, "big", "small")
        plant(agency, "big", MANY, since=timedelta(days=1))
        plant(agency, "small", 3, since=timedelta(hours=1))

    agency.staged("three behind five thousand", build)
    return agency


@pytest.mark.parametrize(
    ("account", "before", "more"), [("small-00002", 2, False), ("big-00000", 0, False), ("big-04999", 100, True)]
)
def test_behind_a_backlog_a_place_costs_as_little(behind: Agency, account: str, before: int, more: bool) -> None:
    for most in (MOST_REQUESTS + MAKING_THE_DIRECTORY, MOST_REQUESTS):
        behind.wire.calls.clear()
        told = place(behind, account)
        assert (told["before"], told["more_before"], told["share"], told["models"]) == (before, more, 0.5, 2)
        assert len(behind.wire.calls) <= most, behind.wire.operations()

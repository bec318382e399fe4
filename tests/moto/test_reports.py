"""Reports on moto: what a bot says of a job that did not work, and what becomes of it."""

from typing import Any

import pytest

from warmup.sandbox.client import Client
from warmup.testing import MotoService, Problem

ACCOUNT = "/api/bot/accounts/nora-1"


def reported(bot: Client, kind: str) -> dict[str, Any]:
    """Takes the first phase and reports that it did not work; answers what the service says."""
    token = bot.get(f"{ACCOUNT}/content/pfp")["lease"]["lease_token"]
    report = {"phase": "pfp", "kind": kind, "code": "login_wall", "message": "the platform asked to log in"}
    return bot.post(f"{ACCOUNT}/report-error", report, {"Lease-Token": token})


def status(bot: Client) -> str:
    """The status of the first phase."""
    return str(bot.get(f"{ACCOUNT}/warmup-status")["phases"][0]["status"])


@pytest.fixture
def bot(service: MotoService) -> Client:
    """A bot that has started the warm-up."""
    bot = service.bot("bot-1")
    bot.post(f"{ACCOUNT}/start-warmup")
    return bot


def test_what_may_pass_is_offered_again_after_a_while(service: MotoService, bot: Client) -> None:
    reported(bot, "transient")
    assert bot.get("/api/bot/accounts/ready")["items"] == []
    service.advance(hours=7)
    assert [one["account_id"] for one in bot.get("/api/bot/accounts/ready")["items"]] == ["nora-1"]


def test_after_too_many_retries_an_operator_decides(service: MotoService, bot: Client) -> None:
    for _ in range(4):
        reported(bot, "transient")
        service.advance(hours=7)
    assert status(bot) == "requires_review"
    (case,) = service.operator.get("/api/operator/review")["items"]
    assert (case["account_id"], case["error_code"]) == ("nora-1", "login_wall")


@pytest.mark.parametrize("kind", ["account", "fatal", "unknown"])
def test_what_no_retry_can_solve_goes_to_an_operator_at_once(service: MotoService, bot: Client, kind: str) -> None:
    reported(bot, kind)
    assert status(bot) == "requires_review"


def test_a_lease_that_ran_out_is_taken_over(service: MotoService, bot: Client) -> None:
    late = {"Lease-Token": bot.get(f"{ACCOUNT}/content/pfp")["lease"]["lease_token"]}
    service.advance(hours=1)
    service.bot("bot-2").get(f"{ACCOUNT}/content/pfp")
    with pytest.raises(Problem) as refused:
        bot.post(f"{ACCOUNT}/complete-phase/pfp", {}, late)
    assert refused.value.code == "lease_superseded"

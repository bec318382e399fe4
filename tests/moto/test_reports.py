"""Reports on moto: what a bot says of a job that did not work, and what becomes of it."""

import pytest

from warmup import Client
from warmup.api import errors
from warmup.api.models import ReportKind
from warmup.testing import MotoService


def reported(bot: Client, kind: str) -> None:
    """Takes the first phase and reports that it did not work."""
    token = bot.phases.content("nora-1", "pfp").lease.lease_token
    bot.phases.report_error(
        "nora-1",
        lease_token=token,
        phase="pfp",
        kind=ReportKind(kind),
        code="login_wall",
        message="the platform asked to log in",
    )


def status(bot: Client) -> str:
    """The status of the first phase."""
    return bot.accounts.warmup_status("nora-1").phases[0].status


@pytest.fixture
def bot(service: MotoService) -> Client:
    """A bot that has started the warm-up."""
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-1")
    return bot


def test_what_may_pass_is_offered_again_after_a_while(service: MotoService, bot: Client) -> None:
    reported(bot, "transient")
    assert bot.leases.ready().items == []
    service.advance(hours=7)
    assert [one.account_id for one in bot.leases.ready().items] == ["nora-1"]


def test_after_too_many_retries_an_operator_decides(service: MotoService, bot: Client) -> None:
    for _ in range(4):
        reported(bot, "transient")
        service.advance(hours=7)
    assert status(bot) == "requires_review"
    (case,) = service.operator.review.list_all()
    assert (case.account_id, case.error_code) == ("nora-1", "login_wall")


@pytest.mark.parametrize("kind", ["account", "fatal", "unknown"])
def test_what_no_retry_can_solve_goes_to_an_operator_at_once(service: MotoService, bot: Client, kind: str) -> None:
    reported(bot, kind)
    assert status(bot) == "requires_review"


def test_a_lease_that_ran_out_is_taken_over(service: MotoService, bot: Client) -> None:
    late = bot.phases.content("nora-1", "pfp").lease.lease_token
    service.advance(hours=1)
    service.bot("bot-2").phases.content("nora-1", "pfp")
    with pytest.raises(errors.LeaseSuperseded):
        bot.phases.complete_phase("nora-1", "pfp", lease_token=late)

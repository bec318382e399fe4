"""The rows of phases are read after their account: what has changed between the two reads is seen, and read again."""

from collections.abc import Callable
from itertools import count

import pytest

from tests.agency import Agency, Bot, Reply
from tests.wire import Call

BATCH = "BatchGetItem"


def between_reads(agency: Agency, act: Callable[[], object]) -> None:
    """Has this done after the next batch, before the one behind it."""
    batches = count(1)

    def second(call: Call) -> None:
        if call.operation == BATCH and next(batches) == 2:
            act()

    agency.wire.before.append(second)


def reset(agency: Agency) -> None:
    agency.operator.post("/api/operator/accounts/a1/reset", {"reason": "a new owner"}).ok()


def reset_and_warmed_again(agency: Agency) -> None:
    agency.operator.media("another", "pfp", quality_score=1)
    reset(agency)
    worker = agency.worker()
    worker.start().ok()
    worker.do("pfp")


@pytest.fixture
def bot(agency: Agency) -> Bot:
    """Who completed `pfp` of `a1`, which is in `bio` now."""
    return agency.warmed_to("bio")


def test_a_completion_between_the_reads_is_not_seen_at_all(agency: Agency, bot: Bot) -> None:
    token = bot.take("bio")
    between_reads(agency, lambda: bot.complete("bio", token).ok())
    told = bot.status().ok()
    assert [one["status"] for one in told["phases"][:3]] == ["completed", "in_progress", "pending"]
    assert agency.operator.verified() == told["version"] + 1


@pytest.mark.parametrize(
    ("act", "phase", "completed"), [(reset, None, []), (reset_and_warmed_again, "bio", ["pfp"])], ids=["gone", "newer"]
)
def test_a_status_is_never_told_from_two_times(
    agency: Agency, bot: Bot, act: Callable[[Agency], None], phase: str | None, completed: list[str]
) -> None:
    before = bot.status().ok()
    between_reads(agency, lambda: act(agency))
    told = bot.status().ok()
    assert told["version"] > before["version"]
    assert told["current_phase"] == phase
    assert [one["phase"] for one in told["phases"] if one["status"] == "completed"] == completed


def test_nothing_is_decided_on_rows_that_are_not_the_accounts(agency: Agency, bot: Bot) -> None:
    """A completion that is sent again asks for the row of its phase, which a reset takes away in that moment."""
    token = bot.own_session().ok() and agency.operator.account_document()["phases"][0]["bot_session_id"]
    assert token is not None
    between_reads(agency, lambda: reset(agency))
    answer: Reply = bot.measure("pfp", 50, agency.time.told())
    answer.refused(409, "account_not_ready")
    agency.operator.verified()

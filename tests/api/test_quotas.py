"""How much one bot may have at a time: exact for a session, and for sessions of a bot that take in turn."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.edge.serve import installed
from tests.agency import Agency, Bot, Reply


def limit(agency: Agency, **limits: int | None) -> Any:
    """Gives `b1` limits of its own."""
    return agency.operator.send("PATCH", "/api/operator/bots/b1", limits).ok()


def accounts(agency: Agency, count: int) -> None:
    """So many accounts that are ready."""
    for number in range(count):
        agency.operator.account(f"a{number}")


def opened(agency: Agency) -> Reply:
    """What `b1` is answered that opens a session."""
    return agency.bot().send("POST", "/api/bot/sessions", {})


def claimed(bot: Bot, limit: int) -> list[str]:
    """What a claim takes anew."""
    return [one["account_id"] for one in bot.claim(limit=limit).ok()["items"] if not one["held"]]


def test_a_bot_holds_as_many_leases_as_it_may_whatever_its_sessions(agency: Agency) -> None:
    accounts(agency, 12)
    limit(agency, max_leases=5)
    one, two = agency.worker(), agency.worker()
    assert len(claimed(one, 3)) == 3
    assert len(claimed(two, 10)) == 2, "a claim takes what is left"
    third = agency.worker()
    problem = third.claim(limit=10).refused(429, "quota_reached")
    assert "holds 5 leases, of 5" in problem["detail"] and problem["retryable"] is True
    third.start("a9").refused(429, "quota_reached")
    agency.bot().start("a9").refused(429, "quota_reached")
    assert len(claimed(agency.worker("b2"), 10)) == 7, "nobody else is held up"
    agency.operator.verified()


def test_a_session_that_claims_twice_at_once_gets_no_more(agency: Agency) -> None:
    accounts(agency, 4)
    limit(agency, max_leases=2)
    worker = agency.worker()
    agency.wire.meanwhile(lambda: (worker.start("a3").ok(), worker.start("a2").ok()))
    worker.claim(limit=1).refused(429, "quota_reached")
    assert len(worker.own_session().ok()["held"]) == 2
    agency.operator.verified()


def test_asking_for_content_takes_a_lease_too(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.release(worker.take()).ok()
    agency.operator.account("a2")
    limit(agency, max_leases=1)
    other = agency.worker()
    other.start("a2").ok()
    worker.content("pfp").refused(429, "quota_reached")
    agency.bot().content("pfp").refused(429, "quota_reached")
    other.end().ok()
    worker.content("pfp").ok()


def test_what_has_ended_makes_room_at_once(agency: Agency) -> None:
    accounts(agency, 4)
    limit(agency, max_leases=1)
    worker = agency.worker()
    for end in ("release", "report", "complete"):
        (account_id,) = claimed(worker, 1)
        worker.start(account_id).ok()
        token = worker.take("pfp", account_id)
        if end == "release":
            worker.release(token, account_id).ok()
        else:
            getattr(worker, end)("pfp", token, account_id).ok()
    other = agency.worker()
    assert len(claimed(other, 5)) == 1, (
        "what the other session ended counts no more, although it was not heard of since"
    )
    agency.operator.verified()


def test_a_lease_that_runs_out_makes_room(agency: Agency) -> None:
    accounts(agency, 2)
    limit(agency, max_leases=1)
    worker = agency.worker()
    claimed(worker, 1)
    agency.time.advance(901)
    assert len(claimed(agency.worker(), 2)) == 1


def test_a_bot_has_as_many_live_sessions_as_it_may(agency: Agency) -> None:
    limit(agency, max_sessions=2)
    agency.operator.account()
    first, second = agency.worker(), agency.worker()
    problem = opened(agency).refused(429, "quota_reached")
    assert "2 live sessions, of 2" in problem["detail"]
    agency.bot().start().refused(429, "quota_reached")
    second.end().ok()
    third = agency.worker()
    agency.time.advance(900)
    third.heartbeat().ok()
    agency.time.advance(900)
    agency.worker()
    first.heartbeat().ok()
    opened(agency).refused(429, "quota_reached")


def test_a_session_that_was_lost_is_counted_when_it_takes_work_again(agency: Agency) -> None:
    limit(agency, max_sessions=1)
    agency.operator.account()
    lost = agency.worker()
    agency.time.advance(1800)
    agency.worker()
    lost.heartbeat().ok()
    lost.claim().refused(429, "quota_reached")


def test_the_deployments_limits_hold_where_a_bot_has_none_of_its_own(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "settings", replace(installed.settings, max_sessions=20, max_leases=50))
    for _ in range(20):
        agency.worker()
    opened(agency).refused(429, "quota_reached")
    after = limit(agency, max_sessions=21)
    assert (after["max_leases"], after["max_sessions"]) == (None, 21)
    agency.worker()
    assert limit(agency, max_sessions=None)["max_sessions"] is None
    opened(agency).refused(429, "quota_reached")


@pytest.mark.parametrize(
    "limits", [{"max_leases": 0}, {"max_leases": 1001}, {"max_sessions": 0}, {"max_sessions": 1.5}]
)
def test_a_limit_is_a_sensible_number(agency: Agency, limits: dict[str, Any]) -> None:
    agency.operator.send("PATCH", "/api/operator/bots/b1", limits).refused(422, "invalid_input")


def test_the_limits_are_read_with_what_a_claim_reads_anyway(agency: Agency) -> None:
    accounts(agency, 4)
    workers = [agency.worker() for _ in range(3)]
    for worker in workers:
        worker.claim().ok()
    agency.wire.calls.clear()
    workers[0].claim(limit=2).ok()
    reads = agency.wire.operations().count("BatchGetItem")
    assert reads == 2, "what it takes, with its session, its bot and the bot's others; and what it holds"

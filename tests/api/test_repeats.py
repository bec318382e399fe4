"""Every request may be sent again: a repeat changes nothing and answers the same."""

from datetime import timedelta

import pytest

from tests.agency import LEASE, Agency


def test_a_repeated_start_answers_the_same_with_the_lease(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    started = worker.start().ok()
    before = agency.wire.image()
    assert worker.start().ok() == {**started, "replayed": True}
    assert agency.wire.image() == before


def test_a_start_without_a_session_is_repeated_under_its_request_id(agency: Agency) -> None:
    agency.operator.account()
    bot = agency.bot()
    started = bot.start(headers={"X-Request-Id": "r-1"}).ok()
    before = agency.wire.image()
    assert bot.start(headers={"X-Request-Id": "r-1"}).ok() == {**started, "replayed": True}
    assert agency.wire.image() == before
    bot.start(headers={"X-Request-Id": "r-2"}).refused(409, "account_leased")
    agency.bot("b2").start(headers={"X-Request-Id": "r-1"}).refused(409, "account_leased")


def test_a_start_repeated_much_later_is_still_known_and_gives_no_lease(agency: Agency) -> None:
    worker = agency.warmed_to("post")
    before = agency.wire.image()
    again = worker.start().ok()
    assert (again["replayed"], again["lease"], again["current_phase"]) == (True, None, "post")
    assert agency.wire.image() == before


def test_anothers_start_of_a_started_account_is_refused(agency: Agency) -> None:
    first, second = agency.warmed_to("pfp"), agency.worker("b2")
    agency.time.advance(LEASE)
    problem = second.start().refused(409, "account_not_ready")
    assert problem["retryable"] is False
    assert first.start().ok()["replayed"] is True


@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=20), timedelta(days=3)])
def test_a_repeated_complete_phase_answers_the_same(agency: Agency, later: timedelta) -> None:
    worker = agency.warmed_to("bio")
    token = worker.take("bio")
    done = worker.complete("bio", token, execution_time_ms=7, platform_response={"ok": True}).ok()
    agency.time.advance(later)
    before = agency.wire.image()
    assert worker.complete("bio", token, execution_time_ms=7, platform_response={"ok": True}).ok() == {
        **done,
        "replayed": True,
    }
    assert agency.wire.image() == before


def test_a_complete_phase_is_known_again_also_while_the_next_phase_is_worked_on(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    done = worker.complete("pfp", token).ok()
    agency.time.to(done["next"]["available_at"])
    agency.worker("b2").take("bio")
    before = agency.wire.image()
    again = worker.complete("pfp", token).ok()
    assert (again["replayed"], again["next"], again["phase"]) == (True, done["next"], done["phase"])
    assert agency.wire.image() == before


def test_a_repeated_complete_warmup_answers_the_same(agency: Agency) -> None:
    worker, other = agency.warmed_up(), agency.worker("b2")
    done = worker.complete_warmup().ok()
    before = agency.wire.image()
    assert worker.complete_warmup().ok() == {**done, "replayed": True}
    assert other.complete_warmup().ok() == {**done, "replayed": True}
    assert agency.wire.image() == before


def test_content_asked_for_again_is_the_same_and_changes_nothing(agency: Agency) -> None:
    worker = agency.warmed_to("post")
    given = worker.content("post").ok()
    before = agency.wire.image()
    agency.time.advance(60)
    again = worker.content("post").ok()
    fresh = {"url", "url_expires_at"}
    assert again["content"]["url_expires_at"] == agency.time.told(timedelta(seconds=900))
    for answer in (given, again):
        answer["content"] = {name: value for name, value in answer["content"].items() if name not in fresh}
    assert again == given
    assert agency.wire.image() == before


def test_content_without_a_session_is_repeated_under_its_request_id(agency: Agency) -> None:
    agency.warmed_to("bio")
    bot = agency.bot("b2")
    given = bot.content("bio", headers={"X-Request-Id": "r-1"}).ok()
    before = agency.wire.image()
    assert bot.content("bio", headers={"X-Request-Id": "r-1"}).ok() == given
    assert agency.wire.image() == before


def test_a_repeated_claim_gives_what_the_session_holds(agency: Agency) -> None:
    for number in range(4):
        agency.operator.account(f"a{number}")
    worker = agency.worker()
    claimed = worker.claim(limit=2).ok()["items"]
    assert [item["held"] for item in claimed] == [False, False]
    before = agency.wire.image()
    again = worker.claim(limit=2).ok()["items"]
    assert [item["held"] for item in again] == [True, True]
    tokens = [{item["account_id"]: item["lease"] for item in items} for items in (claimed, again)]
    assert tokens[0] == tokens[1]
    assert agency.wire.image() == before


def test_a_claim_sent_again_is_known_although_an_older_lease_of_the_session_ran_out(agency: Agency) -> None:
    agency.operator.account("a1")
    worker = agency.worker()
    worker.claim(limit=1).ok()
    agency.time.advance(LEASE)
    agency.worker("b2").start("a1").ok()
    agency.operator.account("a2")
    agency.operator.account("a3")
    claimed = worker.claim(limit=1).ok()["items"]
    assert worker.claim(limit=1).ok()["items"] == [{**claimed[0], "held": True}]


@pytest.mark.parametrize("kind", ["transient", "content", "fatal"])
def test_a_repeated_report_answers_the_same(agency: Agency, kind: str) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    reported = worker.report("pfp", token, kind=kind).ok()
    before = agency.wire.image()
    assert worker.report("pfp", token, kind=kind).ok() == {**reported, "replayed": True}
    assert agency.wire.image() == before


def test_a_repeated_ready_changes_nothing(agency: Agency) -> None:
    agency.operator.account(ready=False)
    first = agency.operator.ready("a1").ok()
    before = agency.wire.image()
    assert agency.operator.ready("a1").ok() == {**first, "replayed": True}
    assert agency.wire.image() == before


def test_a_session_ended_again_changes_nothing(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.take()
    ended = worker.end().ok()
    before = agency.wire.image()
    again = worker.end().ok()
    assert (ended["replayed"], again["replayed"], again["status"]) == (False, True, "ended")
    assert agency.wire.image() == before

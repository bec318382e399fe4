"""One account, several bots: one works at a time, the others are told, and nobody loses what it did."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.agency import LEASE, Agency, Bot
from tests.api.shapes import OWN_LEASE

MS = timedelta(milliseconds=1)


@pytest.fixture
def first(agency: Agency) -> Bot:
    """A bot with an account whose warm-up it has started."""
    return agency.warmed_to("pfp")


@pytest.fixture
def second(agency: Agency, first: Bot) -> Bot:
    """Another bot."""
    return agency.worker("b2")


def expired_by_taker(agency: Agency) -> None:
    """The lease has run out; no timer has run."""
    agency.time.advance(LEASE)


def expired_by_timer(agency: Agency) -> None:
    """The lease has run out, and the timer has said so."""
    agency.time.advance(LEASE)
    assert agency.timer() == {"lease:expire": 1}


EXPIRED = pytest.mark.parametrize("expire", [expired_by_taker, expired_by_timer])


def test_a_second_bot_is_told_who_holds_the_lease_and_until_when(agency: Agency, first: Bot, second: Bot) -> None:
    first.take()
    agency.time.advance(60)
    before, left = agency.wire.image(), LEASE - timedelta(seconds=60)
    holder = {"session_id": first.session, "bot_id": "b1", "expires_at": agency.time.told(left)}
    for answer in (second.content(), second.content("bio"), second.start(), second.complete_warmup()):
        problem = answer.refused(409, "account_leased")
        assert problem["lease"] == holder
        assert problem["retryable"] is True
        assert answer.headers["Retry-After"] == str(problem["retry_after_seconds"]) == "841"
        assert "lt_" not in answer.text, "the token is the holder's alone"
    assert agency.wire.image() == before
    status = second.status().ok()
    assert status["lease"] == {**holder, "live": True}
    assert status["blockers"][0]["until"] == agency.time.told(left)
    assert second.offered() == []
    assert second.claim(limit=10).ok()["items"] == []


def test_to_the_last_millisecond_the_lease_is_the_holders(agency: Agency, first: Bot, second: Bot) -> None:
    token = first.take()
    agency.time.advance(LEASE - MS)
    second.content().refused(409, "account_leased")
    assert first.complete("pfp", token).ok()["late"] is False


@EXPIRED
def test_a_second_bot_takes_over_when_the_lease_has_run_out(
    agency: Agency, first: Bot, second: Bot, expire: Any
) -> None:
    token = first.take()
    given = first.content().ok()
    expire(agency)
    assert second.offered() == ["a1"]
    taken = second.content().ok()
    assert set(taken["lease"]) >= OWN_LEASE
    assert taken["lease"]["session_id"] == second.session
    assert taken["lease"]["lease_token"] != token
    assert taken["assignment_id"] == given["assignment_id"], "what was assigned stays with the phase"
    phase = second.status().ok()["phases"][0]
    assert (phase["status"], phase["bot_id"], phase["bot_session_id"]) == ("in_progress", "b2", second.session)
    assert (phase["crash_count"], phase["retry_count"]) == (1, 0), "a crash is no retry"
    agency.operator.verified()


@pytest.mark.parametrize("use", ["complete", "report", "release"])
@EXPIRED
def test_the_first_is_told_what_happened_and_changes_nothing(
    agency: Agency, first: Bot, second: Bot, expire: Any, use: str
) -> None:
    token = first.take()
    expire(agency)
    agency.time.advance(5)
    second.take()
    taken_over = agency.time.told()
    agency.time.advance(5)
    before = agency.wire.image()
    answer = {
        "complete": lambda: first.complete("pfp", token),
        "report": lambda: first.report("pfp", token),
        "release": lambda: first.release(token),
    }[use]()
    problem = answer.refused(409, "lease_superseded")
    assert problem["happened"] == {
        "at": taken_over,
        "action": "phase:deliver",
        "summary": "bot b2 was given pfp of account a1",
    }
    assert problem["happened"]["summary"] in problem["detail"]
    assert problem["lease"] == {
        "session_id": second.session,
        "bot_id": "b2",
        "expires_at": agency.time.told(LEASE - timedelta(seconds=5)),
    }
    assert problem["retryable"] is False
    assert agency.wire.image() == before


@pytest.mark.parametrize("version", [1, 10**9], ids=["of a version that took no lease", "of a version to come"])
def test_a_token_that_the_account_never_gave_is_told_apart_from_one_that_is_over(
    agency: Agency, first: Bot, version: int
) -> None:
    token = first.take()
    before = agency.wire.image()
    made_up = f"lt_{version}_{token.rpartition('_')[2]}"
    for answer in (first.complete("pfp", made_up), first.report("pfp", made_up), first.release(made_up)):
        assert "ever gave" in answer.refused(400, "malformed_request")["detail"]
    assert agency.wire.image() == before


@EXPIRED
@pytest.mark.parametrize("days", [0, 30])
def test_who_is_late_but_not_superseded_is_accepted(agency: Agency, first: Bot, expire: Any, days: int) -> None:
    token = first.take()
    expire(agency)
    agency.time.advance(timedelta(days=days))
    done = first.complete("pfp", token, execution_time_ms=5).ok()
    assert (done["late"], done["replayed"], done["phase"]["status"]) == (True, False, "completed")
    assert done["next"]["available_at"] == agency.time.told(timedelta(hours=24)), "the interval begins with the end"
    again = first.complete("pfp", token, execution_time_ms=5).ok()
    assert again == {**done, "replayed": True}
    agency.operator.verified()


@EXPIRED
def test_a_late_report_is_accepted_too(agency: Agency, first: Bot, expire: Any) -> None:
    token = first.take()
    expire(agency)
    reported = first.report("pfp", token).ok()
    assert (reported["outcome"], reported["phase"]["status"]) == ("retry", "failed")
    assert first.report("pfp", token).ok() == {**reported, "replayed": True}
    agency.operator.verified()


def test_a_late_release_is_no_crash(agency: Agency, first: Bot) -> None:
    token = first.take()
    agency.time.advance(LEASE)
    assert first.release(token).ok()["replayed"] is False
    phase = first.status().ok()["phases"][0]
    assert (phase["status"], phase["crash_count"]) == ("content_assigned", 0)


def test_a_release_after_the_timer_said_so_changes_nothing(agency: Agency, first: Bot) -> None:
    token = first.take()
    expired_by_timer(agency)
    before = agency.wire.image()
    assert first.release(token).ok()["replayed"] is True
    assert agency.wire.image() == before


@EXPIRED
def test_after_its_last_crash_a_phase_waits_for_people(agency: Agency, first: Bot, second: Bot, expire: Any) -> None:
    for worker, crashes in ((first, 0), (second, 1), (first, 2)):
        worker.take()
        assert worker.status().ok()["phases"][0]["crash_count"] == crashes
        expire(agency)
    refused = second.content().refused(409, "phase_not_available")
    assert refused["retryable"] is False
    status = second.status().ok()
    phase = status["phases"][0]
    assert (phase["status"], phase["crash_count"], phase["retry_count"]) == ("requires_review", 3, 0)
    assert phase["error_code"] == "crashed"
    assert "3 times" in agency.operator.account_document()["phases"][0]["error_message"]
    assert [blocker["code"] for blocker in status["blockers"]] == ["review"]
    assert second.offered() == []
    agency.operator.verified()


def test_after_its_last_crash_a_phase_waits_for_people_also_when_it_is_claimed(
    agency: Agency, first: Bot, second: Bot
) -> None:
    for _ in range(3):
        first.take()
        agency.time.advance(LEASE)
    assert second.claim(limit=10).ok()["items"] == []
    assert second.status().ok()["phases"][0]["status"] == "requires_review"
    assert agency.operator.verified() == 3 + 3 + 1


@EXPIRED
def test_who_is_late_with_its_last_crash_is_accepted_out_of_review(agency: Agency, first: Bot, expire: Any) -> None:
    for _ in range(2):
        first.take()
        agency.time.advance(LEASE)
    token = first.take()
    expire(agency)
    assert first.complete("pfp", token).ok()["late"] is True
    assert first.status().ok()["current_phase"] == "bio"
    agency.operator.verified()


def test_a_report_on_what_waits_for_people_already_is_refused(agency: Agency, first: Bot) -> None:
    for _ in range(2):
        first.take()
        agency.time.advance(LEASE)
    token = first.take()
    expired_by_timer(agency)
    first.report("pfp", token).refused(409, "phase_not_in_progress")


def test_a_phase_that_nobody_works_on_can_be_neither_completed_nor_reported(agency: Agency, first: Bot) -> None:
    lease = first.claim().ok()["items"][0]["lease"]
    before = agency.wire.image()
    first.complete("pfp", lease["lease_token"]).refused(409, "phase_not_in_progress")
    first.report("pfp", lease["lease_token"]).refused(409, "phase_not_in_progress")
    first.complete("bio", lease["lease_token"]).refused(409, "phase_not_in_progress")
    first.complete("nails", lease["lease_token"]).refused(404, "phase_not_found")
    assert agency.wire.image() == before


@pytest.mark.parametrize("use", ["complete", "report", "release"])
def test_the_token_is_required_and_must_be_one(agency: Agency, first: Bot, use: str) -> None:
    token = first.take()
    ask: dict[str, Any] = {
        "complete": lambda token: first.complete("pfp", token),
        "report": lambda token: first.report("pfp", token),
        "release": first.release,
    }
    before = agency.wire.image()
    for wrong in (None, "", "lt", token[:-1], token + "0", token.upper(), "lt_1_" + "é" * 32):
        ask[use](wrong).refused(400, "malformed_request")
    assert agency.wire.image() == before


def test_anothers_bot_cannot_use_a_token(agency: Agency, first: Bot, second: Bot) -> None:
    token = first.take()
    before = agency.wire.image()
    problem = second.complete("pfp", token).refused(409, "account_leased")
    assert f"Session {first.session} of b1 holds this account" in problem["detail"]
    second.report("pfp", token).refused(409, "account_leased")
    second.release(token).refused(409, "account_leased")
    assert agency.wire.image() == before


def test_a_holder_shows_itself_by_its_token_without_naming_its_session(agency: Agency, first: Bot) -> None:
    given = first.content().ok()
    nameless = first.without_session()
    again = nameless.content(headers={"Lease-Token": given["lease"]["lease_token"]}).ok()
    assert again["assignment_id"] == given["assignment_id"]
    nameless.content().refused(409, "account_leased")


def test_another_session_of_the_same_bot_is_not_the_holder(agency: Agency, first: Bot) -> None:
    first.take()
    other = first.with_session()
    problem = other.content().refused(409, "account_leased")
    assert problem["lease"]["session_id"] == first.session


def test_a_released_account_can_be_taken_at_once_with_its_content(agency: Agency, first: Bot, second: Bot) -> None:
    given = first.content().ok()
    released = first.release(given["lease"]["lease_token"]).ok()
    assert released == {"account_id": "a1", "released": True, "replayed": False}
    status = second.status().ok()
    assert (status["lease"], status["blockers"], status["phases"][0]["status"]) == (None, [], "content_assigned")
    assert second.offered() == ["a1"]
    assert second.content().ok()["assignment_id"] == given["assignment_id"]
    assert agency.operator.content("m1-pfp")["usage_count"] == 1
    agency.operator.verified()


def test_a_repeated_release_changes_nothing_until_somebody_has_taken_over(
    agency: Agency, first: Bot, second: Bot
) -> None:
    token = first.take()
    first.release(token).ok()
    before = agency.wire.image()
    assert first.release(token).ok() == {"account_id": "a1", "released": True, "replayed": True}
    assert agency.wire.image() == before
    first.complete("pfp", token).refused(409, "lease_superseded")
    second.take()
    first.release(token).refused(409, "lease_superseded")


def test_a_lease_ends_with_its_phase(agency: Agency, first: Bot) -> None:
    token = first.take()
    first.complete("pfp", token).ok()
    assert first.status().ok()["lease"] is None
    problem = first.release(token).refused(409, "lease_superseded")
    assert problem["happened"]["action"] == "phase:complete"
    first.report("pfp", token).refused(409, "lease_superseded")


def test_an_unheld_account_can_be_completed_by_any_bot_and_a_held_one_by_its_holder(agency: Agency) -> None:
    first = agency.warmed_up()
    second = agency.worker("b2")
    token = first.claim().ok()["items"][0]["lease"]["lease_token"]
    second.complete_warmup().refused(409, "account_leased")
    first.without_session().complete_warmup().refused(409, "account_leased")
    done = first.complete_warmup().ok()
    assert (done["state"], done["lease"]) == ("active", None)
    first.release(token).refused(409, "lease_superseded")
    agency.operator.verified()


# every lost lease counts, whatever the step of its holder was


def _claimed(agency: Agency) -> None:
    agency.operator.account()


def _started(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    worker.release(worker.start().ok()["lease"]["lease_token"]).ok()


def _assigned(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    worker.start().ok()
    worker.release(worker.take()).ok()


def _finished(agency: Agency) -> None:
    agency.warmed_up()


STEPS = [_claimed, _started, _assigned, _finished]
CRASHES, RELEASES = 3, 10


def _taken(agency: Agency) -> str | None:
    """The token of the lease that a claim takes on the account, None where it is not handed out."""
    items = agency.worker("b2").claim().ok()["items"]
    return items[0]["lease"]["lease_token"] if items else None


def _case(agency: Agency) -> Any:
    (case,) = agency.operator.get("/api/operator/review").ok()["items"]
    return case


@pytest.mark.parametrize("timers", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_a_lease_that_runs_out_counts_whatever_the_step_of_its_holder(
    agency: Agency, step: Callable[[Agency], None], timers: bool
) -> None:
    step(agency)
    for _ in range(CRASHES):
        assert agency.operator.get("/api/operator/review").ok()["items"] == []
        assert _taken(agency) is not None
        agency.time.advance(LEASE)
        if timers:
            assert agency.timer() == {"lease:expire": 1}
        agency.operator.verified()
    assert _taken(agency) is None, "after the plan's crashes it is handed out no more"
    case = _case(agency)
    assert (case["account_id"], case["error_code"]) == ("a1", "crashed")
    assert f"the lease ran out {CRASHES} times" in case["error_message"]
    assert [one["code"] for one in agency.bot().status().ok()["blockers"]] == ["review"]
    assert agency.bot().offered() == []
    pipeline = agency.operator.get("/api/operator/pipeline").ok()
    assert (pipeline["review"]["requires_review"], pipeline["due_now"]) == (1, 0)
    (listed,) = agency.operator.get("/api/operator/accounts?phase_status=requires_review").ok()["items"]
    assert listed["account_id"] == "a1"
    agency.operator.verified()


@pytest.mark.parametrize("step", STEPS)
def test_a_release_without_an_outcome_counts_too(agency: Agency, step: Callable[[Agency], None]) -> None:
    step(agency)
    before = _releases(agency)
    for _ in range(RELEASES - before):
        assert agency.operator.get("/api/operator/review").ok()["items"] == []
        agency.worker("b2").release(_taken(agency)).ok()
    assert _taken(agency) is None
    case = _case(agency)
    assert (case["error_code"], case["crash_count"]) == ("released", 0)
    assert f"workers gave it back {RELEASES} times" in case["error_message"]
    agency.operator.verified()


def _releases(agency: Agency) -> int:
    account = agency.operator.account_document()
    phase = next((one for one in account["phases"] if one["phase"] == account["current_phase"]), account)
    count: int = phase["release_count"]
    return count


def test_a_delivery_that_is_given_back_again_and_again_goes_to_an_operator(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    for _ in range(RELEASES):
        worker.release(worker.take()).ok()
    assert _case(agency)["error_message"].endswith("the work may have been done")
    worker.content().refused(409, "phase_not_available")
    assert agency.operator.verified() > RELEASES


def test_what_is_lost_before_the_start_counts_for_the_first_phase(agency: Agency) -> None:
    agency.operator.account()
    _taken(agency)
    agency.time.advance(LEASE)
    worker = agency.worker()
    started = worker.start().ok()
    assert started["phases"][0]["crash_count"] == 1
    assert agency.operator.account_document()["crash_count"] == 0
    for _ in range(CRASHES - 1):
        agency.time.advance(LEASE)
        _taken(agency)
    assert _case(agency)["crash_count"] == CRASHES
    agency.operator.verified()


def test_steps_of_one_phase_are_counted_together(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.take()
    agency.time.advance(LEASE)
    for _ in range(CRASHES - 1):
        _taken(agency)
        agency.time.advance(LEASE)
    assert _taken(agency) is None
    assert _case(agency)["error_kind"] == "unknown", "it was delivered once: it may have been done"


@pytest.mark.parametrize("step", STEPS)
def test_an_operator_offers_again_what_workers_left(agency: Agency, step: Callable[[Agency], None]) -> None:
    _to_review(agency, step)
    phase = _case(agency)["phase"]
    path = f"/api/operator/accounts/a1/phases/{phase}/retry"
    assert agency.operator.post(path, {"reason": "the bot is repaired"}).ok()["blockers"] == []
    assert agency.operator.post(path, {"reason": "the bot is repaired"}).ok()["replayed"]
    assert agency.operator.get("/api/operator/review").ok()["items"] == []
    for _ in range(CRASHES - 1):
        assert _taken(agency) is not None, "with fresh limits"
        agency.time.advance(LEASE)
    worker = agency.worker("b2")
    if step is _finished:
        worker.complete_warmup().ok()
        assert agency.operator.account_document()["state"] == "active"
    else:
        worker.do(phase)
    agency.operator.verified()


def _to_review(agency: Agency, step: Callable[[Agency], None]) -> None:
    step(agency)
    for _ in range(CRASHES):
        assert _taken(agency) is not None
        agency.time.advance(LEASE)
    agency.timer()


def test_what_nobody_completes_is_retried_in_bulk_or_resolved(agency: Agency) -> None:
    _to_review(agency, _finished)
    found = agency.operator.get("/api/operator/review/groups").ok()["items"]
    assert [(one["phase"], one["code"], one["count"]) for one in found] == [("story", "crashed", 1)]
    body = {"filter": {"code": "crashed"}, "reason": "repaired"}
    assert agency.operator.post("/api/operator/review/retry", body).ok()["counts"] == {"retried": 1}
    _to_review(agency, lambda _: None)
    path = "/api/operator/accounts/a1/phases/{}/resolve"
    body = {"reason": "handed over", "evidence": {"note": "by hand"}}
    agency.operator.post(path.format("pfp"), body).refused(409, "invalid_transition")
    assert agency.operator.post(path.format("story"), body).ok()["state"] == "active"
    assert agency.operator.get("/api/operator/review").ok()["items"] == []
    assert agency.operator.get("/api/operator/pipeline").ok()["review"]["requires_review"] == 0
    assert agency.operator.verified() > 0


@pytest.mark.parametrize("move", ["retire", "reset"])
@pytest.mark.parametrize("step", STEPS)
def test_a_case_ends_with_its_account(agency: Agency, step: Callable[[Agency], None], move: str) -> None:
    _to_review(agency, step)
    agency.operator.post(f"/api/operator/accounts/a1/{move}", {"reason": "enough"}).ok()
    assert agency.operator.get("/api/operator/review").ok()["items"] == []
    assert agency.operator.get("/api/operator/pipeline").ok()["review"]["requires_review"] == 0
    agency.operator.verified()


def test_the_holder_that_is_only_late_still_completes_the_warm_up(agency: Agency) -> None:
    _to_review(agency, _finished)
    agency.worker("b2").complete_warmup().ok()
    assert agency.operator.get("/api/operator/review").ok()["items"] == []
    agency.operator.verified()


def test_an_account_that_is_paused_before_its_start_goes_to_review_as_well(agency: Agency) -> None:
    agency.operator.account()
    for number in range(CRASHES):
        assert _taken(agency) is not None
        agency.operator.post("/api/operator/accounts/a1/pause", {"reason": f"pause {number}"}).ok()
        agency.time.advance(LEASE)
        assert agency.timer() == {"lease:expire": 1}
        agency.operator.post("/api/operator/accounts/a1/resume", {"reason": f"pause {number}"}).ok()
    assert _taken(agency) is None
    assert _case(agency)["error_code"] == "crashed"
    agency.operator.verified()

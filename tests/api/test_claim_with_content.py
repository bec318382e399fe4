"""Claiming with `deliver`, and completing with `finish`: a phase costs two requests, each of them one transaction."""

from datetime import timedelta
from typing import Any

import pytest

from tests.agency import INTERVALS, LEASE, PHASES, Agency, Bot
from tests.api.shapes import is_delivery


def claim(worker: Bot, **body: Any) -> Any:
    """The one account that a claim with `deliver` gives."""
    (item,) = worker.claim(deliver=True, **body).ok()["items"]
    return item


def writes(agency: Agency) -> list[str]:
    """What was written since, by operation."""
    return [one.operation for one in agency.wire.calls if one.operation == "TransactWriteItems"]


@pytest.fixture
def one(agency: Agency) -> Agency:
    """One account that can be started."""
    agency.staged("one account", agency.operator.account)
    return agency


def test_an_account_goes_from_ready_to_active_in_two_requests_a_phase(one: Agency) -> None:
    worker, done = one.worker(), dict[str, Any]()
    for place, phase in enumerate(PHASES):
        one.time.advance(INTERVALS[phase])
        item = claim(worker)
        is_delivery(item["delivery"])
        assert (item["account_id"], item["phase"], item["held"]) == ("a1", phase, False)
        assert item["action"] == ("run_phase" if place else "start_warmup")
        assert item["delivery"]["phase"] == phase
        assert item["delivery"]["lease"] == item["lease"]
        assert item["lease"]["expires_at"] == one.time.told(LEASE)
        assert worker.status().ok()["phases"][place]["status"] == "in_progress"
        one.time.advance(90)
        done = worker.complete(phase, item["lease"]["lease_token"], finish=True).ok()
        assert done["phase"]["status"] == "completed"
    assert done["next"] == {"action": None, "phase": None, "available_at": None}
    assert worker.status().ok()["state"] == "active"
    claims, completions = ["phase:deliver"] * 5, ["phase:complete"] * 5
    changes = [action for action in one.operator.actions() if not action.startswith("account:")]
    assert [one for one in changes if one != "phase:open"] == [
        action for pair in zip(claims, completions, strict=True) for action in pair
    ]
    one.operator.verified()


def test_it_gives_what_the_old_routes_give(one: Agency) -> None:
    item = claim(one.worker())
    again = one.worker().without_session().content("pfp", headers={"Lease-Token": item["lease"]["lease_token"]}).ok()
    assert again == item["delivery"]


def test_who_did_not_hear_the_answer_claims_again_and_gets_the_same(one: Agency) -> None:
    worker = one.worker()
    first, second = claim(worker), claim(worker)
    assert second == {**first, "held": True, "action": "run_phase"}
    assert one.operator.content("m1-pfp")["usage_count"] == 1


def test_without_deliver_there_is_no_word_of_it(one: Agency) -> None:
    worker = one.worker()
    (item,) = worker.claim().ok()["items"]
    assert "delivery" not in item
    assert worker.status().ok()["state"] == "ready"


def test_what_was_claimed_without_content_is_given_it(one: Agency) -> None:
    worker = one.worker()
    (held,) = worker.claim().ok()["items"]
    item = claim(worker)
    assert item["lease"]["lease_token"] == held["lease"]["lease_token"]
    assert (item["held"], item["delivery"]["phase"]) == (True, "pfp")
    assert worker.status().ok()["state"] == "warming_up"
    worker.complete("pfp", item["lease"]["lease_token"]).ok()


def test_what_is_held_and_paused_meanwhile_is_not_delivered(one: Agency) -> None:
    worker = one.worker()
    worker.claim().ok()
    one.operator.send("PATCH", "/api/operator/models/m1", {"paused": True, "reason": "stop"}).ok()
    item = claim(worker)
    assert (item["held"], item["delivery"]) == (True, None)
    worker.start().refused(409, "account_paused")
    assert one.operator.content("m1-pfp")["usage_count"] == 0


def test_where_only_the_warm_up_has_to_be_completed_nothing_is_delivered(agency: Agency) -> None:
    worker = agency.warmed_up()
    item = claim(worker)
    assert (item["action"], item["phase"], item["delivery"]) == ("complete_warmup", None, None)
    worker.complete_warmup().ok()


def test_an_account_without_eligible_content_is_set_aside_and_left_out(one: Agency) -> None:
    operator, worker = one.operator, one.worker()
    operator.send("PATCH", "/api/operator/models/m1/content/m1-pfp", {"status": "withdrawn", "reason": "no"}).ok()
    operator.send("PATCH", "/api/operator/models/m1/content/m1-any", {"status": "withdrawn", "reason": "no"}).ok()
    answer = worker.claim(deliver=True).ok()
    assert answer["items"] == []
    status = worker.status().ok()
    assert (status["state"], status["current_phase"], status["lease"]) == ("warming_up", "pfp", None)
    assert [blocker["code"] for blocker in status["blockers"]] == ["content_unavailable"]
    assert answer["next_due_at"] == status["blockers"][0]["until"]
    one.time.to(status["blockers"][0]["until"])
    operator.media("late", "pfp")
    assert claim(worker)["delivery"]["content"]["content_id"] == "late"
    operator.verified()


def test_the_next_account_is_taken_where_the_first_has_no_content(one: Agency) -> None:
    one.operator.model("m2")
    one.time.advance(-1)
    one.operator.account("empty", model_id="m2")
    one.time.advance(1)
    items = one.worker().claim(deliver=True, limit=2).ok()["items"]
    assert [item["account_id"] for item in items] == ["a1"]


def test_who_loses_an_item_gets_another_in_the_same_claim(one: Agency) -> None:
    first, second = one.worker("b1"), one.worker("b2")
    one.operator.account("a2")
    one.operator.send("PATCH", "/api/operator/models/m1/content/m1-pfp", {"max_usage": 1}).ok()
    one.operator.media("spare", "pfp", quality_score=10)
    given: list[str] = []
    one.wire.meanwhile(lambda: given.append(second.claim(deliver=True).ok()["items"][0]["account_id"]))
    item = claim(first)
    assert {item["account_id"], *given} == {"a1", "a2"}
    used = [one.operator.content(name)["usage_count"] for name in ("m1-pfp", "spare")]
    assert used == [1, 1]


def test_a_claim_with_content_is_one_transaction(one: Agency) -> None:
    worker = one.worker()
    one.wire.forget()
    item = claim(worker)
    assert len(writes(one)) == 1
    one.wire.forget()
    worker.complete("pfp", item["lease"]["lease_token"], finish=True).ok()
    assert len(writes(one)) == 1


# finish


def last_phase(agency: Agency) -> tuple[Bot, str]:
    """A bot that works on the last phase, and its token."""
    worker = agency.warmed_to("story")
    return worker, worker.take("story")


def test_the_last_phase_makes_the_account_active(agency: Agency) -> None:
    worker, token = last_phase(agency)
    done = worker.complete("story", token, finish=True).ok()
    assert done["next"] == {"action": None, "phase": None, "available_at": None}
    document = agency.operator.account_document()
    assert (document["state"], document["lease"]) == ("active", None)
    assert agency.operator.actions()[-1] == "phase:complete"
    assert worker.offered() == []
    overview = agency.operator.get("/api/operator/pipeline").ok()
    assert overview["states"]["active"] == 1
    agency.operator.verified()


def test_before_the_last_phase_finish_changes_nothing(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    done = worker.complete("bio", worker.take("bio"), finish=True).ok()
    assert (done["next"]["action"], done["next"]["phase"]) == ("run_phase", "post")
    assert worker.status().ok()["state"] == "warming_up"


def test_a_repeat_gets_the_same_answer(agency: Agency) -> None:
    worker, token = last_phase(agency)
    done = worker.complete("story", token, finish=True).ok()
    assert worker.complete("story", token, finish=True).ok() == {**done, "replayed": True}
    assert worker.complete("story", token).ok() == {**done, "replayed": True}
    assert agency.operator.actions().count("phase:complete") == 5


def test_a_late_report_finishes_too(agency: Agency) -> None:
    worker, token = last_phase(agency)
    agency.time.advance(LEASE + timedelta(seconds=1))
    done = worker.complete("story", token, finish=True).ok()
    assert (done["late"], worker.status().ok()["state"]) == (True, "active")


def test_a_paused_account_is_completed_and_not_finished(agency: Agency) -> None:
    worker, token = last_phase(agency)
    agency.operator.post("/api/operator/accounts/a1/pause", {"reason": "stop"}).ok()
    done = worker.complete("story", token, finish=True).ok()
    assert done["next"]["action"] == "complete_warmup"
    assert worker.status().ok()["state"] == "paused"
    agency.operator.post("/api/operator/accounts/a1/resume", {"reason": "go on"}).ok()
    assert worker.complete_warmup().ok()["state"] == "active"


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_finish_and_deliver_are_booleans(agency: Agency, value: Any) -> None:
    worker, token = last_phase(agency)
    assert (
        worker.complete("story", token, finish=value).refused(422, "invalid_input")["errors"][0]["pointer"] == "/finish"
    )
    assert worker.claim(deliver=value).refused(422, "invalid_input")["errors"][0]["pointer"] == "/deliver"


# operators' tasks


def test_an_operator_takes_a_task_in_one_request(one: Agency) -> None:
    operator = one.operator
    session = operator.post("/api/operator/tasks/sessions", {}).ok(201)["session_id"]
    headers = {"Bot-Session": session}
    given = operator.post("/api/operator/tasks/accounts/a1/take", headers=headers).ok()
    is_delivery(given)
    assert operator.post("/api/operator/tasks/accounts/a1/take", headers=headers).ok() == given
    one.bot().content("pfp").refused(409, "account_leased")
    operator.post(
        "/api/operator/tasks/accounts/a1/complete/pfp",
        {"finish": True},
        headers={**headers, "Lease-Token": given["lease"]["lease_token"]},
    ).ok()
    problem = operator.post("/api/operator/tasks/accounts/a1/take", headers=headers).refused(409, "phase_not_available")
    assert problem["available_at"] is not None


def test_an_operator_cannot_take_what_has_only_to_be_completed(agency: Agency) -> None:
    agency.warmed_up()
    operator = agency.operator
    session = operator.post("/api/operator/tasks/sessions", {}).ok(201)["session_id"]
    headers = {"Bot-Session": session}
    operator.post("/api/operator/tasks/accounts/a1/take", headers=headers).refused(409, "phase_not_available")
    operator.post("/api/operator/tasks/accounts/a1/finish", headers=headers).ok()

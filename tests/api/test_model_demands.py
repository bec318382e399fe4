"""What a model demands beyond the plans of its accounts holds in every answer, and loosens nothing."""

from typing import Any

import pytest

from tests.agency import Agency, Bot, Operator, media
from tests.api.test_content_looks import need
from tests.api.test_plan_accounts import ACCOUNTS, SLOW, body, slow

MODEL = "/api/operator/models/m1"


def demand(agency: Agency, **demands: Any) -> Any:
    """The model demands this from now on."""
    return agency.operator.send("PATCH", MODEL, demands).ok()


def reasons(agency: Agency, worker: Bot, name: str) -> list[int | None]:
    """How many pictures are refused for this reason: by the delivery, by explain, by availability."""
    refused = worker.content("pfp").refused(409, "content_unavailable")
    explained = need(agency.operator.get(f"{ACCOUNTS}/a1/phases/pfp/explain").ok(), "content")["reasons"]
    (counted,) = (
        one
        for one in agency.operator.get(f"{MODEL}/availability").ok()["categories"]
        if (one["kind"], one["category"]) == ("content", "pfp")
    )
    return [one.get(name) for one in (refused["reasons"], explained, counted["refused"])]


def test_a_model_demands_nothing_until_it_is_told_to(agency: Agency) -> None:
    agency.operator.account()
    nothing = {"cooldown_hours": None, "minimum_quality": None, "four_eyes": False, "licence_required": False}
    model = agency.operator.get(MODEL).ok()
    assert {name: model[name] for name in nothing} == nothing
    strict = {"cooldown_hours": 48, "minimum_quality": 60, "four_eyes": True, "licence_required": True}
    changed = demand(agency, **strict)
    assert {name: changed[name] for name in strict} == strict
    assert demand(agency, **strict)["replayed"]
    assert demand(agency, name="Nora")["four_eyes"]
    changed = demand(agency, **nothing)
    assert {name: changed[name] for name in nothing} == nothing
    assert demand(agency, **nothing)["replayed"]
    made = {"model_id": "m7", **strict}
    assert agency.operator.post("/api/operator/models", made).ok(201)["minimum_quality"] == 60
    assert agency.operator.post("/api/operator/models", made).ok()["replayed"]
    agency.operator.post("/api/operator/models", {**made, "four_eyes": False}).refused(409, "already_exists")


@pytest.mark.parametrize(
    ("demands", "pointer"),
    [
        ({"cooldown_hours": -1}, "/cooldown_hours"),
        ({"cooldown_hours": 2161}, "/cooldown_hours"),
        ({"minimum_quality": 101}, "/minimum_quality"),
        ({"four_eyes": "yes"}, "/four_eyes"),
    ],
)
def test_a_demand_that_is_none_is_refused(agency: Agency, demands: dict[str, Any], pointer: str) -> None:
    agency.operator.account()
    problem = agency.operator.send("PATCH", MODEL, demands).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("demands", "reason"),
    [
        ({"licence_required": True}, "needs_licence"),
        ({"four_eyes": True}, "needs_four_eyes"),
        ({"minimum_quality": 95}, "low_quality"),
    ],
)
def test_a_demand_is_told_alike_by_409_explain_and_availability(
    agency: Agency, demands: dict[str, Any], reason: str
) -> None:
    worker = agency.warmed_to("pfp")
    pictures = len([one for one in agency.operator.get(f"{MODEL}/content").ok()["items"] if one["category"] == "pfp"])
    demand(agency, **demands)
    beside = 1  # the picture of `any` is the fallback
    assert reasons(agency, worker, reason) == [pictures + beside, pictures + beside, pictures]
    demand(agency, **dict.fromkeys(demands))
    worker.content("pfp").ok()


def test_the_longer_rest_holds(agency: Agency) -> None:
    slow(agency, cooldown_hours=48)
    for account_id, plan in (("a1", "standard"), ("a2", "standard"), ("a3", "slow")):
        agency.operator.post(ACCOUNTS, body(account_id, plan=plan)).ok(201)
        agency.operator.ready(account_id).ok()
    demand(agency, cooldown_hours=36)
    worker = agency.worker()
    for item in agency.operator.get(f"{MODEL}/content").ok()["items"]:
        if item["category"] in ("pfp", "any"):
            agency.operator.send("PATCH", f"{MODEL}/content/{item['content_id']}", {"enabled": False}).ok()
    agency.operator.post(f"{MODEL}/content", media("only", "pfp")).ok(201)
    worker.start("a1").ok()
    worker.do("pfp", "a1")
    for hours, account_id, phase in ((35, "a2", "pfp"), (47, "a3", "portrait")):
        agency.time.to(agency.operator.get(f"{MODEL}/content/only").ok()["last_assigned_at"])
        agency.time.advance(hours * 3600)
        worker.start(account_id).ok()
        refused = worker.content(phase, account_id).refused(409, "content_unavailable")
        assert refused["reasons"]["cooling_down"] == 1
        agency.time.advance(3600)
        worker.do(phase, account_id)


def test_a_new_items_approval_asks_for_another_where_model_or_plan_demands_it(agency: Agency) -> None:
    operator = agency.operator
    operator.account()
    second = Operator(
        agency.client, operator.post("/api/operator/users", {"user_id": "o2", "role": "approver"}).ok(201)["key"]
    )
    demand(agency, four_eyes=True)
    assert operator.post(f"{MODEL}/content", media("new", "pfp")).ok(201)["status"] == "pending"
    operator.send("PATCH", f"{MODEL}/content/new", {"status": "approved"}).refused(409, "four_eyes")
    approved = second.send("PATCH", f"{MODEL}/content/new", {"status": "approved"}).ok()
    assert (approved["status"], approved["approved_by"]) == ("approved", "o2")


def test_what_its_maker_approved_before_is_approved_once_more_by_another(agency: Agency) -> None:
    worker, operator = agency.warmed_to("pfp"), agency.operator
    second = Operator(
        agency.client, operator.post("/api/operator/users", {"user_id": "o2", "role": "approver"}).ok(201)["key"]
    )
    demand(agency, four_eyes=True)
    worker.content("pfp").refused(409, "content_unavailable")
    path = f"{MODEL}/content/m1-pfp"
    assert operator.send("PATCH", path, {"status": "approved"}).ok()["replayed"]  # its maker's does not count twice
    approved = second.send("PATCH", path, {"status": "approved"}).ok()
    assert (approved["approved_by"], approved["replayed"]) == ("o2", False)
    assert second.send("PATCH", path, {"status": "approved"}).ok()["replayed"]
    assert worker.content("pfp").ok()["content"]["content_id"] == "m1-pfp"
    operator.verified()


def test_a_preview_shows_what_the_model_demands(agency: Agency) -> None:
    slow(agency, publish=False)
    agency.operator.account()
    demand(agency, licence_required=True)
    found = agency.operator.post(f"{SLOW}/preview", {"model_id": "m1", "accounts": 2}).ok()
    assert found["accounts_unmet"] == 2
    demand(agency, licence_required=False)
    assert agency.operator.post(f"{SLOW}/preview", {"model_id": "m1", "accounts": 1}).ok()["accounts_unmet"] == 0

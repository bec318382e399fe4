"""Accounts are moved to another plan: in one transaction, once, with dates that are never earlier than promised."""

from datetime import timedelta
from typing import Any

import pytest

from tests import situations
from tests.agency import Agency
from tests.api.test_plan_accounts import ACCOUNTS, PLANS, SLOW, body, counts, plan_of, slow
from tests.situations import Situation

HOUR = timedelta(hours=1)


def migrate(agency: Agency, account_id: str = "a1", **more: Any) -> Any:
    """The request that moves an account to `slow`."""
    given = {"plan": "slow", "version": 1, "reason": "the owner asked for it", **more}
    return agency.operator.post(f"{ACCOUNTS}/{account_id}/migrate", given)


def shown(agency: Agency, name: str) -> dict[str, Any]:
    """Version 1 of a plan as an account shows it: by the digest that the plan itself tells."""
    return {"name": name, "version": 1, "digest": agency.operator.get(f"{PLANS}/{name}/versions/1").ok()["digest"]}


def test_an_account_goes_on_by_the_new_plan(agency: Agency) -> None:
    slow(agency)
    worker = agency.warmed_to("pfp")
    worker.do("pfp")
    promised = agency.operator.account_document()["phases"][1]["available_at"]
    agency.time.advance(HOUR)
    before = agency.wire.image()
    looked = migrate(agency, dry_run=True, mapping={"pfp": "portrait"}).ok()
    assert agency.wire.image() == before
    assert looked["migration"] == {
        "before": "standard/1",
        "plan": "slow/1",
        "stays": ["pfp"],
        "counts_for": {"pfp": "portrait"},
        "left_out": ["post", "highlight", "story"],
        "added": ["first_post", "second_post"],
        "current_phase": "bio",
        "available_at": agency.time.told(47 * HOUR),
    }
    assert (looked["dry_run"], looked["plan"]) == (True, shown(agency, "standard"))
    moved = migrate(agency, mapping={"pfp": "portrait"}).ok()
    assert moved["migration"] == looked["migration"]
    assert (moved["plan"], moved["current_phase"], moved["replayed"]) == (shown(agency, "slow"), "bio", False)
    assert [(one["phase"], one["status"]) for one in moved["phases"]] == [
        ("pfp", "completed"),
        ("portrait", "completed"),
        ("bio", "pending"),
        ("first_post", "pending"),
        ("second_post", "pending"),
    ]
    assert moved["phases"][2]["available_at"] == agency.time.told(47 * HOUR) > promised
    assert (counts(agency, "slow"), counts(agency, "standard")) == ([1], [0])
    image = agency.wire.image()
    again = migrate(agency, mapping={"pfp": "portrait"}).ok()
    assert again == {**moved, "replayed": True}
    assert agency.wire.image() == image
    for name in ("bio", "first_post", "second_post"):
        due = agency.operator.account_document()["due_at"]
        agency.time.to(due)
        worker.do(name)
    worker.complete_warmup().ok()
    assert agency.operator.account_document()["state"] == "active"
    agency.operator.verified()
    used = agency.operator.get("/api/operator/assignments?account_id=a1").ok()["items"]
    assert {one["phase"]: one["outcome"] for one in used} == {
        "pfp": "completed",
        "bio": "completed",
        "first_post": "completed",
        "second_post": "completed",
    }


def test_a_migration_is_refused_while_somebody_works_on_the_account(agency: Agency) -> None:
    slow(agency)
    worker = agency.warmed_to("bio")
    token = worker.take("bio")
    before = agency.wire.image()
    assert migrate(agency).refused(409, "account_leased")["lease"]["bot_id"] == "b1"
    assert migrate(agency, dry_run=True).refused(409, "account_leased")
    assert agency.wire.image() == before
    worker.complete("bio", token).ok()
    migrate(agency).ok()
    agency.operator.verified()


def test_what_cannot_be_moved_is_refused(agency: Agency) -> None:
    slow(agency, publish=False)
    agency.warmed_to("bio")
    migrate(agency).refused(409, "plan_not_published")
    agency.operator.post(f"{SLOW}/publish").ok()
    migrate(agency, version=7).refused(409, "plan_not_published")
    migrate(agency, plan="never").refused(404, "plan_not_found")
    migrate(agency, "never").refused(404, "account_not_found")
    refused = migrate(agency, mapping={"bio": "never", "x": "bio"}).refused(422, "invalid_input")
    assert {one["pointer"] for one in refused["errors"]} == {"/mapping/bio", "/mapping/x"}
    agency.operator.post(f"{ACCOUNTS}/a1/retire", {"reason": "left"}).ok()
    migrate(agency).refused(409, "account_not_ready")


def test_there_and_back_the_minimum_holds_and_nothing_is_given_twice(agency: Agency) -> None:
    slow(agency)
    worker = agency.warmed_to("pfp")
    worker.do("pfp")
    first = agency.operator.account_document()["due_at"]
    for plan in ("slow", "standard", "slow", "standard"):
        due = migrate(agency, plan=plan, mapping={}).ok()
        assert due["phases"][-1]["status"] == "pending"
        assert agency.operator.account_document()["due_at"] >= first
    worker.content("bio").refused(409, "phase_not_available")
    agency.time.to(agency.operator.account_document()["due_at"])
    worker.do("bio")
    assert agency.operator.content("m1-pfp")["usage_count"] == 1
    assert counts(agency, "slow") == [0]
    agency.operator.verified()


def test_an_account_that_has_not_begun_begins_by_the_new_plan(agency: Agency) -> None:
    slow(agency)
    agency.operator.post(ACCOUNTS, body()).ok(201)
    migrate(agency).ok()
    agency.operator.ready("a1").ok()
    worker = agency.worker()
    assert worker.claim(deliver=True).ok()["items"][0]["phase"] == "portrait"
    assert plan_of(agency) == ("slow", 1)
    agency.operator.verified()


def test_many_accounts_are_moved_in_steps_and_a_dry_run_says_what_becomes_of_each(agency: Agency) -> None:
    slow(agency)
    worker = agency.worker()
    for account_id, phases in (("a1", ()), ("a2", ("pfp",)), ("a3", ("pfp", "bio"))):
        agency.operator.account(account_id)
        worker.start(account_id).ok()
        for name in phases:
            following = worker.do(name, account_id)["next"]
            agency.time.to(following["available_at"])
    agency.time.advance(HOUR)
    given = {"action": "migrate", "plan": "slow/1", "reason": "fewer posts", "filter": {}}
    looked = agency.operator.post(f"{ACCOUNTS}/bulk", {**given, "dry_run": True}).ok()["results"]
    told = {one["account_id"]: one["detail"] for one in looked}
    assert "from standard/1 to slow/1" in told["a2"]
    assert "goes on with bio" in told["a2"]
    done = agency.operator.post(f"{ACCOUNTS}/bulk", given).ok()
    assert done["counts"] == {"done": 3}
    again = agency.operator.post(f"{ACCOUNTS}/bulk", given).ok()
    assert again["counts"] == {"unchanged": 3}
    assert counts(agency, "slow") == [3]
    for account_id in ("a1", "a2", "a3"):
        agency.operator.verified(account_id)
    agency.operator.post(f"{ACCOUNTS}/bulk", {"action": "migrate", "reason": "x", "filter": {}}).refused(
        422, "invalid_input"
    )


@pytest.mark.parametrize("situation", situations.SITUATIONS, ids=lambda one: one.__name__)
def test_in_every_situation_it_is_moved_or_refused_and_the_replay_is_the_state(
    agency: Agency, situation: Situation
) -> None:
    slow(agency)
    situation(agency)
    before = agency.operator.account_document()
    answer = migrate(agency, mapping={})
    if answer.status == 409:
        assert answer.code in ("account_leased", "account_not_ready")
        assert agency.operator.account_document()["plan"] == before["plan"]
        return
    moved = answer.ok()
    assert moved["plan"] == shown(agency, "slow")
    assert migrate(agency, mapping={}).ok() == {**moved, "replayed": True}
    agency.operator.verified()
    completed = {one["phase"] for one in before["phases"] if one["status"] == "completed"}
    assert completed <= {one["phase"] for one in moved["phases"] if one["status"] == "completed"}
    back = migrate(agency, plan="standard", mapping={}).ok()
    assert back["plan"] == shown(agency, "standard")
    assert counts(agency, "slow") == [0]
    agency.operator.verified()
    assert agency.operator.get(f"{PLANS}/standard").ok()["versions"][0]["accounts"] == 1

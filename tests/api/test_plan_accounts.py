"""Accounts follow the plan that they were given: their own, their model's, the deployment's; whatever happens to it."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from chalicelib.edge.serve import installed
from chalicelib.tables.base import Store
from chalicelib.tables.plans import mismatched
from tests.agency import CONSENT, INTERVALS, PHASES, Agency, media
from tests.plan_documents import documents

ACCOUNTS = "/api/operator/accounts"
PLANS = "/api/operator/plans"
SLOW = f"{PLANS}/slow/versions/1"


def phase(name: str, category: str, hours: int, **needs: Any) -> dict[str, Any]:
    """A phase of a plan."""
    return {"phase": name, "category": category, "interval_hours": hours, **needs}


SLOW_PHASES = [
    phase("portrait", "pfp", 0, content={"need": "required"}),
    phase("bio", "bio", 48, text={"need": "required", "max_length": 150}),
    phase("first_post", "post", 48, content={"need": "required"}, text={"need": "required"}),
    phase("second_post", "highlight", 48, content={"need": "required"}),
]


def slow(agency: Agency, *, publish: bool = True, **limits: Any) -> None:
    """The plan `slow`: 48 hours before each phase, with names of its own, and no story."""
    agency.operator.post(PLANS, {"name": "slow", "title": "Slow"}).ok(201)
    agency.operator.send("PATCH", SLOW, {"phases": SLOW_PHASES, "limits": limits}).ok()
    if publish:
        agency.operator.post(f"{SLOW}/publish").ok()


def body(account_id: str = "a1", **more: Any) -> dict[str, Any]:
    """The body of an account."""
    return {"account_id": account_id, "model_id": "m1", "username": f"u_{account_id}", "consent": CONSENT, **more}


def plan_of(agency: Agency, account_id: str = "a1") -> tuple[str, int]:
    """The plan that an account has, by name and version."""
    found = agency.operator.account_document(account_id)["plan"]
    version = agency.operator.get(f"{PLANS}/{found['name']}/versions/{found['version']}").ok()
    assert found["digest"] == version["digest"]
    return found["name"], found["version"]


def counts(agency: Agency, name: str) -> list[int | None]:
    """How many accounts have each version of a plan."""
    return [one["accounts"] for one in agency.operator.get(f"{PLANS}/{name}").ok()["versions"]]


# which plan an account gets


def test_an_account_gets_its_own_plan_its_models_or_the_deployments(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(agency)
    agency.operator.post(PLANS, {"name": "other", "title": "Other"}).ok(201)
    agency.operator.post(f"{PLANS}/other/versions/1/publish").ok()
    agency.operator.post(ACCOUNTS, body("a1")).ok(201)
    agency.operator.send("PATCH", "/api/operator/models/m1", {"plan": "other"}).ok()
    agency.operator.post(ACCOUNTS, body("a2")).ok(201)
    agency.operator.post(ACCOUNTS, body("a3", plan="slow")).ok(201)
    agency.operator.post(ACCOUNTS, body("a4", plan="standard/1")).ok(201)
    assert agency.operator.send("PATCH", "/api/operator/models/m1", {"plan": None}).ok()["plan"] is None
    monkeypatch.setattr(installed, "settings", replace(installed.settings, default_plan="slow"))
    agency.operator.post(ACCOUNTS, body("a5")).ok(201)
    found = [plan_of(agency, f"a{number}") for number in range(1, 6)]
    assert found == [("standard", 1), ("other", 1), ("slow", 1), ("standard", 1), ("slow", 1)]
    assert (counts(agency, "slow"), counts(agency, "other"), counts(agency, "standard")) == ([2], [1], [2])


def test_a_name_means_the_newest_published_version_when_the_account_comes(agency: Agency) -> None:
    slow(agency)
    agency.operator.post(ACCOUNTS, body("a1", plan="slow")).ok(201)
    agency.operator.post(PLANS, {"name": "slow", "title": "Slower"}).ok(201)
    agency.operator.post(ACCOUNTS, body("a2", plan="slow")).ok(201)
    agency.operator.post(f"{PLANS}/slow/versions/2/publish").ok()
    agency.operator.post(ACCOUNTS, body("a3", plan="slow")).ok(201)
    agency.operator.post(ACCOUNTS, body("a4", plan="slow/1")).ok(201)
    assert [plan_of(agency, f"a{number}")[1] for number in range(1, 5)] == [1, 1, 2, 1]
    assert counts(agency, "slow") == [3, 1]


def test_a_plan_that_nobody_can_start_on_is_refused(agency: Agency) -> None:
    slow(agency, publish=False)
    before = agency.wire.image()
    for named in ("slow", "slow/1", "slow/7", "standard/7"):
        agency.operator.post(ACCOUNTS, body(plan=named)).refused(409, "plan_not_published")
        agency.operator.send("PATCH", "/api/operator/models/m1", {"plan": named}).refused(409, "plan_not_published")
    agency.operator.post(ACCOUNTS, body(plan="never")).refused(404, "plan_not_found")
    agency.operator.post("/api/operator/models", {"model_id": "m2", "plan": "never"}).refused(404, "plan_not_found")
    agency.operator.post(ACCOUNTS, body(plan="a b")).refused(422, "invalid_input")
    assert agency.wire.image() == before


def test_a_retired_version_gets_no_new_account_and_keeps_those_that_it_has(agency: Agency) -> None:
    slow(agency)
    agency.operator.send("PATCH", "/api/operator/models/m1", {"plan": "slow"}).ok()
    agency.operator.post(ACCOUNTS, body("a1")).ok(201)
    agency.operator.post(f"{SLOW}/retire").ok()
    agency.operator.post(ACCOUNTS, body("a2")).refused(409, "plan_not_published")
    agency.operator.ready("a1").ok()
    worker = agency.worker()
    worker.start().ok()
    assert worker.do("portrait")["next"]["phase"] == "bio"


def test_the_same_account_sent_again_keeps_its_plan(agency: Agency) -> None:
    slow(agency)
    made = agency.operator.post(ACCOUNTS, body(plan="slow")).ok(201)
    for more in ({"plan": "slow"}, {"plan": "slow/1"}, {}):
        assert agency.operator.post(ACCOUNTS, body(**more)).ok() == {**made, "replayed": True}
    refused = agency.operator.post(ACCOUNTS, body(plan="standard")).refused(409, "already_exists")
    assert "plan" in refused["detail"]


def test_rows_of_an_import_name_their_plans(agency: Agency) -> None:
    slow(agency)
    head = "account_id,model_id,username,plan,granted_by,granted_at,reference\n"
    rows = [f"a{number},m1,u{number},{plan},Ada,2026-01-01,c" for number, plan in enumerate(("slow", "", "never"), 1)]
    for dry_run in ("true", "false", "false"):
        answer = agency.operator.send(
            "POST",
            f"{ACCOUNTS}/import?dry_run={dry_run}",
            raw=(head + "\n".join(rows)).encode(),
            content_type="text/csv",
        ).ok()
        assert [one["outcome"] for one in answer["rows"]][2] == "refused"
        assert answer["rows"][2]["error"]["code"] == "plan_not_found"
    assert [plan_of(agency, name) for name in ("a1", "a2")] == [("slow", 1), ("standard", 1)]
    assert counts(agency, "slow") == [1]


# what accounts do by it


def test_an_account_passes_the_phases_of_its_plan_at_its_intervals(agency: Agency) -> None:
    slow(agency)
    agency.operator.post(ACCOUNTS, body(plan="slow")).ok(201)
    agency.operator.ready("a1").ok()
    worker = agency.worker()
    started = worker.start().ok()
    assert [one["phase"] for one in started["phases"]] == ["portrait", "bio", "first_post", "second_post"]
    for name, following in (("portrait", "bio"), ("bio", "first_post"), ("first_post", "second_post")):
        done = worker.do(name)["next"]
        assert (done["phase"], done["available_at"]) == (following, agency.time.told(timedelta(hours=48)))
        agency.time.advance(timedelta(hours=48) - timedelta(milliseconds=1))
        worker.content(following).refused(409, "phase_not_available")
        agency.time.advance(timedelta(milliseconds=1))
    assert worker.do("second_post")["next"]["action"] == "complete_warmup"
    worker.complete_warmup().ok()
    worker.content("story").refused(404, "phase_not_found")
    document = agency.operator.account_document()
    assert (document["state"], document["progress"]) == ("active", {"completed": 4, "total": 4})
    used = agency.operator.get("/api/operator/assignments?account_id=a1").ok()["items"]
    assert {one["phase"]: one["content_id"] for one in used if one["content_id"]} == {
        "portrait": "m1-pfp",
        "first_post": "m1-post",
        "second_post": "m1-highlight",
    }
    agency.operator.verified()


def test_an_account_of_the_standard_plan_has_the_same_dates_and_the_same_row_as_ever(agency: Agency) -> None:
    agency.operator.post(ACCOUNTS, body(plan="standard")).ok(201)
    agency.operator.ready("a1").ok()
    row = agency.wire.image()["test-accounts"]
    assert "plan_digest" not in json.dumps(str(row))
    worker = agency.worker()
    worker.start().ok()
    for name, following in pairwise(PHASES):
        assert worker.do(name)["next"]["available_at"] == agency.time.told(INTERVALS[following])
        agency.time.advance(INTERVALS[following])


def test_limits_are_those_of_the_plan(agency: Agency) -> None:
    slow(agency, max_retries=0)
    agency.operator.post(ACCOUNTS, body(plan="slow")).ok(201)
    agency.operator.ready("a1").ok()
    worker = agency.worker()
    worker.start().ok()
    assert worker.report("portrait", worker.take("portrait")).ok()["outcome"] == "review"


def test_four_eyes_hold_where_the_models_plan_demands_them(agency: Agency) -> None:
    slow(agency, four_eyes=True)
    path = "/api/operator/models/m1/content"
    assert agency.operator.post(path, media("before", "pfp")).ok(201)["status"] == "approved"
    agency.operator.send("PATCH", "/api/operator/models/m1", {"plan": "slow"}).ok()
    assert agency.operator.post(path, media("new", "pfp")).ok(201)["status"] == "pending"
    agency.operator.send("PATCH", f"{path}/new", {"status": "approved"}).refused(409, "four_eyes")
    agency.operator.post(ACCOUNTS, body()).ok(201)
    agency.operator.ready("a1").ok()
    worker = agency.worker()
    worker.start().ok()
    assert worker.content("portrait").refused(409, "content_unavailable")["reasons"]["needs_four_eyes"] == 3


# what happens to a plan


def test_publishing_and_editing_change_no_account(agency: Agency) -> None:
    slow(agency)
    agency.operator.post(ACCOUNTS, body(plan="slow")).ok(201)
    before = agency.wire.image()["test-accounts"]
    agency.operator.post(PLANS, {"name": "slow", "title": "Slower"}).ok(201)
    agency.operator.send("PATCH", f"{PLANS}/slow/versions/2", {"phases": SLOW_PHASES[:1]}).ok()
    agency.operator.post(f"{PLANS}/slow/versions/2/publish").ok()
    agency.operator.post(f"{SLOW}/retire").ok()
    assert agency.wire.image()["test-accounts"] == before


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents())
def test_whatever_is_published_no_account_changes(agency: Agency, document: dict[str, Any]) -> None:
    if not agency.wire.store.tables["test-plans"].rows:
        slow(agency)
        for account_id, plan in (("a1", "slow"), ("a2", "standard"), ("a3", "slow/1")):
            agency.operator.post(ACCOUNTS, body(account_id, plan=plan)).ok(201)
        for account_id in ("a2", "a3"):
            agency.operator.ready(account_id).ok()
        worker = agency.worker()
        worker.start("a3").ok()
        worker.do("portrait", "a3")
        worker.start("a2").ok()
    before, blocked = agency.wire.image(), agency.operator.account_document("a3")
    made = agency.operator.post(PLANS, {"name": "slow", "title": "Slower"}).ok(201)
    path = f"{PLANS}/slow/versions/{made['version']}"
    agency.operator.send("PATCH", path, document).ok()
    agency.operator.post(f"{path}/publish").ok()
    after = agency.wire.image()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"test-plans", "test-audit_events"}
    assert agency.operator.account_document("a3") == blocked


def test_a_warm_function_reads_a_plan_once(agency: Agency) -> None:
    slow(agency)
    for account_id, plan in (("a1", "standard"), ("a2", "slow")):
        agency.operator.post(ACCOUNTS, body(account_id, plan=plan)).ok(201)
        agency.operator.ready(account_id).ok()
    worker = agency.worker()
    worker.status("a2").ok()

    def calls(account_id: str) -> list[str]:
        agency.wire.forget()
        worker.status(account_id).ok()
        worker.start(account_id).ok()
        return agency.wire.operations()

    assert calls("a2") == calls("a1")


@pytest.mark.parametrize("change", ["other", "gone"])
def test_a_plan_that_is_not_what_the_account_was_given_is_not_followed(
    agency: Agency, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    slow(agency)
    agency.operator.post(ACCOUNTS, body(plan="slow")).ok(201)
    agency.operator.ready("a1").ok()
    rows = agency.wire.store.tables["test-plans"].rows
    key = next(key for key, row in rows.items() if row["plan_version"] == {"N": "1"})
    row = rows.pop(key)
    if change == "other":
        document = row["document"]["S"].replace('"interval_hours": 48', '"interval_hours": 24')
        assert document != row["document"]["S"]
        agency.wire.plant("test-plans", {**row, "document": {"S": document}})
    Store.cached.clear()
    worker, before = agency.worker(), agency.wire.image()
    worker.start().refused(500, "internal_error")
    assert "The document of slow/1 has the digest" in caplog.text
    assert agency.wire.image()["test-accounts"] == before["test-accounts"]
    # the alarm looks at what the watch counts, which looks at the other models all the same
    agency.operator.model("m2")
    watched = agency.timer("watch_pools")
    assert (watched["plans_mismatched"], watched["failed"]) == (1, 1)
    assert mismatched() == ["slow/1"]


def test_accounts_are_listed_by_their_plan(agency: Agency) -> None:
    slow(agency)
    for account_id, plan in (("a1", "standard"), ("a2", "slow"), ("a3", "slow/1")):
        agency.operator.post(ACCOUNTS, body(account_id, plan=plan)).ok(201)

    def listed(plan: str) -> set[str]:
        return {one["account_id"] for one in agency.operator.get(f"{ACCOUNTS}?plan={plan}").ok()["items"]}

    assert (listed("slow"), listed("slow/1"), listed("slow/2")) == ({"a2", "a3"}, {"a2", "a3"}, set())
    assert listed("standard/1") == {"a1"}
    agency.operator.get(f"{ACCOUNTS}?plan=a/b").refused(400, "malformed_request")
    given = {"action": "ready", "reason": "x", "filter": {"plan": "slow"}, "dry_run": True}
    assert agency.operator.post(f"{ACCOUNTS}/bulk", given).ok()["matched"] == 2


def test_the_first_interval_counts_from_the_account_being_declared_ready(agency: Agency) -> None:
    agency.operator.post(PLANS, {"name": "slow", "title": "Slow"}).ok(201)
    late = [{**SLOW_PHASES[0], "interval_hours": 36}, *SLOW_PHASES[1:]]
    agency.operator.send("PATCH", SLOW, {"phases": late}).ok()
    found = agency.operator.post(f"{SLOW}/preview", {"model_id": "m1", "accounts": 1}).ok()
    assert found["first_account"][0]["at"] == agency.time.told(timedelta(hours=36))
    agency.operator.post(f"{SLOW}/publish").ok()
    agency.operator.post(ACCOUNTS, body(plan="slow")).ok(201)
    agency.operator.ready("a1").ok()
    worker = agency.worker()
    at = agency.time.told(timedelta(hours=36))
    assert agency.operator.account_document()["due_at"] == at
    assert worker.start().refused(409, "phase_not_available")["available_at"] == at
    assert worker.claim().ok()["items"] == []
    agency.time.advance(timedelta(hours=36))
    assert worker.offered() == ["a1"]
    assert worker.claim(deliver=True).ok()["items"][0]["phase"] == "portrait"
    agency.operator.verified()

"""Plans: drafts are made, edited, published and retired; what is wrong with one is said by pointer."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.plan_documents import STANDARD_DOCUMENT
from chalicelib.domain.plan_versions import STANDARD_DIGEST
from tests.agency import CONSENT, Agency

PLANS = "/api/operator/plans"
SLOW = f"{PLANS}/slow/versions/1"


def draft(agency: Agency, name: str = "slow", **more: Any) -> Any:
    """A draft of that name."""
    return agency.operator.post(PLANS, {"name": name, "title": "Slow", **more}).ok(201)


def phases(agency: Agency, **intervals: int) -> list[dict[str, Any]]:
    """The standard plan's phases as they are answered, some with other intervals."""
    found = agency.operator.get(f"{PLANS}/standard/versions/1").ok()["phases"]
    return [{**one, "interval_hours": intervals.get(one["phase"], one["interval_hours"])} for one in found]


def tags(agency: Agency) -> list[str]:
    """The audit tags of what happened to the plan, oldest first."""
    rows = agency.wire.store.tables["test-audit_events"].rows.values()
    mine = [one for one in rows if one["subject"]["S"] == "plan:slow"]
    return [one["action"]["S"] for one in sorted(mine, key=lambda one: int(one["sequence"]["N"]))]


def test_standard_comes_with_the_service(agency: Agency) -> None:
    before = agency.wire.image()
    found = agency.operator.get(f"{PLANS}/standard/versions/1")
    plan = found.ok()
    assert (plan["state"], plan["digest"], plan["revision"]) == ("published", STANDARD_DIGEST, 0)
    assert {"phases": plan["phases"], "limits": plan["limits"]} == STANDARD_DOCUMENT
    assert (plan["created_at"], plan["published_by"], plan["copied_from"]) == (None, None, None)
    listed = agency.operator.get(PLANS).ok()
    assert [one["name"] for one in listed["items"]] == ["standard"]
    assert agency.operator.get(f"{PLANS}/standard").ok() == listed["items"][0]
    assert (listed["items"][0]["newest_published"], listed["next_cursor"]) == (1, None)
    assert agency.wire.image() == before


def test_a_draft_is_a_copy_that_is_made_once(agency: Agency) -> None:
    made = draft(agency)
    assert (made["name"], made["version"], made["state"], made["replayed"]) == ("slow", 1, "draft", False)
    assert (made["copied_from"], made["digest"]) == ("standard/1", STANDARD_DIGEST)
    assert (made["created_at"], made["created_by"]) == (agency.time.told(), "root")
    before = agency.wire.image()
    for origin in ({}, {"from": "standard"}, {"from": "standard/1"}):
        again = agency.operator.post(PLANS, {"name": "slow", "title": "Slow", **origin})
        assert again.ok() == {**made, "replayed": True}
    agency.operator.post(PLANS, {"name": "slow", "title": "Slower"}).refused(409, "already_exists")
    assert agency.wire.image() == before
    assert tags(agency) == ["plan:create"]


def test_the_next_draft_copies_the_newest_version(agency: Agency) -> None:
    draft(agency)
    agency.operator.send("PATCH", SLOW, {"phases": phases(agency, bio=48)}).ok()
    agency.operator.post(f"{SLOW}/publish").ok()
    second = agency.operator.post(PLANS, {"name": "slow", "title": "Slower"}).ok(201)
    assert (second["version"], second["copied_from"]) == (2, "slow/1")
    assert second["phases"] == phases(agency, bio=48)
    plan = agency.operator.get(f"{PLANS}/slow").ok()
    assert [(one["version"], one["state"], one["title"]) for one in plan["versions"]] == [
        (1, "published", "Slow"),
        (2, "draft", "Slower"),
    ]
    assert plan["newest_published"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "slow", "title": "Slow", "from": "never"}, 404, "plan_not_found"),
        ({"name": "slow", "title": "Slow", "from": "standard/2"}, 404, "version_not_found"),
        ({"name": "slow", "title": "Slow", "from": "a b"}, 422, "invalid_input"),
        ({"name": "a/b", "title": "Slow"}, 422, "invalid_input"),
        ({"name": "slow"}, 422, "invalid_input"),
        ({"name": "slow", "title": ""}, 422, "invalid_input"),
        ({"name": "slow", "title": "Slow", "copied": "standard"}, 422, "invalid_input"),
    ],
)
def test_a_draft_of_nothing_is_refused(agency: Agency, body: dict[str, Any], status: int, code: str) -> None:
    agency.operator.post(PLANS, body).refused(status, code)


def test_what_is_not_there_is_not_found(agency: Agency) -> None:
    draft(agency)
    agency.operator.get(f"{PLANS}/never").refused(404, "plan_not_found")
    agency.operator.get(f"{PLANS}/never/versions/1").refused(404, "plan_not_found")
    for number in ("0", "2", "01", "x", "1234567", "1.0"):
        agency.operator.get(f"{PLANS}/slow/versions/{number}").refused(404, "version_not_found")


# edits


def test_a_draft_is_edited_under_its_tag(agency: Agency) -> None:
    draft(agency)
    tag = {"If-Match": agency.operator.get(SLOW).headers["ETag"]}
    body = {"title": "48 hours", "phases": phases(agency, bio=48), "limits": {"four_eyes": True}}
    edited = agency.operator.send("PATCH", SLOW, body, headers=tag)
    assert edited.headers["ETag"] == '"2"'
    plan = edited.ok()
    assert (plan["title"], plan["phases"][1]["interval_hours"], plan["limits"]["four_eyes"]) == ("48 hours", 48, True)
    assert (plan["revision"], plan["replayed"], plan["limits"]["max_retries"]) == (2, False, 3)
    assert plan["digest"] != STANDARD_DIGEST
    again = agency.operator.send("PATCH", SLOW, body, headers=tag).ok()
    assert again == {**plan, "replayed": True}
    stale = agency.operator.send("PATCH", SLOW, {"title": "Other"}, headers=tag).refused(412, "version_conflict")
    assert (stale["version"], stale["current"]["title"]) == (2, "48 hours")
    assert agency.operator.get(f"{PLANS}/slow").ok()["title"] == "48 hours"
    assert tags(agency) == ["plan:create", "plan:change"]


def test_the_audit_says_in_words_what_was_edited(agency: Agency) -> None:
    draft(agency)
    agency.operator.send("PATCH", SLOW, {"phases": phases(agency, bio=48)[:4], "reason": "fewer posts"}).ok()
    day = agency.time.told()[:10]
    events = agency.operator.get(f"/api/operator/audit?day={day}").ok()["items"]
    (event,) = [one for one in events if one["action"] == "plan:change"]
    assert event["subject"] == "plan:slow"
    assert event["summary"] == ("operator root changed version 1 of plan slow: `bio`: 24 h → 48 h; `story` left out")
    assert event["details"]["reason"] == "fewer posts"


def phase(**members: Any) -> dict[str, Any]:
    """A phase as it is sent."""
    return {"phase": "post", "category": "post", "interval_hours": 24, **members}


def test_each_fault_of_a_plan_is_named_at_once(agency: Agency) -> None:
    draft(agency)
    before = agency.wire.image()
    body = {
        "phases": [
            phase(interval_hours=0),
            phase(category="reel"),
            phase(phase="third", interval_hours=12, text={"need": "required", "max_length": 0}),
            phase(phase="Fourth", x=1),
        ],
        "limits": {"retry_base_minutes": 120, "retry_cap_hours": 1},
    }
    found = agency.operator.send("PATCH", SLOW, body).refused(422, "invalid_input")["errors"]
    told = {one["pointer"]: one["detail"] for one in found}
    assert told.keys() == {
        "/phases/1/phase",
        "/phases/1/category",
        "/phases/2/interval_hours",
        "/phases/2/text/max_length",
        "/phases/3/phase",
        "/phases/3/x",
        "/limits/retry_base_minutes",
    }
    assert told["/phases/2/interval_hours"] == "12 is less than 24, the least that this service allows"
    assert told["/phases/3/x"].startswith("unknown member `x`; known: phase, category")
    assert agency.wire.image() == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"phases": []}, "/phases"),
        ({"phases": [phase(phase=f"p{number}") for number in range(13)]}, "/phases"),
        ({"phases": [phase(interval_hours=2161)]}, "/phases/0/interval_hours"),
        ({"phases": [phase(interval_hours=-1)]}, "/phases/0/interval_hours"),
        ({"phases": [phase(), phase(phase="b", interval_hours=23)]}, "/phases/1/interval_hours"),
        ({"phases": [phase(interval_hours=24.5)]}, "/phases/0/interval_hours"),
        ({"phases": [phase(interval_hours="24")]}, "/phases/0/interval_hours"),
        ({"phases": [phase(phase="run_phase")]}, "/phases/0/phase"),
        ({"phases": [phase(phase="p" * 33)]}, "/phases/0/phase"),
        ({"phases": [phase(content={"need": "maybe"})]}, "/phases/0/content/need"),
        ({"phases": [phase(content={"media_types": ["image/gif"]})]}, "/phases/0/content/media_types/0"),
        ({"phases": [phase(content={"media_types": []})]}, "/phases/0/content/media_types"),
        ({"phases": [phase(text={"max_length": 2201})]}, "/phases/0/text/max_length"),
        ({"limits": {"minimum_quality": 101}}, "/limits/minimum_quality"),
        ({"limits": {"max_crashes": 0}}, "/limits/max_crashes"),
        ({"limits": {"retry_cap_hours": None}}, "/limits/retry_cap_hours"),
        ({"limits": {"x": 1}}, "/limits/x"),
        ({"x": 1}, "/x"),
    ],
)
def test_what_no_plan_may_say_is_refused(agency: Agency, body: dict[str, Any], pointer: str) -> None:
    draft(agency)
    errors = agency.operator.send("PATCH", SLOW, body).refused(422, "invalid_input")["errors"]
    assert pointer in [one["pointer"] for one in errors]


def test_a_limit_that_contradicts_another_that_stays_is_refused(agency: Agency) -> None:
    draft(agency)
    agency.operator.send("PATCH", SLOW, {"limits": {"retry_cap_hours": 1}}).ok()
    found = agency.operator.send("PATCH", SLOW, {"limits": {"retry_base_minutes": 90}}).refused(422, "invalid_input")
    assert found["errors"][0]["pointer"] == "/limits/retry_base_minutes"


# publishing and retiring


def test_a_published_version_never_changes(agency: Agency) -> None:
    made = draft(agency)
    published = agency.operator.post(f"{SLOW}/publish", {"reason": "agreed"}).ok()
    assert (published["state"], published["digest"]) == ("published", made["digest"])
    assert (published["published_at"], published["published_by"]) == (agency.time.told(), "root")
    before = agency.wire.image()
    assert agency.operator.post(f"{SLOW}/publish").ok() == {**published, "replayed": True}
    for body in ({"title": "Other"}, {"limits": {"max_retries": 9}}, {"phases": phases(agency, bio=72)}):
        agency.operator.send("PATCH", SLOW, body).refused(409, "invalid_transition")
    assert agency.wire.image() == before


def test_a_retired_version_stays_retired(agency: Agency) -> None:
    draft(agency)
    agency.operator.post(f"{SLOW}/publish").ok()
    retired = agency.operator.post(f"{SLOW}/retire", {"reason": "too slow"}).ok()
    assert (retired["state"], retired["retired_by"], retired["retired_at"]) == ("retired", "root", agency.time.told())
    assert agency.operator.post(f"{SLOW}/retire").ok()["replayed"] is True
    agency.operator.post(f"{SLOW}/publish").refused(409, "invalid_transition")
    assert agency.operator.get(f"{PLANS}/slow").ok()["newest_published"] is None
    assert tags(agency) == ["plan:create", "plan:publish", "plan:retire"]


def test_a_draft_that_is_retired_makes_room_for_another(agency: Agency) -> None:
    draft(agency)
    agency.operator.post(f"{SLOW}/retire").ok()
    assert draft(agency)["version"] == 2


def test_the_standard_plan_stays_and_can_have_another_version(agency: Agency) -> None:
    for verb in ("publish", "retire"):
        answer = agency.operator.post(f"{PLANS}/standard/versions/1/{verb}")
        assert (answer.status, answer.code) in ((200, None), (409, "invalid_transition"))
    agency.operator.send("PATCH", f"{PLANS}/standard/versions/1", {"title": "x"}).refused(409, "invalid_transition")
    assert draft(agency, "standard", title="Other")["version"] == 2
    assert [one["version"] for one in agency.operator.get(f"{PLANS}/standard").ok()["versions"]] == [1, 2]
    assert agency.operator.get(f"{PLANS}/standard/versions/1").ok()["state"] == "published"


# lists and differences


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_plans_are_listed_page_by_page(agency: Agency, limit: int) -> None:
    names = {"a", "b", "c", "d"}
    for name in names:
        draft(agency, name)
        agency.operator.post(f"{PLANS}/{name}/versions/1/publish").ok()
        draft(agency, name, title="Next")
    draft(agency, "standard", title="Next")
    found, cursor = [], ""
    while True:
        page = agency.operator.get(f"{PLANS}?limit={limit}{cursor}").ok()
        assert 1 <= len(page["items"]) <= limit
        found += [one["name"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found[0] == "standard"
    assert sorted(found) == sorted({"standard", *names})


def test_what_differs_is_answered_in_words_and_as_data(agency: Agency) -> None:
    draft(agency)
    agency.operator.send("PATCH", SLOW, {"phases": phases(agency, bio=48), "limits": {"max_retries": 5}}).ok()
    found = agency.operator.get(f"{SLOW}/diff").ok()
    assert (found["plan"], found["against"]) == ("slow/1", "standard/1")
    assert found["summary"] == "`bio`: 24 h → 48 h; retries: 3 → 5"
    assert found["differences"][0] == {
        "phase": "bio",
        "what": "interval_hours",
        "before": 24,
        "after": 48,
        "summary": "`bio`: 24 h → 48 h",
    }
    assert agency.operator.get(f"{SLOW}/diff?against=slow/1").ok()["differences"] == []
    assert agency.operator.get(f"{PLANS}/standard/versions/1/diff?against=slow/1").ok()["summary"].startswith("`bio`")
    agency.operator.get(f"{SLOW}/diff?against=never").refused(404, "plan_not_found")
    agency.operator.get(f"{SLOW}/diff?against=a/b").refused(400, "malformed_request")


# previews


def preview(agency: Agency, accounts: int, plan: str = "slow") -> Any:
    """The preview of version 1 of a plan on the model `m1`; nothing is changed by it."""
    before = agency.wire.image()
    body = {"model_id": "m1", "accounts": accounts}
    found = agency.operator.post(f"{PLANS}/{plan}/versions/1/preview", body).ok()
    assert agency.wire.image() == before
    return found


def test_a_preview_has_the_dates_and_the_uses_that_the_accounts_will_have(agency: Agency) -> None:
    draft(agency)
    kept = [one for one in phases(agency, bio=48, post=48, highlight=48) if one["phase"] != "story"]
    agency.operator.send("PATCH", SLOW, {"phases": kept, "limits": {"cooldown_hours": 0}}).ok()
    found = preview(agency, 3)
    hours = (0, 48, 96, 144)
    assert found["first_account"] == [
        {"phase": name, "at": agency.time.told(timedelta(hours=at))}
        for name, at in zip(("pfp", "bio", "post", "highlight"), hours, strict=True)
    ]
    assert found["first_active_at"] == found["last_active_at"] == agency.time.told(timedelta(hours=144))
    assert (found["accounts_unmet"], found["waits_count"], found["has_more"]) == (0, 0, False)
    assert found["active"] == [{"day": "2026-11-28", "accounts": 3}]
    needed = {(one["kind"], one["category"]): one["needed"] for one in found["shares"] if one["needed"]}
    assert needed == {
        ("content", "pfp"): 3,
        ("text", "bio"): 3,
        ("content", "post"): 3,
        ("text", "post"): 3,
        ("content", "highlight"): 3,
        ("text", "highlight"): 3,
    }
    agency.operator.post(f"{SLOW}/publish").ok()
    for number in range(3):
        body = {"account_id": f"a{number}", "model_id": "m1", "username": f"u{number}", "plan": "slow"}
        agency.operator.post("/api/operator/accounts", {**body, "consent": CONSENT}).ok(201)
        agency.operator.ready(f"a{number}").ok()
        worker = agency.worker()
        worker.start(f"a{number}").ok()
        begun = agency.time.now
        for name, at in zip(("pfp", "bio", "post", "highlight"), hours, strict=True):
            agency.time.now = begun + timedelta(hours=at)
            worker.do(name, f"a{number}")
        worker.complete_warmup(f"a{number}").ok()
        agency.time.now = begun


def test_a_preview_says_who_waits_for_what_and_who_never_finds_it(agency: Agency) -> None:
    found = preview(agency, 2, "standard")  # one item of each category, which rests for a day
    assert [(one["account"], one["phase"], one["kind"]) for one in found["waits"]][:1] == [(2, "bio", "text")]
    draft(agency)
    agency.operator.send(
        "PATCH",
        SLOW,
        {
            "phases": [
                {
                    "phase": "only",
                    "category": "bio",
                    "interval_hours": 0,
                    "content": {"need": "required"},
                    "fallback": False,
                }
            ]
        },
    ).ok()
    found = preview(agency, 2)
    assert (found["accounts_unmet"], found["first_active_at"], found["active"]) == (2, None, [])
    assert found["waits"][0] == {
        "account": 1,
        "phase": "only",
        "kind": "content",
        "category": "bio",
        "at": agency.time.told(),
        "until": None,
    }
    (share,) = found["shares"]
    assert (share["items"], share["eligible"], share["needed"], share["unmet"]) == (0, 0, 2, 2)


def test_a_preview_of_nothing_is_refused(agency: Agency) -> None:
    draft(agency)
    for body, status, code in (
        ({"model_id": "never", "accounts": 1}, 404, "model_not_found"),
        ({"model_id": "m1", "accounts": 0}, 422, "invalid_input"),
        ({"model_id": "m1", "accounts": 501}, 422, "invalid_input"),
        ({"accounts": 1}, 422, "invalid_input"),
    ):
        agency.operator.post(f"{SLOW}/preview", body).refused(status, code)

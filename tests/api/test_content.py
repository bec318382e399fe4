"""What a phase is given: from its category, else from `any`, else a refusal with reasons."""

from datetime import timedelta
from typing import Any

import pytest

from tests.agency import Agency


@pytest.fixture
def bare(agency: Agency) -> Agency:
    """An agency with a second model `m2` whose pools are empty, and its account `a1`."""
    agency.operator.model("m2")
    agency.operator.account("a1", model_id="m2")
    return agency


def given_of(agency: Agency, phase: str = "pfp") -> Any:
    """What the account is given for the phase."""
    worker = agency.worker()
    worker.start().ok()
    return worker.content(phase).ok()


def test_the_best_of_the_category_is_given_although_any_has_better(bare: Agency) -> None:
    bare.operator.media("poor", "pfp", model_id="m2", quality_score=1)
    bare.operator.media("good", "any", model_id="m2", quality_score=100)
    assert given_of(bare)["content"]["content_id"] == "poor"


def test_where_the_category_has_nothing_any_is_asked(bare: Agency) -> None:
    bare.operator.media("used", "pfp", model_id="m2", status="pending")
    bare.operator.media("good", "any", model_id="m2")
    given = given_of(bare)
    assert given["content"]["content_id"] == "good"
    assert "from `any`, since `pfp` had nothing eligible" in given["reason"]


@pytest.mark.parametrize(
    ("theme", "expected"),
    [("sea", "sea"), ("city", "city"), (None, "none")],
)
def test_the_accounts_theme_decides_among_equals(agency: Agency, theme: str | None, expected: str) -> None:
    agency.operator.model("m2")
    for content_id, item_theme in (("sea", "sea"), ("city", "city"), ("none", None)):
        more = {"theme": item_theme} if item_theme else {"quality_score": 80.0004}
        agency.operator.media(content_id, "pfp", model_id="m2", **more)
    agency.operator.account("a1", model_id="m2", theme=theme)
    assert given_of(agency)["content"]["content_id"] == expected


def test_among_equals_the_newer_item_wins(bare: Agency) -> None:
    for content_id in ("c1", "c3", "c2"):
        bare.operator.media(content_id, "pfp", model_id="m2")
    assert given_of(bare)["content"]["content_id"] == "c3"


def test_the_score_is_told_as_the_contract_computes_it(bare: Agency) -> None:
    bare.operator.media("c1", "pfp", model_id="m2", quality_score=87.5, max_usage=4)
    # 0.30·87.5 + 0.25·100 + 0.25·50 + 0.20·50
    assert given_of(bare)["score"] == 73.75


REASONS: list[tuple[dict[str, Any], str]] = [
    ({"status": "pending"}, "not_approved"),
    ({"status": "rejected"}, "not_approved"),
    ({"licence": {"licensed_by": "Ada", "valid_until": "2026-11-22T12:00:00Z"}}, "licence_expired"),
]


def test_a_type_that_the_phase_does_not_take_is_never_given(bare: Agency) -> None:
    """It is refused at creation today; items of releases before may have it."""
    for content_id, category in (("c1", "pfp"), ("c2", "any")):
        bare.operator.media(content_id, category, model_id="m2")
        rows = bare.wire.store.tables["test-content"]
        row = rows.rows[rows.key_of({"content_id": {"S": content_id}})]
        bare.wire.plant("test-content", {**row, "media_type": {"S": "video/mp4"}})
    worker = bare.worker()
    worker.start().ok()
    assert worker.content().refused(409, "content_unavailable")["reasons"] == {"wrong_media_type": 2}


@pytest.mark.parametrize(("member", "reason"), REASONS)
def test_what_may_not_be_used_is_never_given_and_the_reason_is_told(
    bare: Agency, member: dict[str, Any], reason: str
) -> None:
    bare.operator.media("c1", "pfp", model_id="m2", **member)
    bare.operator.media("c2", "any", model_id="m2", **member)
    bare.operator.media("c3", "post", model_id="m2")  # another category is not looked at
    worker = bare.worker()
    worker.start().ok()
    problem = worker.content().refused(409, "content_unavailable")
    assert problem["reasons"] == {reason: 2}
    assert f"2 {reason}" in problem["detail"]
    assert problem["retryable"] is True


def test_a_licence_that_still_holds_is_good_enough(bare: Agency) -> None:
    licence = {"licensed_by": "Ada", "valid_until": bare.time.told(timedelta(milliseconds=1))}
    bare.operator.media("c1", "pfp", model_id="m2", licence=licence)
    assert given_of(bare)["content"]["content_id"] == "c1"


def test_an_item_is_never_used_more_than_its_cap_nor_by_two_at_once(bare: Agency) -> None:
    bare.operator.media("c1", "pfp", model_id="m2", max_usage=2)
    for number in (2, 3):
        bare.operator.account(f"a{number}", model_id="m2")
    worker = bare.worker()
    for number in (1, 2, 3):
        worker.start(f"a{number}").ok()
    worker.content("pfp", "a1").ok()
    problem = worker.content("pfp", "a2").refused(409, "content_unavailable")
    assert problem["reasons"] == {"cooling_down": 1}
    bare.time.advance(timedelta(hours=24))
    worker.content("pfp", "a2").ok()
    bare.time.advance(timedelta(hours=24))
    problem = worker.content("pfp", "a3").refused(409, "content_unavailable")
    assert problem["reasons"] == {"used_up": 1}
    assert bare.operator.content("c1", "m2")["usage_count"] == 2


def test_an_item_is_never_used_twice_on_one_account(bare: Agency) -> None:
    bare.operator.media("c1", "any", model_id="m2")
    bare.operator.words("t1", "bio", model_id="m2")
    bare.operator.words("t2", "any", model_id="m2")
    worker = bare.worker()
    worker.start().ok()
    for phase in ("pfp", "bio"):
        bare.time.to(worker.do(phase)["next"]["available_at"])
    bare.time.advance(timedelta(days=9))
    problem = worker.content("post").refused(409, "content_unavailable")
    assert (problem["reasons"], problem["what"]) == ({"used_by_account": 1}, "content")


@pytest.mark.parametrize(
    ("phase", "longest"),
    [("bio", 150), ("highlight", 100)],
)
def test_a_text_must_fit(agency: Agency, phase: str, longest: int) -> None:
    agency.operator.words("long", phase, body="é" * (longest + 1), quality_score=100)
    agency.operator.words("fits", phase, body="é" * longest, quality_score=99)
    given = agency.warmed_to(phase).content(phase).ok()
    assert given["text"] == {"text_id": "fits", "body": "é" * longest}


def test_a_text_that_is_too_long_is_told_as_the_reason(bare: Agency) -> None:
    bare.operator.media("c1", "pfp", model_id="m2")
    bare.operator.words("t1", "bio", model_id="m2", body="x" * 151)
    worker = bare.worker()
    worker.start().ok()
    bare.time.to(worker.do("pfp")["next"]["available_at"])
    problem = worker.content("bio").refused(409, "content_unavailable")
    assert (problem["reasons"], problem["what"]) == ({"too_long": 1}, "text")


def test_a_story_gets_a_text_where_there_is_one(agency: Agency) -> None:
    agency.operator.words("story-text", "story")
    given = agency.warmed_to("story").content("story").ok()
    assert given["text"]["text_id"] == "story-text"


def test_an_account_without_content_waits_and_is_offered_again(bare: Agency) -> None:
    worker = bare.worker()
    worker.start().ok()
    answer = worker.content()
    problem = answer.refused(409, "content_unavailable")
    assert problem["reasons"] == {}
    opens = bare.time.told(timedelta(minutes=5))
    assert problem["available_at"] == opens
    assert answer.headers["Retry-After"] == "301"
    status = worker.status().ok()
    assert (status["phases"][0]["status"], status["lease"]) == ("available", None)
    assert [(one["code"], one["until"]) for one in status["blockers"]] == [("content_unavailable", opens)]
    listed = worker.ready().ok()
    assert (listed["items"], listed["next_due_at"]) == ([], opens)
    assert bare.operator.actions()[-1] == "phase:content_unavailable"
    bare.time.to(opens)
    assert worker.offered() == ["a1"], "no timer has run"
    bare.operator.verified()


def test_the_wait_for_content_grows_and_begins_anew_once_there_was_some(bare: Agency) -> None:
    worker, waits = bare.worker(), []
    worker.start().ok()
    for _ in range(6):
        opens = worker.content().refused(409, "content_unavailable")["available_at"]
        before = bare.time.now
        bare.time.to(opens)
        waits.append((bare.time.now - before) / timedelta(minutes=1))
    assert waits == [5, 10, 20, 40, 60, 60]
    bare.operator.media("c1", "pfp", model_id="m2")
    bare.time.to(worker.do("pfp")["next"]["available_at"])
    opens = worker.content("bio").refused(409, "content_unavailable")["available_at"]
    assert opens == bare.time.told(timedelta(minutes=5))


def test_who_asks_while_the_account_waits_gets_what_came_meanwhile_and_else_lengthens_nothing(bare: Agency) -> None:
    worker = bare.worker()
    worker.start().ok()
    opens = worker.content().refused(409, "content_unavailable")["available_at"]
    before = bare.wire.image()
    bare.time.advance(60)
    assert worker.content().refused(409, "content_unavailable")["available_at"] == opens
    assert bare.wire.image() == before
    bare.operator.media("c1", "pfp", model_id="m2")
    assert worker.content().ok()["content"]["content_id"] == "c1"


def test_the_timer_offers_it_again(bare: Agency) -> None:
    worker = bare.worker()
    worker.start().ok()
    bare.time.to(worker.content().refused(409, "content_unavailable")["available_at"])
    assert bare.timer() == {"phase:reoffer": 1}
    assert worker.offered() == ["a1"]
    bare.operator.verified()


def test_a_taker_without_content_gives_its_lease_back(bare: Agency) -> None:
    worker = bare.worker()
    lease = worker.start().ok()["lease"]
    worker.content().refused(409, "content_unavailable")
    assert worker.heartbeat().ok()["held"] == []
    problem = worker.complete("pfp", lease["lease_token"]).refused(409, "lease_superseded")
    assert problem["happened"]["action"] == "phase:content_unavailable"


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        ("bio", "phase_not_available"),  # an earlier phase stands before it
        ("story", "phase_not_available"),
    ],
)
def test_a_phase_cannot_be_taken_before_the_ones_before_it(agency: Agency, phase: str, code: str) -> None:
    worker = agency.warmed_to("pfp")
    before = agency.wire.image()
    problem = worker.content(phase).refused(409, code)
    assert "pfp" in problem["detail"]
    assert agency.wire.image() == before


def test_a_completed_phase_cannot_be_taken_again(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    problem = worker.content("pfp").refused(409, "phase_not_available")
    assert problem["retryable"] is False


@pytest.mark.parametrize(
    ("state", "code"),
    [("imported", "account_not_ready"), ("ready", "account_not_ready"), ("active", "account_not_ready")],
)
def test_content_is_for_accounts_that_warm_up(agency: Agency, state: str, code: str) -> None:
    if state == "active":
        agency.warmed_up().complete_warmup().ok()
    else:
        agency.operator.account(ready=state == "ready")
    before = agency.wire.image()
    agency.bot().content().refused(409, code)
    assert agency.wire.image() == before


def test_a_phase_that_is_none_is_not_found(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.content("nails").refused(404, "phase_not_found")
    worker.content("PFP").refused(404, "phase_not_found")
    worker.content("pfp", "never").refused(404, "account_not_found")


def test_a_withdrawn_account_theme_of_another_model_is_refused(agency: Agency) -> None:
    body = {"account_id": "a9", "model_id": "m1", "username": "nine", "theme": "desert"}
    problem = agency.operator.post("/api/operator/accounts", body).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == "/theme"


def test_a_media_item_and_a_text_of_the_same_id_are_two_items(agency: Agency) -> None:
    agency.operator.media("same", "post", quality_score=100)
    agency.operator.words("same", "post", quality_score=100)
    worker = agency.warmed_to("post")
    given = worker.content("post").ok()
    assert (given["content"]["content_id"], given["text"]["text_id"]) == ("same", "same")
    agency.operator.send("PATCH", "/api/operator/models/m1/texts/same", {"status": "withdrawn"}).ok()
    again = worker.content("post").ok()
    assert (again["withdrawn"], again["withdrawn_ids"]) == (True, ["same"])
    worker.complete("post", given["lease"]["lease_token"]).ok()
    for kind in ("content", "texts"):
        item = agency.operator.get(f"/api/operator/models/m1/{kind}/same").ok()
        assert (item["usage_count"], item["successes"]) == (1, 1), kind

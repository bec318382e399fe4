"""Looking after the pools: explanations, availability, warnings, history, analytics and imports."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import schedules
from tests.agency import CONSENT, Agency, media, words

MODEL = "/api/operator/models/m1"
PARTS = {"quality", "freshness", "success", "relevance", "rank", "score"}


def need(document: Any, kind: str) -> Any:
    """What an explanation says of one need."""
    return next(one for one in document["needs"] if one["kind"] == kind)


def category(document: Any, kind: str, name: str) -> Any:
    """What a look at the pools says of one category."""
    return next(one for one in document["categories"] if (one["kind"], one["category"]) == (kind, name))


# explain


def test_the_explanation_names_the_winner_that_is_then_given(agency: Agency) -> None:
    operator = agency.operator
    operator.account(theme="sea")
    operator.media("sea", "pfp", theme="sea", quality_score=60)
    operator.media("city", "pfp", theme="city", quality_score=99)
    operator.media("off", "pfp", status="pending")
    worker = agency.worker()
    worker.start().ok()
    told = need(operator.get("/api/operator/accounts/a1/phases/pfp/explain").ok(), "content")
    assert [one["item_id"] for one in told["leading"]] == ["sea", "m1-pfp", "city"]
    assert set(told["leading"][0]) >= PARTS
    assert (told["category"], told["need"], told["has_more"]) == ("pfp", "required", False)
    assert told["refused"] == [{"item_id": "off", "category": "pfp", "reason": "not_approved"}]
    given = worker.content("pfp").ok()
    assert (given["content"]["content_id"], given["score"]) == ("sea", told["leading"][0]["score"])
    after = need(operator.get("/api/operator/accounts/a1/phases/pfp/explain?limit=1").ok(), "content")
    assert [one["item_id"] for one in after["leading"]] == ["m1-pfp"]
    assert after["reasons"] == {"not_approved": 1, "used_by_account": 1}


def test_an_explanation_needs_no_start_and_changes_nothing(agency: Agency) -> None:
    agency.operator.account()
    before = agency.wire.image()
    told = agency.operator.get("/api/operator/accounts/a1/phases/post/explain").ok()
    assert [one["kind"] for one in told["needs"]] == ["content", "text"]
    assert told["status"] is None
    assert agency.wire.image() == before
    agency.operator.get("/api/operator/accounts/a1/phases/nap/explain").refused(404, "phase_not_found")
    agency.operator.get("/api/operator/accounts/a9/phases/pfp/explain").refused(404, "account_not_found")


# availability and warnings


def test_availability_counts_what_is_left_and_what_will_be_needed(agency: Agency) -> None:
    operator = agency.operator
    for account_id in ("a1", "a2"):
        operator.account(account_id)
    operator.media("off", "story", max_usage=3)
    operator.send("PATCH", f"{MODEL}/content/off", {"enabled": False}).ok()
    told = operator.get(f"{MODEL}/availability").ok()
    assert (told["accounts_under_way"], told["has_more"]) == (2, False)
    story = category(told, "content", "story")
    assert (story["items"], story["eligible"], story["disabled"], story["uses_left"]) == (2, 1, 1, 100)
    assert (story["uses_needed"], category(told, "text", "bio")["uses_needed"]) == (2, 2)
    assert told["runs_dry"] is None
    operator.get("/api/operator/models/m9/availability").refused(404, "model_not_found")


def test_availability_tells_also_the_need_that_no_item_answers(agency: Agency) -> None:
    operator = agency.operator
    operator.model("m2")
    operator.media("p", "pfp", model_id="m2", max_usage=2)
    for account_id in ("b1", "b2"):
        operator.account(account_id, model_id="m2")
    told = operator.get("/api/operator/models/m2/availability").ok()
    needed = {(one["kind"], one["category"]): one["uses_needed"] for one in told["categories"] if one["uses_needed"]}
    asked = {"content": ("pfp", "post", "highlight", "story"), "text": ("bio", "post", "highlight")}
    assert needed == {(kind, name): 2 for kind, names in asked.items() for name in names}
    assert (told["runs_dry"]["phase"], told["runs_dry"]["kind"], told["accounts_unmet"]) == ("bio", "text", 2)


def test_the_dry_day_is_known_by_hand_and_enrolling_into_it_warns(agency: Agency) -> None:
    operator, time = agency.operator, agency.time
    operator.model("m2")
    # a text for one bio only; the others have plenty of everything
    for name in ("pfp", "post", "highlight", "story"):
        for number in range(3):
            operator.media(f"{name}{number}", name, model_id="m2")
    for number in range(3):
        operator.words(f"p{number}", "post", model_id="m2")
        operator.words(f"h{number}", "highlight", model_id="m2")
    operator.words("b0", "bio", model_id="m2", max_usage=1)
    operator.account("b1", model_id="m2", ready=False)
    assert operator.ready("b1").ok()["warnings"] == []
    time.advance(timedelta(hours=6))
    operator.account("b2", model_id="m2", ready=False)
    (warning,) = operator.ready("b2").ok()["warnings"]
    # b2 begins now, and comes to its bio after 24 hours
    day = time.told(timedelta(hours=24))[:10]
    assert day in warning and "b2" in warning and "bio" in warning
    told = operator.get("/api/operator/models/m2/availability").ok()
    assert told["runs_dry"] == {
        "day": day,
        "at": time.told(timedelta(hours=24)),
        "account_id": "b2",
        "phase": "bio",
        "kind": "text",
        "until": None,
    }
    assert told["accounts_unmet"] == 1
    rows = "\n".join(
        json.dumps({"account_id": f"c{number}", "model_id": "m2", "username": f"c{number}", "consent": CONSENT})
        for number in range(2)
    )
    path = "/api/operator/accounts/import?dry_run=true"
    imported = operator.post(path, raw=rows.encode(), content_type="application/x-ndjson").ok()
    assert "3 in all will find nothing" in imported["warnings"][0]


def test_the_watch_looks_at_every_model(agency: Agency) -> None:
    operator = agency.operator
    operator.model("m2")
    operator.account("b1", model_id="m2")
    assert schedules.watch_pools() == {
        "longest_work_seconds": 0,
        "plans_mismatched": 0,
        "models": 2,
        "dry": 1,
        "dry_within_a_week": 1,
        "accounts_unmet": 1,
        "review_oldest_seconds": 0,
    }
    operator.account("a1")
    worker = agency.worker()
    worker.start("a1").ok()
    worker.report("pfp", worker.take("pfp"), kind="fatal").ok()
    agency.time.advance(90)
    assert schedules.watch_pools()["review_oldest_seconds"] == 90


# history and analytics


def test_the_history_tells_what_was_given_why_and_what_came_of_it(agency: Agency) -> None:
    operator = agency.operator
    agency.warmed_to("post")
    by_account = operator.get("/api/operator/assignments?account_id=a1").ok()["items"]
    assert [(row["phase"], row["outcome"], row["success"]) for row in by_account] == [
        ("bio", "completed", True),
        ("pfp", "completed", True),
    ]
    pfp = by_account[1]
    assert set(pfp["scores"]["content"]) >= PARTS and pfp["used_at"] == pfp["ended_at"]
    assert operator.get("/api/operator/assignments?content_id=m1-pfp").ok()["items"] == [pfp]
    assert operator.get("/api/operator/assignments?text_id=m1-bio-text").ok()["items"] == by_account[:1]
    first = operator.get("/api/operator/assignments?account_id=a1&limit=1").ok()
    rest = operator.get(f"/api/operator/assignments?account_id=a1&cursor={first['next_cursor']}").ok()
    assert [*first["items"], *rest["items"]] == by_account
    operator.get("/api/operator/assignments").refused(400, "malformed_request")
    operator.get("/api/operator/assignments?account_id=a1&text_id=b").refused(400, "malformed_request")


def test_the_analytics_tell_fallbacks_and_who_always_loses_by_what(agency: Agency) -> None:
    operator = agency.operator
    operator.media("poor", "pfp", quality_score=5)
    operator.media("abroad", "pfp", quality_score=79, theme="city")
    operator.send("PATCH", f"{MODEL}/content/m1-story", {"enabled": False}).ok()
    agency.time.advance(1)
    operator.account(theme="sea")
    agency.warmed_up("a1")
    operator.account("a2", theme="sea")
    told = operator.get(f"{MODEL}/analytics").ok()
    pfp = category(told, "content", "pfp")
    assert (pfp["items"], pfp["uses"], pfp["successes"], pfp["unused"]) == (3, 1, 1, 2)
    assert [(loser["item_id"], loser["part"]) for loser in pfp["always_lose"]] == [
        ("poor", "quality"),
        ("abroad", "relevance"),
    ]
    story = category(told, "content", "story")
    assert (story["fallbacks"], story["fallback_share"]) == (1, 1.0)
    assert category(told, "text", "any")["fallback_share"] is None


# imports


def test_media_are_imported_as_csv(agency: Agency) -> None:
    sha = media("x", "pfp")["sha256"]
    text = (
        "content_id,category,quality_score,max_usage,theme,tags,media_key,media_type,sha256,bytes,width,licensed_by,valid_until\n"
        f"x,pfp,80.5,3,sea,a b,m/x.png,image/png,{sha},10,640,Ada,2027-01-01T00:00:00Z\n"
        f"y,pfp,80,3,,,m/y.png,image/png,{sha},10,,,\n"
        "z,pfp,good,3,,,m/z.png,image/png,,ten,,,\n"
    )
    path = f"{MODEL}/content/import"
    for dry_run in (True, False):
        asked = f"{path}?dry_run={json.dumps(dry_run)}"
        answer = agency.operator.post(asked, raw=text.encode(), content_type="text/csv").ok()
        assert answer["counts"] == {"created": 1, "unchanged": 0, "refused": 2, "left": 0}
        assert [row["outcome"] for row in answer["rows"]] == ["created", "refused", "refused"]
        assert answer["rows"][1]["error"]["code"] == "already_exists"
        faults = {fault["pointer"] for fault in answer["rows"][2]["error"]["errors"]}
        assert faults == {"/quality_score", "/bytes", "/sha256"}
    stored = agency.operator.content("x")
    assert (stored["quality_score"], stored["tags"], stored["width"]) == (80.5, ["a", "b"], 640)
    assert stored["licence"] == {"licensed_by": "Ada", "valid_until": "2027-01-01T00:00:00.000Z"}
    again = agency.operator.post(path, raw=text.encode(), content_type="text/csv").ok()
    assert again["counts"] == {"created": 0, "unchanged": 1, "refused": 2, "left": 0}


def test_texts_are_imported_as_json_lines(agency: Agency) -> None:
    rows = [words("t1", "bio"), words("t2", "bio", body="WORDS  for bio by T1"), {"body": 1}, words("t3", "any")]
    text = "\n".join(json.dumps(row) for row in rows)
    path = f"{MODEL}/texts/import"
    answer = agency.operator.post(path, raw=text.encode(), content_type="application/x-ndjson").ok()
    assert [row["outcome"] for row in answer["rows"]] == ["created", "refused", "refused", "created"]
    assert answer["rows"][1]["error"]["duplicate_of"] == "t1"
    assert agency.operator.text("t3")["category"] == "any"


@pytest.mark.parametrize("body", [b"", b"\n\n"])
def test_an_import_of_nothing_is_refused(agency: Agency, body: bytes) -> None:
    path = f"{MODEL}/texts/import"
    agency.operator.post(path, raw=body, content_type="application/x-ndjson").refused(400, "malformed_request")


# uploads


def test_an_upload_form_holds_what_it_was_asked_for(agency: Agency) -> None:
    asked = {"filename": "../My picture.PNG", "media_type": "image/png", "bytes": 1234, "sha256": "ab" * 32}
    form = agency.operator.post(f"{MODEL}/content/uploads", asked).ok(201)
    assert form["media_key"] == f"m1/{'ab' * 32}/My-picture.PNG"
    assert form["expires_at"] == agency.time.told(timedelta(minutes=15))
    assert form["fields"]["Content-Type"] == "image/png"
    assert form["fields"]["x-amz-checksum-sha256"] == "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"media_type": "image/gif"}, 422, "invalid_input"),
        ({"bytes": 10**9 + 1}, 422, "invalid_input"),
        ({"sha256": "xy"}, 422, "invalid_input"),
        ({"sha256": media("m1-pfp", "pfp")["sha256"]}, 409, "already_exists"),
    ],
)
def test_an_upload_of_no_use_is_refused_before_it_is_made(
    agency: Agency, change: dict[str, Any], status: int, code: str
) -> None:
    asked = {"filename": "a.png", "media_type": "image/png", "bytes": 1234, "sha256": "cd" * 32, **change}
    agency.operator.post(f"{MODEL}/content/uploads", asked).refused(status, code)


# what a choice costs


def test_a_choice_asks_three_times_at_most_whatever_the_themes(agency: Agency) -> None:
    operator, themes = agency.operator, [f"t{number}" for number in range(20)]
    operator.model("m2", themes=themes)
    for number in range(60):
        operator.media(f"i{number}", "pfp", model_id="m2", quality_score=30 + number, theme=themes[number % 20])
    for account_id, theme, most in (("plain", None, 1), ("themed", "t3", 3)):
        operator.account(account_id, model_id="m2", theme=theme)
        worker = agency.worker()
        worker.start(account_id).ok()
        agency.wire.calls.clear()
        worker.content("pfp", account_id).ok()
        assert len(agency.wire.of("Query")) <= most


def test_what_came_of_an_assignment_is_told_by_its_phase_until_that_is_dropped(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    score = 62.5
    worker.complete("pfp", worker.take(), performance_score=score).ok()
    at = agency.time.told()
    path = "/api/operator/assignments?account_id=a1"
    (told,) = agency.operator.get(path).ok()["items"]
    assert (told["outcome"], told["success"], told["used_at"], told["ended_at"]) == ("completed", True, at, at)
    assert told["performance_score"] == score
    (row,) = agency.wire.store.tables["test-content_assignments"].rows.values()
    assert "outcome" not in row, "it is written once"
    assert agency.operator.account_document()["assignments"] == [told]
    agency.time.advance(3600)
    agency.operator.post("/api/operator/accounts/a1/reset", {"reason": "once more"}).ok()
    assert agency.operator.get(path).ok()["items"] == [told]
    agency.time.advance(23 * 3600)  # a day lies between two phases, also across a reset
    worker.start().ok()
    worker.complete("pfp", worker.take()).ok()
    assert agency.operator.get(path).ok()["items"][1] == told, "the phase that was done again tells of its own"
    agency.operator.verified()


def test_an_assignment_that_an_operator_ended_is_not_told_as_completed(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.report("pfp", worker.take(), kind="unknown").ok()
    evidence = {"reason": "seen", "evidence": {"note": "it is there"}}
    agency.operator.post("/api/operator/accounts/a1/phases/pfp/resolve", evidence).ok()
    path = "/api/operator/assignments?account_id=a1"
    (told,) = agency.operator.get(path).ok()["items"]
    assert (told["outcome"], told["success"]) == ("resolved", True)
    agency.operator.post("/api/operator/accounts/a1/reset", {"reason": "once more"}).ok()
    assert agency.operator.get(path).ok()["items"] == [told]

"""The main job through the API: from import to active, all five phases by the clock."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from tests.agency import CONSENT, INTERVALS, LEASE, PHASES, Agency
from tests.api.shapes import COMPLETION, EVENT, NEXT, OWN_LEASE, PHASE, is_delivery, is_status


def test_an_account_goes_from_import_to_active(agency: Agency) -> None:
    time, operator = agency.time, agency.operator
    names = "account_id,model_id,username,theme,granted_by,granted_at,reference"
    rows = f"{names}\na1,m1,ada,sea,{','.join(CONSENT.values())}\n"
    imported = operator.post("/api/operator/accounts/import", raw=rows.encode(), content_type="text/csv").ok()
    assert imported["counts"]["created"] == 1
    assert operator.ready("a1").ok()["state"] == "ready"

    worker = agency.worker()
    assert worker.ready().ok()["items"] == [
        {
            "account_id": "a1",
            "model_id": "m1",
            "username": "ada",
            "action": "start_warmup",
            "phase": "pfp",
            "category": "pfp",
            "due_at": time.told(),
        }
    ]
    started = worker.start("a1").ok()
    is_status(started)
    assert (started["state"], started["current_phase"], started["replayed"]) == ("warming_up", "pfp", False)
    assert set(started["lease"]) >= OWN_LEASE
    assert [phase["status"] for phase in started["phases"]] == ["available", *["pending"] * 4]

    last = len(PHASES) - 1
    for place, phase in enumerate(PHASES):
        given = worker.content(phase).ok()
        is_delivery(given)
        assert given["lease"]["expires_at"] == time.told(LEASE)
        working = worker.status().ok()
        assert working["phases"][place]["status"] == "in_progress"
        assert working["blockers"][0]["code"] == "leased"
        time.advance(90)
        done = worker.complete(
            phase, given["lease"]["lease_token"], execution_time_ms=90_000, platform_response={"id": [1, None, "é"]}
        ).ok()
        _is_completion(done, phase, agency)
        following = PHASES[place + 1] if place < last else None
        wait = INTERVALS[following] if following else timedelta(0)
        assert done["next"] == {
            "action": "run_phase" if following else "complete_warmup",
            "phase": following,
            "available_at": time.told(wait),
        }
        if following:
            _is_shut_until_the_interval_has_passed(agency, worker, following, wait)

    assert worker.ready().ok()["items"][0]["action"] == "complete_warmup"
    active = worker.complete_warmup().ok()
    is_status(active)
    assert (active["state"], active["replayed"], active["lease"]) == ("active", False, None)
    assert (active["progress"], active["current_phase"]) == ({"completed": 5, "total": 5}, None)
    assert [blocker["code"] for blocker in active["blockers"]] == ["finished"]
    assert worker.offered() == []
    _is_told_by_the_audit(agency)


def _is_completion(done: Any, phase: str, agency: Agency) -> None:
    assert set(done) >= COMPLETION
    assert set(done["next"]) == NEXT
    assert (done["late"], done["replayed"]) == (False, False)
    record = done["phase"]
    assert set(record) >= PHASE
    assert (record["phase"], record["status"], record["execution_time_ms"]) == (phase, "completed", 90_000)
    assert (record["completed_at"], record["started_at"]) == (
        agency.time.told(),
        agency.time.told(-timedelta(seconds=90)),
    )
    assert (record["bot_id"], record["platform_response"]) == ("b1", {"id": [1, None, "é"]})


def _is_shut_until_the_interval_has_passed(agency: Agency, worker: Any, phase: str, wait: timedelta) -> None:
    opens = agency.time.told(wait)
    agency.time.advance(wait - timedelta(milliseconds=1))
    assert worker.offered() == []
    early = worker.content(phase).refused(409, "phase_not_available")
    assert early["available_at"] == opens
    waiting = worker.status().ok()
    assert waiting["blockers"] == [{"code": "interval", "until": opens, "detail": waiting["blockers"][0]["detail"]}]
    agency.time.advance(timedelta(milliseconds=1))
    assert worker.offered() == ["a1"], "no timer has run"
    assert worker.status().ok()["blockers"] == []


def _is_told_by_the_audit(agency: Agency) -> None:
    events = agency.operator.events()
    assert agency.operator.verified() == len(events) == events[-1]["version"]
    assert all(set(event) >= EVENT for event in events)
    assert [event["action"] for event in events] == [
        *("account:create", "account:ready", "account:start"),
        *["phase:deliver", "phase:complete"] * 5,
        "account:complete",
    ]
    assert [event["summary"] for event in events[2:5]] == [
        "bot b1 started the warm-up of account a1",
        "bot b1 was given pfp of account a1",
        "bot b1 completed pfp of account a1",
    ]
    assert events[0]["actor"] == {"kind": "operator", "id": "root"}
    assert events[3]["actor"] == {"kind": "bot", "id": "b1"}


@pytest.mark.parametrize(
    ("phase", "media", "text"),
    [
        ("pfp", "m1-pfp", None),
        ("bio", None, "m1-bio-text"),
        ("post", "m1-post", "m1-post-text"),  # an image and its caption
        ("highlight", "m1-highlight", "m1-highlight-text"),  # an image and its title
        ("story", "m1-story", None),  # an image; a text only if there is one
    ],
)
def test_each_phase_is_given_what_its_plan_asks_for(
    agency: Agency, phase: str, media: str | None, text: str | None
) -> None:
    given = agency.warmed_to(phase).content(phase).ok()
    assert (given["content"] and given["content"]["content_id"]) == media
    assert (given["text"] and given["text"]["text_id"]) == text
    assert given["score"] == (71.5 if media else 68.5)
    assert "0.30 × quality" in given["reason"]


def test_the_media_url_gives_what_was_uploaded_for_a_while(agency: Agency) -> None:
    content = agency.warmed_to("pfp").content().ok()["content"]
    assert content["url"].startswith("https://")
    assert "media/m1-pfp.png" in content["url"]
    assert "X-Amz-Expires=900" in content["url"]
    assert content["url_expires_at"] == agency.time.told(timedelta(seconds=900))
    assert content["sha256"] == hashlib.sha256(b"m1-pfp").hexdigest()
    assert (content["bytes"], content["width"], content["height"]) == (1234, 640, 480)


def test_both_spellings_of_the_content_route_are_the_same(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    one = worker.content().ok()
    other = worker.get("/api/bot/accounts/a1/warmup-content/pfp").ok()
    one["content"].pop("url"), other["content"].pop("url")
    assert one == other


def test_what_was_used_is_counted_and_succeeds(agency: Agency) -> None:
    agency.warmed_to("highlight")
    for item in (agency.operator.content("m1-post"), agency.operator.text("m1-post-text")):
        assert (item["usage_count"], item["successes"], item["failures"]) == (1, 1, 0)


def test_without_a_session_one_is_opened_and_named(agency: Agency) -> None:
    agency.operator.account()
    bot = agency.bot()
    lease = bot.start().ok()["lease"]
    found = bot.get(f"/api/bot/sessions/{lease['session_id']}").ok()
    assert [held["lease"] for held in found["held"]] == [lease]
    bot.release(lease["lease_token"]).ok()
    opened = bot.content().ok()["lease"]
    assert opened["session_id"] != lease["session_id"]
    bot.complete("pfp", opened["lease_token"]).ok()

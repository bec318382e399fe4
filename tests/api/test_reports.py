"""What follows a report of failure: tried again later, another item, or people."""

from datetime import timedelta
from typing import Any

import pytest

from tests.agency import Agency
from tests.api.shapes import PHASE, REPORT


def test_a_transient_fault_is_tried_again_after_the_plans_delay(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    given = worker.content().ok()
    reported = worker.report(
        "pfp", given["lease"]["lease_token"], code="slow", message="the app was slow", details={"ms": 90_000}
    ).ok()
    assert set(reported) >= REPORT
    assert set(reported["phase"]) >= PHASE
    assert (reported["outcome"], reported["replayed"]) == ("retry", False)
    phase = reported["phase"]
    assert (phase["status"], phase["retry_count"], phase["replacement_count"]) == ("failed", 1, 0)
    assert (phase["error_message"], phase["error_details"]) == ("the app was slow", {"ms": 90_000})

    opens = reported["available_at"]
    least, most = (agency.time.told(timedelta(minutes=5 * factor)) for factor in (1, 1.5))
    assert least <= opens <= most
    status = worker.status().ok()
    assert status["lease"] is None
    assert [(one["code"], one["until"]) for one in status["blockers"]] == [("retry_delay", opens)]
    early = worker.content().refused(409, "phase_not_available")
    assert (early["available_at"], early["retryable"]) == (opens, True)
    assert worker.offered() == []

    agency.time.to(opens)
    assert worker.offered() == ["a1"], "no timer has run"
    again = worker.content().ok()
    assert again["assignment_id"] == given["assignment_id"], "the same item once more"
    assert worker.complete("pfp", again["lease"]["lease_token"]).ok()["phase"]["error_message"] is None
    agency.operator.verified()


def test_the_timer_opens_it_again_too(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    agency.time.to(worker.report("pfp", worker.take()).ok()["available_at"])
    assert agency.timer() == {"phase:reopen": 1}
    assert worker.status().ok()["phases"][0]["status"] == "content_assigned"
    worker.do("pfp")
    agency.operator.verified()


def test_when_the_retries_are_used_up_people_must_look(agency: Agency) -> None:
    worker, waits = agency.warmed_to("pfp"), []
    for retry in range(3):
        reported = worker.report("pfp", worker.take()).ok()
        assert (reported["outcome"], reported["phase"]["retry_count"]) == ("retry", retry + 1)
        before = agency.time.now
        agency.time.to(reported["available_at"])
        waits.append(agency.time.now - before)
    assert waits == sorted(waits), "the delays grow"
    assert waits[0] * 2 <= waits[2]
    last = worker.report("pfp", worker.take()).ok()
    assert (last["outcome"], last["available_at"], last["phase"]["status"]) == ("review", None, "requires_review")
    assert last["phase"]["retry_count"] == 3
    refused = worker.content().refused(409, "phase_not_available")
    assert (refused["retryable"], "available_at" in refused) == (False, False)
    agency.time.advance(timedelta(days=30))
    assert worker.offered() == []
    assert [one["code"] for one in worker.status().ok()["blockers"]] == ["review"]
    agency.operator.verified()


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        (1, 300, 450),  # a bot cannot shorten the delay
        (86_400, 86_400, 86_400),  # it can lengthen it
    ],
)
def test_a_bot_can_only_lengthen_the_delay(agency: Agency, asked: int, least: float, most: float) -> None:
    worker = agency.warmed_to("pfp")
    reported = worker.report("pfp", worker.take(), retry_after_seconds=asked).ok()
    waits = (agency.time.told(timedelta(seconds=seconds)) for seconds in (least, most))
    assert next(waits) <= reported["available_at"] <= next(waits)


def test_a_bot_cannot_put_an_account_off_for_longer_than_a_day(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    problem = worker.report("pfp", worker.take(), retry_after_seconds=86_401).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == "/retry_after_seconds"


@pytest.mark.parametrize("kind", ["account", "fatal", "unknown"])
def test_what_is_the_accounts_fault_or_may_have_happened_goes_to_people_at_once(agency: Agency, kind: str) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    reported = worker.report("pfp", token, kind=kind, retry_after_seconds=60).ok()
    assert (reported["outcome"], reported["available_at"]) == ("review", None)
    assert (reported["phase"]["status"], reported["phase"]["retry_count"]) == ("requires_review", 0)
    assert reported["phase"]["error_message"] == "it did not work"
    item = agency.operator.content("m1-pfp")
    assert (item["usage_count"], item["failures"]) == (1, 0), "the item is not to blame"
    assert agency.operator.actions()[-1] == "phase:escalate"
    agency.operator.verified()


def test_an_item_at_fault_is_swapped_and_never_given_to_this_account_again(agency: Agency) -> None:
    agency.operator.media("second", "pfp", quality_score=79)
    worker = agency.warmed_to("pfp")
    first = worker.content().ok()
    assert first["content"]["content_id"] == "m1-pfp"
    reported = worker.report("pfp", first["lease"]["lease_token"], kind="content").ok()
    phase = reported["phase"]
    assert (reported["outcome"], reported["available_at"]) == ("replace", agency.time.told())
    assert (phase["status"], phase["replacement_count"], phase["retry_count"]) == ("available", 1, 0)
    assert phase["assigned_content_id"] is None
    assert worker.offered() == ["a1"], "at once"
    second = worker.content().ok()
    assert second["content"]["content_id"] == "second"
    assert second["assignment_id"] != first["assignment_id"]
    blamed = agency.operator.content("m1-pfp")
    assert (blamed["failures"], blamed["successes"], blamed["usage_count"]) == (1, 0, 1)
    worker.complete("pfp", second["lease"]["lease_token"]).ok()
    assert agency.operator.content("second")["successes"] == 1
    assert agency.operator.content("m1-pfp")["successes"] == 0
    agency.operator.verified()


def test_after_three_swaps_people_must_look(agency: Agency) -> None:
    for number in range(5):
        agency.operator.media(f"more{number}", "pfp")
    worker, seen = agency.warmed_to("pfp"), []
    for swap in range(3):
        given = worker.content().ok()
        seen.append(given["content"]["content_id"])
        reported = worker.report("pfp", given["lease"]["lease_token"], kind="content").ok()
        assert (reported["outcome"], reported["phase"]["replacement_count"]) == ("replace", swap + 1)
    given = worker.content().ok()
    assert len({*seen, given["content"]["content_id"]}) == 4, "never the same again"
    last = worker.report("pfp", given["lease"]["lease_token"], kind="content").ok()
    assert (last["outcome"], last["phase"]["status"], last["phase"]["replacement_count"]) == (
        "review",
        "requires_review",
        3,
    )
    assert agency.operator.content(given["content"]["content_id"])["failures"] == 1
    path = "/api/operator/accounts/a1/phases/pfp/retry"
    agency.operator.post(path, {"reason": "there are better ones"}).ok()
    retried = worker.content().ok()["content"]["content_id"]
    assert retried not in {*seen, given["content"]["content_id"]}, "people's retry hands out no item at fault either"
    agency.operator.verified()


@pytest.mark.parametrize(("item", "kept"), [("text", "content"), ("content", "text")])
def test_what_was_not_at_fault_stays_with_the_phase_through_peoples_retry(agency: Agency, item: str, kept: str) -> None:
    def of(delivery: dict[str, Any], kind: str) -> str:
        return str(delivery[kind][f"{kind}_id"])

    for number in range(3):
        agency.operator.media(f"more{number}", "post")
        agency.operator.words(f"words{number}", "post")
    agency.operator.media("last", "post", quality_score=1)
    agency.operator.words("last-words", "post", quality_score=1)
    worker = agency.warmed_to("post")
    given, outcomes = {}, []
    for _ in range(4):
        given = worker.content("post").ok()
        token = given["lease"]["lease_token"]
        outcomes.append(worker.report("post", token, kind="content", details={"item": item}).ok()["outcome"])
    assert outcomes == ["replace", "replace", "replace", "review"]
    agency.operator.post("/api/operator/accounts/a1/phases/post/retry", {"reason": "the last one"}).ok()
    again = worker.content("post").ok()
    assert of(again, kept) == of(given, kept) and of(again, item) != of(given, item)
    worker.complete("post", again["lease"]["lease_token"]).ok()
    agency.operator.verified()


@pytest.mark.parametrize(
    ("details", "media", "text"),
    [
        (None, "other", "m1-post-text"),  # the media item is at fault unless the bot says otherwise
        ({"item": "text"}, "m1-post", "other-text"),
        ({"item": "content"}, "other", "m1-post-text"),
    ],
)
def test_only_the_item_at_fault_is_swapped(
    agency: Agency, details: dict[str, str] | None, media: str, text: str
) -> None:
    agency.operator.media("other", "post", quality_score=10)
    agency.operator.words("other-text", "post", quality_score=10)
    worker = agency.warmed_to("post")
    worker.report("post", worker.take("post"), kind="content", details=details).ok()
    given = worker.content("post").ok()
    assert (given["content"]["content_id"], given["text"]["text_id"]) == (media, text)
    assert (agency.operator.content("m1-post")["usage_count"], agency.operator.text("m1-post-text")["usage_count"]) == (
        1,
        1,
    ), "what was kept is not used twice"
    worker.complete("post", given["lease"]["lease_token"]).ok()
    agency.operator.verified()


def test_a_refused_text_is_swapped_too(agency: Agency) -> None:
    agency.operator.words("other-text", "bio", quality_score=10)
    worker = agency.warmed_to("bio")
    reported = worker.report("bio", worker.take("bio"), kind="content").ok()
    assert reported["phase"]["assigned_text_id"] is None
    assert worker.content("bio").ok()["text"]["text_id"] == "other-text"
    assert agency.operator.text("m1-bio-text")["failures"] == 1


def test_a_report_counts_for_its_session(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.report("pfp", worker.take()).ok()
    session = worker.own_session().ok()
    assert (session["done"], session["failed"], session["held"]) == (0, 1, [])


def test_a_report_of_another_phase_than_the_one_worked_on_is_refused(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    before = agency.wire.image()
    worker.report("bio", token).refused(409, "phase_not_in_progress")
    assert agency.wire.image() == before

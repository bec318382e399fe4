"""How the content of a phase did, told up to 90 days later: it changes what its items are worth."""

from datetime import timedelta

import pytest

from tests.agency import Agency, Bot

DAY = timedelta(days=1)


@pytest.fixture
def worker(agency: Agency) -> Bot:
    """A bot that completed `post`, with a picture and a text, an hour ago."""
    worker = agency.warmed_to("post")
    worker.do("post")
    agency.time.advance(3600)
    return worker


def penalties(agency: Agency) -> tuple[float, float]:
    """What the picture and the text of the phase are charged with."""
    return agency.operator.content("m1-post")["failures"], agency.operator.text("m1-post-text")["failures"]


def test_a_measurement_counts_for_the_items_and_is_kept_with_the_assignment(agency: Agency, worker: Bot) -> None:
    at = agency.time.told()
    found = worker.measure("post", 71, at, metrics={"likes": 204, "reach": {"day": 3.5}}).ok()
    assert found == {
        "replayed": False,
        "masked": [],
        "account_id": "a1",
        "phase": "post",
        "assignment_id": found["assignment_id"],
        "performance_score": 71,
        "metrics": {"likes": 204, "reach": {"day": 3.5}},
        "measured_at": at,
    }
    assert penalties(agency) == (0.29, 0.29)
    assert agency.operator.content("m1-post")["successes"] == 0.71
    (row,) = [
        one
        for one in agency.operator.get("/api/operator/assignments?account_id=a1").ok()["items"]
        if one["assignment_id"] == found["assignment_id"]
    ]
    assert (row["performance_score"], row["measured_at"], row["outcome"]) == (71, at, "completed")
    assert row["metrics"] == {"likes": 204, "reach": {"day": 3.5}}
    event = agency.operator.events()[-1]
    assert (event["action"], event["details"]["performance_score"]) == ("phase:measure", 71)
    assert event["summary"] == "bot b1 measured the content of post of account a1: 71.0"
    agency.operator.verified()


def test_the_latest_measurement_counts_whatever_the_order(agency: Agency, worker: Bot) -> None:
    first, second, third = (agency.time.told(-timedelta(minutes=minutes)) for minutes in (30, 20, 10))
    worker.measure("post", 50, second).ok()
    assert penalties(agency) == (0.5, 0.5)
    before = agency.operator.account_document()["version"]
    late = worker.measure("post", 1, first).ok()
    assert (late["replayed"], late["performance_score"], late["measured_at"]) == (True, 50, second)
    assert penalties(agency) == (0.5, 0.5)
    assert agency.operator.account_document()["version"] == before, "nothing was changed"
    assert worker.measure("post", 100, third).ok()["replayed"] is False
    assert penalties(agency) == (0, 0)
    agency.operator.verified()


def test_the_same_measurement_sent_again_changes_nothing(agency: Agency, worker: Bot) -> None:
    at = agency.time.told()
    found = worker.measure("post", 71, at).ok()
    assert worker.measure("post", 71, at).ok() == {**found, "replayed": True}
    assert worker.measure("post", 30, at).ok() == {**found, "replayed": True}, "of one instant the first counts"
    assert penalties(agency) == (0.29, 0.29)
    assert agency.operator.actions().count("phase:measure") == 1


def test_a_measurement_takes_the_place_of_the_score_of_the_completion(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    worker.complete("bio", worker.take("bio"), performance_score=60).ok()
    assert agency.operator.text("m1-bio-text")["failures"] == 0.4
    agency.time.advance(DAY)
    worker.measure("bio", 90.5, agency.time.told()).ok()
    assert agency.operator.text("m1-bio-text")["failures"] == 0.095
    agency.operator.verified()


def test_an_item_that_was_blamed_keeps_its_penalty_beside_the_performance(agency: Agency) -> None:
    agency.operator.media("other", "post", quality_score=1)
    worker = agency.warmed_to("post")
    worker.report("post", worker.take("post"), kind="content").ok()
    worker.do("post")
    agency.time.advance(1)
    worker.measure("post", 25, agency.time.told()).ok()
    assert agency.operator.content("m1-post")["failures"] == 1, "another item was used in the end"
    assert agency.operator.content("other")["failures"] == agency.operator.text("m1-post-text")["failures"] == 0.75
    agency.operator.verified()


def test_any_bot_that_sees_the_account_may_tell_also_when_it_is_active(agency: Agency) -> None:
    agency.warmed_up().complete_warmup().ok()
    agency.time.advance(DAY)
    agency.bot("b2").measure("pfp", 10, agency.time.told()).ok()
    assert agency.operator.content("m1-pfp")["failures"] == 0.9
    agency.operator.model("m2")
    agency.operator.send("PATCH", "/api/operator/bots/b2", {"models": ["m2"]}).ok()
    agency.time.advance(60)
    agency.bot("b2").measure("pfp", 20, agency.time.told()).refused(404, "account_not_found")
    agency.operator.verified()


@pytest.mark.parametrize(
    ("after", "measured", "status"),
    [
        (DAY, timedelta(0), 200),
        (timedelta(days=90), timedelta(days=90), 200),
        (timedelta(days=365), timedelta(days=90), 200),  # a measurement of then, told late
        (timedelta(days=365), timedelta(days=90, milliseconds=1), 422),
        (DAY, -timedelta(milliseconds=1), 422),  # before the completion
        (DAY, DAY + timedelta(milliseconds=1), 422),  # in the future
    ],
)
def test_content_is_measured_for_90_days(agency: Agency, after: timedelta, measured: timedelta, status: int) -> None:
    worker = agency.warmed_to("pfp")
    worker.do("pfp")
    at = agency.time.told(measured)
    agency.time.advance(after)
    answer = worker.measure("pfp", 50, at)
    assert answer.status == status
    if status == 422:
        assert [one["pointer"] for one in answer.refused(422, "invalid_input")["errors"]] == ["/measured_at"]


def test_what_was_not_completed_with_content_is_not_measured(agency: Agency) -> None:
    agency.operator.account()
    worker, at = agency.worker(), agency.time.told()
    worker.measure("pfp", 50, at).refused(409, "account_not_ready")
    worker.start().ok()
    assert worker.measure("pfp", 50, at).refused(409, "invalid_transition")["state"] == "available"
    worker.take()
    assert worker.measure("pfp", 50, at).refused(409, "invalid_transition")["state"] == "in_progress"
    worker.measure("nothing", 50, at).refused(404, "phase_not_found")
    agency.operator.post("/api/operator/accounts/a1/phases/bio/skip", {"reason": "no need"}).ok()
    problem = worker.measure("bio", 50, at).refused(409, "invalid_transition")
    assert problem["state"] == "completed without content"
    worker.measure("pfp", 50, at, "nobody").refused(404, "account_not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"performance_score": 101}, "/performance_score"),
        ({"performance_score": None}, "/performance_score"),
        ({"measured_at": "2026-11-22"}, "/measured_at"),
        ({"metrics": [1]}, "/metrics"),
        ({"metrics": {"words": "x" * 20_000}}, "/metrics"),
        ({"likes": 3}, "/likes"),
    ],
)
def test_a_body_that_is_wrong_is_refused(agency: Agency, worker: Bot, body: dict[str, object], pointer: str) -> None:
    told = {"performance_score": 50, "measured_at": agency.time.told(), **body}
    answer = worker.post("/api/bot/accounts/a1/performance/post", told)
    assert [one["pointer"] for one in answer.refused(422, "invalid_input")["errors"]] == [pointer]

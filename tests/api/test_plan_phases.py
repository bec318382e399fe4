"""Phases of a plan's own: who is given them by name or category, and what they ask of items."""

from typing import Any

import pytest

from tests.agency import CONSENT, Agency, Bot
from tests.api.test_plan_accounts import phase

PLANS, MODEL = "/api/operator/plans", "/api/operator/models/m1"
PHASES = [
    phase("portrait", "pfp", 0, content={"need": "required", "min_width": 1080}, fallback=False),
    phase("words", "bio", 24, text={"need": "required", "max_hashtags": 0, "max_mentions": 0}),
]


@pytest.fixture
def asking(agency: Agency) -> Agency:
    """A model whose new accounts follow a plan with phases of its own, and one that is ready."""
    operator = agency.operator
    operator.post(PLANS, {"name": "asks", "title": "It asks"}).ok(201)
    operator.send("PATCH", f"{PLANS}/asks/versions/1", {"phases": PHASES}).ok()
    operator.post(f"{PLANS}/asks/versions/1/publish").ok()
    operator.send("PATCH", MODEL, {"plan": "asks"}).ok()
    operator.post("/api/operator/accounts", {"account_id": "a1", "model_id": "m1", "username": "u", "consent": CONSENT})
    operator.ready("a1").ok()
    return agency


def test_the_first_phase_of_any_plan_brings_the_start_and_the_last_one_the_end(asking: Agency) -> None:
    asking.operator.media("wide", "pfp", width=1080, height=1080)
    worker = asking.worker()
    assert claims(worker, phases=["pfp"]) == claims(worker, categories=["bio"]) == []
    (offer,) = worker.ready("?category=pfp").ok()["items"]
    assert (offer["action"], offer["phase"], offer["category"]) == ("start_warmup", "portrait", "pfp")
    assert worker.ready("?phase=portrait").ok()["items"] == [offer]
    (given,) = claims(worker, phases=["words", "portrait"], deliver=True)
    assert (given["delivery"]["phase"], given["delivery"]["category"]) == ("portrait", "pfp")
    assert given["delivery"]["content"]["content_id"] == "wide"
    worker.complete("portrait", given["lease"]["lease_token"]).ok()
    asking.time.advance(86400)
    assert claims(worker, phases=["portrait", "bio"]) == []
    (given,) = claims(worker, phases=["nothing"], categories=["bio"], deliver=True)
    worker.complete("words", given["lease"]["lease_token"]).ok()
    assert claims(worker, phases=["portrait"]) == []
    (given,) = claims(worker, phases=["words"])
    assert (given["action"], given["phase"]) == ("complete_warmup", None)


def claims(worker: Bot, **wanted: Any) -> list[Any]:
    found: list[Any] = worker.claim(**wanted).ok()["items"]
    return found


def test_a_refusal_an_explanation_and_the_availability_name_the_same_needs(asking: Agency) -> None:
    asking.operator.media("unknown", "pfp", width=None, height=None)
    asking.operator.media("elsewhere", "any", width=1080, height=1080)
    expected = {"too_small": 1, "unknown_dimensions": 1}
    worker = asking.worker()
    worker.start().ok()
    problem = worker.content("portrait").refused(409, "content_unavailable")
    assert problem["reasons"] == expected, "what is in `any` is not counted: the phase allows no fallback"
    assert problem["detail"].startswith("No content is eligible in `pfp`: ")
    explained = asking.operator.get("/api/operator/accounts/a1/phases/portrait/explain").ok()
    assert explained["needs"][0]["reasons"] == expected
    counted = asking.operator.get(f"{MODEL}/availability").ok()["categories"]
    (pfp,) = [one for one in counted if (one["kind"], one["category"]) == ("content", "pfp")]
    assert (pfp["refused"], pfp["eligible"], pfp["uses_left"]) == (expected, 0, 0)


def test_the_makers_of_an_item_learn_that_the_plan_does_not_take_it(asking: Agency) -> None:
    words = {"category": "bio", "quality_score": 70, "max_usage": 5, "body": "by @nora"}
    made = asking.operator.post(f"{MODEL}/texts", words).ok(201)
    assert made["warnings"] == ["The plan asks does not take this in bio: too_many_mentions."]


def test_what_comes_from_any_is_counted_for_the_category_that_was_asked_for(asking: Agency) -> None:
    operator = asking.operator
    operator.media("wide", "pfp", width=1080, height=1080)
    operator.send("PATCH", f"{MODEL}/texts/m1-bio-text", {"enabled": False}).ok()
    operator.words("t-any", "any")
    worker = asking.worker()
    worker.start().ok()
    worker.do("portrait")
    asking.time.advance(86400)
    worker.do("words")
    told = operator.get(f"{MODEL}/analytics").ok()["categories"]
    (bio,) = [one for one in told if (one["kind"], one["category"]) == ("text", "bio")]
    assert bio["fallbacks"] == 1

"""What bots read of each other's work, and what of a worker's words is kept."""

import json
from typing import Any

from chalicelib.context import ActorKind
from chalicelib.edge.routing import ENDPOINTS
from tests.agency import Agency

SECRET = "hunter2-SECRET"
SAID: dict[str, Any] = {
    "message": f"401 for https://u:{SECRET}@h/?password={SECRET}",
    "details": {"Cookie": SECRET, "steps": [{"access_token": SECRET}], "page": "login"},
}


def test_what_looks_like_a_secret_is_kept_nowhere_and_the_answer_says_so(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    reported = worker.report("pfp", token, **SAID).ok()
    assert reported["masked"] == ["/message", "/details/Cookie", "/details/steps/0/access_token"]
    assert reported["phase"]["error_details"]["page"] == "login"
    again = worker.report("pfp", token, **SAID).ok()
    assert (again["replayed"], again["masked"]) == (True, reported["masked"])
    agency.time.to(reported["available_at"])
    done = worker.complete("pfp", worker.take(), platform_response={"cookie": SECRET, "id": 1}).ok()
    assert done["masked"] == ["/platform_response/cookie"]
    measured = worker.measure("pfp", 50, agency.time.told(), metrics={"token": SECRET, "likes": 3}).ok()
    assert (measured["masked"], measured["metrics"]["likes"]) == (["/metrics/token"], 3)
    assert SECRET not in str(agency.wire.image())
    agency.operator.verified()


def words(agency: Agency, bot_id: str) -> tuple[Any, Any, Any]:
    (phase, *_) = agency.bot(bot_id).status().ok()["phases"]
    return phase["error_message"], phase["error_details"], phase["platform_response"]


def test_a_bot_reads_its_own_words_and_of_others_the_status_alone(agency: Agency) -> None:
    worker, other = agency.warmed_to("pfp"), agency.worker("b2")
    reported = worker.report("pfp", worker.take(), code="slow", message="MINE", details={"who": "MINE"}).ok()
    assert words(agency, "b1") == ("MINE", {"who": "MINE"}, None)
    assert words(agency, "b2") == (None, None, None)
    seen = other.status().ok()
    assert (seen["phases"][0]["status"], seen["phases"][0]["error_code"]) == ("failed", "slow")
    assert "MINE" not in json.dumps(seen), "nor in its blockers"
    assert "MINE" not in json.dumps(other.content().refused(409, "phase_not_available"))
    assert agency.operator.account_document()["phases"][0]["error_message"] == "MINE"

    agency.time.to(reported["available_at"])
    token = other.take()
    assert words(agency, "b2") == (None, None, None), "the report of the one before still stands in the phase"
    other.complete("pfp", token, platform_response={"id": "THEIRS"}).ok()
    assert words(agency, "b2") == (None, None, {"id": "THEIRS"})
    assert words(agency, "b1") == (None, None, None)
    stolen = worker.complete("pfp", token, platform_response={}).ok()
    assert "THEIRS" not in json.dumps(stolen), "whoever has the token"


def test_a_bot_that_lost_its_lease_reads_what_happened_and_not_who_said_why(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    agency.operator.post("/api/operator/accounts/a1/retire", {"reason": "Ada asked for it"}).ok()
    problem = worker.complete("pfp", token).refused(409, "lease_superseded")
    assert problem["happened"]["summary"] == "an operator retired account a1"
    assert "Ada" not in json.dumps(problem) and "root" not in json.dumps(problem)
    assert "root retired account a1: Ada asked for it" in json.dumps(agency.operator.events())


def test_every_route_of_bots_that_shows_phases_is_known_here() -> None:
    known = {"phases.complete_phase", "phases.report_error", "accounts.start_warmup", "accounts.warmup_status"}
    shows = {
        one.name
        for one in ENDPOINTS
        if one.kind is ActorKind.BOT
        and any(word in str(one.answer_type) for word in ("Completion", "Report", "Warmup"))
    }
    assert shows == known | {"accounts.complete_warmup"}

"""A model that is withdrawn as a whole: its accounts and its items, step by step."""

from typing import Any

from tests.agency import Agency

PATH = "/api/operator/models/m1/consent/withdraw"


def steps(agency: Agency, **body: Any) -> list[Any]:
    """Every step to the end."""
    found = [agency.operator.post(PATH, {"reason": "she left", **body}).ok()]
    while found[-1]["has_more"]:
        cursor = found[-1]["next_cursor"]
        found.append(agency.operator.post(PATH, {"reason": "she left", "cursor": cursor, **body}).ok())
    return found


def named(found: list[Any]) -> list[tuple[str, str, str]]:
    """What was done with what."""
    return sorted((one["kind"], one["id"], one["outcome"]) for step in found for one in step["results"])


def test_nothing_of_a_withdrawn_model_is_handed_out(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    agency.operator.account("a2")
    body = {"account_id": "a3", "model_id": "m1", "username": "without.consent"}
    agency.operator.post("/api/operator/accounts", body).ok(201)
    agency.operator.model("m2")
    agency.operator.account("b1", model_id="m2")
    worker.take("bio")
    plain = named(steps(agency, dry_run=True))
    assert {outcome for _, _, outcome in plain} == {"would_be_done"}
    assert worker.heartbeat().ok()["lost"] == [], "a dry run changes nothing"
    done = named(steps(agency, limit=2))
    assert [one[:2] for one in done] == [one[:2] for one in plain]
    assert {outcome for _, _, outcome in done} == {"done"}
    assert [one for kind, one, _ in done if kind == "account"] == ["a1", "a2"]
    assert [one["account_id"] for one in worker.heartbeat().ok()["lost"]] == ["a1"]
    assert worker.offered() == ["b1"], "another model goes on"
    for kind in ("content", "texts"):
        items = agency.operator.get(f"/api/operator/models/m1/{kind}?limit=100").ok()["items"]
        assert {one["status"] for one in items} == {"withdrawn"}
    assert agency.operator.get("/api/operator/models/m1").ok()["paused"] is True
    assert named(steps(agency)) == [], "what is withdrawn is left alone"
    agency.operator.verified("a1")
    agency.operator.verified("a2")


def test_a_step_is_checked(agency: Agency) -> None:
    agency.operator.post("/api/operator/models/m9/consent/withdraw", {"reason": "x"}).refused(404, "model_not_found")
    agency.operator.post(PATH, {}).refused(422, "invalid_input")
    agency.operator.post(PATH, {"reason": "x", "cursor": "damaged"}).refused(400, "malformed_request")
    agency.bot().post(PATH, {"reason": "x"}).refused(403, "forbidden")

"""A file's rights follow the file: by its SHA-256, in all models; a key leads to no file of another model."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.edge.serve import installed
from tests.agency import Agency, Bot, Operator, media

MODELS = "/api/operator/models"
SHA256 = media("m1-pfp", "pfp")["sha256"]
COPY = media("copy", "pfp", sha256=SHA256, quality_score=99)


@pytest.fixture
def two(agency: Agency) -> Agency:
    """The agency with a second model, whose item `copy` is the same file as the item `m1-pfp` of the first."""
    agency.operator.model("m2")
    agency.operator.stocked("m2")
    agency.operator.post(f"{MODELS}/m2/content", COPY).ok(201)
    return agency


def edit(operator: Operator, item: str, model_id: str = "m1", **body: Any) -> Any:
    """An edit of a media item."""
    return operator.send("PATCH", f"{MODELS}/{model_id}/content/{item}", body)


def withdraw(operator: Operator, item: str = "m1-pfp", model_id: str = "m1") -> Any:
    """Withdraws an item."""
    return edit(operator, item, model_id, status="withdrawn", reason="she took her consent back").ok()


def at_work(agency: Agency, account_id: str = "a1") -> Bot:
    """A bot with an account of the second model."""
    agency.operator.account(account_id, model_id="m2")
    worker = agency.worker()
    worker.start(account_id).ok()
    return worker


def test_a_withdrawn_file_is_handed_out_by_no_model(two: Agency) -> None:
    worker = at_work(two)
    answer = withdraw(two.operator)
    assert (answer["users"], answer["has_more"]) == ([], False), "it tells nothing of the other model"
    assert two.operator.content("copy", "m2")["status"] == "withdrawn"
    assert worker.content("pfp").ok()["content"]["content_id"] == "m2-pfp"
    problem = edit(two.operator, "copy", "m2", status="approved").refused(409, "content_not_eligible")
    assert "m1" not in problem["detail"]
    events = two.operator.get("/api/operator/audit").ok()["items"]
    assert ("content:withdraw", "content:copy") in [(event["action"], event["subject"]) for event in events]
    assert "consent back" not in str([event for event in events if event["subject"] == "content:copy"])


def test_a_user_of_one_model_withdraws_the_file_in_those_that_they_do_not_see(two: Agency) -> None:
    worker = at_work(two)
    worker.content("pfp").ok()
    body = {"user_id": "anna", "role": "approver", "models": ["m1"]}
    anna = Operator(two.client, two.operator.post("/api/operator/users", body).ok(201)["key"])
    answer = withdraw(anna)
    assert (answer["users"], answer["has_more"]) == ([], False)
    assert two.operator.content("copy", "m2")["status"] == "withdrawn"
    assert [one["withdrawn"] for one in worker.heartbeat().ok()["held"]] == [True]


def test_a_withdrawn_file_is_taken_off_its_phases_and_told_to_its_workers_in_all_models(two: Agency) -> None:
    worker = at_work(two)
    given = worker.content("pfp").ok()
    assert given["content"]["content_id"] == "copy"
    two.operator.account("a2", model_id="m2")
    other = two.worker("b2")
    other.release(other.start("a2").ok()["lease"]["lease_token"], "a2").ok()
    two.time.advance(2 * 86400)
    assign = {"content_id": "copy", "reason": "it fits"}
    two.operator.post("/api/operator/accounts/a2/phases/pfp/assign", assign).ok()
    worker = two.worker()
    worker.content("pfp").ok()
    withdraw(two.operator)
    assert [one["withdrawn"] for one in worker.heartbeat().ok()["held"]] == [True]
    assert two.operator.account_document("a2")["phases"][0]["assigned_content_id"] is None
    assert other.content("pfp", "a2").ok()["content"]["content_id"] == "m2-pfp"


def test_a_withdrawn_file_is_taken_by_no_model(two: Agency) -> None:
    withdraw(two.operator)
    two.operator.model("m3")
    before = two.wire.image()
    given = {**COPY, "content_id": "third"}
    two.operator.post(f"{MODELS}/m3/content", given).refused(409, "content_not_eligible")
    form = {"filename": "x.png", "media_type": "image/png", "bytes": 1, "sha256": SHA256}
    two.operator.post(f"{MODELS}/m3/content/uploads", form).refused(409, "content_not_eligible")
    for dry_run in ("true", "false"):
        path = f"{MODELS}/m3/content/import?dry_run={dry_run}"
        raw = str(given).replace("'", '"').encode()
        rows = two.operator.post(path, raw=raw, content_type="application/x-ndjson").ok()["rows"]
        assert [row["error"]["code"] for row in rows] == ["content_not_eligible"]
    assert two.wire.image() == before


def test_the_withdrawn_item_alone_brings_its_file_back(two: Agency) -> None:
    withdraw(two.operator)
    assert withdraw(two.operator, "copy", "m2")["replayed"]
    edit(two.operator, "m1-pfp", status="approved").ok()
    assert two.operator.content("copy", "m2")["status"] == "withdrawn", "its own approver decides"
    edit(two.operator, "copy", "m2", status="approved").ok()
    withdraw(two.operator, "copy", "m2")
    assert two.operator.content("m1-pfp")["status"] == "withdrawn"


def test_what_waits_for_approval_is_withdrawn_too_and_what_was_rejected_is_approved_by_nobody(two: Agency) -> None:
    for model_id, status in (("m3", "pending"), ("m4", "pending")):
        two.operator.model(model_id)
        made = {**COPY, "content_id": f"in-{model_id}", "status": status}
        two.operator.post(f"{MODELS}/{model_id}/content", made).ok(201)
    edit(two.operator, "in-m4", "m4", status="rejected").ok()
    withdraw(two.operator)
    assert two.operator.content("in-m3", "m3")["status"] == "withdrawn"
    edit(two.operator, "in-m4", "m4", status="approved").refused(409, "content_not_eligible")


def test_an_item_that_comes_in_the_place_of_a_withdrawn_one_frees_its_file(two: Agency) -> None:
    withdraw(two.operator)
    two.operator.post(f"{MODELS}/m1/content", {**COPY, "content_id": "again"}).ok(201)
    edit(two.operator, "copy", "m2", status="approved").ok()


def test_an_item_that_is_added_as_withdrawn_withdraws_its_file(agency: Agency) -> None:
    agency.operator.post(f"{MODELS}/m1/content", media("gone", "pfp", status="withdrawn")).ok(201)
    agency.operator.model("m2")
    given = media("other", "pfp", sha256=media("gone", "pfp")["sha256"])
    agency.operator.post(f"{MODELS}/m2/content", given).refused(409, "content_not_eligible")


# who comes between


def test_an_item_that_is_added_while_its_file_is_withdrawn_does_not_slip_through(agency: Agency) -> None:
    agency.operator.model("m2")
    agency.wire.meanwhile(lambda: withdraw(agency.operator))
    agency.operator.post(f"{MODELS}/m2/content", COPY).refused(409, "content_not_eligible")


def test_an_item_that_is_approved_while_its_file_is_withdrawn_does_not_slip_through(agency: Agency) -> None:
    agency.operator.model("m2")
    agency.operator.post(f"{MODELS}/m2/content", {**COPY, "status": "pending"}).ok(201)
    edit(agency.operator, "copy", "m2", status="rejected").ok()
    agency.wire.meanwhile(lambda: withdraw(agency.operator))
    edit(agency.operator, "copy", "m2", status="approved").refused(409, "content_not_eligible")


# keys


@pytest.fixture
def checked(agency: Agency) -> Iterator[Agency]:
    """The agency where the files of new items are checked; no request reaches a bucket here."""
    installed.settings = replace(installed.settings, verify_media=True)
    agency.operator.model("m2")
    yield agency


@pytest.mark.parametrize(
    "key",
    [
        f"m2/{SHA256}/a.png",
        f"m10/{SHA256}/a.png",
        f"uploads/m1/{SHA256}/a.png",
        f"m1/../m2/{SHA256}/a.png",
        f"m1/{SHA256}/../../m2/{SHA256}/a.png",
        f"m1/{SHA256}/",
        f"m1/{SHA256}",
        "m1/a.png",
        f"m1//{SHA256}/a.png",
        f"/m1/{SHA256}/a.png",
    ],
)
def test_a_key_that_the_service_did_not_give_for_this_model_is_refused_before_anything_is_read(
    checked: Agency, key: str
) -> None:
    before = checked.wire.image()
    given = media("x", "pfp", media_key=key, sha256=SHA256.replace("a", "b"))
    problem = checked.operator.post(f"{MODELS}/m1/content", given).refused(422, "invalid_input")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/media_key"]
    assert checked.wire.image() == before

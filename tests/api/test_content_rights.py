"""Rights as gates: items are edited, withdrawn, approved by a second pair of eyes; whoever holds them is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import plans
from tests.agency import Agency, Operator, Reply, media, words

CONTENT = "/api/operator/models/m1/content"


def edit(operator: Operator, item: str, body: dict[str, Any], *, tag: str | None = None) -> Reply:
    """An edit of a media item (`content/…`) or a text (`texts/…`)."""
    return operator.send("PATCH", f"/api/operator/models/m1/{item}", body, headers={"If-Match": tag})


def test_an_edit_changes_what_is_given_and_nothing_else(agency: Agency) -> None:
    operator = agency.operator
    before = operator.content("m1-pfp")
    answer = edit(operator, "content/m1-pfp", {"quality_score": 91.5, "tags": ["b", "a"], "theme": "sea"})
    after = answer.ok()
    changed = {"quality_score": 91.5, "tags": ["a", "b"], "theme": "sea", "version": before["version"] + 1}
    assert {name: value for name, value in after.items() if name != "replayed"} == {**before, **changed}
    assert answer.headers["ETag"] == f'"{after["version"]}"'
    again = edit(operator, "content/m1-pfp", {"quality_score": 91.5, "tags": ["a", "b"], "theme": "sea"}).ok()
    assert again == {**after, "replayed": True}
    cleared = edit(operator, "content/m1-pfp", {"theme": None, "tags": []}).ok()
    assert (cleared["theme"], cleared["tags"]) == (None, [])


def test_a_stale_edit_is_refused_with_what_stands_there_now(agency: Agency) -> None:
    operator = agency.operator
    seen = operator.get(f"{CONTENT}/m1-pfp").headers["ETag"]
    edit(operator, "content/m1-pfp", {"max_usage": 7}, tag=seen).ok()
    problem = edit(operator, "content/m1-pfp", {"max_usage": 8}, tag=seen).refused(412, "version_conflict")
    assert problem["current"]["max_usage"] == 7
    edit(operator, "content/m1-pfp", {"max_usage": 8}, tag=f'"{problem["current"]["version"]}"').ok()
    edit(operator, "content/m1-pfp", {"max_usage": 9}, tag="*").ok()
    edit(operator, "content/m1-pfp", {"max_usage": 9}, tag="what?").refused(400, "malformed_request")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"quality_score": None}, "/quality_score"),
        ({"quality_score": 101}, "/quality_score"),
        ({"max_usage": 0}, "/max_usage"),
        ({"enabled": 1}, "/enabled"),
        ({"status": "gone"}, "/status"),
        ({"theme": "desert"}, "/theme"),
        ({"sha256": "ab" * 32}, "/sha256"),
    ],
)
def test_an_edit_that_is_none_is_refused(agency: Agency, body: dict[str, Any], pointer: str) -> None:
    before = agency.wire.image()
    problem = edit(agency.operator, "content/m1-pfp", body).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer
    assert agency.wire.image() == before


def test_rights_move_as_the_table_says(agency: Agency) -> None:
    operator = agency.operator
    operator.media("new", "pfp", status="pending")
    edit(operator, "content/new", {"status": "rejected"}).ok()
    edit(operator, "content/new", {"status": "withdrawn"}).refused(409, "invalid_transition")
    approved = edit(operator, "content/new", {"status": "approved"}).ok()
    assert (approved["status"], approved["approved_by"]) == ("approved", "root")
    edit(operator, "content/new", {"status": "rejected"}).refused(409, "invalid_transition")
    edit(operator, "content/new", {"status": "withdrawn", "reason": "the photographer asked"}).ok()
    edit(operator, "content/new", {"status": "approved"}).ok()


@pytest.mark.parametrize(
    "gate",
    [
        {"status": "withdrawn"},
        {"enabled": False},
        {"licence": {"licensed_by": "Ada", "valid_until": "2026-01-01T00:00:00Z"}},
    ],
)
def test_what_lost_its_rights_is_given_to_nobody(agency: Agency, gate: dict[str, Any]) -> None:
    agency.operator.account()
    worker = agency.worker()
    worker.start().ok()
    edit(agency.operator, "content/m1-pfp", gate).ok()
    assert worker.content("pfp").ok()["content"]["content_id"] == "m1-any"


def test_an_assigned_but_undelivered_item_that_is_withdrawn_is_replaced_and_its_use_given_back(agency: Agency) -> None:
    operator = agency.operator
    operator.account()
    worker = agency.worker()
    token = worker.start().ok()["lease"]["lease_token"]
    worker.release(token).ok()
    assign = {"content_id": "m1-pfp", "reason": "it fits"}
    operator.post("/api/operator/accounts/a1/phases/pfp/assign", assign).ok()
    assert operator.content("m1-pfp")["usage_count"] == 1
    withdrawn = edit(operator, "content/m1-pfp", {"status": "withdrawn"}).ok()
    assert [(user["account_id"], user["hold"]) for user in withdrawn["users"]] == [("a1", "unassigned")]
    assert operator.content("m1-pfp")["usage_count"] == 0
    assert operator.account_document()["phases"][0]["status"] == "available"
    assert worker.content("pfp").ok()["content"]["content_id"] == "m1-any"
    operator.verified()
    history = operator.get("/api/operator/assignments?content_id=m1-pfp").ok()["items"]
    assert [row["outcome"] for row in history] == ["withdrawn"]


def test_an_item_whose_licence_ran_out_while_assigned_is_replaced_at_the_next_call(agency: Agency) -> None:
    operator, time = agency.operator, agency.time
    operator.account()
    worker = agency.worker()
    until = time.told(timedelta(hours=1))
    operator.media("soon", "pfp", quality_score=99, licence={"licensed_by": "Ada", "valid_until": until})
    worker.start().ok()
    given = worker.content("pfp").ok()
    assert given["content"]["content_id"] == "soon"
    worker.release(given["lease"]["lease_token"]).ok()
    time.advance(timedelta(hours=2))
    assert worker.content("pfp").ok()["content"]["content_id"] == "m1-pfp"
    assert operator.content("soon")["usage_count"] == 1, "it was delivered: it may have been used"
    operator.verified()


def test_a_delivered_item_that_is_withdrawn_shows_in_the_answer_and_in_the_heartbeat(agency: Agency) -> None:
    operator = agency.operator
    operator.account()
    worker = agency.worker()
    worker.start().ok()
    given = worker.content("pfp").ok()
    assert (given["withdrawn"], worker.heartbeat().ok()["held"][0]["withdrawn"]) == (False, False)
    answer = edit(operator, "content/m1-pfp", {"status": "withdrawn"}).ok()
    assert [(user["account_id"], user["phase"], user["hold"]) for user in answer["users"]] == [("a1", "pfp", "held")]
    again = worker.content("pfp").ok()
    assert (again["withdrawn"], again["withdrawn_ids"]) == (True, ["m1-pfp"])
    assert again["lease"]["lease_token"] == given["lease"]["lease_token"]
    assert [held["withdrawn"] for held in worker.heartbeat().ok()["held"]] == [True]
    # the worker refuses it, and is given another
    worker.report("pfp", given["lease"]["lease_token"], kind="content").ok()
    assert worker.content("pfp").ok()["content"]["content_id"] == "m1-any"
    operator.verified()


def test_a_withdrawal_tells_who_has_used_the_item(agency: Agency) -> None:
    operator = agency.operator
    agency.warmed_to("bio")
    answer = edit(operator, "content/m1-pfp", {"status": "withdrawn"}).ok()
    (user,) = answer["users"]
    assert (user["account_id"], user["phase"], user["outcome"], user["hold"]) == ("a1", "pfp", "completed", "used")
    assert answer["has_more"] is False


def test_a_withdrawal_sent_again_does_not_tell_the_worker_twice(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.take()
    answer = edit(agency.operator, "content/m1-pfp", {"status": "withdrawn"}).ok()
    before = agency.wire.image()
    again = edit(agency.operator, "content/m1-pfp", {"status": "withdrawn"}).ok()
    assert again == {**answer, "replayed": True}
    assert agency.wire.image() == before


def test_a_withdrawn_text_goes_alone_and_the_picture_stays(agency: Agency) -> None:
    operator = agency.operator
    worker = agency.warmed_to("post")
    given = worker.content("post").ok()
    worker.release(given["lease"]["lease_token"]).ok()
    operator.words("another", "post")
    edit(operator, "texts/m1-post-text", {"status": "withdrawn"}).ok()
    again = worker.content("post").ok()
    assert (again["content"]["content_id"], again["text"]["text_id"]) == ("m1-post", "another")
    operator.verified()


@pytest.mark.parametrize("gate", [{"status": "withdrawn"}, {"enabled": False}])
@pytest.mark.parametrize("just_before_the_write", [False, True])
def test_what_a_replacement_kept_and_lost_its_rights_since_is_given_to_nobody(
    agency: Agency, gate: dict[str, Any], just_before_the_write: bool
) -> None:
    operator = agency.operator
    operator.media("other", "post", quality_score=10)
    operator.words("other-text", "post", quality_score=10)
    worker = agency.warmed_to("post")
    worker.report("post", worker.take("post"), kind="content").ok()  # the picture goes, the text is kept

    def lose() -> None:
        edit(operator, "texts/m1-post-text", gate).ok()

    agency.wire.meanwhile(lose) if just_before_the_write else lose()
    given = worker.content("post").ok()
    assert (given["content"]["content_id"], given["text"]["text_id"]) == ("other", "other-text")
    assert operator.text("m1-post-text")["usage_count"] == 1, "it was delivered: it may have been used"
    worker.complete("post", given["lease"]["lease_token"]).ok()
    operator.verified()


def test_under_four_eyes_nobody_approves_their_own(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = replace(plans.STANDARD, four_eyes=True)
    monkeypatch.setattr(plans, "STANDARD", strict)
    monkeypatch.setitem(plans.PLANS, ("standard", 1), strict)
    operator = agency.operator
    second = Operator(
        agency.client, operator.post("/api/operator/users", {"user_id": "o2", "role": "approver"}).ok(201)["key"]
    )
    made = operator.media("mine", "pfp", quality_score=99)
    assert made["status"] == "pending"
    edit(operator, "content/mine", {"status": "approved"}).refused(409, "four_eyes")
    assert edit(second, "content/mine", {"status": "approved"}).ok()["approved_by"] == "o2"
    operator.account()
    worker = agency.worker()
    worker.start().ok()
    # what was approved by its maker before the plan demanded four eyes is not eligible either
    assert worker.content("pfp").ok()["content"]["content_id"] == "mine"


@pytest.mark.parametrize("kind", ["content", "texts"])
def test_a_twin_is_refused_with_its_id(agency: Agency, kind: str) -> None:
    path = f"/api/operator/models/m1/{kind}"
    if kind == "content":
        first, second = media("first", "pfp"), media("second", "any", sha256=media("first", "pfp")["sha256"])
    else:
        first, second = words("first", "bio", body="Straße  am\nMeer"), words("second", "any", body=" STRASSE am meer")
    agency.operator.post(path, first).ok(201)
    before = agency.wire.image()
    problem = agency.operator.post(path, second).refused(409, "already_exists")
    assert problem["duplicate_of"] == "first"
    assert agency.wire.image() == before
    agency.operator.post(path, first).ok()
    agency.operator.model("m2")
    agency.operator.post(path.replace("m1", "m2"), second).ok(201)


def test_of_two_creators_of_the_same_file_at_once_one_is_refused(agency: Agency) -> None:
    operator = agency.operator
    twin = media("b", "pfp", sha256=media("a", "pfp")["sha256"])
    agency.wire.meanwhile(lambda: operator.post(CONTENT, media("a", "pfp")).ok(201))
    problem = operator.post(CONTENT, twin).refused(409, "already_exists")
    assert problem["duplicate_of"] == "a"
    operator.get(f"{CONTENT}/b").refused(404, "content_not_found")


# who comes between


def test_an_item_that_is_withdrawn_just_before_the_write_is_given_to_nobody(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    worker.start().ok()
    agency.wire.meanwhile(lambda: edit(agency.operator, "content/m1-pfp", {"status": "withdrawn"}).ok())
    assert worker.content("pfp").ok()["content"]["content_id"] == "m1-any"
    assert agency.operator.content("m1-pfp")["usage_count"] == 0
    agency.operator.verified()


def test_an_assigned_item_that_is_disabled_just_before_its_delivery_is_replaced(agency: Agency) -> None:
    operator = agency.operator
    operator.account()
    worker = agency.worker()
    worker.release(worker.start().ok()["lease"]["lease_token"]).ok()
    operator.post("/api/operator/accounts/a1/phases/pfp/assign", {"content_id": "m1-pfp", "reason": "it fits"}).ok()
    agency.wire.meanwhile(lambda: edit(operator, "content/m1-pfp", {"enabled": False}).ok())
    assert worker.content("pfp").ok()["content"]["content_id"] == "m1-any"
    assert operator.content("m1-pfp")["usage_count"] == 0
    operator.verified()


def test_of_two_edits_at_once_both_are_kept(agency: Agency) -> None:
    operator = agency.operator
    agency.wire.meanwhile(lambda: edit(operator, "content/m1-pfp", {"max_usage": 9}).ok())
    edit(operator, "content/m1-pfp", {"quality_score": 11}).ok()
    stored = operator.content("m1-pfp")
    assert (stored["max_usage"], stored["quality_score"], stored["version"]) == (9, 11, 3)


def test_an_edit_and_an_assignment_at_once_both_count(agency: Agency) -> None:
    operator = agency.operator
    operator.account()
    worker = agency.worker()
    worker.start().ok()
    agency.wire.meanwhile(lambda: worker.content("pfp").ok())
    edit(operator, "content/m1-pfp", {"max_usage": 2}).ok()
    stored = operator.content("m1-pfp")
    assert (stored["usage_count"], stored["max_usage"]) == (1, 2)
    # the index tells both: a second account finds the item resting, a third day later it has one use left
    agency.time.advance(timedelta(hours=25))
    operator.account("a2")
    worker.start("a2").ok()
    assert worker.content("pfp", "a2").ok()["content"]["content_id"] == "m1-pfp"


def test_three_swaps_and_then_people_and_never_the_same_item_twice(agency: Agency) -> None:
    operator = agency.operator
    for number in range(4):
        operator.media(f"more{number}", "pfp", quality_score=90 + number)
    operator.account()
    worker = agency.worker()
    worker.start().ok()
    given, outcomes = [], []
    for _ in range(4):
        answer = worker.content("pfp").ok()
        given.append(answer["content"]["content_id"])
        outcomes.append(worker.report("pfp", answer["lease"]["lease_token"], kind="content").ok()["outcome"])
    assert (given, outcomes) == (["more3", "more2", "more1", "more0"], ["replace", "replace", "replace", "review"])
    assert [operator.content(content_id)["failures"] for content_id in given] == [1, 1, 1, 1]
    phase = operator.account_document()["phases"][0]
    assert (phase["retry_count"], phase["replacement_count"], phase["status"]) == (0, 3, "requires_review")

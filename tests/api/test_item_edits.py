"""Honest mistakes with pool items have a way round: their category, their words, what was withdrawn unused."""

import json
from typing import Any

import pytest

from chalicelib.domain import duplicates
from tests.agency import Agency, Reply, media, words

MODELS = "/api/operator/models"
TEXTS = f"{MODELS}/m1/texts"
KINDS = pytest.mark.parametrize(
    ("kind", "make", "key"), [("content", media, "content_id"), ("texts", words, "text_id")]
)


def edit(agency: Agency, item: str, change: dict[str, Any], model_id: str = "m1") -> Reply:
    """A PATCH of an item such as `texts/t1`."""
    return agency.operator.send("PATCH", f"{MODELS}/{model_id}/{item}", change)


def given_to_somebody(agency: Agency, text_id: str) -> None:
    """Has the bio of a new account be this text."""
    agency.operator.account("taker")
    agency.warmed_to("bio", "taker")
    assert agency.worker().content("bio", "taker").ok()["text"]["text_id"] == text_id


@KINDS
def test_two_models_have_the_same_item_without_ids(agency: Agency, kind: str, make: Any, key: str) -> None:
    agency.operator.model("m2")
    body = make("x", "post")
    del body[key]
    made = [agency.operator.post(f"{MODELS}/{model}/{kind}", body).ok(201) for model in ("m1", "m2")]
    assert made[0][key] != made[1][key]
    assert [agency.operator.post(f"{MODELS}/{model}/{kind}", body).ok()["replayed"] for model in ("m1", "m2")] == [
        True
    ] * 2


@KINDS
def test_an_id_that_another_model_has_is_refused_with_a_way_out(agency: Agency, kind: str, make: Any, key: str) -> None:
    agency.operator.model("m2")
    agency.operator.post(f"{MODELS}/m1/{kind}", make("x", "post")).ok(201)
    problem = agency.operator.post(f"{MODELS}/m2/{kind}", make("x", "post")).refused(409, "already_exists")
    assert "the model m1" in problem["detail"]
    assert f"Leave {key} out" in problem["detail"]


@KINDS
def test_the_category_of_an_item_can_be_changed(agency: Agency, kind: str, make: Any, key: str) -> None:
    path = f"{MODELS}/m1/{kind}"
    agency.operator.post(path, make("x", "post", quality_score=99)).ok(201)
    changed = edit(agency, f"{kind}/x", {"category": "highlight", "reason": "it was meant so"}).ok()
    assert (changed["category"], changed["replayed"]) == ("highlight", False)
    assert edit(agency, f"{kind}/x", {"category": "highlight"}).ok()["replayed"] is True
    row = next(row for row in agency.wire.image()[f"test-{kind}"].values() if row[key] == {"S": "x"})
    assert (row["pool"]["S"], row["whole_pool"]["S"]) == ("m1#highlight#-", "m1#highlight")
    events = agency.operator.get(f"/api/operator/audit?day={agency.time.now:%Y-%m-%d}&limit=100").ok()["items"]
    assert [{"what": "category", "from": "post", "to": "highlight"}] in [one["transitions"] for one in events]
    agency.operator.account()
    agency.warmed_to("highlight")
    explained = agency.operator.get("/api/operator/accounts/a1/phases/highlight/explain").ok()
    assert '"x"' in json.dumps(explained)


def test_a_text_that_nobody_was_given_gets_other_words(agency: Agency) -> None:
    agency.operator.words("t1", "bio", body="Sea and snu.", quality_score=99)
    changed = edit(agency, "texts/t1", {"body": "Sea and sun."}).ok()
    assert changed["body"] == "Sea and sun."
    agency.operator.post(TEXTS, words("t2", "bio", body="sea  and SUN.")).refused(409, "already_exists")
    agency.operator.post(TEXTS, words("t3", "bio", body="Sea and snu.")).ok(201)
    given_to_somebody(agency, "t1")


def test_other_spacing_of_the_same_words_is_still_the_same_text(agency: Agency) -> None:
    agency.operator.words("t1", "bio", body="Sea and sun.")
    edit(agency, "texts/t1", {"body": "Sea  and sun."}).ok()
    agency.operator.post(TEXTS, words("t2", "bio", body="Sea and sun.")).refused(409, "already_exists")


def test_words_that_another_text_has_are_refused(agency: Agency) -> None:
    agency.operator.words("t1", "bio", body="One.")
    agency.operator.words("t2", "post", body="Two.")
    before = agency.wire.image()
    problem = edit(agency, "texts/t1", {"body": "TWO."}).refused(409, "already_exists")
    assert (problem["duplicate_of"], problem["duplicate_status"], problem["duplicate_category"]) == (
        "t2",
        "approved",
        "post",
    )
    assert agency.wire.image() == before


def test_a_text_that_was_given_to_somebody_keeps_its_words(agency: Agency) -> None:
    agency.operator.words("t1", "bio", body="Sea and snu.", quality_score=99)
    given_to_somebody(agency, "t1")
    edit(agency, "texts/t1", {"body": "Sea and sun."}).refused(409, "invalid_transition")
    edit(agency, "texts/t1", {"body": "Sea and snu."}).ok()
    edit(agency, "texts/t1", {"category": "post"}).ok()


def test_a_text_that_is_given_to_somebody_in_the_same_moment_keeps_its_words(agency: Agency) -> None:
    agency.operator.words("t1", "bio", body="Sea and snu.", quality_score=99)
    agency.operator.account("taker")
    agency.warmed_to("bio", "taker")
    worker = agency.worker()
    agency.wire.meanwhile(lambda: worker.content("bio", "taker").ok())
    edit(agency, "texts/t1", {"body": "Sea and sun."}).refused(409, "invalid_transition")
    assert worker.content("bio", "taker").ok()["text"]["body"] == "Sea and snu."


def test_a_text_whose_words_change_in_the_same_moment_is_given_with_the_new_ones(agency: Agency) -> None:
    agency.operator.words("t1", "bio", body="Sea and snu.", quality_score=99)
    agency.operator.account("taker")
    agency.warmed_to("bio", "taker")
    worker = agency.worker()
    agency.wire.meanwhile(lambda: edit(agency, "texts/t1", {"body": "Sea and sun."}).ok())
    assert worker.content("bio", "taker").ok()["text"]["body"] == "Sea and sun."


def test_media_have_no_words(agency: Agency) -> None:
    agency.operator.media("x", "any")
    edit(agency, "content/x", {"body": "x"}).refused(422, "invalid_input")


@pytest.mark.parametrize(
    ("body", "right"),
    [
        *(
            (blank, False)
            for blank in (" ", "\n", "\u200b", "\u2060\ufeff", "\u202e", "\u00ad", "\u2800", "\u3164", "\uffa0")
        ),
        *((control, False) for control in ("\0", "a\0b", "a\rb", "\x1b[1mx", "a\x85b")),
        *((seen, True) for seen in ("a", "a\tb\nc\r\nd", "👨\u200d👩\u200d👧", "\u202eevil", "7", "…", "a\u3164")),
    ],
)
def test_a_text_has_something_to_see_and_no_control_characters(agency: Agency, body: str, right: bool) -> None:
    given = words("t1", "bio", body=body)
    answers = [agency.operator.post(TEXTS, given)]
    answers.append(
        edit(agency, "texts/m1-bio-text", {"body": body}) if right else edit(agency, "texts/x", {"body": body})
    )
    if right:
        assert answers[0].ok(201)["body"] == body
        return
    for answer in answers:
        assert [one["pointer"] for one in answer.refused(422, "invalid_input")["errors"]] == ["/body"]


@KINDS
def test_what_was_withdrawn_before_anybody_had_it_blocks_nobody(agency: Agency, kind: str, make: Any, key: str) -> None:
    path, given = f"{MODELS}/m1/{kind}", make("old", "bio")
    agency.operator.post(path, given).ok(201)
    edit(agency, f"{kind}/old", {"status": "withdrawn"}).ok()
    other = {**given, key: "new", "category": "post"}
    dry = agency.operator.post(
        f"{path}/import?dry_run=true", raw=json.dumps(other).encode(), content_type="application/x-ndjson"
    ).ok()
    assert dry["counts"]["created"] == 1
    agency.operator.post(path, other).ok(201)
    problem = agency.operator.post(path, {**given, key: "third"}).refused(409, "already_exists")
    assert (problem["duplicate_of"], problem["duplicate_status"], problem["duplicate_category"]) == (
        "new",
        "approved",
        "post",
    )
    again = edit(agency, f"{kind}/old", {"status": "approved"}).refused(409, "already_exists")
    assert again["duplicate_of"] == "new"
    edit(agency, f"{kind}/new", {"status": "withdrawn"}).ok()
    edit(agency, f"{kind}/old", {"status": "approved"}).ok()
    edit(agency, f"{kind}/new", {"status": "approved"}).refused(409, "already_exists")


def test_a_dry_run_knows_that_a_withdrawn_row_makes_way(agency: Agency) -> None:
    rows = [words("t1", "bio", body="Sea.", status="withdrawn"), words("t2", "bio", body="Sea.")]
    raw = "\n".join(json.dumps(row) for row in rows).encode()
    for dry_run in ("true", "false"):
        path = f"{TEXTS}/import?dry_run={dry_run}"
        found = agency.operator.post(path, raw=raw, content_type="application/x-ndjson").ok()
        assert found["counts"]["created"] == 2


@KINDS
def test_the_same_without_an_id_comes_again_after_it_was_withdrawn(
    agency: Agency, kind: str, make: Any, key: str
) -> None:
    path, given = f"{MODELS}/m1/{kind}", make("x", "bio")
    del given[key]
    first = agency.operator.post(path, given).ok(201)
    edit(agency, f"{kind}/{first[key]}", {"status": "withdrawn"}).ok()
    second = agency.operator.post(path, given).ok(201)
    assert (second[key] != first[key], second["status"]) == (True, "approved")


def test_what_was_used_once_and_withdrawn_does_not_come_again(agency: Agency) -> None:
    agency.operator.words("t1", "bio", body="Sea and sun.", quality_score=99)
    given_to_somebody(agency, "t1")
    edit(agency, "texts/t1", {"status": "withdrawn"}).ok()
    problem = agency.operator.post(TEXTS, words("t2", "bio", body="Sea and sun.")).refused(409, "already_exists")
    assert (problem["duplicate_of"], problem["duplicate_status"]) == ("t1", "withdrawn")
    assert "`withdrawn`" in problem["detail"]


def test_a_file_that_was_withdrawn_before_anybody_had_it_can_be_uploaded_again(agency: Agency) -> None:
    given = media("old", "pfp")
    agency.operator.post(f"{MODELS}/m1/content", given).ok(201)
    form = {"filename": "x.png", "media_type": "image/png", "bytes": 1, "sha256": given["sha256"]}
    problem = agency.operator.post(f"{MODELS}/m1/content/uploads", form).refused(409, "already_exists")
    assert problem["duplicate_of"] == "old"
    edit(agency, "content/old", {"status": "withdrawn"}).ok()
    agency.operator.post(f"{MODELS}/m1/content/uploads", form).ok(201)


def test_of_two_who_come_after_a_withdrawn_item_at_once_one_is_refused(agency: Agency) -> None:
    agency.operator.words("old", "bio", body="Sea.")
    edit(agency, "texts/old", {"status": "withdrawn"}).ok()
    agency.wire.meanwhile(lambda: agency.operator.post(TEXTS, words("quick", "bio", body="Sea.")).ok(201))
    assert (
        agency.operator.post(TEXTS, words("slow", "bio", body="Sea.")).refused(409, "already_exists")["duplicate_of"]
        == "quick"
    )


def test_an_item_that_is_approved_again_in_the_same_moment_makes_no_way(agency: Agency) -> None:
    agency.operator.words("old", "bio", body="Sea.")
    edit(agency, "texts/old", {"status": "withdrawn"}).ok()
    agency.wire.meanwhile(lambda: edit(agency, "texts/old", {"status": "approved"}).ok())
    assert (
        agency.operator.post(TEXTS, words("new", "bio", body="Sea.")).refused(409, "already_exists")["duplicate_of"]
        == "old"
    )


@pytest.mark.parametrize("twin", ["Sea and sun\u200b", "Sea\u200f and sun", "Sea and sun\ufe0f", "S\u00adea and sun"])
def test_a_text_that_looks_the_same_is_a_twin_and_is_kept_as_it_is(agency: Agency, twin: str) -> None:
    made = agency.operator.words("t1", "bio", body=twin)
    assert made["body"] == twin
    for body in ("Sea and sun", twin):
        problem = agency.operator.post(TEXTS, words("t2", "post", body=body)).refused(409, "already_exists")
        assert problem["duplicate_of"] == "t1"


def test_texts_of_a_release_before_are_found_as_twins(agency: Agency) -> None:
    """They have a fingerprint of other words: sent again they are known by it, and a walk gives them today's, too."""
    bodies = {"t1": "Hello\u200b sea", "t2": "Love ❤\ufe0f", "t3": "plain"}
    fingerprints = agency.wire.store.tables["test-fingerprints"]
    for text_id, body in bodies.items():
        agency.operator.words(text_id, "bio", body=body)
        today, before = duplicates.of_text("m1", body), duplicates.of_text_before("m1", body)
        row = fingerprints.rows.pop(fingerprints.key_of({"fingerprint": {"S": today}}))
        agency.wire.plant("test-fingerprints", {**row, "fingerprint": {"S": before}})
    agency.operator.post(TEXTS, words("t1", "bio", body=bodies["t1"])).ok()
    problem = agency.operator.post(TEXTS, words("t4", "bio", body=bodies["t1"])).refused(409, "already_exists")
    assert problem["duplicate_of"] == "t1"
    agency.operator.words("early", "bio", body="love ❤")  # before the walk: it clashes with t2
    found = agency.operator.post(f"{TEXTS}/claims", {}).ok()
    assert (found["claimed"], [one["item_id"] for one in found["clashes"]]) == (1, ["t2"])
    assert "early" in found["clashes"][0]["detail"]
    problem = agency.operator.post(TEXTS, words("t5", "bio", body="hello sea")).refused(409, "already_exists")
    assert problem["duplicate_of"] == "t1"
    assert agency.operator.post(f"{TEXTS}/claims", {}).ok()["claimed"] == 0
    edit(agency, "texts/t1", {"body": "Other words"}).ok()
    agency.operator.words("t6", "bio", body=bodies["t1"])
    agency.operator.post(f"{MODELS}/never/texts/claims", {}).refused(404, "model_not_found")


def test_a_length_is_counted_in_code_points(agency: Agency) -> None:
    agency.operator.words("t1", "bio", body="😀" * 150, quality_score=99)
    agency.operator.words("t2", "bio", body="😀" * 151, quality_score=100)
    given_to_somebody(agency, "t1")

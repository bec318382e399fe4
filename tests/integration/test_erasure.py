"""An account's words of persons: edited, exported, and erased from every table, export and log line."""

import io
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.agency import Agency, Bot
from tests.wire import Call, Fault, Killed

PATH = "/api/operator/accounts"
WORDS = {
    "username": "wilhelmina.uncommon",
    "granted_by": "Wilhelmina Uncommon",
    "reference": "deed of Zanzibar 77",
    "external_ref": "crm-quokka-4711",
    "tag": "zebrafinch",
    "message": "the owner Xanthippe was asleep",
    "detail": "phoned Ferdinand",
    "platform": "posted as Gwendolyn",
    "metric": "seen by Theodora",
    "reason": "because Persephone said so",
    "evidence": "a letter of Archibald",
    "by hand": "Bartholomew chose it",
    "renamed": "wilhelmina.renamed",
}
CONSENT = {"granted_by": WORDS["granted_by"], "granted_at": "2026-01-01T00:00:00.000Z", "reference": WORDS["reference"]}


def full_life(agency: Agency) -> Bot:
    """An account in whose life every word was said, at work on its third phase."""
    body = {"account_id": "a1", "model_id": "m1", "username": WORDS["username"], "consent": CONSENT}
    more = {"tags": [WORDS["tag"]], "external_ref": WORDS["external_ref"]}
    agency.operator.post(PATH, {**body, **more}).ok(201)
    agency.operator.ready("a1", WORDS["reason"]).ok()
    agency.operator.send("PATCH", f"{PATH}/a1", {"username": WORDS["renamed"]}).ok()
    worker = agency.worker()
    worker.start().ok()
    token = worker.take("pfp")
    worker.complete("pfp", token, platform_response={"said": WORDS["platform"]}).ok()
    worker.measure("pfp", 80, agency.time.told(), metrics={"note": WORDS["metric"]}).ok()
    agency.time.advance(timedelta(hours=25))
    details = {"note": WORDS["detail"]}
    worker.report("bio", worker.take("bio"), kind="unknown", message=WORDS["message"], details=details).ok()
    evidence = {"reason": WORDS["reason"], "evidence": {"note": WORDS["evidence"]}}
    agency.operator.post(f"{PATH}/a1/phases/bio/resolve", evidence).ok()
    agency.time.advance(timedelta(hours=25))
    agency.timer()
    agency.operator.media("by-hand", "post", quality_score=1)
    agency.operator.words("by-hand-text", "post", quality_score=1)
    by_hand = {"reason": WORDS["by hand"], "content_id": "by-hand", "text_id": "by-hand-text"}
    agency.operator.post(f"{PATH}/a1/phases/post/assign", by_hand).ok()
    worker.take("post")
    return worker


def erase(agency: Agency, reason: str = WORDS["reason"]) -> Any:
    """Erases the account."""
    return agency.operator.post(f"{PATH}/a1/erase", {"reason": reason}).ok()


def dump(agency: Agency) -> str:
    """Everything that all tables hold."""
    rows = {name: list(table.rows.values()) for name, table in agency.wire.store.tables.items()}
    return json.dumps(rows, default=str, ensure_ascii=False)


def found_in(text: str) -> set[str]:
    """The words that a text holds."""
    return {name for name, word in WORDS.items() if word.casefold() in text.casefold()}


def test_every_word_that_was_said_is_gone(agency: Agency, log: io.StringIO) -> None:
    worker = full_life(agency)
    assert found_in(dump(agency)) == WORDS.keys()
    told = agency.operator.get(f"{PATH}/a1/export").text
    assert found_in(told) == WORDS.keys(), "an export tells all that is kept"
    answer = erase(agency)
    assert (answer["state"], answer["username"], answer["tags"], answer["consent"]) == ("retired", "[erased]", [], None)
    assert (answer["replayed"], answer["consent_state"]) == (False, "missing")
    assert found_in(dump(agency)) == set()
    for path in ("audit?account_id=a1&limit=100", "audit/export", "accounts/a1", "accounts/a1/export", "accounts"):
        assert found_in(agency.operator.get(f"/api/operator/{path}").text) == set(), path
    assert log.getvalue()
    assert found_in(log.getvalue()) == set(), "no log line ever told one"
    assert worker.heartbeat().ok()["lost"][0]["account_id"] == "a1"


def test_the_audit_stays_whole_without_the_words(agency: Agency) -> None:
    full_life(agency)
    before = agency.operator.events()
    erase(agency)
    after = agency.operator.events()
    agency.operator.verified()
    assert len(after) == len(before) + 1
    for was, now in zip(before, after, strict=False):
        assert (now["transitions"], now["at"], now["actor"]) == (was["transitions"], was["at"], was["actor"])
        assert now["details"].keys() == was["details"].keys()
    readied = next(one for one in after if one["action"] == "account:ready")
    assert readied["details"]["reason"] == "[erased]" and "[erased]" in readied["summary"]
    assert after[-1]["action"] == "account:erase"


def test_the_rows_of_events_are_not_touched(agency: Agency) -> None:
    full_life(agency)
    rows = dict(agency.wire.store.tables["test-audit_events"].rows)
    erase(agency)
    left = agency.wire.store.tables["test-audit_events"].rows
    assert {key: left[key] for key in rows} == rows


def test_erased_again_it_changes_nothing(agency: Agency) -> None:
    full_life(agency)
    version = erase(agency)["version"]
    again = erase(agency, "again")
    assert (again["replayed"], again["version"]) == (True, version)


def test_nothing_of_a_person_is_written_of_an_erased_account_any_more(agency: Agency) -> None:
    worker = full_life(agency)
    erase(agency)
    for move, body in {
        "restore": {"reason": WORDS["reason"]},
        "consent": CONSENT,
    }.items():
        agency.operator.post(f"{PATH}/a1/{move}", body).refused(409, "invalid_transition")
    agency.operator.send("PATCH", f"{PATH}/a1", {"username": WORDS["username"]}).refused(409, "invalid_transition")
    at, metrics = agency.time.told(), {"note": WORDS["metric"]}
    worker.measure("pfp", 81, at, metrics=metrics).refused(409, "invalid_transition")
    assert found_in(dump(agency)) == set()


def test_its_profile_is_free_for_another_account(agency: Agency) -> None:
    full_life(agency)
    erase(agency)
    other = {"account_id": "a2", "model_id": "m1", "username": WORDS["renamed"]}
    agency.operator.post(PATH, other).ok(201)


def _dies_behind(number: int) -> Callable[[int, Call], Fault | None]:
    """The function is killed behind the write of that number."""
    writes = itertools.count()

    def at(_: int, call: Call) -> Fault | None:
        return Fault.CRASH_AFTER if call.operation == "TransactWriteItems" and next(writes) == number else None

    return at


def test_a_crash_between_any_two_writes_is_made_good_by_the_next_request(agency: Agency) -> None:
    full_life(agency)
    before, begun = agency.wire.save(), len(agency.wire.calls)
    erase(agency)
    writes = [call for call in agency.wire.calls[begun:] if call.operation == "TransactWriteItems"]
    assert len(writes) >= 3
    for number in range(len(writes)):
        agency.wire.restore(before)
        agency.wire.at = _dies_behind(number)
        with pytest.raises(Killed):
            erase(agency)
        agency.wire.at = lambda *_: None
        assert erase(agency)["replayed"] is True
        assert found_in(dump(agency)) == set()
        agency.operator.verified()


def test_who_may_erase(agency: Agency) -> None:
    full_life(agency)
    agency.bot().post(f"{PATH}/a1/erase", {"reason": "x"}).refused(403, "forbidden")
    agency.operator.post(f"{PATH}/a1/erase", {}).refused(422, "invalid_input")
    agency.operator.post(f"{PATH}/a9/erase", {"reason": "x"}).refused(404, "account_not_found")
    agency.operator.get(f"{PATH}/a9/export").refused(404, "account_not_found")


# export


def test_an_export_holds_the_history(agency: Agency) -> None:
    full_life(agency)
    found = agency.operator.get(f"{PATH}/a1/export").ok()
    account = found["account"]
    assert (account["consent"]["granted_by"], account["external_ref"]) == (CONSENT["granted_by"], WORDS["external_ref"])
    assert [one["version"] for one in found["events"]] == list(range(1, account["version"] + 1))
    assert len(found["assignments"]) == 3
    ended = [one["ended_by"] for one in found["leases"]]
    assert ended == ["phase:complete", "phase:escalate", None]
    assert "lease_token" not in json.dumps(found)


# edit


def edit(agency: Agency, body: Mapping[str, object], version: int | None = None) -> Any:
    """Sends a PATCH."""
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return agency.operator.send("PATCH", f"{PATH}/a1", body, headers=headers)


def test_what_operators_say_of_an_account_can_be_corrected(agency: Agency) -> None:
    agency.operator.account(ready=False)
    body = {"username": "ada", "theme": "sea", "tags": ["vip"], "external_ref": "crm-1"}
    found = edit(agency, body, agency.operator.account_document()["version"]).ok()
    assert {name: found[name] for name in body} == body
    assert edit(agency, body).ok()["replayed"] is True
    event = agency.operator.events()[-1]
    assert event["details"] == {**body, "changed": "external_ref, tags, theme, username"}
    assert found["consent"] is not None
    found = edit(agency, {"theme": None, "tags": None, "external_ref": None}).ok()
    assert (found["theme"], found["tags"], found["external_ref"], found["username"]) == (None, [], None, "ada")
    agency.operator.verified()


def test_an_edit_of_an_old_version_is_refused_with_the_new_one(agency: Agency) -> None:
    agency.operator.account()
    problem = edit(agency, {"username": "ada"}, 1).refused(412, "version_conflict")
    assert problem["current"]["username"] == "user_a1"


def test_a_new_username_takes_its_profile_and_frees_the_old_one(agency: Agency) -> None:
    agency.operator.account("a1")
    agency.operator.account("a2")
    edit(agency, {"username": "@USER_A2"}).refused(409, "already_exists")
    edit(agency, {"username": "ada"}).ok()
    agency.operator.post(PATH, {"account_id": "a3", "model_id": "m1", "username": "user_a1"}).ok(201)
    agency.operator.post(PATH, {"account_id": "a4", "model_id": "m1", "username": "Ada"}).refused(409, "already_exists")


@pytest.mark.parametrize("body", [{"theme": "unknown"}, {"username": "\u200b"}, {"tags": ["no tag"]}, {"more": 1}])
def test_an_edit_is_checked(agency: Agency, body: dict[str, object]) -> None:
    agency.operator.account()
    edit(agency, body).refused(422, "invalid_input")

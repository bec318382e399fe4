"""One profile, one living account: whatever the spelling, the ids, the models and the moment."""

import json
from typing import Any

import pytest

from chalicelib.domain import profiles
from tests.agency import CONSENT, Agency, Bot

PATH = "/api/operator/accounts"
IMPORT = f"{PATH}/import"
CLAIMS = f"{PATH}/claims"
NDJSON = "application/x-ndjson"
SPELLINGS = ("Nora", "@nora", " nora ", "nora\u00a0", "no\u200dra", "ＮＯＲＡ", "n ora")


def account(username: str = "nora", **more: Any) -> dict[str, Any]:
    """An account."""
    return {"model_id": "m1", "username": username, "consent": CONSENT, **more}


def imported(agency: Agency, rows: list[dict[str, Any]], *, dry_run: bool = False) -> list[Any]:
    """The outcomes of an import."""
    raw = "\n".join(json.dumps(row) for row in rows).encode()
    path = f"{IMPORT}?dry_run={str(dry_run).lower()}"
    found: list[Any] = agency.operator.post(path, raw=raw, content_type=NDJSON).ok()["rows"]
    return found


@pytest.mark.parametrize("username", SPELLINGS)
@pytest.mark.parametrize("more", [{}, {"account_id": "second"}, {"account_id": "second", "model_id": "m2"}])
def test_a_second_account_of_a_profile_is_refused(agency: Agency, username: str, more: dict[str, Any]) -> None:
    agency.operator.model("m2")
    agency.operator.post(PATH, account(account_id="first")).ok(201)
    before = agency.wire.image()
    problem = agency.operator.post(PATH, account(username, **more)).refused(409, "already_exists")
    assert problem["account_id"] == "first"
    assert "first" in problem["detail"]
    assert agency.wire.image() == before


@pytest.mark.parametrize("username", SPELLINGS)
def test_without_an_id_another_spelling_never_makes_a_second_account(agency: Agency, username: str) -> None:
    made = agency.operator.post(PATH, account()).ok(201)
    again = agency.operator.post(PATH, account(username))
    if username.strip() == "nora":
        assert again.ok()["replayed"] is True
    else:
        assert again.refused(409, "already_exists")["account_id"] == made["account_id"]


@pytest.mark.parametrize("username", ["no\u200bra", "\u202enora", "nora\u00ad"])
def test_a_username_with_a_format_character_is_refused_whoever_else_is_there(agency: Agency, username: str) -> None:
    agency.operator.post(PATH, account(account_id="first")).ok(201)
    before = agency.wire.image()
    (error,) = agency.operator.post(PATH, account(username)).refused(422, "invalid_input")["errors"]
    assert (error["pointer"], "invisible format characters" in error["detail"]) == ("/username", True)
    (row,) = imported(agency, [account(username)])
    assert (row["outcome"], row["error"]["code"]) == ("refused", "invalid_input")
    assert agency.wire.image() == before


def test_an_import_names_the_row_that_clashes_and_a_dry_run_says_the_same(agency: Agency) -> None:
    rows = [account(account_id="a1"), account("@Nora", account_id="a2"), account("vera"), account("Vera "), account()]
    dry = imported(agency, rows, dry_run=True)
    wet = imported(agency, rows)
    assert [row["outcome"] for row in dry] == ["created", "refused", "created", "refused", "refused"]
    assert [(row["outcome"], row["account_id"]) for row in dry] == [(row["outcome"], row["account_id"]) for row in wet]
    assert {row["error"]["code"] for row in wet if "error" in row} == {"already_exists"}
    again = imported(agency, rows)
    assert [row["outcome"] for row in again] == ["unchanged", "refused", "unchanged", "refused", "refused"]


@pytest.mark.parametrize(
    "username",
    ["\u200b", "nora\nbeach", "nora\tbeach", "nora\0", "a\u2028b", " ", "\u3164", "@", "@ \u200b", "nora\x7f"],
)
def test_a_username_is_one_line_of_visible_characters(agency: Agency, username: str) -> None:
    before = agency.wire.image()
    problem = agency.operator.post(PATH, account(username)).refused(422, "invalid_input")
    assert [one["pointer"] for one in problem["errors"]] == ["/username"]
    assert agency.wire.image() == before


def test_a_username_is_kept_without_white_space_around_it(agency: Agency) -> None:
    assert agency.operator.post(PATH, account("  Nora B. ")).ok(201)["username"] == "Nora B."


def test_a_retired_account_makes_way_for_another(agency: Agency) -> None:
    operator = agency.operator
    operator.post(PATH, account(account_id="first")).ok(201)
    operator.post(f"{PATH}/first/retire", {"reason": "it was a mistake"}).ok()
    operator.post(PATH, account("@nora", account_id="second")).ok(201)
    operator.post(PATH, account(account_id="third")).refused(409, "already_exists")
    operator.verified("first")
    operator.verified("second")


def test_a_retired_account_comes_back_while_nobody_has_its_profile(agency: Agency) -> None:
    operator = agency.operator
    operator.post(PATH, account(account_id="first")).ok(201)
    for _ in range(2):
        operator.post(f"{PATH}/first/retire", {"reason": "gone"}).ok()
        assert operator.post(f"{PATH}/first/restore", {"reason": "back"}).ok()["state"] == "imported"
    operator.post(PATH, account("NORA", account_id="second")).refused(409, "already_exists")
    operator.post(f"{PATH}/first/retire", {"reason": "gone"}).ok()
    operator.post(PATH, account("NORA", account_id="second")).ok(201)
    problem = operator.post(f"{PATH}/first/restore", {"reason": "back"}).refused(409, "already_exists")
    assert problem["account_id"] == "second"
    operator.post(f"{PATH}/second/retire", {"reason": "gone"}).ok()
    operator.post(f"{PATH}/first/restore", {"reason": "back"}).ok()
    operator.post(f"{PATH}/second/restore", {"reason": "back"}).refused(409, "already_exists")


def test_a_retired_account_without_a_claim_takes_one_when_it_comes_back(agency: Agency) -> None:
    of_a_release_before(agency, "nora", account_id="a1")
    agency.operator.post(f"{PATH}/a1/retire", {"reason": "gone"}).ok()
    agency.operator.post(f"{PATH}/a1/restore", {"reason": "back"}).ok()
    agency.operator.post(PATH, account("@nora", account_id="a2")).refused(409, "already_exists")


def test_of_two_creators_of_one_profile_at_once_one_is_refused(agency: Agency) -> None:
    operator = agency.operator
    agency.wire.meanwhile(lambda: operator.post(PATH, account("@nora", account_id="quick")).ok(201))
    problem = operator.post(PATH, account(account_id="slow")).refused(409, "already_exists")
    assert problem["account_id"] == "quick"
    operator.get(f"{PATH}/slow").refused(404, "account_not_found")


def test_of_two_who_take_a_retired_accounts_profile_over_at_once_one_is_refused(agency: Agency) -> None:
    operator = agency.operator
    operator.post(PATH, account(account_id="old")).ok(201)
    operator.post(f"{PATH}/old/retire", {"reason": "gone"}).ok()
    agency.wire.meanwhile(lambda: operator.post(PATH, account(account_id="quick")).ok(201))
    assert operator.post(PATH, account(account_id="slow")).refused(409, "already_exists")["account_id"] == "quick"


def test_an_id_that_another_model_has_is_refused_with_a_way_out(agency: Agency) -> None:
    agency.operator.model("m2")
    agency.operator.post(PATH, account(account_id="a1")).ok(201)
    problem = agency.operator.post(PATH, account("vera", account_id="a1", model_id="m2")).refused(409, "already_exists")
    assert "the model m1" in problem["detail"]
    assert "Leave account_id out" in problem["detail"]


def test_what_differs_is_named(agency: Agency) -> None:
    agency.operator.post(PATH, account(account_id="a1")).ok(201)
    problem = agency.operator.post(PATH, account(account_id="a1", tags=["x"])).refused(409, "already_exists")
    assert "tags" in problem["detail"]
    assert "`imported`" in problem["detail"]


# what was there before


def of_a_release_before(agency: Agency, username: str, **more: Any) -> str:
    """An account without a claim, under the id that the first version derived; its id."""
    made = agency.operator.post(PATH, account("placeholder", **more)).ok(201)["account_id"]
    accounts = agency.wire.store.tables["test-accounts"]
    row = accounts.rows.pop(accounts.key_of({"account_id": {"S": made}}))
    account_id = more.get("account_id") or profiles.account_id_before("m1", username)
    kept = {"username": {"S": username}, "account_id": {"S": account_id}, "consent": {"S": json.dumps(CONSENT)}}
    agency.wire.plant("test-accounts", {**{name: row[name] for name in row if name != "consented"}, **kept})
    fingerprints = agency.wire.store.tables["test-fingerprints"]
    key = {"fingerprint": {"S": profiles.claim_of("placeholder")}}
    fingerprints.rows.pop(fingerprints.key_of(key))
    return str(account_id)


@pytest.mark.parametrize("username", ["nora", "@Nora", "nora ", "no\u200dra", "Jose\u0301"])
def test_an_import_sent_again_after_the_release_is_unchanged(agency: Agency, username: str) -> None:
    there = of_a_release_before(agency, username)
    before = agency.wire.image()
    (row,) = imported(agency, [account(username)])
    assert (row["outcome"], row["account_id"]) == ("unchanged", there)
    assert agency.operator.post(PATH, account(username)).ok()["replayed"] is True
    assert agency.wire.image() == before


def test_an_import_never_brings_back_a_name_that_no_release_takes_any_more(agency: Agency) -> None:
    of_a_release_before(agency, "no\u200bra")
    before = agency.wire.image()
    (row,) = imported(agency, [account("no\u200bra")])
    assert (row["outcome"], row["account_id"], row["error"]["code"]) == ("refused", None, "invalid_input")
    agency.operator.post(PATH, account("no\u200bra")).refused(422, "invalid_input")
    assert agency.wire.image() == before


def test_a_walk_claims_what_is_there_and_names_what_clashes(agency: Agency) -> None:
    operator = agency.operator
    for username, account_id in (("nora", "a1"), ("@Nora", "a2"), ("vera", "a3"), ("gone", "a4")):
        of_a_release_before(agency, username, account_id=account_id)
    operator.post(f"{PATH}/a4/retire", {"reason": "gone"}).ok()
    before = agency.wire.image()
    dry = operator.post(CLAIMS, {"dry_run": True}).ok()
    assert (dry["scanned_count"], agency.wire.image() == before) == (4, True)
    claimed, cursor, steps = 0, None, 0
    clashes: list[Any] = []
    while steps == 0 or cursor is not None:
        found = operator.post(CLAIMS, {"limit": 1, "cursor": cursor}).ok()
        claimed, clashes, cursor = claimed + found["claimed"], clashes + found["clashes"], found["next_cursor"]
        steps += 1
    assert claimed == 2
    (clash,) = clashes
    assert {clash["item_id"]} < {"a1", "a2"}
    other = ({"a1", "a2"} - {clash["item_id"]}).pop()
    assert other in clash["detail"]
    again = operator.post(CLAIMS, {}).ok()
    assert (again["claimed"], again["clashes"]) == (0, clashes), "it can be sent again"
    operator.post(PATH, account("VERA", account_id="a9")).refused(409, "already_exists")
    operator.post(f"{PATH}/{other}/retire", {"reason": "the same profile"}).ok()
    assert operator.post(CLAIMS, {}).ok()["clashes"] == [], "the one that is left takes it over"


def test_an_account_that_retires_while_it_is_claimed_for_is_left_alone(agency: Agency) -> None:
    operator = agency.operator
    of_a_release_before(agency, "nora", account_id="a1")
    agency.wire.meanwhile(lambda: operator.post(f"{PATH}/a1/retire", {"reason": "gone"}).ok())
    assert operator.post(CLAIMS, {}).ok()["claimed"] == 0


def test_a_bot_claims_nothing_of_this(agency: Agency) -> None:
    Bot(agency.client, "b1", agency.keys["b1"]).post(CLAIMS, {}).refused(403, "forbidden")


# consent


@pytest.mark.parametrize(
    ("granted_at", "right"),
    [
        ("2026-11-22T12:04:00Z", True),  # a clock may be a little ahead
        ("2026-11-22", True),
        ("2000-01-01T00:00:00Z", True),
        ("2026-11-22T12:06:00Z", False),
        ("2026-11-23", False),
        ("2099-01-01T00:00:00Z", False),
        ("1999-12-31T23:59:59Z", False),
        ("0001-01-01T00:00:00Z", False),
        ("1764000000", False),
        ("20261122", False),
        ("2026-11-22T12:00:00", False),
        (1764000000, False),
    ],
)
def test_a_consent_was_given_at_a_sensible_time(agency: Agency, granted_at: object, right: bool) -> None:
    given = {**CONSENT, "granted_at": granted_at}
    answer = agency.operator.post(PATH, account(account_id="a1", consent=given))
    agency.operator.post(PATH, account("vera", account_id="a2", consent=None)).ok(201)
    recorded = agency.operator.post(f"{PATH}/a2/consent", given)
    if right:
        answer.ok(201)
        recorded.ok()
        return
    problem = answer.refused(422, "invalid_input")
    assert [one["pointer"] for one in problem["errors"]] == ["/consent/granted_at"]
    problem = recorded.refused(422, "invalid_input")
    assert [one["pointer"] for one in problem["errors"]] == ["/granted_at"]


def test_a_day_of_consent_begins_in_the_models_time_zone(agency: Agency) -> None:
    agency.operator.post("/api/operator/models", {"model_id": "far", "time_zone": "Pacific/Auckland"}).ok(201)
    given = {**CONSENT, "granted_at": "2026-11-22"}
    made = agency.operator.post(PATH, account(account_id="a1", model_id="far", consent=given)).ok(201)
    assert made["consent"]["granted_at"] == "2026-11-21T11:00:00.000Z"
    assert agency.operator.post(PATH, account(account_id="a1", model_id="far", consent=given)).ok()["replayed"] is True
    agency.operator.post(f"{PATH}/a1/consent", given).ok()


def test_a_consent_of_the_future_that_is_there_already_opens_no_gate(agency: Agency) -> None:
    agency.operator.post(PATH, account(account_id="a1")).ok(201)
    accounts = agency.wire.store.tables["test-accounts"]
    row = accounts.rows[accounts.key_of({"account_id": {"S": "a1"}})]
    later = json.dumps({**CONSENT, "granted_at": "2099-01-01T00:00:00.000Z"})
    row = {**{name: row[name] for name in row if name != "consented"}, "consent": {"S": later}}
    agency.wire.plant("test-accounts", row)
    agency.operator.ready("a1").refused(409, "consent_missing")

"""Accounts as operators see and feed them."""

import json
from typing import Any

import pytest

from tests.agency import CONSENT, Agency
from tests.api.shapes import STATUS
from tests.wire import Call

PATH = "/api/operator/accounts"
IMPORT = "/api/operator/accounts/import"
CSV, NDJSON = "text/csv", "application/x-ndjson"


def body(**more: Any) -> dict[str, Any]:
    """An account."""
    return {"account_id": "a1", "model_id": "m1", "username": "ada", "consent": CONSENT, **more}


def test_an_account_is_created_once(agency: Agency) -> None:
    created = agency.operator.post(PATH, body(theme="sea", tags=["new", "vip"])).ok(201)
    assert set(created) >= STATUS | {"tags", "consent", "replayed"}
    assert (created["state"], created["phases"], created["tags"]) == ("imported", [], ["new", "vip"])
    assert created["consent"] == CONSENT
    assert [one["code"] for one in created["blockers"]] == ["not_ready"]
    before = agency.wire.image()
    again = agency.operator.post(PATH, body(theme="sea", tags=["vip", "new"])).ok()
    assert again == {**created, "replayed": True}
    assert agency.wire.image() == before


@pytest.mark.parametrize(
    "other",
    [
        {"username": "eve"},
        {"theme": "sea"},
        {"tags": ["x"]},
        {"consent": None},
        {"consent": {**CONSENT, "reference": "8"}},
    ],
)
def test_another_account_of_the_same_id_is_refused(agency: Agency, other: dict[str, Any]) -> None:
    agency.operator.post(PATH, body()).ok(201)
    before = agency.wire.image()
    agency.operator.post(PATH, body(**other)).refused(409, "already_exists")
    assert agency.wire.image() == before


def test_a_repeated_creation_is_known_also_when_the_account_has_moved_on(agency: Agency) -> None:
    agency.operator.account()
    again = agency.operator.post(PATH, {**body(), "username": "user_a1"}).ok()
    assert (again["replayed"], again["state"]) == (True, "ready")


def test_without_an_id_one_is_derived_and_the_repeat_found(agency: Agency) -> None:
    given = body()
    del given["account_id"]
    created = agency.operator.post(PATH, given).ok(201)
    assert created["account_id"].startswith("acc_")
    assert agency.operator.post(PATH, given).ok()["replayed"] is True
    other = agency.operator.post(PATH, {**given, "username": "eve"}).ok(201)
    assert other["account_id"] != created["account_id"]


def test_the_instant_of_consent_is_kept_as_the_same_instant(agency: Agency) -> None:
    consent = {**CONSENT, "granted_at": "2026-01-01T02:00:00+02:00"}
    assert agency.operator.post(PATH, body(consent=consent)).ok(201)["consent"] == CONSENT


def test_an_account_of_no_model_is_refused(agency: Agency) -> None:
    agency.operator.post(PATH, body(model_id="never")).refused(404, "model_not_found")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"model_id": None}, "/model_id"),
        ({"username": ""}, "/username"),
        ({"username": "x" * 201}, "/username"),
        ({"username": 7}, "/username"),
        ({"account_id": "a b"}, "/account_id"),
        ({"account_id": "_a"}, "/account_id"),
        ({"account_id": "a\n"}, "/account_id"),
        ({"theme": "the sea"}, "/theme"),
        ({"theme": "desert"}, "/theme"),  # the model declares no such theme
        ({"tags": "x"}, "/tags"),
        ({"tags": ["x"] * 21}, "/tags"),
        ({"consent": {}}, "/consent/granted_by"),
        ({"consent": {**CONSENT, "granted_at": "yesterday"}}, "/consent/granted_at"),
        ({"consent": {**CONSENT, "granted_at": "2026-01-01T00:00:00"}}, "/consent/granted_at"),
        ({"consent": {**CONSENT, "granted_at": 0}}, "/consent/granted_at"),
        ({"consent": {**CONSENT, "more": 1}}, "/consent/more"),
        ({"password": "x"}, "/password"),  # the service stores no credentials
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)
def test_each_fault_is_named_by_its_pointer(agency: Agency, change: dict[str, Any], pointer: str) -> None:
    before = agency.wire.image()
    problem = agency.operator.post(PATH, body(**change)).refused(422, "invalid_input")
    assert pointer in [one["pointer"] for one in problem["errors"]]
    assert all(one["detail"] for one in problem["errors"])
    assert agency.wire.image() == before


def test_all_faults_are_told_at_once(agency: Agency) -> None:
    problem = agency.operator.post(PATH, {"username": 1, "x": 1}).refused(422, "invalid_input")
    assert {one["pointer"] for one in problem["errors"]} == {"/username", "/x", "/model_id"}


@pytest.mark.parametrize("granted_at", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_an_instant_beyond_the_calendar_is_refused(agency: Agency, granted_at: str) -> None:
    consent = {**CONSENT, "granted_at": granted_at}
    problem = agency.operator.post(PATH, body(consent=consent)).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == "/consent/granted_at"


# ready


def test_an_account_becomes_ready_with_a_reason(agency: Agency) -> None:
    agency.operator.account(ready=False)
    ready = agency.operator.ready("a1", "seen by Ada").ok()
    assert (ready["state"], ready["replayed"], ready["blockers"]) == ("ready", False, [])
    event = agency.operator.events()[-1]
    assert (event["action"], event["details"]["reason"]) == ("account:ready", "seen by Ada")
    assert event["summary"] == "operator root declared account a1 ready: seen by Ada"


def test_without_consent_an_account_cannot_become_ready(agency: Agency) -> None:
    agency.operator.post(PATH, body(consent=None)).ok(201)
    before = agency.wire.image()
    agency.operator.ready("a1").refused(409, "consent_missing")
    assert agency.wire.image() == before
    assert [one["code"] for one in agency.operator.account_document()["blockers"]] == ["consent_missing", "not_ready"]


def test_consent_is_recorded_afterwards_and_opens_the_gate(agency: Agency) -> None:
    created = agency.operator.post(PATH, body(consent=None)).ok(201)
    agency.operator.ready("a1").refused(409, "consent_missing")
    told = agency.operator.post(f"{PATH}/a1/consent", CONSENT).ok()
    assert (told["consent"], told["replayed"], told["version"]) == (CONSENT, False, created["version"] + 1)
    assert [one["code"] for one in told["blockers"]] == ["not_ready"]
    before = agency.wire.image()
    assert agency.operator.post(f"{PATH}/a1/consent", CONSENT).ok() == {**told, "replayed": True}
    assert agency.wire.image() == before
    assert agency.operator.ready("a1").ok()["state"] == "ready"
    event = agency.operator.events()[1]
    assert (event["action"], event["details"]) == ("account:consent", CONSENT)
    assert "Ada consented" in event["summary"] and "contract 7" in event["summary"]
    agency.operator.verified()


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [
        ({"granted_by": " "}, "/granted_by"),
        ({"reference": "\t\n"}, "/reference"),
    ],
)
def test_a_consent_of_white_space_is_none(agency: Agency, fault: dict[str, str], pointer: str) -> None:
    agency.operator.post(PATH, body(consent=None)).ok(201)
    before = agency.wire.image()
    bad = {**CONSENT, **fault}
    problem = agency.operator.post(f"{PATH}/a1/consent", bad).refused(422, "invalid_input")
    assert [one["pointer"] for one in problem["errors"]] == [pointer]
    problem = agency.operator.post(PATH, {**body(consent=bad), "account_id": "a2"}).refused(422, "invalid_input")
    assert [one["pointer"] for one in problem["errors"]] == [f"/consent{pointer}"]
    row = json.dumps({**body(consent=bad), "account_id": "a3"}).encode()
    imported = agency.operator.post(f"{PATH}/import", raw=row, content_type="application/x-ndjson").ok()
    assert [one["outcome"] for one in imported["rows"]] == ["refused"]
    assert agency.wire.image() == before


def test_a_new_consent_takes_the_place_of_the_old_one_and_both_are_in_the_audit(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    worker.start().ok()
    renewed = {**CONSENT, "reference": "contract 8"}
    assert agency.operator.post(f"{PATH}/a1/consent", renewed).ok()["consent"] == renewed
    worker.content().ok()  # whoever works goes on
    assert agency.operator.events()[-2]["details"]["reference"] == "contract 8"
    agency.operator.verified()


def test_consent_is_recorded_by_operators_for_accounts_that_are_there(agency: Agency) -> None:
    agency.operator.post(f"{PATH}/a1/consent", CONSENT).refused(404, "account_not_found")
    agency.operator.post(PATH, body(consent=None)).ok(201)
    agency.bot().post(f"{PATH}/a1/consent", CONSENT).refused(403, "forbidden")
    problem = agency.operator.post(f"{PATH}/a1/consent", {"granted_by": "Ada"}).refused(422, "invalid_input")
    assert [one["pointer"] for one in problem["errors"]] == ["/granted_at", "/reference"]


def test_an_account_that_warms_up_cannot_become_ready(agency: Agency) -> None:
    agency.warmed_to("pfp")
    again = {"reason": "another one"}
    problem = agency.operator.post(f"{PATH}/a1/ready", again).refused(409, "invalid_transition")
    assert problem["possible_transitions"] == ["complete", "pause", "reset", "retire"]


def test_ready_sent_again_is_known_although_a_bot_has_started(agency: Agency) -> None:
    agency.operator.account()
    agency.worker().start().ok()
    before = agency.wire.image()
    told = agency.operator.ready("a1").ok()
    assert (told["state"], told["replayed"]) == ("warming_up", True)
    assert agency.wire.image() == before


def test_becoming_ready_needs_a_reason(agency: Agency) -> None:
    agency.operator.account(ready=False)
    for given in ({}, {"reason": ""}, {"reason": None}, {"reason": "x" * 2001}):
        agency.operator.post(f"{PATH}/a1/ready", given).refused(422, "invalid_input")


@pytest.mark.parametrize("state", ["imported", "active"])
def test_an_account_that_is_not_ready_cannot_be_started(agency: Agency, state: str) -> None:
    if state == "active":
        agency.warmed_up().complete_warmup().ok()
    else:
        agency.operator.account(ready=False)
    before = agency.wire.image()
    problem = agency.bot("b2").start().refused(409, "account_not_ready")
    assert problem["state"] == state
    assert agency.wire.image() == before


@pytest.mark.parametrize("state", ["imported", "ready"])
def test_a_warm_up_that_has_not_begun_cannot_be_completed(agency: Agency, state: str) -> None:
    agency.operator.account(ready=state == "ready")
    agency.bot().complete_warmup().refused(409, "account_not_ready")


def test_a_warm_up_with_phases_to_go_cannot_be_completed(agency: Agency) -> None:
    worker = agency.warmed_to("highlight")
    before = agency.wire.image()
    problem = worker.complete_warmup().refused(409, "phases_incomplete")
    assert problem["phases"] == ["highlight", "story"]
    assert agency.wire.image() == before


# lists


def test_accounts_by_state_model_and_phase(agency: Agency) -> None:
    agency.operator.model("m2")
    agency.operator.account("idle", ready=False)
    agency.operator.account("other", model_id="m2")
    agency.warmed_to("bio", "waits")
    agency.warmed_to("pfp", "works", bot=agency.worker()).take("pfp", "works")

    def found(query: str) -> set[str]:
        return {item["account_id"] for item in agency.operator.get(f"{PATH}{query}").ok()["items"]}

    assert found("") == {"idle", "other", "waits", "works"}
    assert found("?state=imported") == {"idle"}
    assert found("?state=warming_up") == {"waits", "works"}
    assert found("?model_id=m2") == {"other"}
    assert found("?model_id=m1&state=ready") == set()
    assert found("?phase_status=available") == {"waits"}
    assert found("?phase_status=in_progress&state=warming_up") == {"works"}
    assert found("?state=retired") == set()


@pytest.mark.parametrize("query", ["", "&state=imported", "&model_id=m1"])
def test_pages_of_accounts_lose_nothing_and_say_nothing_twice(agency: Agency, query: str) -> None:
    rows = "\n".join(json.dumps(body(account_id=f"a{number}", username=f"u{number}")) for number in range(23))
    agency.operator.post(IMPORT, raw=rows.encode(), content_type=NDJSON).ok()
    found: list[str] = []
    cursor = ""
    while True:
        page = agency.operator.get(f"{PATH}?limit=5{query}{cursor}").ok()
        found += [item["account_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(found) == sorted(f"a{number}" for number in range(23))


# import


def rows_of(answer: Any) -> list[tuple[int, str, str | None]]:
    """Each row's number, outcome and the code of its error."""
    return [(row["row"], row["outcome"], row.get("error", {}).get("code")) for row in answer["rows"]]


def test_a_csv_is_imported(agency: Agency) -> None:
    text = (
        "account_id,model_id,username,theme,tags,granted_by,granted_at,reference\r\n"
        'a1,m1,"ada, the first",sea,new vip,Ada,2026-01-01T00:00:00Z,contract 7\r\n'
        ",m1,eve,,,,,\r\n"
    )
    imported = agency.operator.post(IMPORT, raw=b"\xef\xbb\xbf" + text.encode(), content_type="text/csv; charset=utf-8")
    answer = imported.ok()
    assert answer["dry_run"] is False
    assert rows_of(answer) == [(1, "created", None), (2, "created", None)]
    first = agency.operator.account_document("a1")
    assert (first["username"], first["theme"], first["tags"]) == ("ada, the first", "sea", ["new", "vip"])
    assert first["consent"] == CONSENT
    second = agency.operator.account_document(answer["rows"][1]["account_id"])
    assert (second["username"], second["consent"], second["theme"]) == ("eve", None, None)
    assert agency.operator.verified("a1") == 1


def test_two_columns_of_one_name_are_no_csv_that_can_be_read(agency: Agency) -> None:
    text = b"model_id,username,username,,\nm1,ada,eve,,\n"
    problem = agency.operator.post(IMPORT, raw=text, content_type="text/csv").refused(400, "malformed_request")
    assert "'username'" in problem["detail"]
    text = b"model_id,username,,\nm1,ada,,\n"  # as spreadsheets write empty columns
    answer = agency.operator.post(IMPORT, raw=text, content_type="text/csv").ok()
    assert rows_of(answer) == [(1, "created", None)]


@pytest.mark.parametrize(
    "line",
    [
        '{"model_id": "m1", "username": "ada", "username": "eve"}',  # which of both?
        '{"model_id": "m1", "username": NaN}',
        '{"model_id": "m1", "username": "\\ud800"}',
        "[" * 40 + "]" * 40,
    ],
)
def test_a_line_is_json_as_strictly_as_a_body_is(agency: Agency, line: str) -> None:
    answer = agency.operator.post(IMPORT, raw=line.encode(), content_type=NDJSON).ok()
    assert rows_of(answer) == [(1, "refused", "malformed_request")]


def test_json_lines_are_imported(agency: Agency) -> None:
    rows = [body(), body(account_id="a2", username="Zoë"), body(account_id="a3", username="three", tags=["x"])]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n"
    answer = agency.operator.post(IMPORT, raw=text.encode(), content_type=NDJSON).ok()
    assert answer["counts"] == {"created": 3, "unchanged": 0, "refused": 0, "left": 0}
    assert agency.operator.account_document("a2")["username"] == "Zoë"


def test_a_line_of_json_ends_at_a_line_feed_only(agency: Agency) -> None:
    text = json.dumps(body(username="Zoë\u2028\u0085 the second"), ensure_ascii=False)
    (row,) = agency.operator.post(IMPORT, raw=text.encode(), content_type=NDJSON).ok()["rows"]
    assert [one["pointer"] for one in row["error"]["errors"]] == ["/username"], "one row, with a line break in a name"


def test_a_bad_row_never_spoils_the_others(agency: Agency) -> None:
    lines = [
        json.dumps(body(account_id="good1")),
        "{",
        "[]",
        "null",
        "NaN",
        '"text"',
        "7",
        json.dumps(body(account_id="no model", model_id="m1")),
        json.dumps(body(account_id="x1", model_id="never")),
        json.dumps(body(account_id="x2", theme="desert")),
        json.dumps(body(account_id="x3", extra=1)),
        '{"username":"\\ud800","model_id":"m1"}',
        '{"username":NaN,"model_id":"m1"}',
        "[" * 3000 + "]" * 3000,
        "[" * 900 + "]" * 900,
        '{"username":' + "9" * 5000 + ',"model_id":"m1"}',
        '{"username":1e999,"model_id":"m1"}',
        json.dumps(body(account_id="good1", username="another")),
        json.dumps(body(account_id="x4", consent={**CONSENT, "granted_at": "0001-01-01T00:00:00+05:00"})),
        json.dumps(body(account_id="good2", username="two")),
    ]
    answer = agency.operator.post(IMPORT, raw="\n".join(lines).encode(), content_type=NDJSON).ok()
    created = [row["account_id"] for row in answer["rows"] if row["outcome"] == "created"]
    assert created == ["good1", "good2"]
    assert answer["counts"] == {"created": 2, "unchanged": 0, "refused": len(lines) - 2, "left": 0}
    assert [row["row"] for row in answer["rows"]] == list(range(1, len(lines) + 1))
    for row in answer["rows"]:
        if row["outcome"] == "refused":
            assert row["error"]["code"] in ("malformed_request", "invalid_input", "model_not_found", "already_exists")
            assert row["error"]["detail"]
    codes = {row["account_id"]: row["error"]["code"] for row in answer["rows"] if row.get("error")}
    assert (codes["x1"], codes["x2"]) == ("model_not_found", "invalid_input")


def test_bad_rows_of_a_csv_are_told_by_their_number(agency: Agency) -> None:
    text = "\n".join(
        [
            "account_id,model_id,username,reference,shoe_size",
            "a1,m1,ada,,",
            "a2,m1",
            "a3,m1,eve,,,too,many",
            "a4,m1,kim,half a consent,",
            "a5,m1,lee,,44",
            "a6,m1,max,,",
        ]
    )
    answer = agency.operator.post(IMPORT, raw=text.encode(), content_type=CSV).ok()
    assert rows_of(answer) == [
        (1, "created", None),
        (2, "refused", "invalid_input"),
        (3, "refused", "malformed_request"),
        (4, "refused", "invalid_input"),
        (5, "refused", "invalid_input"),
        (6, "created", None),
    ]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("Model_Id; USERNAME \r\nm1;ada\r\n;\r\nm1;eve\r\n".encode("utf-16"), [(2, "created"), (4, "created")]),
        (b"model_id\tusername\nm1\tada\n\t\n", [(2, "created")]),
        (b"model_id,username,\nm1,ada,remark\nm1,eve,\n", [(2, "refused"), (3, "created")]),  # a column without a name
        (b'model_id,username\nm1,"ada" x\nm1,eve\n', [(2, "refused"), (3, "created")]),  # a stray quote
        ("model_id,username\nm1,Caf\ufffd\nm1,eve\n".encode(), [(2, "refused"), (3, "created")]),
        ("model_id,username\nm1,Zo\xeb\n".encode("cp1252"), "Line 2, character 6: the byte 0xeb is not UTF-8"),
        (b"PK\x03\x04", "This is an Excel workbook"),
        (b'[{"model_id": "m1"}]', "This is a JSON array"),
    ],
)
def test_what_spreadsheets_save_is_imported_or_named(
    agency: Agency, data: bytes, wanted: str | list[tuple[int, str]]
) -> None:
    for dry_run in ("true", "false"):
        answer = agency.operator.post(f"{IMPORT}?dry_run={dry_run}", raw=data, content_type=CSV)
        if isinstance(wanted, str):
            assert wanted in answer.refused(400, "malformed_request")["detail"]
        else:
            assert [(row["line"], row["outcome"]) for row in answer.ok()["rows"]] == wanted
            assert sum(answer.json["counts"].values()) == len(wanted), "each row has an outcome"


@pytest.mark.parametrize("text", ['model_id,username\nm1,"a\nm1,b\n', "model_id,username\nm1,a\0b\nm1,c\n", "\0", '"'])
def test_a_csv_that_cannot_be_read_is_no_500(agency: Agency, text: str) -> None:
    answer = agency.operator.post(IMPORT, raw=text.encode(), content_type=CSV)
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert answer.json["counts"]["created"] == ("\n" in text), "a broken row spoils no other"


def test_a_dry_run_says_what_would_happen_and_does_nothing(agency: Agency) -> None:
    agency.operator.post(PATH, body()).ok(201)
    rows = [
        body(),
        body(username="eve"),
        body(account_id="a2", username="two"),
        body(account_id="a3", model_id="never"),
        body(account_id="a4", theme="desert"),
        body(account_id="a4", username="four"),
        body(account_id="a4", username="four"),
        body(account_id="a4", username="five"),
    ]
    text = "\n".join(json.dumps(row) for row in rows).encode()
    before = agency.wire.image()
    dry = agency.operator.post(f"{IMPORT}?dry_run=true", raw=text, content_type=NDJSON).ok()
    assert agency.wire.image() == before
    wet = agency.operator.post(f"{IMPORT}?dry_run=false", raw=text, content_type=NDJSON).ok()
    assert (dry["dry_run"], wet["dry_run"]) == (True, False)
    assert dry["rows"] == wet["rows"]
    assert rows_of(wet) == [
        (1, "unchanged", None),
        (2, "refused", "already_exists"),
        (3, "created", None),
        (4, "refused", "model_not_found"),
        (5, "refused", "invalid_input"),  # the model declares no such theme
        (6, "created", None),  # what was refused above stands in nobody's way
        (7, "unchanged", None),
        (8, "refused", "already_exists"),
    ]


def test_an_import_asks_once_for_a_hundred_accounts_and_writes_only_the_new_ones(agency: Agency) -> None:
    rows = [json.dumps(body(account_id=f"a{number}", username=f"u{number}")).encode() for number in range(150)]
    agency.operator.post(IMPORT, raw=b"\n".join(rows[:149]), content_type=NDJSON).ok()
    agency.wire.forget()
    again = agency.operator.post(f"{IMPORT}?warn=false", raw=b"\n".join(rows), content_type=NDJSON).ok()
    assert again["counts"] == {"created": 1, "unchanged": 149, "refused": 0, "left": 0}
    assert again["created_by_model"] == {"m1": 1}
    assert len(agency.wire.of("TransactWriteItems")) == 1
    assert len([call for call in agency.wire.of("BatchGetItem") if "test-accounts" in call.body["RequestItems"]]) == 2


def test_what_an_import_has_no_time_for_is_left_and_done_when_it_is_sent_again(agency: Agency) -> None:
    raw = b"\n".join(json.dumps(body(account_id=f"a{number}", username=f"u{number}")).encode() for number in range(40))

    def slow(call: Call) -> None:
        if call.operation == "TransactWriteItems":
            agency.time.sleep(1)

    agency.wire.before.append(slow)
    first = agency.operator.post(IMPORT, raw=raw, content_type=NDJSON).ok()
    made = first["counts"]["created"]
    assert first["counts"] == {"created": made, "unchanged": 0, "refused": 0, "left": 40 - made}
    assert 10 < made < 20, "17 of the 20 seconds that it has"
    agency.wire.before.clear()
    again = agency.operator.post(IMPORT, raw=raw, content_type=NDJSON).ok()
    assert again["counts"] == {"created": 40 - made, "unchanged": made, "refused": 0, "left": 0}


def test_an_import_sent_again_makes_nothing_twice(agency: Agency) -> None:
    rows = [{"model_id": "m1", "username": f"u{number}"} for number in range(5)]
    text = "\n".join(json.dumps(row) for row in rows).encode()
    first = agency.operator.post(IMPORT, raw=text, content_type=NDJSON).ok()
    before = agency.wire.image()
    again = agency.operator.post(IMPORT, raw=text, content_type=NDJSON).ok()
    assert again["counts"] == {"created": 0, "unchanged": 5, "refused": 0, "left": 0}
    assert [row["account_id"] for row in again["rows"]] == [row["account_id"] for row in first["rows"]]
    assert agency.wire.image() == before


def test_the_same_account_twice_in_one_import_is_made_once(agency: Agency) -> None:
    text = "\n".join([json.dumps(body())] * 3).encode()
    answer = agency.operator.post(IMPORT, raw=text, content_type=NDJSON).ok()
    assert [row["outcome"] for row in answer["rows"]] == ["created", "unchanged", "unchanged"]
    assert agency.operator.verified("a1") == 1


@pytest.mark.parametrize(
    ("raw", "content_type", "status", "code"),
    [
        (b"", CSV, 400, "malformed_request"),
        (b"model_id,username\n", CSV, 400, "malformed_request"),  # names, but no rows
        (b"\n\n", NDJSON, 400, "malformed_request"),
        (b"{}\n" * 1001, NDJSON, 400, "malformed_request"),
        (b"model_id\n" + b"m1\n" * 1001, CSV, 400, "malformed_request"),
        (b"\xff\xfe", NDJSON, 400, "malformed_request"),
        (b"[]", "application/json", 415, "unsupported_media_type"),
        (b"x", "text/plain", 415, "unsupported_media_type"),
        (b"x", None, 415, "unsupported_media_type"),
        (b" " * (256 * 1024 + 1), CSV, 413, "body_too_large"),
    ],
)
def test_an_import_that_is_none_is_refused(
    agency: Agency, raw: bytes, content_type: str | None, status: int, code: str
) -> None:
    before = agency.wire.image()
    agency.operator.post(IMPORT, raw=raw, content_type=content_type).refused(status, code)
    assert agency.wire.image() == before


@pytest.mark.parametrize("value", ["1", "TRUE", "yes", ""])
def test_a_dry_run_is_true_or_false(agency: Agency, value: str) -> None:
    answer = agency.operator.post(f"{IMPORT}?dry_run={value}", raw=b"{}", content_type=NDJSON)
    answer.refused(400, "malformed_request")


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_an_import_says_which_accounts_are_retired_and_counts_them_for_nothing(agency: Agency, dry_run: str) -> None:
    """Nor does it warn of pools for what is active: neither will be warmed up."""
    operator = agency.operator
    agency.warmed_up("a2").complete_warmup("a2").ok()
    operator.model("dry")
    for number, account_id in enumerate(("gone", "done")):
        operator.account(account_id, model_id="dry" if number == 0 else "m1")
    operator.post("/api/operator/accounts/gone/retire", {"reason": "sold"}).ok()
    rows = [
        {"account_id": one, "model_id": model, "username": f"user_{one}", "consent": CONSENT}
        for one, model in (("gone", "dry"), ("a2", "m1"), ("done", "m1"))
    ]
    path = f"/api/operator/accounts/import?dry_run={dry_run}"
    sent = "\n".join(map(json.dumps, rows)).encode()
    answer = operator.post(path, raw=sent, content_type="application/x-ndjson").ok()
    assert [(row["outcome"], row["state"]) for row in answer["rows"]] == [
        ("retired", "retired"),
        ("unchanged", "active"),
        ("unchanged", "ready"),
    ]
    assert answer["counts"] == {"created": 0, "unchanged": 2, "retired": 1, "refused": 0, "left": 0}
    assert answer["warnings"] == ["1 of these accounts are retired: nothing happens to them until `restore`."]

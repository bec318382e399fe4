"""Models and their pools: media items and texts, one or many at a time."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.context import Actor, ActorKind, begin
from chalicelib.domain.accounts import AccountState
from chalicelib.settings import Settings
from chalicelib.tables import Account
from chalicelib.tables.transaction import Transaction
from tests.agency import Agency, media, words

MODELS = "/api/operator/models"
ITEM = {
    *("category", "quality_score", "max_usage", "theme", "tags", "licence", "usage_count", "successes", "failures"),
    *("enabled", "status", "created_at"),
}


def test_a_model_is_created_once(agency: Agency) -> None:
    given = {"model_id": "m2", "name": "Eve", "themes": ["sea", "city"]}
    created = agency.operator.post(MODELS, given).ok(201)
    assert {name: created[name] for name in given} == {**given, "themes": ["city", "sea"]}
    assert (created["paused"], created["replayed"]) == (False, False)
    before = agency.wire.image()
    assert agency.operator.post(MODELS, {**given, "themes": ["city", "sea"]}).ok() == {**created, "replayed": True}
    agency.operator.post(MODELS, {**given, "name": "Ada"}).refused(409, "already_exists")
    agency.operator.post(MODELS, {**given, "themes": []}).refused(409, "already_exists")
    assert agency.wire.image() == before
    del created["replayed"]
    assert agency.operator.get(f"{MODELS}/m2").ok() == created
    agency.operator.get(f"{MODELS}/never").refused(404, "model_not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/model_id"),
        ({"model_id": "a b"}, "/model_id"),
        ({"model_id": "m2", "themes": [f"t{number}" for number in range(21)]}, "/themes"),
        ({"model_id": "m2", "themes": ["a b"]}, "/themes/0"),
        ({"model_id": "m2", "themes": ["x" * 41]}, "/themes/0"),
        ({"model_id": "m2", "name": ""}, "/name"),
        ({"model_id": "m2", "x": 1}, "/x"),
    ],
)
def test_a_model_that_is_none_is_refused(agency: Agency, body: dict[str, Any], pointer: str) -> None:
    problem = agency.operator.post(MODELS, body).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer


def test_models_and_bots_and_items_are_listed_page_by_page(agency: Agency) -> None:
    for number in range(6):
        agency.operator.post(MODELS, {"model_id": f"x{number}"}).ok(201)
        agency.operator.post("/api/operator/bots", {"bot_id": f"x{number}"}).ok(201)
    expected = {
        MODELS: ("model_id", {"m1", *(f"x{number}" for number in range(6))}),
        "/api/operator/bots": ("bot_id", {"b1", "b2", *(f"x{number}" for number in range(6))}),
        f"{MODELS}/m1/content": ("content_id", {f"m1-{one}" for one in ("pfp", "post", "highlight", "story", "any")}),
        f"{MODELS}/m1/texts": ("text_id", {f"m1-{one}-text" for one in ("bio", "post", "highlight")}),
    }
    for path, (name, ids) in expected.items():
        found: list[str] = []
        cursor = ""
        while True:
            page = agency.operator.get(f"{path}?limit=2{cursor}").ok()
            found += [item[name] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert sorted(found) == sorted(ids)


@pytest.mark.parametrize(("kind", "make", "key"), [("content", media, "content_id"), ("texts", words, "text_id")])
class TestItems:
    """What media items and texts have in common."""

    def test_an_item_is_created_once(self, agency: Agency, kind: str, make: Any, key: str) -> None:
        licence = {"licensed_by": "Ada", "valid_until": "2027-01-01T00:00:00.000Z"}
        given = make("i1", "bio", theme="sea", tags=["b", "a"], licence=licence, quality_score=80.5)
        created = agency.operator.post(f"{MODELS}/m1/{kind}", given).ok(201)
        assert set(created) >= ITEM | set(given)
        assert {name: created[name] for name in given} == {**given, "tags": ["a", "b"]}
        assert (created["usage_count"], created["enabled"], created["status"]) == (0, True, "approved")
        before = agency.wire.image()
        assert agency.operator.post(f"{MODELS}/m1/{kind}", given).ok() == {**created, "replayed": True}
        changes: list[dict[str, Any]] = [
            {"quality_score": 80},
            {"max_usage": 7},
            {"theme": "city"},
            {"tags": []},
            {"licence": None},
        ]
        for change in changes:
            agency.operator.post(f"{MODELS}/m1/{kind}", {**given, **change}).refused(409, "already_exists")
        assert agency.wire.image() == before
        del created["replayed"], created["warnings"]
        assert agency.operator.get(f"{MODELS}/m1/{kind}/i1").ok() == created

    def test_an_item_of_another_model_has_the_same_id_only_once(
        self, agency: Agency, kind: str, make: Any, key: str
    ) -> None:
        agency.operator.model("m2")
        agency.operator.post(f"{MODELS}/m1/{kind}", make("i1", "bio")).ok(201)
        agency.operator.post(f"{MODELS}/m2/{kind}", make("i1", "bio")).refused(409, "already_exists")
        agency.operator.get(f"{MODELS}/m2/{kind}/i1").refused(
            404, "content_not_found" if kind == "content" else "text_not_found"
        )

    def test_without_an_id_one_is_made(self, agency: Agency, kind: str, make: Any, key: str) -> None:
        given = make("i1", "bio")
        del given[key]
        created = agency.operator.post(f"{MODELS}/m1/{kind}", given).ok(201)
        assert created[key].startswith("con_" if kind == "content" else "txt_")

    def test_sent_again_without_an_id_it_is_the_one_that_was_made(
        self, agency: Agency, kind: str, make: Any, key: str
    ) -> None:
        given = make("i1", "bio")
        del given[key]
        path = f"{MODELS}/m1/{kind}"
        created = agency.operator.post(path, given).ok(201)
        before = agency.wire.image()
        assert agency.operator.post(path, given).ok() == {**created, "replayed": True}
        assert agency.operator.post(path, [given]).ok()["items"][0]["outcome"] == "unchanged"
        assert agency.wire.image() == before
        problem = agency.operator.post(path, {**given, "quality_score": 1}).refused(409, "already_exists")
        assert problem["duplicate_of"] == created[key]
        agency.operator.post(path, {**given, key: "named"}).refused(409, "already_exists")

    def test_a_row_without_an_id_that_stands_twice_is_one_item(
        self, agency: Agency, kind: str, make: Any, key: str
    ) -> None:
        given = make("i1", "bio")
        del given[key]
        text = "\n".join(json.dumps(row) for row in (given, given, {**given, "max_usage": 2}, {**given, key: "named"}))
        outcomes = ["created", "unchanged", "refused", "refused"]
        for dry_run in ("true", "false"):
            path = f"{MODELS}/m1/{kind}/import?dry_run={dry_run}"
            answer = agency.operator.post(path, raw=text.encode(), content_type="application/x-ndjson").ok()
            assert [row["outcome"] for row in answer["rows"]] == outcomes

    def test_a_dry_run_decides_as_the_run_does_where_rows_meet(
        self, agency: Agency, kind: str, make: Any, key: str
    ) -> None:
        """By id and by what they hold, named and not."""
        given = make("i1", "bio")
        unnamed = {name: value for name, value in given.items() if name != key}
        other = make("i2", "bio")
        rows = [
            given,
            given,
            {**given, "max_usage": 2},
            {**other, key: "i1"},
            unnamed,
            {**unnamed, "max_usage": 2},
            other,
        ]
        text = "\n".join(json.dumps(row) for row in rows)
        outcomes = ["created", "unchanged", "refused", "refused", "unchanged", "refused", "created"]
        for dry_run in ("true", "false"):
            path = f"{MODELS}/m1/{kind}/import?dry_run={dry_run}"
            answer = agency.operator.post(path, raw=text.encode(), content_type="application/x-ndjson").ok()
            assert [row["outcome"] for row in answer["rows"]] == outcomes, dry_run

    def test_many_at_once_each_have_their_outcome(self, agency: Agency, kind: str, make: Any, key: str) -> None:
        agency.operator.post(f"{MODELS}/m1/{kind}", make("old", "bio")).ok(201)
        items = [
            make("old", "bio"),
            make("new", "bio"),
            make("old", "post"),
            make("odd", "bio", theme="desert"),
            make("last", "any"),
        ]
        answer = agency.operator.post(f"{MODELS}/m1/{kind}", items).ok(201)
        assert [item["outcome"] for item in answer["items"]] == [
            "unchanged",
            "created",
            "refused",
            "refused",
            "created",
        ]
        codes = [item["error"]["code"] for item in answer["items"] if item["outcome"] == "refused"]
        assert codes == ["already_exists", "invalid_input"]
        again = agency.operator.post(f"{MODELS}/m1/{kind}", items).ok(200)
        assert [item["outcome"] for item in again["items"]][1] == "unchanged"

    def test_a_list_is_of_1_to_100(self, agency: Agency, kind: str, make: Any, key: str) -> None:
        for count in (0, 101):
            items = [make(f"i{number}", "bio") for number in range(count)]
            agency.operator.post(f"{MODELS}/m1/{kind}", items).refused(422, "invalid_input")
        problem = agency.operator.post(f"{MODELS}/m1/{kind}", [make("i1", "bio"), {"x": 1}]).refused(
            422, "invalid_input"
        )
        assert all(one["pointer"].startswith("/1/") for one in problem["errors"])
        agency.operator.get(f"{MODELS}/m1/{kind}/i1").refused(
            404, "content_not_found" if kind == "content" else "text_not_found"
        )

    def test_a_list_of_one_answers_as_a_list(self, agency: Agency, kind: str, make: Any, key: str) -> None:
        answer = agency.operator.post(f"{MODELS}/m1/{kind}", [make("i1", "bio")]).ok(201)
        assert [item[key] for item in answer["items"]] == ["i1"]

    def test_an_item_of_no_model_is_refused(self, agency: Agency, kind: str, make: Any, key: str) -> None:
        agency.operator.post(f"{MODELS}/never/{kind}", make("i1", "bio")).refused(404, "model_not_found")
        agency.operator.get(f"{MODELS}/never/{kind}").refused(404, "model_not_found")

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"category": "nails"}, "/category"),
            ({"quality_score": -0.1}, "/quality_score"),
            ({"quality_score": 100.1}, "/quality_score"),
            ({"quality_score": "80"}, "/quality_score"),
            ({"quality_score": True}, "/quality_score"),
            ({"quality_score": None}, "/quality_score"),
            ({"max_usage": 0}, "/max_usage"),
            ({"max_usage": 10_000}, "/max_usage"),
            ({"max_usage": 1.5}, "/max_usage"),
            ({"theme": "desert"}, "/theme"),
            ({"theme": "a#b"}, "/theme"),
            ({"tags": [""]}, "/tags/0"),
            ({"licence": {}}, "/licence/licensed_by"),
            ({"licence": {"licensed_by": "Ada", "valid_until": "2027-01-32"}}, "/licence/valid_until"),
            ({"licence": {"licensed_by": "Ada", "valid_until": "1999-12-31"}}, "/licence/valid_until"),
            ({"licence": {"licensed_by": "Ada", "valid_until": "1798761600"}}, "/licence/valid_until"),
            ({"licence": {"licensed_by": "Ada\n", "valid_until": None}}, "/licence/licensed_by"),
            ({"licence": {"licensed_by": "Ada", "valid_until": "0001-01-01T00:00:00+05:00"}}, "/licence/valid_until"),
            ({"licence": {"licensed_by": "Ada", "valid_until": "9999-12-31T23:59:59-05:00"}}, "/licence/valid_until"),
            ({"status": "lovely"}, "/status"),
            ({"usage_count": 1}, "/usage_count"),
        ],
    )
    def test_each_fault_is_named(
        self, agency: Agency, kind: str, make: Any, key: str, change: dict[str, Any], pointer: str
    ) -> None:
        before = agency.wire.image()
        problem = agency.operator.post(f"{MODELS}/m1/{kind}", {**make("i1", "bio"), **change}).refused(
            422, "invalid_input"
        )
        assert problem["errors"][0]["pointer"] == pointer
        assert agency.wire.image() == before

    @pytest.mark.parametrize("quality", [1e-300, 5e-324, 1e-9, 99.99999999999999, 0, 100, 0.1 + 0.2, -0.0])
    def test_any_quality_in_range_can_be_stored_and_read(
        self, agency: Agency, kind: str, make: Any, key: str, quality: float
    ) -> None:
        created = agency.operator.post(f"{MODELS}/m1/{kind}", make("i1", "bio", quality_score=quality)).ok(201)
        assert created["quality_score"] == pytest.approx(quality, abs=1e-4)
        read = agency.operator.get(f"{MODELS}/m1/{kind}/i1").ok()
        assert read["quality_score"] == created["quality_score"]
        again = agency.operator.post(f"{MODELS}/m1/{kind}", make("i1", "bio", quality_score=quality)).ok()
        assert again["replayed"] is True


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"media_key": ""}, "/media_key"),
        ({"media_key": "a b"}, "/media_key"),
        ({"media_key": "x" * 513}, "/media_key"),
        ({"media_type": "text/html"}, "/media_type"),
        ({"media_type": "image/png\n"}, "/media_type"),
        ({"sha256": "AB" * 32}, "/sha256"),
        ({"sha256": "ab" * 31}, "/sha256"),
        ({"bytes": 0}, "/bytes"),
        ({"bytes": 10**9 + 1}, "/bytes"),
        ({"width": 0}, "/width"),
        ({"height": 1.5}, "/height"),
    ],
)
def test_what_media_must_say_of_itself(agency: Agency, change: dict[str, Any], pointer: str) -> None:
    problem = agency.operator.post(f"{MODELS}/m1/content", media("i1", "pfp", **change)).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer


def test_media_without_sizes_are_delivered_without_them(agency: Agency) -> None:
    agency.operator.model("m2")
    item = media("c1", "pfp")
    del item["width"], item["height"]
    agency.operator.post(f"{MODELS}/m2/content", item).ok(201)
    agency.operator.account(model_id="m2")
    worker = agency.worker()
    worker.start().ok()
    content = worker.content().ok()["content"]
    assert (content["width"], content["height"]) == (None, None)


@pytest.mark.parametrize("body", ["", "x" * 2201, None, 7])
def test_a_text_has_1_to_2200_characters(agency: Agency, body: Any) -> None:
    problem = agency.operator.post(f"{MODELS}/m1/texts", words("t1", "bio", body=body)).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == "/body"


@pytest.mark.parametrize("body", ["x", "😀" * 2200, " x ", "a\u2028b", "a\tb\nc", "a\r\nb", "\u202eevil", "e\u0301"])
def test_any_text_comes_back_as_it_was(agency: Agency, body: str) -> None:
    agency.operator.post(f"{MODELS}/m1/texts", words("t1", "bio", body=body)).ok(201)
    assert agency.operator.text("t1")["body"] == body


# bots


def test_a_bot_is_created_once(agency: Agency) -> None:
    given = {"bot_id": "b9", "name": "Nine", "models": ["m1"]}
    made = agency.operator.post("/api/operator/bots", given).ok(201)
    assert (made["models"], made["replayed"]) == (["m1"], False)
    before = agency.wire.image()
    agency.operator.post("/api/operator/bots", given).ok()
    for change in ({"name": "Ten"}, {"models": None}, {"models": ["m1", "m2"]}):
        agency.operator.post("/api/operator/bots", {**given, **change}).refused(409, "already_exists")
    assert agency.wire.image() == before
    found = agency.operator.get("/api/operator/bots/b9").ok()
    assert [key["key_id"] for key in found["keys"]] == [made["key_id"]]
    agency.operator.get("/api/operator/bots/never").refused(404, "bot_not_found")


def test_a_bot_without_an_id_gets_one(agency: Agency) -> None:
    made = agency.operator.post("/api/operator/bots", {}).ok(201)
    assert made["bot_id"].startswith("bot_")
    assert made["key"].startswith(f"wk_{made['bot_id']}_")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"bot_id": "a b"}, "/bot_id"),
        ({"role": "root"}, "/role"),
        ({"role": "operator"}, "/role"),
        ({"models": []}, "/models"),
        ({"models": ["a b"]}, "/models/0"),
        ({"key": "wk_b1_x"}, "/key"),
    ],
)
def test_a_bot_that_is_none_is_refused(agency: Agency, body: dict[str, Any], pointer: str) -> None:
    problem = agency.operator.post("/api/operator/bots", body).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer


# the audit


def test_the_audit_is_read_by_account_by_bot_and_by_day_newest_first(agency: Agency) -> None:
    agency.warmed_to("bio")
    day = agency.time.now.strftime("%Y-%m-%d")
    by_account = agency.operator.get("/api/operator/audit?account_id=a1").ok()["items"]
    assert [event["version"] for event in by_account] == list(range(len(by_account), 0, -1))
    by_operator = agency.operator.get("/api/operator/audit?bot_id=root").ok()["items"]
    assert {(event["actor"]["kind"], event["actor"]["id"]) for event in by_operator} == {("operator", "root")}
    by_bot = agency.operator.get("/api/operator/audit?bot_id=b1").ok()["items"]
    assert {event["actor"]["id"] for event in by_bot} == {"b1"}
    assert {event["action"] for event in by_bot} >= {"session:open", "account:start", "phase:deliver", "phase:complete"}
    assert [event["at"] for event in by_bot] == sorted((event["at"] for event in by_bot), reverse=True)
    yesterday = agency.operator.get("/api/operator/audit?day=2026-11-22&limit=100").ok()["items"]
    assert {event["action"] for event in yesterday} >= {"model:create", "bot:create", "account:create"}
    assert agency.operator.get("/api/operator/audit").ok() == agency.operator.get(f"/api/operator/audit?day={day}").ok()
    assert agency.operator.get("/api/operator/audit?account_id=never").ok()["items"] == []


def test_of_several_questions_to_the_audit_all_are_answered(agency: Agency) -> None:
    agency.warmed_to("bio")
    agency.operator.account("a2")
    today = agency.time.now.strftime("%Y-%m-%d")

    def told(query: str) -> list[Any]:
        items: list[Any] = agency.operator.get(f"/api/operator/audit?limit=100&{query}").ok()["items"]
        lines = agency.operator.get(f"/api/operator/audit/export?{query}").text.splitlines()
        assert [json.loads(line) for line in lines] == items
        return items

    whole = told("account_id=a1")
    of_bot = told("account_id=a1&bot_id=b1")
    assert of_bot == [event for event in whole if event["actor"] == {"kind": "bot", "id": "b1"}] != whole
    of_day = told(f"account_id=a1&day={today}")
    assert of_day == [event for event in whole if event["at"].startswith(today)] != whole
    assert told("bot_id=b1&day=2026-11-22") == [one for one in told("bot_id=b1") if one["at"].startswith("2026-11-22")]
    assert told("account_id=a1&day=2020-01-01") == told("account_id=a2&bot_id=b1") == []


def test_what_a_bot_did_is_found_on_all_days_in_pages_that_may_be_short(agency: Agency) -> None:
    worker = agency.warmed_to("post")
    agency.time.advance(timedelta(days=200))
    worker.with_session().claim().ok()
    found: list[Any] = []
    page = agency.operator.get("/api/operator/audit?bot_id=b1&limit=100").ok()
    pages = 1
    while page["next_cursor"] is not None:
        found += page["items"]
        page = agency.operator.get(f"/api/operator/audit?bot_id=b1&limit=100&cursor={page['next_cursor']}").ok()
        pages += 1
    found += page["items"]
    assert pages == 4, "400 days are kept, and a request looks at 120"
    rows = agency.wire.store.tables["test-audit_events"].rows.values()
    assert len(found) == sum(row["actor"] == {"S": "bot:b1"} for row in rows)
    assert [one["at"] for one in found] == sorted((one["at"] for one in found), reverse=True)


@pytest.mark.parametrize("query", ["account_id=a1", "bot_id=b1", "day=2026-11-22", "account_id=a1&bot_id=b1"])
def test_pages_of_the_audit_lose_nothing(agency: Agency, query: str) -> None:
    agency.warmed_to("post")
    whole = agency.operator.get(f"/api/operator/audit?{query}&limit=100").ok()["items"]
    found: list[Any] = []
    cursor = ""
    while True:
        page = agency.operator.get(f"/api/operator/audit?{query}&limit=3{cursor}").ok()
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(found) == len(whole) > 3
    assert sorted(map(str, found)) == sorted(map(str, whole))


@pytest.mark.parametrize("day", ["2026-13-01", "2026-11-31x", "today", "2026-11-٢٢", "26-11-22", ""])
def test_a_day_that_is_none_is_refused(agency: Agency, day: str) -> None:
    agency.operator.get(f"/api/operator/audit?day={day}").refused(400, "malformed_request")


def test_a_whole_audit_is_verified_and_a_planted_change_found(agency: Agency, settings: Settings) -> None:
    agency.warmed_to("bio")
    assert agency.operator.verified() == 5
    transaction = Transaction(begin(settings, Actor(ActorKind.OPERATOR, "root")))
    transaction.update(Account(account_id="a1"), None, [Account.state.set(AccountState.ACTIVE)])
    transaction.commit()
    found = agency.operator.get("/api/operator/accounts/a1/verify").ok()
    assert (found["ok"], found["versions"]) == (False, 5)
    assert found["problems"] == ["account is 'active', the audit says 'warming_up'"]
    agency.operator.get("/api/operator/accounts/never/verify").refused(404, "account_not_found")

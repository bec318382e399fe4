"""Who may call what: generated from the routes that the service declares, so that none is forgotten."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import routes
from chalicelib.context import ActorKind
from chalicelib.domain import keys
from chalicelib.edge.endpoints import Endpoint
from chalicelib.edge.routing import ENDPOINTS
from chalicelib.edge.serve import installed
from chalicelib.settings import Settings
from tests.agency import OPERATOR_KEY, Agency, Api, Bot, Reply

assert routes.BLUEPRINTS, "importing the routes declares them"
CLOSED = [endpoint for endpoint in ENDPOINTS if endpoint.kind is not None]
OPEN = [endpoint for endpoint in ENDPOINTS if endpoint.kind is None]
OF_AN_ACCOUNT = [one for one in CLOSED if one.kind is ActorKind.BOT and "{account_id}" in one.path]
TOKEN = "lt_1_" + "0" * 32
IDS = {
    "account_id": "a1",
    "model_id": "m1",
    "content_id": "m1-pfp",
    "text_id": "m1-bio-text",
    "bot_id": "b1",
    "user_id": "ada",
    "key_id": "key_1",
    "session_id": "ses_1",
    "plan": "standard",
    "version": "1",
    "phase": "pfp",
}


def named(endpoint: Endpoint) -> str:
    """The name of a case."""
    return f"{endpoint.method} {endpoint.path}"


def ask(api: Api, endpoint: Endpoint, **ids: str) -> Reply:
    """One request to the route, with an empty body and a token where one is needed."""
    headers = {"Lease-Token": TOKEN} if endpoint.lease else {}
    body: dict[str, str] | None = {} if endpoint.method == "POST" else None
    return api.send(endpoint.method, endpoint.path.format(**{**IDS, **ids}), body, headers=headers)


def test_the_routes_are_the_contracts_and_their_roles_follow_their_paths() -> None:
    assert len(ENDPOINTS) > 35
    for endpoint in ENDPOINTS:
        expected = {"bot": ActorKind.BOT, "operator": ActorKind.OPERATOR}.get(endpoint.path.split("/")[2])
        assert endpoint.kind is expected, endpoint.path


@pytest.mark.parametrize("endpoint", OPEN, ids=named)
def test_an_open_route_asks_for_no_key(agency: Agency, endpoint: Endpoint) -> None:
    assert ask(agency.nobody(), endpoint).status == 200


def revoked_key(agency: Agency) -> str:
    """A key that was revoked, of a bot that has no other."""
    agency.operator.account()
    made = agency.operator.post("/api/operator/bots", {"bot_id": "gone"}).ok(201)
    agency.operator.delete(f"/api/operator/bots/gone/keys/{made['key_id']}").ok()
    return str(made["key"])


@pytest.mark.parametrize("endpoint", CLOSED, ids=named)
def test_a_closed_route_is_closed(agency: Agency, endpoint: Endpoint) -> None:
    revoked = agency.staged("a revoked key", lambda: revoked_key(agency))
    bot_key, before = agency.keys["b1"], agency.wire.image()
    typing_error = bot_key[:-1] + ("0" if bot_key[-1] != "0" else "1")
    unknown_owner, no_id = keys.make("nobody", bytes(32)), keys.make("a" * 2049, bytes(32))
    for key in (None, "garbage", "", bot_key[:-1], typing_error, unknown_owner, no_id, revoked, "wk_b1_" + "é" * 49):
        answer = ask(Api(agency.client, key), endpoint)
        problem = answer.refused(401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert problem["detail"] == "Send a valid key as `Authorization: Bearer <key>`.", "one message for all causes"
    other = Api(agency.client, OPERATOR_KEY if endpoint.kind is ActorKind.BOT else bot_key)
    ask(other, endpoint).refused(403, "forbidden")
    assert agency.wire.image() == before


@pytest.mark.parametrize(
    "header",
    ["Basic cm9vdDpyb290", "Bearer", "Bearer ", "root", "bearer", "Token root", "Bearer  ", "Bearer root root"],
)
def test_any_other_header_is_no_key(agency: Agency, header: str) -> None:
    answer = agency.nobody().get("/api/operator/models", headers={"Authorization": header})
    answer.refused(401, "unauthenticated")


@pytest.mark.parametrize("header", ["bearer root", "BEARER root", "Bearer   root", "Bearer root "])
def test_the_scheme_is_read_as_http_reads_it(agency: Agency, header: str) -> None:
    agency.nobody().get("/api/operator/models", headers={"Authorization": header}).ok()


@pytest.mark.parametrize("endpoint", OF_AN_ACCOUNT, ids=named)
def test_an_account_of_another_model_does_not_exist_for_a_bound_bot(agency: Agency, endpoint: Endpoint) -> None:
    agency.operator.model("m2")
    bound = agency.hire("bound", ["m2"])
    agency.warmed_to("pfp")
    before = agency.wire.image()
    body: dict[str, Any] = {}
    if endpoint.path.endswith("report-error"):
        body = {"phase": "pfp", "kind": "fatal", "message": "x"}
    elif "/performance/" in endpoint.path:
        body = {"performance_score": 80, "measured_at": agency.time.told()}
    answers = []
    for account_id in ("a1", "never"):
        path = endpoint.path.format(account_id=account_id, phase="pfp")
        sent = body if endpoint.method == "POST" else None
        answers.append(bound.send(endpoint.method, path, sent, headers={"Lease-Token": TOKEN}))
    hidden, absent = (answer.refused(404, "account_not_found") for answer in answers)
    del hidden["request_id"], absent["request_id"]
    assert json.dumps(hidden).replace("a1", "never") == json.dumps(absent), "nothing tells the two apart"
    assert agency.wire.image() == before


def test_a_bound_bot_is_offered_and_given_its_own_models_accounts_only(agency: Agency) -> None:
    agency.operator.model("m2")
    agency.operator.stocked("m2")
    for account_id, model_id in (("a1", "m1"), ("a2", "m2"), ("a3", "m1"), ("a4", "m2")):
        agency.operator.account(account_id, model_id=model_id)
        agency.time.advance(1)
    bound = agency.hire("bound", ["m2"]).with_session()
    assert bound.offered() == ["a2", "a4"]
    assert bound.offered("?model_id=m1") == []
    assert bound.claim(limit=10, model_ids=["m1"]).ok()["items"] == []
    assert {item["account_id"] for item in bound.claim(limit=10).ok()["items"]} == {"a2", "a4"}
    assert bound.start("a2").ok()["state"] == "warming_up"


def test_a_bot_does_not_see_another_bots_session(agency: Agency) -> None:
    agency.operator.account()
    first, second = agency.worker("b1"), agency.bot("b2")
    first.start().ok()
    for answer in (
        second.get(f"/api/bot/sessions/{first.session}"),
        second.delete(f"/api/bot/sessions/{first.session}"),
        second.heartbeat(first.session),
        Bot(agency.client, "b2", str(second.key), first.session).claim(),
    ):
        answer.refused(404, "session_not_found")
        assert "lease" not in answer.text
    assert first.own_session().ok()["status"] == "live"


def test_anothers_session_does_not_make_a_bot_the_holder(agency: Agency) -> None:
    agency.operator.account()
    first = agency.worker("b1")
    lease = first.start().ok()["lease"]
    thief = Bot(agency.client, "b2", agency.keys["b2"], first.session)
    thief.content().refused(409, "account_leased")
    thief.start().refused(409, "account_leased")
    thief.complete("pfp", lease["lease_token"]).refused(409, "account_leased")
    assert agency.operator.account_document()["lease"]["bot_id"] == "b1"


def test_a_user_with_a_key_of_its_own_works_as_operator(agency: Agency) -> None:
    made = agency.operator.post("/api/operator/users", {"user_id": "ada", "role": "admin"}).ok(201)
    ada = Api(agency.client, made["key"])
    ada.post("/api/operator/models", {"model_id": "m9"}).ok(201)
    ada.get("/api/bot/accounts/ready").refused(403, "forbidden")


# keys


def test_a_key_is_shown_once(agency: Agency) -> None:
    made = agency.operator.post("/api/operator/bots", {"bot_id": "b9", "name": "Nine"}).ok(201)
    assert set(made) >= {"bot_id", "key_id", "key"}
    assert made["key"].startswith("wk_b9_")
    again = agency.operator.post("/api/operator/bots", {"bot_id": "b9", "name": "Nine"}).ok()
    assert (again["replayed"], "key" in again) == (True, False)
    for path in ("/api/operator/bots/b9", "/api/operator/bots", "/api/operator/audit?bot_id=b9"):
        answer = agency.operator.get(path)
        assert made["key"] not in answer.text
        assert "digest" not in answer.text
    assert made["key"] not in json.dumps(agency.wire.image()), "the store knows a hash only"


def test_two_keys_live_at_once_and_no_third(agency: Agency) -> None:
    old = agency.keys["b1"]
    made = agency.operator.post("/api/operator/bots/b1/keys").ok(201)
    assert set(made) >= {"bot_id", "key_id", "key"}
    for key in (old, made["key"]):
        Bot(agency.client, "b1", key).ready().ok()
    agency.operator.post("/api/operator/bots/b1/keys").refused(409, "too_many_keys")
    keys = agency.operator.get("/api/operator/bots/b1").ok()["keys"]
    assert len(keys) == 2


def test_a_new_key_works_at_once_also_where_the_bot_was_just_seen(agency: Agency) -> None:
    agency.bot().ready().ok()  # this warm function has looked the bot up
    made = agency.operator.post("/api/operator/bots/b1/keys").ok(201)
    Bot(agency.client, "b1", made["key"]).ready().ok()


def test_while_the_pepper_rotates_keys_of_both_are_taken_and_new_ones_are_made_with_the_new(
    agency: Agency, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing = replace(settings, pepper="a new pepper", previous_pepper=settings.pepper)
    monkeypatch.setattr(installed, "settings", changing)
    agency.bot().ready().ok()
    made = agency.operator.post("/api/operator/bots/b1/keys").ok(201)
    monkeypatch.setattr(installed, "settings", replace(changing, previous_pepper=""))
    Bot(agency.client, "b1", made["key"]).ready().ok()
    agency.bot().ready().refused(401, "unauthenticated")


def test_a_revoked_key_stops_within_a_minute_and_the_other_goes_on(agency: Agency) -> None:
    old = agency.bot()
    old.ready().ok()
    made = agency.operator.post("/api/operator/bots/b1/keys").ok(201)
    new = Bot(agency.client, "b1", made["key"])
    ids = {key["key_id"] for key in agency.operator.get("/api/operator/bots/b1").ok()["keys"]}
    (first,) = ids - {made["key_id"]}
    revoked = agency.operator.delete(f"/api/operator/bots/b1/keys/{first}").ok()
    assert revoked["replayed"] is False
    agency.time.advance(timedelta(seconds=60))
    old.ready().refused(401, "unauthenticated")
    new.ready().ok()
    again = agency.operator.delete(f"/api/operator/bots/b1/keys/{first}").ok()
    assert again["replayed"] is True
    agency.operator.post("/api/operator/bots/b1/keys").ok(201)


def test_keys_of_nobody_are_not_found(agency: Agency) -> None:
    agency.operator.post("/api/operator/bots/never/keys").refused(404, "bot_not_found")
    agency.operator.delete("/api/operator/bots/never/keys/key_1").refused(404, "bot_not_found")
    agency.operator.delete("/api/operator/bots/b1/keys/key_1").refused(404, "key_not_found")


def test_changes_of_keys_are_audited_without_the_keys(agency: Agency) -> None:
    made = agency.operator.post("/api/operator/bots/b1/keys").ok(201)
    agency.operator.delete(f"/api/operator/bots/b1/keys/{made['key_id']}").ok()
    day = agency.time.now.strftime("%Y-%m-%d")
    events: list[Any] = agency.operator.get(f"/api/operator/audit?day={day}&limit=100").ok()["items"]
    actions = [event["action"] for event in events if event["subject"] == "bot:b1"]
    assert sorted(actions) == ["bot:add_key", "bot:create", "bot:revoke_key"]
    assert made["key"] not in json.dumps(events)

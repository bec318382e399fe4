"""Who may do what, to what: role × operation × binding × own or foreign object, generated from the declared routes."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib import routes
from chalicelib.domain.permissions import ROLES, Permission, Role
from chalicelib.edge.endpoints import Endpoint
from chalicelib.edge.routing import ENDPOINTS
from tests.agency import Agency, Api, Reply, media, words
from tests.api.test_bad_input import valid
from tests.store import State
from tests.tables import Cell
from tests.wire import Image

assert routes.BLUEPRINTS, "importing the routes declares them"
OF_USERS = [one for one in ENDPOINTS if one.needs is not None]
BINDABLE = [one for one in Role if one is not Role.ADMIN]
FOREIGN = "zz-"
"""With this begins the id of whatever belongs to the model that the bound users do not see."""
OWN = {
    "account_id": "a1",
    "model_id": "m1",
    "content_id": "m1-pfp",
    "text_id": "m1-bio-text",
    "bot_id": "own-bot",
    "user_id": "viewer-m1",
    "phase": "pfp",
    "plan": "slow",
    "version": "1",
    "key_id": "key_1",
}
OF_A_MODEL = {
    "account_id": "zz-account",
    "model_id": "zz-model",
    "content_id": "zz-model-pfp",
    "text_id": "zz-model-bio-text",
    "bot_id": "zz-bot",
    "user_id": "zz-user",
}


@dataclass
class Stage:
    """An agency with two models, and a user for each role and binding."""

    agency: Agency
    keys: Mapping[str, str]
    sessions: Mapping[str, str]
    saved: State
    image: Image

    def caller(self, role: Role, bound: bool) -> Api:
        """A user of the role, for all models or bound to one."""
        return Api(self.agency.client, self.keys[f"{role}-m1" if bound else str(role)])

    def ask(self, api: Api, endpoint: Endpoint, query: str = "", **ids: str) -> Reply:
        """One request that would be accepted, from the same state each time."""
        self.agency.wire.restore(self.saved)
        path = endpoint.path.format(**{**OWN, "session_id": self.sessions["own"], **ids}) + query
        headers = {"Lease-Token": "lt_1_" + "0" * 32} if endpoint.lease else {}
        if endpoint.raw:
            row = json.dumps(ROWS[endpoint.name]).encode()
            return api.send(endpoint.method, path, raw=row, content_type="application/x-ndjson", headers=headers)
        body = valid(endpoint) if endpoint.body is not None else None
        return api.send(endpoint.method, path, body, headers=headers)


ROWS = {
    "accounts.import_all": {"account_id": "new", "model_id": "m1", "username": "new"},
    "content.import_all": media("new", "pfp"),
    "texts.import_all": words("new", "bio"),
}


class _Kept:
    stage: tuple[State, dict[str, str], dict[str, str], Image] | None = None


@pytest.fixture
def stage(agency: Agency) -> Stage:
    """Made once in a process: every cell begins with the same state."""
    if _Kept.stage is None:
        keys, sessions = _build(agency)
        _Kept.stage = agency.wire.save(), keys, sessions, agency.wire.image()
    saved, keys, sessions, image = _Kept.stage
    agency.wire.restore(saved)
    return Stage(agency, keys, sessions, saved, image)


def _build(agency: Agency) -> tuple[dict[str, str], dict[str, str]]:
    operator = agency.operator
    operator.model("zz-model")
    operator.stocked("zz-model")
    operator.post("/api/operator/plans", {"name": "slow", "title": "Slow"}).ok(201)
    operator.post("/api/operator/plans/slow/versions/1/publish").ok()
    sessions = {}
    for model_id, account_id, bot_id, name in (
        ("m1", "a1", "own-bot", "own"),
        ("zz-model", "zz-account", "zz-bot", "foreign"),
    ):
        operator.account(account_id, model_id=model_id)
        operator.account(f"{account_id}-2", model_id=model_id)
        bot = agency.hire(bot_id, [model_id]).with_session()
        sessions[name] = str(bot.session)
        bot.start(account_id).ok()
        token = bot.content("pfp", account_id).ok()["lease"]["lease_token"]
        bot.report("pfp", token, account_id, kind="fatal").ok()
        bot.start(f"{account_id}-2").ok()
        bot.do("pfp", f"{account_id}-2")
    keys = {}
    for role in Role:
        keys[str(role)] = _hired(agency, str(role), role, None)
        if role in BINDABLE:
            keys[f"{role}-m1"] = _hired(agency, f"{role}-m1", role, ["m1"])
    _hired(agency, "zz-user", Role.VIEWER, ["zz-model"])
    return keys, sessions


def _hired(agency: Agency, user_id: str, role: Role, models: list[str] | None) -> str:
    body = {"user_id": user_id, "role": str(role), "models": models}
    key: str = agency.operator.post("/api/operator/users", body).ok(201)["key"]
    Api(agency.client, key).get("/api/operator/me").ok()  # so that its use is noted for this hour
    return key


def named(endpoint: Endpoint) -> str:
    """The name of a case."""
    return f"{endpoint.method} {endpoint.path}"


def needed(endpoint: Endpoint) -> set[Permission | None]:
    """What the request that `ask` sends needs."""
    return {endpoint.needs} | {endpoint.members[one] for one in valid(endpoint) if one in endpoint.members}


@pytest.mark.parametrize("endpoint", OF_USERS, ids=named)
def test_each_role_does_what_its_permissions_say_and_nothing_else(
    stage: Stage, endpoint: Endpoint, record_property: Callable[[str, Cell], None]
) -> None:
    for role in Role:
        for bound in (False, True) if role in BINDABLE else (False,):
            answer = stage.ask(stage.caller(role, bound), endpoint)
            if needed(endpoint) <= ROLES[role]:
                assert answer.status not in (401, 403, 500), (role, bound, answer.text)
            else:
                problem = answer.refused(403, "forbidden")
                assert problem["permission"] in needed(endpoint), (role, bound)
                assert str(role) not in problem["roles"]
                assert stage.agency.wire.image() == stage.image, (role, bound)
            record_property("table", ("role × operation", str(role), str(answer.status), 1))


@pytest.mark.parametrize("endpoint", [one for one in OF_USERS if "{" in one.path], ids=named)
def test_a_foreign_object_is_answered_like_one_that_is_not_there(stage: Stage, endpoint: Endpoint) -> None:
    given = {name: value for name, value in OF_A_MODEL.items() if f"{{{name}}}" in endpoint.path}
    session = {"session_id": stage.sessions["foreign"]} if "{session_id}" in endpoint.path else {}
    if not given and not session:
        return
    for role in BINDABLE:
        caller, before = stage.caller(role, bound=True), stage.image
        foreign = stage.ask(caller, endpoint, **given, **session)
        assert stage.agency.wire.image() == before, role
        absent = stage.ask(caller, endpoint, **{name: f"no-{value[3:]}" for name, value in (given | session).items()})
        assert foreign.status == absent.status, (role, foreign.text)
        told = foreign.text
        for value in (given | session).values():
            told = told.replace(value, f"no-{value[3:]}")
        assert without_id(told) == without_id(absent.text), role
        if needed(endpoint) <= ROLES[role]:
            assert "_not_found" in foreign.text, (role, foreign.text)


def without_id(text: str) -> Any:
    """The document but for the id of its request."""
    document = json.loads(text)
    document.pop("request_id", None)
    return document


LISTS = [one for one in OF_USERS if one.method == "GET" and "{" not in one.path]
ASKED = {
    "model_id": "zz-model",
    "account_id": "zz-account",
    "bot_id": "zz-bot",
    "content_id": "zz-model-pfp",
    "text_id": "zz-model-bio-text",
    "ids": "zz-account",
    "text": "zz",
    "day": "2026-11-22",
}


def queries(endpoint: Endpoint) -> list[str]:
    """Ways to ask a list: as it is, and for what is foreign by each of its parameters."""
    asked = [f"?{name}={value}" for name, value in ASKED.items() if name in endpoint.query]
    return asked if endpoint.name == "stewardship.history" else ["", *asked]


@pytest.mark.parametrize("endpoint", LISTS, ids=named)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_no_list_shows_a_bound_user_a_foreign_model(stage: Stage, endpoint: Endpoint, role: Role) -> None:
    caller, unbound = stage.caller(role, bound=True), stage.caller(Role.ADMIN, bound=False)
    for query in queries(endpoint):
        answer = stage.ask(caller, endpoint, query)
        assert answer.status == 200, answer.text
        assert FOREIGN not in answer.text, (query, answer.text)
        for cursor in re.findall(r'"next_cursor": "([^"]+)"', answer.text):
            assert FOREIGN.encode() not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    if endpoint.name in ("accounts.list_all", "audit.list_all", "bots.list_all", "sessions.list_all", "users.list_all"):
        assert FOREIGN in stage.ask(unbound, endpoint, "?limit=100").text
        assert "m1" in stage.ask(caller, endpoint, "?limit=100").text or endpoint.name.startswith("sessions")


def test_the_figures_of_a_bound_user_are_of_the_own_models(stage: Stage) -> None:
    viewer = stage.caller(Role.VIEWER, bound=True)
    found = viewer.get("/api/operator/pipeline").ok()
    everything = stage.caller(Role.ADMIN, bound=False).get("/api/operator/pipeline").ok()
    for name in ("states", "queues"):
        assert {one: 2 * count for one, count in found[name].items() if count} == {
            one: count for one, count in everything[name].items() if count
        }
    assert (found["review"]["total"], everything["review"]["total"]) == (1, 2)
    assert (found["live_sessions"], everything["live_sessions"]) == (1, 2)
    stage.agency.time.advance(1)
    hour = viewer.get("/api/operator/pipeline/throughput").ok()["hours"][-1]
    assert (hour["completed"], hour["failed"]) == (1, 1)
    assert viewer.get("/api/operator/review").ok()["scanned_count"] == 1
    listed = viewer.get("/api/operator/accounts").ok()
    assert (len(listed["items"]), listed["scanned_count"]) == (2, 2)


def test_what_a_contributor_adds_or_edits_waits_for_approval(stage: Stage) -> None:
    contributor = stage.caller(Role.CONTRIBUTOR, bound=True)
    path = "/api/operator/models/m1/texts"
    text = {"text_id": "mine", "category": "bio", "quality_score": 50, "max_usage": 1, "body": "words"}
    assert contributor.post(path, text).ok(201)["status"] == "pending"
    contributor.send("PATCH", f"{path}/mine", {"status": "approved"}).refused(403, "forbidden")
    approver = stage.caller(Role.APPROVER, bound=True)
    assert approver.send("PATCH", f"{path}/mine", {"status": "approved"}).ok()["approved_by"] == "approver-m1"
    approver.send("PATCH", f"{path}/mine", {"quality_score": 1}).refused(403, "forbidden")
    assert contributor.send("PATCH", f"{path}/mine", {"quality_score": 60}).ok()["status"] == "pending"


def test_who_pauses_models_changes_nothing_else_of_them(stage: Stage) -> None:
    operator = stage.caller(Role.OPERATOR, bound=True)
    path = "/api/operator/models/m1"
    assert operator.send("PATCH", path, {"paused": True, "reason": "holidays"}).ok()["paused"] is True
    problem = operator.send("PATCH", path, {"weight": 5}).refused(403, "forbidden")
    assert (problem["permission"], problem["roles"]) == ("models:write", ["admin"])

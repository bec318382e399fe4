"""Users: created, bound, given and refused keys; what an earlier release called operators; the last admin."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.context import Actor, ActorKind, begin
from chalicelib.domain import keys
from chalicelib.settings import Settings
from chalicelib.tables import Bot as BotItem
from chalicelib.tables.base import batch_get, cached
from chalicelib.tables.transaction import Transaction
from infrastructure.upgrade import move_operators
from tests.agency import Agency, Api, Reply

USERS = "/api/operator/users"


def hired(agency: Agency, user_id: str, role: str, **more: Any) -> Api:
    """A new user of the role, who calls with the key that was made."""
    made = agency.operator.post(USERS, {"user_id": user_id, "role": role, **more}).ok(201)
    return Api(agency.client, made["key"])


def patch(api: Api, user_id: str, **change: Any) -> Reply:
    """Edits a user."""
    return api.send("PATCH", f"{USERS}/{user_id}", change)


def test_a_user_is_created_once_and_the_key_is_shown_once(agency: Agency) -> None:
    given = {"user_id": "ada", "role": "contributor", "models": ["m1"]}
    made = agency.operator.post(USERS, given).ok(201)
    assert (made["role"], made["models"], made["name"], made["replayed"]) == ("contributor", ["m1"], "ada", False)
    (key,) = made["keys"]
    told = (key["created_by"], key["created_at"], key["expires_at"], key["revoked_at"], key["last_used_at"])
    assert told == ("root", agency.time.told(), None, None, None)
    before = agency.wire.image()
    again = agency.operator.post(USERS, given).ok()
    assert (again["replayed"], "key" in again) == (True, False)
    for change in ({"role": "viewer"}, {"models": None}, {"name": "Ada"}):
        agency.operator.post(USERS, {**given, **change}).refused(409, "already_exists")
    assert agency.wire.image() == before
    assert made["key"] not in str(before)


def test_a_user_without_an_id_gets_one(agency: Agency) -> None:
    made = agency.operator.post(USERS, {"role": "viewer"}).ok(201)
    assert made["user_id"].startswith("usr_")


def test_a_bot_and_a_user_never_share_an_id(agency: Agency) -> None:
    agency.operator.post(USERS, {"user_id": "b1", "role": "viewer"}).refused(409, "already_exists")
    hired(agency, "ada", "viewer")
    agency.operator.post("/api/operator/bots", {"bot_id": "ada"}).refused(409, "already_exists")
    agency.operator.get("/api/operator/bots/ada").refused(404, "bot_not_found")
    agency.operator.get(f"{USERS}/b1").refused(404, "user_not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/role"),
        ({"role": "root"}, "/role"),
        ({"role": "viewer", "models": []}, "/models"),
        ({"role": "viewer", "user_id": "a b"}, "/user_id"),
        ({"role": "admin", "models": ["m1"]}, "/models"),
        ({"role": "viewer", "expires_at": "2026-01-01T00:00:00Z"}, "/expires_at"),
        ({"role": "viewer", "expires_at": "soon"}, "/expires_at"),
    ],
)
def test_a_user_that_makes_no_sense_is_refused(agency: Agency, body: dict[str, Any], pointer: str) -> None:
    problem = agency.operator.post(USERS, body).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer


def test_the_caller_learns_who_they_are_and_what_they_may(agency: Agency) -> None:
    ada = hired(agency, "ada", "approver", models=["m1"], name="Ada L.")
    me = ada.get("/api/operator/me").ok()
    assert (me["user_id"], me["name"], me["role"], me["models"]) == ("ada", "Ada L.", "approver", ["m1"])
    assert "content:approve" in me["permissions"]
    assert "content:write" not in me["permissions"]
    assert me["lacking"]["content:write"] == ["contributor", "operator", "admin"]
    root = agency.operator.get("/api/operator/me").ok()
    assert (root["user_id"], root["name"], root["role"], root["models"]) == ("root", "root", "admin", None)
    assert root["lacking"] == {}


def test_a_refusal_names_the_permission_and_who_has_it(agency: Agency) -> None:
    problem = hired(agency, "vi", "viewer").post("/api/operator/models", {"model_id": "m9"}).refused(403, "forbidden")
    assert (problem["permission"], problem["roles"]) == ("models:write", ["admin"])
    assert "`models:write`" in problem["detail"]


def test_keys_are_seen_by_who_may_read_them(agency: Agency) -> None:
    viewer = hired(agency, "vi", "viewer")
    for path in (USERS, f"{USERS}/vi", "/api/operator/bots", "/api/operator/bots/b1"):
        assert "key" not in viewer.get(path).text
        assert "key_id" in agency.operator.get(path).text


def test_a_change_of_role_or_models_works_within_a_minute(agency: Agency) -> None:
    ada = hired(agency, "ada", "viewer")
    ada.post("/api/operator/models/m1/texts", {}).refused(403, "forbidden")
    assert patch(agency.operator, "ada", role="operator", models=["m1"]).ok()["replayed"] is False
    assert patch(agency.operator, "ada", role="operator", models=["m1"]).ok()["replayed"] is True
    agency.time.advance(60)
    ada.post("/api/operator/models/m1/texts", {}).refused(422, "invalid_input")
    assert ada.get("/api/operator/me").ok()["models"] == ["m1"]
    assert patch(agency.operator, "ada", models=None).ok()["models"] is None
    patch(agency.operator, "never", name="N").refused(404, "user_not_found")
    stale = agency.operator.send("PATCH", f"{USERS}/ada", {"name": "A"}, headers={"If-Match": '"1"'})
    stale.refused(412, "version_conflict")


# keys


def test_a_key_expires(agency: Agency) -> None:
    until = agency.time.told(timedelta(hours=2))
    ada = hired(agency, "ada", "viewer", expires_at=until)
    bot = agency.operator.post("/api/operator/bots", {"bot_id": "b9", "expires_at": until}).ok(201)
    nine = Api(agency.client, bot["key"])
    agency.time.advance(7199)
    ada.get("/api/operator/me").ok()
    nine.get("/api/bot/accounts/ready").ok()
    agency.time.advance(1)
    ada.get("/api/operator/me").refused(401, "unauthenticated")
    nine.get("/api/bot/accounts/ready").refused(401, "unauthenticated")
    for path in (f"{USERS}/ada/keys", "/api/operator/bots/b9/keys"):  # the expired one takes no room
        agency.operator.post(path, {"expires_at": agency.time.told(timedelta(days=90))}).ok(201)
        agency.operator.post(path).ok(201)
        agency.operator.post(path).refused(409, "too_many_keys")


def test_the_last_use_of_a_key_is_told_to_the_hour_and_written_once_in_it(agency: Agency) -> None:
    ada = hired(agency, "ada", "viewer")
    agency.wire.forget()
    for _ in range(3):
        ada.get("/api/operator/me").ok()
        agency.time.advance(60)
    writes = [one for one in agency.wire.operations() if one != "BatchGetItem"]
    assert writes == ["UpdateItem"]
    (key,) = agency.operator.get(f"{USERS}/ada").ok()["keys"]
    assert key["last_used_at"] == "2026-11-22T12:00:00.000Z"
    agency.time.advance(timedelta(hours=1))
    ada.get("/api/operator/me").ok()
    (key,) = agency.operator.get(f"{USERS}/ada").ok()["keys"]
    assert key["last_used_at"] == "2026-11-22T13:00:00.000Z"


def test_a_disabled_user_has_no_key_and_gets_none_until_enabled(agency: Agency) -> None:
    ada = hired(agency, "ada", "operator")
    gone = agency.operator.post(f"{USERS}/ada/disable", {"reason": "has left"}).ok()
    assert (gone["disabled_at"], gone["replayed"]) == (agency.time.told(), False)
    assert all(one["revoked_at"] for one in gone["keys"])
    agency.time.advance(60)
    ada.get("/api/operator/me").refused(401, "unauthenticated")
    assert agency.operator.post(f"{USERS}/ada/disable", {"reason": "has left"}).ok()["replayed"] is True
    agency.operator.post(f"{USERS}/ada/keys").refused(422, "invalid_input")
    assert patch(agency.operator, "ada", disabled=False).ok()["disabled_at"] is None
    agency.operator.post(f"{USERS}/ada/keys").ok(201)
    day = agency.time.now.strftime("%Y-%m-%d")
    told = [one["summary"] for one in agency.operator.get(f"/api/operator/audit?day={day}").ok()["items"]]
    assert "operator root disabled user ada: has left" in told


def test_a_key_of_a_user_is_revoked(agency: Agency) -> None:
    ada = hired(agency, "ada", "viewer")
    (key,) = agency.operator.get(f"{USERS}/ada").ok()["keys"]
    path = f"{USERS}/ada/keys/{key['key_id']}"
    assert [agency.operator.delete(path).ok()["replayed"] for _ in range(2)] == [False, True]
    agency.operator.delete(f"{USERS}/ada/keys/key_9").refused(404, "key_not_found")
    agency.time.advance(60)
    ada.get("/api/operator/me").refused(401, "unauthenticated")


# the last admin


def key_of(agency: Agency, user_id: str) -> str:
    """The path of a user's first key."""
    keys_of_user = agency.operator.get(f"{USERS}/{user_id}").ok()["keys"]
    return f"{USERS}/{user_id}/keys/{keys_of_user[0]['key_id']}"


def test_the_last_admin_keeps_role_and_key(agency: Agency) -> None:
    hired(agency, "ada", "admin")
    hired(agency, "bo", "operator")
    before = agency.wire.image()
    agency.operator.post(f"{USERS}/ada/disable", {"reason": "x"}).refused(409, "last_admin")
    agency.operator.delete(key_of(agency, "ada")).refused(409, "last_admin")
    patch(agency.operator, "ada", role="operator").refused(409, "last_admin")
    assert agency.wire.image() == before
    agency.operator.post(f"{USERS}/bo/disable", {"reason": "x"}).ok()
    hired(agency, "cy", "admin", expires_at=agency.time.told(timedelta(hours=1)))
    agency.time.advance(timedelta(hours=1))
    patch(agency.operator, "ada", role="operator").refused(409, "last_admin")  # the other's key has expired
    agency.operator.post(f"{USERS}/cy/keys").ok(201)
    patch(agency.operator, "ada", role="operator").ok()
    patch(agency.operator, "cy", role="viewer").refused(409, "last_admin")


def test_an_admin_with_two_keys_may_lose_one(agency: Agency) -> None:
    hired(agency, "ada", "admin")
    first = key_of(agency, "ada")
    agency.operator.post(f"{USERS}/ada/keys").ok(201)
    agency.operator.delete(first).ok()


def test_of_two_admins_who_disable_each_other_at_once_one_is_left(agency: Agency) -> None:
    ada, bo = hired(agency, "ada", "admin"), hired(agency, "bo", "admin")
    answers: list[Reply] = []

    def other() -> None:
        answers.append(bo.post(f"{USERS}/ada/disable", {"reason": "x"}))

    ada.get("/api/operator/me").ok()
    bo.get("/api/operator/me").ok()
    agency.wire.meanwhile(other)
    ada.post(f"{USERS}/bo/disable", {"reason": "x"}).refused(409, "last_admin")
    answers[0].ok()


# what earlier releases called operators


def operator_of_old(settings: Settings, name: str) -> str:
    """Stores an operator as earlier releases did; the key."""
    key = keys.make(name, bytes(32))
    context = begin(settings, Actor(ActorKind.OPERATOR, "deployer"))
    stored = {"digest": keys.digest(settings.pepper, key), "created_at": "2026-11-01T00:00:00.000Z", "revoked_at": None}
    transaction = Transaction(context)
    at = context.now
    transaction.put(
        BotItem(bot_id=name, role=ActorKind.OPERATOR, name=name, keys={"key_1": stored}, created_at=at, updated_at=at)
    )
    transaction.commit()
    return key


def test_operators_of_old_are_admins_before_and_after_they_are_moved(agency: Agency, settings: Settings) -> None:
    old = Api(agency.client, operator_of_old(settings, "old"))
    assert old.get("/api/operator/me").ok()["role"] == "admin"
    assert [one["bot_id"] for one in agency.operator.get("/api/operator/bots").ok()["items"]] == ["b1", "b2"]
    assert old.get(f"{USERS}/old").ok()["role"] == "admin"
    assert sorted(move_operators(settings)) == [False, False, True]
    assert list(move_operators(settings)) == [False, False]
    assert batch_get([(BotItem, "old")]) == [None]
    old.get("/api/operator/me").ok()
    agency.time.advance(60)
    old.get("/api/operator/me").ok()
    (key,) = agency.operator.get(f"{USERS}/old").ok()["keys"]
    assert (key["created_by"], key["key_id"]) == (None, "key_1")
    agency.operator.delete(f"{USERS}/old/keys/key_1").refused(409, "last_admin")


def test_an_operator_of_old_is_moved_by_a_change(agency: Agency, settings: Settings) -> None:
    old = Api(agency.client, operator_of_old(settings, "old"))
    made = old.post(f"{USERS}/old/keys").ok(201)
    assert batch_get([(BotItem, "old")]) == [None]
    old.delete(f"{USERS}/old/keys/key_1").ok()
    agency.time.advance(60)
    old.get("/api/operator/me").refused(401, "unauthenticated")
    Api(agency.client, made["key"]).get("/api/operator/me").ok()


# what a forged key costs


def test_known_and_unknown_owners_cost_alike_and_are_kept_in_bounds(agency: Agency) -> None:
    hired(agency, "ada", "viewer")
    costs: dict[str, list[int]] = {}
    for owner in ("b1", "ada", "nobody"):
        forged = Api(agency.client, keys.make(owner, bytes(32)))
        agency.time.advance(60)
        costs[owner] = []
        for _ in range(3):
            before = agency.wire.sent
            forged.get("/api/operator/me").refused(401, "unauthenticated")
            costs[owner].append(agency.wire.sent - before)
            agency.time.advance(0.4)
    assert costs == {"b1": [1, 0, 0], "ada": [1, 0, 0], "nobody": [1, 0, 0]}
    for number in range(1100):
        Api(agency.client, keys.make(f"n{number}", bytes(32))).get("/api/operator/me").refused(401, "unauthenticated")
    assert len(cached("owners", 1.0, list)) <= 1000

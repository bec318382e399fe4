"""Who acted: ids that nobody can borrow, the key and the request in each event, reads that leave a mark."""

import pytest

from tests.agency import Agency, Bot

BOTS, USERS = "/api/operator/bots", "/api/operator/users"


@pytest.mark.parametrize("taken", ["root", "deployer", "Deployer", "SYSTEM", "timer", "nobody"])
def test_the_ids_of_built_in_actors_are_nobodys(agency: Agency, taken: str) -> None:
    before = agency.wire.image()
    for path, body in ((BOTS, {"bot_id": taken}), (USERS, {"user_id": taken, "role": "viewer"})):
        problem = agency.operator.post(path, body).refused(422, "invalid_input")
        assert [fault["pointer"] for fault in problem["errors"]] == [f"/{path[14:-1]}_id"]
    assert agency.wire.image() == before


def test_ids_that_differ_only_in_case_are_one(agency: Agency) -> None:
    agency.operator.post(BOTS, {"bot_id": "Ada"}).ok(201)
    agency.operator.post(USERS, {"user_id": "Grace", "role": "viewer"}).ok(201)
    for bot_id in ("ada", "ADA", "grace", "Grace"):
        agency.operator.post(BOTS, {"bot_id": bot_id}).refused(409, "already_exists")
    for user_id in ("gracE", "aDa", "Ada"):
        agency.operator.post(USERS, {"user_id": user_id, "role": "viewer"}).refused(409, "already_exists")
    assert agency.operator.post(BOTS, {"bot_id": "Ada"}).ok()["replayed"]
    assert agency.operator.post(USERS, {"user_id": "Grace", "role": "viewer"}).ok()["replayed"]


@pytest.mark.parametrize(("first", "second"), [(BOTS, BOTS), (USERS, BOTS), (BOTS, USERS), (USERS, USERS)])
def test_of_two_at_once_whose_ids_differ_in_case_one_is_refused(agency: Agency, first: str, second: str) -> None:
    def named(path: str, name: str) -> dict[str, str]:
        return {"bot_id": name} if path == BOTS else {"user_id": name, "role": "viewer"}

    agency.wire.meanwhile(lambda: agency.operator.post(first, named(first, "Ada")).ok(201))
    agency.operator.post(second, named(second, "ada")).refused(409, "already_exists")


def test_a_bot_with_an_operators_id_owns_nothing_of_the_operators(agency: Agency) -> None:
    """A release before took such ids."""
    table = agency.wire.store.tables["test-bots"]
    row = table.rows[("b1",)]
    agency.wire.plant("test-bots", {**row, "bot_id": {"S": "root"}})
    agency.operator.account()
    taken = agency.operator.post("/api/operator/tasks/accounts/a1/take", {}).ok()
    session = agency.wire.store.tables["test-bot_sessions"].rows
    ((session_id,),) = [key for key, one in session.items() if one["bot_id"]["S"] == "root"]
    assert session[(session_id,)]["kind"] == {"S": "operator"}
    assert taken
    key = agency.keys["b1"]
    agency.wire.plant("test-bot_sessions", {**session[(session_id,)], "bot_id": {"S": "b1"}})
    bot = Bot(agency.client, "b1", key, session_id)
    bot.own_session().refused(404, "session_not_found")
    bot.heartbeat().refused(404, "session_not_found")
    bot.end().refused(404, "session_not_found")


def test_an_event_names_the_key_and_both_ids_of_the_request(agency: Agency) -> None:
    agency.operator.account()
    key_id = agency.operator.get(f"{BOTS}/b1").ok()["keys"][0]["key_id"]
    worker = agency.worker()
    worker.start(headers={"X-Request-Id": "job-17"}).ok()
    event = agency.operator.events()[-1]
    assert (event["actor"], event["key_id"], event["client_request_id"]) == (
        {"kind": "bot", "id": "b1"},
        key_id,
        "job-17",
    )
    first = agency.operator.events()[0]
    assert (first["key_id"], first["client_request_id"]) == ("deployment", None)
    agency.operator.verified()


@pytest.mark.parametrize("taken", ["job-17", "ours"])
def test_nobody_puts_acts_under_the_id_of_anothers_request(agency: Agency, taken: str) -> None:
    agency.operator.account()
    first = agency.worker().start(headers={"X-Request-Id": "job-17"})
    mine = agency.operator.events()[-1]
    given = mine["request_id"] if taken == "ours" else taken
    agency.operator.account("a2")
    answer = agency.worker("b2").start("a2", headers={"X-Request-Id": given})
    other = agency.operator.events("a2")[-1]
    assert (first.headers["X-Request-Id"], answer.headers["X-Request-Id"]) == ("job-17", given)
    assert other["request_id"] != mine["request_id"]
    assert (other["client_request_id"], other["request_id"][:4]) == (given, "req_")

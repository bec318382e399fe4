"""Trust that ends: a bot is bound to other models while it works, or disabled; what it holds is gone for it at once."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import context
from chalicelib.context import Actor, ActorKind
from chalicelib.edge.serve import installed
from chalicelib.services import bots
from tests.agency import LEASE, Agency, Bot

OUTSIDE = "the bot is bound to other models now"
REVOKED = "the lease ended: revoked"


def working(agency: Agency) -> tuple[Bot, str]:
    """`b1` works on `a1` of the model `m1`, and holds `z1` of `m2`, too."""
    agency.operator.model("m2")
    agency.operator.account("z1", model_id="m2")
    bot = agency.warmed_to("pfp")
    token = bot.take()
    assert [one["account_id"] for one in bot.claim(limit=5).ok()["items"]] == ["a1", "z1"]
    return bot, token


def bind(agency: Agency, *models: str) -> Any:
    """Binds `b1` to these models."""
    return agency.operator.send("PATCH", "/api/operator/bots/b1", {"models": list(models)}).ok()


def key_known(agency: Agency) -> None:
    """As long as a warm function keeps a key with its models."""
    agency.time.advance(31)


def test_what_a_bot_holds_outside_of_its_new_models_is_revoked_in_the_operators_call(agency: Agency) -> None:
    bot, _ = working(agency)
    after = bind(agency, "m2")
    assert (after["revoked"], after["not_attempted"], after["replayed"]) == (["a1"], 0, False)
    key_known(agency)
    assert [one["account_id"] for one in bot.own_session().ok()["held"]] == ["z1"]
    beat = bot.heartbeat().ok()
    assert beat["lost"] == [{"account_id": "a1", "reason": REVOKED}]
    assert [one["account_id"] for one in beat["held"]] == ["z1"]
    assert bot.heartbeat().ok()["lost"] == [], "it is told once"
    assert agency.operator.actions()[-1] == "lease:revoke"
    assert bind(agency, "m2")["revoked"] == [], "sent again it has nothing left to do"
    other = agency.worker("b2")
    assert other.take(), "others can take it at once"
    agency.operator.verified()


def test_who_finished_work_of_a_model_that_is_not_its_own_any_more_is_told_what_happened(agency: Agency) -> None:
    bot, token = working(agency)
    bind(agency, "m2")
    key_known(agency)
    for answer in (bot.complete("pfp", token), bot.report("pfp", token), bot.release(token)):
        problem = answer.refused(409, "lease_superseded")
        assert problem["happened"]["action"] == "lease:revoke"
        assert problem["happened"]["summary"] == "an operator took account a1 away from its worker"
    agency.worker("b2").take()
    told = bot.complete("pfp", token).refused(409, "lease_superseded")
    assert told["happened"]["action"] == "lease:revoke", "also when another has it by now"


def bound_alone(agency: Agency) -> None:
    """Binds `b1` to `m2` in its row, as if the operator's call had died before it revoked anything."""
    with agency.wire.at_work("api_handler"):
        operator = context.begin(installed.settings, Actor(ActorKind.OPERATOR, "root"))
        bots.edit(operator, "b1", models=frozenset({"m2"}))
    key_known(agency)


@pytest.mark.parametrize("late", [False, True])
def test_work_that_was_finished_is_accepted_as_long_as_nobody_took_it_away(agency: Agency, late: bool) -> None:
    bot, token = working(agency)
    bound_alone(agency)
    agency.time.advance(LEASE if late else timedelta(0))
    assert bot.complete("pfp", token).ok()["late"] is late
    agency.operator.verified()


@pytest.mark.parametrize("end", ["release", "end", "report"])
def test_a_lease_outside_of_its_models_can_be_let_go(agency: Agency, end: str) -> None:
    bot, token = working(agency)
    bound_alone(agency)
    if end == "report":
        bot.report("pfp", token).ok()
    elif end == "release":
        bot.release(token).ok()
    else:
        bot.end().ok()
    assert (
        agency.operator.account_document()["lease"] is None or not agency.operator.account_document()["lease"]["live"]
    )
    agency.operator.verified()


def test_what_is_held_outside_of_its_models_is_shown_nowhere_and_lost_with_the_next_heartbeat(agency: Agency) -> None:
    bot, token = working(agency)
    bound_alone(agency)
    assert [one["account_id"] for one in bot.own_session().ok()["held"]] == ["z1"]
    assert [one["account_id"] for one in bot.claim(limit=5).ok()["items"]] == ["z1"]
    bot.status().refused(404, "account_not_found")
    bot.content("pfp").refused(404, "account_not_found")
    bot.content("pfp", headers={"Lease-Token": token}).refused(404, "account_not_found")
    beat = bot.heartbeat().ok()
    assert beat["lost"] == [{"account_id": "a1", "reason": OUTSIDE}]
    assert bot.heartbeat().ok()["lost"] == []
    assert agency.operator.events()[-1]["actor"] == {"kind": "timer", "id": "binding"}
    agency.worker("b2").take()
    agency.operator.verified()


def test_a_token_that_the_bot_never_had_shows_it_nothing_of_another_model(agency: Agency) -> None:
    _, token = working(agency)
    agency.operator.send("PATCH", "/api/operator/bots/b2", {"models": ["m2"]}).ok()
    key_known(agency)
    stranger = agency.worker("b2")
    made_up = f"lt_1_{token.rpartition('_')[2]}"
    for tried in (token, made_up, f"lt_99_{token.rpartition('_')[2]}"):
        for answer in (stranger.complete("pfp", tried), stranger.report("pfp", tried), stranger.release(tried)):
            answer.refused(404, "account_not_found")


# disable


def disable(agency: Agency, reason: str = "its machine was stolen") -> Any:
    """Disables `b1`."""
    return agency.operator.post("/api/operator/bots/b1/disable", {"reason": reason}).ok()


def test_a_bot_is_disabled_in_one_call(agency: Agency) -> None:
    bot, token = working(agency)
    idle = agency.worker()
    after = disable(agency)
    assert (after["stopped"], after["revoked"]) == (
        sorted([str(bot.session), str(idle.session)], reverse=True),
        ["a1", "z1"],
    )
    assert (after["not_attempted"], after["replayed"]) == (0, False)
    assert after["disabled_at"] == agency.time.told() and all(key["revoked_at"] for key in after["keys"])
    # a warm function that has seen the key lately still knows it, and nothing can be done with it
    assert bot.heartbeat().ok()["directive"] == "stop"
    bot.claim().refused(409, "session_ended")
    agency.bot().send("POST", "/api/bot/sessions", {}).refused(401, "unauthenticated")
    agency.bot().start("z1").refused(401, "unauthenticated")
    bot.complete("pfp", token).refused(409, "lease_superseded")
    key_known(agency)
    bot.heartbeat().refused(401, "unauthenticated")
    agency.worker("b2").take()
    events = agency.operator.get("/api/operator/audit").ok()["items"]
    assert "operator root disabled bot b1: its machine was stolen" in [one["summary"] for one in events]
    agency.operator.verified()


def test_a_disabled_bot_is_disabled_again_and_a_new_key_enables_it(agency: Agency) -> None:
    working(agency)
    first = disable(agency)
    again = disable(agency)
    assert again["replayed"] is True and (again["stopped"], again["revoked"]) == ([], [])
    assert again["disabled_at"] == first["disabled_at"]
    made = agency.operator.post("/api/operator/bots/b1/keys").ok(201)
    assert agency.operator.get("/api/operator/bots/b1").ok()["disabled_at"] is None
    assert Bot(agency.client, "b1", made["key"]).with_session().claim().ok()


def test_what_a_call_had_no_time_for_is_done_by_the_next(agency: Agency) -> None:
    bot, _ = working(agency)
    usual = list(agency.wire.before)
    agency.wire.before.append(lambda call: agency.time.advance(2.0))
    after = disable(agency)
    agency.wire.before[:] = usual
    assert after["not_attempted"] > 0
    again = disable(agency)
    assert again["replayed"] is True and again["not_attempted"] == 0
    assert sorted(after["revoked"] + again["revoked"]) == ["a1", "z1"]
    assert bot.session in after["stopped"] + again["stopped"]
    agency.operator.verified()


def test_nobody_disables_a_bot_that_is_not_there_or_without_a_reason(agency: Agency) -> None:
    agency.operator.post("/api/operator/bots/nobody/disable", {"reason": "x"}).refused(404, "bot_not_found")
    agency.operator.post("/api/operator/bots/b1/disable", {}).refused(422, "invalid_input")
    agency.bot().send("POST", "/api/operator/bots/b2/disable", {"reason": "x"}).refused(403, "forbidden")

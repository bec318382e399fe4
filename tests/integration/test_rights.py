"""Least privilege, shown both ways: what the functions ask of the store, over what their policies allow.

Every other test that runs the service is refused what no policy allows (see the fixture `wire`). Here one day in the
service's life, in which everything that a policy allows is needed at least once: a right that nothing uses, or that a
change of the service has left behind, turns this red.
"""

from collections.abc import Callable

import pytest

from chalicelib import context
from chalicelib.context import Actor, ActorKind
from chalicelib.domain.selection import GLANCE
from chalicelib.edge.serve import installed
from chalicelib.services import pipeline
from chalicelib.tables.base import Store
from chalicelib.tables.counts import MOST_COUNTED
from tests import rights
from tests.agency import CONSENT, LEASE, Agency, Api, media, words

OPERATOR = "/api/operator"


def accounts_are_worked_on(agency: Agency) -> None:
    of_another_theme = [f"city-{number}" for number in range(GLANCE)]
    for noun, item in (("content", media), ("texts", words)):
        items = [item(f"{noun}-{name}", "post", theme="city", quality_score=79) for name in of_another_theme]
        agency.operator.post(f"{OPERATOR}/models/m1/{noun}", items).ok(201)
    agency.operator.account("a1", theme="sea")
    worker = agency.warmed_to("post")
    assert worker.ready("?model_id=m1").ok()["items"] and worker.offered() == ["a1"]
    token = worker.take("post")
    worker.report("post", token, kind="content").ok()
    agency.operator.media("spare", "post", theme="sea")
    agency.time.advance(LEASE)
    worker.complete("post", worker.take("post"), performance_score=70).ok()


def operators_look_at_everything(agency: Agency) -> None:
    for path in (
        "/accounts",
        "/accounts?state=warming_up",
        "/accounts?model_id=m1",
        "/accounts/a1/phases/highlight/explain",
        "/assignments?account_id=a1",
        "/assignments?content_id=m1-pfp",
        "/assignments?text_id=m1-bio-text",
        "/audit?account_id=a1",
        "/audit?bot_id=b1",
        "/audit",
        "/bots",
        "/models",
        "/models/m1/availability",
        "/models/m1/content",
        "/models/m1/texts",
        "/plans",
        "/pipeline",
        "/review",
        "/sessions",
        "/sessions?status=live",
    ):
        agency.operator.get(OPERATOR + path).ok()


def operators_change_what_is_there(agency: Agency) -> None:
    operator = agency.operator
    operator.send("PATCH", f"{OPERATOR}/models/m1", {"name": "Nora"}).ok()
    operator.send("PATCH", f"{OPERATOR}/models/m1/content/m1-any", {"quality_score": 10}).ok()
    operator.post(f"{OPERATOR}/bots/b2/disable", {"reason": "a test"}).ok()
    agency.keys["b2"] = operator.post(f"{OPERATOR}/bots/b2/keys").ok(201)["key"]
    ada = operator.post(f"{OPERATOR}/users", {"user_id": "ada", "role": "admin"}).ok(201)
    Api(agency.client, ada["key"]).get(f"{OPERATOR}/users").ok()
    row = next(one for one in agency.wire.image()["test-bots"].values() if one["bot_id"]["S"] == "b2")
    agency.wire.plant("test-bots", {**row, "bot_id": {"S": "old"}, "role": {"S": "operator"}})  # of an earlier release
    operator.post(f"{OPERATOR}/users/old/disable", {"reason": "has left"}).ok()
    operator.post(f"{OPERATOR}/plans", {"name": "slow", "title": "Slow"}).ok(201)
    operator.post(f"{OPERATOR}/plans/slow/versions/1/publish").ok()
    operator.words("w1", "bio", body="one")
    operator.send("PATCH", f"{OPERATOR}/models/m1/texts/w1", {"body": "two"}).ok()
    for status in ("withdrawn", "approved", "withdrawn"):
        operator.send("PATCH", f"{OPERATOR}/models/m1/texts/w1", {"status": status}).ok()
    operator.words("w2", "bio", body="two")
    operator.account("old", ready=False)
    operator.post(f"{OPERATOR}/accounts/old/retire", {"reason": "gone"}).ok()
    operator.post(f"{OPERATOR}/accounts", {"account_id": "a9", "model_id": "m1", "username": "user_old"}).ok(201)
    operator.post(f"{OPERATOR}/accounts/claims", {}).ok()
    operator.post(f"{OPERATOR}/pipeline/pause", {"reason": "lunch"}).ok()
    operator.post(f"{OPERATOR}/pipeline/resume", {"reason": "lunch is over"}).ok()


def an_operator_assigns_by_hand_and_begins_anew(agency: Agency) -> None:
    agency.time.advance(48 * 3600)
    chosen = {"content_id": "m1-highlight", "text_id": "m1-highlight-text", "reason": "the owner wants it"}
    agency.operator.post(f"{OPERATOR}/accounts/a1/phases/highlight/assign", chosen).ok()
    worker = agency.worker()
    token = worker.take("highlight")
    worker.release(token).ok()
    worker.take("highlight")
    agency.operator.post(f"{OPERATOR}/accounts/a1/reset", {"reason": "a new owner"}).ok()


def somebody_else_is_quicker(agency: Agency) -> None:
    agency.operator.account("a2")
    worker = agency.worker("b2")
    agency.wire.meanwhile(lambda: agency.worker("b1").start("a2").ok())
    worker.start("a2")
    agency.time.advance(LEASE)


def timers_run(agency: Agency) -> None:
    """Twice each where something stands in the way of the first attempt: then they ask what became of it."""
    agency.operator.account("a3")
    worker = agency.worker()
    worker.start("a3").ok()
    worker.report("pfp", worker.take("pfp", "a3"), "a3", kind="fatal").ok()
    for table in ("test-content", "test-texts"):  # made while the first theme was declared
        missed = next(iter(agency.wire.image()[table].values()))
        agency.wire.plant(table, {**missed, "themeless": {"BOOL": True}})
    agency.timer("watch_pools")
    agency.operator.post(f"{OPERATOR}/accounts/a3/retire", {"reason": "left"}).ok()
    agency.worker().take("pfp", "a2")
    agency.time.advance(LEASE)
    agency.timer()
    agency.worker().take("pfp", "a2")
    agency.time.advance(3 * 24 * 3600)
    agency.wire.meanwhile(lambda: agency.operator.post(f"{OPERATOR}/accounts/a2/pause", {"reason": "busy"}).ok())
    agency.timer()
    agency.operator.post(f"{OPERATOR}/accounts/a2/resume", {"reason": "go on"}).ok()
    agency.timer()
    body = {"account_id": "p1", "model_id": "m1", "username": "p1", "plan": "slow", "consent": CONSENT}
    agency.operator.post(f"{OPERATOR}/accounts", body).ok(201)
    agency.operator.ready("p1").ok()
    agency.worker().start("p1").ok()
    agency.time.advance(LEASE)
    for timer in ("open_due_phases", "watch_pools"):
        Store.cached.clear()  # a cold function reads the plan
        agency.timer(timer)
    agency.operator.account("a4")
    for _ in range(3):  # nobody starts what was claimed: the timer hands it to an operator
        agency.worker().claim(actions=["start_warmup"], limit=10).ok()
        agency.time.advance(LEASE)
        agency.timer()
    agency.warmed_up("a6", bot=agency.worker("b3"))
    for _ in range(3):  # nor does anybody finish what is done
        agency.worker().claim(actions=["complete_warmup"], limit=10).ok()
        agency.time.advance(LEASE)
        agency.timer()
    agency.wire.meanwhile(lambda: agency.timer("close_lost_sessions"))
    agency.timer("close_lost_sessions")
    agency.operator.post(f"{OPERATOR}/accounts/a3/erase", {"reason": "the owner asked for it"}).ok()


def more_is_under_way_than_a_request_counts(agency: Agency) -> None:
    agency.operator.account("a5")
    agency.operator.ready("a5").ok()
    row = next(one for one in agency.wire.image()["test-accounts"].values() if "queue" in one)
    for number in range(MOST_COUNTED + 1):
        agency.wire.plant("test-accounts", {**row, "account_id": {"S": f"b{number:05d}"}})
    agency.time.advance(300)
    with agency.wire.at_work("open_due_phases"):
        pipeline.keep_count(context.begin(installed.settings, Actor(ActorKind.TIMER, "open_due_phases"), seconds=50))


DAY: tuple[Callable[[Agency], None], ...] = (
    accounts_are_worked_on,
    operators_look_at_everything,
    operators_change_what_is_there,
    an_operator_assigns_by_hand_and_begins_anew,
    somebody_else_is_quicker,
    timers_run,
    more_is_under_way_than_a_request_counts,
)


def test_every_right_that_a_policy_gives_is_needed(agency: Agency) -> None:
    agency.operator.model("m2")
    agency.operator.stocked("m2")
    agency.hire("b3")
    for part in DAY:
        part(agency)
    unused = sorted(rights.granted() - agency.wire.used)
    assert not unused, f"the policies (.chalice) allow what nothing needs: {unused}"


@pytest.mark.parametrize("function", rights.FUNCTIONS)
def test_no_policy_names_everything(function: str) -> None:
    for statement in rights.statements(function):
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action]
        for resource in rights.resources(statement):
            assert resource.removesuffix("/*").isidentifier() or "/index/" in resource, resource
            assert "*" not in resource or resource == "MediaBucket/*", resource


LAMBDA = {("logs:CreateLogStream", "{}Log"), ("logs:PutLogEvents", "{}Log")}
"""What Lambda itself does by a function's role: no emulator asks for it, AWS does."""
OTHERS = {
    "api_handler": {
        *(("s3:GetObject", "MediaBucket/*"), ("s3:PutObject", "MediaBucket/*")),  # else `tests/deployed` turns red
        (
            "s3:ListBucket",
            "MediaBucket",
        ),  # else S3 answers 403 for what is not there; the emulator says 404 all the same
        *LAMBDA,
    },
    **{timer: {("sqs:SendMessage", "DeadLetters"), *LAMBDA} for timer in rights.FUNCTIONS[1:]},
}


@pytest.mark.parametrize("function", rights.FUNCTIONS)
def test_what_is_allowed_beside_the_tables_is_listed_here_with_its_reason(function: str) -> None:
    logical = "APIHandler" if function == "api_handler" else "".join(map(str.capitalize, function.split("_")))
    told = {
        (action, resource)
        for statement in rights.statements(function)
        for resource in rights.resources(statement)
        for action in statement["Action"]
        if not action.startswith("dynamodb:")
    }
    assert told == {(action, resource.format(logical)) for action, resource in OTHERS[function]}

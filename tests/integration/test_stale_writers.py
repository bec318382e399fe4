"""Two writers that have read the same: one commits, the other's write fails its condition, reads again, and is right.

`meanwhile` lets somebody act just before the next write goes out, when the one who writes has long decided.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.tables.base import Store
from tests.agency import LEASE, Agency, Bot, Reply, media, words
from tests.wire import Call, Fault, Killed

MODELS = "/api/operator/models"


@pytest.fixture
def first(agency: Agency) -> Bot:
    """A bot in a session."""
    return agency.worker("b1")


@pytest.fixture
def second(agency: Agency) -> Bot:
    """Another."""
    return agency.worker("b2")


def overtaken(agency: Agency, late: Callable[[], Reply], early: Callable[[], Any]) -> Reply:
    """What the late writer is answered when the early one has committed after the late one decided."""
    agency.wire.conditions_failed = 0
    agency.wire.meanwhile(early)
    answer = late()
    assert agency.wire.conditions_failed, "the condition must have refused what was decided on stale reads"
    return answer


# an account and its lease


def test_of_two_starts_one_starts(agency: Agency, first: Bot, second: Bot) -> None:
    agency.operator.account()
    answer = overtaken(agency, first.start, lambda: second.start().ok())
    assert answer.refused(409, "account_leased")["lease"]["session_id"] == second.session
    assert agency.operator.actions() == ["account:create", "account:ready", "account:start"]
    agency.operator.verified()


def test_a_start_sent_twice_at_once_starts_once(agency: Agency, first: Bot) -> None:
    agency.operator.account()
    started: list[Any] = []
    answer = overtaken(agency, first.start, lambda: started.append(first.start().ok()))
    assert answer.ok() == {**started[0], "replayed": True}
    assert agency.operator.verified() == 3


def test_of_two_takers_one_gets_the_content(agency: Agency, first: Bot, second: Bot) -> None:
    agency.warmed_to("bio", bot=first)
    answer = overtaken(agency, lambda: first.content("bio"), lambda: second.content("bio").ok())
    assert answer.refused(409, "account_leased")["lease"]["bot_id"] == "b2"
    assert agency.operator.text("m1-bio-text")["usage_count"] == 1
    agency.operator.verified()


def test_content_asked_for_twice_at_once_is_assigned_once(agency: Agency, first: Bot) -> None:
    agency.warmed_to("bio", bot=first)
    given: list[Any] = []
    answer = overtaken(agency, lambda: first.content("bio"), lambda: given.append(first.content("bio").ok()))
    assert answer.ok() == given[0]
    assert agency.operator.text("m1-bio-text")["usage_count"] == 1
    agency.operator.verified()


@pytest.mark.parametrize(
    ("others", "expected", "place"), [(1, "pfp-8", "2nd"), (2, "pfp-7", "3rd"), (3, "pfp-6", "4th")]
)
@pytest.mark.parametrize("cap", [1, 9])
def test_who_loses_its_item_to_others_gets_what_it_would_have_got_after_them(
    agency: Agency, first: Bot, second: Bot, others: int, expected: str, place: str, cap: int
) -> None:
    """Many who want the same item would else meet at the next one, and the next."""
    agency.operator.model("m2")
    for number in range(10):
        agency.operator.media(f"pfp-{number}", "pfp", model_id="m2", quality_score=50 + number, max_usage=cap)
    for account_id in ("a1", *(f"other-{number}" for number in range(others))):
        agency.operator.account(account_id, model_id="m2")
        bot = first if account_id == "a1" else second
        bot.release(bot.start(account_id).ok()["lease"]["lease_token"], account_id).ok()
    taken: list[str] = []

    def take() -> None:
        Store.cached = {key: kept for key, kept in Store.cached.items() if not str(key).startswith("met:")}
        # by another function, which has lost nothing yet
        taken.append(second.content("pfp", f"other-{len(taken)}").ok()["content"]["content_id"])
        if len(taken) < others:
            agency.wire.meanwhile(take)

    agency.wire.forget()
    given = overtaken(agency, lambda: first.content("pfp"), take).ok()
    assert taken == ["pfp-9", "pfp-8", "pfp-7"][:others]
    assert given["content"]["content_id"] == expected
    assert f"content: {place} of its pool: others asked at the same moment: score" in given["reason"]
    assert len(agency.wire.of("UpdateItem")) == 1 + others, "one number for each loss, and the list of the places"
    agency.operator.verified()


def test_an_item_that_was_only_changed_costs_no_turn(agency: Agency, first: Bot) -> None:
    agency.operator.model("m2")
    for number in range(3):
        agency.operator.media(f"pfp-{number}", "pfp", model_id="m2", quality_score=50 + number)
    agency.operator.account(model_id="m2")
    first.release(first.start().ok()["lease"]["lease_token"]).ok()

    def degrade() -> None:
        agency.operator.send("PATCH", f"{MODELS}/m2/content/pfp-2", {"quality_score": 50.5}).ok()

    given = overtaken(agency, lambda: first.content("pfp"), degrade).ok()
    assert given["content"]["content_id"] == "pfp-1", "the best as they are now"
    assert "best of its pool" in given["reason"]
    assert agency.wire.of("UpdateItem") == []


def test_of_two_claims_of_one_account_one_gets_it(agency: Agency, first: Bot, second: Bot) -> None:
    agency.operator.account()
    answer = overtaken(agency, first.claim, lambda: second.claim().ok())
    assert answer.ok()["items"] == []
    assert agency.operator.account_document()["lease"]["session_id"] == second.session
    agency.operator.verified()


def test_a_completion_sent_twice_at_once_completes_once(agency: Agency, first: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    token, done = first.take(), []
    answer = overtaken(
        agency, lambda: first.complete("pfp", token), lambda: done.append(first.complete("pfp", token).ok())
    )
    assert answer.ok() == {**done[0], "replayed": True}
    assert agency.operator.content("m1-pfp")["successes"] == 1
    assert first.own_session().ok()["done"] == 1
    agency.operator.verified()


def test_who_is_late_and_overtaken_in_the_last_moment_is_superseded(agency: Agency, first: Bot, second: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    token = first.take()
    agency.time.advance(LEASE)
    answer = overtaken(agency, lambda: first.complete("pfp", token), second.take)
    assert answer.refused(409, "lease_superseded")["lease"]["bot_id"] == "b2"
    assert second.status().ok()["phases"][0]["status"] == "in_progress"
    agency.operator.verified()


def test_who_would_take_over_is_told_that_the_late_holder_has_completed(
    agency: Agency, first: Bot, second: Bot
) -> None:
    agency.warmed_to("pfp", bot=first)
    token = first.take()
    agency.time.advance(LEASE)
    answer = overtaken(agency, second.content, lambda: first.complete("pfp", token).ok())
    answer.refused(409, "phase_not_available")
    phase = second.status().ok()["phases"][0]
    assert (phase["status"], phase["crash_count"]) == ("completed", 0)
    agency.operator.verified()


@pytest.mark.parametrize("use", ["report", "release", "complete"])
def test_whatever_comes_second_finds_the_lease_ended(agency: Agency, first: Bot, use: str) -> None:
    agency.warmed_to("pfp", bot=first)
    token = first.take()
    uses: dict[str, Callable[[], Reply]] = {
        "report": lambda: first.report("pfp", token),
        "release": lambda: first.release(token),
        "complete": lambda: first.complete("pfp", token),
    }
    early = uses["report" if use == "complete" else "complete"]
    overtaken(agency, uses[use], lambda: early().ok()).refused(409, "lease_superseded")
    agency.operator.verified()


def test_of_two_who_complete_the_warm_up_one_does(agency: Agency, first: Bot, second: Bot) -> None:
    agency.warmed_up(bot=first)
    answer = overtaken(agency, first.complete_warmup, lambda: second.complete_warmup().ok())
    assert (answer.ok()["state"], answer.ok()["replayed"]) == ("active", True)
    assert agency.operator.actions().count("account:complete") == 1
    agency.operator.verified()


def test_of_two_who_declare_it_ready_one_does(agency: Agency) -> None:
    agency.operator.account(ready=False)
    answer = overtaken(agency, lambda: agency.operator.ready("a1", "late"), lambda: agency.operator.ready("a1").ok())
    assert answer.ok()["replayed"] is True
    assert agency.operator.events()[-1]["details"]["reason"] == "checked"
    assert agency.operator.verified() == 2


# heartbeats, which are no new version of an account


def test_a_heartbeat_that_comes_before_a_takeover_keeps_the_lease(agency: Agency, first: Bot, second: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    token = first.take()
    agency.time.advance(LEASE)
    answer = overtaken(agency, second.content, lambda: first.heartbeat().ok())
    assert answer.refused(409, "account_leased")["lease"]["session_id"] == first.session
    assert first.complete("pfp", token).ok()["late"] is False
    agency.operator.verified()


def test_a_heartbeat_that_comes_after_a_takeover_has_lost_the_lease(agency: Agency, first: Bot, second: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    first.take()
    agency.time.advance(LEASE)
    agency.wire.meanwhile(second.take, "UpdateItem")
    beat = first.heartbeat().ok()
    assert (beat["held"], [one["account_id"] for one in beat["lost"]]) == ([], ["a1"])
    assert agency.operator.account_document()["lease"]["bot_id"] == "b2"
    agency.operator.verified()


def test_one_lease_lost_in_the_last_moment_costs_no_other(agency: Agency, first: Bot, second: Bot) -> None:
    for account_id in ("a1", "a2", "a3"):
        agency.warmed_to("pfp", account_id, bot=first)
    agency.time.advance(LEASE)
    agency.wire.meanwhile(lambda: second.content("pfp", "a2").ok(), "UpdateItem")
    beat = first.heartbeat().ok()
    assert [one["account_id"] for one in beat["held"]] == ["a1", "a3"]
    assert [one["account_id"] for one in beat["lost"]] == ["a2"]
    assert second.status("a1").ok()["lease"]["expires_at"] == agency.time.told(LEASE)


@pytest.mark.parametrize("at", ["UpdateItem", "BatchGetItem"])
def test_a_heartbeat_overtaken_by_its_own_completion_extends_nothing(agency: Agency, first: Bot, at: str) -> None:
    agency.warmed_to("pfp", bot=first)
    token = first.take()
    completions = [lambda: first.complete("pfp", token).ok()]
    before = agency.wire.before

    def once(call: Call) -> None:
        if call.operation == at and completions and (at == "UpdateItem" or agency.wire.of("UpdateItem")):
            completions.pop()()

    agency.wire.forget()
    before.append(once)
    beat = first.heartbeat().ok()
    assert (completions, beat["held"], beat["lost"]) == ([], [], [])
    assert first.status().ok()["lease"] is None
    agency.operator.verified()


def test_a_heartbeat_that_was_held_up_takes_nothing_back(agency: Agency, first: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    first.take()
    promised: list[str] = []

    def meanwhile() -> None:
        agency.time.advance(LEASE / 2)
        promised.append(first.heartbeat().ok()["expires_at"])

    agency.wire.meanwhile(meanwhile, "UpdateItem")
    beat = first.heartbeat().ok()
    assert ([one["account_id"] for one in beat["held"]], beat["lost"]) == (["a1"], [])
    assert first.status().ok()["lease"]["expires_at"] == promised[0] > beat["expires_at"]


def test_the_timer_does_not_end_a_lease_that_was_extended_in_the_last_moment(agency: Agency, first: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    token = first.take()
    agency.time.advance(LEASE)
    agency.wire.meanwhile(lambda: first.heartbeat().ok())
    assert agency.timer() == {"done_by_others": 1}
    assert agency.timer() == {"extended": 1}
    assert first.complete("pfp", token).ok()["late"] is False
    agency.operator.verified()


def test_who_takes_over_loses_to_a_heartbeat_of_the_release_before(agency: Agency, first: Bot, second: Bot) -> None:
    """That writes the account: while a release is rolled out, both serve."""
    agency.warmed_to("pfp", bot=first)
    first.take()
    agency.time.advance(LEASE)
    row = agency.wire.store.tables["test-accounts"].rows["a1",]
    until = {"S": agency.time.told(LEASE)}
    beaten = {**row, "lease_expires_at": until, "due_at": until}
    answer = overtaken(agency, second.content, lambda: agency.wire.plant("test-accounts", beaten))
    assert answer.refused(409, "account_leased")["lease"]["expires_at"] == until["S"]


def test_a_claim_leaves_what_a_heartbeat_has_just_extended(agency: Agency, first: Bot, second: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    first.take()
    agency.time.advance(LEASE)
    answer = overtaken(agency, second.claim, lambda: first.heartbeat().ok())
    assert answer.ok()["items"] == []
    assert second.heartbeat().ok()["held"] == []


def test_a_session_that_claims_its_own_lost_account_again_loses_to_its_heartbeat(agency: Agency, first: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    token = first.take()
    agency.time.advance(LEASE)
    answer = overtaken(agency, first.claim, lambda: first.heartbeat().ok())
    assert answer.ok()["items"] == []
    assert first.claim().ok()["items"][0]["lease"]["lease_token"] == token, "it holds it still"


def test_what_a_claim_and_a_heartbeat_settle_at_once_is_counted_once(agency: Agency, first: Bot) -> None:
    for account_id in ("a1", "a2"):
        agency.warmed_to("pfp", account_id, bot=first)
    agency.operator.account("a3")
    for account_id in ("a1", "a2"):
        first.complete("pfp", first.take("pfp", account_id), account_id).ok()
    answer = overtaken(agency, first.claim, lambda: first.heartbeat().ok())
    assert [one["account_id"] for one in answer.ok()["items"]] == ["a3"]
    assert (first.own_session().ok()["done"], first.own_session().ok()["failed"]) == (2, 0)


def test_what_a_heartbeat_and_a_claim_settle_at_once_is_counted_once(agency: Agency, first: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    agency.operator.account("a2")
    first.report("pfp", first.take()).ok()

    def drop(call: Call) -> None:
        if call.operation == "UpdateItem" and "DELETE" in call.body["UpdateExpression"]:
            agency.wire.before.remove(drop)
            assert first.claim().ok()["items"]

    agency.wire.before.append(drop)
    first.heartbeat().ok()
    assert drop not in agency.wire.before
    found = first.own_session().ok()
    assert ([one["account_id"] for one in found["held"]], found["done"], found["failed"]) == (["a2"], 0, 1)


# items of the pools


@pytest.fixture
def scarce(agency: Agency) -> Agency:
    """Two started accounts of a model with one picture that may be used once, and a poorer one."""
    agency.operator.model("m2")
    agency.operator.media("good", "pfp", model_id="m2", max_usage=1)
    agency.operator.media("poor", "pfp", model_id="m2", max_usage=1, quality_score=1)
    for account_id in ("a1", "a2"):
        agency.operator.account(account_id, model_id="m2")
    return agency


def test_an_item_chosen_by_two_is_given_to_one_and_the_other_gets_the_next(
    scarce: Agency, first: Bot, second: Bot
) -> None:
    first.start("a1").ok()
    second.start("a2").ok()
    given: list[Any] = []
    answer = overtaken(
        scarce, lambda: first.content("pfp", "a1"), lambda: given.append(second.content("pfp", "a2").ok())
    )
    assert given[0]["content"]["content_id"] == "good"
    assert answer.ok()["content"]["content_id"] == "poor"
    assert [scarce.operator.content(one, "m2")["usage_count"] for one in ("good", "poor")] == [1, 1]
    for account_id in ("a1", "a2"):
        scarce.operator.verified(account_id)


def test_a_use_and_an_outcome_of_one_item_at_once_are_both_counted(agency: Agency, first: Bot, second: Bot) -> None:
    agency.operator.model("m2")
    agency.operator.media("one", "pfp", model_id="m2", max_usage=9)
    for account_id in ("a1", "a2"):
        agency.operator.account(account_id, model_id="m2")
    first.start("a1").ok()
    token = first.take("pfp", "a1")
    agency.time.advance(timedelta(hours=24))
    second.start("a2").ok()
    done = {"performance_score": 71}
    answer = overtaken(
        agency, lambda: first.complete("pfp", token, "a1", **done), lambda: second.content("pfp", "a2").ok()
    )
    assert answer.ok()["late"] is True
    item = agency.operator.content("one", "m2")
    assert (item["usage_count"], item["successes"], item["failures"]) == (2, 1.71, 0.29)


def test_two_outcomes_of_one_item_at_once_are_both_counted(agency: Agency, first: Bot, second: Bot) -> None:
    agency.operator.model("m2")
    agency.operator.media("one", "pfp", model_id="m2", max_usage=9)
    tokens = {}
    for account_id, bot in (("a1", first), ("a2", second)):
        agency.operator.account(account_id, model_id="m2")
        bot.start(account_id).ok()
        tokens[account_id] = bot.take("pfp", account_id)
        agency.time.advance(timedelta(hours=24))
    answer = overtaken(
        agency,
        lambda: first.complete("pfp", tokens["a1"], "a1", performance_score=71),
        lambda: second.report("pfp", tokens["a2"], "a2", kind="content").ok(),
    )
    answer.ok()
    item = agency.operator.content("one", "m2")
    assert (item["usage_count"], item["successes"], item["failures"]) == (2, 0.71, 1.29)


def test_two_measurements_of_one_phase_at_once_leave_the_later(agency: Agency, first: Bot, second: Bot) -> None:
    agency.warmed_to("pfp", bot=first)
    first.do("pfp")
    agency.time.advance(2)
    earlier, later = (agency.time.told(-timedelta(seconds=seconds)) for seconds in (1, 0))
    answer = overtaken(agency, lambda: first.measure("pfp", 20, earlier), lambda: second.measure("pfp", 71, later).ok())
    assert (answer.ok()["replayed"], answer.ok()["performance_score"]) == (True, 71)
    assert agency.operator.content("m1-pfp")["failures"] == 0.29
    agency.operator.verified()


def test_a_measurement_and_a_use_of_the_item_at_once_are_both_counted(agency: Agency, first: Bot, second: Bot) -> None:
    agency.operator.model("m2")
    agency.operator.media("one", "pfp", model_id="m2", max_usage=9)
    for account_id in ("a1", "a2"):
        agency.operator.account(account_id, model_id="m2")
    first.start("a1").ok()
    first.do("pfp", "a1")
    agency.time.advance(timedelta(hours=24))
    second.start("a2").ok()
    answer = overtaken(
        agency, lambda: first.measure("pfp", 71, agency.time.told(), "a1"), lambda: second.content("pfp", "a2").ok()
    )
    answer.ok()
    item = agency.operator.content("one", "m2")
    assert (item["usage_count"], item["successes"], item["failures"]) == (2, 1.71, 0.29)


def test_an_assigned_item_that_is_withdrawn_in_the_last_moment_is_given_to_nobody(agency: Agency, first: Bot) -> None:
    """The withdrawal has written the item and not yet reached the phase."""
    agency.warmed_to("pfp", bot=first)
    first.release(first.take()).ok()
    agency.operator.media("other", "pfp", quality_score=1)

    def half_withdrawn() -> None:
        def at_the_phase(_: int, call: Call) -> Fault | None:
            return Fault.CRASH_BEFORE if "test-content_assignments" in str(call.body.get("TransactItems")) else None

        agency.wire.at = at_the_phase
        with pytest.raises(Killed):
            agency.operator.send("PATCH", f"{MODELS}/m1/content/m1-pfp", {"status": "withdrawn", "reason": "x"})
        agency.wire.heal()

    answer = overtaken(agency, first.content, half_withdrawn)
    assert answer.ok()["content"]["content_id"] == "other"
    agency.operator.verified()


# sessions


@pytest.mark.parametrize("pause", [timedelta(0), timedelta(milliseconds=1)])
@pytest.mark.parametrize("use", ["start", "claim", "content"])
def test_an_ended_session_takes_nothing_in_the_last_moment(
    agency: Agency, first: Bot, use: str, pause: timedelta
) -> None:
    agency.operator.account()
    if use == "content":
        starter = agency.worker("b2")
        starter.release(starter.start().ok()["lease"]["lease_token"]).ok()
    agency.time.advance(pause)
    uses: dict[str, Callable[[], Reply]] = {"start": first.start, "claim": first.claim, "content": first.content}
    answer = overtaken(agency, uses[use], lambda: first.end().ok())
    if use == "claim":
        assert answer.status == 409 or answer.json["items"] == []
    else:
        answer.refused(409, "session_ended")
    assert agency.operator.account_document()["lease"] is None
    agency.operator.verified()


@pytest.mark.parametrize("pause", [timedelta(0), timedelta(milliseconds=1)])
@pytest.mark.parametrize("use", ["start", "claim", "content"])
def test_a_session_that_ends_gives_back_what_it_took_in_the_last_moment(
    agency: Agency, first: Bot, use: str, pause: timedelta
) -> None:
    agency.operator.account()
    if use == "content":
        starter = agency.worker("b2")
        starter.release(starter.start().ok()["lease"]["lease_token"]).ok()
    agency.time.advance(pause)
    uses: dict[str, Callable[[], Reply]] = {"start": first.start, "claim": first.claim, "content": first.content}
    agency.wire.meanwhile(lambda: uses[use]().ok())
    assert first.end().ok()["status"] == "ended"
    assert agency.operator.account_document()["lease"] is None, "nobody waits for a lease of a session that has ended"
    agency.operator.verified()


def test_a_session_ended_twice_at_once_ends_once(agency: Agency, first: Bot) -> None:
    answer = overtaken(agency, first.end, lambda: first.end().ok())
    assert answer.ok()["replayed"] is True


def test_a_heartbeat_overtaken_by_the_sessions_end_is_told_so(agency: Agency, first: Bot) -> None:
    agency.wire.meanwhile(lambda: first.end().ok(), "UpdateItem")
    first.heartbeat().refused(409, "session_ended")
    assert first.own_session().ok()["status"] == "ended"


def test_the_timer_does_not_lose_a_session_that_was_heard_of_in_the_last_moment(agency: Agency, first: Bot) -> None:
    agency.time.advance(timedelta(seconds=1800))
    agency.wire.meanwhile(lambda: first.heartbeat().ok())
    assert agency.timer("close_lost_sessions") == {"lost": 0}
    assert first.own_session().ok()["status"] == "live"


# bots and their keys


def test_two_rotations_at_once_make_one_key(agency: Agency) -> None:
    def rotate() -> Reply:
        return agency.operator.post("/api/operator/bots/b1/keys")

    overtaken(agency, rotate, lambda: rotate().ok(201)).refused(409, "too_many_keys")
    assert len(agency.operator.get("/api/operator/bots/b1").ok()["keys"]) == 2


def test_a_rotation_and_a_revocation_at_once_both_count(agency: Agency) -> None:
    (key,) = agency.operator.get("/api/operator/bots/b1").ok()["keys"]
    answer = overtaken(
        agency,
        lambda: agency.operator.post("/api/operator/bots/b1/keys"),
        lambda: agency.operator.delete(f"/api/operator/bots/b1/keys/{key['key_id']}").ok(),
    )
    made = answer.ok(201)
    keys = {one["key_id"]: one["revoked_at"] for one in agency.operator.get("/api/operator/bots/b1").ok()["keys"]}
    assert keys[key["key_id"]] is not None
    assert keys[made["key_id"]] is None
    Bot(agency.client, "b1", made["key"]).ready().ok()


def test_two_revocations_at_once_are_one(agency: Agency) -> None:
    (key,) = agency.operator.get("/api/operator/bots/b1").ok()["keys"]

    def revoke() -> Reply:
        return agency.operator.delete(f"/api/operator/bots/b1/keys/{key['key_id']}")

    assert overtaken(agency, revoke, lambda: revoke().ok()).ok()["replayed"] is True


# creations

CREATIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (MODELS, {"model_id": "new"}, {"name": "other"}),
    ("/api/operator/accounts", {"account_id": "new", "model_id": "m1", "username": "u"}, {"username": "v"}),
    (f"{MODELS}/m1/content", media("new", "pfp"), {"quality_score": 1}),
    (f"{MODELS}/m1/texts", words("new", "bio"), {"body": "other"}),
    ("/api/operator/bots", {"bot_id": "new"}, {"name": "other"}),
    ("/api/operator/plans", {"name": "new", "title": "New"}, {"title": "Other"}),
]


@pytest.mark.parametrize(("path", "body", "other"), CREATIONS, ids=[path for path, _, _ in CREATIONS])
def test_the_same_creation_twice_at_once_creates_once(
    agency: Agency, path: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    answer = overtaken(
        agency, lambda: agency.operator.post(path, body), lambda: agency.operator.post(path, body).ok(201)
    )
    again = answer.ok(200)
    assert (again["replayed"], "key" in again) == (True, False)


@pytest.mark.parametrize(("path", "body", "other"), CREATIONS, ids=[path for path, _, _ in CREATIONS])
def test_of_two_different_creations_at_once_one_is_refused(
    agency: Agency, path: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    answer = overtaken(
        agency, lambda: agency.operator.post(path, body), lambda: agency.operator.post(path, {**body, **other}).ok(201)
    )
    answer.refused(409, "already_exists")


def test_what_is_published_in_the_last_moment_is_not_edited(agency: Agency) -> None:
    plan = "/api/operator/plans/slow/versions/1"
    agency.operator.post("/api/operator/plans", {"name": "slow", "title": "Slow"}).ok(201)
    published: list[Any] = []
    answer = overtaken(
        agency,
        lambda: agency.operator.send("PATCH", plan, {"limits": {"max_retries": 9}}),
        lambda: published.append(agency.operator.post(f"{plan}/publish").ok()),
    )
    answer.refused(409, "invalid_transition")
    assert {**agency.operator.get(plan).ok(), "replayed": False} == published[0]


def test_of_two_edits_of_a_draft_at_once_both_count(agency: Agency) -> None:
    plan = "/api/operator/plans/slow/versions/1"
    agency.operator.post("/api/operator/plans", {"name": "slow", "title": "Slow"}).ok(201)
    answer = overtaken(
        agency,
        lambda: agency.operator.send("PATCH", plan, {"limits": {"max_retries": 9}}),
        lambda: agency.operator.send("PATCH", plan, {"limits": {"max_crashes": 9}}).ok(),
    )
    limits = answer.ok()["limits"]
    assert (limits["max_retries"], limits["max_crashes"]) == (9, 9)


def test_of_two_accounts_of_one_profile_at_once_one_is_refused(agency: Agency) -> None:
    def account(account_id: str, username: str) -> Reply:
        body = {"account_id": account_id, "model_id": "m1", "username": username}
        return agency.operator.post("/api/operator/accounts", body)

    answer = overtaken(agency, lambda: account("slow", "nora"), lambda: account("quick", "@Nora").ok(201))
    assert answer.refused(409, "already_exists")["account_id"] == "quick"
    agency.operator.get("/api/operator/accounts/slow").refused(404, "account_not_found")


def test_of_two_who_take_a_freed_profile_over_at_once_one_is_refused(agency: Agency) -> None:
    agency.operator.account("old")
    agency.operator.post("/api/operator/accounts/old/retire", {"reason": "gone"}).ok()

    def account(account_id: str) -> Reply:
        body = {"account_id": account_id, "model_id": "m1", "username": "user_old"}
        return agency.operator.post("/api/operator/accounts", body)

    answer = overtaken(agency, lambda: account("slow"), lambda: account("quick").ok(201))
    assert answer.refused(409, "already_exists")["account_id"] == "quick"


def test_a_profile_is_not_taken_from_an_account_that_is_brought_back_in_the_last_moment(agency: Agency) -> None:
    agency.operator.account("old")
    agency.operator.post("/api/operator/accounts/old/retire", {"reason": "gone"}).ok()
    body = {"account_id": "new", "model_id": "m1", "username": "user_old"}
    answer = overtaken(
        agency,
        lambda: agency.operator.post("/api/operator/accounts", body),
        lambda: agency.operator.post("/api/operator/accounts/old/restore", {"reason": "back"}).ok(),
    )
    assert answer.refused(409, "already_exists")["account_id"] == "old"


def test_an_account_is_not_brought_back_when_its_profile_is_taken_in_the_last_moment(agency: Agency) -> None:
    agency.operator.account("old")
    agency.operator.post("/api/operator/accounts/old/retire", {"reason": "gone"}).ok()
    body = {"account_id": "new", "model_id": "m1", "username": "@USER_OLD"}
    answer = overtaken(
        agency,
        lambda: agency.operator.post("/api/operator/accounts/old/restore", {"reason": "back"}),
        lambda: agency.operator.post("/api/operator/accounts", body).ok(201),
    )
    assert answer.refused(409, "already_exists")["account_id"] == "new"
    agency.operator.verified("old")


def test_a_withdrawn_text_that_is_approved_in_the_last_moment_makes_no_way(agency: Agency) -> None:
    path = f"{MODELS}/m1/texts"
    agency.operator.words("old", "bio", body="Sea.")
    agency.operator.send("PATCH", f"{path}/old", {"status": "withdrawn"}).ok()
    answer = overtaken(
        agency,
        lambda: agency.operator.post(path, words("new", "bio", body="Sea.")),
        lambda: agency.operator.send("PATCH", f"{path}/old", {"status": "approved"}).ok(),
    )
    assert answer.refused(409, "already_exists")["duplicate_of"] == "old"


def test_the_words_of_a_text_that_is_given_in_the_last_moment_stay(agency: Agency, first: Bot) -> None:
    agency.operator.words("t1", "bio", body="Sea and snu.", quality_score=99)
    agency.warmed_to("bio", bot=first)
    change = {"body": "Sea and sun."}
    answer = overtaken(
        agency,
        lambda: agency.operator.send("PATCH", f"{MODELS}/m1/texts/t1", change),
        lambda: first.content("bio").ok(),
    )
    answer.refused(409, "invalid_transition")
    assert first.content("bio").ok()["text"]["body"] == "Sea and snu."


def test_an_account_that_changed_in_the_last_moment_is_given_no_claim(agency: Agency) -> None:
    agency.operator.account("a1", ready=False)
    agency.wire.store.tables["test-fingerprints"].rows.clear()

    def retire() -> None:
        agency.operator.post("/api/operator/accounts/a1/retire", {"reason": "gone"}).ok()

    answer = overtaken(agency, lambda: agency.operator.post("/api/operator/accounts/claims", {}), retire)
    assert answer.ok()["claimed"] == 0


def test_work_is_completed_although_its_session_has_expired_meanwhile(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    agency.time.advance(timedelta(days=91))
    agency.wire.store.tables["test-bot_sessions"].rows.clear()
    assert agency.bot().complete("pfp", token).ok()["late"] is True

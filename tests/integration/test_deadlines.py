"""A store that stays away: the caller is told within the deadline that it may come again, and nothing is half done."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.services import review
from chalicelib.settings import Settings
from tests.agency import LEASE, Agency, Bot, Reply, media
from tests.conftest import SETTINGS
from tests.wire import Call, Fault

DEADLINE = 2.0
FOR_GOOD = 10_000
ONE_CALL_AT_MOST = 3 * 2.0 + 3.0
"""What the SDK may take for one request: three attempts of two seconds, and its waits between them."""
LAMBDA_SECONDS = 25.0


@pytest.fixture
def settings() -> Settings:
    """A short deadline."""
    return replace(SETTINGS, deadline_seconds=DEADLINE)


@pytest.fixture
def worker(agency: Agency) -> Bot:
    """A bot that works on the first phase of `a1`; `a2` waits to be started."""
    worker = agency.warmed_to("pfp")
    agency.operator.account("a2")
    worker.take()
    return worker


CALLS: dict[str, Callable[[Agency, Bot], Reply]] = {
    "start": lambda _, worker: worker.start("a2"),
    "complete": lambda _, worker: worker.complete("pfp", worker.own_session().ok()["held"][0]["lease"]["lease_token"]),
    "heartbeat": lambda _, worker: worker.heartbeat(),
    "open a session": lambda agency, _: agency.bot().post("/api/bot/sessions", {}),
    "create an account": lambda agency, _: agency.operator.post(
        "/api/operator/accounts", {"account_id": "a9", "model_id": "m1", "username": "u"}
    ),
    "rotate a key": lambda agency, _: agency.operator.post("/api/operator/bots/b1/keys"),
}


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CONFLICT, Fault.SERVER_ERROR])
@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_does_not_write_is_a_503_within_the_deadline(
    agency: Agency, worker: Bot, call: str, fault: Fault
) -> None:
    before, began = agency.wire.image(), agency.time.elapsed
    for operation in ("TransactWriteItems", "UpdateItem"):
        agency.wire.fail(fault, operation, times=FOR_GOOD)
    answer = CALLS[call](agency, worker)
    problem = answer.refused(503, "temporarily_unavailable")
    assert problem["retryable"] is True
    assert answer.headers["Retry-After"] == str(problem["retry_after_seconds"])
    took = agency.time.elapsed - began
    assert took < DEADLINE + ONE_CALL_AT_MOST
    agency.wire.heal()
    assert agency.wire.image() == before
    assert CALLS[call](agency, worker).status in (200, 201), "as soon as it is back, the same request is done"


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.ANSWER_LATE, Fault.REQUEST_LOST, Fault.SERVER_ERROR])
@pytest.mark.parametrize("operation", ["BatchGetItem", "Query", "TransactWriteItems"])
def test_however_slowly_the_store_fails_the_function_answers_before_its_time_is_up(
    agency: Agency, operation: str, fault: Fault
) -> None:
    agency.operator.account()
    worker = agency.worker()
    began = agency.time.elapsed
    agency.wire.fail(fault, operation, times=FOR_GOOD)
    answer = worker.claim()
    if answer.status != 200:
        answer.refused(503, "temporarily_unavailable")
    assert agency.time.elapsed - began < LAMBDA_SECONDS


def test_a_conflict_is_tried_again_until_the_deadline_and_not_beyond(agency: Agency, worker: Bot) -> None:
    agency.wire.fail(Fault.CONFLICT, times=FOR_GOOD)
    began = agency.time.elapsed
    agency.wire.calls.clear()
    worker.start("a2").refused(503, "temporarily_unavailable")
    assert DEADLINE * 0.5 < agency.time.elapsed - began < DEADLINE + 0.5
    writes = agency.wire.of("TransactWriteItems")
    assert 5 < len(writes) < 40, "the waits grow"
    assert len({call.token for call in writes}) == 1


def test_what_was_done_at_the_last_moment_is_answered_as_done(agency: Agency, worker: Bot) -> None:
    """Each answer comes too late, but the write was made: looking for its mark tells."""
    agency.wire.fail(Fault.ANSWER_LATE, times=FOR_GOOD)
    started = worker.start("a2").ok()
    assert (started["state"], started["replayed"]) == ("warming_up", False)
    agency.wire.heal()
    agency.operator.verified("a2")


def test_reads_that_decide_are_consistent(agency: Agency) -> None:
    agency.nobody().get("/api/ready").ok()  # from here on nothing is taken from a stage
    agency.warmed_up().complete_warmup().ok()
    assert agency.wire.of("BatchGetItem")
    for call in agency.wire.of("BatchGetItem"):
        assert all(table["ConsistentRead"] for table in call.body["RequestItems"].values())
    assert not {"GetItem", "Scan"} & set(agency.wire.operations())


# batches are no snapshots


def test_a_batch_that_comes_in_parts_is_put_together(agency: Agency, worker: Bot) -> None:
    whole = worker.status().ok()
    agency.wire.fail(Fault.IN_PARTS, "BatchGetItem", times=3)
    assert worker.status().ok() == whole


def test_a_batch_that_never_comes_whole_is_a_503(agency: Agency, worker: Bot) -> None:
    for number in range(3, 9):
        agency.operator.media(f"more-{number}", "pfp")
        agency.warmed_to("bio", f"a{number}")
    agency.wire.fail(Fault.IN_PARTS, "BatchGetItem", times=FOR_GOOD)
    agency.operator.get("/api/operator/accounts?with_phases=true").refused(503, "temporarily_unavailable")


def torn(agency: Agency, act: Callable[[], Any]) -> None:
    """Lets the next batch come in two parts, with something done between them."""
    agency.wire.fail(Fault.IN_PARTS, "BatchGetItem")
    agency.wire.meanwhile(lambda: agency.wire.meanwhile(act, "BatchGetItem"), "BatchGetItem")


def test_a_decision_on_a_torn_read_is_right_too(agency: Agency, worker: Bot) -> None:
    token = worker.own_session().ok()["held"][0]["lease"]["lease_token"]
    agency.time.advance(LEASE)
    second = agency.worker("b2")
    torn(agency, lambda: worker.complete("pfp", token).ok())
    second.content().refused(409, "phase_not_available")
    agency.operator.verified()


# a loop over reads or writes looks at the clock of its call, and answers what was done

MANY = 120
LONG = 20.0
"""What routes that do many things have."""


def slow(agency: Agency, operation: str, seconds: float) -> None:
    """Lets each such call of the store take so long."""

    def wait(call: Call) -> None:
        if call.operation == operation:
            agency.time.sleep(seconds)

    agency.wire.before.append(wait)


def within_its_time(agency: Agency, act: Callable[[], Reply], seconds: float, deadline: float = DEADLINE) -> Any:
    """The answer, which must come within the deadline and one call of the store."""
    began = agency.time.elapsed
    answer = act().ok()
    assert agency.time.elapsed - began < deadline + seconds
    return answer


@pytest.fixture
def paused(agency: Agency) -> Agency:
    """Many accounts of a paused model stand before the only one of another."""

    def build() -> None:
        agency.operator.model("m2")
        for number in range(MANY):
            agency.operator.account(f"b{number}", model_id="m2")
        agency.time.advance(1)
        agency.operator.account("a1")
        body = {"paused": True, "reason": "it runs away"}
        agency.operator.send("PATCH", "/api/operator/models/m2", body).ok()

    agency.staged("a paused backlog", build)
    return agency


def test_a_claim_and_a_list_end_in_time_whatever_they_walk_over(paused: Agency) -> None:
    worker = paused.worker()
    slow(paused, "Query", 0.6)
    claimed = within_its_time(paused, lambda: worker.claim(limit=10), 0.6)
    listed = within_its_time(paused, lambda: worker.ready("?limit=25"), 0.6)
    assert claimed["items"] == [] and claimed["retry_after_seconds"] <= 2, "there is more: soon again"
    assert listed["items"] == [] and listed["next_cursor"] is not None and listed["retry_after_seconds"] <= 2
    paused.wire.before.clear()
    assert worker.offered(f"?cursor={listed['next_cursor']}") == ["a1"]


def test_a_claim_answers_what_it_took_in_its_time(agency: Agency) -> None:
    for number in range(10):
        agency.operator.account(f"a{number}")
    worker = agency.worker()
    slow(agency, "TransactWriteItems", 0.4)
    taken = within_its_time(agency, lambda: worker.claim(limit=10), 0.4)["items"]
    assert 2 <= len(taken) <= 5
    agency.wire.before.clear()
    again = worker.claim(limit=10).ok()["items"]
    assert {one["account_id"] for one in again if one["held"]} == {one["account_id"] for one in taken}
    assert len(again) == 10


@pytest.mark.parametrize("end", ["by the bot", "by an operator"])
def test_a_session_that_holds_much_is_ended_in_steps(agency: Agency, end: str) -> None:
    for number in range(10):
        agency.operator.account(f"a{number}")
    worker = agency.worker()
    worker.claim(limit=10).ok()

    def ended() -> Reply:
        if end == "by the bot":
            return worker.end()
        return agency.operator.post(f"/api/operator/sessions/{worker.session}/stop", {"reason": "it hangs"})

    def held() -> int:
        accounts = agency.operator.get("/api/operator/accounts?limit=100").ok()["items"]
        return sum(one["lease"] is not None and one["lease"]["live"] for one in accounts)

    slow(agency, "TransactWriteItems", 0.4)
    first = within_its_time(agency, ended, 0.4)
    assert 0 < held() == first["not_attempted"] < 10
    agency.wire.before.clear()
    again = ended().ok()
    assert (again["replayed"], again["not_attempted"], held()) == (True, 0, 0)


def test_a_bulk_retry_does_what_it_can_and_says_that_there_is_more(agency: Agency) -> None:
    worker = agency.worker()
    for number in range(6):
        account_id = agency.operator.account(f"a{number}")
        agency.operator.media(f"more-{number}", "pfp")
        worker.start(account_id).ok()
        worker.report("pfp", worker.take("pfp", account_id), account_id, kind="account").ok()
    body = {"filter": {}, "reason": "repaired"}
    slow(agency, "TransactWriteItems", 6)
    counts = within_its_time(agency, lambda: agency.operator.post("/api/operator/review/retry", body), 6, LONG)[
        "counts"
    ]
    assert counts["retried"] > 0 < counts["not_done"] and sum(counts.values()) == 6
    agency.wire.before.clear()
    slow(agency, "Query", 2 * LONG)
    unread = agency.operator.post("/api/operator/review/retry", {**body, "dry_run": True}).ok()
    assert unread["has_more"] is True, "nothing is said of what was not read"
    agency.wire.before.clear()
    assert agency.operator.post("/api/operator/review/retry", body).ok()["counts"] == {"retried": counts["not_done"]}


def test_a_walk_of_the_review_queue_ends_in_time(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "MOST_EXAMINED", 2)
    worker = agency.worker()
    for number in range(8):
        account_id = agency.operator.account(f"a{number}")
        agency.operator.media(f"more-{number}", "pfp")
        worker.start(account_id).ok()
        worker.report("pfp", worker.take("pfp", account_id), account_id, kind="account").ok()
    slow(agency, "BatchGetItem", 8)
    body = {"filter": {"code": "rare"}, "reason": "repaired", "dry_run": True}
    answer = within_its_time(agency, lambda: agency.operator.post("/api/operator/review/retry", body), 8, LONG)
    assert (answer["matched"], answer["has_more"]) == (0, True)


def test_a_withdrawal_says_of_how_many_users_it_does_not_know(agency: Agency) -> None:
    worker = agency.worker()
    for number in range(6):
        worker.start(agency.operator.account(f"a{number}")).ok()
        worker.release(worker.take("pfp", f"a{number}"), f"a{number}").ok()
        agency.time.advance(48 * 3600)
    slow(agency, "TransactWriteItems", 0.6)
    body = {"status": "withdrawn", "reason": "a right ended"}
    path = "/api/operator/models/m1/content/m1-pfp"
    first = within_its_time(agency, lambda: agency.operator.send("PATCH", path, body), 0.6)
    assert first["has_more"] is True and 0 < len(first["users"]) < 6
    agency.wire.before.clear()
    again = agency.operator.send("PATCH", path, body).ok()
    assert (again["replayed"], again["has_more"], len(again["users"])) == (True, False, 6)


def test_a_file_that_is_withdrawn_late_is_so_in_all_models_when_it_is_sent_again(agency: Agency) -> None:
    agency.operator.model("m2")
    twin = media("copy", "pfp", sha256=media("m1-pfp", "pfp")["sha256"])
    agency.operator.post("/api/operator/models/m2/content", twin).ok(201)
    slow(agency, "TransactWriteItems", 1.7)
    body = {"status": "withdrawn", "reason": "a right ended"}
    path = "/api/operator/models/m1/content/m1-pfp"
    first = agency.operator.send("PATCH", path, body).ok()
    assert first["has_more"] is True
    agency.wire.before.clear()
    again = agency.operator.send("PATCH", path, body).ok()
    assert (again["replayed"], again["has_more"]) == (True, False)
    assert agency.operator.content("copy", "m2")["status"] == "withdrawn"

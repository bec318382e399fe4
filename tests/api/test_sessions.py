"""Sessions: a run of a bot begins, says that it lives, and ends."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.context import Actor, ActorKind, begin
from chalicelib.domain import leases
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.timing import Due, DueQueue
from chalicelib.settings import Settings
from chalicelib.tables import Account, Session
from chalicelib.tables.sessions import HeldLease
from chalicelib.tables.transaction import Transaction
from tests.agency import CONSENT, LEASE, Agency, Bot
from tests.api.shapes import BEAT, OWN_LEASE


def test_a_session_is_opened(agency: Agency) -> None:
    opened = agency.bot().post("/api/bot/sessions", {"client": "warmup 0.1", "host": "kettle"}).ok(201)
    assert set(opened) >= {"session_id", "lease_seconds", "heartbeat_seconds"}
    assert opened["session_id"].startswith("ses_")
    assert (opened["lease_seconds"], opened["heartbeat_seconds"]) == (900, 300)
    found = agency.bot().get(f"/api/bot/sessions/{opened['session_id']}").ok()
    assert (found["client"], found["host"], found["status"], found["bot_id"]) == ("warmup 0.1", "kettle", "live", "b1")


def test_a_session_is_opened_by_no_body_at_all(agency: Agency) -> None:
    agency.bot().post("/api/bot/sessions").ok(201)
    agency.bot().post("/api/bot/sessions", content_type=None).ok(201)


def test_a_session_sees_what_it_holds_tokens_included(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    lease = worker.content().ok()["lease"]
    held = worker.own_session().ok()["held"]
    assert [(one["account_id"], one["phase"], one["lease"]) for one in held] == [("a1", "pfp", lease)]
    agency.time.advance(LEASE)
    assert worker.own_session().ok()["held"] == []


def test_a_heartbeat_extends_every_lease(agency: Agency) -> None:
    worker = agency.worker()
    for account_id in ("a1", "a2"):
        agency.warmed_to("pfp", account_id, bot=worker)
    worker.take("pfp", "a1")
    agency.time.advance(LEASE - timedelta(seconds=1))
    beat = worker.heartbeat(note="half way").ok()
    assert set(beat) >= BEAT
    until = agency.time.told(LEASE)
    assert (beat["directive"], beat["lost"], beat["session_id"]) == ("continue", [], worker.session)
    assert [(one["account_id"], one["phase"], one["expires_at"]) for one in beat["held"]] == [
        ("a1", "pfp", until),
        ("a2", "pfp", until),
    ]
    agency.time.advance(LEASE - timedelta(seconds=1))
    assert agency.worker("b2").offered() == []
    assert agency.timer() == {"extended": 2}, "heartbeats do not move the due time, the timer does"
    assert agency.timer() == {}
    assert worker.status("a1").ok()["lease"]["expires_at"] == until
    assert worker.complete("pfp", worker.take("pfp", "a1"), "a1").ok()["late"] is False
    assert worker.own_session().ok()["note"] == "half way"
    agency.operator.verified("a1")
    agency.operator.verified("a2")


def test_a_heartbeat_of_an_idle_session_holds_nothing(agency: Agency) -> None:
    worker = agency.worker()
    before = worker.own_session().ok()["expires_at"]
    agency.time.advance(60)
    beat = worker.heartbeat().ok()
    assert (beat["held"], beat["lost"]) == ([], [])
    after = worker.own_session().ok()
    assert (after["last_seen_at"], after["expires_at"] > before) == (agency.time.told(), True)


def test_a_heartbeat_writes_the_session_and_nothing_else(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.take()
    worker.heartbeat().ok()
    agency.time.advance(60)
    worker.own_session().ok()  # its key is known again
    before = {name: dict(table.rows) for name, table in agency.wire.store.tables.items()}
    agency.wire.forget()
    worker.heartbeat().ok()
    changed = [name for name, table in agency.wire.store.tables.items() if table.rows != before[name]]
    assert (changed, agency.wire.operations()) == (["test-bot_sessions"], ["UpdateItem", "BatchGetItem"])


def test_work_that_ends_writes_no_session_and_is_counted_at_once(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    tokens = {"a1": worker.take()}
    for account_id in ("a2", "a3"):
        agency.operator.media(f"for-{account_id}", "pfp")
        agency.warmed_to("pfp", account_id, bot=worker)
        tokens[account_id] = worker.take("pfp", account_id)
    row = stored(agency, worker)
    worker.complete("pfp", tokens["a1"], "a1").ok()
    worker.report("pfp", tokens["a2"], "a2").ok()
    worker.release(tokens["a3"], "a3").ok()
    assert stored(agency, worker) == row
    for _ in range(2):
        for found in (
            worker.own_session().ok(),
            agency.operator.get(f"/api/operator/sessions/{worker.session}").ok(),
            agency.operator.get("/api/operator/sessions?status=live").ok()["items"][0],
        ):
            assert (found["held"], found["done"], found["failed"]) == ([], 1, 1)
        assert (worker.heartbeat().ok()["held"], worker.heartbeat().ok()["lost"]) == ([], [])
    assert "holds" not in stored(agency, worker)


@pytest.mark.parametrize("word", ["claim", "heartbeat", "end"])
def test_what_a_session_did_is_counted_though_others_have_taken_the_account_since(agency: Agency, word: str) -> None:
    worker, other = agency.warmed_to("pfp"), agency.worker("b2")
    agency.operator.account("a2")
    worker.report("pfp", worker.take()).ok()
    agency.time.advance(timedelta(hours=1))
    other.complete("pfp", other.take()).ok()
    getattr(worker, word)().ok()
    found = agency.operator.get(f"/api/operator/sessions/{worker.session}").ok()
    assert (found["done"], found["failed"]) == (0, 1)
    assert other.own_session().ok()["done"] == 1


def test_a_lost_session_has_counted_what_it_did(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.complete("pfp", worker.take()).ok()
    agency.time.advance(timedelta(seconds=1800))
    assert agency.timer("close_lost_sessions") == {"lost": 1}
    row = stored(agency, worker)
    assert (row["done"], "holds" in row) == ({"N": "1"}, False)


def test_a_session_that_only_takes_does_not_grow_for_ever(agency: Agency) -> None:
    worker = agency.worker()
    for number in range(30):
        account_id = agency.operator.account(f"a{number}")
        worker.release(worker.start(account_id).ok()["lease"]["lease_token"], account_id).ok()
    row = stored(agency, worker)
    assert len(row["holds"]["SS"]) <= 20
    assert worker.own_session().ok()["held"] == []


def test_a_late_heartbeat_keeps_what_nobody_has_taken_over(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    agency.time.advance(LEASE + timedelta(minutes=5))
    assert [one["account_id"] for one in worker.heartbeat().ok()["held"]] == ["a1"]
    assert worker.complete("pfp", token).ok()["late"] is False
    agency.operator.verified()


def test_a_heartbeat_tells_what_was_lost_and_why_and_once_only(agency: Agency) -> None:
    worker, second = agency.worker("b1"), agency.worker("b2")
    for account_id in ("kept", "lost"):
        agency.warmed_to("pfp", account_id, bot=worker)
    worker.take("pfp", "kept"), worker.take("pfp", "lost")
    agency.time.advance(LEASE)
    taken = second.content("pfp", "lost").ok()["lease"]
    beat = worker.heartbeat().ok()
    assert [one["account_id"] for one in beat["held"]] == ["kept"]
    (lost,) = beat["lost"]
    assert lost["account_id"] == "lost"
    assert taken["session_id"] in lost["reason"]
    assert taken["lease_token"] not in lost["reason"]
    assert worker.heartbeat().ok()["lost"] == []
    assert second.status("lost").ok()["lease"]["expires_at"] == taken["expires_at"], "the others' lease is not extended"
    for account_id in ("kept", "lost"):
        agency.operator.verified(account_id)


def test_a_heartbeat_tells_what_the_timer_took(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.take()
    agency.time.advance(LEASE)
    agency.timer()
    (lost,) = worker.heartbeat().ok()["lost"]
    assert (lost["account_id"], "expired" in lost["reason"]) == ("a1", True)


def test_a_session_that_ends_gives_everything_back(agency: Agency) -> None:
    worker = agency.worker()
    for account_id in ("a1", "a2"):
        agency.warmed_to("pfp", account_id, bot=worker)
    token = worker.take("pfp", "a1")
    ended = worker.end().ok()
    assert (ended["status"], ended["held"], ended["ended_at"]) == ("ended", [], agency.time.told())
    second = agency.worker("b2")
    assert set(second.offered()) == {"a1", "a2"}
    assert second.status("a1").ok()["phases"][0]["status"] == "content_assigned"
    assert second.status("a1").ok()["phases"][0]["crash_count"] == 0
    worker.complete("pfp", token, "a1").refused(409, "lease_superseded")
    for account_id in ("a1", "a2"):
        agency.operator.verified(account_id)


def test_what_is_taken_while_a_session_ends_is_given_back_too(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    agency.wire.meanwhile(lambda: worker.start().ok())
    assert worker.end().ok()["held"] == []
    assert agency.worker("b2").offered() == ["a1"]
    assert agency.operator.actions()[-1] == "lease:release"


def test_an_ended_session_takes_nothing_and_lives_no_more(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    worker.end().ok()
    before = agency.wire.image()
    for answer in (worker.claim(), worker.start(), worker.heartbeat()):
        answer.refused(409, "session_ended")
    assert agency.wire.image() == before


def test_an_ended_session_is_given_no_content(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.end().ok()
    worker.content().refused(409, "session_ended")


def test_a_session_that_was_not_heard_of_is_lost_and_comes_back_with_its_next_word(agency: Agency) -> None:
    worker = agency.worker()
    agency.time.advance(timedelta(seconds=1800))
    assert agency.timer("close_lost_sessions") == {"lost": 1}
    assert worker.own_session().ok()["status"] == "lost"
    assert agency.timer("close_lost_sessions") == {"lost": 0}
    assert worker.heartbeat().ok()["directive"] == "continue"
    assert worker.own_session().ok()["status"] == "live"
    agency.operator.account()
    assert len(worker.claim().ok()["items"]) == 1


def test_a_session_that_was_heard_of_is_not_lost(agency: Agency) -> None:
    worker = agency.worker()
    agency.time.advance(timedelta(seconds=1799))
    worker.heartbeat().ok()
    agency.time.advance(timedelta(seconds=1799))
    assert agency.timer("close_lost_sessions") == {"lost": 0}


def test_taking_work_is_a_word_too(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    agency.time.advance(timedelta(seconds=1799))
    before = stored(agency, worker)
    worker.start().ok()
    assert stored(agency, worker)["expires_at"] == before["expires_at"], "the index moves by heartbeats alone"
    assert worker.own_session().ok()["expires_at"] == agency.time.told(timedelta(seconds=1800))
    agency.time.advance(timedelta(seconds=1799))
    assert agency.timer("close_lost_sessions") == {"lost": 0}
    assert stored(agency, worker)["expires_at"] == {"S": agency.time.told(timedelta(seconds=1))}, "but for this"
    agency.time.advance(timedelta(seconds=1))
    assert agency.timer("close_lost_sessions") == {"lost": 1}


def stored(agency: Agency, worker: Bot) -> Mapping[str, Any]:
    """The row of a session."""
    return agency.wire.store.tables["test-bot_sessions"].rows[str(worker.session),]


def test_what_a_lost_session_held_is_taken_over(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.take()
    agency.time.advance(timedelta(seconds=1800))
    agency.timer("close_lost_sessions")
    assert agency.worker("b2").content().ok()["lease"]["session_id"] != worker.session
    agency.operator.verified()


def test_a_session_may_hold_more_leases_than_one_transaction_can_extend(agency: Agency, settings: Settings) -> None:
    count = 101
    worker = agency.worker()
    holding(agency, settings, str(worker.session), count)
    agency.time.advance(60)
    beat = worker.heartbeat().ok()
    assert len(beat["held"]) == count
    assert {one["expires_at"] for one in beat["held"]} == {agency.time.told(LEASE)}
    assert len(worker.own_session().ok()["held"]) == count
    assert len(worker.claim(limit=10).ok()["items"]) == 10


def test_a_session_may_have_lost_more_leases_than_one_batch_can_read(agency: Agency, settings: Settings) -> None:
    count = 101
    worker = agency.worker()
    holding(agency, settings, str(worker.session), count, Ending.REVOKED)
    agency.operator.account("free")
    assert [item["account_id"] for item in worker.claim().ok()["items"]] == ["free"]
    beat = worker.heartbeat().ok()
    assert ([one["account_id"] for one in beat["held"]], len(beat["lost"])) == (["free"], count)
    assert worker.heartbeat().ok()["lost"] == []


def holding(agency: Agency, settings: Settings, session: str, count: int, ended: Ending | None = None) -> None:
    """Lets the session hold (or have lost) many leases, written past the service to save time."""
    now, holdings = agency.time.now, set()
    for number in range(count):
        account = Account(account_id=f"held{number:03d}", model_id="m1", username="u", state=AccountState.READY)
        account.consent, account.created_at, account.updated_at, account.version = CONSENT, now, now, 3
        token = leases.make_token(3, number.to_bytes(16, "big"))
        account.store_lease(Lease(token, session, "b1", now, now + LEASE, "req", ended, now if ended else None))
        account.store_due(None if ended else Due(DueQueue.LEASED, now + LEASE), settings.queue_shards)
        agency.wire.plant("test-accounts", account.serialize())
        holdings.add(str(HeldLease(account.account_id, token, "pfp")))
    transaction = Transaction(begin(settings, Actor(ActorKind.OPERATOR, "root")))
    transaction.update(Session(session_id=session), None, [Session.holds.add(holdings)])
    transaction.commit()


def test_sessions_as_operators_see_them(agency: Agency) -> None:
    first, second = agency.worker("b1"), agency.worker("b2")
    second.end().ok()
    live = agency.operator.get("/api/operator/sessions?status=live").ok()
    assert [one["session_id"] for one in live["items"]] == [first.session]
    ended = agency.operator.get("/api/operator/sessions?status=ended").ok()
    assert [one["session_id"] for one in ended["items"]] == [second.session]
    both = agency.operator.get("/api/operator/sessions").ok()
    assert {one["session_id"] for one in both["items"]} == {first.session, second.session}
    agency.operator.get("/api/operator/sessions?status=asleep").refused(400, "malformed_request")


def test_operators_do_not_see_tokens(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    lease = worker.content().ok()["lease"]
    assert set(lease) >= OWN_LEASE
    for path in ("sessions", "sessions?status=live", "accounts", "accounts/a1", "audit?account_id=a1"):
        assert lease["lease_token"] not in agency.operator.get(f"/api/operator/{path}").text


# a heartbeat extends no further than the longest time that the phase gives a worker

MAX_WORK = timedelta(minutes=240)


def beat_for(worker: Bot, agency: Agency, time: timedelta) -> Any:
    """The answer to the last of the heartbeats, one each ten minutes."""
    for _ in range(time // timedelta(minutes=10)):
        agency.time.advance(timedelta(minutes=10))
        worker.heartbeat().ok()
    return worker.heartbeat().ok()


def test_heartbeats_extend_a_lease_no_further_than_its_phase_allows(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    latest = agency.time.told(MAX_WORK)
    delivered = worker.content().ok()
    assert delivered["lease"]["latest_at"] == latest
    answer = beat_for(worker, agency, MAX_WORK - timedelta(minutes=10))
    assert [one["expires_at"] for one in answer["held"]] == [latest]
    assert worker.heartbeat().ok()["held"] == answer["held"], "a second heartbeat changes nothing"
    assert agency.operator.account_document()["queues"] == ["working"]
    answer = beat_for(worker, agency, timedelta(minutes=10))
    assert answer["held"] == []
    assert [one["reason"] for one in answer["lost"]] == ["the longest time that its phase gives a worker is over"]
    assert worker.heartbeat().ok()["lost"] == answer["lost"], "as long as nobody has ended it"
    assert agency.timer() == {"lease:expire": 1}
    phase = worker.status().ok()["phases"][0]
    assert (phase["status"], phase["crash_count"]) == ("content_assigned", 1)
    assert worker.heartbeat().ok()["lost"][0]["reason"] == "the lease ended: expired"
    assert worker.heartbeat().ok()["lost"] == []
    assert worker.complete("pfp", delivered["lease"]["lease_token"]).ok()["late"], "nobody has taken over"
    agency.operator.verified()


def test_a_handler_that_hangs_ends_with_an_operator(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    for _ in range(3):
        assert worker.claim().ok()["items"]
        beat_for(worker, agency, MAX_WORK)
    assert worker.claim().ok()["items"] == []
    (case,) = agency.operator.get("/api/operator/review").ok()["items"]
    assert case["error_code"] == "crashed"


def test_the_time_of_a_phase_begins_again_with_its_delivery(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    worker.claim().ok()
    beat_for(worker, agency, MAX_WORK / 2)
    worker.start().ok()
    beat_for(worker, agency, MAX_WORK / 4)
    latest = agency.time.told(MAX_WORK)
    assert worker.content().ok()["lease"]["latest_at"] == latest
    assert worker.content().ok()["lease"]["latest_at"] == latest, "asked again it is the same"
    assert beat_for(worker, agency, MAX_WORK - timedelta(minutes=10))["held"][0]["expires_at"] == latest


def test_of_several_leases_only_the_one_whose_time_is_over_is_lost(agency: Agency) -> None:
    agency.operator.account("a1")
    worker = agency.worker()
    worker.claim().ok()
    beat_for(worker, agency, MAX_WORK / 2)
    agency.operator.account("a2")
    worker.start("a2").ok()
    answer = beat_for(worker, agency, MAX_WORK / 2)
    assert [one["account_id"] for one in answer["held"]] == ["a2"]
    assert answer["held"][0]["expires_at"] == agency.time.told(LEASE)
    assert [one["account_id"] for one in answer["lost"]] == ["a1"]


def test_a_lease_of_the_version_before_has_no_such_bound(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.take()
    rows = agency.wire.store.tables["test-accounts"].rows
    rows["a1",] = {name: value for name, value in rows["a1",].items() if name != "lease_latest_at"}
    answer = beat_for(worker, agency, 2 * MAX_WORK)
    assert [one["expires_at"] for one in answer["held"]] == [agency.time.told(LEASE)]
    assert worker.content().ok()["lease"]["latest_at"] is None


# who works for longest


def test_operators_see_who_has_been_at_work_for_longest(agency: Agency) -> None:
    worker, other = agency.worker(), agency.worker("b2")
    began = {}
    for number, bot in enumerate((worker, other, worker, other)):
        account_id = agency.operator.account(f"a{3 - number}")
        bot.start(account_id).ok()
        began[account_id] = agency.time.told()
        agency.time.advance(60)
        worker.heartbeat().ok()
        other.heartbeat().ok()
    path = "/api/operator/accounts?sort=working_since"
    listed = agency.operator.get(path).ok()["items"]
    assert [(one["account_id"], one["working_since"]) for one in listed] == list(began.items())
    assert listed[0]["working_since"] == agency.operator.account_document("a3")["working_since"]
    first = agency.operator.get(f"{path}&limit=3").ok()
    rest = agency.operator.get(f"{path}&limit=3&cursor={first['next_cursor']}").ok()
    assert [one["account_id"] for one in first["items"] + rest["items"]] == list(began)
    assert rest["next_cursor"] is None
    overview = agency.operator.get("/api/operator/pipeline").ok()
    assert overview["longest_at_work"] == {"account_id": "a3", "since": began["a3"]}
    assert agency.timer("watch_pools")["longest_work_seconds"] == 240
    agency.operator.get(f"{path}&queue=due").refused(400, "malformed_request")
    assert agency.operator.get(f"{path}&model_id=m2").ok()["items"] == []
    for account_id in began:
        agency.operator.post(f"/api/operator/accounts/{account_id}/retire", {"reason": "enough"}).ok()
    assert agency.operator.get(path).ok()["items"] == []


def test_with_nobody_at_work_nobody_is_at_work_for_longest(agency: Agency) -> None:
    agency.operator.account()
    assert agency.operator.get("/api/operator/pipeline").ok()["longest_at_work"] is None
    assert agency.operator.account_document()["working_since"] is None
    assert agency.timer("watch_pools")["longest_work_seconds"] == 0

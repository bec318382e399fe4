"""What each call of a warm function costs: DynamoDB round trips, counted on the wire.

A figure that grows is a price that every call pays: raise it here only with a reason. The key and the master switch
are kept by a warm function; everything that decides is read at each call.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import keys
from chalicelib.tables.base import Store
from tests.agency import LEASE, NOBODY_CAME, Agency, Bot
from warmup.sandbox.stores import ROOT

READ, QUERY, WRITE, UPDATE = "BatchGetItem", "Query", "TransactWriteItems", "UpdateItem"


def cost(agency: Agency, call: Callable[[], Any]) -> list[str]:
    """The round trips of one call by somebody whom the function has just seen."""
    agency.bot().ready().ok()
    agency.bot("b2").ready().ok()
    agency.wire.calls.clear()
    call()
    return agency.wire.operations()


def test_the_ready_list_costs_one(agency: Agency) -> None:
    for number in range(3):
        agency.operator.account(f"a{number}")
    assert cost(agency, lambda: agency.bot().ready().ok()) == [QUERY]


def test_an_empty_ready_list_costs_two_for_what_waits_and_what_is_held(agency: Agency) -> None:
    assert cost(agency, lambda: agency.bot().ready().ok()) == [QUERY, QUERY]


def test_a_list_that_is_longer_than_a_page_costs_a_query_more_once_a_minute(agency: Agency) -> None:
    """What waits is then read in the order in which it is due, from the common queue."""
    worker = agency.worker()
    for number in range(2):
        worker.start(agency.operator.account(f"a{number}")).ok()
        worker.do("pfp", f"a{number}")
    assert cost_of_the_first(agency) == [QUERY, QUERY, QUERY, QUERY]
    assert cost_of_the_first(agency) == [QUERY, QUERY, QUERY]


def cost_of_the_first(agency: Agency) -> list[str]:
    return cost(agency, lambda: agency.bot().ready("?limit=1").ok())


def test_a_page_of_the_ready_list_costs_one(agency: Agency) -> None:
    for number in range(7):
        agency.operator.account(f"a{number}")
    cursor = agency.bot().ready("?limit=3").ok()["next_cursor"]
    assert cost(agency, lambda: agency.bot().ready(f"?limit=3&cursor={cursor}").ok()) == [QUERY], "by the directory"


def test_the_warm_up_status_costs_one_and_the_record_of_what_has_ended_another(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.release(worker.take()).ok()
    assert cost(agency, lambda: agency.bot().status().ok()) == [READ]
    agency.warmed_to("bio", "a2")
    assert cost(agency, lambda: agency.bot().status("a2").ok()) == [READ, READ]


def test_content_asked_for_again_costs_two(agency: Agency) -> None:
    worker = agency.warmed_to("post")
    worker.take("post")
    assert cost(agency, lambda: worker.content("post").ok()) == [READ, READ]


@pytest.mark.parametrize("phase", ["pfp", "bio", "post", "story"])
@pytest.mark.parametrize("score", [{}, {"performance_score": 100}], ids=["no score", "a full one"])
def test_completing_a_phase_costs_two(agency: Agency, phase: str, score: dict[str, Any]) -> None:
    worker = agency.warmed_to(phase)
    token = worker.take(phase)
    assert cost(agency, lambda: worker.complete(phase, token, **score).ok()) == [READ, WRITE]
    written = {next(iter(part.values()))["TableName"] for part in agency.wire.of(WRITE)[-1].body["TransactItems"]}
    assert not {table for table in written if table.endswith(("content", "texts"))}, "a use was written once already"
    read = agency.wire.of(READ)[-1].body["RequestItems"]
    assert set(read) == {"test-accounts", "test-settings"}, "its token shows who holds the account, not its session"


def test_completing_what_heartbeats_have_extended_reads_their_session(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    agency.time.advance(LEASE - timedelta(seconds=1))
    worker.heartbeat().ok()
    agency.time.advance(2)
    assert cost(agency, lambda: worker.complete("pfp", token).ok()) == [READ, READ, WRITE]
    assert agency.operator.account_document()["phases"][0]["crash_count"] == 0


def test_completing_with_a_score_reads_and_writes_the_items(agency: Agency) -> None:
    worker = agency.warmed_to("post")
    token = worker.take("post")
    assert cost(agency, lambda: worker.complete("post", token, performance_score=71).ok()) == [READ, READ, WRITE]


def test_completing_a_phase_again_costs_two(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    worker.complete("pfp", token).ok()
    assert cost(agency, lambda: worker.complete("pfp", token).ok()) == [READ, READ]


# the others: the present figures


@pytest.fixture
def worker(agency: Agency) -> Bot:
    """A bot in a session; `a1` waits to be started."""
    agency.operator.account()
    return agency.worker()


def test_starting_costs_two(agency: Agency, worker: Bot) -> None:
    assert cost(agency, lambda: worker.start().ok()) == [READ, WRITE]


def test_starting_again_costs_one(agency: Agency, worker: Bot) -> None:
    worker.start().ok()
    assert cost(agency, lambda: worker.start().ok()) == [READ]


def test_being_refused_costs_two_for_who_holds_it_and_until_when(agency: Agency, worker: Bot) -> None:
    worker.start().ok()
    other = agency.bot("b2")
    assert cost(agency, lambda: other.content().refused(409, "account_leased")) == [READ, READ]


def test_claiming_one_account_costs_three(agency: Agency, worker: Bot) -> None:
    assert cost(agency, lambda: worker.claim().ok()) == [QUERY, READ, WRITE]


def test_claiming_what_is_held_costs_four(agency: Agency, worker: Bot) -> None:
    worker.claim().ok()
    assert cost(agency, lambda: worker.claim().ok()) == [QUERY, QUERY, READ, READ], "a repeat looks, too"


def test_a_claim_goes_by_what_was_paused_once_until_it_is_refused_or_finds_nothing(agency: Agency) -> None:
    for number in range(3):
        agency.operator.account(f"a{number}")
    worker, held = agency.worker(), list[str]()

    def claim(*, paused: bool | None = None) -> list[str]:
        worker.ready().ok()
        if paused is not None:
            agency.operator.send("PATCH", "/api/operator/models/m1", {"paused": paused, "reason": "check"}).ok()
        agency.time.advance(3)  # longer than what is paused is kept for sure, shorter than a key
        agency.wire.calls.clear()
        found = [one["account_id"] for one in worker.claim(holding=held).ok()["items"]]
        held.extend(found)
        return found

    assert claim() == ["a0"]
    assert agency.wire.operations() == [QUERY, READ, WRITE]
    assert claim(paused=True) == []
    assert agency.wire.operations().count(READ) == 2, "the first that was refused told it; and what the session holds"
    assert claim(paused=False) == ["a1"]


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("pfp", [READ, QUERY, WRITE]),  # media
        ("bio", [READ, QUERY, WRITE]),  # a text
        ("post", [READ, QUERY, QUERY, WRITE]),  # both
    ],
)
def test_first_content_costs_a_query_for_each_kind(agency: Agency, phase: str, expected: list[str]) -> None:
    worker = agency.warmed_to(phase)
    assert cost(agency, lambda: worker.content(phase).ok()) == expected


def test_reporting_costs_two_and_three_where_the_item_is_at_fault(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    agency.operator.media("other", "pfp")
    assert cost(agency, lambda: worker.report("pfp", token, kind="content").ok()) == [READ, READ, WRITE]
    token = worker.take()
    assert cost(agency, lambda: worker.report("pfp", token).ok()) == [READ, WRITE]


def test_releasing_costs_two(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    token = worker.take()
    assert cost(agency, lambda: worker.release(token).ok()) == [READ, WRITE]


def test_completing_a_warm_up_on_its_own_costs_three(agency: Agency) -> None:
    worker = agency.warmed_up()
    assert cost(agency, lambda: worker.complete_warmup().ok()) == [READ, READ, WRITE]


def test_a_session_costs_one_and_its_heartbeat_too_and_a_read_of_what_it_holds(agency: Agency, worker: Bot) -> None:
    assert cost(agency, agency.worker) == [WRITE]
    assert cost(agency, lambda: worker.heartbeat().ok()) == [UPDATE]
    worker.start().ok()
    assert cost(agency, lambda: worker.heartbeat().ok()) == [UPDATE, READ]
    assert cost(agency, lambda: worker.own_session().ok()) == [READ, READ]


def test_ending_a_session_costs_two_and_a_read_of_what_it_has_ended(agency: Agency) -> None:
    idle = agency.worker()
    assert cost(agency, lambda: idle.end().ok()) == [READ, WRITE]
    worker = agency.warmed_to("pfp")
    worker.complete("pfp", worker.take()).ok()
    assert cost(agency, lambda: worker.end().ok()) == [READ, READ, WRITE]


def test_a_timer_costs_two_for_each_account_that_is_due(agency: Agency) -> None:
    found, counted = [QUERY, QUERY], [READ, QUERY, QUERY, QUERY]
    worker = agency.warmed_to("pfp")
    worker.do("pfp")
    assert cost(agency, agency.timer) == [*found, *counted, READ, WRITE], "its first run is recorded"
    assert cost(agency, agency.timer) == found, "a run that did nothing is not, for a while, and it counts rarely"
    agency.time.advance(5 * 60)
    assert cost(agency, agency.timer) == [*found, *counted]
    agency.time.advance(10 * 60)
    assert cost(agency, agency.timer) == [*found, *counted, READ, WRITE]
    agency.time.to(worker.status().ok()["blockers"][0]["until"])
    assert cost(agency, agency.timer) == [*found, *counted, READ, WRITE], "it is left to whoever takes it in time"
    agency.time.advance(NOBODY_CAME)
    assert cost(agency, agency.timer) == [*found, READ, WRITE, *counted, WRITE], "one that did something is at once"


def test_a_timer_reads_what_is_due_together(agency: Agency) -> None:
    worker = agency.worker()
    for number in range(2):
        worker.start(agency.operator.account(f"a{number}")).ok()
        worker.do("pfp", f"a{number}")
    agency.timer()
    agency.time.to(worker.status("a1").ok()["blockers"][0]["until"])
    agency.time.advance(NOBODY_CAME)
    opened = cost(agency, agency.timer)
    assert opened[:5] == [QUERY, QUERY, READ, WRITE, WRITE]
    worker.claim(limit=2).ok()
    agency.time.advance(LEASE)
    assert cost(agency, agency.timer)[:6] == [QUERY, QUERY, READ, READ, WRITE, WRITE], "leases, with their session"
    assert agency.operator.actions("a0")[-2:] == agency.operator.actions("a1")[-2:] == ["lease:claim", "lease:expire"]


def test_an_hour_of_idle_timers_costs_four_a_minute(agency: Agency) -> None:
    agency.warmed_to("pfp").end().ok()
    agency.timer(), agency.timer("close_lost_sessions")

    def an_hour() -> None:
        for _ in range(60):
            agency.time.advance(60)
            agency.timer(), agency.timer("close_lost_sessions")

    trips = Counter(cost(agency, an_hour))
    assert trips == {QUERY: 206, READ: 32, WRITE: 11}
    performance = (ROOT / "docs" / "performance.md").read_text()
    assert f"| round trips of idle timers | 20,160 | **{24 * trips.total():,}** |" in performance


def test_what_a_warm_timer_knows_makes_no_other_one_wrong(agency: Agency) -> None:
    """Each function remembers for itself; what is lost while one of them rests, the next one finds."""
    worker = agency.worker()
    assert agency.timer("close_lost_sessions") == {"lost": 0}
    known = dict(Store.cached)
    agency.time.advance(1799)
    worker.heartbeat().ok()
    agency.time.advance(1)
    assert agency.timer("close_lost_sessions") == {"lost": 0}
    Store.cached.clear()
    Store.cached.update(known)
    agency.time.advance(1800)
    assert agency.timer("close_lost_sessions") == {"lost": 1}


def test_a_bad_key_costs_a_look_and_a_mistyped_one_nothing(agency: Agency) -> None:
    mistyped = Bot(agency.client, "b1", agency.keys["b1"][:-1] + "?")
    assert cost(agency, lambda: mistyped.ready().refused(401, "unauthenticated")) == []
    unknown = Bot(agency.client, "never", keys.make("never", bytes(32)))
    assert cost(agency, lambda: unknown.ready().refused(401, "unauthenticated")) == [READ]


def test_a_cold_function_looks_the_bot_and_the_switch_up_once(agency: Agency) -> None:
    bot = agency.bot()
    agency.wire.calls.clear()
    bot.ready().ok()
    assert agency.wire.operations() == [READ, READ, QUERY, QUERY, QUERY, QUERY]


def test_ready_reads_no_more_where_much_is_waiting(agency: Agency) -> None:
    """What is not yet due is not read, however much it is: each round trip asks for a page and no more."""
    worker = agency.worker()
    for number in range(6):
        worker.start(agency.operator.account(f"a{number}")).ok()
    agency.wire.calls.clear()
    agency.bot("b2").ready("?limit=3").ok()
    queries = agency.wire.of(QUERY)
    assert [call.body["Limit"] for call in queries] == [4, 4, 4, 4]

"""Dispatch: what does not concern a caller costs nothing to pass, and models take turns whatever their backlog."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.timing import Due, DueQueue
from chalicelib.tables import Account, Phase
from tests.agency import CONSENT, LEASE, Agency, Bot

MANY = 5000
MOST_REQUESTS = 8


def plant(agency: Agency, model: str, count: int, *, phase: str | None = None, since: timedelta) -> list[str]:
    """Accounts that have been due for a while, a second after one another, written past the service to save time."""
    names, begin = [], agency.time.now - since
    for number in range(count):
        names.append(account_due(agency, f"{model}-{number:05}", model, begin + timedelta(seconds=number), phase))
    return names


def account_due(agency: Agency, account_id: str, model: str, at: datetime, phase: str | None) -> str:
    account = Account(account_id=account_id, model_id=model, username=account_id, state=AccountState.READY)
    account.consent, account.created_at, account.updated_at, account.version = CONSENT, at, at, 2
    account.ready_at = at
    if phase is not None:
        account.state, account.current_phase = AccountState.WARMING_UP, phase
        account.phase_status = PhaseStatus.AVAILABLE
        current = Phase(account_id=account_id, phase=phase, status=PhaseStatus.AVAILABLE, available_at=at)
        current.created_at = current.updated_at = at
        account.phase_record = current.held(account)
    account.store_due(Due(DueQueue.READY, at), 1)
    agency.wire.plant("test-accounts", account.serialize())
    return account_id


def claimed(bot: Bot, **body: Any) -> list[str]:
    """The accounts of a claim."""
    return [item["account_id"] for item in bot.claim(**body).ok()["items"]]


def models(agency: Agency, *names: str) -> None:
    for name in names:
        agency.operator.model(name)


@pytest.fixture
def big(agency: Agency) -> Agency:
    """Five thousand accounts of one model, and behind them three of another one."""

    def build() -> None:
        models(agency, "big", "small")
        plant(agency, "big", MANY, since=timedelta(days=1))
        plant(agency, "small", 3, phase="bio", since=timedelta(hours=1))

    agency.staged("five thousand before three", build)
    return agency


PAUSED, OTHERS = {"paused": True, "reason": "runs away"}, {"paused": False}
SMALL = ["small-00000", "small-00001", "small-00002"]


@pytest.mark.parametrize(
    ("change", "body", "query"),
    [
        (PAUSED, {}, ""),
        (OTHERS, {"actions": ["run_phase"]}, "&action=run_phase"),
        (OTHERS, {"phases": ["bio"]}, "&phase=bio"),
        (OTHERS, {"model_ids": ["small"]}, "&model_id=small"),
        (PAUSED, {"model_ids": ["big", "small"], "phases": ["bio", "pfp"]}, "&model_id=big,small&phase=bio,pfp"),
    ],
)
def test_what_stands_before_costs_nothing_to_pass(
    big: Agency, change: dict[str, Any], body: dict[str, Any], query: str
) -> None:
    if change["paused"]:
        big.operator.send("PATCH", "/api/operator/models/big", change).ok()
    big.time.advance(3)
    bot = big.worker()
    assert bot.offered(f"?limit=10{query}") == SMALL, "the first one to ask makes the directory"
    costs = list[int]()
    for _ in range(3):
        big.wire.calls.clear()
        assert len(claimed(bot, holding=SMALL[: len(costs)], **body)) == 1
        costs.append(len(big.wire.calls))
    assert max(costs) <= MOST_REQUESTS
    assert claimed(bot, holding=SMALL, **body) == [] or not change["paused"]


def test_a_claim_that_has_to_look_everywhere_stays_within_a_few_requests(big: Agency) -> None:
    bot = big.worker()
    big.wire.calls.clear()
    assert len(claimed(bot)) == 1
    assert len(big.wire.calls) <= 17, "the key, the switch, the session, the queue, the directory, the taking"


def test_a_bot_that_is_bound_to_a_hundred_models_costs_no_more_than_one_that_is_not(agency: Agency) -> None:
    names = [f"m{number:03}" for number in range(100)]
    for name in names:
        plant(agency, name, 3, since=timedelta(hours=1))
    bound, free, costs = agency.worker("b2"), agency.worker(), {}
    agency.operator.send("PATCH", "/api/operator/bots/b2", {"models": names}).ok()
    agency.time.advance(60)
    for name, bot in (("free", free), ("bound", bound)):
        taken = claimed(bot)
        agency.wire.calls.clear()
        assert len(claimed(bot, holding=taken)) == 1
        costs[name] = agency.wire.operations()
    assert len(costs["bound"]) <= len(costs["free"]), costs
    assert max(map(len, costs.values())) <= MOST_REQUESTS


@pytest.mark.parametrize(
    "backlogs",
    [
        {"a": 400, "b": 400},
        {"a": 2000, "b": 300, "c": 300},
        {"a": 1200, "b": 60, "c": 60, "d": 60, "e": 60},
    ],
)
def test_models_with_a_backlog_are_given_out_alike(agency: Agency, backlogs: dict[str, int]) -> None:
    models(agency, *backlogs)
    for number, (model, count) in enumerate(backlogs.items()):
        plant(agency, model, count, since=timedelta(days=10 - number))
    given = hand_outs(agency, min(backlogs.values()) * len(backlogs) - 20 * len(backlogs))
    for model in backlogs:
        assert abs(given.count(model) / len(given) - 1 / len(backlogs)) <= 0.05
        assert model in given[: 2 * len(backlogs)]


def hand_outs(agency: Agency, count: int) -> list[str]:
    """The models of so many accounts, in the order in which they are handed out to one session."""
    worker, given = agency.worker(), list[str]()
    while len(given) < count:
        items = worker.claim(limit=10).ok()["items"]
        given += [item["model_id"] for item in items]
        for item in items:
            worker.release(item["lease"]["lease_token"], item["account_id"]).ok()
            retire(agency, item["account_id"])
        agency.time.advance(0.5)
    return given


def retire(agency: Agency, account_id: str) -> None:
    """Takes an account out of the queues past the service."""
    table = agency.wire.store.tables["test-accounts"]
    row = dict(table.rows.pop((account_id,)))
    for name in ("queue", "due_at", "work", "work_shard"):
        row.pop(name, None)
    table.rows[account_id,] = {**row, "state": {"S": "retired"}}


def test_the_oldest_of_a_model_comes_first(agency: Agency) -> None:
    models(agency, "big")
    expected = plant(agency, "big", 60, since=timedelta(days=1))
    bot = agency.worker()
    taken = [*claimed(bot, limit=10)]
    taken += claimed(bot, limit=10, holding=taken)
    assert taken == expected[:20]


def test_a_list_shows_the_order_of_dispatch_and_its_pages_lose_and_repeat_nothing(agency: Agency) -> None:
    models(agency, "a", "b", "c")
    every = [*plant(agency, "a", 70, since=timedelta(days=3)), *plant(agency, "b", 20, since=timedelta(days=2))]
    every += plant(agency, "c", 45, phase="bio", since=timedelta(days=1))
    bot, found, cursor = agency.bot(), list[str](), ""
    while True:
        page = bot.ready(f"?limit=20{cursor}").ok()
        found += [item["account_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(found) == sorted(every)
    assert all(9 <= count <= 11 for count in Counter(one[0] for one in found[:30]).values())
    for model in "abc":
        own = [one for one in found if one.startswith(model)]
        assert own == sorted(own), "oldest first"
    assert claimed(agency.worker(), limit=10)[0] == found[0]


def test_a_list_of_many_models_goes_on_through_all_of_them(agency: Agency) -> None:
    names = [f"m{number:03}" for number in range(90)]
    every = [plant(agency, name, 1, since=timedelta(days=1))[0] for name in names]
    found, cursor = list[str](), ""
    while True:
        page = agency.bot().ready(f"?limit=25{cursor}").ok()
        found += [item["account_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(found) == every


def test_a_cursor_is_taken_back_however_long_the_ids_are(agency: Agency) -> None:
    names = [f"m{number:02}{'x' * 61}" for number in range(40)]
    for name in names:
        for number in range(2):
            account_due(agency, f"{name[:62]}{number}z", name, agency.time.now - timedelta(hours=1), None)
    found, cursor = list[str](), ""
    while True:
        page = agency.bot().ready(f"?limit=34{cursor}").ok()
        found += [item["account_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(set(found)) == len(found) == 80


def test_a_lease_that_ran_out_is_taken_over_behind_a_backlog_with_the_timers_off(big: Agency) -> None:
    lost = big.worker()
    (held,) = claimed(lost, model_ids=["small"])
    big.time.advance(LEASE)
    big.operator.send("PATCH", "/api/operator/models/big", PAUSED).ok()
    big.time.advance(3)
    assert set(claimed(big.worker("b2"), limit=10)) == {*SMALL} >= {held}


def test_work_that_came_after_the_directory_was_made_is_found_within_seconds(big: Agency) -> None:
    bot = big.worker()
    taken = claimed(bot)
    plant(big, "m1", 1, since=timedelta(minutes=1))
    big.time.advance(3)
    assert "m1-00000" in claimed(bot, limit=6, holding=taken)


def test_an_account_that_lacks_the_work_key_is_found_by_the_common_queue(agency: Agency) -> None:
    """As the version before wrote it."""
    agency.operator.account("a1")
    row = agency.wire.store.tables["test-accounts"].rows
    row["a1",] = {name: value for name, value in row["a1",].items() if name not in ("work", "work_shard")}
    assert agency.bot().offered() == ["a1"]
    assert claimed(agency.worker()) == ["a1"]


def test_bots_that_claim_at_once_take_the_next_in_line(big: Agency) -> None:
    first, others = big.worker(), [big.bot("b2").with_session() for _ in range(4)]
    taken: list[Sequence[str]] = []
    for other in others:
        big.wire.meanwhile(partial(lambda bot: taken.append(claimed(bot, model_ids=["big"])), other))
    mine = claimed(first, model_ids=["big"])
    every = [*mine, *(one for some in taken for one in some)]
    assert len(set(every)) == len(every) == 5

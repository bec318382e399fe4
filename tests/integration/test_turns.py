"""Fifty bots that ask for content at the same moment: they get the fifty best, and hardly meet again."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.context import Actor, ActorKind, Context, begin
from chalicelib.deliveries import DeliveredItems
from chalicelib.services import deliveries, leases
from chalicelib.settings import Settings
from tests.agency import Agency
from tests.conftest import SETTINGS
from tests.wire import Call, Fault

BOTS = 50
WRITE, NUMBER = "TransactWriteItems", "UpdateItem"


@pytest.fixture
def settings() -> Settings:
    """Windows that are longer than a rush takes: every wait of one of fifty threads moves the clock of all."""
    return replace(SETTINGS, turn_seconds=20)


def furnished(agency: Agency, *, phase: str = "pfp", cap: int = 50) -> list[str]:
    """A model with a hundred equal items for the phase; the ids of fifty accounts that are ready."""
    agency.operator.model("m2")
    for number in range(2 * BOTS):
        agency.operator.media(f"c{number:03}", phase, model_id="m2", quality_score=50, max_usage=cap)
    return [agency.operator.account(f"rush-{number:02}", model_id="m2") for number in range(BOTS)]


def rush(agency: Agency, settings: Settings, accounts: list[str], *, herd: bool) -> list[DeliveredItems]:
    """What each gets who asks for one account's content; as a `herd`, all have chosen before anybody writes."""
    sessions = [agency.worker().session for _ in accounts]
    gate, seen = threading.Barrier(len(accounts)), set[int]()

    def together(call: Call) -> None:
        if call.operation == WRITE and threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            gate.wait(60)

    def take(place: int) -> DeliveredItems:
        caller: Context = begin(settings, Actor(ActorKind.BOT, "b1"), seconds=60)
        if not herd:
            gate.wait(60)
        return deliveries.take(replace(caller, session_id=sessions[place]), accounts[place])

    agency.wire.forget()
    if herd:
        agency.wire.before.append(together)
    with ThreadPoolExecutor(len(accounts)) as pool:
        return list(pool.map(take, range(len(accounts))))


def given(agency: Agency) -> Counter[str]:
    """How often each item was used."""
    uses = {
        row["content_id"]["S"]: int(row["usage_count"]["N"])
        for row in agency.wire.store.tables["test-content"].rows.values()
    }
    return +Counter(uses)


@pytest.mark.parametrize("cap", [1, 2, 50])
@pytest.mark.parametrize("herd", [True, False], ids=["all have read before anybody writes", "as they come"])
def test_fifty_who_ask_at_once_get_exactly_the_fifty_best(
    agency: Agency, settings: Settings, herd: bool, cap: int
) -> None:
    accounts = furnished(agency, cap=cap)
    deliveries_made = rush(agency, settings, accounts, herd=herd)
    assert len({one.content.content_id for one in deliveries_made if one.content}) == BOTS
    assert given(agency) == {f"c{number:03}": 1 for number in range(BOTS, 2 * BOTS)}
    tries = len({call.token for call in agency.wire.of(WRITE)})
    assert tries / BOTS <= 2.1, f"{tries / BOTS} tries each"
    if herd:
        assert tries == 2 * BOTS - 1
        told = Counter(one.reason.partition(" of its pool")[0].removeprefix("content: ") for one in deliveries_made)
        assert told["best"] == told["2nd"] == told["50th"] == 1
    for account_id in accounts[:3]:
        agency.operator.verified(account_id)


def test_numbers_are_kept_for_an_hour_and_counted_apart_by_window_category_and_theme(
    agency: Agency, settings: Settings
) -> None:
    accounts = furnished(agency)[:3]
    rush(agency, settings, accounts, herd=True)
    agency.time.advance(settings.turn_seconds)
    (turn,) = [
        row for row in agency.wire.store.tables["test-settings"].rows.values() if row["name"]["S"].startswith("turn:")
    ]
    assert turn["name"]["S"] == "turn:m2#pfp#-#2026-11-22T12:00:00.000000"
    assert turn["number"]["N"] == "2"
    assert int(turn["kept_until"]["N"]) == int(agency.time.now.timestamp() - settings.turn_seconds + 3600)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.TWICE, Fault.SERVER_ERROR_DONE])
def test_a_number_that_is_lost_is_skipped(agency: Agency, settings: Settings, fault: Fault) -> None:
    accounts = furnished(agency)[:3]
    agency.wire.fail(fault, NUMBER)
    found = rush(agency, settings, accounts, herd=True)
    taken = sorted(one.content.content_id for one in found if one.content)
    assert taken[0] != taken[1] and taken[-1] == "c099" and len(set(taken)) == 3


# claims: accounts are taken by numbers, too


def claims(agency: Agency, settings: Settings, sessions: list[str | None], *, herd: bool) -> list[tuple[str, str]]:
    """The account and the item that each claim is given; as a `herd`, all have chosen before anybody writes."""
    gate, seen = threading.Barrier(len(sessions)), set[int]()

    def together(call: Call) -> None:
        if call.operation == WRITE and threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            gate.wait(60)

    def claim(session: str | None) -> list[tuple[str, str]]:
        caller: Context = begin(settings, Actor(ActorKind.BOT, "b1"), seconds=60)
        if not herd:
            gate.wait(60)
        answer = leases.claim(replace(caller, session_id=session), limit=1, deliver=True)
        found = answer.items
        assert found or (answer.ask_again is not None and answer.ask_again.retry_after_seconds <= 2)
        return [
            (one.offer.account_id, one.delivery.content.content_id)
            for one in found
            if one.delivery is not None and one.delivery.content is not None
        ]

    agency.wire.forget()
    if herd:
        agency.wire.before.append(together)
    with ThreadPoolExecutor(len(sessions)) as pool:
        made = list(pool.map(claim, sessions))
    if herd:
        agency.wire.before.remove(together)
    return [one for found in made for one in found]


def tries(agency: Agency) -> int:
    """How often an account was reached for."""
    reached = [call for call in agency.wire.of(WRITE) if any(place.endswith("accounts") for _, place in call.rights())]
    return len({call.token for call in reached})


@pytest.mark.parametrize("bots", [10, BOTS])
def test_claims_at_once_get_the_oldest_accounts_and_the_best_items_and_lose_at_most_once(
    agency: Agency, settings: Settings, bots: int
) -> None:
    """Who claims within the next seconds takes its numbers at once, and loses nothing."""
    accounts = furnished(agency)
    accounts += [agency.operator.account(f"rush-{number}", model_id="m2") for number in range(BOTS, 2 * BOTS)]
    sessions = [agency.worker().session for _ in range(bots)]
    agency.time.advance(settings.turn_seconds * 0.8)
    agency.bot().ready("?limit=25").ok()  # a function that knows what there is
    first = claims(agency, settings, sessions, herd=True)
    assert tries(agency) <= 2.1 * bots
    assert {account for account, _ in first} == set(accounts[:bots])
    assert {item for _, item in first} == {f"c{number:03}" for number in range(2 * BOTS - bots, 2 * BOTS)}
    agency.time.advance(settings.turn_seconds / 4)  # to the next window
    agency.bot().ready("?limit=25").ok()
    second = claims(agency, settings, [agency.worker().session for _ in range(bots)], herd=False)
    assert tries(agency) == bots, "nobody loses"
    assert {account for account, _ in second} == set(accounts[bots : 2 * bots])
    assert {item for _, item in second} == {f"c{number:03}" for number in range(2 * (BOTS - bots), 2 * BOTS - bots)}


def test_where_all_that_is_left_is_promised_a_claim_is_empty_and_asks_again_soon(
    agency: Agency, settings: Settings
) -> None:
    agency.operator.model("m2")
    for number in range(4):
        agency.operator.media(f"c{number:03}", "pfp", model_id="m2", quality_score=50, max_usage=50)
        agency.operator.account(f"rush-{number}", model_id="m2")
    sessions = [agency.worker().session for _ in range(9)]
    taken = claims(agency, settings, sessions, herd=True)
    assert sorted(account for account, _ in taken) == [f"rush-{number}" for number in range(4)]
    agency.operator.account("rush-9", model_id="m2")
    agency.operator.media("c009", "pfp", model_id="m2", quality_score=50, max_usage=50)
    (item,) = agency.worker().claim().ok()["items"]
    assert item["account_id"] == "rush-9", "what is in no list is free"

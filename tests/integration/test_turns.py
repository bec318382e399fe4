"""Fifty bots that ask for content at the same moment: they get the fifty best, and hardly meet again."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.context import Actor, Context, Role, begin
from chalicelib.deliveries import DeliveredItems
from chalicelib.services import deliveries
from chalicelib.settings import Settings
from tests.agency import Agency
from tests.wire import Call, Fault

BOTS = 50
WRITE, NUMBER = "TransactWriteItems", "UpdateItem"


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
        caller: Context = begin(settings, Actor(Role.BOT, "b1"), seconds=60)
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

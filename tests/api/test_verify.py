"""Whether the audits are whole, of all accounts, page by page."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.context import Actor, ActorKind, begin
from chalicelib.domain.accounts import AccountState
from chalicelib.settings import Settings
from chalicelib.tables import Account, AuditEvent
from chalicelib.tables.transaction import Transaction
from tests.agency import Agency
from tests.conftest import SETTINGS

PATH = "/api/operator/verify"


@pytest.fixture
def many(agency: Agency) -> Agency:
    """Seven accounts of `m1` (one of them at work) and two of `m2`."""
    agency.operator.model("m2")
    agency.warmed_to("bio")
    for number in range(2, 8):
        agency.operator.account(f"a{number}", ready=False)
    for number in range(1, 3):
        agency.operator.account(f"other-{number}", model_id="m2", ready=False)
    return agency


def pages(agency: Agency, query: str) -> list[list[Any]]:
    """All pages of a verification."""
    found, cursor = [], ""
    while True:
        page = agency.operator.get(f"{PATH}?{query}{cursor}").ok()
        found.append(page["items"])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize(
    ("query", "expected"), [("", 9), ("&model_id=m1", 7), ("&model_id=m2", 2), ("&model_id=m3", 0)]
)
def test_every_account_is_verified_once_page_by_page(many: Agency, query: str, expected: int) -> None:
    found = [one for page in pages(many, f"limit=2{query}") for one in page]
    assert len({one["account_id"] for one in found}) == len(found) == expected
    assert all(one["ok"] and one["problems"] == [] for one in found)


def test_the_broken_ones_are_found_among_the_others(many: Agency, settings: Settings) -> None:
    transaction = Transaction(begin(settings, Actor(ActorKind.OPERATOR, "root")))
    transaction.update(Account(account_id="a3"), None, [Account.state.set(AccountState.ACTIVE)])
    transaction.delete(AuditEvent(subject="account:a1", sequence=3))
    transaction.commit()
    (page,) = pages(many, "limit=100")
    assert {one["account_id"]: one["problems"][0] for one in page if not one["ok"]} == {
        "a1": "version 2 is followed by 4",
        "a3": "account is 'active', the audit says 'imported'",
    }


class TestShortOfTime:
    """Where each look takes its time."""

    @pytest.fixture
    def settings(self) -> Settings:
        """Half of the deadline is used up by a look at one page."""
        return replace(SETTINGS, deadline_seconds=0.01)

    def test_a_call_that_is_short_of_time_answers_fewer_and_goes_on(self, many: Agency, settings: Settings) -> None:
        for number in range(30):
            many.operator.account(f"more-{number:02}", ready=False)
        found = pages(many, "limit=100")
        assert [len(page) for page in found] == [25, 14]
        assert len({one["account_id"] for page in found for one in page}) == 39


# hashes


def rewritten(agency: Agency, sequence: int, **change: Any) -> None:
    """Writes an event again, as who has the table can."""
    table = agency.wire.store.tables["test-audit_events"]
    row = table.rows[("account:a1", str(sequence))]
    table.rows[("account:a1", str(sequence))] = {**row, **change}


def verification(agency: Agency) -> Any:
    """What the verification of `a1` says."""
    return agency.operator.get("/api/operator/accounts/a1/verify").ok()


def test_the_first_event_that_was_rewritten_is_named(agency: Agency) -> None:
    agency.warmed_to("bio")
    assert (verification(agency)["ok"], verification(agency)["chained_since"]) == (True, 1)
    rewritten(agency, 5, actor={"S": "operator:root"})
    rewritten(agency, 3, details={"S": '{"reason": "as it was agreed"}'})
    assert verification(agency)["problems"] == ["version 3 is not what version 4 says that it was"]


def test_events_of_an_earlier_release_carry_no_hashes_and_the_chain_begins_behind_them(agency: Agency) -> None:
    agency.operator.account()
    for name in ("accounts", "audit_events"):
        rows = agency.wire.store.tables[f"test-{name}"].rows
        for key, row in rows.items():
            rows[key] = {what: value for what, value in row.items() if what not in ("head", "previous")}
    assert (verification(agency)["ok"], verification(agency)["chained_since"]) == (True, None)
    worker = agency.worker()
    worker.start().ok()
    worker.do("pfp")
    assert (verification(agency)["ok"], verification(agency)["chained_since"]) == (True, 3)


def test_an_event_tells_its_hash_and_the_one_before(agency: Agency) -> None:
    agency.operator.account()
    first, second = agency.operator.events()
    assert (first["previous"], second["previous"]) == (None, first["hash"][:32])
    assert len(first["hash"]) == 64


def test_items_models_bots_and_sessions_are_chained_too(agency: Agency) -> None:
    operator = agency.operator
    operator.send("PATCH", "/api/operator/models/m1/content/m1-pfp", {"quality_score": 3}).ok()
    operator.send("PATCH", "/api/operator/models/m1", {"name": "Nora"}).ok()
    operator.post("/api/operator/bots/b1/keys").ok(201)
    agency.worker().end().ok()
    for switch in ("pause", "resume"):
        operator.post(f"/api/operator/pipeline/{switch}", {"reason": "lunch"}).ok()
    found = operator.get("/api/operator/audit?limit=100").ok()["items"]
    every = {(one["subject"], one["version"]): one for one in found}
    later = [one for one in every.values() if one["version"] > 1]
    assert {one["subject"].partition(":")[0] for one in later} == {"bot", "content", "model", "session", "setting"}
    for one in later:
        assert one["previous"] == every[one["subject"], one["version"] - 1]["hash"][:32]

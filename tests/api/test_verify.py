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

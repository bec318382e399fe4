"""A batch read is no snapshot: what was read half before and half after a change is seen, and read again."""

import pytest

from tests.agency import Agency, Reply
from tests.store import Key, Row
from tests.wire import Call


def _rows(agency: Agency, table: str) -> dict[Key, Row]:
    return dict(agency.wire.store.tables[table].rows)


def _torn(agency: Agency, before: dict[Key, Row], table: str) -> None:
    """Lets the next batch show this table as it was before, and all batches after that the truth."""
    rows, truth = agency.wire.store.tables[table].rows, _rows(agency, table)
    rows.update(before)
    batches: list[Call] = []

    def mend(call: Call) -> None:
        if call.operation == "BatchGetItem":
            batches.append(call)
            if len(batches) == 2:
                rows.update(truth)

    agency.wire.before.append(mend)


@pytest.mark.parametrize("table", ["test-warmup_phases", "test-accounts"])
def test_no_phase_begins_early_by_a_read_from_the_middle_of_a_completion(agency: Agency, table: str) -> None:
    """The account is seen in bio already, bio not yet with the time before which it must not begin (or the reverse)."""
    bot = agency.warmed_to("pfp")
    token = bot.take()
    before = _rows(agency, table)
    bot.complete("pfp", token).ok()
    _torn(agency, before, table)
    answer: Reply = bot.content("bio")
    answer.refused(409, "phase_not_available")
    assert agency.operator.account_document()["phases"][1]["started_at"] is None
    assert agency.operator.verified() == 5


def test_a_status_is_never_told_from_two_times(agency: Agency) -> None:
    bot = agency.warmed_to("pfp")
    token = bot.take()
    before = _rows(agency, "test-warmup_phases")
    bot.complete("pfp", token).ok()
    _torn(agency, before, "test-warmup_phases")
    told = bot.status().ok()
    assert (told["current_phase"], told["progress"]["completed"]) == ("bio", 1)

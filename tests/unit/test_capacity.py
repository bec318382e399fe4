"""The rule by which the benchmarks count write units: AWS's, where a transaction doubles the item and not its rows."""

from typing import Any

import pytest

from benchmarks.capacity import Image, Index, own_units, size, written

_BY_DUE = Index("due-index", ("queue", "due_at"), None)
_KEYS_ONLY = Index("state-index", ("state",), frozenset({"state", "account_id"}))


def _item(**texts: str) -> dict[str, Any]:
    return {"account_id": {"S": "a1"}} | {name: {"S": text} for name, text in texts.items()}


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, _item(queue="q", due_at="1"), 1),  # a row comes
        (_item(queue="q", due_at="1"), None, 1),  # a row goes
        (_item(queue="q", due_at="1"), _item(queue="q", due_at="1", note="x"), 1),  # a row changes
        (_item(queue="q", due_at="1"), _item(queue="q", due_at="2"), 2),  # its key moves: one goes, one comes
        (_item(queue="q", due_at="1"), _item(queue="q", due_at="1"), 0),  # nothing changes
        (_item(), _item(note="x"), 0),  # it has no row before nor after
        (_item(queue="q", due_at="1"), _item(), 1),  # it leaves the index, the item stays
        (None, _item(queue="q", due_at="1", note="x" * 1024), 2),  # each KB begun
        (_item(queue="q", due_at="1", note="x" * 1024), _item(queue="q", due_at="2"), 3),  # both rows by their size
    ],
)
def test_a_row_of_an_index_costs_what_becomes_of_it(before: Image, after: Image, units: int) -> None:
    assert _BY_DUE.units(before, after) == units


def test_an_index_of_keys_costs_nothing_where_only_others_change() -> None:
    assert _KEYS_ONLY.units(_item(state="ready"), _item(state="ready", note="x")) == 0
    assert _KEYS_ONLY.units(_item(state="ready"), _item(state="active")) == 2


def test_a_transaction_doubles_the_item_and_not_its_rows() -> None:
    before, after = _item(queue="q", due_at="1"), _item(queue="q", due_at="2")
    alone = written("accounts", [_BY_DUE], before, after, transaction=False)
    together = written("accounts", [_BY_DUE], before, after)
    assert alone == {"accounts": 1, "accounts · due-index": 2}
    assert together == {"accounts": 2, "accounts · due-index": 2}


def test_a_check_inside_a_transaction_costs_two_for_each_kb() -> None:
    same = _item(queue="q", due_at="1")
    assert written("accounts", [_BY_DUE], same, same) == {"accounts": 2, "accounts · due-index": 0}
    assert written("accounts", [_BY_DUE], None, None)["accounts"] == 2  # that it does not exist
    large = _item(note="x" * 2048)
    assert own_units(large, large, transaction=True) == 6


def test_sizes_are_those_that_aws_counts() -> None:
    assert size({"a": {"S": "é"}}) == 3
    assert size({"n": {"N": "-12.345"}}) == 1 + 4
    assert size({"m": {"M": {"k": {"BOOL": True}}}}) == 1 + 3 + 1 + 1 + 1

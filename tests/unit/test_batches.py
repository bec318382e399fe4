"""Many in one call: what becomes of each, and of those that the time of the call does not suffice for."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from chalicelib import context as contexts
from chalicelib.batches import RowOutcome, Unchanged, attempt, counts, each, import_row
from chalicelib.context import Actor, ActorKind, Context
from chalicelib.domain.errors import AccountPaused, MalformedRequest, ServiceError, TemporarilyUnavailable
from chalicelib.settings import Settings
from chalicelib.tables.transaction import Stale


def context() -> Context:
    """A call with all its time."""
    return contexts.begin(Settings(), Actor(ActorKind.OPERATOR, "root"))


def late() -> Context:
    """A call whose time is up."""
    return replace(context(), deadline=0.0)


def refusing(error: Exception) -> Callable[[], bool]:
    """An action that ends in this error."""

    def act() -> bool:
        raise error

    return act


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (lambda: False, "done"),
        (lambda: True, "unchanged"),
        (refusing(Unchanged("it moved on")), "unchanged"),
        (refusing(AccountPaused()), "refused"),
        (refusing(Stale(frozenset())), "refused"),
        # the store is throttling: the same request, sent again, has a chance
        (refusing(TemporarilyUnavailable()), "not_done"),
    ],
)
def test_each_of_many_has_its_outcome(act: Callable[[], bool], outcome: str) -> None:
    assert attempt(context(), act)[0] == outcome


def test_nothing_is_attempted_when_the_time_is_up() -> None:
    assert attempt(late(), refusing(AssertionError("attempted")))[0] == "not_done"


def test_results_come_in_the_order_of_the_items() -> None:
    assert each(context(), lambda number: number * 2, range(50)) == [number * 2 for number in range(50)]


@dataclass(frozen=True)
class Row:
    """A row of an import."""

    identifier: str


def imported(call: Context, row: Row | ServiceError, error: ServiceError | None = None) -> RowOutcome[str]:
    """What became of the row, whose making ends in the error."""

    def make(given: Row) -> tuple[str, str, bool]:
        if error is not None:
            raise error
        return given.identifier, "made", given.identifier == "old"

    return import_row(call, 1, row, make, spare_seconds=1.0)


def test_a_row_is_created_unchanged_refused_or_left() -> None:
    wrong, paused = MalformedRequest(), AccountPaused()
    outcomes = [
        imported(context(), Row("new")),
        imported(context(), Row("old")),
        imported(context(), wrong),
        imported(context(), Row("new"), paused),
        imported(late(), Row("new")),
    ]
    assert outcomes == [
        RowOutcome(1, "created", "new", "made"),
        RowOutcome(1, "unchanged", "old", "made"),
        RowOutcome(1, "refused", error=wrong),
        RowOutcome(1, "refused", "new", error=paused),
        RowOutcome(1, "left", "new"),
    ]
    assert counts(outcomes) == {"created": 1, "unchanged": 1, "refused": 2, "left": 1}

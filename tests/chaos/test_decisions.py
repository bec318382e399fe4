"""The decision rules explored exhaustively: the service's own functions, by every order of everything."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from chalicelib.domain.consents import Consent
from chalicelib.domain.warmup.simulation import NOW
from chalicelib.domain.warmup.state import Warmup
from tests.chaos.explorer import LEASE, Explored, drawn, explore, warming_up
from tests.chaos.test_faults import Recorder

DUE, BEFORE = warming_up(2, due_in=0), warming_up(2, due_in=3600)


def tell(found: Explored, title: str, record: Recorder) -> None:
    """Puts the size of the exploration into the printed table."""
    for column, count in (("states", found.states), ("steps", found.steps), ("depth", found.depth)):
        record("table", ("decisions explored", title, column, count))


@pytest.mark.parametrize(
    ("title", "start", "most"), [("from a due phase", DUE, 200_000), ("before it", BEFORE, 60_000)]
)
def test_no_order_of_anything_breaks_a_promise(title: str, start: Warmup, most: int, record_property: Recorder) -> None:
    found = explore(most, start)
    tell(found, title, record_property)
    assert found.broken is None, f"{found.broken}, by: " + "; ".join(found.way)
    assert found.states >= most


def test_nor_where_the_consent_ends_meanwhile(record_property: Recorder) -> None:
    until = NOW + timedelta(seconds=LEASE // 2)
    found = explore(20_000, replace(DUE, consent=Consent(valid_until=until)))
    tell(found, "until the consent ends", record_property)
    assert found.broken is None, f"{found.broken}, by: " + "; ".join(found.way)


@pytest.mark.parametrize("seed", range(12))
def test_nor_does_any_under_another_plan(seed: int, record_property: Recorder) -> None:
    random = Random(seed)
    plan = drawn(random)
    left = random.randint(1, len(plan.order))
    found = explore(4000, warming_up(left, due_in=LEASE, plan=plan))
    tell(found, f"plan {seed}: {len(plan.order)} phases, {left} left", record_property)
    assert found.broken is None, (plan, found.way)


@pytest.mark.long
def test_nor_among_half_a_million_states(record_property: Recorder) -> None:
    found = explore(500_000, DUE)
    tell(found, "from a due phase, further", record_property)
    assert found.broken is None, f"{found.broken}, by: " + "; ".join(found.way)


def test_without_the_condition_on_what_was_read_the_explorer_finds_a_shortest_way_to_a_broken_promise() -> None:
    found = explore(200_000, DUE, guarded=False)
    assert found.broken == "a phase is completed twice"
    assert len(found.way) == 6, "; ".join(found.way)

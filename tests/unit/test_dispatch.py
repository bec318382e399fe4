"""Whose turn it is, and what a caller asks for."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.accounts import AccountState, Step
from chalicelib.domain.categories import Category
from chalicelib.domain.dispatch import (
    ANYTHING,
    MOST_BEFORE,
    Directory,
    PlannedStep,
    QueuePlace,
    WorkQueue,
    WorkWanted,
    queue_place,
    whose_turn,
)
from chalicelib.domain.plans import PHASE_NAME, STANDARD, PhasePlan, Plan, is_phase_name

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
WEIGHTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(1, 100), min_size=1, max_size=40)


@given(weights=WEIGHTS, first=st.integers(0, 10**12))
def test_over_any_thousand_turns_each_share_is_within_a_point_of_its_weights(
    weights: dict[str, int], first: int
) -> None:
    taken = Counter(whose_turn(number, weights) for number in range(first, first + 1000))
    for model, weight in weights.items():
        assert abs(taken[model] / 1000 - weight / sum(weights.values())) <= 0.01


@given(models=st.integers(2, 60), first=st.integers(0, 10**12))
def test_no_model_waits_for_twice_as_many_turns_as_there_are_models(models: int, first: int) -> None:
    weights = {f"m{number:02}": 1 for number in range(models)}
    for begin in range(first, first + 3 * models):
        assert {whose_turn(number, weights) for number in range(begin, begin + 2 * models)} == set(weights)


def test_a_model_whose_first_account_falls_due_behind_ten_thousand_of_another_comes_next_but_one() -> None:
    waiting = {"big": 10_000, "small": 10}
    given = list[str]()
    while waiting:
        model = whose_turn(len(given), dict.fromkeys(waiting, 1))
        given.append(model)
        waiting[model] -= 1
        waiting = {one: count for one, count in waiting.items() if count}
    assert "small" in given[:4], "within twice as many hand-outs as there are models"
    assert given[:24].count("small") == 10, "then every other turn or so"


@pytest.mark.parametrize(
    ("account", "before", "more_before"),
    [
        ("a0", 0, False),
        ("a7", 7, False),
        (f"a{MOST_BEFORE}", MOST_BEFORE, False),  # a hundred and no more
        (f"a{MOST_BEFORE + 1}", MOST_BEFORE, True),
        ("a999", MOST_BEFORE, True),  # whether it comes at all is not read
    ],
)
def test_what_stands_before_an_account_is_counted_up_to_a_hundred(account: str, before: int, more_before: bool) -> None:
    line = iter([f"a{number}" for number in range(200)])
    place = queue_place(account, line, "m", {"m": 1, "n": 3}, NOW)
    assert place == QueuePlace(NOW, before, more_before, 0.25, 2)
    assert next(line) == f"a{before + 1}", "no more is read"


def test_an_account_that_the_line_does_not_show_has_no_place() -> None:
    assert queue_place("a9", ["a0", "a1"], "m", {"m": 1}, NOW) is None


SLOW = Plan(
    "slow",
    1,
    {name: PhasePlan(category, timedelta(hours=48)) for name, category in (("photo", "pfp"), ("post", "any"))},
)


def steps(plan: Plan) -> list[PlannedStep]:
    """All steps of accounts on this plan."""
    states = [(AccountState.READY, None), *((AccountState.WARMING_UP, name) for name in (*plan.order, None))]
    found = [PlannedStep.of(state, phase, plan) for state, phase in states]
    return [step for step in found if step is not None]


STEPS = [*steps(STANDARD), *steps(SLOW)]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_who_says_nothing_is_given_every_step(step: PlannedStep) -> None:
    assert ANYTHING.admits(step)
    assert not ANYTHING.admits(None)


def test_the_queues_call_the_steps_of_the_standard_plan_as_ever_and_those_of_others_so_that_nothing_is_lost() -> None:
    assert [step.key for step in steps(STANDARD)] == ["start_warmup", *STANDARD.order, "complete_warmup"]
    assert [step.key for step in steps(SLOW)] == [
        *("start_warmup:photo:pfp", "photo:pfp", "post:any"),
        "complete_warmup:post:any",
    ]


@given(
    action=st.sampled_from(Step),
    phase=st.from_regex(PHASE_NAME, fullmatch=True).filter(is_phase_name),
    category=st.sampled_from(Category),
)
def test_a_step_is_what_its_key_says(action: Step, phase: str, category: str) -> None:
    step = PlannedStep(action, phase, category)
    assert PlannedStep.parse(step.key) == step


@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [
        (WorkWanted(phases=[STANDARD.first]), {"start_warmup", "pfp"}),
        (WorkWanted(phases=[STANDARD.last]), {"story", "complete_warmup"}),
        (WorkWanted(phases=["bio", "highlight"]), {"bio", "highlight"}),
        (WorkWanted(actions=[Step.START_WARMUP]), {"start_warmup", "start_warmup:photo:pfp"}),
        (WorkWanted(actions=[Step.COMPLETE_WARMUP]), {"complete_warmup", "complete_warmup:post:any"}),
        (WorkWanted(actions=[Step.RUN_PHASE]), {*STANDARD.order, "photo:pfp", "post:any"}),
        (WorkWanted(actions=[Step.RUN_PHASE], phases=[STANDARD.first]), {"pfp"}),
        (WorkWanted(actions=[Step.START_WARMUP], phases=["bio"]), set()),
        (WorkWanted(phases=["photo"]), {"start_warmup:photo:pfp", "photo:pfp"}),
        (WorkWanted(phases=["post"]), {"post", "post:any", "complete_warmup:post:any"}),
        (WorkWanted(categories=["pfp"]), {"start_warmup", "pfp", "start_warmup:photo:pfp", "photo:pfp"}),
        (WorkWanted(phases=["bio"], categories=["any"]), {"bio", "post:any", "complete_warmup:post:any"}),
        (WorkWanted(phases=["nothing"]), set()),
    ],
)
def test_what_a_caller_asks_for(wanted: WorkWanted, admitted: set[str]) -> None:
    assert {step.key for step in STEPS if wanted.admits(step)} == admitted


def queue(model: str, step: str = "bio", shard: int = 0) -> WorkQueue:
    return WorkQueue(shard, model, step, "2026-11-27T11:00:00.000Z")


A, B, C, D = queue("a"), queue("b"), queue("c"), queue("a", shard=1)


@pytest.mark.parametrize(
    ("known", "begin", "found", "end", "expected"),
    [
        ((), None, (A, B), None, {A, B}),
        ((A, B), None, (C,), None, {C}),  # a whole scan forgets what it did not find
        ((A, B, C, D), None, (A,), (0, A.work), {A, B, C, D}),  # behind where it stopped stands what was known
        ((A, B, C, D), (0, A.work), (C,), (0, C.work), {A, C, D}),
        ((A, B, C, D), (0, C.work), (), None, {A, B, C}),
    ],
)
def test_a_scan_that_stops_half_way_goes_on_there(
    known: tuple[WorkQueue, ...],
    begin: tuple[int, str] | None,
    found: tuple[WorkQueue, ...],
    end: tuple[int, str] | None,
    expected: set[WorkQueue],
) -> None:
    directory = Directory(NOW, known, scanned_to=begin).after_scan(found, end)
    assert set(directory.queues) == expected
    assert directory.scanned_to == end
    assert directory.is_whole is (end is None), "nothing is known of what no scan has reached"
    assert directory.is_fresh(NOW, 2) is (end is None)


def test_a_directory_lasts_the_longer_the_more_there_is_to_scan() -> None:
    small, large = Directory(NOW, (A,), is_whole=True), Directory(NOW, (A,) * 100, is_whole=True)
    assert small.is_fresh(NOW + timedelta(seconds=1.9), 2)
    assert not small.is_fresh(NOW + timedelta(seconds=2), 2)
    assert large.is_fresh(NOW + timedelta(seconds=4.9), 2)
    assert not large.is_fresh(NOW + timedelta(seconds=5), 2)

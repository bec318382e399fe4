"""The standard plan: what the product asks of each phase."""

from datetime import timedelta

import pytest

from chalicelib.domain.phases import ORDER, PhaseName
from chalicelib.domain.plans import PLANS, STANDARD, Need, Plan, plan_of


@pytest.mark.parametrize(
    ("phase", "hours", "content", "text", "longest"),
    [
        (PhaseName.PFP, 0, Need.REQUIRED, Need.NONE, None),
        (PhaseName.BIO, 24, Need.NONE, Need.REQUIRED, 150),
        (PhaseName.POST, 24, Need.REQUIRED, Need.REQUIRED, 2200),  # an image and its caption
        (PhaseName.HIGHLIGHT, 36, Need.REQUIRED, Need.REQUIRED, 100),  # an image and its title
        (PhaseName.STORY, 48, Need.REQUIRED, Need.OPTIONAL, 2200),  # a text if there is one
    ],
)
def test_the_standard_plan(phase: PhaseName, hours: int, content: Need, text: Need, longest: int | None) -> None:
    asked = STANDARD.phases[phase]
    assert (asked.interval, asked.content, asked.text) == (timedelta(hours=hours), content, text)
    assert longest is None or asked.max_text_length == longest


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: f"{plan.name}-{plan.version}")
def test_every_plan_says_something_of_every_phase_and_after_the_first_waits_a_day_at_least(plan: Plan) -> None:
    assert tuple(plan.phases) == ORDER
    assert all(plan.phases[phase].interval >= timedelta(hours=24) for phase in ORDER[1:])


def test_a_plan_is_found_by_the_name_and_version_that_an_account_keeps() -> None:
    assert plan_of("standard", 1) is STANDARD

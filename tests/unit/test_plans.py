"""The standard plan: what the product asks of each phase."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from chalicelib.domain import plan_documents
from chalicelib.domain.plan_documents import LEAST_INTERVAL_HOURS
from chalicelib.domain.plans import (
    NO_DEMANDS,
    PLANS,
    STANDARD,
    Need,
    PhasePlan,
    Plan,
    demands_of,
    is_phase_name,
    plan_of,
)
from chalicelib.tables.models import DEMANDS
from tests.plan_documents import LIMITS, OTHER_PHASES


@pytest.mark.parametrize(
    ("phase", "hours", "content", "text", "longest"),
    [
        ("pfp", 0, Need.REQUIRED, Need.NONE, None),
        ("bio", 24, Need.NONE, Need.REQUIRED, 150),
        ("post", 24, Need.REQUIRED, Need.REQUIRED, 2200),  # an image and its caption
        ("highlight", 36, Need.REQUIRED, Need.REQUIRED, 100),  # an image and its title
        ("story", 48, Need.REQUIRED, Need.OPTIONAL, 2200),  # a text if there is one
    ],
)
def test_the_standard_plan(phase: str, hours: int, content: Need, text: Need, longest: int | None) -> None:
    asked = STANDARD.phases[phase]
    assert (asked.interval, asked.content.need, asked.text.need) == (timedelta(hours=hours), content, text)
    assert longest is None or asked.text.max_length == longest


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: f"{plan.name}-{plan.version}")
def test_every_plan_waits_a_day_at_least_after_its_first_phase(plan: Plan) -> None:
    assert all(plan.phases[phase].interval >= timedelta(hours=LEAST_INTERVAL_HOURS) for phase in plan.order[1:])
    assert all(map(is_phase_name, plan.phases))


def test_the_standard_plan_draws_from_the_category_of_the_phases_name_or_else_from_any() -> None:
    assert all(asked.categories == (phase, "any") for phase, asked in STANDARD.phases.items())


def test_a_plan_knows_its_order() -> None:
    plan = Plan("two", 1, {name: PhasePlan("post", timedelta(0), fallback=False) for name in ("zebra", "ant")})
    assert (plan.order, plan.first, plan.last) == (("zebra", "ant"), "zebra", "ant")
    assert plan.phases["ant"].categories == ("post",)
    assert PhasePlan("any", timedelta(0)).categories == ("any",)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("second_post", True),
        ("p", True),
        ("p" * 32, True),
        ("p" * 33, False),
        ("", False),
        ("Post", False),
        ("2nd", False),
        ("_post", False),
        ("post-2", False),
        ("pöst", False),
        ("start_warmup", False),  # the names of other steps
        ("complete_warmup", False),
        ("run_phase", False),
        ("any", False),  # the category
    ],
)
def test_the_name_of_a_phase(name: str, fits: bool) -> None:
    assert is_phase_name(name) is fits


def test_a_plan_is_found_by_the_name_and_version_that_an_account_keeps() -> None:
    assert plan_of("standard", 1) is STANDARD


@given(LIMITS, LIMITS)
def test_the_stricter_of_plan_and_model_holds(limits: dict[str, Any], more: dict[str, Any]) -> None:
    plan = plan_documents.plan_of("slow", 1, {"phases": OTHER_PHASES, "limits": limits})
    demands = demands_of(**{name: value for name, value in more.items() if name in DEMANDS})
    found = demands.tighten(plan)
    assert found.cooldown >= max(plan.cooldown, demands.cooldown)
    assert found.minimum_quality == max(plan.minimum_quality, demands.minimum_quality)
    assert found.four_eyes == (plan.four_eyes or demands.four_eyes)
    assert found.licence_required == (plan.licence_required or demands.licence_required)
    assert demands.tighten(found) == found
    assert NO_DEMANDS.tighten(plan) is plan

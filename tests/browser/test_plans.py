"""The plans: what an operator sees of them, and how another is made."""

from itertools import count
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.stage import KEY, Console

pytestmark = pytest.mark.engine

PLANS = "/api/operator/plans"
_numbers = count(1)


def draft(console: Console) -> str:
    """A draft of a plan of its own: 48 hours before each phase, and no story; its name."""
    name = f"calm-{next(_numbers)}"
    stage = console.stage
    made: dict[str, Any] = stage.api.post(PLANS, {"name": name, "title": "Calm", "from": "standard/1"})
    phases = [
        {**one, "interval_hours": 48 if one["interval_hours"] else 0}
        for one in made["phases"]
        if one["phase"] != "story"
    ]
    headers = {"Authorization": f"Bearer {KEY}"}
    path = f"{stage.url}{PLANS}/{name}/versions/1"
    assert console.context.request.patch(path, data={"phases": phases}, headers=headers).ok
    return name


def test_the_plans_are_listed_and_a_version_shows_its_phases(console: Console) -> None:
    name = draft(console)
    page = console.open("plans", ready="[data-row]")
    row = page.locator("[data-row]", has_text=f"{name}/1")
    expect(row).to_contain_text("draft")
    expect(row).to_contain_text("Calm")
    row.get_by_role("link").click()
    drawer = page.locator(".drawer")
    expect(drawer).to_contain_text("4 phases in at least 6 d")
    legs = drawer.locator(".course li")
    expect(legs).to_have_text(["pfp at the start", *_legs("bio", "post", "highlight")], use_inner_text=True)
    expect(drawer.get_by_role("region", name="Phases, table").get_by_role("row")).to_have_count(5)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def _legs(*names: str) -> list[str]:
    return [f"{name} after 48 h, {2 * place} d from the start" for place, name in enumerate(names, start=1)]


def test_what_differs_between_two_versions_is_said_in_words(console: Console) -> None:
    name = draft(console)
    page = console.open(f"plans?version={name}/1", ready=".drawer h3")
    differences = page.get_by_role("list", name="Differences from standard/1")
    expect(differences.get_by_role("listitem").first).to_have_text("bio: 24 h → 48 h")
    expect(differences).to_contain_text("story left out")
    console.go(f"plans?version=standard/1&against={name}/1", ready=".drawer h3")
    expect(page.get_by_role("list", name=f"Differences from {name}/1")).to_contain_text("bio: 48 h → 24 h")
    console.go("plans?version=standard/1", ready=".drawer h3")
    page.get_by_label("Compared with").select_option(f"{name}/1")
    expect(page.get_by_role("list", name=f"Differences from {name}/1")).to_be_visible()


def test_a_version_that_does_not_exist_is_said_to_be_missing(console: Console) -> None:
    page = console.open("plans?version=never/1", ready=".drawer")
    expect(page.get_by_role("alert")).to_contain_text("not found")
    assert all("404" in one for one in console.wrong), console.wrong
    console.wrong.clear()

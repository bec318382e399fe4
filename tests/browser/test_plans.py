"""The plans: what an operator sees of them, and how another is made."""

import re
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.stage import KEY, Console, Model

pytestmark = pytest.mark.engine

PLANS = "/api/operator/plans"
SLOW = [
    "pfp at the start",
    *(f"{name} after 48 h, {days} d from the start" for name, days in (("bio", 2), ("post", 4), ("highlight", 6))),
]
_numbers = count(1)


def draft(console: Console) -> str:
    """A draft of a plan of its own: 48 hours before each phase, and no story; its name."""
    name = f"calm-{next(_numbers)}"
    made: dict[str, Any] = console.stage.api.post(PLANS, {"name": name, "title": "Calm", "from": "standard/1"})
    phases = [
        {**one, "interval_hours": 48 if one["interval_hours"] else 0}
        for one in made["phases"]
        if one["phase"] != "story"
    ]
    change(console, name, phases=phases)
    return name


def change(console: Console, name: str, **members: Any) -> None:
    """Edits the draft by the API, as another operator does."""
    headers = {"Authorization": f"Bearer {KEY}"}
    path = f"{console.stage.url}{PLANS}/{name}/versions/1"
    assert console.context.request.patch(path, data=members, headers=headers).ok


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
    expect(legs).to_have_text(SLOW, use_inner_text=True)
    expect(drawer.get_by_role("region", name="Phases, table").get_by_role("row")).to_have_count(5)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


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


def test_an_operator_makes_a_slow_plan_and_publishes_it(console: Console) -> None:
    model = console.stage.model()
    name = f"slow-{next(_numbers)}"
    page = console.open("plans", ready="[data-row]")
    page.get_by_role("button", name="New draft …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Title").fill("Slow")
    expect(dialog.get_by_label("Copy of")).to_have_value("standard/1")
    dialog.get_by_role("button", name="Create").click()
    drawer = page.locator(".drawer")
    expect(drawer).to_contain_text(f"{name}/1")
    expect(page.locator("[data-row]", has_text=f"{name}/1")).to_contain_text("draft")
    drawer.get_by_role("button", name="Edit …").click()
    phases = dialog.get_by_role("group", name=re.compile("^Phase "))
    expect(phases).to_have_count(5)
    phases.nth(4).get_by_role("button", name="Remove story").click()
    expect(phases).to_have_count(4)
    for place, hours in enumerate(("48", "12", "48"), start=1):
        phases.nth(place).get_by_label("Interval in hours").fill(hours)
    dialog.get_by_role("button", name="Save").click()
    too_short = "12 is less than 24, the least that this service allows"
    expect(phases.nth(2)).to_contain_text(too_short)
    expect(phases.nth(2).get_by_label("Interval in hours")).to_be_focused()
    expect(phases.nth(1)).not_to_contain_text(too_short)
    phases.nth(2).get_by_label("Interval in hours").fill("48")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(drawer.locator(".course li")).to_have_text(SLOW, use_inner_text=True)
    differences = page.get_by_role("list", name="Differences from standard/1").get_by_role("listitem")
    expect(differences.filter(has_text="24 h → 48 h")).to_have_text(["bio: 24 h → 48 h", "post: 24 h → 48 h"])
    expect(differences.filter(has_text="story left out")).to_be_visible()
    drawer.get_by_role("button", name="Publish …").click()
    preview = dialog.get_by_role("region", name="Preview")
    preview.get_by_label("Preview on model").select_option(model.model_id)
    preview.get_by_label("Accounts that start now").fill("2")
    preview.get_by_label("Accounts that start now").press("Enter")
    expect(preview).to_contain_text(f"2 accounts of {model.model_id}, beside 0 under way")
    expect(preview).to_contain_text("First active")
    first = preview.get_by_role("list", name="The first account").get_by_role("listitem")
    expect(first).to_have_count(4)
    expect(first.nth(1)).to_contain_text(re.compile(r"bio.*20\d\d-\d\d-\d\d \d\d:\d\d"))
    active = preview.get_by_role("list", name="Active accounts").get_by_role("listitem")
    expect(active.last).to_contain_text(re.compile("[12] of 2"))
    expect(preview.get_by_role("row", name="pfp content").get_by_role("cell").nth(1)).to_have_text("2")
    expect(preview.get_by_role("list", name="Who waits").get_by_role("listitem").first).to_contain_text("account 2")
    expect(dialog.get_by_role("button", name="Publish")).to_be_disabled()  # not without a reason
    dialog.get_by_label("Reason").fill("agreed with the owners")
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog).to_have_count(0)
    expect(drawer.locator("header").first).to_contain_text("published")
    expect(drawer.get_by_role("button", name="Edit …")).to_have_count(0)
    expect(page.locator("[data-row]", has_text=f"{name}/1")).to_contain_text("published")
    drawer.get_by_role("button", name="Retire …").click()
    dialog.get_by_label("Reason").fill("not needed after all")
    dialog.get_by_role("button", name="Retire").click()
    expect(drawer.locator("header").first).to_contain_text("retired")
    stored = console.stage.api.get(f"{PLANS}/{name}/versions/1")
    assert [one["interval_hours"] for one in stored["phases"]] == [0, 48, 48, 48]
    assert all("422" in one for one in console.wrong), console.wrong  # the faults, and nothing else
    console.wrong.clear()


def test_phases_are_added_moved_and_asked_for_more(console: Console) -> None:
    name = draft(console)
    page = console.open(f"plans?version={name}/1", ready=".drawer h3")
    page.get_by_role("button", name="Edit …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add a phase").click()
    added = dialog.get_by_role("group", name="Phase 5")
    expect(added.get_by_label("Name")).to_be_focused()
    added.get_by_label("Name").fill("second_post")
    added.get_by_text("What the media must be").click()
    added.get_by_label("MP4").check()
    added.get_by_label("Duration in seconds, at most").fill("0")
    added.get_by_role("button", name="Earlier second_post").click()
    moved = dialog.get_by_role("group", name="Phase 4")
    expect(moved.get_by_label("Name")).to_have_value("second_post")
    dialog.get_by_label("Four eyes").check()
    dialog.get_by_role("button", name="Save").click()
    duration = moved.get_by_label("Duration in seconds, at most")
    expect(duration).to_be_focused()
    expect(duration).to_have_attribute("aria-invalid", "true")
    moved.get_by_role(
        "button", name="Later second_post"
    ).click()  # what was wrong at this place is not what stands there
    expect(dialog.locator("[aria-invalid]")).to_have_count(0)
    dialog.get_by_role("group", name="Phase 5").get_by_role("button", name="Earlier second_post").click()
    moved.get_by_text("What the media must be").click()
    duration.fill("60")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    row = page.get_by_role("region", name="Phases, table").get_by_role("row", name="second_post")
    expect(row).to_contain_text("MP4, at most 50.0 MB, at most 60 s")
    stored = console.stage.api.get(f"{PLANS}/{name}/versions/1")
    assert [one["phase"] for one in stored["phases"]] == ["pfp", "bio", "post", "second_post", "highlight"]
    assert stored["limits"]["four_eyes"] is True
    assert all("422" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def test_what_another_operator_changed_meanwhile_is_kept(console: Console) -> None:
    name = draft(console)
    page = console.open(f"plans?version={name}/1", ready=".drawer h3")
    page.get_by_role("button", name="Edit …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("group", name="Phase 2").get_by_label("Interval in hours").fill("72")
    change(console, name, title="Calmer")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("Calm → Calmer")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    stored = console.stage.api.get(f"{PLANS}/{name}/versions/1")
    assert (stored["title"], stored["phases"][1]["interval_hours"]) == ("Calmer", 72)
    assert all("412" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def test_a_version_that_does_not_exist_is_said_to_be_missing(console: Console) -> None:
    page = console.open("plans?version=never/1", ready=".drawer")
    expect(page.get_by_role("alert")).to_contain_text("not found")
    assert all("404" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def published(console: Console) -> str:
    """The draft, published; its version."""
    name = draft(console)
    console.stage.api.post(f"{PLANS}/{name}/versions/1/publish")
    return f"{name}/1"


def test_the_selected_accounts_are_migrated_after_a_dry_run(console: Console) -> None:
    model, bot, plan = console.stage.model(), console.stage.bot(), published(console)
    begun, fresh, held = model.account(), model.account(), model.account()
    for _ in range(2):
        model.media("pfp")
    bot.complete(begun)
    bot.take(held)
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    page.get_by_label("Select the page").check()
    page.get_by_role("button", name="Migrate …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Dry run")).to_be_disabled()  # not without a version
    dialog.get_by_label("To the version").select_option(plan)
    expect(dialog.get_by_role("button", name="Migrate")).to_be_disabled()  # not before the dry run
    dialog.get_by_role("button", name="Dry run").click()
    expect(dialog).to_contain_text("2 accounts can be migrated, 1 cannot.")
    rows = dialog.get_by_role("region", name="Dry run, table")
    expect(rows.get_by_role("row", name=begun)).to_contain_text(f"from standard/1 to {plan}; goes on with bio")
    expect(rows.get_by_role("row", name=held)).to_contain_text("refused")
    assert console.stage.account(begun)["plan"]["name"] == "standard"
    dialog.get_by_label("To the version").select_option("standard/1")
    expect(rows).to_have_count(0)  # that was another migration
    dialog.get_by_label("To the version").select_option(plan)
    dialog.get_by_role("button", name="Dry run").click()
    dialog.get_by_label("Reason").fill("fewer posts a week")
    dialog.get_by_role("button", name="Migrate 2").click()
    expect(dialog).to_contain_text("2 of 2 migrated, 1 not.")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    plans = [console.stage.account(one)["plan"]["name"] for one in (begun, fresh, held)]
    assert plans == [plan[:-2], plan[:-2], "standard"]


def test_an_account_is_migrated_in_its_drawer(console: Console) -> None:
    model, bot, plan = console.stage.model(), console.stage.bot(), published(console)
    account = model.account()
    bot.complete(account)
    page = console.open(f"pipeline?account={account}", ready=".drawer h3")
    page.get_by_role("button", name="Migrate …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("To the version").select_option(plan)
    dialog.get_by_role("button", name="Dry run").click()
    expect(dialog).to_contain_text("1 account can be migrated.")
    dialog.get_by_label("Reason").fill("agreed with the owner")
    dialog.get_by_role("button", name="Migrate 1").click()
    expect(dialog).to_contain_text("1 of 1 migrated.")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator(".drawer")).to_contain_text(f"plan {plan.replace('/', ' ')}")
    expect(page.locator(".drawer")).to_contain_text("1 of 4 phases completed")


def two_posts(console: Console) -> str:
    """A published plan of 48 hours before each phase: no story, two posts with names of their own, one a video."""
    name = draft(console)
    made = console.stage.api.get(f"{PLANS}/{name}/versions/1")["phases"]
    pfp, bio, post, highlight = made
    video = {**post["content"], "media_types": ["video/mp4", "video/quicktime"], "max_duration_seconds": 60}
    posts = [{**post, "phase": "first_post"}, {**post, "phase": "second_post", "content": video}]
    change(console, name, phases=[pfp, bio, *posts, highlight])
    console.stage.api.post(f"{PLANS}/{name}/versions/1/publish")
    return f"{name}/1"


def at_five_phases(console: Console, model: Model) -> list[str]:
    """Five accounts of `standard`: each begins two days after the one before, and the last has not begun."""
    accounts = [model.account() for _ in range(5)]
    for day in range(4):
        bot = console.stage.bot()
        for account, phase in zip(accounts[: day + 1], ("pfp", "bio", "post", "highlight")[day::-1], strict=True):
            bot.complete(account, phase)
        console.stage.advance(48 * 3600)
    return accounts


def test_ten_accounts_are_imported_on_a_slow_plan_and_five_at_different_phases_are_migrated_to_it(
    console: Console,
) -> None:
    model, plan = console.stage.model(), two_posts(console)
    moving = at_five_phases(console, model)
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    page.get_by_role("button", name="Import …").click()
    dialog = page.get_by_role("dialog")
    rows = "".join(
        f"{model.model_id},{model.model_id}-new-{number},new.{model.model_id}.{number},"
        f"{plan if number else 'never'},Ada,2026-01-01T00:00:00Z,contract 7\n"
        for number in range(11)
    )
    heads = "model_id,account_id,username,plan,granted_by,granted_at,reference\n"
    dialog.get_by_label("CSV or JSON lines").fill(heads + rows)
    expect(dialog.get_by_role("button", name="Import", exact=True)).to_be_disabled()  # not before the dry run
    dialog.get_by_role("button", name="Dry run").click()
    expect(dialog).to_contain_text("10 would be created")
    expect(dialog.get_by_role("row", name=f"{model.model_id}-new-0")).to_contain_text("refused")
    dialog.get_by_role("button", name="Import 10").click()
    expect(dialog).to_contain_text("10 created, 1 refused")
    dialog.get_by_role("button", name="Close").click()
    page.get_by_label(re.compile("^Plan")).select_option(plan)
    expect(page.locator("[data-row]")).to_have_count(10)
    heads_shown = page.get_by_role("columnheader")
    for name in ("first_post", "second_post"):
        expect(heads_shown.filter(has_text=name)).to_have_count(1)
    page.get_by_label(re.compile("^Plan")).select_option("standard/1")
    expect(page.locator("[data-row]")).to_have_count(5)
    page.get_by_label("Select the page").check()
    page.get_by_role("button", name="Migrate …").click()
    dialog.get_by_label("To the version").select_option(plan)
    dialog.get_by_label("post counts for").select_option("first_post")
    expect(dialog.get_by_label("story counts for").locator("option")).to_have_text(["nothing: left out", "second_post"])
    dialog.get_by_role("button", name="Dry run").click()
    expect(dialog).to_contain_text("5 accounts can be migrated.")
    table = dialog.get_by_role("region", name="Dry run, table")
    following = ("second_post", "highlight", "first_post", "bio")
    for account, phase in zip(moving, following, strict=False):
        expect(table.get_by_role("row", name=account)).to_contain_text(f"goes on with {phase} at")
    dialog.get_by_label("story counts for").select_option("second_post")
    expect(table).to_have_count(0)  # that was another migration
    dialog.get_by_label("story counts for").select_option("")
    dialog.get_by_role("button", name="Dry run").click()
    dialog.get_by_label("Reason").fill("fewer posts a week")
    dialog.get_by_role("button", name="Migrate 5").click()
    expect(dialog).to_contain_text("5 of 5 migrated.")
    dialog.get_by_role("button", name="Close").click()
    moved = [console.stage.account(one) for one in moving]
    assert {f"{one['plan']['name']}/{one['plan']['version']}" for one in moved} == {plan}
    assert [one["current_phase"] for one in moved] == [*following, None]
    counted = console.stage.api.get(f"{PLANS}/{plan.partition('/')[0]}")["versions"]
    assert [one["accounts"] for one in counted] == [15]

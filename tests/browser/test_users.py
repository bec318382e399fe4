"""Users in the console: created with a role, and shown what they may not do with who may."""

import pytest
from playwright.sync_api import expect

from tests.browser import stage as stages
from tests.browser.stage import Console, Stage

pytestmark = pytest.mark.engine


def test_a_new_user_signs_in_and_sees_who_may_do_what_they_may_not(console: Console, stage: Stage) -> None:
    page = console.open("bots", ready="h2")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Id").fill("fresh-viewer")
    dialog.get_by_label("Name").fill("Vi Ewer")
    dialog.get_by_role("button", name="Create").click()
    key = page.get_by_role("dialog").locator("pre").inner_text()
    page.get_by_role("button", name="I have copied it").click()
    row = page.locator("tr", has_text="fresh-viewer")
    expect(row).to_contain_text("viewer")
    expect(row).to_contain_text("not used yet")

    with stages.console(stage, signed_in=False) as stranger:
        page = stranger.open("bots", ready="text=Sign in with a key")
        page.get_by_label("Operator key").fill(key)
        page.get_by_role("button", name="Sign in with a key").click()
        expect(page.get_by_text("Signed in as Vi Ewer (viewer)")).to_be_visible()
        new_bot = page.get_by_role("button", name="New bot")
        expect(new_bot).to_be_disabled()
        expect(new_bot).to_have_attribute("title", "This needs bots:write: ask a user whose role is admin")

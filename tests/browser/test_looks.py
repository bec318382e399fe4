"""How the console looks to everybody: axe, both themes, 320 pixels; and to hostile text."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import stage as stages
from tests.browser.stage import SCREENS, Bot, Console, Model, Stage

pytestmark = pytest.mark.engine

HOSTILE = (
    "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "{{7*7}} ${7*7} &lt;b&gt; ' \" javascript:alert(1)",
)
TURNS = dict.fromkeys(map(ord, "\u202e\u202c"))  # what one line and a reason refuse, and a machine's words may hold
LONG = "long " * 400
_busy: dict[str, tuple[Model, Bot, list[str]]] = {}


def busy(stage: Stage) -> tuple[Model, Bot, list[str]]:
    """A model whose accounts wait, are worked on, failed, are unknown: something to see on every screen."""
    if stage.url not in _busy:
        model, bot = stage.model(), stage.bot()
        accounts = [model.account() for _ in range(5)]
        for _ in accounts:
            model.media("pfp")
        bot.complete(accounts[0], platform_response={"status": "published"})
        bot.report(accounts[1], code="platform_timeout", message="the platform did not answer in time")
        bot.report(accounts[2], kind="unknown", code="no_answer", message="the connection broke after sending")
        bot.take(accounts[3])
        _busy[stage.url] = model, bot, accounts
    return _busy[stage.url]


CONTRAST = "color-contrast"
LOOKS: dict[str, tuple[Any, int, dict[str, Any]]] = {
    "light": ("light", 1280, {}),
    "dark": ("dark", 1280, {"runOnly": [CONTRAST]}),  # dark differs in colours alone
    "narrow": ("light", 320, {"rules": {CONTRAST: {"enabled": False}}}),  # and narrow in anything but colours
}


@pytest.fixture(params=LOOKS)
def look(stage: Stage, request: pytest.FixtureRequest) -> Iterator[tuple[Console, dict[str, Any]]]:
    """The console in each theme, and on a narrow screen, with the rules that this can break."""
    scheme, width, rules = LOOKS[request.param]
    with stages.console(stage, color_scheme=scheme, viewport={"width": width, "height": 800}) as tab:
        yield tab, rules
        assert tab.wrong == []


def faults(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe finds wrong with the page, each with the first element that has it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(stages.axe())
    found: dict[str, Any] = page.evaluate(
        "options => axe.run(document, options)", {"resultTypes": ["violations"], **rules}
    )
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in found["violations"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def test_axe_finds_nothing_on_any_screen(look: tuple[Console, dict[str, Any]]) -> None:
    tab, rules = look
    stages.axe()
    model, _, accounts = busy(tab.stage)
    item = tab.stage.account(accounts[0])["phases"][0]["assigned_content_id"]
    held = f"{model.model_id}/content/{item}"
    places = [*SCREENS, f"content?view=runway&model={model.model_id}", f"content?view=texts&model={model.model_id}"]
    places += [f"pipeline?account={accounts[2]}", f"content?model={model.model_id}&item={held}"]
    places += ["plans?version=standard/1"]
    wrong: list[str] = []
    tab.open()
    for place in places:
        drawer = any(one in place for one in ("&item=", "account=", "version="))
        page = tab.go(place, ready=".drawer h3" if drawer else "h1")
        wrong += [f"{place}: {fault}" for fault in faults(page, rules)]
        if overflow(page) > 0:
            wrong.append(f"{place}: {overflow(page)} pixels too wide")
    page = tab.go(f"pipeline?account={accounts[2]}", ready=".drawer h3")
    page.locator(".drawer").get_by_role("button", name="Resolve …", exact=True).click()
    wrong += [f"dialog: {fault}" for fault in faults(page, rules)]
    draft = f"model-{model.model_id}"
    if draft not in [one["name"] for one in tab.stage.api.get("/api/operator/plans", limit=100)["items"]]:
        tab.stage.api.post("/api/operator/plans", {"name": draft, "title": "Draft"})
    for button, ready in (("Edit …", "Add a phase"), ("Publish …", "First active")):
        page = tab.go(f"plans?version={draft}/1", ready=".drawer h3")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("dialog").get_by_text(ready)).to_be_visible()
        wrong += [f"dialog {button}: {fault}" for fault in faults(page, rules)]
        page.keyboard.press("Escape")
    page = tab.go(f"pipeline?account={accounts[4]}", ready=".drawer h3")
    page.get_by_role("button", name="Migrate …").click()
    page.get_by_role("dialog").get_by_label("To the version").select_option("standard/1")
    page.get_by_role("dialog").get_by_role("button", name="Dry run").click()
    expect(page.get_by_role("dialog").get_by_text("can be migrated")).to_be_visible()
    wrong += [f"dialog Migrate …: {fault}" for fault in faults(page, rules)]
    assert not wrong, "\n".join(sorted(wrong))


def test_the_page_before_signing_in_is_sound(stage: Stage) -> None:
    with stages.console(stage, signed_in=False, viewport={"width": 320, "height": 600}) as tab:
        page = tab.open(ready="form")
        assert faults(page, {}) == []
        assert overflow(page) <= 0
        assert tab.wrong == []


def test_hostile_text_is_text(stage: Stage) -> None:
    """In every field that a bot or an import can fill."""
    model, drawers = stage.model(), []
    for number, evil in enumerate(HOSTILE):
        model.text("bio", f"{evil} {number}")
        line = evil.translate(TURNS)
        account = model.account((line + LONG)[:200])
        model.media("pfp")
        bot = stage.bot()
        note, details = (line + LONG)[:200], {evil[:50]: evil + LONG}
        bot.api.post(f"/api/bot/sessions/{bot.session}/heartbeat", {"note": note})
        evil_session = bot.api.post("/api/bot/sessions", {"client": note, "host": note})["session_id"]
        bot.report(account, kind="account", code=note, message=(evil + LONG)[:2000], details=details)
        bot.session = evil_session
        other = model.account((line[::-1] + LONG)[:200])
        model.media("pfp")
        bot.complete(other, platform_response={"told": (evil * 200)[:10000]})
        stage.api.post(f"/api/operator/accounts/{other}/pause", {"reason": (line + LONG)[:2000]})
        drawers += [f"pipeline?model_id={model.model_id}&account={one}" for one in (account, other)]
    plan = f"hostile-{model.model_id}"
    stage.api.post("/api/operator/plans", {"name": plan, "title": (HOSTILE[0] + LONG)[:200].strip()})
    drawers += [f"plans?version={plan}/1"]
    with stages.console(stage, viewport={"width": 1024, "height": 700}) as tab:
        tab.open()
        places = (
            f"review?model_id={model.model_id}",
            "bots",
            "audit",
            "now",
            "plans",
            f"tasks?model_id={model.model_id}",
        )
        for place in (*places, f"content?view=texts&model={model.model_id}", *drawers):
            page = tab.go(place, ready=".drawer h3" if place in drawers else "h1")
            if place in drawers:
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert page.locator("img[src=x], main script, .drawer script").count() == 0
            assert "broken" not in page.title()
            assert overflow(page) <= 0, place
        assert tab.wrong == []


def test_a_narrow_screen_shows_what_is_said_and_where_one_is(stage: Stage) -> None:
    model, _, accounts = busy(stage)
    with stages.console(stage, viewport={"width": 320, "height": 700}) as tab:
        page = tab.open(f"pipeline?model_id={model.model_id}&state=retired", ready=".empty")
        page.locator(".tabs .many").first.wait_for()
        for current in page.locator("nav [aria-current]").all():
            assert inside(page, current), current.inner_text()
        tab.go(f"pipeline?model_id={model.model_id}", ready="[data-row]")
        page.get_by_label("Select the page").check()
        assert height(page.get_by_text("5 accounts selected")) < 50
        tab.go(f"pipeline?account={accounts[2]}", ready=".drawer h3")
        page.get_by_role("button", name="What would be chosen? pfp").click()
        assert height(page.locator(".drawer").get_by_text("content", exact=True).last) < 50
        behind = "document.querySelector('#main a').focus(), document.activeElement.closest('#main') !== null"
        assert not page.evaluate(behind), "what the drawer covers is out of the keys' reach"
        page.keyboard.press("Escape")
        page.wait_for_function(behind)
        tab.go(f"content?model={model.model_id}")
        page.get_by_role("button", name="Upload media").click()
        assert page.get_by_role("dialog").evaluate("dialog => dialog.scrollWidth - dialog.clientWidth") == 0
        assert tab.wrong == []


def inside(page: Page, found: Locator) -> bool:
    """Whether it is seen in the whole of its width."""
    box, size = found.bounding_box(), page.viewport_size
    assert box is not None and size is not None
    return box["x"] >= 0 and box["x"] + box["width"] <= size["width"]


def height(found: Locator) -> float:
    """In pixels."""
    box = found.bounding_box()
    assert box is not None
    return box["height"]

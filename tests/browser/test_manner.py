"""How the console behaves: state in the address, polling, rows, keys, empties, errors."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import stage as stages
from tests.browser.stage import CROWD, Console

pytestmark = pytest.mark.engine


def test_the_address_holds_filter_tab_sort_and_drawer(console: Console) -> None:
    model = console.stage.model()
    first, second = model.account("nora.one"), model.account("nora.two")
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    page.get_by_role("link", name="Ready").click()
    page.get_by_label("Handle or id").fill("nora.t")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.get_by_role("button", name="Next due").click()
    page.get_by_role("link", name="nora.two").click()
    drawer = page.locator(".drawer")
    expect(drawer).to_be_visible()
    assert all(word in page.url for word in ("state=ready", "text=nora.t", "sort=due", f"account={second}"))
    page.reload()
    expect(drawer).to_contain_text("nora.two")
    expect(page.get_by_label("Handle or id")).to_have_value("nora.t")
    expect(page.locator(f"[data-row={first}]")).to_have_count(0)
    page.go_back()  # closes the drawer, and nothing else
    expect(drawer).to_have_count(0)
    expect(page.get_by_label("Handle or id")).to_have_value("nora.t")
    page.go_forward()
    expect(drawer).to_be_visible()


def test_no_request_leaves_a_tab_that_is_hidden(console: Console) -> None:
    console.page.clock.install()
    page = console.open(ready=".tile")
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => window.away ?? false })")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.fast_forward(60_000)
    assert sent == []
    with page.expect_request("**/api/operator/pipeline"):
        page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")


def test_what_came_is_told_and_nothing_jumps_or_loses_its_focus(console: Console) -> None:
    model = console.stage.model()
    first = model.account("first")
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    page.get_by_role("link", name="first").focus()
    model.account("second")
    console.look()
    expect(page.get_by_text("1 new since you opened")).to_be_visible()
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.get_by_role("link", name="first")).to_be_focused()
    page.get_by_role("button", name="Show").click()
    expect(page.locator("[data-row]")).to_have_count(2)
    console.stage.api.post(f"/api/operator/accounts/{first}/pause", {"reason": "x"})
    console.look()
    expect(page.locator(f"[data-row={first}]")).to_contain_text("paused")


def test_a_refresh_leaves_scroll_focus_and_what_is_open_where_they_are(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    account = model.account()
    console.page.set_viewport_size({"width": 500, "height": 400})
    page = console.open(f"pipeline?model_id={model.model_id}&account={account}", ready=".drawer h3")
    drawer, table = page.locator(".drawer"), page.locator("main .scroll")
    expect(page.locator(f"[data-row={account}]")).to_be_visible()
    drawer.locator("summary", has_text="JSON").click()
    drawer.get_by_role("button", name="Close").evaluate("button => button.focus({ preventScroll: true })")
    drawer.evaluate("drawer => { drawer.scrollTop = 150; }")
    table.evaluate("table => { table.scrollLeft = 120; }")
    page.evaluate("scrollTo(0, 90)")
    where = [drawer.evaluate("d => d.scrollTop"), table.evaluate("t => t.scrollLeft"), page.evaluate("scrollY")]
    assert where == [150, 120, 90]
    token = bot.take(account)
    console.look()
    expect(drawer).to_contain_text("in progress")
    expect(page.locator(f"[data-row={account}]")).to_contain_text(bot.bot_id)
    expect(drawer.get_by_role("button", name="Close")).to_be_focused()
    assert drawer.locator("details", has_text="JSON").last.evaluate("details => details.open")
    assert where == [drawer.evaluate("d => d.scrollTop"), table.evaluate("t => t.scrollLeft"), page.evaluate("scrollY")]
    page.keyboard.press("Escape")
    sort = page.get_by_role("button", name="Next due")
    sort.focus()
    bot.api.post(f"/api/bot/accounts/{account}/complete-phase/pfp", {}, {"Lease-Token": token})
    console.look()
    expect(page.locator(f"[data-row={account}]")).to_contain_text("completed")
    expect(sort).to_be_focused()


def test_an_answer_that_changes_nothing_touches_nothing(console: Console) -> None:
    """However many rows are shown, a look that finds them as they were renders none of them."""
    model = stages.crowd(console.stage)
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    expect(page.locator("[data-row]")).to_have_count(50)
    page.get_by_label("Model").locator("option").nth(1).wait_for(state="attached")
    page.locator(".tabs .many").first.wait_for()
    assert page.evaluate("document.querySelectorAll('*').length") < 120 * 50  # elements: a row has fewer than 120
    page.evaluate("""() => {
        window.touched = 0;
        const watch = new MutationObserver((found) => { window.touched += found.length; });
        const all = { childList: true, subtree: true, attributes: true, characterData: true };
        watch.observe(document.querySelector('main'), all);
    }""")
    for _ in range(2):
        with page.expect_response("**/accounts?**with_phases=true**"):
            console.look()
        page.wait_for_timeout(100)
    assert page.evaluate("window.touched") == 0


def asked_for_accounts(page: Page) -> list[str]:
    """The addresses of the lists that the page asks for from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "with_phases" in request.url else None)
    return sent


def test_what_no_index_knows_is_looked_through_a_page_a_request_and_then_only_what_was_found(console: Console) -> None:
    model = stages.crowd(console.stage)
    sent = asked_for_accounts(console.page)
    page = console.open(f"pipeline?model_id={model.model_id}&text=MANY.31", ready="text=Search again")
    expect(page.get_by_text(f"Scanned {CROWD} accounts, 11 matches")).to_be_visible()
    assert len(sent) == 4  # a hundred accounts each
    sent.clear()
    console.look()
    page.wait_for_timeout(300)
    assert len(sent) == 1 and re.search(r"ids=[^&]+", sent[0]), sent  # one request for the eleven, and no walk
    expect(page.locator("[data-row]")).to_have_count(11)


_SLOW_LOOKS = """
const fetched = window.fetch;
let looks = 0;
window.fetch = async (address, ...more) => {
  if (String(address).includes("with_phases=true") && looks++) await new Promise((over) => setTimeout(over, 2000));
  return fetched(address, ...more);
};
"""


def test_a_walk_shows_what_it_finds_at_once_and_can_be_stopped(console: Console) -> None:
    model = stages.crowd(console.stage)
    sent = asked_for_accounts(console.page)
    console.page.add_init_script(_SLOW_LOOKS)  # so that there is time to stop, also on a busy machine
    page = console.open(f"pipeline?model_id={model.model_id}&text=many.11", ready="[data-row]")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The next page continues the search.")).to_be_visible()
    assert len(sent) < 4
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("button", name="First page")).to_be_visible()


def test_the_keys(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    accounts = sorted(model.account() for _ in range(2))
    bot.report(accounts[1], kind="account", code="locked_out")
    page = console.open()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("next and previous row")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Pipeline")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("user.acc")
    page.get_by_role("combobox", name="Model").select_option(model.model_id)
    expect(page.locator("[data-row]")).to_have_count(2)
    page.wait_for_url("**text=user.acc*")
    expect(page.locator("[data-row]")).to_have_count(2)
    page.locator("main").focus()
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_text("1 account selected")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_role("dialog")).to_contain_text("1 account of those selected")
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator(".drawer")).to_contain_text(accounts[0])
    expect(page.locator(".drawer h2")).to_be_focused()
    page.keyboard.press("j")  # goes on from the row that was opened
    page.keyboard.press("Enter")
    expect(page.locator(".drawer")).to_contain_text(accounts[1])
    page.keyboard.press("Escape")  # closes both: one drawer followed the other
    expect(page.locator(".drawer")).to_have_count(0)


def test_three_kinds_of_empty(console: Console) -> None:
    model = console.stage.model()
    model.account()
    page = console.open(f"pipeline?model_id={model.model_id}&text=nobody.is.called.so", ready=".empty")
    expect(page.locator(".empty")).to_contain_text("No account matches the filters")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator("[data-row]").first).to_be_visible()
    console.open(f"tasks?model_id={model.model_id}", ready="text=You hold no task")
    console.open("pipeline?queue=content_unavailable", ready="text=Nothing is wrong here")


def test_old_data_is_said_to_be_old_and_an_error_is_told_whole(console: Console) -> None:
    page = console.open("bots", ready="h2")
    expect(page.get_by_text("Loading")).to_have_count(0)
    problem = {"title": "Temporarily unavailable", "detail": "The store is away.", "request_id": "req_1", "status": 503}
    page.route("**/api/operator/**", lambda route: route.fulfill(status=503, json=problem))
    console.look()
    expect(page.get_by_text("This data is out of date.").first).to_be_visible()
    page.get_by_role("link", name="Review").click()
    expect(page.get_by_role("alert").first).to_contain_text("The store is away.")
    expect(page.get_by_role("alert").first).to_contain_text("req_1")
    page.unroute("**/api/operator/**")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert all("503" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def test_times_are_told_absolutely_on_focus_local_or_in_utc(console: Console) -> None:
    model = console.stage.model()
    account = model.account()
    page = console.open(f"pipeline?model_id={model.model_id}&account={account}", ready=".drawer .time")
    page.get_by_label("Times").select_option("utc")
    page.locator(".drawer .time").first.focus()
    assert page.locator(".drawer .time").first.get_attribute("data-absolute").endswith(" UTC")  # type: ignore[union-attr]  # it has one


def test_times_are_by_the_clock_of_the_service_as_soon_as_it_is_known(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    console.stage.advance(3 * 86_400)
    account = model.account("done.today")
    bot.complete(account)
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    completed = page.locator(f"[data-row={account}] .cell time").first
    expect(completed).to_have_text(re.compile("ago|now"), timeout=2500)  # by the browser's clock it were to come


def test_the_console_is_the_same_behind_a_slash(console: Console) -> None:
    console.page.goto(f"{console.stage.url}/console/")
    expect(console.page.get_by_role("heading", name="Now")).to_be_visible()


def test_no_slip_closes_a_dialog_or_hides_what_came_of_it(console: Console) -> None:
    model = console.stage.model()
    account = model.account("slippery")
    page = console.open(f"pipeline?account={account}", ready=".drawer h3")
    dialog, reason = page.get_by_role("dialog"), page.get_by_label("Reason")
    page.get_by_role("button", name="Pause …").click()
    reason.fill("a long reason")
    box = reason.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.up()  # who marks a text may let go of it beside the dialog
    expect(reason).to_have_value("a long reason")
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/pause", hold)
    with page.expect_request("**/pause"):
        dialog.get_by_role("button", name="Pause").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Retire …").click()
    waiting[0].fulfill(status=503, json={"title": "Temporarily unavailable", "detail": "The store is away."})
    expect(page.get_by_text("Pause the account: The store is away.")).to_be_visible()
    expect(dialog.get_by_role("heading", name="Retire the account")).to_be_visible()
    assert all("503" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def test_a_key_that_is_shown_once_stays_until_it_is_taken(console: Console) -> None:
    page = console.open("bots")
    page.get_by_role("button", name="New bot").click()
    page.get_by_role("dialog").get_by_label("Id").fill("kept-bot")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    key = page.get_by_role("dialog").locator("pre")
    expect(key).to_contain_text("wk_kept-bot_")
    for _ in range(3):
        page.keyboard.press("Escape")
    page.mouse.click(5, 5)
    expect(key).to_be_visible()
    page.get_by_role("button", name="I have copied it").click()
    expect(key).to_have_count(0)


def test_a_filter_of_the_audit_waits_until_the_typing_stopped(console: Console) -> None:
    page = console.open("audit")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "account_id=" in request.url else None)
    page.get_by_label("Account id").press_sequentially("acc-nobody", delay=20)
    expect(page.get_by_text("No event matches the filters")).to_be_visible()
    assert [url.split("account_id=")[1].split("&")[0] for url in asked] == ["acc-nobody"]


def test_an_address_that_nobody_understands_leads_on(console: Console) -> None:
    console.stage.model()
    page = console.open("%E0%A4%A", ready="text=This screen does not exist")
    page.get_by_role("link", name="Go to Now").click()
    expect(page.get_by_role("heading", name="Now")).to_be_visible()
    console.go("content?model=ghost", ready="text=Model not found")
    expect(page.get_by_label("Model")).to_have_value("ghost")
    expect(page.get_by_role("button", name="Upload media")).to_have_count(0)
    assert all("404" in one for one in console.wrong), console.wrong
    console.wrong.clear()

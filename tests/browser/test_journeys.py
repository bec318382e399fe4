"""What an operator comes for, from the first click to the record that it leaves."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import stage as stages
from tests.browser.stage import CONSENT, KEY, Console, Stage
from warmup.sandbox import pictures

pytestmark = pytest.mark.engine


@pytest.fixture
def stranger(stage: Stage) -> Iterator[Console]:
    """The console in a tab in which nobody has signed in."""
    with stages.console(stage, signed_in=False) as tab:
        yield tab


def decide(page: Page, button: str, **fields: str) -> None:
    """Fills in the open dialog and sends it; it must close."""
    dialog = page.get_by_role("dialog")
    for label, value in fields.items():
        dialog.get_by_label(label.replace("_", " ")).fill(value)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def shows_a_picture(image: Locator) -> None:
    """The image loads: it arrives after the text beside it, and one that is broken has no width."""
    expect(image).not_to_have_js_property("naturalWidth", 0)


def edit(console: Console, path: str, **change: Any) -> None:
    """What another operator changes meanwhile."""
    headers = {"Authorization": f"Bearer {KEY}"}
    assert console.context.request.patch(f"{console.stage.url}{path}", data=change, headers=headers).ok


def test_an_operator_signs_in_and_out_and_no_cookie_is_left(stranger: Console) -> None:
    stranger.page.route("**/api/issuer", lambda route: route.fulfill(json={"oidc": None}))
    page = stranger.open(ready="text=Operator key")
    page.get_by_label("Operator key").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Unauthenticated")
    expect(alert).to_contain_text("request")
    page.get_by_label("Operator key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Under way")).to_be_visible()
    assert page.evaluate("[localStorage.length, Object.keys(sessionStorage).sort()]") == [
        0,
        ["warmup.key", "warmup.signed-in"],
    ]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Operator key")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    assert stranger.context.cookies() == []
    assert all("401" in one for one in stranger.wrong), stranger.wrong  # the wrong key, and nothing else


def test_who_is_signed_out_by_the_service_is_told_why(console: Console) -> None:
    page = console.open("bots", ready="h2")
    refusal = {"title": "Unauthenticated", "detail": "This key was revoked.", "code": "unauthenticated", "status": 401}
    page.route("**/api/operator/**", lambda route: route.fulfill(status=401, json=refusal))
    console.look()
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('warmup.key')") is None
    page.unroute("**/api/operator/**")
    page.get_by_label("Operator key").fill(KEY)
    page.get_by_role("button", name="Sign in with a key").click()
    expect(page.get_by_role("heading", name="Bots", exact=True)).to_be_visible()  # where one was
    assert all("401" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def test_an_operator_signs_in_at_the_issuer_and_out_again(stranger: Console) -> None:
    url = stranger.stage.url
    page = stranger.open("bots", ready="text=Sign in at")
    page.get_by_role("button", name="Sign in at").click()
    page.get_by_role("link", name="ada").click()
    expect(page.get_by_role("heading", name="Bots", exact=True)).to_be_visible()  # where one was
    expect(page.get_by_text("Signed in as ada")).to_be_visible()
    assert page.url == f"{url}/console/bots"
    token = page.evaluate("JSON.parse(sessionStorage.getItem('warmup.signed-in')).issued.idToken")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{url}/console")  # by way of the issuer, where one is signed out, too
    page.get_by_role("button", name="Sign in at").wait_for()
    assert page.evaluate("sessionStorage.length") == 0

    page.goto(f"{url}/console/signed-in?code=x&state=y")  # as somebody else's page would have it
    expect(page.get_by_role("alert")).to_contain_text("not begun in this tab")
    page.get_by_role("button", name="Sign in at").click()
    there = page.get_by_role("link", name="ada").get_attribute("href")
    page.goto(re.sub(r"state=[^&]*", "state=another", f"{page.url.partition('/authorize')[0]}{there}"))
    expect(page.get_by_role("alert")).to_contain_text("not begun in this tab")
    answer = {"id_token": token, "access_token": "x"}
    allowed = {"Access-Control-Allow-Origin": url}
    page.route("**/token", lambda route: route.fulfill(json=answer, headers=allowed))
    page.get_by_role("button", name="Sign in at").click()
    page.get_by_role("link", name="ada").click()
    expect(page.get_by_role("alert")).to_contain_text("issued for another sign-in")
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_a_session_ends_without_use_and_after_half_a_day(console: Console) -> None:
    console.page.clock.install()
    page = console.open("bots", ready="h2")
    page.clock.fast_forward(28 * 60_000 + 30_000)
    warning = page.get_by_text("You will be signed out at")
    expect(warning).to_be_visible()
    page.keyboard.press("Shift")
    page.clock.fast_forward(6_000)
    expect(warning).to_have_count(0)
    page.clock.fast_forward(29 * 60_000)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.clock.fast_forward(2 * 60_000)
    expect(page.get_by_text("The console was not used for 30 minutes.")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.evaluate("sessionStorage['warmup.signed-in'] = JSON.stringify({ began: Date.now() - 12 * 3600e3 + 60e3 })")
    page.reload()  # the tab gets its key again, and its session is nearly over
    page.keyboard.press("Shift")  # which puts nothing off
    expect(page.get_by_text("Save your work, and sign in again after that.")).to_be_visible()
    page.clock.fast_forward(61_000)
    expect(page.get_by_text("A session ends after 12 hours.")).to_be_visible()
    assert "/console/bots" in page.url


def test_accounts_are_seen_moving(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    account = model.account()
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    row = page.locator(f"[data-row={account}]")
    expect(row).to_contain_text("ready")
    token = bot.take(account)
    console.look()
    expect(row).to_contain_text("in progress")
    expect(row).to_contain_text(bot.bot_id)
    expect(row.locator("img.thumb")).to_be_visible()
    bot.api.post(f"/api/bot/accounts/{account}/complete-phase/pfp", {}, {"Lease-Token": token})
    console.look()
    expect(row).to_contain_text("completed")
    expect(row).to_contain_text("in 23 h")


def test_who_waits_is_told_why(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    account = model.account()
    bot.complete(account)
    page = console.open(f"pipeline?model_id={model.model_id}&account={account}", ready=".drawer h3")
    expect(page.locator(".drawer")).to_contain_text("minimum interval 24 h")
    expect(page.locator(".drawer")).to_contain_text("1 of 5 phases completed")


def test_who_can_be_taken_is_told_what_comes_first(console: Console) -> None:
    model = console.stage.model()
    first, second = model.account(), model.account()
    console.stage.model().account()
    drawer = console.open(f"pipeline?account={first}", ready=".drawer h3").locator(".drawer")
    expect(drawer).to_contain_text("It is the next account of its model.")
    drawer = console.open(f"pipeline?account={second}", ready=".drawer h3").locator(".drawer")
    expect(drawer).to_contain_text("Before it: 1 account of its model.")
    expect(drawer).to_contain_text("of the turns.")


def test_consent_is_recorded_where_an_account_came_without(console: Console) -> None:
    model = console.stage.model()
    body = {"account_id": f"{model.model_id}-owned", "model_id": model.model_id, "username": "owned.by.nora"}
    console.stage.api.post("/api/operator/accounts", body)
    page = console.open(f"pipeline?account={body['account_id']}", ready=".drawer h3")
    moves = page.get_by_role("group", name="Actions")
    moves.get_by_role("button", name="Record consent").click()
    decide(page, "Record", Granted_by="Nora Lind", Granted_on="2026-01-02", **{"Reference,_such": "contract 9"})
    moves.get_by_role("button", name="Mark as ready").click()
    decide(page, "Mark as ready", Reason="the owner agreed")
    expect(moves.get_by_role("button", name="Pause")).to_be_visible()
    consent = console.stage.account(body["account_id"])["consent"]
    assert consent == {"granted_by": "Nora Lind", "granted_at": "2026-01-02T00:00:00.000Z", "reference": "contract 9"}


def test_pools_that_run_dry_are_named_and_led_to(console: Console) -> None:
    api, model = console.stage.api, "zz-dry"  # not the first of the models, which is shown where none is named
    console.stage.model()
    api.post("/api/operator/models", {"model_id": model, "name": "Dry"})
    api.post(
        "/api/operator/accounts", {"account_id": "thirsty", "model_id": model, "username": "t", "consent": CONSENT}
    )
    api.post("/api/operator/accounts/thirsty/ready", {"reason": "for a test"})
    api.post("/sandbox/schedules/watch_pools")
    dry = api.get("/api/operator/pipeline")["dry_models"]
    assert model in dry
    page = console.open(ready=".tile")
    tile = page.get_by_role("link", name="Pools dry")
    expect(tile).to_contain_text(dry[0])
    expect(tile).to_contain_text(re.compile(r"of \d+ models, as of "))
    tile.click()
    expect(page.get_by_text("A pool runs dry on")).to_be_visible()
    expect(page.get_by_label("Model")).to_have_value(dry[0])
    api.post("/api/operator/accounts/thirsty/retire", {"reason": "for a test"})


def test_a_failure_is_understood_and_all_that_match_are_retried(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    accounts = [model.account() for _ in range(3)]
    for place, account in enumerate(accounts):
        if place:
            model.media("pfp")  # an item that was given lately is given to nobody else for a day
        bot.report(account, kind="account", code="locked_out", message="the platform asks for a new password")
    page = console.open(f"pipeline?model_id={model.model_id}")
    page.get_by_role("link", name="Needs review").click()
    page.get_by_label("Error code").fill("locked_out")
    page.wait_for_url("**error_code=locked_out**")  # it goes there when the typing has stopped; back must lead here
    page.locator(f"[data-row={accounts[0]}] a").click()
    drawer = page.locator(".drawer")
    expect(drawer).to_contain_text("an operator must decide on pfp (locked_out)")  # what bots may read, too
    expect(drawer).to_contain_text("the platform asks for a new password")
    expect(drawer).to_contain_text("locked_out")
    page.go_back()
    expect(drawer).to_have_count(0)
    page.get_by_label("Select the page").check()
    page.get_by_role("button", name="Select all that match").click()
    page.get_by_role("button", name="Retry …", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 accounts of all that match")
    dialog.get_by_label("Reason").fill("the owner has changed it")
    dialog.get_by_role("button", name="Retry 3").click()
    expect(dialog).to_contain_text("3 of 3 retried")
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_role("region", name="Selection")).to_have_count(0)  # what was done is not done to them again
    assert {console.stage.account(one)["phase_status"] for one in accounts} == {"content_assigned"}


def test_who_is_unticked_is_left_out_of_all_that_match(console: Console) -> None:
    model = console.stage.model()
    for _ in range(3):
        model.account()
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    boxes = page.locator("tbody input[type=checkbox]")
    boxes.nth(0).check()
    page.get_by_role("button", name="Select all that match").click()
    expect(page.get_by_label("Select the page")).to_be_checked()
    boxes.nth(1).uncheck()
    expect(page.get_by_text("2 accounts selected")).to_be_visible()
    assert [box.is_checked() for box in boxes.all()] == [True, False, True]


def test_an_unknown_outcome_is_resolved_with_evidence(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    account = model.account()
    bot.report(account, kind="unknown", code="no_answer", message="the connection broke after sending")
    page = console.open(f"review?model_id={model.model_id}", ready="[data-row]")
    page.get_by_role("link", name="outcome unknown").click()
    expect(page.get_by_text("It may have happened.")).to_be_visible()
    page.get_by_role("button", name="Resolve …").click()
    send = page.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True)
    page.get_by_role("dialog").get_by_label("Reason").fill("it is there")
    expect(send).to_be_disabled()  # not without evidence
    decide(page, "Resolve", address="https://social.example/seen/1")
    (event, *_) = console.stage.api.get("/api/operator/audit", account_id=account)["items"]
    assert (event["action"], event["details"]["evidence"]) == (
        "phase:resolve",
        {"url": "https://social.example/seen/1"},
    )
    expect(page.get_by_text("Nothing matches the filters")).to_be_visible()


def test_who_retries_an_unknown_outcome_is_told_what_that_says(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    account = model.account("perhaps.done")
    bot.report(account, kind="unknown", code="no_answer", message="the connection broke after sending")
    page = console.open(f"pipeline?account={account}", ready=".drawer h3")
    expect(page.locator(".timeline li").first).to_contain_text("stopped")  # and not that it can be taken
    page.get_by_role("button", name="Retry pfp …").click()
    expect(page.get_by_role("dialog")).to_contain_text("The outcome is unknown")
    decide(page, "Retry", Reason="it is not there")
    expect(page.get_by_text("perhaps.done: pfp offered again.")).to_be_visible()


def test_an_image_is_uploaded_and_seen_assigned(console: Console, tmp_path: Path) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    picture = tmp_path / "harbour.jpg"
    picture.write_bytes(pictures.draw(6006, "pfp", "sea", "Harbour").data)
    page = console.open(f"content?model={model.model_id}", ready=".item")
    page.get_by_role("button", name="Upload media").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Files").set_input_files(picture)
    dialog.get_by_label("Category").select_option("pfp")
    dialog.get_by_label("Quality").fill("100")
    dialog.get_by_role("button", name="Upload 1 file").click()
    expect(dialog).to_contain_text("in the pool as con_")
    content_id = dialog.locator("li code").inner_text()
    dialog.get_by_role("button", name="Close").click()
    account = model.account()
    bot.take(account)
    page.locator(f"a.item[href*={content_id}]").click()
    drawer = page.locator(".drawer")
    expect(drawer).to_contain_text(account)  # who it was given to
    shows_a_picture(drawer.locator("img").first)
    drawer.get_by_role("link", name=account).click()
    expect(page.locator(f".drawer[aria-label='Account {account}'] img.thumb")).to_be_visible()
    expect(page.locator(".drawer .parts").first).to_contain_text("quality")


def test_an_account_is_assigned_skipped_and_reset_by_hand(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    account = model.account()
    token = bot.take(account)
    page = console.open(f"pipeline?account={account}", ready=".drawer h3")
    drawer = page.locator(".drawer")
    expect(drawer).to_contain_text("Heartbeatlast seen")
    expect(drawer.get_by_role("button", name="Assign by hand …")).to_have_count(0)  # not while somebody works with it
    bot.api.post(f"/api/bot/accounts/{account}/release", {}, {"Lease-Token": token})
    other = model.media("pfp")
    console.look()
    drawer.get_by_role("button", name="Assign by hand …").click()
    page.get_by_role("dialog").get_by_label("Media").select_option(other)
    decide(page, "Assign", Reason="this one is better")
    expect(drawer).to_contain_text("assigned by hand: this one is better")
    assert console.stage.account(account)["phases"][0]["assigned_content_id"] == other
    drawer.get_by_role("button", name="Skip … pfp").click()
    decide(page, "Skip", Reason="the owner has one")
    expect(drawer).to_contain_text("1 of 5 phases completed")
    drawer.get_by_role("button", name="Reset …").click()
    decide(page, "Reset", Reason="begin anew")
    expect(drawer).to_contain_text("The warm-up has not begun")
    assert console.stage.account(account)["state"] == "ready"


def test_one_code_of_two_kinds_makes_two_groups_and_a_group_is_decided_alone(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    model.media("pfp")
    surely, perhaps = model.account(), model.account()
    bot.report(surely, kind="account", message="the platform asks for a new password")  # without a code
    bot.report(perhaps, kind="unknown", message="the connection broke after sending")
    page = console.open(f"review?model_id={model.model_id}", ready="[data-row]")
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-row]").first).to_contain_text("outcome unknown")
    page.locator("[data-row]", has_text="account at fault").get_by_role("button", name="Resolve all").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 account of those with no code in pfp")
    dialog.get_by_label("Reason").fill("the owner has done it")
    expect(dialog.get_by_role("button", name="Resolve 1")).to_be_disabled()  # not without evidence
    dialog.get_by_label("note").fill("seen by Ada")
    dialog.get_by_role("button", name="Resolve 1").click()
    expect(dialog).to_contain_text("1 of 1 resolved")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    assert console.stage.account(perhaps)["phase_status"] == "requires_review"


def test_what_is_withdrawn_shows_whom_it_touches(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    account = model.account()
    bot.take(account)
    held = console.stage.account(account)["phases"][0]["assigned_content_id"]
    page = console.open(f"content?model={model.model_id}&item={model.model_id}/content/{held}", ready=".drawer img")
    page.get_by_role("button", name="Withdraw …").click()
    decide(page, "Withdraw", Reason="the licence was revoked")
    expect(page.locator(".drawer")).to_contain_text("This affects 1 account")
    expect(page.locator(".drawer")).to_contain_text("held")


def test_a_long_text_is_counted_as_the_service_counts_and_never_cut(console: Console) -> None:
    model = console.stage.model()
    page = console.open(f"content?model={model.model_id}&view=texts", ready=".item")
    page.get_by_role("button", name="Add a text").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_label("Text", exact=False).first
    field.fill("😀" * 100)
    expect(dialog).to_contain_text("100 characters (Unicode code points)")
    field.fill("😀" * 2201)
    expect(dialog).to_contain_text("2,201 characters: 1 more than the limit of 2,200")
    assert len(field.input_value()) == 2201  # Python counts code points, too: nothing was cut
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_be_visible()  # it is not sent
    field.fill("😀" * 500)
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_have_count(0)
    shown = page.locator(".item .words", has_text="😀").inner_text()
    assert shown == "😀" * 400 + "…"


def test_an_items_category_words_and_licence_are_changed_and_its_end_is_seen(console: Console) -> None:
    model = console.stage.model()
    edit(console, model.path, time_zone="Pacific/Auckland")
    text = model.text("bio", "Sea and snu.")
    page = console.open(
        f"content?model={model.model_id}&view=texts&item={model.model_id}/texts/{text}", ready=".drawer dl"
    )
    page.get_by_role("button", name="Change …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Text", exact=False).first.fill("Sea and sun.")
    dialog.get_by_label("Category").select_option("highlight")
    dialog.get_by_label("Licensed by").fill("Nora Lind")
    dialog.get_by_label("Licensed until (end of the day, Pacific/Auckland)").fill("2026-01-02")
    decide(page, "Save", Reason="it was meant so")
    found = console.stage.api.get(f"{model.path}/texts/{text}")
    assert (found["category"], found["body"]) == ("highlight", "Sea and sun.")
    assert found["licence"] == {"licensed_by": "Nora Lind", "valid_until": "2026-01-02T10:59:59.999Z"}
    drawer = page.locator(".drawer")
    expect(drawer).to_contain_text("licence ended")
    expect(drawer).to_contain_text("(2026-01-02, Pacific/Auckland)")
    page.get_by_label("Rights").select_option("expired")
    expect(page.locator(".item")).to_have_count(1)
    expect(page.locator(".item")).to_contain_text("licence ended")
    page.get_by_role("button", name="Change …").click()
    expect(page.get_by_role("dialog").get_by_label("Licensed until")).to_have_value("2026-01-02")
    page.get_by_role("dialog").get_by_label("Licensed until").fill("2099-12-31")
    decide(page, "Save")
    expect(page.locator(".drawer")).to_contain_text("approved")
    assert console.stage.api.get(f"{model.path}/texts/{text}")["licence"]["valid_until"] == "2099-12-31T10:59:59.999Z"


def test_an_edit_of_what_has_changed_meanwhile_shows_what_stands_there(console: Console) -> None:
    model = console.stage.model()
    text = model.text("bio", "A text of its own.")
    page = console.open(f"content?view=texts&item={model.model_id}/texts/{text}", ready=".drawer dl")
    page.get_by_role("button", name="Change …").click()
    page.get_by_role("dialog").get_by_label("Quality").fill("12")
    edit(console, f"{model.path}/texts/{text}", quality_score=33)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Version conflict")
    expect(page.get_by_role("dialog")).to_contain_text("quality_score 70 → 33")
    expect(page.get_by_role("dialog").get_by_label("Quality")).to_have_value("12")  # what was typed stays
    with page.expect_response(lambda answer: answer.request.method == "PATCH" and answer.status == 200):
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
    assert all("412" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def test_an_edit_leaves_alone_what_others_changed_while_its_dialog_was_open(console: Console) -> None:
    model = console.stage.model()
    text = model.text("bio", "A text of two editors.")
    page = console.open(f"content?view=texts&item={model.model_id}/texts/{text}", ready=".drawer dl")
    page.get_by_role("button", name="Change …").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Save")).to_be_disabled()  # nothing is changed yet
    page.get_by_role("dialog").get_by_label("Tags").fill("dawn")
    edit(console, f"{model.path}/texts/{text}", quality_score=33)
    console.look()
    expect(page.locator(".drawer dl")).to_contain_text("33")  # the drawer knows of it, the open dialog does not
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_contain_text("quality_score 70 → 33")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    found = console.stage.api.get(f"{model.path}/texts/{text}")
    assert (found["quality_score"], found["tags"]) == (33, ["dawn"])
    assert all("412" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def test_a_model_that_has_changed_meanwhile_is_paused_all_the_same(console: Console) -> None:
    model = console.stage.model()
    page = console.open("status", ready=f"text={model.model_id}")
    page.get_by_role("button", name=f"Pause … {model.model_id}", exact=True).click()
    edit(console, model.path, name="Renamed")
    page.get_by_role("dialog").get_by_label("Reason").fill("a holiday")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("dialog")).to_contain_text("→ Renamed")
    decide(page, "Pause")
    assert console.stage.api.get(model.path)["paused"] is True
    assert all("412" in one for one in console.wrong), console.wrong
    console.wrong.clear()


def test_a_model_gets_more_turns_and_a_bound(console: Console) -> None:
    model = console.stage.model()
    page = console.open("status", ready=f"text={model.model_id}")
    page.get_by_role("button", name=f"Edit … {model.model_id}", exact=True).click()
    page.get_by_role("dialog").get_by_label("Weight").fill("3")
    page.get_by_role("dialog").get_by_label("At most at work").fill("2")
    page.get_by_role("dialog").get_by_label("Plan of new accounts").select_option("standard/1")
    page.get_by_role("dialog").get_by_label("A licence is required").check()
    page.get_by_role("dialog").get_by_label("Minimum quality").fill("60")
    decide(page, "Save")
    found = console.stage.api.get(model.path)
    assert (found["weight"], found["max_concurrent"], found["time_zone"]) == (3, 2, "UTC")
    assert (found["plan"], found["licence_required"], found["four_eyes"]) == ("standard/1", True, False)
    assert (found["minimum_quality"], found["cooldown_hours"]) == (60, None)
    expect(page.locator("tr", has_text=model.model_id)).to_contain_text("a licence, a quality of 60")
    page.get_by_role("button", name=f"Edit … {model.model_id}", exact=True).click()
    page.get_by_role("dialog").get_by_label("At most at work").fill("")
    page.get_by_role("dialog").get_by_label("Plan of new accounts").select_option("")
    decide(page, "Save")
    found = console.stage.api.get(model.path)
    assert (found["max_concurrent"], found["plan"], found["licence_required"]) == (None, None, True)


def test_a_bot_is_drained(console: Console) -> None:
    bot = console.stage.bot()
    page = console.open("bots", ready="[data-row]")
    page.get_by_role("button", name=f"Drain … {bot.bot_id}", exact=True).click()
    decide(page, "Drain", Reason="a new release")
    expect(page.locator("tr", has_text=bot.session)).to_contain_text("draining")
    assert bot.api.post(f"/api/bot/sessions/{bot.session}/heartbeat")["directive"] == "drain"


def test_a_new_bot_is_shown_its_key_once(console: Console) -> None:
    page = console.open("bots")
    page.get_by_role("button", name="New bot").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Id").fill("fresh-bot")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog").locator("pre")).to_contain_text("wk_fresh-bot_")
    page.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_text("wk_fresh-bot_")).to_have_count(0)


def test_what_others_take_stays_where_it_was_and_is_said_to_be_taken(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    accounts = [model.account() for _ in range(2)]
    page = console.open(f"tasks?model_id={model.model_id}", ready="[data-row]")
    bot.take(accounts[0])
    console.look()
    row = page.locator("[data-row]", has_text=f"user.{accounts[0]}")
    expect(row).to_contain_text("taken")
    expect(row.get_by_role("button")).to_have_count(0)
    expect(page.locator("[data-row]")).to_have_count(2)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("[data-row]")).to_have_count(1)


def test_a_person_does_a_task(console: Console) -> None:
    model = console.stage.model()
    account = model.account("by.a.person")
    page = console.open(f"tasks?model_id={model.model_id}", ready="[data-row]")
    page.get_by_role("button", name="Take").click()
    task = page.locator("article")
    expect(task).to_contain_text("by.a.person: pfp")
    expect(page.get_by_text("Nothing of this model is due")).to_be_visible()
    shows_a_picture(task.locator("img"))
    page.reload()  # what one holds is found again
    page.get_by_role("button", name="Done …", exact=True).click()
    decide(page, "Done", Note="done by hand")
    expect(page.get_by_text("You hold no task")).to_be_visible()
    found = console.stage.account(account)
    assert (found["phases"][0]["status"], found["phases"][0]["platform_response"]) == (
        "completed",
        {"note": "done by hand"},
    )


def test_a_person_who_does_not_know_says_so(console: Console) -> None:
    model = console.stage.model()
    account = model.account()
    page = console.open(f"tasks?model_id={model.model_id}", ready="[data-row]")
    page.get_by_role("button", name="Take").click()
    page.get_by_role("button", name="Don't know …").click()
    decide(page, "Report", What_happened="the app froze after the tap")
    assert console.stage.account(account)["phases"][0]["error_kind"] == "unknown"


def test_everything_is_paused_and_resumed(console: Console) -> None:
    page = console.open("status", ready="text=Pause all")
    page.get_by_role("button", name="Pause all").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("the platform is down")
    expect(dialog.get_by_role("button", name="Pause all")).to_be_disabled()  # not without the words
    decide(page, "Pause all", Type="pause all")
    expect(page.get_by_text("the platform is down")).to_be_visible()
    console.look()
    expect(page.get_by_text("The whole pipeline is paused.")).to_be_visible()
    assert console.stage.api.get("/api/ready")["pipeline_paused"] is True
    page.get_by_role("button", name="Resume all").click()
    decide(page, "Resume all", Reason="it is up again", Type="resume all")
    expect(page.get_by_role("button", name="Pause all")).to_be_visible()
    assert console.stage.api.get("/api/ready")["pipeline_paused"] is False


def test_more_than_fifty_ask_for_their_number_and_show_how_far_they_are(console: Console) -> None:
    model = stages.crowd(console.stage)
    ids = [f"{model.model_id}-{number}" for number in range(55)]
    ready = {"action": "ready", "account_ids": ids, "reason": "x"}
    console.stage.api.post("/api/operator/accounts/bulk", ready)
    page = console.open(f"pipeline?model_id={model.model_id}&state=ready", ready="[data-row]")
    page.get_by_label("Select the page").check()  # not before the whole page is there
    expect(page.locator("[data-row]")).to_have_count(50)
    page.get_by_role("button", name="Select all that match").click()
    page.get_by_role("button", name="Pause …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("55 accounts of all that match")
    dialog.get_by_label("Reason").fill("a holiday")
    expect(dialog.get_by_role("button", name="Pause 55")).to_be_disabled()
    dialog.get_by_label("Type the number").fill("55")
    dialog.get_by_role("button", name="Pause 55").click()
    expect(dialog).to_contain_text("55 of 55 paused")
    expect(dialog.locator("progress")).to_be_visible()
    paused = console.stage.api.get("/api/operator/accounts", state="paused", limit=100)["items"]
    assert sum(one["model_id"] == model.model_id for one in paused) == 55


def paced(console: Console) -> str:
    """A published plan of two phases with names of their own."""
    api, name = console.stage.api, "paced"
    phases = [
        {"phase": "portrait", "category": "pfp", "interval_hours": 0, "content": {"need": "required"}},
        {"phase": "second_post", "category": "post", "interval_hours": 48, "content": {"need": "required"}},
    ]
    api.post("/api/operator/plans", {"name": name, "title": "Paced"})
    api.patch(f"/api/operator/plans/{name}/versions/1", {"phases": phases})
    api.post(f"/api/operator/plans/{name}/versions/1/publish", {})
    return name


def test_the_pipeline_has_the_phases_of_the_plan_as_columns_and_of_several_plans_as_progress(console: Console) -> None:
    model, bot = console.stage.model(), console.stage.bot()
    model.media("pfp")
    usual, slow = model.account(), model.account(plan=paced(console))
    bot.complete(usual)
    bot.take(slow, "portrait", first=True)
    page = console.open(f"pipeline?model_id={model.model_id}", ready="[data-row]")
    columns = page.locator("thead th")
    expect(columns.filter(has_text="Phases")).to_have_count(1)
    progress = page.locator(f'[data-row="{slow}"] .progress li')
    expect(progress).to_have_text(["portrait: in progress", "second_post: pending"])
    expect(page.locator(f'[data-row="{usual}"] .progress li').first).to_have_text("pfp: completed")
    page.get_by_label("Phase").first.select_option("portrait")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(columns.filter(has_text="portrait")).to_have_count(1)
    expect(columns.filter(has_text="second_post")).to_have_count(1)
    expect(columns.filter(has_text="highlight")).to_have_count(0)

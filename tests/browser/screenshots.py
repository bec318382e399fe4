"""`make screenshots`: each screen of a seeded agency at work, light and dark, into docs/console."""

import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import stage as stages
from tests.browser.stage import SCREENS, Model, Stage, console
from tests.json_client import JsonClient
from warmup.sandbox import stores

FOLDER = stores.ROOT / "docs" / "console"
THEMES = ("light", "dark")
NAMES = (*SCREENS, "account", "item", "runway", "narrow")
LARGEST = 150_000
_LONGEST = 150  # seconds
_FORGOTTEN = 31  # seconds after which nobody remembers of a bot's key what was changed meanwhile


def main() -> None:
    """Runs the agency for a while, holds the time, and looks at every screen."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="warmup-screenshots-"))
    with (
        stages.sandbox(folder, "--speed", "10000") as url,
        JsonClient(url, stages.KEY) as api,
        stages.browser() as browser,
    ):
        _until("the bots are hired", lambda: len(api.get("/api/operator/bots")["items"]) == 4)
        for bot in api.get("/api/operator/bots")["items"]:
            _bind(url, bot["bot_id"])
        time.sleep(_FORGOTTEN)
        _until("a third of the accounts are past their bio", lambda: _past_bio(api) >= 8)
        stage = Stage(url, api, browser)
        model = _tasks(stage)
        own: dict[str, Any] = {"model_id": model.model_id, "action": "run_phase"}
        _until("there is something to post", lambda: len(api.get("/api/operator/tasks", **own)["items"]) == len(THEMES))
        api.post("/sandbox/clock", {"speed": 60, "run_schedules": False})
        time.sleep(1)
        account = _trouble(stage, model)
        _plan(stage)
        for theme in THEMES:
            for name, picture in _pictures(stage, theme, model, account):
                _save(FOLDER / f"{name}-{theme}.png", picture)
                print(f"{name}-{theme}", file=sys.stderr)


def _until(what: str, true: Callable[[], bool]) -> None:
    """Waits for it."""
    print(f"waiting until {what} …", file=sys.stderr)
    ends_at = time.monotonic() + _LONGEST
    while not true():
        if time.monotonic() > ends_at:
            sys.exit(f"after {_LONGEST} s it is not yet so that {what}")
        time.sleep(0.5)


def _past_bio(api: JsonClient) -> int:
    accounts = api.get("/api/operator/accounts", limit=100)["items"]
    return sum(one["current_phase"] in ("post", "highlight", "story") for one in accounts)


def _bind(url: str, bot_id: str) -> None:
    """Leaves the agency's own bots to the agency's own models: what we add is ours."""
    headers = {"Authorization": f"Bearer {stages.KEY}"}
    models = {"models": ["aurora", "marlo", "tide"]}
    httpx.patch(f"{url}/api/operator/bots/{bot_id}", json=models, headers=headers, trust_env=False).raise_for_status()


def _tasks(stage: Stage) -> Model:
    """A model whose work is left to people: an account for each theme will be due with a picture and words to post."""
    model = stage.model()
    for hour in ("First", "Last"):
        account, bot = model.account(), stage.bot()
        model.media("post")
        words = f"{hour} light over the harbour, and the gulls are louder than the ferry.\n\n#slowdays"
        model.text("post", words, quality_score=90)
        bot.api.post(f"/api/bot/accounts/{account}/start-warmup", headers={"Bot-Session": bot.session})
        for phase in ("pfp", "bio"):
            path = f"/api/operator/accounts/{account}/phases/{phase}/skip"
            stage.api.post(path, {"reason": "the owner has done it already"})
    return model


def _trouble(stage: Stage, model: Model) -> str:
    """Adds what the seeded agency has too little of; the account whose outcome is unknown."""
    bot = stage.bot()
    said = [
        {"kind": "account", "code": "locked_out", "message": "the platform asks the owner to confirm a new device"},
        {"kind": "account", "code": "locked_out", "message": "the platform asks the owner to confirm a new device"},
        {"kind": "unknown", "code": "no_answer", "message": "the connection broke after the tap on “Share”"},
    ]
    account = ""
    for told in said:
        model.media("pfp")
        account = model.account()
        bot.report(account, **told)
    for _ in range(3):
        model.media("pfp")
        model.account()
    return account


def _plan(stage: Stage) -> None:
    """A draft that waits 48 hours before each phase and leaves the story out."""
    made = stage.api.post("/api/operator/plans", {"name": "slow", "title": "48 hours before each phase"})
    phases = [{**one, "interval_hours": 48 if place else 0} for place, one in enumerate(made["phases"][:-1])]
    url, headers = f"{stage.url}/api/operator/plans/slow/versions/1", {"Authorization": f"Bearer {stages.KEY}"}
    httpx.patch(url, json={"phases": phases}, headers=headers, trust_env=False).raise_for_status()


def _pictures(stage: Stage, theme: str, own: Model, account: str) -> Iterator[tuple[str, bytes]]:
    with console(stage, color_scheme=theme, viewport={"width": 1360, "height": 860}) as tab:
        for screen in SCREENS:
            page = tab.open(screen)
            if screen == "review":
                page.get_by_role("link", name="outcome unknown").first.click()
            if screen == "plans":
                page.get_by_role("link", name="slow/1").click()
                page.locator(".course").wait_for()
            if screen == "tasks":
                tab.open(f"tasks?model_id={own.model_id}", ready="[data-row]")
                page.locator("[data-row]", has_text="do post").get_by_role("button", name="Take").first.click()
                page.locator("article img").wait_for()
            yield screen, _shot(page)
        yield "account", _shot(tab.open(f"pipeline?account={account}", ready=".drawer h3"))
        model = "aurora"
        media = stage.api.get(f"/api/operator/models/{model}/content", limit=100)["items"]
        used = max(media, key=lambda one: one["usage_count"])["content_id"]
        yield "item", _shot(tab.open(f"content?model={model}&item={model}/content/{used}", ready=".drawer dl"))
        yield "runway", _shot(tab.open(f"content?model={model}&view=runway"))
    with console(stage, color_scheme=theme, viewport={"width": 320, "height": 860}) as tab:
        yield "narrow", _shot(tab.open("pipeline", ready="[data-row]"))


def _shot(page: Page) -> bytes:
    expect(page.get_by_text("Loading …")).to_have_count(0)
    page.get_by_text("Sandbox time").wait_for()  # the clock's speed is known after two looks
    return page.screenshot()


def _save(file: Path, picture: bytes) -> None:
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(192, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    if file.stat().st_size > LARGEST:
        sys.exit(f"{file} has {file.stat().st_size} bytes, more than {LARGEST}")


if __name__ == "__main__":
    main()

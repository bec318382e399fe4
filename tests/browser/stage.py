"""What the browser tests play on: a sandbox in a process of its own, an agency made over its API, and the console."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.json_client import JsonClient
from warmup.sandbox import pictures, stores

KEY = "an-operators-key-for-these-tests"
AXE = stores.ROOT / ".tools" / "axe-core" / "axe.min.js"
SCREENS = ("now", "pipeline", "review", "content", "plans", "bots", "tasks", "audit", "status")
CONSENT = {"granted_by": "Ada", "granted_at": "2026-01-01T00:00:00.000Z", "reference": "contract 7"}
_numbers = count(1)


def chromium() -> str:
    """Where Chromium is; skips, or fails in CI, where it is not."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        _missing("Chromium is not installed: run `apt-get install chromium`")
    assert found is not None
    return found


def axe() -> str:
    """The script of axe-core; skips, or fails in CI, where it is not."""
    if not AXE.exists():
        _missing("axe-core is not installed: run `make setup` (it needs npm)")
    return AXE.read_text(encoding="utf-8")


def _missing(reason: str) -> None:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@contextmanager
def sandbox(folder: Path, *arguments: str) -> Iterator[str]:
    """The sandbox's URL, once it is ready."""
    if reason := stores.missing("ministack"):
        _missing(reason)
    process = subprocess.Popen(
        [sys.executable, "-m", "warmup", "dev", "--port", "0", "--operator-key", KEY, *arguments],
        stdout=subprocess.PIPE,
        stderr=(folder / "sandbox.log").open("w"),
        text=True,
        cwd=stores.ROOT,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", ready), (folder / "sandbox.log").read_text()
        yield ready.split()[1]
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield launched
        launched.close()


@dataclass(slots=True)
class Stage:
    """A sandbox, an operator's client of it, and a browser."""

    url: str
    api: JsonClient
    browser: Browser

    def model(self) -> "Model":
        """A new model with one item of each category."""
        model = Model(self, f"model-{next(_numbers)}")
        self.api.post("/api/operator/models", {"model_id": model.model_id, "name": f"Model {model.model_id[6:]}"})
        for category in ("pfp", "post", "highlight", "story"):
            model.media(category)
        for category in ("bio", "post", "highlight"):
            model.text(category, f"Words for {category} of {model.model_id}.")
        return model

    def bot(self) -> "Bot":
        """A new bot in a session."""
        bot_id = f"worker-{next(_numbers)}"
        client = JsonClient(self.url, self.api.post("/api/operator/bots", {"bot_id": bot_id})["key"])
        opened = client.post("/api/bot/sessions", {"client": "test/1", "host": "here"})
        return Bot(bot_id, client, opened["session_id"])

    def account(self, account_id: str) -> dict[str, Any]:
        """The account as operators see it."""
        return self.api.get(f"/api/operator/accounts/{account_id}")

    def advance(self, seconds: float) -> None:
        """Lets time pass, and runs the timers."""
        self.api.post("/sandbox/clock", {"advance_seconds": seconds})


@dataclass(slots=True)
class Model:
    """A model with pools of its own, so that no test takes from another."""

    stage: Stage
    model_id: str

    @property
    def path(self) -> str:
        """Its path in the operator API."""
        return f"/api/operator/models/{self.model_id}"

    def media(self, category: str, **more: Any) -> str:
        """A picture in the pool; its id."""
        number = next(_numbers)
        picture = pictures.draw(number, category, "sea", f"Picture {number}")
        said = {"media_type": picture.media_type, "bytes": len(picture.data), "sha256": picture_digest(picture.data)}
        form = self.stage.api.post(f"{self.path}/content/uploads", {"filename": "picture", **said})
        self.stage.api.upload(form["url"], form["fields"], picture.data)
        entry = {"category": category, "quality_score": 70, "max_usage": 50, "media_key": form["media_key"]}
        made = self.stage.api.post(f"{self.path}/content", {**entry, **said, **more})
        return str(made["content_id"])

    def text(self, category: str, body: str, **more: Any) -> str:
        """A text in the pool; its id."""
        entry: dict[str, Any] = {"category": category, "quality_score": 70, "max_usage": 50, "body": body}
        return str(self.stage.api.post(f"{self.path}/texts", {**entry, **more})["text_id"])

    def account(self, username: str | None = None, **more: str) -> str:
        """An account that is ready to be started; its id."""
        account_id = f"acc-{next(_numbers)}"
        body = {"account_id": account_id, "model_id": self.model_id, "username": username or f"user.{account_id}"}
        self.stage.api.post("/api/operator/accounts", {**body, "consent": CONSENT, **more})
        self.stage.api.post(f"/api/operator/accounts/{account_id}/ready", {"reason": "for a test"})
        return account_id


CROWD = 320
_crowds: dict[str, Model] = {}


def crowd(stage: Stage) -> Model:
    """A model with so many accounts that a look does not see them all: `<model>-0` and so on, called `many.0`."""
    if stage.url not in _crowds:
        model = _crowds[stage.url] = stage.model()
        rows = "model_id,account_id,username,granted_by,granted_at,reference\n" + "".join(
            f"{model.model_id},{model.model_id}-{number},many.{number},Ada,2026-01-01T00:00:00Z,contract 7\n"
            for number in range(CROWD)
        )
        stage.api.post_raw("/api/operator/accounts/import", rows.encode(), "text/csv")
    return _crowds[stage.url]


def picture_digest(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


@dataclass(slots=True)
class Bot:
    """A bot that does what a test says."""

    bot_id: str
    api: JsonClient
    session: str

    def take(self, account_id: str, phase: str = "pfp", *, first: bool = False) -> str:
        """Takes a phase, and starts the warm-up before the first; the token of the lease."""
        path, headers = f"/api/bot/accounts/{account_id}", {"Bot-Session": self.session}
        if first or phase == "pfp":
            self.api.post(f"{path}/start-warmup", headers=headers)
        token: str = self.api.get(f"{path}/content/{phase}", headers)["lease"]["lease_token"]
        return token

    def complete(self, account_id: str, phase: str = "pfp", **told: Any) -> None:
        """Does a phase."""
        token = self.take(account_id, phase)
        self.api.post(f"/api/bot/accounts/{account_id}/complete-phase/{phase}", told, {"Lease-Token": token})

    def report(self, account_id: str, phase: str = "pfp", **told: Any) -> None:
        """Takes a phase and reports that it went wrong."""
        token = self.take(account_id, phase)
        body = {"phase": phase, "kind": "transient", "message": "it did not work", **told}
        self.api.post(f"/api/bot/accounts/{account_id}/report-error", body, {"Lease-Token": token})


@dataclass(slots=True)
class Console:
    """The console in a tab, with what went wrong in it: console errors, uncaught errors, breaches of the policy."""

    stage: Stage
    context: BrowserContext
    page: Page
    wrong: list[str] = field(default_factory=list)

    def open(self, where: str = "", *, ready: str = "h1") -> Page:
        """Opens a screen, signed in."""
        self.page.goto(f"{self.stage.url}/console{where and '/'}{where}")
        self.page.locator(ready).first.wait_for()
        return self.page

    def go(self, where: str, *, ready: str = "h1") -> Page:
        """Goes to another screen of the open console, as a link in it does: nothing is loaded anew."""
        self.page.evaluate(
            "url => { history.pushState(null, '', url); dispatchEvent(new PopStateEvent('popstate')); }",
            f"{self.stage.url}/console/{where}",
        )
        self.page.locator(ready).first.wait_for()
        expect(self.page.get_by_text("Loading …")).to_have_count(0)
        return self.page

    def look(self) -> None:
        """Has every live answer read again now, as when somebody comes back to the tab."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@contextmanager
def console(stage: Stage, *, signed_in: bool = True, **context: Any) -> Iterator[Console]:
    """The console in a tab of its own. Nothing moves in it: what fades in has less contrast meanwhile."""
    still = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
    opened = stage.browser.new_context(**{**still, **context})
    opened.set_default_timeout(8000)
    if signed_in:
        opened.add_init_script(f"sessionStorage.setItem('warmup.key', {KEY!r})")
    tab = Console(stage, opened, opened.new_page())

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            tab.wrong.append(f"{message.type}: {message.text}")

    tab.page.on("console", said)
    tab.page.on("pageerror", lambda error: tab.wrong.append(f"uncaught: {error}"))
    opened.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective))"
    )
    try:
        yield tab
    finally:
        opened.close()

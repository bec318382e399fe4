"""`make bench-console`: the console over many accounts, in Chromium: what a person waits for, and what it consists of.

The accounts are planted into the sandbox's store past the API: half of them waiting, the others ready, some failed.
"""

import argparse
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from playwright.sync_api import Page

from chalicelib.domain.instants import render
from tests.browser import stage as stages
from tests.browser.stage import Stage, console
from tests.json_client import JsonClient
from warmup.sandbox import stores

_BATCH = 25


def main() -> None:
    """Plants, opens, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="warmup-bench-console-"))
    with stores.ministack() as store:
        os.environ.update(store.environ())
        arguments = ("--empty", "--store", store.dynamodb_url)
        with stages.sandbox(folder, *arguments) as url, JsonClient(url, stages.KEY) as api, stages.browser() as browser:
            stage = Stage(url, api, browser)
            began = time.monotonic()
            _plant(stage, asked.accounts)
            api.post("/sandbox/schedules/open_due_phases")
            print(f"{asked.accounts} accounts planted in {time.monotonic() - began:.0f} s")
            _measure(stage)


def _plant(stage: Stage, count: int) -> None:
    """Copies of accounts that the API made, under other names."""
    model, bot = stage.model(), stage.bot()
    ready, waiting, failed = model.account(), model.account(), model.account()
    model.media("pfp")
    bot.complete(waiting)
    bot.report(failed, kind="account", code="locked_out", message="the platform asks for a new password")
    store = boto3.Session().client("dynamodb")
    tables = store.list_tables()["TableNames"]
    accounts = next(name for name in tables if name.endswith("accounts"))
    phases = next(name for name in tables if name.endswith("warmup_phases"))
    kinds = [(ready, 0.48), (waiting, 0.5), (failed, 0.02)]
    rows: list[tuple[str, dict[str, Any]]] = []
    for account_id, part in kinds:
        row = store.get_item(TableName=accounts, Key={"account_id": {"S": account_id}})["Item"]
        own = store.query(
            TableName=phases,
            KeyConditionExpression="account_id = :a",
            ExpressionAttributeValues={":a": row["account_id"]},
        )["Items"]
        for number in range(int(count * part)):
            rows += _copies(row, own, accounts, phases, number)
    for start in range(0, len(rows), _BATCH):
        batch: dict[str, list[Any]] = {}
        for table, row in rows[start : start + _BATCH]:
            batch.setdefault(table, []).append({"PutRequest": {"Item": row}})
        store.batch_write_item(RequestItems=batch)


def _copies(
    row: dict[str, Any], phases: list[dict[str, Any]], accounts_table: str, phases_table: str, number: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    name = f"{secrets.token_hex(4)}-{number:05d}"
    due = (
        {} if "due_at" not in row else {"due_at": {"S": render(datetime.now(UTC) + timedelta(seconds=number % 86400))}}
    )
    yield accounts_table, {**row, "account_id": {"S": name}, "username": {"S": f"user.{name}"}, **due}
    for phase in phases:
        yield phases_table, {**phase, "account_id": {"S": name}}


class Meter:
    """What a stretch of the page's life costs: requests, what Chromium did, long tasks, changes of the document."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._sdk = page.context.new_cdp_session(page)
        self._sdk.send("Performance.enable")
        self._sent: list[str] = []
        page.on("request", lambda one: self._sent.append(one.url) if "/api/operator/" in one.url else None)
        page.evaluate("""() => {
            const meter = window.meter = { long: [], touched: 0, shown: null };
            new PerformanceObserver((found) => found.getEntries().forEach((one) => meter.long.push(one.duration)))
                .observe({ entryTypes: ['longtask'] });
            const all = { childList: true, subtree: true, attributes: true, characterData: true };
            new MutationObserver((found) => {
                meter.touched += found.length;
                if (meter.shown === null && document.querySelectorAll('tr[data-row] .cell').length) {
                    meter.shown = 0;
                    requestAnimationFrame(() => setTimeout(() => { meter.shown = performance.now(); }));
                }
            }).observe(document.querySelector('main'), all);
        }""")

    def _chromium(self) -> dict[str, float]:
        return {one["name"]: one["value"] for one in self._sdk.send("Performance.getMetrics")["metrics"]}

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        """Prints what passed meanwhile."""
        self._page.evaluate("window.meter.long.length = window.meter.touched = 0")
        self._sent.clear()
        before, began = self._chromium(), time.monotonic()
        yield
        took = time.monotonic() - began
        after = self._chromium()
        done = {name: after[name] - before[name] for name in after}
        found = self._page.evaluate("window.meter")
        lists = sum("with_phases" in url for url in self._sent)
        print(
            f"{what}: {1000 * took:.0f} ms; {len(self._sent)} requests, {lists} of accounts; "
            f"script {1000 * done['ScriptDuration']:.0f} ms, {done['LayoutCount']:.0f} layouts "
            f"{1000 * done['LayoutDuration']:.0f} ms, {found['touched']} changes, "
            f"{len(found['long'])} tasks over 50 ms{_longest(found['long'])}; "
            f"{self._page.evaluate(_ELEMENTS)} elements"
        )


def _longest(tasks: list[float]) -> str:
    return f" (the longest {max(tasks):.0f})" if tasks else ""


def _measure(stage: Stage) -> None:
    with console(stage) as tab:
        page = tab.open("audit", ready="[data-row]")
        page.wait_for_timeout(3000)
        meter = Meter(page)
        page.evaluate("performance.clearResourceTimings()")
        with meter("first page"):
            page.get_by_role("link", name="Pipeline").click()
            page.locator("[data-row]").nth(49).wait_for()
        page.wait_for_timeout(300)
        print(f"  from the end of its data to the frame that shows it: {page.evaluate(_AFTER_DATA):.0f} ms")
        page.wait_for_timeout(1000)
        with meter("scrolling down and up, 120 frames"):
            frames: list[float] = page.evaluate(_SCROLL)
        print(f"  frames: median {sorted(frames)[60]:.0f} ms, the longest {max(frames):.0f} ms")
        with meter("nobody touches it for 12 s, nothing changes"):
            page.wait_for_timeout(12_000)
        for label, value in (("Handle or id", "user.00"), ("Error code", "locked_out"), ("Handle or id", "nobody")):
            field = page.get_by_label(label)
            with meter(f"filter {label} = {value}, to its first row or its end"):
                field.fill(value)
                page.wait_for_url(f"**={value}*")
                page.locator("[data-row], .empty").first.wait_for(timeout=60_000)
            with meter("  and to the end of its page"):
                page.get_by_role("navigation", name="Pages").or_(page.locator(".empty")).wait_for(timeout=60_000)
            field.fill("")
            page.wait_for_url(re.compile("^(?!.*(text|error_code)=)"))
            page.locator("[data-row]").first.wait_for(timeout=30_000)
        with meter("the tab Due now"):
            page.get_by_role("link", name="Due now").click()
            page.get_by_role("navigation", name="Pages").wait_for(timeout=30_000)
        with meter("Review"):
            page.get_by_role("link", name="Review", exact=False).first.click()
            page.locator("[data-row]").first.wait_for()
        print("went wrong in the tab:", tab.wrong or "nothing")


_ELEMENTS = "document.querySelectorAll('*').length"
_AFTER_DATA = """() => {
    const lists = performance.getEntriesByType('resource').filter((one) => one.name.includes('with_phases'));
    return window.meter.shown - lists[0].responseEnd;
}"""
_SCROLL = """() => new Promise((done) => {
    const frames = [];
    let last = performance.now();
    const step = (now) => {
        frames.push(now - last);
        last = now;
        scrollBy(0, frames.length < 60 ? 40 : -40);
        if (frames.length < 120) requestAnimationFrame(step); else done(frames.slice(1));
    };
    requestAnimationFrame(step);
})"""


if __name__ == "__main__":
    main()

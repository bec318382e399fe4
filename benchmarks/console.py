"""`make bench-console`: the console over many accounts, in Chromium; prints what a person waits for.

The accounts are planted into the sandbox's store past the API: half of them waiting, the others ready, some failed.
"""

import argparse
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from playwright.sync_api import Page, Request

from chalicelib.domain.instants import render
from tests.browser import stage as stages
from tests.browser.stage import Stage, console
from warmup.sandbox import stores
from warmup.sandbox.client import Client

_BATCH = 25
_SHOWN = "[...document.querySelectorAll('[data-row]')].length"


def main() -> None:
    """Plants, opens, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="warmup-bench-console-"))
    with stores.ministack() as store:
        os.environ.update(store.environ())
        arguments = ("--empty", "--store", store.dynamodb_url)
        with stages.sandbox(folder, *arguments) as url, Client(url, stages.KEY) as api, stages.browser() as browser:
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
    store = boto3.client("dynamodb")
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


def _measure(stage: Stage) -> None:
    with console(stage) as tab:
        answered: list[tuple[str, float, int]] = []

        def finished(request: Request) -> None:
            if "/api/operator/" in request.url:
                size = len(request.response().body()) if request.response() else 0  # type: ignore[union-attr]
                answered.append((request.url.rpartition("/api/")[2], request.timing["responseEnd"], size))

        tab.page.on("requestfinished", finished)
        page = tab.open("pipeline", ready="[data-row]")
        page.wait_for_timeout(3000)
        for url, took, size in answered:
            print(f"  {took:8.0f} ms {size:8d} bytes  {url[:90]}")
        print(f"first page: {_after_data(page):.0f} ms from its data to its paint, {page.evaluate(_SHOWN)} rows")
        print(f"scrolling: {_scrolling(page):.1f} ms the longest of 120 frames")
        for label, value in (("Handle or id", "user.0"), ("Error code", "locked_out")):
            began = time.monotonic()
            page.get_by_label(label).fill(value)
            page.wait_for_url(f"**={value}*")
            page.locator("[data-row]").first.wait_for(timeout=30_000)
            print(f"filter {label} = {value}: {1000 * (time.monotonic() - began):.0f} ms to its first row")
            page.get_by_label(label).fill("")
            page.wait_for_url(re.compile("^(?!.*(text|error_code)=)"))
            page.locator("[data-row]").first.wait_for(timeout=30_000)
        print("went wrong in the tab:", tab.wrong or "nothing")


def _after_data(page: Page) -> float:
    """Milliseconds from the end of the list's answer to the frame that shows its rows, when the list is opened anew."""
    page.evaluate("""() => {
        window.painted = null;
        const seen = new MutationObserver(() => {
            if (document.querySelectorAll('[data-row]').length < 2 || window.painted) return;
            requestAnimationFrame(() => setTimeout(() => { window.painted ??= performance.now(); }));
        });
        seen.observe(document.getElementById('app'), { childList: true, subtree: true });
    }""")
    page.get_by_role("link", name="Audit").click()
    page.get_by_role("heading", name="Audit").wait_for()
    page.evaluate("performance.clearResourceTimings(); window.painted = null")
    page.get_by_role("link", name="Pipeline").click()
    page.locator("[data-row]").nth(10).wait_for()
    page.wait_for_timeout(300)
    told: float = page.evaluate("""() => {
        const lists = performance.getEntriesByType('resource').filter((one) => one.name.includes('with_phases'));
        return window.painted - lists[0].responseEnd;
    }""")
    return told


def _scrolling(page: Page) -> float:
    """The longest frame in milliseconds while the page is scrolled down and up again."""
    longest: float = page.evaluate("""() => new Promise((done) => {
        let last = performance.now(), longest = 0, frame = 0;
        const step = (now) => {
            longest = Math.max(longest, frame ? now - last : 0);
            last = now;
            scrollBy(0, frame < 60 ? 40 : -40);
            frame += 1;
            if (frame < 120) requestAnimationFrame(step); else done(longest);
        };
        requestAnimationFrame(step);
    })""")
    return longest


if __name__ == "__main__":
    main()

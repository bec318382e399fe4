"""`warmup dev` from the outside: what it prints, what it serves, how it ends, and the main job to its end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from warmup.sandbox import run, stores

pytestmark = pytest.mark.engine

KEY = "an operator's key for this test"
PROBLEM = "application/problem+json"


def need(name: str) -> None:
    """Skips, or fails in CI, where the store cannot be started."""
    if reason := stores.missing(name):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def dev(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The sandbox in a process of its own, on any free port, with its temporary files in that folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "warmup", "dev", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=stores.ROOT,
        env=os.environ | {"TMPDIR": str(folder), "COLUMNS": "160"},
    )


@contextmanager
def sandbox(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """An empty sandbox that is ready, and an operator's client of it."""
    process = dev(folder, "--empty", "--operator-key", KEY, *arguments)
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", ready)
        headers = {"Authorization": f"Bearer {KEY}"}
        with httpx.Client(base_url=ready.split()[1], headers=headers, trust_env=False, timeout=20) as api:
            yield process, api
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    need("ministack")
    with sandbox(tmp_path_factory.mktemp("empty")) as (_, api):
        yield api


@pytest.mark.parametrize(
    ("bots", "says"),
    [
        (0, "no bots: the work is left to yours (warmup bots create NAME makes a key)"),
        (1, "1 bot at work"),  # one alone never crashes
        (4, "4 bots at work, the last one crashes now and then"),
    ],
)
def test_it_says_how_many_bots_work(bots: int, says: str) -> None:
    assert run.at_work(bots) == says


def test_the_operators_key_opens_it_and_no_other(empty: httpx.Client) -> None:
    assert empty.get("/api/health").status_code == 200
    assert empty.get("/api/operator/accounts").json()["items"] == []
    other = empty.get("/api/operator/accounts", headers={"Authorization": "Bearer other"})
    assert (other.status_code, other.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "route_not_found"),
        ("DELETE", "/api/health", 405, "method_not_allowed"),
        ("GET", "/api/operator/accounts/a%2Fb", 404, "account_not_found"),  # never decoded
        ("GET", "/sandbox/nothing", 404, "route_not_found"),
    ],
)
def test_every_refusal_is_a_problem(empty: httpx.Client, method: str, path: str, status: int, code: str) -> None:
    response = empty.request(method, path)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["Content-Type"] == PROBLEM
    assert response.headers["X-Request-Id"] == response.json()["request_id"]


def test_the_address_that_it_prints_leads_on(empty: httpx.Client) -> None:
    page = empty.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert KEY not in page.text, "whoever reaches the page is not yet an operator"
    assert f"export WARMUP_URL={str(empty.base_url).rstrip('/')}" in page.text
    plain = empty.get("/")  # as curl asks
    assert plain.headers["Content-Type"] == "application/json"
    links = [link for link in plain.json().values() if link.startswith("http")]
    for link in [*links, *re.findall(r'href="([^"]+)"', page.text)]:
        assert empty.get(link, follow_redirects=True).status_code == 200, link
    assert empty.head("/").status_code == 200
    assert empty.post("/").status_code == 404


def test_an_address_that_ends_in_the_stage_is_named(empty: httpx.Client) -> None:
    told = empty.get("/v1/api/health").json()
    assert (told["code"], "end in /v1 by mistake?" in told["detail"]) == ("route_not_found", True)
    assert "/v1 by" not in empty.get("/v2/api/health").json()["detail"]


def test_time_is_moved_and_the_timers_run(empty: httpx.Client) -> None:
    before = empty.get("/sandbox/clock").json()
    assert before["speed"] == 1
    moved = empty.post("/sandbox/clock", json={"advance_seconds": 86400}).json()
    assert set(moved["schedules"]) >= {"open_due_phases", "close_lost_sessions"}
    assert moved["now"][:10] > before["now"][:10]
    assert empty.post("/sandbox/schedules/close_lost_sessions").json() == {"lost": 0}


def test_a_body_that_is_too_large_is_refused_by_the_app(empty: httpx.Client) -> None:
    response = empty.post("/api/operator/models", content=b"x" * 300_000, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_and_leaves_nothing_behind(tmp_path: Path, sign: signal.Signals) -> None:
    need("ministack")
    with sandbox(tmp_path) as (process, _):
        began = time.monotonic()
        process.send_signal(sign)
        out, err = process.communicate(timeout=10)
        assert time.monotonic() - began < 5
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_in_a_store_that_stays_it_removes_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("ministack")
    with stores.ministack() as store:
        for variable, value in store.environ().items():
            monkeypatch.setenv(variable, value)
        with sandbox(tmp_path, "--store", store.dynamodb_url) as (process, api):
            api.post("/api/operator/models", json={"model_id": "m"}).raise_for_status()
            items, objects = boto3.Session().client("dynamodb"), boto3.Session().client("s3")
            assert len(items.list_tables()["TableNames"]) >= 10
            process.terminate()
            process.communicate(timeout=10)
        assert items.list_tables()["TableNames"] == []
        assert objects.list_buckets()["Buckets"] == []


def test_its_log_goes_where_it_is_told_to_go(tmp_path: Path) -> None:
    need("ministack")
    folder, log = tmp_path / "temporary", tmp_path / "log"
    folder.mkdir()
    with sandbox(folder, "--log-file", str(log)) as (process, api):
        assert api.get("/api/operator/accounts").status_code == 200
        process.terminate()
        _, err = process.communicate(timeout=10)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert "accounts.list_all" in {line["action"] for line in lines}
    assert "{" not in err, "a person's terminal holds no JSON"


def test_without_a_log_file_only_warnings_are_told(tmp_path: Path) -> None:
    need("ministack")
    with sandbox(tmp_path) as (process, api):
        assert api.get("/api/operator/accounts").status_code == 200
        process.terminate()
        _, err = process.communicate(timeout=10)
    assert "{" not in err


def test_a_port_in_use_is_said_plainly(empty: httpx.Client, tmp_path: Path) -> None:
    out, err = dev(tmp_path, "--empty", "--port", str(empty.base_url.port)).communicate(timeout=30)
    assert out == ""
    assert f"port {empty.base_url.port} is in use" in err and "--port" in err
    assert "Traceback" not in err


def test_bots_warm_the_whole_agency_up(tmp_path: Path) -> None:
    need("ministack")
    log = tmp_path / "log.jsonl"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = dev(scratch, "--until-done", "--speed", "80000", "--log-file", str(log))
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err[-3000:]
    assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", out)
    assert "24/24 verified" in err
    ended = re.search(r"(\d+) active(?:, (\d+) in review)?; every audit gapless and replayed to its state: yes", err)
    assert ended is not None
    active, in_review = (int(number or 0) for number in ended.groups())
    assert active >= 22
    assert active + in_review == 24
    assert list(scratch.iterdir()) == []
    check_the_log([json.loads(line) for line in log.read_text().splitlines()])


def check_the_log(lines: list[dict[str, Any]]) -> None:
    """No defect, and no secret in any line."""
    assert [line for line in lines if line["level"] == "ERROR"] == []
    whole = json.dumps(lines)
    assert "X-Amz-Signature" not in whole
    assert "wk_bot" not in whole

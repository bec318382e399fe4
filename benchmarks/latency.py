"""How long bots wait: every bot route through HTTP, for 1, 10 and 50 bots at once: `make bench-latency`.

The sandbox serves in a process of its own, on DynamoDB Local; milliseconds are this machine's, the ratio says more: the
median of one bot to what the raw engine takes for the same exchanges, asked by a bare client one after another. Once
more one bot asks a sandbox that writes neither audit events nor log lines. The last part counts how often fifty bots
that claim at once have to try.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from benchmarks.floor import Floor
from benchmarks.recording import Caller, Recording, Scene, patched, record, serve
from benchmarks.requests import silent
from chalicelib.context import sources
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from warmup.sandbox.children import child_process, free_port, in_private_folder
from warmup.sandbox.gateway import per_thread
from warmup.sandbox.stores import ROOT, missing, open_store

FLEETS = (1, 10, 50)
ACCOUNTS = 100
KEY = "an operator's key for benchmarks"
Times = dict[str, list[float]]


class Bot:
    """One bot over HTTP; notes how long each call took."""

    def __init__(self, url: str, key: str, times: Times) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)
        self._times = times
        self._http.headers["Bot-Session"] = self._call("session", "POST", "/sessions", {})["session_id"]

    def _call(self, name: str, method: str, path: str, body: object = None, **headers: str) -> Any:
        began = time.perf_counter()
        answer = self._http.request(method, f"/api/bot{path}", json=body, headers=headers)
        self._times[name].append((time.perf_counter() - began) * 1000)
        if answer.status_code not in (200, 201):
            raise SystemExit(f"{name}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def work(self, account_id: str) -> None:
        """Starts one account and does its first phase, each call of a bot once."""
        path, session = f"/accounts/{account_id}", self._http.headers["Bot-Session"]
        self._call("ready (20)", "GET", "/accounts/ready?limit=20")
        self._call("start-warmup", "POST", f"{path}/start-warmup")
        self._call("content, first", "GET", f"{path}/content/pfp")
        token = self._call("content, again", "GET", f"{path}/content/pfp")["lease"]["lease_token"]
        self._call("warmup-status", "GET", f"{path}/warmup-status")
        self._call("heartbeat", "POST", f"/sessions/{session}/heartbeat", {})
        self._call("release", "POST", f"{path}/release", **{"Lease-Token": token})
        token = self._call("content, assigned", "GET", f"{path}/content/pfp")["lease"]["lease_token"]
        self._call("complete-phase", "POST", f"{path}/complete-phase/pfp", {}, **{"Lease-Token": token})


def fleet(size: int, accounts: int, module: str = "warmup") -> Times:
    """How long each call took, in milliseconds, when so many bots work at once against the sandbox of that module."""
    port = free_port()
    command = [sys.executable, "-m", module, "dev", "--empty", "--store", "dynamodb-local"]
    command += ["--port", str(port), "--operator-key", KEY]
    with in_private_folder("warmup-latency-") as folder, child_process(command, folder, environ(), port):
        url = f"http://127.0.0.1:{port}"
        keys = furnish(url, size, accounts)
        parts: list[Times] = [defaultdict(list) for _ in keys]
        gate = threading.Barrier(size)

        def work(number: int) -> None:
            bot = Bot(url, keys[number], parts[number])
            gate.wait(60)
            for account in range(number, accounts, size):
                bot.work(f"a{account:03}")

        with ThreadPoolExecutor(size) as pool:
            list(pool.map(work, range(size)))
    whole: Times = defaultdict(list)
    for part in parts:
        for name, times in part.items():
            whole[name] += times
    return whole


def environ() -> dict[str, str]:
    """The environment of a sandbox under test."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "WARMUP_VERIFY_MEDIA": "false"}


def furnish(url: str, bots: int, accounts: int) -> list[str]:
    """Makes a model with a pool, accounts that are ready, and bots; the keys of the bots."""
    with httpx.Client(base_url=f"{url}/api/operator", headers={"Authorization": f"Bearer {KEY}"}, timeout=60) as http:

        def post(path: str, body: object) -> Any:
            answer = http.post(path, json=body)
            if answer.status_code not in (200, 201):
                raise SystemExit(f"{path}: {answer.text[:300]}")
            return answer.json()

        post("/models", {"model_id": "m1"})
        for number in range(accounts):  # an item rests for a day after each use
            file = {"media_key": f"k{number}", "media_type": "image/png", "bytes": 10, "sha256": f"{number:064x}"}
            item = {"content_id": f"c{number}", "category": "pfp", "quality_score": 50, "max_usage": 1000}
            post("/models/m1/content", {**item, **file})
        consent = {"granted_by": "Ada", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 7"}
        for number in range(accounts):
            account = {"account_id": f"a{number:03}", "model_id": "m1", "username": f"u{number}", "consent": consent}
            post("/accounts", account)
            post(f"/accounts/a{number:03}/ready", {"reason": "benchmark"})
        return [post("/bots", {"bot_id": f"b{number}"})["key"] for number in range(bots)]


def engine(recordings: Sequence[Recording], url: str) -> dict[str, float]:
    """The raw engine's milliseconds for the exchanges of each recorded request, the median of twenty rounds."""
    client, found = Floor(url), {}
    for recording in recordings:
        rounds = []
        for _ in range(20):
            began = time.perf_counter()
            for one in recording.exchanges:
                client.call(one.operation, one.asked)
            rounds.append((time.perf_counter() - began) * 1000)
        found[recording.name] = statistics.median(rounds)
    return found


class Rush:
    """Fifty bots (or so many) that ask for the same at the same moment, and the transactions that they send."""

    def __init__(self, caller: Caller, bots: int) -> None:
        self._caller, self._app, self.sent = caller, per_thread(caller.app), 0
        self._bots = []
        for number in range(bots):
            key = caller.operator("/bots", {"bot_id": f"rush{number}"})["key"]
            headers = {"authorization": f"Bearer {key}"}
            session = caller.call(caller.event("POST", "/api/bot/sessions", {}, **headers))["session_id"]
            self._bots.append({**headers, "bot_session": session})

    def call(self, bot: int, method: str, path: str, body: object = None) -> Any:
        """One request of a bot; what it is answered."""
        return self._caller.call(self._caller.event(method, f"/api/bot{path}", body, **self._bots[bot]))

    def ask(self, method: str, path: str, body: object = None) -> list[Any]:
        """All ask at once, `{bot}` in the path is who asks; what they are answered."""
        send, gate, lock = Connections.send, threading.Barrier(len(self._bots)), threading.Lock()

        def counting(connections: Connections, request: Request) -> StoreAnswer:
            if request.operation == "TransactWriteItems":
                with lock:
                    self.sent += 1
            return send(connections, request)

        def one(number: int) -> Any:
            event = self._caller.event(method, f"/api/bot{path}".format(bot=number), body, **self._bots[number])
            gate.wait(60)
            return json.loads(self._app(event, None)["body"])

        with patched(Connections, "send", counting), ThreadPoolExecutor(len(self._bots)) as pool:
            return list(pool.map(one, range(len(self._bots))))


def rush(bots: int = 50) -> tuple[int, int, int]:
    """So many bots claim one account each at once: accounts taken, different ones, transactions sent."""
    with open_store("dynamodb-local") as store, silent():
        caller = serve(store)
        Scene(caller, accounts=2 * bots, items=1)
        sources.entropy = os.urandom  # recordings need proposals in a fixed order, a rush is about their shuffling
        crowd = Rush(caller, bots)
        answers = crowd.ask("POST", "/accounts/claim", {"limit": 1})
    taken = [item["account_id"] for answer in answers for item in answer["items"]]
    return len(taken), len(set(taken)), crowd.sent


def rush_for_content(bots: int = 50) -> tuple[int, int, int]:
    """So many bots ask for content from one pool of twice as many equal items: those given, of them the best, tries."""
    with open_store("dynamodb-local") as store, silent():
        caller = serve(store)
        Scene(caller, accounts=0, items=1)
        sources.entropy = os.urandom
        caller.operator("/models", {"model_id": "m2"})
        file = {"media_type": "image/png", "bytes": 1000, "category": "pfp", "quality_score": 50, "max_usage": 1}
        for number in range(2 * bots):
            item = {"content_id": f"c{number:03}", "media_key": f"k{number}", "sha256": f"{number:064x}", **file}
            caller.operator("/models/m2/content", item)
        consent = {"granted_by": "Ada", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 7"}
        crowd = Rush(caller, bots)
        for number in range(bots):
            account = {"account_id": f"c{number}", "model_id": "m2", "username": f"c{number}", "consent": consent}
            caller.operator("/accounts", account)
            caller.operator(f"/accounts/c{number}/ready", {"reason": "benchmark"})
            crowd.call(number, "POST", f"/accounts/c{number}/start-warmup")
        answers = crowd.ask("GET", "/accounts/c{bot}/content/pfp")
    given = {answer["content"]["content_id"] for answer in answers}
    return len(given), len(given & {f"c{number:03}" for number in range(bots, 2 * bots)}), crowd.sent


def percentile(times: Sequence[float], share: float) -> float:
    """The time that so large a share of the calls did not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bots", type=int, nargs="+", default=FLEETS)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    given = parser.parse_args()
    if reason := missing("dynamodb-local"):
        raise SystemExit(reason)
    with open_store("dynamodb-local") as store, silent():
        _, recordings = record(store)
        raw = engine(recordings, store.dynamodb_url)
    columns = {}
    for size in given.bots:
        print(f"  {size} bots at once …", end="\r", file=sys.stderr, flush=True)
        columns[f"{size} bots: p50 · p95 · p99"] = fleet(size, given.accounts)
    columns["1 bot, nothing recorded"] = fleet(1, given.accounts, "benchmarks.unrecorded")
    print(f"{'milliseconds':>18}" + "".join(f"{title:>30}" for title in columns) + "   × engine")
    for name, alone in next(iter(columns.values())).items():
        told = [
            " · ".join(f"{percentile(column[name], share):.0f}" for share in (0.5, 0.95, 0.99))
            for column in columns.values()
        ]
        ratio = f"{statistics.median(alone) / raw[name]:>10.2f}" if name in raw else ""
        print(f"{name:>18}" + "".join(f"{one:>30}" for one in told) + ratio)
    taken, different, sent = rush()
    print(f"\n50 bots claim at once: {taken} taken, {taken - different} twice, {sent / taken:.2f} attempts each")
    items, best, sent = rush_for_content()
    print(f"50 bots ask for content at once: {items} items, {best} of the 50 best, {sent / items:.2f} attempts each")


if __name__ == "__main__":
    main()

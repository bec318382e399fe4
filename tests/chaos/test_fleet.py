"""A fleet in processes of their own on AWS's own engine, for a minute: killed, frozen, throttled, cut off, every bot's
wall clock wrong by hours. Afterwards every promise holds, every answer agrees with the audit, and there is progress.
"""

import contextlib
import hashlib
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from chalicelib import tables
from chalicelib.domain import keys
from chalicelib.settings import Settings
from tests.agency import CONSENT
from tests.chaos.invariants import broken
from tests.chaos.mutants import ROOT
from tests.chaos.proxy import Proxy
from tests.chaos.test_faults import Recorder
from tests.store import DynamoDB, Index, Table
from warmup.sandbox.children import free_port
from warmup.sandbox.stores import Store

pytestmark = pytest.mark.engine
SECONDS, PATIENCE = 60.0, 90.0
BOTS, ACCOUNTS = 4, 24
KINDS = ("shipped", "plain")
SPEED = 20_000
LEASE_SECONDS = 3 * SPEED
"""Of the service's own time: three real seconds."""
PEPPER, OPERATOR_KEY = "a pepper for the fleet", "an operator's key for the fleet"
MEDIA = ("pfp", "post", "highlight", "story")
TEXTS = ("bio", "post", "highlight")
_PREFIXES = (f"fleet{number}-" for number in range(100))


class Fleet:
    """The service, its bots, and the way to its store."""

    def __init__(self, store: Store, folder: Path, seed: int, settings: Settings) -> None:
        self.dice, self.done = random.Random(seed), Counter[str]()
        self.proxy = Proxy(int(store.dynamodb_url.rpartition(":")[2]), seed)
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environ = {
            **os.environ,
            **store.environ(),
            "AWS_ENDPOINT_URL_DYNAMODB": self.proxy.url,
            "FLEET_BEGAN": str(time.time()),
            "FLEET_SPEED": str(SPEED),
            "POWERTOOLS_METRICS_DISABLED": "true",
            **{f"WARMUP_{name.upper()}": _told(value) for name, value in settings.as_dict().items()},
        }
        self.keys: dict[str, str] = {}
        self.server = self._serve()
        self.bots: dict[str, subprocess.Popen[bytes]] = {}

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "errors.log").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=self._environ, stdout=subprocess.DEVNULL, stderr=errors
            )

    def _serve(self) -> subprocess.Popen[bytes]:
        return self._start("tests.chaos.server", str(self.port))

    def hire(self, bot_id: str) -> None:
        """Starts a bot, anew if it was killed."""
        kind, seed = KINDS[sorted(self.keys).index(bot_id) % len(KINDS)], str(self.dice.random())[2:]
        self.bots[bot_id] = self._start(
            "tests.chaos.worker", kind, self.url, self.keys[bot_id], seed, str(self.history(bot_id))
        )

    def history(self, bot_id: str) -> Path:
        """Where a bot writes down what it was answered."""
        return self.folder / f"{bot_id}.jsonl"

    def wait_until_it_answers(self) -> None:
        """Waits for the service."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/api/health", trust_env=False).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError((self.folder / "errors.log").read_text()[-3000:])

    def operator(self, method: str, path: str, body: object = None) -> Any:
        """An operator's request that must be accepted."""
        headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
        answer = httpx.request(method, self.url + path, headers=headers, json=body, timeout=30, trust_env=False)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def wait_for_completions(self, count: int, seconds: float) -> None:
        """Waits until bots have heard of so many, or for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            heard = [path.read_text().count('"status": 200') for path in map(self.history, self.keys) if path.exists()]
            if sum(heard) >= count:
                return
            time.sleep(0.2)

    # what goes wrong

    def something(self) -> None:
        """One of the things that go wrong in a fleet."""
        trouble = self.dice.choice(
            (
                self.kill_the_server,
                self.kill_a_bot,
                self.kill_a_bot,
                self.freeze_a_bot,
                self.freeze_the_server,
                self.cut,
            )
        )
        self.done[trouble.__name__] += 1
        trouble()

    def kill_the_server(self) -> None:
        """kill -9, and another one starts: on a busy machine that takes a while, in which nothing else goes wrong."""
        self.server.kill()
        self.server.wait()
        self.server = self._serve()
        self.wait_until_it_answers()
        time.sleep(self.dice.uniform(1.5, 3))

    def kill_a_bot(self) -> None:
        """kill -9, and another one starts."""
        bot_id = self.dice.choice(sorted(self.bots))
        self.bots[bot_id].kill()
        self.bots[bot_id].wait()
        self.hire(bot_id)
        time.sleep(self.dice.uniform(0.2, 1))

    def freeze_a_bot(self) -> None:
        """SIGSTOP until its lease is over, then it goes on as if nothing had happened."""
        self._freeze(self.bots[self.dice.choice(sorted(self.bots))], self.dice.uniform(3.2, 4.5))

    def freeze_the_server(self) -> None:
        """SIGSTOP in the middle of whatever it does."""
        self._freeze(self.server, self.dice.uniform(0.5, 4))

    @staticmethod
    def _freeze(process: subprocess.Popen[bytes], seconds: float) -> None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """For a moment nothing reaches the store unharmed."""
        usual, self.proxy.trouble = self.proxy.trouble, 80
        time.sleep(self.dice.uniform(0.5, 2))
        self.proxy.trouble = usual

    def end(self) -> None:
        """Ends every process."""
        for process in (*self.bots.values(), self.server):
            process.kill()
            process.wait()
        self.proxy.shutdown()
        self.proxy.server_close()


def _told(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _agency(fleet: Fleet) -> None:
    fleet.operator("POST", "/api/operator/models", {"model_id": "m"})
    common = {"quality_score": 70, "max_usage": 3}
    for category in MEDIA:
        items = [
            {
                **common,
                "category": category,
                "media_key": "k",
                "media_type": "image/png",
                "bytes": 1,
                "sha256": hashlib.sha256(f"{category}{number}".encode()).hexdigest(),
            }
            for number in range(16)
        ]
        fleet.operator("POST", "/api/operator/models/m/content", items)
    for category in TEXTS:
        texts = [{**common, "category": category, "body": f"{category} {number}"} for number in range(16)]
        fleet.operator("POST", "/api/operator/models/m/texts", texts)
    for number in range(ACCOUNTS):
        body = {"account_id": f"a{number:02}", "model_id": "m", "username": f"u{number}", "consent": CONSENT}
        fleet.operator("POST", "/api/operator/accounts", body)
        fleet.operator("POST", f"/api/operator/accounts/a{number:02}/ready", {"reason": "chaos"})
    for number in range(BOTS):
        made = fleet.operator("POST", "/api/operator/bots", {"bot_id": f"bot-{number}"})
        fleet.keys[f"bot-{number}"] = made["key"]


def _copy() -> DynamoDB:
    """All that the store holds, for the invariants."""
    copied = DynamoDB()
    for model in tables.NAMES:
        name = str(model.Meta.table_name)
        main = tuple(part for part in (model._hash_keyname, model._range_keyname) if part is not None)
        table = Table(name, Index(main), {})
        for item in model.scan(consistent_read=True):
            assert item._read is not None
            table.rows[table.key_of(item._read)] = item._read
        copied.tables[name] = table
    return copied


def _disagreements(fleet: Fleet, store: DynamoDB, settings: Settings) -> list[str]:
    """Where what bots were answered is not what the audit says."""
    completed: Counter[tuple[str, str]] = Counter()
    for row in store.tables[f"{settings.table_prefix}audit_events"].rows.values():
        if row["action"]["S"] == "phase:complete":
            completed[row["subject"]["S"].partition(":")[2], json.loads(row["details"]["S"])["phase"]] += 1
    found = [f"{place} was completed {count} times" for place, count in completed.items() if count > 1]
    for bot_id in fleet.keys:
        path = fleet.history(bot_id)
        for line in path.read_text().splitlines() if path.exists() else ():
            told = json.loads(line)
            if told["status"] == 200 and told["use"] == "complete":
                fleet.done["completions that a bot heard of"] += 1
                fleet.done[f"of these {KINDS[sorted(fleet.keys).index(bot_id) % len(KINDS)]} bots"] += 1
                if completed[told["account_id"], told["phase"]] != 1:
                    found.append(f"{bot_id} was told that it completed {told}, the audit does not know it")
            elif told["status"] not in (200, 409):
                found.append(f"{bot_id} was answered {told}")
    fleet.done["completions"] = sum(completed.values())
    return found


SEEDS = [11, 12, secrets.randbelow(10**6)]


@pytest.mark.long
@pytest.mark.parametrize("number", range(3))
def test_a_fleet_that_is_killed_frozen_and_cut_off_keeps_every_promise(
    number: int, dynamodb_local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Recorder
) -> None:
    """Two seeds are always the same, the third is fresh."""
    seed = SEEDS[number]
    print(f"seed {seed}")  # noqa: T201  # pytest shows it where the test fails
    settings = Settings(
        table_prefix=next(_PREFIXES),
        pepper=PEPPER,
        operator_key_digest=keys.digest(PEPPER, OPERATOR_KEY),
        lease_seconds=LEASE_SECONDS,
        heartbeat_seconds=LEASE_SECONDS // 3,
        session_seconds=2 * LEASE_SECONDS,
        deadline_seconds=3,
        verify_media=False,
    )
    for name, value in dynamodb_local.environ().items():
        monkeypatch.setenv(name, value)
    tables.bind(settings)
    tables.create_all()
    fleet = Fleet(dynamodb_local, tmp_path, seed, settings)
    try:
        fleet.wait_until_it_answers()
        _agency(fleet)
        for bot_id in fleet.keys:
            fleet.hire(bot_id)
        fleet.wait_for_completions(1, PATIENCE)
        fleet.proxy.trouble = 5
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            time.sleep(fleet.dice.uniform(0.3, 1.5))
            fleet.something()
        fleet.proxy.trouble = 0
        fleet.wait_for_completions(ACCOUNTS, PATIENCE)  # a busy machine has done little by now, an idle one enough
    finally:
        fleet.end()
    store = _copy()
    assert broken(store, settings) == []
    assert _disagreements(fleet, store, settings) == []
    errors = (tmp_path / "errors.log").read_text()
    assert "AssertionError" not in errors, errors[-3000:]
    states = Counter(row["state"]["S"] for row in store.tables[f"{settings.table_prefix}accounts"].rows.values())
    done = fleet.done | Counter({f"{state} accounts": count for state, count in states.items()})
    done |= Counter({f"requests {what}": count for what, count in fleet.proxy.done.items()})
    assert done["completions"] >= ACCOUNTS / 2, done
    assert done["completions that a bot heard of"] >= done["completions"] / 2, done
    assert all(done[f"of these {kind} bots"] for kind in KINDS), done
    for what in ("kill_the_server", "kill_a_bot", "freeze_a_bot", "requests lost answer", "requests throttled"):
        assert done[what], done
    for what, count in done.items():
        record_property("table", ("fleets", f"{what}", f"seed {seed}", count))
    for model in tables.NAMES:
        model.delete_table()

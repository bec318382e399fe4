"""Ten bots at once: whatever they do to each other, the promises hold."""

import hashlib
import random
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import schedules
from chalicelib.domain.plans import STANDARD
from tests.engine.conftest import Service

pytestmark = pytest.mark.engine

BOTS = 10
ACCOUNTS = {1: 40, 4: 12}  # by the number of shards of the queue
CONTENT = {"pfp": 10, "post": 10, "highlight": 10, "story": 10, "any": 10}
TEXTS = {"bio": 10, "post": 10, "highlight": 10}
CAP = 9
CRASHES = 0.03
HOUR = timedelta(hours=1)


class Bot:
    """One bot that works until it finds nothing; now and then it crashes, or says that something went wrong."""

    def __init__(self, service: Service, name: str, seed: int) -> None:
        self.key = service.operator("POST", "/api/operator/bots", {"bot_id": name})["key"]
        self.service, self.dice, self.completed = service, random.Random(seed), Counter[tuple[str, str]]()
        self.unexpected: list[Any] = []
        self.session = self._open()

    def _open(self) -> str:
        opened = self.service.call("POST", "/api/bot/sessions", self.key, {"client": "test"})
        return str(opened.document["session_id"])

    def work(self) -> int:
        """Claims and works until a claim gives nothing; tells how much was done."""
        done = 0
        while True:
            claim = self.service.call(
                "POST", "/api/bot/accounts/claim", self.key, {"limit": 3}, bot_session=self.session
            )
            self._expect(claim, 200)
            if not claim.document["items"]:
                return done
            for item in claim.document["items"]:
                done += 1
                if self.dice.random() < CRASHES:
                    self.session = self._open()  # a crash: all that it held stays behind
                    break
                self._do(item)

    def _do(self, item: Any) -> None:
        path, token = f"/api/bot/accounts/{item['account_id']}", item["lease"]["lease_token"]
        if item["action"] == "complete_warmup":
            self._expect(self._call("POST", f"{path}/complete-warmup"), 200)
            return
        if item["action"] == "start_warmup":
            self._expect(self._call("POST", f"{path}/start-warmup"), 200)
        phase = item["phase"]
        given = self._call("GET", f"{path}/content/{phase}")
        if given.document.get("code") == "content_unavailable":
            assert given.document["reasons"]["cooling_down"] > 0
            return  # nothing is lost: the account is offered again when the pools had time
        self._expect(given, 200)
        assert given.document["lease"]["lease_token"] == token
        if self.dice.random() < 0.05:
            report = {"phase": phase, "kind": "transient", "message": "the platform was slow"}
            self._expect(self._call("POST", f"{path}/report-error", report, token), 200)
            return
        done = self._call("POST", f"{path}/complete-phase/{phase}", {}, token)
        self._expect(done, 200)
        if self.dice.random() < 0.2:
            again = self._call("POST", f"{path}/complete-phase/{phase}", {}, token)
            assert again.document == {**done.document, "replayed": True}
        self.completed[item["account_id"], phase] += 1

    def _call(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        lease = {} if token is None else {"lease_token": token}
        return self.service.call(method, path, self.key, body, bot_session=self.session, **lease)

    def _expect(self, answer: Any, status: int) -> None:
        if answer.status != status:
            self.unexpected.append(answer)


def _agency(service: Service) -> int:
    """Furnishes it; how many accounts it has."""
    accounts = ACCOUNTS[service.shards]
    service.operator("POST", "/api/operator/models", {"model_id": "m", "themes": ["sea", "city"]})
    common = {"quality_score": 70, "max_usage": CAP}
    media = {"media_key": "k", "media_type": "image/png", "bytes": 1}
    for category, count in CONTENT.items():
        themes: list[dict[str, str]] = [{}, {"theme": "sea"}, {"theme": "city"}]
        items = [
            {
                **common,
                **media,
                **themes[number % 3],
                "category": category,
                "sha256": hashlib.sha256(f"{category}{number}".encode()).hexdigest(),
            }
            for number in range(count)
        ]
        service.operator("POST", "/api/operator/models/m/content", items)
    for category, count in TEXTS.items():
        texts = [{**common, "category": category, "body": f"{category} {number}"} for number in range(count)]
        service.operator("POST", "/api/operator/models/m/texts", texts)
    consent = {"granted_by": "the owner", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 1"}
    for number in range(accounts):
        account = {"account_id": f"a{number:02}", "model_id": "m", "username": f"u{number}", "consent": consent}
        service.operator("POST", "/api/operator/accounts", account)
        service.operator("POST", f"/api/operator/accounts/a{number:02}/ready", {"reason": "test"})
    return accounts


def test_ten_bots_warm_all_accounts_up_and_every_promise_holds(service: Service) -> None:
    accounts = _agency(service)
    bots = [Bot(service, f"bot-{number}", number) for number in range(BOTS)]
    states: Counter[str] = Counter()
    for _ in range(60):
        with ThreadPoolExecutor(BOTS) as pool:
            list(pool.map(Bot.work, bots))
        states = Counter(account["state"] for account in service.every("/api/operator/accounts"))
        if states["active"] == accounts:
            break
        # one phase in some thousand loses three leases to crashes: an operator looks after it
        service.operator("POST", "/api/operator/review/retry", {"filter": {}, "reason": "its bots crashed"})
        service.clock.advance(hours=8)  # longer than a lease and a retry, shorter than an interval; no timer ever runs
    assert states == {"active": accounts}
    assert [answer for bot in bots for answer in bot.unexpected] == []
    completions = sum((bot.completed for bot in bots), Counter[tuple[str, str]]())
    assert set(completions.values()) == {1} and len(completions) == accounts * len(STANDARD.order)
    for number in range(accounts):
        _check_account(service, f"a{number:02}")
    _check_pools(service, accounts)


def _check_account(service: Service, account_id: str) -> None:
    verified = service.operator("GET", f"/api/operator/accounts/{account_id}/verify")
    assert verified["ok"], verified
    account = service.operator("GET", f"/api/operator/accounts/{account_id}")
    times = [
        (datetime.fromisoformat(phase["started_at"]), datetime.fromisoformat(phase["completed_at"]))
        for phase in account["phases"]
    ]
    for phase, (_, ended), (begun, _) in zip(STANDARD.order[1:], times, times[1:], strict=False):
        assert begun - ended >= STANDARD.phases[phase].interval >= 24 * HOUR, _told(service, account_id)
    for kind in ("assigned_content_id", "assigned_text_id"):
        used = [phase[kind] for phase in account["phases"] if phase[kind] is not None]
        assert len(used) == len(set(used))
    events = list(service.every(f"/api/operator/audit?account_id={account_id}"))
    assert [event["version"] for event in events] == list(range(account["version"], 0, -1))
    done = Counter(event["details"]["phase"] for event in events if event["action"] == "phase:complete")
    assert done == Counter({str(phase): 1 for phase in STANDARD.order})
    _check_leases(events)


def _told(service: Service, account_id: str) -> str:
    events = [*service.every(f"/api/operator/audit?account_id={account_id}")][::-1]
    return "\n".join(f"{event['version']} {event['at']} {event['summary']} {event['transitions']}" for event in events)


def _check_leases(events: list[Any]) -> None:
    holder = None
    for event in reversed(events):
        for move in event["transitions"]:
            if move["what"] == "lease":
                assert move["from"] == holder
                holder = move["to"]
    assert holder is None


def _check_pools(service: Service, accounts: int) -> None:
    assigned: dict[str, int] = defaultdict(int)
    for account in service.every("/api/operator/accounts"):
        detail = service.operator("GET", f"/api/operator/accounts/{account['account_id']}")
        for phase in detail["phases"]:
            for kind in ("assigned_content_id", "assigned_text_id"):
                if phase[kind] is not None:
                    assigned[phase[kind]] += 1
    items = [*service.every("/api/operator/models/m/content"), *service.every("/api/operator/models/m/texts")]
    for item in items:
        item_id = item.get("content_id") or item["text_id"]
        assert item["usage_count"] == assigned[item_id] <= item["max_usage"] == CAP
        assert (item["successes"], item["failures"]) == (assigned[item_id], 0)
    assert sum(assigned.values()) == accounts * (4 + 3)


def test_bots_and_timers_at_once_leave_every_account_whole(service: Service) -> None:
    """The timers run all the while, two at a time, beside bots that crash: nothing is done twice, nothing is lost."""
    accounts = _agency(service)
    bots = [Bot(service, f"bot-{number}", 100 + number) for number in range(4)]
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            schedules.open_due_phases()
            schedules.close_lost_sessions()

    with ThreadPoolExecutor(2) as timers:
        running = [timers.submit(tick) for _ in range(2)]
        try:
            for _ in range(8):
                with ThreadPoolExecutor(len(bots)) as pool:
                    list(pool.map(Bot.work, bots))
                service.clock.advance(hours=12)
        finally:
            stop.set()
        for one in running:
            one.result()
    done = sum((bot.completed for bot in bots), Counter[tuple[str, str]]())
    assert set(done.values()) == {1} and len(done) > accounts
    for account in service.every("/api/operator/accounts"):
        verified = service.operator("GET", f"/api/operator/accounts/{account['account_id']}/verify")
        assert verified["ok"], verified

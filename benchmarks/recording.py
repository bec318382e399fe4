"""The bots' requests as recordings: the event that Lambda is given, and what the store was asked and answered for it.

A recording is made on a real store, and played back by a stub of the store (`benchmarks.stub`), so that only the cost
of our own side counts, and the same requests can be made by a bare client (`benchmarks.floor`).
"""

import hashlib
import importlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import context, tables
from chalicelib.domain import keys
from chalicelib.edge.serve import installed
from chalicelib.settings import Settings
from chalicelib.tables.base import Store as Cache
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from warmup.sandbox.answers import HttpRequest
from warmup.sandbox.gateway import Routes, proxy_event
from warmup.sandbox.invocation import Invocation
from warmup.sandbox.stores import Store

Event = dict[str, Any]
SCHEDULED: Event = {
    **dict.fromkeys(("version", "id", "detail-type", "source", "account", "time", "region", "resources"), ""),
    "detail": {},
}
"""What EventBridge hands a timer, as far as Chalice reads it."""
TIMERS = ("open_due_phases", "close_lost_sessions", "watch_pools")
LISTED = 20
_PEPPER, _ROOT = "a pepper for benchmarks", "an operator's key for benchmarks"
_SHUFFLE = 4
_BEGIN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_PHASES = ("pfp", "bio", "post", "highlight", "story")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to the store and its answer, as they went over the wire."""

    operation: str
    asked: bytes
    status: int
    answered: bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """One call: its name, when it was made, its event, its exchanges with the store, in order, and who handles it."""

    name: str
    now: datetime
    event: Event
    exchanges: list[Exchange]
    handler: str = "app"


@dataclass(slots=True)
class Clock:
    """The clock of a recording; it stands while it is played back."""

    now: datetime = _BEGIN

    def __call__(self) -> datetime:
        """The instant."""
        return self.now


def environment(**more: str) -> dict[str, str]:
    """What a deployment would set; a warm function keeps keys and gates for as long as the benchmark runs."""
    return {
        "WARMUP_TABLE_PREFIX": "bench-",
        "WARMUP_MEDIA_BUCKET": "bench-media",
        "WARMUP_PEPPER": _PEPPER,
        "WARMUP_OPERATOR_KEY_DIGEST": keys.digest(_PEPPER, _ROOT),
        "WARMUP_VERIFY_MEDIA": "false",
        "WARMUP_DEADLINE_SECONDS": "60",
        "WARMUP_KEY_CACHE_SECONDS": "1e9",
        "WARMUP_GATE_CACHE_SECONDS": "1e9",
        **more,
    }


@dataclass(slots=True)
class Caller:
    """Calls the function's handler as API Gateway does."""

    module: Any
    clock: Clock

    @property
    def app(self) -> Any:
        """The handler of the API."""
        return self.module.app

    def timer(self, name: str) -> Any:
        """One run of a timer; what it did."""
        return getattr(self.module, name)(SCHEDULED, Invocation(name))

    def event(self, method: str, path: str, body: object = None, **headers: str) -> Event:
        """The event of one request."""
        bare, _, query = path.partition("?")
        given = [
            ("content-type", "application/json"),
            *((name.replace("_", "-"), text) for name, text in headers.items()),
        ]
        data = b"" if body is None else json.dumps(body).encode()
        found = Routes(sorted(self.app.routes)).find(bare)
        assert found is not None, path
        return proxy_event(HttpRequest(method, bare, query, given, data), *found)

    def call(self, event: Event) -> Any:
        """The parsed answer of one request, which must be accepted."""
        answer = self.app(event, Invocation("api"))
        assert answer["statusCode"] in (200, 201), answer
        return json.loads(answer["body"])

    def operator(self, path: str, body: object) -> Any:
        """An operator's POST."""
        return self.call(self.event("POST", f"/api/operator{path}", body, authorization=f"Bearer {_ROOT}"))


@contextmanager
def patched(owner: type, name: str, value: Any) -> Iterator[None]:
    """The owner's attribute replaced while the context lasts."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def recorded() -> Iterator[list[Exchange]]:
    """The exchanges with the store while the context lasts."""
    send, found = Connections.send, list[Exchange]()

    def tee(connections: Connections, request: Request) -> StoreAnswer:
        answer = send(connections, request)
        found.append(Exchange(request.operation, request.body, answer.status_code, answer.content))
        return answer

    with patched(Connections, "send", tee):
        yield found


def serve(store: Store, **more: str) -> Caller:
    """The composition root on that store, its tables made, its clock standing."""
    os.environ.update(store.environ() | environment(**more))
    clock = Clock()
    context.sources.clock, context.sources.entropy = clock, _in_a_fixed_order
    module = importlib.import_module("app")
    installed.settings = Settings.from_environ(os.environ)  # it may have been imported for another store before
    tables.bind(installed.settings)
    tables.create_all()
    return Caller(module, clock)


def _in_a_fixed_order(count: int) -> bytes:
    """Randomness, but for the four bytes by which a claim shuffles its proposals: a recording names one account."""
    return bytes(count) if count == _SHUFFLE else os.urandom(count)


def record(store: Store, *, cold: bool = False) -> tuple[Caller, list[Recording]]:
    """The recordings of every bot route, made on a store of their own by a warm function; cold ones: and of timers."""
    caller = serve(store)
    scene = Scene(caller, cold=cold)
    return caller, [*scene.recordings(), *(scene.timers() if cold else ())]


class Scene:
    """An agency with a bot, its session, stocked pools and accounts that are ready."""

    def __init__(self, caller: Caller, *, accounts: int = LISTED + 10, items: int = 40, cold: bool = False) -> None:
        """`items` of media and of texts in each category, with themes; `cold` forgets all before each recording."""
        self._caller, self._cold = caller, cold
        caller.operator("/models", {"model_id": "m1", "themes": ["sea", "city"]})
        key = caller.operator("/bots", {"bot_id": "b1"})["key"]
        self._headers = {"authorization": f"Bearer {key}"}
        self.session_id: str = self.bot("POST", "/sessions", {})["session_id"]
        self._headers["bot_session"] = self.session_id
        for number in range(items):
            for phase in (*_PHASES, "any"):
                self._media(f"{phase}{number}", phase, number)
                self._text(f"{phase}-text{number}", phase, number)
        for number in range(accounts):
            self._account(f"a{number:02}")
        self.bot("GET", "/accounts/ready")  # a warm function knows the gates

    def _media(self, content_id: str, category: str, number: int) -> None:
        sha256 = hashlib.sha256(content_id.encode()).hexdigest()
        file = {"media_key": content_id, "media_type": "image/png", "bytes": 1000, "sha256": sha256}
        item = {"content_id": content_id, "category": category, "quality_score": 50 + number, "max_usage": 50}
        self._caller.operator("/models/m1/content", {**item, **file, **self._theme(number)})

    def _text(self, text_id: str, category: str, number: int) -> None:
        item = {"text_id": text_id, "category": category, "quality_score": 50 + number, "max_usage": 50}
        words = {"body": f"text {number} for {category}"}
        self._caller.operator("/models/m1/texts", {**item, **words, **self._theme(number)})

    @staticmethod
    def _theme(number: int) -> dict[str, str]:
        return [{}, {"theme": "sea"}, {"theme": "city"}][number % 3]

    def _account(self, account_id: str) -> None:
        consent = {"granted_by": "Ada", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 7"}
        account = {"account_id": account_id, "model_id": "m1", "username": account_id, "consent": consent}
        self._caller.operator("/accounts", {**account, "theme": "sea"})
        self._caller.operator(f"/accounts/{account_id}/ready", {"reason": "benchmark"})

    def bot(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """One request of the bot."""
        return self._caller.call(self._event(method, path, body, **headers))

    def operator(self, path: str) -> Any:
        """An operator's GET."""
        return self._caller.call(self._caller.event("GET", f"/api/operator{path}", authorization=f"Bearer {_ROOT}"))

    def _event(self, method: str, path: str, body: object = None, **headers: str) -> Event:
        return self._caller.event(method, f"/api/bot{path}", body, **self._headers, **headers)

    def _one(self, name: str, method: str, path: str, body: object = None, **headers: str) -> tuple[Recording, Any]:
        event = self._event(method, path, body, **headers)
        if self._cold:
            Cache.cached.clear()
        with recorded() as exchanges:
            answer = self._caller.call(event)
        return Recording(name, self._caller.clock.now, event, exchanges), answer

    def recordings(self) -> Iterator[Recording]:
        """Each request, in an order in which all are possible."""
        listing, found = self._one(f"ready ({LISTED})", "GET", f"/accounts/ready?limit={LISTED}")
        assert len(found["items"]) == LISTED
        yield listing
        claim, found = self._one("claim", "POST", "/accounts/claim", {"limit": 1})
        yield claim
        (claimed,) = found["items"]
        back = f"/accounts/{claimed['account_id']}/release"  # else its lease has run out when the session beats
        self.bot("POST", back, lease_token=claimed["lease"]["lease_token"])
        account = "/accounts/a29"
        yield self._one("start-warmup", "POST", f"{account}/start-warmup")[0]
        yield self._one("warmup-status", "GET", f"{account}/warmup-status")[0]
        self._done(account, "pfp")
        self._done(account, "bio")
        first, given = self._one("content, first", "GET", f"{account}/content/post")
        yield first
        token = given["lease"]["lease_token"]
        yield self._one("content, again", "GET", f"{account}/content/post")[0]
        beat = f"/sessions/{self.session_id}/heartbeat"
        yield self._one("heartbeat", "POST", beat, {})[0]
        report = {"phase": "post", "kind": "transient", "message": "try later"}
        yield self._one("report-error", "POST", f"{account}/report-error", report, lease_token=token)[0]
        self._caller.clock.now += timedelta(hours=6)
        token = self.bot("GET", f"{account}/content/post")["lease"]["lease_token"]
        told = {"execution_time_ms": 8000, "platform_response": {"id": "1", "ok": True}}
        path = f"{account}/complete-phase/post"
        yield self._one("complete-phase", "POST", path, told, lease_token=token)[0]
        self._caller.clock.now += timedelta(hours=48)
        self._done(account, "highlight")
        token = self.bot("GET", f"{account}/content/story")["lease"]["lease_token"]
        yield self._one("release", "POST", f"{account}/release", lease_token=token)[0]
        self._done(account, "story")
        yield self._one("complete-warmup", "POST", f"{account}/complete-warmup")[0]

    def timers(self) -> Iterator[Recording]:
        """One run of each timer, each in a function of its own."""
        for name in TIMERS:
            Cache.cached.clear()
            with recorded() as exchanges:
                self._caller.timer(name)
            yield Recording(name, self._caller.clock.now, SCHEDULED, exchanges, name)

    def _done(self, account: str, phase: str) -> None:
        given = self.bot("GET", f"{account}/content/{phase}")
        self.bot("POST", f"{account}/complete-phase/{phase}", {}, lease_token=given["lease"]["lease_token"])
        self._caller.clock.now += timedelta(hours=48)

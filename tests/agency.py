"""An agency to test with: its time, its operator, its bots, all through the HTTP API by Chalice's test client."""

import hashlib
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from chalice.test import Client

from chalicelib.tables.base import Store
from tests import openapi
from tests.store import State
from tests.wire import Wire

OPERATOR_KEY = "root"
CONSENT = {"granted_by": "Ada", "granted_at": "2026-01-01T00:00:00.000Z", "reference": "contract 7"}
JSON = "application/json"
PROBLEM = "application/problem+json"
PHASES = ("pfp", "bio", "post", "highlight", "story")
INTERVALS = {
    "pfp": timedelta(0),
    "bio": timedelta(hours=24),
    "post": timedelta(hours=24),
    "highlight": timedelta(hours=36),
    "story": timedelta(hours=48),
}
LEASE = timedelta(seconds=900)
NOBODY_CAME = timedelta(seconds=300)
"""After how long the timer opens a phase that nobody has taken."""
MEDIA = ("pfp", "post", "highlight", "story", "any")
TEXTS = ("bio", "post", "highlight")


@dataclass(slots=True)
class Time:
    """The time of a test: `now` is the clock, `elapsed` the seconds that calls and warm functions measure."""

    now: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    elapsed: float = 1000.0

    def clock(self) -> datetime:
        """The instant."""
        return self.now

    def monotonic(self) -> float:
        """The seconds."""
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        """Waits, within a call: its deadline comes nearer, the clock stands."""
        self.elapsed += seconds

    def advance(self, by: timedelta | float) -> None:
        """Lets time pass between calls."""
        seconds = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self.now += seconds
        self.elapsed += seconds.total_seconds()

    def to(self, instant: str) -> None:
        """Lets time pass until an instant that an answer named."""
        self.advance(datetime.fromisoformat(instant) - self.now)

    def told(self, by: timedelta = timedelta(0)) -> str:
        """The instant (in a while) as answers tell it."""
        return (self.now + by).strftime("%Y-%m-%dT%H:%M:%S.") + f"{(self.now + by).microsecond // 1000:03d}Z"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """Its body, parsed."""
        return json.loads(self.text)

    @property
    def code(self) -> str | None:
        """The code of a problem, None where there is none."""
        if self.headers.get("Content-Type") != PROBLEM:
            return None
        code: str = self.json["code"]
        return code

    def ok(self, status: int = 200) -> Any:
        """The parsed body of an answer that must have this status."""
        assert self.status == status, self.text
        return self.json

    def refused(self, status: int, code: str) -> Any:
        """The problem document of an answer that must be refused so."""
        assert (self.status, self.code) == (status, code), self.text
        return self.json


@dataclass(slots=True)
class Api:
    """One caller: every request goes out under its key."""

    client: Client
    key: str | None

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str | None = JSON,
        headers: Mapping[str, str | None] = MappingProxyType({}),
    ) -> Reply:
        """One request; `raw` goes out as it is, `body` as JSON, nothing where both are None."""
        given = {
            "Authorization": None if self.key is None else f"Bearer {self.key}",
            "Content-Type": content_type,
            **headers,
        }
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = {name: value for name, value in given.items() if value is not None}
        answer = self.client.http.request(method, path, headers=sent, body=data)
        text = answer.body.decode()
        openapi.check(method, path, answer.status_code, answer.headers, text, with_body=bool(data))
        return Reply(answer.status_code, answer.headers, text)

    def get(self, path: str, **more: Any) -> Reply:
        """A GET."""
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """A POST."""
        return self.send("POST", path, body, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        """A DELETE."""
        return self.send("DELETE", path, **more)


class Operator(Api):
    """Somebody who feeds the service and looks after it."""

    def __init__(self, client: Client, key: str = OPERATOR_KEY) -> None:
        super().__init__(client, key)

    def model(self, model_id: str = "m1", *, themes: Sequence[str] = ("sea", "city")) -> Any:
        """Creates a model."""
        return self.post("/api/operator/models", {"model_id": model_id, "themes": list(themes)}).ok(201)

    def account(
        self, account_id: str = "a1", *, model_id: str = "m1", theme: str | None = None, ready: bool = True
    ) -> str:
        """Creates an account, ready to be started unless told otherwise; its id."""
        body = {"account_id": account_id, "model_id": model_id, "username": f"user_{account_id}", "consent": CONSENT}
        if theme is not None:
            body["theme"] = theme
        self.post("/api/operator/accounts", body).ok(201)
        if ready:
            self.ready(account_id).ok()
        return account_id

    def ready(self, account_id: str, reason: str = "checked") -> Reply:
        """Declares an account ready."""
        return self.post(f"/api/operator/accounts/{account_id}/ready", {"reason": reason})

    def media(self, content_id: str, category: str, *, model_id: str = "m1", **more: Any) -> Any:
        """Adds a media item."""
        return self.post(f"/api/operator/models/{model_id}/content", media(content_id, category, **more)).ok(201)

    def words(self, text_id: str, category: str, *, model_id: str = "m1", **more: Any) -> Any:
        """Adds a text."""
        return self.post(f"/api/operator/models/{model_id}/texts", words(text_id, category, **more)).ok(201)

    def stocked(self, model_id: str = "m1") -> None:
        """Fills the model's pools with one item of each category that the standard plan asks for."""
        items = [media(f"{model_id}-{category}", category) for category in MEDIA]
        texts = [words(f"{model_id}-{category}-text", category) for category in TEXTS]
        self.post(f"/api/operator/models/{model_id}/content", items).ok(201)
        self.post(f"/api/operator/models/{model_id}/texts", texts).ok(201)

    def content(self, content_id: str, model_id: str = "m1") -> Any:
        """A media item with its usage."""
        return self.get(f"/api/operator/models/{model_id}/content/{content_id}").ok()

    def text(self, text_id: str, model_id: str = "m1") -> Any:
        """A text with its usage."""
        return self.get(f"/api/operator/models/{model_id}/texts/{text_id}").ok()

    def account_document(self, account_id: str = "a1") -> Any:
        """The account as operators see it."""
        return self.get(f"/api/operator/accounts/{account_id}").ok()

    def events(self, account_id: str = "a1") -> list[Any]:
        """The audit of an account, oldest first."""
        found: list[Any] = self.get(f"/api/operator/audit?account_id={account_id}&limit=100").ok()["items"]
        return found[::-1]

    def actions(self, account_id: str = "a1") -> list[str]:
        """What was done with an account, oldest first."""
        return [event["action"] for event in self.events(account_id)]

    def verified(self, account_id: str = "a1") -> int:
        """How many versions an account has had, once its audit was found to be whole."""
        found = self.get(f"/api/operator/accounts/{account_id}/verify").ok()
        assert found["ok"], found["problems"]
        versions: int = found["versions"]
        return versions


class Bot(Api):
    """A bot with a session, or (with `session` None) without one."""

    def __init__(self, client: Client, bot_id: str, key: str, session: str | None = None) -> None:
        super().__init__(client, key)
        self.bot_id = bot_id
        self.session = session

    def with_session(self, **body: str) -> "Bot":
        """The same bot, in a new session."""
        opened = self.post("/api/bot/sessions", body).ok(201)
        return Bot(self.client, self.bot_id, str(self.key), opened["session_id"])

    def without_session(self) -> "Bot":
        """The same bot, naming no session."""
        return Bot(self.client, self.bot_id, str(self.key))

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        """One request, in the bot's session if it has one."""
        headers = {"Bot-Session": self.session, **more.pop("headers", {})}
        return super().send(method, path, body, headers=headers, **more)

    def ready(self, query: str = "") -> Reply:
        """What can be worked on."""
        return self.get(f"/api/bot/accounts/ready{query}")

    def offered(self, query: str = "") -> list[str]:
        """The ids of the accounts that can be worked on."""
        return [item["account_id"] for item in self.ready(query).ok()["items"]]

    def claim(self, **body: Any) -> Reply:
        """Takes leases."""
        return self.post("/api/bot/accounts/claim", body)

    def start(self, account_id: str = "a1", **more: Any) -> Reply:
        """Starts a warm-up."""
        return self.post(f"/api/bot/accounts/{account_id}/start-warmup", **more)

    def status(self, account_id: str = "a1") -> Reply:
        """The status document."""
        return self.get(f"/api/bot/accounts/{account_id}/warmup-status")

    def content(self, phase: str = "pfp", account_id: str = "a1", **more: Any) -> Reply:
        """Asks for a phase's content."""
        return self.get(f"/api/bot/accounts/{account_id}/content/{phase}", **more)

    def complete(self, phase: str, token: str | None, account_id: str = "a1", **body: Any) -> Reply:
        """Completes a phase."""
        path = f"/api/bot/accounts/{account_id}/complete-phase/{phase}"
        return self.post(path, body, headers={"Lease-Token": token})

    def report(
        self, phase: str, token: str | None, account_id: str = "a1", *, kind: str = "transient", **body: Any
    ) -> Reply:
        """Reports an error."""
        told = {"phase": phase, "kind": kind, "message": "it did not work", **body}
        return self.post(f"/api/bot/accounts/{account_id}/report-error", told, headers={"Lease-Token": token})

    def measure(self, phase: str, score: float, measured_at: str, account_id: str = "a1", **body: Any) -> Reply:
        """Tells how the content of a phase did."""
        told = {"performance_score": score, "measured_at": measured_at, **body}
        return self.post(f"/api/bot/accounts/{account_id}/performance/{phase}", told)

    def release(self, token: str | None, account_id: str = "a1") -> Reply:
        """Gives a lease back."""
        return self.post(f"/api/bot/accounts/{account_id}/release", headers={"Lease-Token": token})

    def complete_warmup(self, account_id: str = "a1") -> Reply:
        """Ends a warm-up."""
        return self.post(f"/api/bot/accounts/{account_id}/complete-warmup")

    def heartbeat(self, session: str | None = None, **body: str) -> Reply:
        """Says that the session lives."""
        return self.post(f"/api/bot/sessions/{session or self.session}/heartbeat", body)

    def own_session(self) -> Reply:
        """The session with what it holds."""
        return self.get(f"/api/bot/sessions/{self.session}")

    def end(self) -> Reply:
        """Ends the session."""
        return self.delete(f"/api/bot/sessions/{self.session}")

    # longer ways

    def take(self, phase: str = "pfp", account_id: str = "a1") -> str:
        """Asks for a phase's content, which must be given; the token of its lease."""
        token: str = self.content(phase, account_id).ok()["lease"]["lease_token"]
        return token

    def do(self, phase: str, account_id: str = "a1") -> Any:
        """Does a phase from content to completion; what completion answered."""
        return self.complete(phase, self.take(phase, account_id), account_id).ok()


_EVENT = {
    **dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), ""),
    "detail": {},
    "resources": [],
}


T = TypeVar("T")
_STAGES: dict[tuple[object, ...], tuple[State, datetime, float, Any]] = {}


@dataclass(slots=True)
class Agency:
    """The whole of it: an operator, two bots, a model `m1` with stocked pools; no accounts yet."""

    client: Client
    time: Time
    wire: Wire
    operator: Operator
    keys: dict[str, str] = field(default_factory=dict)
    stage: tuple[object, ...] = ()
    staged_until: int = 0

    def staged(self, name: str, build: Callable[[], T]) -> T:
        """What `build` returns, after what it does: done once in a process, and restored for every test after that.

        Only as long as nothing was done with the agency but what was staged, else it is just built. What is returned
        must not belong to one test.
        """
        if self.wire.sent != self.staged_until:
            return build()
        stage = (*self.stage, name, self.time.now, self.time.elapsed)
        if stage not in _STAGES:
            made = build()
            _STAGES[stage] = self.wire.save(), self.time.now, self.time.elapsed, made
        saved, self.time.now, self.time.elapsed, result = _STAGES[stage]
        self.wire.restore(saved)
        self.wire.forget()
        Store.cached.clear()
        self.stage, self.staged_until = stage, self.wire.sent
        found: T = result
        return found

    def hire(self, bot_id: str, models: Sequence[str] | None = None) -> Bot:
        """A new bot, without a session."""
        body = {"bot_id": bot_id} | ({} if models is None else {"models": list(models)})
        self.keys[bot_id] = self.operator.post("/api/operator/bots", body).ok(201)["key"]
        return self.bot(bot_id)

    def bot(self, bot_id: str = "b1") -> Bot:
        """A bot that was hired, without a session."""
        return Bot(self.client, bot_id, self.keys[bot_id])

    def worker(self, bot_id: str = "b1") -> Bot:
        """A bot that was hired, in a new session."""
        session = self.staged(f"a session of {bot_id}", lambda: str(self.bot(bot_id).with_session().session))
        return Bot(self.client, bot_id, self.keys[bot_id], session)

    def timer(self, name: str = "open_due_phases") -> dict[str, int]:
        """Runs a timer; what it did."""
        app: Any = importlib.import_module("app")
        with self.wire.at_work(name):
            did: dict[str, int] = getattr(app, name)(_EVENT, None)
        return did

    def nobody(self) -> Api:
        """A caller without a key."""
        return Api(self.client, None)

    def warmed_to(self, phase: str, account_id: str = "a1", *, bot: Bot | None = None) -> Bot:
        """An account whose phases before this one are completed, and this one due; the bot that did it."""
        worker = bot or self.worker()
        self.staged(f"{account_id} at {phase} by {worker.session}", lambda: self._warm(account_id, phase, worker))
        return worker

    def _warm(self, account_id: str, phase: str, worker: Bot) -> None:
        if self.operator.get(f"/api/operator/accounts/{account_id}").status == 404:
            self.operator.account(account_id)
        worker.start(account_id).ok()
        for name in PHASES[: PHASES.index(phase)]:
            following = worker.do(name, account_id)["next"]
            self.time.to(following["available_at"])

    def warmed_up(self, account_id: str = "a1", *, bot: Bot | None = None) -> Bot:
        """An account whose phases are all completed; the bot that did it."""
        worker = self.warmed_to("story", account_id, bot=bot)
        self.staged(f"{account_id} done by {worker.session}", lambda: worker.do("story", account_id))
        return worker


def media(content_id: str, category: str, **more: Any) -> dict[str, Any]:
    """The body of a media item."""
    return {
        "content_id": content_id,
        "category": category,
        "quality_score": 80,
        "max_usage": 100,
        "media_key": f"media/{content_id}.png",
        "media_type": "image/png",
        "sha256": hashlib.sha256(content_id.encode()).hexdigest(),
        "bytes": 1234,
        "width": 640,
        "height": 480,
        **more,
    }


def words(text_id: str, category: str, **more: Any) -> dict[str, Any]:
    """The body of a text."""
    return {
        "text_id": text_id,
        "category": category,
        "quality_score": 70,
        "max_usage": 100,
        "body": f"words for {category} by {text_id}",
        **more,
    }

"""The contract's verbs in any order, over HTTP on AWS's own engine, with a plain model beside it: parity at each step.

The model is the explorer's account. What hypothesis finds it shrinks to the fewest steps.
"""

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib import context, middleware, schedules, tables
from chalicelib.domain import keys, plans
from chalicelib.settings import Settings
from tests.agency import CONSENT, MEDIA, TEXTS, media, words
from tests.chaos.explorer import BOTS, OPERATOR, ORDER, PLAN, VERBS, Account, operated, taken, timed, told
from warmup.sandbox.gateway import Gateway
from warmup.sandbox.server import Server
from warmup.sandbox.stores import Store

pytestmark = pytest.mark.engine
PEPPER, OPERATOR_KEY = "a pepper for the machine", "an operator's key for the machine"
bots = st.sampled_from(BOTS)


class Api:
    """The service over HTTP, in a time that the machine moves."""

    def __init__(self, url: str) -> None:
        self.now = datetime(2040, 11, 22, tzinfo=UTC)  # far ahead: the engine deletes what expired by its own clock
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=20)
        self.keys: dict[str, str] = {}
        self.numbers = itertools.count(1)

    def call(self, key: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request; what has no answer in the contract is a failure."""
        given = {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): text for name, text in headers.items()}}
        answer = self.http.request(method, path, json=None if method == "GET" else body or {}, headers=given)
        assert answer.status_code < 500, answer.text
        return answer

    def operator(self, method: str, path: str, body: object = None) -> Any:
        """An operator's request that must be accepted."""
        answer = self.call(OPERATOR_KEY, method, f"/api/operator/{path}", body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


class Machine(RuleBasedStateMachine):
    """One account in its last two phases, and two bots."""

    api: ClassVar[Api]

    @initialize()
    def begin(self) -> None:
        """A fresh account at highlight."""
        api = self.api
        self.account_id = f"a{next(api.numbers)}"
        self.path = f"/api/bot/accounts/{self.account_id}"
        body = {"account_id": self.account_id, "model_id": "m1", "username": self.account_id, "consent": CONSENT}
        api.operator("POST", "accounts", body)
        api.operator("POST", f"accounts/{self.account_id}/ready", {"reason": "test"})
        self.sessions = {bot: api.call(api.keys[bot], "POST", "/api/bot/sessions").json()["session_id"] for bot in BOTS}
        self.tokens = dict.fromkeys(BOTS, "")
        self.current = ""
        self.bot("b1", "POST", "start-warmup")
        for phase in ("pfp", "bio", "post"):
            token = self.bot("b1", "GET", f"content/{phase}").json()["lease"]["lease_token"]
            done = self.bot("b1", "POST", f"complete-phase/{phase}", lease_token=token).json()
            api.now = datetime.fromisoformat(done["next"]["available_at"])
        self.model = Account(available_in=0, owed=0)

    def bot(self, bot: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """A bot's request about the account."""
        return self.api.call(
            self.api.keys[bot], method, f"{self.path}/{path}", body, bot_session=self.sessions[bot], **headers
        )

    @property
    def phase(self) -> str:
        """The phase that the account is in."""
        return str(ORDER[min(self.model.place, len(ORDER) - 1)])

    @rule(bot=bots)
    def take(self, bot: str) -> None:
        """A bot asks for the content."""
        answer = self.bot(bot, "GET", f"content/{self.phase}")
        after = taken(self.model, bot)
        held = after is not None and after.holder == bot and not after.ended and after.place < len(ORDER)
        assert (answer.status_code == 200) == held, answer.text
        self.model = after or self.model
        if held:
            self.tokens[bot] = self.current = answer.json()["lease"]["lease_token"]

    @rule(bot=bots, verb=st.sampled_from(sorted(VERBS)))
    def tell(self, bot: str, verb: str) -> None:
        """A bot tells what happened, with the last token that it was given."""
        token = self.tokens[bot]
        if not token:
            return
        report = {"phase": self.phase, "kind": "transient" if verb == "fail" else "unknown", "message": "x"}
        match verb:
            case "heartbeat":
                self.api.call(self.api.keys[bot], "POST", f"/api/bot/sessions/{self.sessions[bot]}/heartbeat")
            case "complete":
                self.bot(bot, "POST", f"complete-phase/{self.phase}", lease_token=token)
            case "release":
                self.bot(bot, "POST", "release", lease_token=token)
            case _:
                self.bot(bot, "POST", "report-error", report, lease_token=token)
        self.model = told(verb, self.model, "current" if token == self.current else "stale", bot) or self.model

    @rule(verb=st.sampled_from(sorted(OPERATOR)))
    def operate(self, verb: str) -> None:
        """An operator's move."""
        place = f"phases/{self.phase}/" if verb in ("retry", "skip") else ""
        path = f"/api/operator/accounts/{self.account_id}/{place}{verb}"
        answer = self.api.call(OPERATOR_KEY, "POST", path, {"reason": f"{next(self.api.numbers)}"})
        after = operated(verb, self.model)
        assert (answer.status_code == 200) == (after is not None), answer.text
        self.model = after or self.model

    @rule()
    def timer(self) -> None:
        """The timer runs."""
        schedules.open_due_phases()
        self.model = timed(self.model)

    @rule(seconds=st.sampled_from([60, 450, 900, 3600]))
    def time_passes(self, seconds: int) -> None:
        """Time passes."""
        self._age(seconds)

    @precondition(lambda self: self.model.available_in > 0)
    @rule()
    def it_falls_due(self) -> None:
        """Time passes until the phase may begin."""
        self._age(self.model.available_in)

    def _age(self, seconds: int) -> None:
        self.api.now += timedelta(seconds=seconds)
        model = self.model
        self.model = model._replace(
            available_in=max(0, model.available_in - seconds),
            expires_in=max(0, model.expires_in - seconds),
            latest_in=max(0, model.latest_in - seconds),
        )

    @invariant()
    def parity(self) -> None:
        """What an operator sees is what the model says; the audit is whole."""
        if not hasattr(self, "model"):
            return
        seen = self.api.operator("GET", f"accounts/{self.account_id}")
        model, place = self.model, self.model.place
        assert (seen["state"], seen["current_phase"]) == (model.state, ORDER[place] if place < len(ORDER) else None)
        live = bool(model.holder) and not model.ended and model.expires_in > 0
        lease = seen["lease"]
        assert (lease is not None and lease["live"]) == live, (lease, model)
        assert not live or lease["bot_id"] == model.holder
        if place < len(ORDER):
            phase = next(one for one in seen["phases"] if one["phase"] == ORDER[place])
            found = (phase["status"], phase["retry_count"], phase["crash_count"], phase["release_count"])
            assert found == (model.status, model.retries, model.crashes, model.releases), model
            if phase["available_at"] is not None:  # how long a retry waits is spread, and taken from the service
                left = datetime.fromisoformat(phase["available_at"]) - self.api.now
                self.model = model._replace(available_in=max(0, -(-left // timedelta(seconds=1))))
        assert self.api.operator("GET", f"accounts/{self.account_id}/verify")["ok"]


@pytest.fixture
def api(dynamodb_local: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The service over HTTP, with a stocked model and two bots."""
    for name, value in (dynamodb_local.environ() | {"POWERTOOLS_METRICS_DISABLED": "true"}).items():
        monkeypatch.setenv(name, value)
    chosen = Settings(
        table_prefix=f"machine{os.getpid()}-",
        pepper=PEPPER,
        operator_key_digest=keys.digest(PEPPER, OPERATOR_KEY),
        verify_media=False,
        gate_cache_seconds=0,
    )
    app: Any = __import__("app").app
    monkeypatch.setattr(middleware.edge, "settings", chosen)
    monkeypatch.setitem(plans.PLANS, ("standard", 1), PLAN)
    tables.bind(chosen)
    tables.create_all()
    server = Server("127.0.0.1", 0, Gateway(app, middleware.problem_for_unknown_route).handle)
    server.start()
    api = Api(server.url)
    monkeypatch.setattr(context.sources, "clock", lambda: api.now)
    api.operator("POST", "models", {"model_id": "m1"})
    api.operator("POST", "models/m1/content", [_lasting(media(f"{one}-{n}", one)) for one in MEDIA for n in range(3)])
    api.operator(
        "POST", "models/m1/texts", [_lasting(words(f"{one}-{n}-text", one)) for one in TEXTS for n in range(3)]
    )
    for bot in BOTS:
        api.keys[bot] = api.operator("POST", "bots", {"bot_id": bot})["key"]
    yield api
    server.stop()
    for model in tables.NAMES:
        model.delete_table()


def _lasting(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "max_usage": 9_999}


def _play(api: Api, examples: int, *, derandomize: bool) -> None:
    Machine.api = api
    run_state_machine_as_test(
        cast(Any, Machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            derandomize=derandomize,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_service_does_as_the_model_in_any_order_of_the_verbs(api: Api) -> None:
    _play(api, 6, derandomize=True)


@pytest.mark.long
def test_so_it_does_in_many_others(api: Api) -> None:
    _play(api, 60, derandomize=False)

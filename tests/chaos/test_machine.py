"""The contract's verbs in any order, over HTTP on AWS's own engine, beside the pure functions: parity at each step.

The functions are walked as the explorer walks them. What hypothesis finds it shrinks to the fewest steps.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
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

from chalicelib import context, schedules, tables
from chalicelib.domain import keys, leases, plans, timing
from chalicelib.domain.warmup.simulation import NOW
from chalicelib.domain.warmup.state import Warmup
from chalicelib.edge.serve import installed, problem_for_unknown_route
from chalicelib.settings import Settings
from tests.agency import CONSENT, MEDIA, TEXTS, media, words
from tests.chaos.explorer import BOTS, OPERATOR, PLAN, STATES, VERBS, aged, given, number_of, timed, warming_up
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
        self.number = number_of(replace(warming_up(2, due_in=0), account_id=self.account_id))

    def bot(self, bot: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """A bot's request about the account."""
        return self.api.call(
            self.api.keys[bot], method, f"{self.path}/{path}", body, bot_session=self.sessions[bot], **headers
        )

    @property
    def phase(self) -> str:
        """The phase that the account is in."""
        return self.model.current_phase or self.model.phases[-1].phase

    @property
    def model(self) -> Warmup:
        """The account as the functions leave it."""
        return STATES[self.number]

    @rule(bot=bots)
    def take(self, bot: str) -> None:
        """A bot asks for the content."""
        answer = self.bot(bot, "GET", f"content/{self.phase}")
        after = given(self.number, bot)
        lease = None if after is None else STATES[after].lease
        held = lease is not None and lease.bot_id == bot and leases.is_live(lease, NOW)
        assert (answer.status_code == 200) == held, answer.text
        self._goes_on(after)
        if held:
            self.tokens[bot] = self.current = answer.json()["lease"]["lease_token"]

    def _goes_on(self, after: int | None) -> None:
        self.number = self.number if after is None else after

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
        self._goes_on(VERBS[verb](self.number, "current" if token == self.current else "stale", bot))

    @rule(verb=st.sampled_from(sorted(OPERATOR)))
    def operate(self, verb: str) -> None:
        """An operator's move."""
        place = f"phases/{self.phase}/" if verb in ("retry", "skip") else ""
        path = f"/api/operator/accounts/{self.account_id}/{place}{verb}"
        body = CONSENT if verb == "consent" else {"reason": f"{next(self.api.numbers)}"}
        answer = self.api.call(OPERATOR_KEY, "POST", path, body)
        after = OPERATOR[verb](self.number)
        assert (answer.status_code == 200) == (after is not None), answer.text
        self._goes_on(after)

    @rule()
    def timer(self) -> None:
        """The timer runs."""
        schedules.open_due_phases()
        self.number = timed(self.number)

    @rule(seconds=st.sampled_from([60, 450, 900, 3600]))
    def time_passes(self, seconds: int) -> None:
        """Time passes."""
        self._age(seconds)

    @precondition(lambda self: self.due_in > 0)
    @rule()
    def it_falls_due(self) -> None:
        """Time passes until the phase may begin."""
        self._age(self.due_in)

    @property
    def due_in(self) -> int:
        """The seconds until the phase may begin."""
        at = None if self.model.current is None else self.model.current.available_at
        return 0 if at is None else -(-(at - NOW) // timedelta(seconds=1))

    def _age(self, seconds: int) -> None:
        self.api.now += timedelta(seconds=seconds)
        self.number = aged(self.number, seconds)

    @invariant()
    def parity(self) -> None:
        """What an operator sees is what the functions say; the audit is whole."""
        if not hasattr(self, "number"):
            return
        seen, model = self.api.operator("GET", f"accounts/{self.account_id}"), self.model
        assert (seen["state"], seen["current_phase"]) == (model.state, model.current_phase)
        live = leases.is_live(model.lease, NOW)
        lease = seen["lease"]
        assert (lease is not None and lease["live"]) == live, (lease, model)
        assert not live or (model.lease is not None and lease["bot_id"] == model.lease.bot_id)
        if model.current is not None:
            phase = next(one for one in seen["phases"] if one["phase"] == model.current_phase)
            current = model.current
            status = timing.status_at(model.state, current.status, current.available_at, NOW)
            names = ("retry_count", "crash_count", "release_count")
            assert [phase[name] for name in names] == [getattr(current, name) for name in names], model
            assert phase["status"] == seen["phase_status"] == status or model.needs_review, model
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
        max_leases=1000,
        max_sessions=1000,
        gate_cache_seconds=0,
    )
    app: Any = __import__("app").app
    monkeypatch.setattr(installed, "settings", chosen)
    monkeypatch.setitem(plans.PLANS, ("standard", 1), PLAN)
    tables.bind(chosen)
    tables.create_all()
    server = Server("127.0.0.1", 0, Gateway(app, problem_for_unknown_route).handle)
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

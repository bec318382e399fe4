"""Callers without a valid key: too many of their requests are refused, and nobody else's."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.domain.limits import ANONYMOUS, FAILED
from chalicelib.edge import throttle
from tests.agency import Agency
from warmup.sandbox.answers import HttpRequest
from warmup.sandbox.gateway import Routes, proxy_event
from warmup.sandbox.invocation import Invocation

FLOOD, OTHER = "203.0.113.7", "203.0.113.8"


class Caller:
    """Calls the app as the gateway does, from an address."""

    def __init__(self, app: Any, address: str) -> None:
        self._app, self._address, self._routes = app, address, Routes(sorted(app.routes))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any, Mapping[str, str]]:
        """Status, document and headers of the answer."""
        request = HttpRequest("GET", path, "", list((headers or {}).items()), b"", self._address)
        found = self._routes.find(path)
        assert found is not None
        answer = self._app(proxy_event(request, *found), Invocation("api"))
        return answer["statusCode"], answer["body"], answer["headers"]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm function that nobody has called yet."""
    monkeypatch.setattr("chalicelib.edge.serve.failed", throttle._Addresses(FAILED))
    monkeypatch.setattr("chalicelib.edge.serve.anonymous", throttle._Addresses(ANONYMOUS))


READY = "/api/bot/accounts/ready"


def wrong(number: int) -> dict[str, str]:
    """A key that is none, another one each time, and a header that would hide where it comes from."""
    return {"Authorization": f"Bearer wk_b1_{number}", "X-Forwarded-For": f"198.51.100.{number % 250}"}


def test_a_flood_of_wrong_keys_is_refused_and_an_honest_bot_at_the_same_address_is_not(
    agency: Agency, app: Any
) -> None:
    flood, honest = Caller(app, FLOOD), {"Authorization": f"Bearer {agency.keys['b1']}"}
    answers = [flood.get(READY, wrong(number))[0] for number in range(300)]
    assert answers == [401] * FAILED.burst + [429] * (300 - FAILED.burst)
    _, body, headers = flood.get(READY, wrong(1))
    problem = json.loads(body)
    assert (problem["code"], problem["retryable"], headers["Retry-After"]) == ("rate_limited", True, "2")
    assert problem["retry_after_seconds"] == 2
    assert [flood.get(READY, honest)[0] for _ in range(50)] == [200] * 50
    assert Caller(app, OTHER).get(READY, wrong(1))[0] == 401, "another address has its own bucket"
    agency.time.advance(2)
    assert [flood.get(READY, wrong(number))[0] for number in range(2)] == [401, 429]


def test_a_request_without_any_key_counts_as_one_that_failed(agency: Agency, app: Any) -> None:
    flood = Caller(app, FLOOD)
    assert [flood.get(READY)[0] for _ in range(FAILED.burst + 1)] == [401] * FAILED.burst + [429]


@pytest.mark.parametrize("path", ["/api/health", "/api/ready", "/docs/swagger-ui.css", "/console", "/openapi.json"])
def test_what_anybody_may_read_is_limited_by_address(agency: Agency, app: Any, path: str) -> None:
    flood = Caller(app, FLOOD)
    throttle_at = ANONYMOUS.burst
    for _ in range(throttle_at):
        assert flood.get("/api/health")[0] == 200
    status, body, headers = flood.get(path)
    assert (status, json.loads(body)["code"], headers["Retry-After"]) == (429, "rate_limited", "1")
    assert Caller(app, OTHER).get(path)[0] == 200
    honest = {"Authorization": f"Bearer {agency.keys['b1']}"}
    assert flood.get(READY, honest)[0] == 200


def test_a_developers_own_machine_is_not_limited(agency: Agency, app: Any) -> None:
    local = Caller(app, "127.0.0.1")
    assert {local.get(READY)[0] for _ in range(FAILED.burst * 3)} == {401}

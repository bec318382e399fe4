"""The service on AWS's own engine (DynamoDB Local), called as the edge calls it, from many threads."""

import itertools
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import context, routes, tables
from chalicelib.domain import keys
from chalicelib.edge.requests import Call
from chalicelib.edge.routing import ENDPOINTS
from chalicelib.edge.serve import installed, serve
from chalicelib.settings import Settings
from warmup.sandbox.stores import Store, missing, open_store

PEPPER, OPERATOR_KEY = "a pepper for tests", "an operator's key for tests"
_PREFIXES = itertools.count()


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[Store]:
    """One DynamoDB Local for all tests of a worker; skipped where it cannot run, failed where CI is set."""
    reason = missing("dynamodb-local")
    if reason is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with open_store("dynamodb-local") as store:
        yield store


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        # far ahead: the engine deletes what expired by the clock of the machine, while a test is at work
        self.now = datetime(2040, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        """Moves time forward by a timedelta's arguments."""
        self.now += timedelta(**duration)


@dataclass(frozen=True)
class Answer:
    """What a caller got."""

    status: int
    headers: dict[str, str]
    document: Any


class Service:
    """The routes, called without HTTP: method, path, key, body, headers."""

    def __init__(self, clock: Clock, shards: int) -> None:
        self.clock, self.shards = clock, shards
        self._routes = [(endpoint, endpoint.path.strip("/").split("/")) for endpoint in ENDPOINTS]
        self.history: list[tuple[str, str, int]] = []
        self._lock = threading.Lock()

    def call(self, method: str, path: str, key: str, body: object = None, **headers: str) -> Answer:
        """One request."""
        bare, _, query = path.partition("?")
        parts = bare.strip("/").split("/")
        endpoint, params = next(
            (endpoint, params)
            for endpoint, pattern in sorted(self._routes, key=lambda one: "{" in one[0].path)
            if endpoint.method == method and (params := _match(pattern, parts)) is not None
        )
        given = {"authorization": f"Bearer {key}", **{name.replace("_", "-"): text for name, text in headers.items()}}
        raw = b"" if body is None else json.dumps(body).encode()
        asked = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
        status, out, text = serve(endpoint, Call(given, asked, raw), params)
        with self._lock:
            self.history.append((method, path, status))
        return Answer(status, out, json.loads(text))

    def operator(self, method: str, path: str, body: object = None) -> Any:
        """An operator's request that must be accepted."""
        answer = self.call(method, path, OPERATOR_KEY, body)
        assert answer.status in (200, 201), answer
        return answer.document

    def every(self, path: str) -> Iterator[Any]:
        """All items of an operator's list."""
        cursor = ""
        while True:
            page = self.operator("GET", f"{path}{'&' if '?' in path else '?'}limit=100{cursor}")
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = f"&cursor={page['next_cursor']}"


def _match(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    params = {}
    for wanted, given in zip(pattern, parts, strict=True):
        if wanted.startswith("{"):
            params[wanted.strip("{}")] = given
        elif wanted != given:
            return None
    return params


@pytest.fixture(params=[1, 4], ids=["one-shard", "four-shards"])
def service(
    request: pytest.FixtureRequest, dynamodb_local: Store, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """The service with tables of its own and a clock that stands still until it is moved."""
    for name, value in dynamodb_local.environ().items():
        monkeypatch.setenv(name, value)
    clock = Clock()
    monkeypatch.setattr(context.sources, "clock", clock)
    settings = Settings(
        table_prefix=f"t{os.getpid()}-{next(_PREFIXES)}-",
        pepper=PEPPER,
        operator_key_digest=keys.digest(PEPPER, OPERATOR_KEY),
        queue_shards=request.param,
        deadline_seconds=30,
        gate_cache_seconds=0,
        verify_media=False,
        max_leases=1000,
        max_sessions=1000,
    )
    assert routes.BLUEPRINTS
    tables.bind(settings)
    tables.create_all()
    installed.settings = settings
    yield Service(clock, request.param)
    for model in tables.NAMES:
        model.delete_table()

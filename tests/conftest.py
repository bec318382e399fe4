"""What tests share: an agency on a store in this process, driven through the HTTP API, in a time of its own.

Nothing here happens to a test that does not ask for it: others run the service against stores in other processes. But
no test reaches AWS's own hosts.
"""

import importlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from chalice.test import Client, HTTPResponse

from chalicelib import context, tables
from chalicelib.domain import keys
from chalicelib.edge.serve import installed
from chalicelib.settings import Settings
from chalicelib.tables.base import Store
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from tests import rights
from tests.agency import OPERATOR_KEY, Agency, Operator, Time
from tests.store import DynamoDB, State
from tests.wire import Wire
from warmup.sandbox.guard import aws_refused

hypothesis.settings.register_profile("tests", deadline=None)  # how long one example takes is the machine's affair
hypothesis.settings.load_profile("tests")

_PEPPER = "a pepper for tests"
SETTINGS = Settings(
    table_prefix="test-",
    pepper=_PEPPER,
    operator_key_digest=keys.digest(_PEPPER, OPERATOR_KEY),
    bulk_workers=1,  # in order, so that a test knows which request is which
    verify_media=False,
    max_leases=1000,  # a test's bot does the work of many; those about quotas set their own
    max_sessions=1000,
)
_ENVIRON = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_ENDPOINT_URL_DYNAMODB": "http://store.test",
}


class _Kept:
    """What is made once in a process: the tables, the connection to them, the agency before a test begins."""

    connection: Any = None
    store = DynamoDB()
    agency: tuple[State, dict[str, str]] | None = None


@pytest.fixture(scope="session", autouse=True)
def no_aws() -> Iterator[None]:
    """A request to AWS's own hosts is refused before it leaves, by whatever client."""
    with aws_refused():
        yield


@pytest.fixture
def settings() -> Settings:
    """The settings of the service; a module overrides this where it needs others."""
    return SETTINGS


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time of the test: nothing moves it but the test."""
    time = Time()
    monkeypatch.setattr(context.sources, "clock", time.clock)
    monkeypatch.setattr(context.sources, "monotonic", time.monotonic)
    monkeypatch.setattr(context.sources, "sleep", time.sleep)
    return time


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, time: Time, settings: Settings) -> Iterator[Wire]:
    """An empty store in this process, with all tables, and the wire to it; no function may ask for more than its
    policy allows."""
    wire = Wire(took=time.sleep, store=_Kept.store)
    wire.store.behind = None
    wire.store.tokens.clear()

    def send(_: Connections, request: Request) -> StoreAnswer:
        return wire.send(request)

    for name, value in _ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Connections, "send", send)
    if _Kept.connection is None or Store.connection is not _Kept.connection:
        tables.bind(settings)
        tables.create_all()
        _Kept.connection = Store.connection
    Store.cached.clear()
    wire.restore(None)
    wire.calls.clear()
    yield wire
    beyond = sorted(wire.used - rights.granted())
    assert not beyond, f"no policy allows this (.chalice/policy-*.json): {beyond}"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, wire: Wire, settings: Settings) -> Any:
    """The service as its composition root puts it together, on the store of the tests."""
    app = importlib.import_module("app").app
    if Store.connection is not _Kept.connection:  # the composition root bound the tables to its own names
        tables.bind(replace(settings, table_prefix=SETTINGS.table_prefix))
        _Kept.connection = Store.connection
    monkeypatch.setattr(installed, "settings", settings)
    return app


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, wire: Wire, app: Any) -> Iterator[Client]:
    """The service behind Chalice's test client."""
    with Client(app) as client:
        request = client.http.request

        def as_the_function(*args: Any, **options: Any) -> HTTPResponse:
            with wire.at_work("api_handler"):
                return request(*args, **options)

        monkeypatch.setattr(client.http, "request", as_the_function)
        yield client


@pytest.fixture
def agency(client: Client, time: Time, wire: Wire, settings: Settings) -> Agency:
    """An operator, the bots `b1` and `b2`, and the model `m1` with stocked pools."""
    agency = Agency(client, time, wire, Operator(client), stage=(settings,))
    if _Kept.agency is None:
        agency.operator.model()
        agency.operator.stocked()
        agency.hire("b1")
        agency.hire("b2")
        _Kept.agency = wire.save(), dict(agency.keys)
    saved, bot_keys = _Kept.agency
    wire.restore(saved)
    agency.keys.update(bot_keys)
    wire.forget()
    Store.cached.clear()
    agency.staged_until = wire.sent
    return agency


@pytest.fixture
def operator(agency: Agency) -> Operator:
    """The agency's operator."""
    return agency.operator

"""Making the tables: on a busy engine, beside another process, and on one where they exist."""

import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import TableError

from chalicelib import context, tables
from chalicelib.settings import Settings
from chalicelib.tables import base
from chalicelib.tables.base import READ_SECONDS, Store
from chalicelib.tables.client import DirectConnection
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from tests.integration.test_transport import refused, told


class Engine:
    """Makes tables, slowly: an answer comes only to who waits for so many seconds."""

    def __init__(self, takes: float) -> None:
        self.takes = takes
        self.made: set[str] = set()
        self.lives: set[str] = set()
        self.asked: list[str] = []
        self.refuses: str | None = None

    def send(self, connections: Connections, request: Request) -> StoreAnswer:
        """In the place of the pool's own."""
        operation = request.operation
        body: dict[str, Any] = json.loads(request.body)
        self.asked.append(operation)
        name = body["TableName"]
        match operation:
            case "DescribeTable":
                if name not in self.made:
                    return refused(400, "ResourceNotFoundException")
                return told(200, json.dumps({"Table": {"TableName": name, "TableStatus": "ACTIVE"}}).encode())
            case "CreateTable":
                if self.refuses is not None:
                    return refused(400, self.refuses)
                if name in self.made:
                    return refused(400, "ResourceInUseException")
                self.made.add(name)
                if connections.read_seconds < self.takes:
                    raise ReadTimeoutError(endpoint_url=request.url)
                return told(200, json.dumps({"TableDescription": {"TableName": name}}).encode())
            case "UpdateTimeToLive":
                if name in self.lives:
                    return refused(400, "ValidationException")
                self.lives.add(name)
                return told(200, b"{}")
            case _:
                raise LookupError(operation)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An engine that takes five seconds for a table, and the tables bound to it."""
    engine = Engine(takes=5)

    def send(connections: Connections, request: Request) -> StoreAnswer:
        return engine.send(connections, request)

    monkeypatch.setattr(Connections, "send", send)
    monkeypatch.setattr(context.sources, "sleep", lambda _: None)
    variables = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://store.test",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    tables.bind(Settings(table_prefix="slow-"))
    return engine


def test_a_table_that_takes_seconds_is_waited_for(engine: Engine) -> None:
    tables.create_all()
    assert engine.made == {f"slow-{name}" for name in tables.NAMES.values()}
    assert engine.asked.count("CreateTable") == len(tables.NAMES), "none was sent again"
    assert engine.lives, "what expires has its time to live"


def test_a_table_whose_answer_was_lost_counts_as_made(engine: Engine) -> None:
    engine.takes = 3600
    tables.create_all()
    assert engine.made == {f"slow-{name}" for name in tables.NAMES.values()}
    assert engine.lives, "what expires has its time to live"


def test_a_table_that_another_process_was_faster_to_make_counts_as_made(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has set the time to live, too, which is refused the second time."""
    send = engine.send

    def overtaken(connections: Connections, request: Request) -> StoreAnswer:
        if request.operation == "CreateTable":
            engine.made.add(json.loads(request.body)["TableName"])
            engine.lives.add(json.loads(request.body)["TableName"])
        return send(connections, request)

    monkeypatch.setattr(engine, "send", overtaken)
    tables.create_all()


def test_tables_that_exist_are_left_alone(engine: Engine) -> None:
    tables.create_all()
    engine.asked.clear()
    tables.create_all()
    assert set(engine.asked) == {"DescribeTable"}


def test_a_table_that_is_refused_is_not_taken_for_made(engine: Engine) -> None:
    engine.refuses = "LimitExceededException"
    with pytest.raises(TableError, match="LimitExceededException"):
        tables.create_all()


def test_the_patience_ends_with_the_making(engine: Engine) -> None:
    tables.create_all()
    for model in tables.NAMES:
        connection = model._get_connection().connection
        assert isinstance(connection, DirectConnection) and connection.store is Store.connection
    assert Store.connection is not None
    assert base.connection().connections.read_seconds == READ_SECONDS

"""The store of the tests answers as AWS's own engine does: a life of the service is lived on both, call by call."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import tables
from chalicelib.tables.client import DynamoDB
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from chalicelib.tables.settings import keep_turns, take_turn
from chalicelib.tables.transport import Sdk
from tests.agency import Agency
from tests.conftest import SETTINGS
from tests.wire import Call
from warmup.sandbox.stores import Store

pytestmark = pytest.mark.engine
DEFINED = Path(__file__).parents[2] / "infrastructure" / "tables.json"
_SEND = Connections.send  # before any test puts its own wire in its place


def plain(value: Any) -> Any:
    """An answer without what may differ: the order of sets, the spelling of numbers, what was consumed."""
    match value:
        case {"N": str(number)}:
            return {"N": Decimal(number).normalize()}
        case {"SS": list(members)}:
            return {"SS": sorted(members)}
        case dict():
            return {name: plain(one) for name, one in value.items() if name not in ("ConsumedCapacity", "Message")}
        case list():
            return [plain(one) for one in value]
        case _:
            return value


def told(call: Call, answer: Any) -> Any:
    """An answer to compare; a batch has no order, nor have rows that an index sorts alike."""
    found = plain(answer)
    if "IndexName" in call.body and "Items" in found:
        return sorted(json.dumps(one, sort_keys=True, default=str) for one in found["Items"])
    if call.operation == "BatchGetItem":
        rows = found["Responses"].items()
        return {
            name: sorted(json.dumps(one, sort_keys=True, default=str) for one in items) for name, items in rows if items
        }
    return {name: one for name, one in found.items() if name not in ("UnprocessedKeys", "UnprocessedItems")}


class Engine:
    """AWS's own engine with the tables of the tests, and a comparison of each answer."""

    def __init__(self, client: DynamoDB, url: str) -> None:
        self._client, self._url = client, url
        self.compared: list[str] = []

    def make(self) -> Iterator[str]:
        """Makes the tables as a deployment defines them, and names them."""
        for resource in json.loads(DEFINED.read_text()).values():
            defined = resource["Properties"]
            sub = json.dumps(defined["TableName"]).rstrip('"}')
            name = SETTINGS.table_prefix + next(name for name in tables.NAMES.values() if sub.endswith("}" + name))
            parts = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            self.ask("CreateTable", {"TableName": name} | {part: defined[part] for part in parts if part in defined})
            yield name

    def ask(self, operation: str, body: dict[str, Any]) -> Any:
        """The engine's answer; of a refusal its code and its reasons, with the items that stand there."""
        try:
            return self._client.dispatch(operation, body)
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            return {"refused": error.response["Error"]["Code"], "reasons": reasons}

    def compare(self, call: Call, answer: StoreAnswer) -> None:
        """Asks the engine the same, and holds the answers together."""
        document = json.loads(answer.content)
        if answer.status_code != 200:
            reasons = document.get("CancellationReasons", [])
            document = {"refused": document["__type"].rpartition("#")[2], "reasons": reasons}
        mine, its = told(call, document), told(call, self.ask(call.operation, dict(call.body)))
        assert mine == its, f"{call.operation} {json.dumps(call.body)[:2000]}"
        self.compared.append(call.operation)


@pytest.fixture
def engine(agency: Agency, dynamodb_local: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The engine, holding what the agency's store holds; every call from now on is compared."""
    for name, value in dynamodb_local.environ().items():
        monkeypatch.setenv(name, value)
    client = DynamoDB(Sdk(), connect_seconds=5, read_seconds=30, attempts=1, pool_size=1)
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB")
    engine, wire = Engine(client, dynamodb_local.dynamodb_url), agency.wire

    def both(connections: Connections, request: Request) -> StoreAnswer:
        if request.url.startswith(dynamodb_local.dynamodb_url):
            return _SEND(connections, request)
        answer = wire.send(request)
        engine.compare(wire.calls[-1], answer)
        return answer

    monkeypatch.setattr(Connections, "send", both)
    made = list(engine.make())
    for name, table in wire.store.tables.items():
        for row in table.rows.values():
            engine.ask("PutItem", {"TableName": name, "Item": dict(row)})
    yield engine
    for name in made:
        engine.ask("DeleteTable", {"TableName": name})


def test_a_life_of_the_service_gets_the_same_answers_from_both(agency: Agency, engine: Engine) -> None:
    operator = agency.operator
    for number in range(3):
        operator.account(f"a{number}")
        agency.time.advance(1)  # rows that an index sorts alike come in any order
    operator.media("spare", "pfp")
    first, second = agency.worker("b1"), agency.worker("b2")
    first.claim().ok()
    second.claim().ok()
    for account in ("a0", "a1", "a2"):
        first.start(account), second.start(account)
        agency.time.advance(1)
    token = first.take("pfp", "a1") if first.content("pfp", "a1").status == 200 else second.take("pfp", "a1")
    holder = first if first.heartbeat().ok()["held"] else second
    holder.report("pfp", token, kind="content")
    first.heartbeat().ok(), second.heartbeat().ok()
    first.ready().ok()
    agency.time.advance(3600)
    agency.timer(), agency.timer("close_lost_sessions"), agency.timer("watch_pools")
    for path in ("accounts", "accounts?state=warming_up", "audit", "sessions", "pipeline", "review", "verify"):
        operator.get(f"/api/operator/{path}")
    operator.get("/api/operator/audit?bot_id=b1").ok()
    operator.get("/api/operator/accounts/a1").ok()
    operator.get("/api/operator/models/m1/availability").ok()
    operator.post("/api/operator/accounts/a2/pause", {"reason": "both"}).ok()
    operator.post("/api/operator/accounts/a2/resume", {"reason": "both"}).ok()
    operator.post("/api/operator/accounts/a2/reset", {"reason": "both"})
    first.end().ok()
    assert {"BatchGetItem", "Query", "TransactWriteItems"} <= set(engine.compared)
    assert len(engine.compared) > 100


def test_a_transaction_sent_again_and_one_that_fails_get_the_same_answers_from_both(
    agency: Agency, engine: Engine
) -> None:
    agency.operator.account("a9")
    (sent,) = agency.wire.of("TransactWriteItems")[-1:]
    client, other = tables.base.connection(), {**sent.body, "ClientRequestToken": "another"}
    assert client.dispatch("TransactWriteItems", dict(sent.body)) == {}, "the same token: done already"
    for wrong in (other, {**sent.body, "TransactItems": sent.body["TransactItems"][:1]}):
        with pytest.raises(ClientError):
            client.dispatch("TransactWriteItems", wrong)
    assert engine.compared[-3:] == ["TransactWriteItems"] * 3


def test_turns_get_the_same_answers_from_both(agency: Agency, engine: Engine) -> None:
    since, until = agency.time.now, agency.time.now + timedelta(hours=1)
    assert take_turn("m1#pfp#-", since, until) == (1, {})
    assert keep_turns("m1#pfp#-", since, {"content": ["a", "b"]}) == {"content": ["a", "b"]}
    assert keep_turns("m1#pfp#-", since, {"content": ["c"], "text": []}) == {"content": ["a", "b"], "text": []}
    assert take_turn("m1#pfp#-", since, until) == (2, {"content": ["a", "b"], "text": []})
    assert engine.compared[-4:] == ["UpdateItem"] * 4

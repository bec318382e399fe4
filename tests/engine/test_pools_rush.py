"""Twenty bots at once on pools that cannot feed them all: exactly the caps are used, and everybody is told why."""

import hashlib
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.tables.connections import Connections, Request, StoreAnswer
from tests.engine.conftest import Service

# the pools know no shards: one of the settings suffices
pytestmark = [pytest.mark.engine, pytest.mark.parametrize("service", [1], indirect=True, ids=["one-shard"])]

BOTS = 20
CAPS = {"i0": 1, "i1": 1, "i2": 1, "i3": 1, "i4": 1, "i5": 1, "i6": 1, "i7": 2, "i8": 2}
FALLBACK = {"any0": 1, "any1": 1}


@pytest.fixture
def agency(service: Service) -> Service:
    """Twenty accounts that were started, a pool of `pfp` and a fallback whose caps add up to 13, with themes."""
    service.operator("POST", "/api/operator/models", {"model_id": "m", "themes": ["sea", "city"]})
    themes: list[dict[str, str]] = [{}, {"theme": "sea"}, {"theme": "city"}]
    for category, caps in (("pfp", CAPS), ("any", FALLBACK)):
        for number, (content_id, cap) in enumerate(caps.items()):
            item = {"content_id": content_id, "category": category, "quality_score": 50 + number, "max_usage": cap}
            file = {"media_key": content_id, "media_type": "image/png", "bytes": 1}
            sha256 = {"sha256": hashlib.sha256(content_id.encode()).hexdigest()}
            service.operator("POST", "/api/operator/models/m/content", {**item, **file, **sha256, **themes[number % 3]})
    consent = {"granted_by": "the owner", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 1"}
    for number in range(BOTS):
        account = {"account_id": f"a{number:02}", "model_id": "m", "username": f"u{number}", "consent": consent}
        service.operator("POST", "/api/operator/accounts", {**account, **themes[number % 3]})
        service.operator("POST", f"/api/operator/accounts/a{number:02}/ready", {"reason": "test"})
    return service


def rush(service: Service) -> list[Any]:
    """Each bot starts an account of its own and asks for its content, all at the same moment; what they were told."""
    keys = [service.operator("POST", "/api/operator/bots", {"bot_id": f"b{number}"})["key"] for number in range(BOTS)]
    gate = threading.Barrier(BOTS)

    def work(number: int) -> Any:
        path, key = f"/api/bot/accounts/a{number:02}", keys[number]
        session = service.call("POST", "/api/bot/sessions", key).document["session_id"]
        started = service.call("POST", f"{path}/start-warmup", key, bot_session=session)
        assert started.status == 200, started
        gate.wait(60)
        return service.call("GET", f"{path}/content/pfp", key, bot_session=session)

    with ThreadPoolExecutor(BOTS) as pool:
        return list(pool.map(work, range(BOTS)))


def check(service: Service, answers: list[Any]) -> None:
    """Nothing is over, nothing is lost: answers, items, assignments and audits tell the same."""
    # an item rests for a day after each use, so that a cap of two counts once here
    uses = len(CAPS) + len(FALLBACK)
    assert Counter(answer.status for answer in answers) == {200: uses, 409: BOTS - uses}
    given = Counter(answer.document["content"]["content_id"] for answer in answers if answer.status == 200)
    items = {item["content_id"]: item for item in service.every("/api/operator/models/m/content")}
    assert given == dict.fromkeys((*CAPS, *FALLBACK), 1)
    for content_id, item in items.items():
        assert item["usage_count"] == given[content_id] <= item["max_usage"]
        (row,) = service.every(f"/api/operator/assignments?content_id={content_id}")
        assert row["outcome"] is None and row["success"] is None
    for answer in answers:
        if answer.status == 409:
            problem = answer.document
            assert (problem["code"], problem["retryable"]) == ("content_unavailable", True)
            assert sum(problem["reasons"].values()) == uses
            assert problem["reasons"] == {"used_up": 9, "cooling_down": 2}
    for number in range(BOTS):
        verified = service.operator("GET", f"/api/operator/accounts/a{number:02}/verify")
        assert verified["ok"], verified


def test_twenty_bots_use_exactly_what_the_pool_has(agency: Service) -> None:
    check(agency, rush(agency))


def test_the_same_while_the_store_refuses_every_third_transaction(
    agency: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, count, lock = Connections.send, Counter[str](), threading.Lock()

    def refusing(connections: Connections, request: Request) -> StoreAnswer:
        if request.operation == "TransactWriteItems":
            with lock:
                count["asked"] += 1
                refused = count["asked"] % 3 == 0
            if refused:
                count["refused"] += 1
                return _conflict(request)
        return send(connections, request)

    monkeypatch.setattr(Connections, "send", refusing)
    check(agency, rush(agency))
    assert count["refused"] >= BOTS / 3


def _conflict(request: Request) -> StoreAnswer:
    """What DynamoDB says where another transaction is under way on the first item; no engine here ever says it."""
    reasons = [{"Code": "None"} for _ in json.loads(request.body)["TransactItems"]]
    reasons[0] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    told = ", ".join(reason["Code"] for reason in reasons)
    document = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{told}]",
        "CancellationReasons": reasons,
    }
    body = json.dumps(document).encode()
    return StoreAnswer(400, {"content-type": "application/x-amz-json-1.0"}, body)

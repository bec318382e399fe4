"""Many accounts on AWS's own engine: bulk retries and lists at size."""

import copy
import json
import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from chalicelib import context
from chalicelib.tables import Account, AuditEvent, Phase
from chalicelib.tables.base import Item, Raw
from tests.engine.conftest import Service

pytestmark = pytest.mark.engine
CONSENT = {"granted_by": "the owner", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 1"}


def _write(model: type[Item], rows: Iterable[Raw]) -> None:
    with model.batch_write() as batch:  # seeding only: the service itself never writes so
        for row in rows:
            batch.save(model.from_raw_data(row))


def _copies(rows: list[Raw], ids: Iterable[str]) -> Iterator[Raw]:
    for account_id in ids:
        for row in rows:
            copied = json.loads(json.dumps(row).replace("original", account_id))
            # the chain of hashes is the original's: a copy is as of a release before there was one
            yield {name: value for name, value in copied.items() if name not in ("head", "previous")}


def _clone(ids: list[str]) -> None:
    account = [copy.deepcopy(one._read) for one in [Account.get("original", consistent_read=True)]]
    _write(Account, _copies([row for row in account if row], ids))
    _write(Phase, _copies([one._read for one in Phase.query("original") if one._read], ids))
    events = [one._read for one in AuditEvent.query("account:original") if one._read]
    _write(AuditEvent, _copies(events, ids))


def _original(service: Service) -> str:
    service.operator("POST", "/api/operator/models", {"model_id": "m"})
    media = {"media_key": "k", "media_type": "image/png", "bytes": 1, "sha256": "0" * 64}
    item = {**media, "category": "pfp", "quality_score": 70, "max_usage": 9}
    service.operator("POST", "/api/operator/models/m/content", item)
    account = {"account_id": "original", "model_id": "m", "username": "original", "consent": CONSENT}
    service.operator("POST", "/api/operator/accounts", account)
    service.operator("POST", "/api/operator/accounts/original/ready", {"reason": "test"})
    return str(service.operator("POST", "/api/operator/bots", {"bot_id": "b"})["key"])


def test_five_hundred_are_retried_in_one_call_and_each_once_when_it_is_sent_twice(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline of the call stands still here: how fast this machine is says nothing about what is retried."""
    monkeypatch.setattr(context.sources, "monotonic", lambda: 0.0)
    key = _original(service)
    path = "/api/bot/accounts/original"
    service.call("POST", f"{path}/start-warmup", key, x_request_id="r1")
    given = service.call("GET", f"{path}/content/pfp", key, x_request_id="r1").document
    report = {"phase": "pfp", "kind": "fatal", "code": "E9", "message": "it broke"}
    token = given["lease"]["lease_token"]
    assert service.call("POST", f"{path}/report-error", key, report, lease_token=token).status == 200
    _clone([f"a{number:03}" for number in range(519)])
    body = {"filter": {"code": "E9"}, "reason": "the platform is back"}
    dry = service.operator("POST", "/api/operator/review/retry", {**body, "dry_run": True})
    assert (dry["matched"], dry["has_more"]) == (500, True)
    first = service.operator("POST", "/api/operator/review/retry", body)
    assert first["counts"] == {"retried": 500} and first["has_more"] is True
    second = service.operator("POST", "/api/operator/review/retry", body)
    assert second["counts"] == {"retried": 20} and second["has_more"] is False
    assert service.operator("POST", "/api/operator/review/retry", body)["matched"] == 0
    retried = Counter(event.subject for event in AuditEvent.scan() if event.action == "phase:retry")
    assert len(retried) == 520 and set(retried.values()) == {1}
    for account_id in ("original", "a000", "a518"):
        assert service.operator("GET", f"/api/operator/accounts/{account_id}/verify")["ok"]


def test_two_bulk_retries_at_once_retry_each_once(service: Service) -> None:
    key = _original(service)
    path = "/api/bot/accounts/original"
    service.call("POST", f"{path}/start-warmup", key, x_request_id="r1")
    given = service.call("GET", f"{path}/content/pfp", key, x_request_id="r1").document
    report = {"phase": "pfp", "kind": "fatal", "code": "E9", "message": "it broke"}
    service.call("POST", f"{path}/report-error", key, report, lease_token=given["lease"]["lease_token"])
    _clone([f"a{number:03}" for number in range(59)])
    body = {"filter": {"code": "E9"}, "reason": "the platform is back"}
    answers: list[Any] = []
    both = [
        threading.Thread(target=lambda: answers.append(service.operator("POST", "/api/operator/review/retry", body)))
        for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sum(answer["counts"].get("retried", 0) for answer in answers) == 60
    retried = Counter(event.subject for event in AuditEvent.scan() if event.action == "phase:retry")
    assert len(retried) == 60 and set(retried.values()) == {1}


@pytest.mark.parametrize("service", [1], indirect=True, ids=["one-shard"])
def test_ten_thousand_accounts_page_through_completely_while_accounts_change(service: Service) -> None:
    _original(service)
    ids = [f"a{number:05}" for number in range(9_999)]
    _clone(ids)
    everyone = {"original", *ids}
    stop, changed = threading.Event(), set[str]()
    dice = random.Random(7)

    def change() -> None:
        while not stop.is_set():
            account_id = dice.choice(ids)
            changed.add(account_id)
            service.call("POST", f"/api/operator/accounts/{account_id}/pause", _KEY, {"reason": f"{dice.random()}"})

    changer = threading.Thread(target=change)
    changer.start()
    try:
        by_model = [one["account_id"] for one in service.every("/api/operator/accounts?model_id=m")]
        by_state = [one["account_id"] for one in service.every("/api/operator/accounts?state=ready")]
        unfiltered = [one["account_id"] for one in service.every("/api/operator/accounts")]
    finally:
        stop.set()
        changer.join()
    for seen in (by_model, unfiltered):  # these lists do not move when a state changes
        assert len(seen) == len(set(seen)) and set(seen) == everyone
    assert len(by_state) == len(set(by_state))
    assert everyone - changed <= set(by_state) <= everyone
    assert changed


_KEY = "an operator's key for tests"

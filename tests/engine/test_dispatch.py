"""Dispatch on AWS's own engine: turns behind a backlog, filters, cursors, and the bound of a model."""

from collections import Counter
from datetime import timedelta

import pytest

from chalicelib.domain.timing import Due, DueQueue
from chalicelib.tables import Account
from tests.engine.conftest import Service

pytestmark = pytest.mark.engine
CONSENT = {"granted_by": "the owner", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 1"}
BACKLOGS = {"big": 60, "small": 15, "tiny": 15}


def test_models_take_turns_behind_a_backlog_and_a_bound_holds(service: Service) -> None:
    for model, count in BACKLOGS.items():
        service.operator("POST", "/api/operator/models", {"model_id": model, "weight": 2 if model == "tiny" else 1})
        for number in range(count):
            account_id = f"{model}-{number:02}"
            account = {"account_id": account_id, "model_id": model, "username": account_id, "consent": CONSENT}
            service.operator("POST", "/api/operator/accounts", account)
            service.operator("POST", f"/api/operator/accounts/{account_id}/ready", {"reason": "test"})
    key = service.operator("POST", "/api/operator/bots", {"name": "bot"})["key"]
    session = service.call("POST", "/api/bot/sessions", key, {}).document["session_id"]

    listed, cursor = list[str](), ""
    while True:
        page = service.call("GET", f"/api/bot/accounts/ready?limit=40{cursor}", key).document
        listed += [one["account_id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(set(listed)) == len(listed) == sum(BACKLOGS.values())

    def claim(**body: object) -> list[str]:
        answer = service.call("POST", "/api/bot/accounts/claim", key, {"limit": 10, **body}, bot_session=session)
        assert answer.status == 200, answer
        return [one["account_id"] for one in answer.document["items"]]

    taken = claim()
    taken += claim(holding=taken)
    shares = Counter(one.partition("-")[0] for one in taken)
    assert all(abs(shares[model] - share) <= 1 for model, share in {"big": 5, "small": 5, "tiny": 10}.items())
    service.operator("PATCH", "/api/operator/models/big", {"max_concurrent": shares["big"] + 2})
    more = claim(model_ids=["big"], phases=["pfp"], holding=taken)
    assert len(more) == 2, "the others were worked on before"
    assert claim(model_ids=["big"], holding=[*taken, *more]) == []
    assert claim(phases=["bio"], holding=[*taken, *more]) == []


@pytest.mark.parametrize(
    ("weights", "backlogs"),
    [
        ({"a": 1, "b": 1, "c": 1}, {"a": 1200, "b": 400, "c": 400}),
        ({"a": 1, "b": 3, "c": 6}, {"a": 300, "b": 400, "c": 700}),
        ({"a": 5, "b": 5}, {"a": 10_000, "b": 10}),
    ],
    ids=["equal weights", "weights of 1, 3 and 6", "10 behind 10,000"],
)
def test_over_a_thousand_hand_outs_each_model_gets_its_share(
    service: Service, weights: dict[str, int], backlogs: dict[str, int]
) -> None:
    for place, (model, weight) in enumerate(weights.items()):
        service.operator("POST", "/api/operator/models", {"model_id": model, "weight": weight})
        plant(service, model, backlogs[model], since=timedelta(days=10 - place))
    wanted = 1000 if min(backlogs.values()) > 10 else 20
    given = hand_outs(service, wanted)
    assert len(set(given)) == len(given) == wanted, "each account once"
    order = [one.partition("-")[0] for one in given]
    for model, weight in weights.items():
        assert abs(order.count(model) / wanted - weight / sum(weights.values())) <= 0.05
    if wanted == 20:
        assert order.index("b") < 2 * len(backlogs)


def plant(service: Service, model: str, count: int, *, since: timedelta) -> None:
    """So many accounts that have been ready for a while, a second after one another, like one that the service made."""
    first = f"{model}-first"
    account = {"account_id": first, "model_id": model, "username": first, "consent": CONSENT}
    service.operator("POST", "/api/operator/accounts", account)
    service.operator("POST", f"/api/operator/accounts/{first}/ready", {"reason": "test"})
    made = Account.get(first, consistent_read=True)
    assert made.ready_at is not None
    begin = made.ready_at - since
    with Account.batch_write() as batch:  # seeding only: the service itself never writes so
        for number in range(count):
            one = Account.from_raw_data(made.serialize())
            one.account_id = one.username = f"{model}-{number:05}"
            one.ready_at = at = begin + timedelta(seconds=number)
            one.store_due(Due(DueQueue.READY, at), service.shards)
            batch.save(one)
    service.operator("POST", f"/api/operator/accounts/{first}/retire", {"reason": "the pattern of the others"})


def hand_outs(service: Service, count: int) -> list[str]:
    """So many accounts, in the order in which sessions of one bot take them, fifty each."""
    key, given = service.operator("POST", "/api/operator/bots", {"name": "bot"})["key"], list[str]()
    while len(given) < count:
        session, held = service.call("POST", "/api/bot/sessions", key, {}).document["session_id"], list[str]()
        while len(held) < 50 and len(given) < count:
            body = {"limit": 10, "holding": held}
            answer = service.call("POST", "/api/bot/accounts/claim", key, body, bot_session=session)
            assert answer.status == 200, answer
            held += [one["account_id"] for one in answer.document["items"]]
            given += held[-len(answer.document["items"]) :]
    return given

"""Dispatch on AWS's own engine: turns behind a backlog, filters, cursors, and the bound of a model."""

from collections import Counter

import pytest

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

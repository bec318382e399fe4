"""The main job on moto: an account from `ready` to `active`, through Chalice's test client."""

import json

import pytest
import requests

from warmup.testing import MotoService, Problem

PHASES = ("pfp", "bio", "post", "highlight", "story")


def test_a_bot_warms_an_account_up(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.post("/api/bot/accounts/nora-1/start-warmup")
    for phase in PHASES:
        given = bot.get(f"/api/bot/accounts/nora-1/content/{phase}")
        token = {"Lease-Token": given["lease"]["lease_token"]}
        bot.post(f"/api/bot/accounts/nora-1/complete-phase/{phase}", {"performance_score": 80}, token)
        service.advance(hours=48)
    done = bot.post("/api/bot/accounts/nora-1/complete-warmup")
    assert done["state"] == "active"


def test_a_phase_waits_for_its_interval(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.post("/api/bot/accounts/nora-1/start-warmup")
    given = bot.get("/api/bot/accounts/nora-1/content/pfp")
    bot.post("/api/bot/accounts/nora-1/complete-phase/pfp", {}, {"Lease-Token": given["lease"]["lease_token"]})
    with pytest.raises(Problem) as refused:
        bot.get("/api/bot/accounts/nora-1/content/bio")
    assert (refused.value.status, refused.value.code) == (409, "phase_not_available")
    service.advance(hours=24)
    assert bot.get("/api/bot/accounts/nora-1/content/bio")["text"]["body"] == "A text for bio."


def test_two_bots_get_different_accounts(service: MotoService) -> None:
    service.account("nora-2")
    taken = []
    for name in ("bot-1", "bot-2"):
        taken += [one["account_id"] for one in service.bot(name).post("/api/bot/accounts/claim")["items"]]
    assert sorted(taken) == ["nora-1", "nora-2"]


def test_the_picture_lies_behind_a_signed_url(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.post("/api/bot/accounts/nora-1/start-warmup")
    picture = bot.get("/api/bot/accounts/nora-1/content/pfp")["content"]
    answer = requests.get(picture["url"], timeout=5)
    assert (answer.status_code, len(answer.content)) == (200, picture["bytes"])


def test_chalices_own_test_client_is_at_hand(service: MotoService) -> None:
    key = {"Authorization": f"Bearer {service.operator_key}", "Content-Type": "application/json"}
    assert service.client.http.get("/api/health").status_code == 200
    assert service.client.http.get("/api/operator/accounts").status_code == 401
    made = service.client.http.post("/api/operator/models", headers=key, body=json.dumps({"model_id": "juno"}).encode())
    assert (made.status_code, made.json_body["model_id"]) == (201, "juno")

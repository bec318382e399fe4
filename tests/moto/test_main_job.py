"""The main job on moto: an account from `ready` to `active`, through Chalice's test client."""

import json

import pytest
import requests

from warmup.api import errors
from warmup.sandbox.agency import PHASES
from warmup.testing import MotoService


def test_a_bot_warms_an_account_up(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-1")
    for phase in PHASES:
        token = bot.phases.content("nora-1", phase).lease.lease_token
        bot.phases.complete_phase("nora-1", phase, lease_token=token, performance_score=80)
        service.advance(hours=48)
    assert bot.accounts.complete_warmup("nora-1").state == "active"


def test_a_phase_waits_for_its_interval(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-1")
    token = bot.phases.content("nora-1", "pfp").lease.lease_token
    bot.phases.complete_phase("nora-1", "pfp", lease_token=token)
    with pytest.raises(errors.PhaseNotAvailable):
        bot.phases.content("nora-1", "bio")
    service.advance(hours=24)
    text = bot.phases.content("nora-1", "bio").text
    assert text is not None
    assert text.body == "A text for bio."


def test_two_bots_get_different_accounts(service: MotoService) -> None:
    service.account("nora-2")
    taken = []
    for name in ("bot-1", "bot-2"):
        bot = service.bot(name)
        (session,) = [one for one in service.operator.sessions.list_all() if one.bot_id == name]
        taken += [one.account_id for one in bot.leases.claim(bot_session=session.session_id).items]
    assert sorted(taken) == ["nora-1", "nora-2"]


def test_the_picture_lies_behind_a_signed_url(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-1")
    picture = bot.phases.content("nora-1", "pfp").content
    assert picture is not None
    answer = requests.get(str(picture.url), timeout=5)
    assert (answer.status_code, len(answer.content)) == (200, picture.bytes)
    assert bot.download(picture) == answer.content


def test_chalices_own_test_client_is_at_hand(service: MotoService) -> None:
    key = {"Authorization": f"Bearer {service.operator_key}", "Content-Type": "application/json"}
    assert service.client.http.get("/api/health").status_code == 200
    assert service.client.http.get("/api/operator/accounts").status_code == 401
    made = service.client.http.post("/api/operator/models", headers=key, body=json.dumps({"model_id": "juno"}).encode())
    assert (made.status_code, made.json_body["model_id"]) == (201, "juno")

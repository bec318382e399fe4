"""Operators on moto: accounts in, pauses, decisions, the audit."""

import pytest

from warmup.testing import MotoService, Problem

ACCOUNTS = "/api/operator/accounts"
CSV = b"""account_id,model_id,username,granted_by,granted_at,reference
nora-8,nora,nora.eight,Nora,2026-01-01T00:00:00Z,contract 7
nora-9,nobody,nora.nine,Nora,2026-01-01T00:00:00Z,contract 7
"""


def test_a_bad_row_of_an_import_spoils_no_other(service: MotoService) -> None:
    rows = service.operator.post_raw(f"{ACCOUNTS}/import", CSV, "text/csv")["rows"]
    assert [row["outcome"] for row in rows] == ["created", "refused"]
    assert service.operator.get(f"{ACCOUNTS}/nora-8")["state"] == "imported"


def test_a_paused_account_is_not_offered_until_it_is_resumed(service: MotoService) -> None:
    bot = service.bot("bot-1")
    service.operator.post(f"{ACCOUNTS}/nora-1/pause", {"reason": "on holiday"})
    with pytest.raises(Problem) as refused:
        bot.post("/api/bot/accounts/nora-1/start-warmup")
    assert refused.value.code == "account_paused"
    service.operator.post(f"{ACCOUNTS}/nora-1/resume", {"reason": "back again"})
    assert bot.post("/api/bot/accounts/nora-1/start-warmup")["state"] == "warming_up"


def test_an_operator_resolves_what_was_done_outside(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.post("/api/bot/accounts/nora-1/start-warmup")
    token = {"Lease-Token": bot.get("/api/bot/accounts/nora-1/content/pfp")["lease"]["lease_token"]}
    report = {"phase": "pfp", "kind": "unknown", "message": "no answer after the upload"}
    bot.post("/api/bot/accounts/nora-1/report-error", report, token)
    decision = {"reason": "it is there", "evidence": {"note": "seen on the profile"}}
    service.operator.post(f"{ACCOUNTS}/nora-1/phases/pfp/resolve", decision)
    assert service.operator.get(f"{ACCOUNTS}/nora-1")["phases"][0]["status"] == "completed"


def test_a_request_sent_again_changes_nothing(service: MotoService) -> None:
    first = service.operator.post("/api/operator/models", {"model_id": "juno"})
    again = service.operator.post("/api/operator/models", {"model_id": "juno"})
    assert (first["replayed"], again["replayed"]) == (False, True)


def test_every_change_stands_in_the_audit_once(service: MotoService) -> None:
    service.operator.post(f"{ACCOUNTS}/nora-1/pause", {"reason": "on holiday"})
    events = service.operator.get("/api/operator/audit", account_id="nora-1")["items"]
    assert [event["version"] for event in events] == [3, 2, 1]
    assert events[0]["details"]["reason"] == "on holiday"


def test_a_revoked_key_opens_nothing(service: MotoService) -> None:
    made = service.operator.post("/api/operator/bots", {"bot_id": "bot-1"})
    service.operator.delete(f"/api/operator/bots/bot-1/keys/{made['key_id']}")
    with pytest.raises(Problem) as refused:
        service.caller(made["key"]).get("/api/bot/accounts/ready")
    assert (refused.value.status, refused.value.code) == (401, "unauthenticated")

"""Operators on moto: accounts in, pauses, decisions, the audit."""

import pytest

from warmup.api import errors
from warmup.api.models import Evidence, ReportKind
from warmup.testing import MotoService

CSV = b"""account_id,model_id,username,granted_by,granted_at,reference
nora-8,nora,nora.eight,Nora,2026-01-01T00:00:00Z,contract 7
nora-9,nobody,nora.nine,Nora,2026-01-01T00:00:00Z,contract 7
"""


def test_a_bad_row_of_an_import_spoils_no_other(service: MotoService) -> None:
    rows = service.operator.accounts.import_all(CSV).rows
    assert [row.outcome for row in rows] == ["created", "refused"]
    assert service.operator.accounts.get("nora-8").state == "imported"


def test_a_paused_account_is_not_offered_until_it_is_resumed(service: MotoService) -> None:
    bot = service.bot("bot-1")
    service.operator.accounts.pause("nora-1", reason="on holiday")
    with pytest.raises(errors.AccountPaused):
        bot.accounts.start_warmup("nora-1")
    service.operator.accounts.resume("nora-1", reason="back again")
    assert bot.accounts.start_warmup("nora-1").state == "warming_up"


def test_an_operator_resolves_what_was_done_outside(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-1")
    token = bot.phases.content("nora-1", "pfp").lease.lease_token
    bot.phases.report_error(
        "nora-1", lease_token=token, phase="pfp", kind=ReportKind.UNKNOWN, message="no answer after the upload"
    )
    evidence = Evidence(note="seen on the profile")
    service.operator.review.resolve("nora-1", "pfp", reason="it is there", evidence=evidence)
    assert service.operator.accounts.get("nora-1").phases[0].status == "completed"


def test_a_request_sent_again_changes_nothing(service: MotoService) -> None:
    first = service.operator.models.create(model_id="juno")
    again = service.operator.models.create(model_id="juno")
    assert (first.replayed, again.replayed) == (False, True)


def test_every_change_stands_in_the_audit_once(service: MotoService) -> None:
    service.operator.accounts.pause("nora-1", reason="on holiday")
    events = list(service.operator.audit.list_all(account_id="nora-1"))
    assert [event.version for event in events] == [3, 2, 1]
    assert events[0].details["reason"] == "on holiday"


def test_a_revoked_key_opens_nothing(service: MotoService) -> None:
    made = service.operator.bots.create(bot_id="bot-1")
    assert made.key is not None
    assert made.key_id is not None
    service.operator.bots.revoke_key("bot-1", made.key_id)
    with pytest.raises(errors.Unauthenticated):
        service.caller(made.key).leases.ready()

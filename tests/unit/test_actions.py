"""Audit tags: their grammar, and that each can be told to people."""

import re

import pytest

from chalicelib.domain import accounts, phases
from chalicelib.domain.actions import AuditAction, summary, summary_for_bots

DETAILS = {
    "phase": "bio",
    "reason": "checked",
    "message": "it broke",
    "changed": "name",
    "key_id": "key_1",
    "item": "con_1",
    "granted_by": "Ada",
    "reference": "contract 7",
    "performance_score": 71.5,
    "version": 2,
    "before": "standard/1",
    "plan": "slow/1",
    "copied_from": "standard/1",
}


@pytest.mark.parametrize("action", AuditAction)
def test_a_tag_is_subject_and_verb(action: AuditAction) -> None:
    assert re.fullmatch(
        r"(account|lease|phase|session|model|content|text|plan|bot|user|pipeline):[a-z]+(_[a-z]+)*", action
    )
    assert action.name == action.value.replace(":", "_").upper()


@pytest.mark.parametrize("action", AuditAction)
def test_each_action_makes_a_sentence(action: AuditAction) -> None:
    told = summary(action, actor="bot b1", subject="account:acc_1", details=DETAILS)
    assert "account acc_1" in told or action.startswith("pipeline:")
    assert not set("{}–") & set(told), "every word of the sentence is known"


@pytest.mark.parametrize("action", AuditAction)
def test_a_bot_is_not_told_what_others_wrote(action: AuditAction) -> None:
    told = summary_for_bots(action, actor="an operator", subject="account:acc_1", details=DETAILS)
    assert not [word for word in ("checked", "it broke", "Ada", "contract 7", "{", "key_1") if word in told], told


@pytest.mark.parametrize("action", AuditAction)
def test_a_sentence_is_made_also_where_details_are_missing_or_strange(action: AuditAction) -> None:
    told = summary(action, actor="bot b1", subject="account:acc_1", details={"actor": "{x}", "phase": "{0.__class__}"})
    assert told
    assert "<class" not in told
    assert "{x}" not in told, "the actor is who acted"


def test_a_bots_words_cannot_speak_for_somebody_else() -> None:
    told = summary(
        AuditAction.PHASE_FAIL,
        actor="bot b1",
        subject="account:a",
        details={"actor": "root", "message": "{subject}", "phase": "bio"},
    )
    assert told == "bot b1 reported that bio of account a failed: {subject}"


@pytest.mark.parametrize(
    ("action", "move"),
    [
        # the same verb for a move on every floor
        (AuditAction.ACCOUNT_READY, accounts.AccountTransition.READY),
        (AuditAction.ACCOUNT_START, accounts.AccountTransition.START),
        (AuditAction.ACCOUNT_COMPLETE, accounts.AccountTransition.COMPLETE),
        (AuditAction.PHASE_OPEN, phases.PhaseTransition.OPEN),
        (AuditAction.PHASE_REOPEN, phases.PhaseTransition.REOPEN),
        (AuditAction.PHASE_DELIVER, phases.PhaseTransition.DELIVER),
        (AuditAction.PHASE_COMPLETE, phases.PhaseTransition.COMPLETE),
        (AuditAction.PHASE_FAIL, phases.PhaseTransition.FAIL),
        (AuditAction.PHASE_REPLACE_CONTENT, phases.PhaseTransition.REPLACE),
        (AuditAction.PHASE_ESCALATE, phases.PhaseTransition.ESCALATE),
        (AuditAction.LEASE_RELEASE, phases.PhaseTransition.RELEASE),
        (AuditAction.LEASE_EXPIRE, phases.PhaseTransition.EXPIRE),
    ],
)
def test_an_action_has_the_verb_of_its_move(action: AuditAction, move: str) -> None:
    assert action.partition(":")[2] == move

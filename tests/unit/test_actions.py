"""Audit tags: their grammar, and that each can be told to people."""

import re

import pytest

from chalicelib.domain import accounts, phases
from chalicelib.domain.actions import Action, summary

DETAILS = {
    "phase": "bio",
    "reason": "checked",
    "message": "it broke",
    "changed": "name",
    "key_id": "key_1",
    "item": "con_1",
    "granted_by": "Ada",
    "reference": "contract 7",
}


@pytest.mark.parametrize("action", Action)
def test_a_tag_is_subject_and_verb(action: Action) -> None:
    assert re.fullmatch(r"(account|lease|phase|session|model|content|text|bot|pipeline):[a-z]+(_[a-z]+)*", action)
    assert action.name == action.value.replace(":", "_").upper()


@pytest.mark.parametrize("action", Action)
def test_each_action_makes_a_sentence(action: Action) -> None:
    told = summary(action, actor="bot b1", subject="account:acc_1", details=DETAILS)
    assert "account acc_1" in told or action.startswith("pipeline:")
    assert not set("{}–") & set(told), "every word of the sentence is known"


@pytest.mark.parametrize("action", Action)
def test_a_sentence_is_made_also_where_details_are_missing_or_strange(action: Action) -> None:
    told = summary(action, actor="bot b1", subject="account:acc_1", details={"actor": "{x}", "phase": "{0.__class__}"})
    assert told
    assert "<class" not in told
    assert "{x}" not in told, "the actor is who acted"


def test_a_bots_words_cannot_speak_for_somebody_else() -> None:
    told = summary(
        Action.PHASE_FAIL,
        actor="bot b1",
        subject="account:a",
        details={"actor": "root", "message": "{subject}", "phase": "bio"},
    )
    assert told == "bot b1 reported that bio of account a failed: {subject}"


@pytest.mark.parametrize(
    ("action", "move"),
    [
        # the same verb for a move on every floor
        (Action.ACCOUNT_READY, accounts.AccountTransition.READY),
        (Action.ACCOUNT_START, accounts.AccountTransition.START),
        (Action.ACCOUNT_COMPLETE, accounts.AccountTransition.COMPLETE),
        (Action.PHASE_OPEN, phases.PhaseTransition.OPEN),
        (Action.PHASE_REOPEN, phases.PhaseTransition.REOPEN),
        (Action.PHASE_DELIVER, phases.PhaseTransition.DELIVER),
        (Action.PHASE_COMPLETE, phases.PhaseTransition.COMPLETE),
        (Action.PHASE_FAIL, phases.PhaseTransition.FAIL),
        (Action.PHASE_REPLACE_CONTENT, phases.PhaseTransition.REPLACE),
        (Action.PHASE_ESCALATE, phases.PhaseTransition.ESCALATE),
        (Action.LEASE_RELEASE, phases.PhaseTransition.RELEASE),
        (Action.LEASE_EXPIRE, phases.PhaseTransition.EXPIRE),
    ],
)
def test_an_action_has_the_verb_of_its_move(action: Action, move: str) -> None:
    assert action.partition(":")[2] == move

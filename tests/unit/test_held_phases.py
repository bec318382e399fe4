"""The record of a current phase in its account: shorter, and the same again when it is read."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.phases import PhaseStatus
from chalicelib.tables import Account, Phase

MOMENTS = st.integers(0, 10**9).map(lambda count: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=count))
WORDS = st.sampled_from(["one", "two"])
RECORD = {
    "status": st.sampled_from(sorted(PhaseStatus)),
    **dict.fromkeys(("created_at", "updated_at"), MOMENTS),
}
MAYBE = {
    **dict.fromkeys(("available_at", "started_at", "completed_at", "content_assigned_at"), MOMENTS),
    **dict.fromkeys(("bot_id", "bot_session_id", "lease_token", "assignment_id", "error_message"), WORDS),
    **dict.fromkeys(("retry_count", "attempt"), st.integers(0, 3)),
    **dict.fromkeys(("error_details", "last_response"), st.dictionaries(WORDS, WORDS)),
    "skipped": st.booleans(),
}
ACCOUNT = {
    "phase_status": st.sampled_from(sorted(PhaseStatus)),
    **dict.fromkeys(("lease_token", "lease_bot_id", "lease_session_id"), WORDS),
}


@given(st.fixed_dictionaries(RECORD, optional=MAYBE), st.fixed_dictionaries({"updated_at": MOMENTS}, optional=ACCOUNT))
def test_a_phase_comes_back_from_its_account_as_it_was(record: dict[str, Any], said: dict[str, Any]) -> None:
    account = Account(account_id="a1", model_id="m1", username="u", current_phase="bio", version=7, **said)
    account.created_at, account.state = account.updated_at, AccountState.WARMING_UP
    phase = Phase(account_id="a1", phase="bio", version=7, **record)
    account.phase_record = phase.held(account)
    read = Account.from_raw_data(account.serialize()).phase
    assert read is not None
    assert read.serialize() == phase.serialize()


def test_an_attribute_of_a_later_version_stays() -> None:
    account = Account(account_id="a1", current_phase="bio", phase_status=PhaseStatus.AVAILABLE, version=7)
    account.updated_at = datetime(2026, 1, 1, tzinfo=UTC)
    account.phase_record = {"created_at": {"N": "1"}, "from_a_later_version": {"S": "kept"}}
    read = account.phase
    assert read is not None
    assert read.held(account)["from_a_later_version"] == {"S": "kept"}

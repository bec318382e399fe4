"""Phases: the record of each step of an account's plan."""

from datetime import datetime

from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.domain import timing
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.phases import PhaseStatus
from chalicelib.tables.attributes import (
    count,
    document,
    flag,
    instant,
    maybe_count,
    maybe_instant,
    maybe_number,
    maybe_text,
    maybe_word,
    text,
    word,
)
from chalicelib.tables.base import Item


class AttentionIndex(GlobalSecondaryIndex["Phase"]):
    """Phases that failed or need review, by when that happened."""

    class Meta:
        index_name = "attention-index"
        projection = KeysOnlyProjection()

    attention = text(hash_key=True)
    updated_at = instant(range_key=True)


class Phase(Item):
    """One phase of one account. Written only together with its account, whose version protects it.

    `lease_token` is the token under which it was last worked on; `last_response` is the answer that ended that lease,
    so that the same request sent again gets the same answer. `version` is the account's version that last wrote it.
    """

    class Meta:
        table_name = "warmup_phases"

    account_id = text(hash_key=True)
    phase = text(range_key=True)
    status = word(PhaseStatus)
    available_at = maybe_instant()
    started_at = maybe_instant()
    completed_at = maybe_instant()
    bot_id = maybe_text()
    bot_session_id = maybe_text()
    assigned_content_id = maybe_text()
    assigned_text_id = maybe_text()
    assignment_id = maybe_text()
    content_assigned_at = maybe_instant()
    error_code = maybe_text()
    error_kind = maybe_text()
    error_message = maybe_text()
    error_details = document()
    retry_count = count()
    crash_count = count()
    release_count = count()
    replacement_count = count()
    attempt = count()
    execution_time_ms = maybe_count()
    performance_score = maybe_number()
    platform_response = document()
    skipped = flag()
    lease_token = maybe_text()
    last_response = document()
    attention = maybe_word(PhaseStatus)
    created_at = instant()
    updated_at = instant()
    version = count()

    attention_index = AttentionIndex()

    @property
    def name(self) -> str:
        """Its name in the plan."""
        return self.phase

    def status_at(self, state: AccountState, now: datetime) -> PhaseStatus:
        """Its status as of now, on an account in that state."""
        return timing.status_at(state, self.status, self.available_at, now)

    def clear_error(self) -> None:
        """Forgets what went wrong."""
        self.error_code = self.error_kind = self.error_message = self.error_details = None

"""Phases: the record of each step of an account's plan."""

from datetime import datetime
from typing import Any

from chalicelib.domain import instants, timing
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.phases import PhaseStatus
from chalicelib.tables.attributes import (
    Instant,
    count,
    document,
    flag,
    instant,
    maybe_count,
    maybe_instant,
    maybe_number,
    maybe_text,
    text,
    word,
)
from chalicelib.tables.base import Item, Raw

_SAID = {
    **{name: name for name in ("account_id", "lease_token", "updated_at")},
    "phase": "current_phase",
    "status": "phase_status",
    "bot_id": "lease_bot_id",
    "bot_session_id": "lease_session_id",
}
"""What an account says itself of its current phase, most of the time."""
_NOTHING: dict[str, Any] = {"NULL": True}
_DEFAULTS: tuple[dict[str, Any], ...] = ({"N": "0"}, {"BOOL": False})


class Phase(Item):
    """One phase of one account. Written only together with its account, whose version protects it.

    It is a row of its own once it has ended; while it is the current one, the account holds it (`held`).

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
    created_at = instant()
    updated_at = instant()
    version = count()

    @property
    def name(self) -> str:
        """Its name in the plan."""
        return self.phase

    @classmethod
    def to_come(cls, account_id: str, phase: str, begun_at: datetime) -> "Phase":
        """A phase whose turn has not come, of a warm-up that began then: nothing of it is stored."""
        return cls(
            account_id=account_id, phase=phase, status=PhaseStatus.PENDING, created_at=begun_at, updated_at=begun_at
        )

    @classmethod
    def held_by(cls, account: Item) -> "Phase":
        """The phase that an account holds as its current one."""
        said = account.attribute_values
        held = said["phase_record"]
        numbers = {name: one["N"] for name, one in held.items() if name in _INSTANTS and one != _NOTHING}
        found = cls.from_raw_data({n: one for n, one in held.items() if n not in numbers and one != _NOTHING})
        found.attribute_values |= {name: instants.at_milliseconds(int(one)) for name, one in numbers.items()}
        expected = found._expected(account)
        found.attribute_values |= {name: value for name, value in expected.items() if name not in held}
        found.version = said["version"]
        return found

    def held(self, account: Item) -> Raw:
        """The phase as its account holds it, in few bytes, since an account is to stay below a kilobyte.

        What the account says itself is left out, and so are defaults.
        """
        own, told = self.attribute_values, self.whole()
        del told["version"]
        for name, value in self._expected(account).items():
            if own.get(name) == value:
                told.pop(name, None)
            else:
                told.setdefault(name, _NOTHING)
        return {name: _short(own.get(name), one) for name, one in told.items() if one not in _DEFAULTS}

    def _expected(self, account: Item) -> dict[str, Any]:
        """What the record has most of the time, as the account and the record itself say."""
        said = {name: account.attribute_values.get(other) for name, other in _SAID.items()}
        return {**said, "content_assigned_at": self.attribute_values.get("started_at")}

    def status_at(self, state: AccountState, now: datetime) -> PhaseStatus:
        """Its status as of now, on an account in that state."""
        return timing.status_at(state, self.status, self.available_at, now)

    def clear_error(self) -> None:
        """Forgets what went wrong."""
        self.error_code = self.error_kind = self.error_message = self.error_details = None


_INSTANTS = frozenset(name for name, one in Phase.get_attributes().items() if isinstance(one, Instant))


def _short(value: object, told: dict[str, Any]) -> dict[str, Any]:
    """An instant as a number of milliseconds, which takes a third of the bytes."""
    return {"N": str(instants.milliseconds(value))} if isinstance(value, datetime) else told

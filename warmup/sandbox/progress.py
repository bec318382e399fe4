"""The state of a run by the operator API: accounts, sessions, last events; for the view and the summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from warmup.api.models import AuditEvent, ListedAccount, Session
from warmup.client import Client
from warmup.sandbox.agency import PHASES

_SESSIONS, _EVENTS = 12, 10


@dataclass(frozen=True, slots=True)
class Row:
    """One account as the list shows it."""

    account_id: str
    username: str
    state: str
    current_phase: str | None
    phase_status: str | None
    phases: tuple[str, ...] = PHASES
    """The names of its plan's phases, in their order."""
    statuses: Mapping[str, str] = field(default_factory=dict)
    """The status of each phase, once it has begun; empty where only the current one is known."""

    @property
    def settled(self) -> bool:
        """Whether nothing happens to it any more without an operator: it is active, retired, or in review."""
        return self.state in {"active", "retired"} or self.in_review

    @property
    def in_review(self) -> bool:
        """Whether an operator has to decide."""
        return self.phase_status == "requires_review" and self.state != "active"

    def status_of(self, phase: str) -> str | None:
        """Return the status of a phase. As far as it is not known, those before the current one are completed, those
        after it pending."""
        if self.statuses:
            return self.statuses.get(phase)
        if self.current_phase is None:  # before the start, or after the last phase
            return "completed" if self.state in {"active", "warming_up"} else None
        here, there = self.phases.index(self.current_phase), self.phases.index(phase)
        return "completed" if there < here else "pending" if there > here else self.phase_status


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the whole run at one time."""

    now: datetime
    speed: float
    rows: Sequence[Row]
    sessions: Sequence[Session]
    events: Sequence[AuditEvent]

    @property
    def active(self) -> int:
        """Return how many accounts have been warmed up."""
        return sum(row.state == "active" for row in self.rows)

    @property
    def phases_done(self) -> int:
        """Return how many phases of all accounts are completed."""
        return sum(row.status_of(phase) == "completed" for row in self.rows for phase in row.phases)

    @property
    def phases(self) -> int:
        """Return how many phases all accounts have, completed or not."""
        return sum(len(row.phases) for row in self.rows)

    @property
    def settled(self) -> bool:
        """Whether every account is active or in review."""
        return bool(self.rows) and all(row.settled for row in self.rows)


def snapshot(operator: Client, *, details: bool = True) -> Snapshot:
    """Ask the service for the state of the run; without `details` for the accounts only."""
    rows = [row_of(account) for account in operator.accounts.list_all(limit=100, with_phases=True)]
    now = operator.health.health().now
    sessions = islice(operator.sessions.list_all(status="live", limit=_SESSIONS), _SESSIONS) if details else ()
    events = islice(operator.audit.list_all(day=f"{now:%Y-%m-%d}", limit=_EVENTS), _EVENTS) if details else ()
    rows.sort(key=lambda row: row.account_id)
    return Snapshot(now, operator.speed, rows, list(sessions), list(events))


def row_of(account: ListedAccount) -> Row:
    """Return an account's row."""
    own = (account.account_id, account.username, account.state, account.current_phase, account.phase_status)
    phases = PHASES if account.plan_phases is None else tuple(account.plan_phases)
    return Row(*own, phases, {one.phase: str(one.status) for one in account.phases or ()})

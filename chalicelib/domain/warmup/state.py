"""A warm-up as it stands, and what a decision makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from chalicelib.domain import accounts, consents, phases, plan_versions, retries
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.accounts import Step as WorkStep
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.consents import GIVEN, Consent
from chalicelib.domain.errors import AccountNotReady, NotFound
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import Plan
from chalicelib.domain.records import record
from chalicelib.domain.retries import ReportOutcome
from chalicelib.domain.warmup.effects import Effect

LEAVINGS = ("crash_count", "release_count")
"""How often workers left an account or a phase without an outcome: because the lease ran out, or they released it."""
RECORDED = ("retry_count", *LEAVINGS, "replacement_count", "assigned_content_id", "assigned_text_id")
"""What the audit records of a phase, besides its status."""


@record
class Response:
    """The answer that ended a lease: the same request, sent again under the same token, gets it again.

    `outcome` is that of a report, None of a completion.
    """

    token: str
    outcome: ReportOutcome | None
    late: bool = False
    action: WorkStep | None = None
    phase: str | None = None
    available_at: datetime | None = None


@record
class PhaseState:
    """One phase as it stands. `lease_token` is the token under which it was last worked on."""

    phase: str
    status: PhaseStatus
    available_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    bot_id: str | None = None
    bot_session_id: str | None = None
    assigned_content_id: str | None = None
    assigned_text_id: str | None = None
    assignment_id: str | None = None
    content_assigned_at: datetime | None = None
    error_code: str | None = None
    error_kind: str | None = None
    error_message: str | None = None
    error_details: Mapping[str, object] | None = field(default=None, hash=False)
    retry_count: int = 0
    crash_count: int = 0
    release_count: int = 0
    replacement_count: int = 0
    attempt: int = 0
    execution_time_ms: int | None = None
    performance_score: float | None = None
    platform_response: object = field(default=None, hash=False)
    skipped: bool = False
    lease_token: str | None = None
    last_response: Response | None = None


@record
class Warmup:
    """An account with its phases, in the plan's order (none before the start).

    `ready_at` is when it entered its present step where no phase says so. `due_at` is when the step falls due that was
    next when it was stored.

    `given` are the digests of all items that it was ever given (`domain.given`).

    `crash_count` and `release_count` count how often workers left it while it was in no phase: before the first one,
    which takes them over, and behind the last one.
    """

    account_id: str
    model_id: str
    plan: Plan
    state: AccountState
    phases: tuple[PhaseState, ...] = ()
    current_phase: str | None = None
    lease: Lease | None = None
    theme: str | None = None
    consent: Consent = GIVEN
    erased_at: datetime | None = None
    paused_from: AccountState | None = None
    ready_at: datetime | None = None
    due_at: datetime | None = None
    content_due_at: datetime | None = None
    content_misses: int = 0
    started_by: str | None = None
    crash_count: int = 0
    release_count: int = 0
    given: frozenset[str] = frozenset()

    @property
    def current(self) -> PhaseState | None:
        """The phase that the account is in; None before the start and after the last."""
        if self.current_phase is None:
            return None
        return next(one for one in self.phases if one.phase == self.current_phase)

    @property
    def needs_review(self) -> bool:
        """Whether an operator must decide before anybody completes the warm-up: workers left that too often."""
        return retries.completion_needs_review(self)

    @property
    def phase_status(self) -> PhaseStatus | None:
        """The status of the current phase; `requires_review` also where an operator must decide on the completion."""
        if self.needs_review:
            return PhaseStatus.REQUIRES_REVIEW
        phase = self.current
        return None if phase is None else phase.status

    def attention(self, phase: PhaseState) -> PhaseStatus | None:
        """The status in which operators look at a phase of the account, None where they need not.

        The last phase stands for the completion of the warm-up, where that needs their decision.
        """
        if not accounts.is_in_care(self.state):
            return None
        finishing = self.needs_review and phase.phase == self.phases[-1].phase
        status = PhaseStatus.REQUIRES_REVIEW if finishing else phase.status
        return status if phases.needs_attention(status) else None

    @property
    def max_work(self) -> timedelta:
        """The longest time that the plan gives a worker for what is to be done next."""
        finished = self.current_phase is None and self.state is AccountState.WARMING_UP
        return self.plan.phases[self.current_phase or (self.plan.last if finished else self.plan.first)].max_work

    def find(self, name: str) -> PhaseState | None:
        """The phase of that name, None before the start. Raises NotFound where the plan has none of that name."""
        found = next((one for one in self.phases if one.phase == name), None)
        if found is None and name not in self.plan.phases:
            raise NotFound("phase", name)
        return found

    def phase(self, name: str) -> PhaseState:
        """The phase of that name. Raises NotFound, AccountNotReady before the start."""
        found = self.find(name)
        if found is None:
            raise AccountNotReady(f"The account is `{self.state}`: its warm-up has not started.")
        return found


@record
class Step:
    """What a decision makes of a warm-up: how it stands afterwards, what is written beside it, and what the audit says.

    `details` are those of the audit event; what is None is left out.
    """

    action: AuditAction
    after: Warmup
    effects: tuple[Effect, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)


@record
class Transition:
    """One recorded value that a step changes. The audit keeps it, and replays it to the state."""

    what: str
    before: object
    after: object


def transitions(before: Warmup | None, after: Warmup) -> Iterator[Transition]:
    """What differs between two states, of all that the audit records; `before` None is before the account was made."""
    old = {} if before is None else recorded(before)
    new = recorded(after)
    for what in [*new, *(what for what in old if what not in new)]:
        was, now = old.get(what), new.get(what)
        if was != now:
            yield Transition(what, was, now)


def recorded(warmup: Warmup) -> dict[str, object]:
    """Everything of a warm-up that the audit records: what a replay of its events leads to."""
    lease = warmup.lease
    found: dict[str, object] = {"account": warmup.state.value}
    if plan := plan_versions.counted(warmup.plan):
        found["plan"] = plan[0]
    found |= {f"account.{name}": count for name in LEAVINGS if (count := getattr(warmup, name))}
    if consents.is_withdrawn(warmup.consent):
        found["consent"] = warmup.consent.state.value
    if lease is not None and lease.ended_by is None:
        found["lease"] = lease.session_id
    for phase in warmup.phases:
        found[f"phase:{phase.phase}"] = phase.status.value
        for name in RECORDED:
            if value := getattr(phase, name):
                found[f"phase:{phase.phase}.{name}"] = value
    return found

"""Warm-ups stepped without a store: by the runway, the simulator in `benchmarks` and the explorer in `tests`.

The steps are the service's own (`work`, `delivery`, `operate`, `due`): nothing here says a rule a second time. A state
is kept as the rules see it, relative to `NOW` and without what none of them reads. So all accounts in the same state
share one `Stage`, and what a worker makes of it is worked out once, however many accounts come to it.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from chalicelib.domain import accounts, timing
from chalicelib.domain.accounts import AccountState, AccountTransition, Step
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import TRANSITIONS, PhaseStatus, PhaseTransition
from chalicelib.domain.plans import Need, Plan
from chalicelib.domain.records import record
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup import delivery, operate, work
from chalicelib.domain.warmup.due import due
from chalicelib.domain.warmup.leases import Caller
from chalicelib.domain.warmup.state import PhaseState, Warmup

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant at which every state is looked at."""
_MOST_KEPT = 4096
_NO_TIME = timedelta(0)
_OVER = NOW - timedelta(milliseconds=1)


@record
class NothingPaused:
    """Nothing is paused above the account."""

    pipeline_paused: bool = False
    paused_models: frozenset[str] = frozenset()
    busy_models: frozenset[str] = frozenset()


# states


def sketch(
    plan: Plan,
    state: AccountState,
    phase: str | None = None,
    status: PhaseStatus | None = None,
    *,
    paused_from: AccountState | None = None,
    assigned: bool = False,
    ended: Container[str] | None = None,
) -> Warmup:
    """A warm-up as its account alone shows it: of the phases but its current one those that have `ended` are completed,
    the rest is pending. None: those that come before it, as where nobody moved the account to another plan.

    `assigned`: content is assigned to the phase. One in progress is that of a worker whose lease has just run out.
    """
    if phase is None or status is None:
        return Warmup("", "", plan, state, paused_from=paused_from)
    order = plan.order
    done = order[: order.index(phase)] if ended is None else ended
    current = PhaseState(phase, status, available_at=NOW, assignment_id=_ASSIGNMENT if assigned else None)
    phases = tuple(
        current if name == phase else PhaseState(name, PhaseStatus.COMPLETED if name in done else PhaseStatus.PENDING)
        for name in order
    )
    lease = replace(_LEASE, expires_at=NOW) if status is PhaseStatus.IN_PROGRESS else None
    return Warmup("", "", plan, state, phases, phase, lease, paused_from=paused_from)


def going_on(warmup: Warmup) -> Warmup:
    """The warm-up after operators did what it waits for: declared it ready, resumed it, offered its phase again."""
    if accounts.is_possible(warmup.state, AccountTransition.READY):
        warmup = operate.ready(warmup, NOW).after
    if accounts.is_possible(warmup.state, AccountTransition.RESUME):
        warmup = operate.resume(warmup, NOW).after
    phase = warmup.current
    if phase is not None and PhaseTransition.RETRY in TRANSITIONS[phase.status]:
        warmup = operate.retry(warmup, phase.phase, NOW).after
    return warmup


def bare(warmup: Warmup) -> Warmup:
    """The state without what no rule reads."""
    lease = warmup.lease
    if lease is not None:
        ended = lease.ended_by is not None
        lease = replace(
            lease,
            taken_at=NOW,
            expires_at=NOW if ended and lease.ended_by is not Ending.EXPIRED else lease.expires_at,
            ended_at=NOW if ended else None,
            latest_at=NOW if ended else max(NOW, lease.latest_at or NOW),
        )
    return replace(
        warmup,
        phases=tuple(map(_bare_phase, warmup.phases)),
        lease=lease,
        ready_at=None,
        due_at=None,
    )


def _bare_phase(phase: PhaseState) -> PhaseState:
    if phase.status is PhaseStatus.COMPLETED:
        return PhaseState(phase.phase, PhaseStatus.COMPLETED)
    return replace(
        phase,
        started_at=None if phase.started_at is None else NOW,
        content_assigned_at=None,
        attempt=0,
        last_response=None,
    )


def aged(warmup: Warmup, by: timedelta) -> Warmup:
    """The state so much later: what is over is over by now."""

    def later(at: datetime | None) -> datetime | None:
        return None if at is None else max(NOW, at - by)

    lease = warmup.lease
    if lease is not None:
        lease = replace(lease, expires_at=max(NOW, lease.expires_at - by), latest_at=later(lease.latest_at))
    phases = tuple(replace(one, available_at=later(one.available_at)) for one in warmup.phases)
    until = warmup.consent.valid_until
    consent = replace(warmup.consent, valid_until=None if until is None else max(_OVER, until - by))
    due_at = later(warmup.content_due_at)
    return replace(warmup, lease=lease, phases=phases, content_due_at=due_at, consent=consent)


# turns


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A state in which a worker takes the account, with the `actions` by which it begins.

    `phase` is what it works on, None where only the completion of the warm-up is left; `needed` is what has to be
    chosen for it before. `due` are the transitions that are due, and `status` that of the phase before: it is written
    by the timer, or by the taking.
    """

    warmup: Warmup
    due: AuditAction | None
    status: PhaseStatus | None
    actions: tuple[AuditAction, ...]
    phase: str | None
    needed: Mapping[PoolKind, Need]


@record
class SimulatedTurn:
    """What a worker makes of a stage: by which actions, and after which time, from its taking, the next stage is due.

    `stage` is None where nothing is left to do, or an operator must decide.
    """

    actions: tuple[AuditAction, ...]
    stage: Stage | None = None
    wait: timedelta = _NO_TIME


_CALLER = Caller("bot", "session", "token", "request")
_LEASE = Lease("token", "session", "bot", NOW, NOW + timedelta(minutes=15), "request")
_ASSIGNMENT = "assignment"


@lru_cache(maxsize=_MOST_KEPT)
def _stage(warmup: Warmup) -> Stage:
    actions, status, time = list[AuditAction](), warmup.phase_status, due(warmup, NOW)
    action = None if time is None else time.action
    warmup = warmup if time is None else time.after
    if accounts.step(warmup.state, warmup.current_phase) is Step.START_WARMUP:
        begun = work.start(warmup, _CALLER, _LEASE, NothingPaused(), NOW)
        warmup = begun.after
        actions.append(begun.action)
    if warmup.current_phase is None:
        return Stage(warmup, action, status, tuple(actions), None, {})
    phase = delivery.deliverable(warmup, _CALLER, warmup.current_phase, NothingPaused(), NOW)
    return Stage(warmup, action, status, tuple(actions), phase.phase, delivery.missing(warmup, phase, ()))


def stage_of(warmup: Warmup) -> Stage:
    """The stage of a warm-up that a worker takes at `NOW`. Raises what a worker gets where it cannot be taken."""
    return _stage(bare(replace(warmup, account_id="", given=frozenset())))


@lru_cache(maxsize=_MOST_KEPT)
def completed(stage: Stage, duration: timedelta = _NO_TIME) -> SimulatedTurn:
    """A worker does what is to be done, and says so after `duration`."""
    if stage.phase is None:
        return SimulatedTurn((*stage.actions, work.finish(stage.warmup, _CALLER, NOW).action))
    end = NOW + duration
    step = work.complete(_delivered(stage), stage.phase, _CALLER.bot_id, _LEASE.token, end, work.WorkResult())
    return _turn((*stage.actions, AuditAction.PHASE_DELIVER, step.action), step.after, end)


def failed(stage: Stage, fault: work.ReportedError, account_id: str, duration: timedelta = _NO_TIME) -> SimulatedTurn:
    """A worker reports after `duration` that the phase failed; how long it waits then depends on the account, too."""
    assert stage.phase is not None, "a phase is reported"
    delivered, end = replace(_delivered(stage), account_id=account_id), NOW + duration
    step = work.report(delivered, stage.phase, _CALLER.bot_id, _LEASE.token, fault, end)
    return _turn((*stage.actions, AuditAction.PHASE_DELIVER, step.action), step.after, end)


@lru_cache(maxsize=_MOST_KEPT)
def without_content(stage: Stage) -> SimulatedTurn:
    """The pools have nothing for the phase."""
    step = delivery.content_unavailable(stage.warmup, NOW)
    return _turn((*stage.actions, step.action), step.after, NOW)


@lru_cache(maxsize=_MOST_KEPT)
def _delivered(stage: Stage) -> Warmup:
    assert stage.phase is not None, "a phase is delivered"
    lacks = delivery.lacks_assignment(stage.warmup.phase(stage.phase), ())
    chosen = delivery.Chosen(_ASSIGNMENT, {kind: kind.value for kind in stage.needed}, "") if lacks else None
    return delivery.deliver(stage.warmup, _CALLER, stage.phase, _LEASE, NOW, chosen=chosen).after


def _turn(actions: tuple[AuditAction, ...], after: Warmup, end: datetime) -> SimulatedTurn:
    following = timing.next_due(after, after.current, end)
    if following is None:
        return SimulatedTurn(actions)
    wait = max(following.at, end) - NOW
    return SimulatedTurn(actions, stage_of(aged(after, wait)), wait)


@lru_cache(maxsize=_MOST_KEPT)
def ahead(stage: Stage) -> tuple[Stage, ...]:
    """The stage and those after it in which a phase is done, if nothing goes wrong."""
    following = None if stage.phase is None else completed(stage).stage
    return () if stage.phase is None else (stage, *(ahead(following) if following is not None else ()))

"""What came of a phase: it is completed, or an error is reported."""

from datetime import datetime

from chalicelib import warmups
from chalicelib.changes import retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain.accounts import Step
from chalicelib.domain.errors import LeaseSuperseded
from chalicelib.domain.records import record
from chalicelib.domain.retries import ReportOutcome
from chalicelib.domain.warmup import work
from chalicelib.domain.warmup.state import Response, Warmup
from chalicelib.domain.warmup.work import ReportedError, WorkResult
from chalicelib.tables import Phase
from chalicelib.warmups import Loaded


@record
class Next:
    """What comes next, and when it can be taken; all None where nothing does: the account is active."""

    action: Step | None
    phase: str | None
    available_at: datetime | None


@record
class CompletedPhase:
    """A completed phase and what is next; `late` where the lease had run out; `replayed` where nothing was changed."""

    account_id: str
    phase: Phase
    next: Next
    late: bool
    replayed: bool


@record
class ReportedPhase:
    """A phase after a report of failure; `available_at` is when it can be taken again (None: an operator decides)."""

    account_id: str
    phase: Phase
    outcome: ReportOutcome
    available_at: datetime | None
    replayed: bool


@retry_on_conflict
def complete(
    context: Context,
    account_id: str,
    phase_name: str,
    *,
    lease_token: str,
    result: WorkResult,
    finish: bool = False,
) -> CompletedPhase:
    """Completes the phase that the token's holder works on; the lease ends and the next phase's time is written.

    With `finish` the last phase makes the account active too.

    Raises NotFound, LeaseSuperseded, PhaseNotInProgress.
    """
    loaded = _load(context, account_id, phase_name, lease_token)
    answer = work.recorded_response(loaded.warmup.phase(phase_name), lease_token, report=False)
    if answer is not None:
        return _completion(loaded, phase_name, answer, replayed=True)
    try:
        step = work.complete(
            loaded.warmup, phase_name, context.actor.id, lease_token, context.now, result, finish=finish
        )
    except LeaseSuperseded:
        warmups.refuse_superseded(context, loaded.account, lease_token)
    warmups.store(context, loaded, step)
    return _completion(loaded, phase_name, _last_response(step.after, phase_name), replayed=False)


@retry_on_conflict
def report(
    context: Context, account_id: str, phase_name: str, *, lease_token: str, fault: ReportedError
) -> ReportedPhase:
    """Records what went wrong: the phase is tried again later, gets another item, or waits for an operator.

    Raises NotFound, LeaseSuperseded, PhaseNotInProgress.
    """
    loaded = _load(context, account_id, phase_name, lease_token)
    answer = work.recorded_response(loaded.warmup.phase(phase_name), lease_token, report=True)
    if answer is not None:
        return _report(loaded, phase_name, answer, replayed=True)
    try:
        step = work.report(loaded.warmup, phase_name, context.actor.id, lease_token, fault, context.now)
    except LeaseSuperseded:
        warmups.refuse_superseded(context, loaded.account, lease_token)
    warmups.store(context, loaded, step)
    return _report(loaded, phase_name, _last_response(step.after, phase_name), replayed=False)


def _load(context: Context, account_id: str, phase_name: str, lease_token: str) -> Loaded:
    loaded = warmups.load(context, account_id, phase_name, warmups.Purpose(told_with=lease_token))
    if not loaded.warmup.phases and loaded.account.lease is not None:  # the account was reset
        warmups.refuse_superseded(context, loaded.account, lease_token)
    return loaded


def _last_response(warmup: Warmup, phase_name: str) -> Response:
    answer = warmup.phase(phase_name).last_response
    assert answer is not None
    return answer


def _completion(loaded: Loaded, phase_name: str, answer: Response, *, replayed: bool) -> CompletedPhase:
    following = Next(answer.action, answer.phase, answer.available_at)
    phase = loaded.phases[phase_name]
    return CompletedPhase(loaded.account.account_id, phase, following, answer.late, replayed)


def _report(loaded: Loaded, phase_name: str, answer: Response, *, replayed: bool) -> ReportedPhase:
    assert answer.outcome is not None
    phase = loaded.phases[phase_name]
    return ReportedPhase(loaded.account.account_id, phase, answer.outcome, answer.available_at, replayed)

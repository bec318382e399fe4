"""How the content of a completed phase did, as bots report it later."""

from chalicelib import warmups
from chalicelib.changes import retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain.records import record
from chalicelib.domain.warmup import performance
from chalicelib.domain.warmup.performance import Measurement
from chalicelib.tables import Assignment
from chalicelib.tables.assignments import with_outcomes
from chalicelib.tables.base import batch_get


@record
class MeasuredPhase:
    """The measurement that counts for a phase; `replayed` where this request changed nothing."""

    account_id: str
    phase: str
    assignment_id: str
    measurement: Measurement
    replayed: bool


@retry_on_conflict
def measure(context: Context, account_id: str, phase_name: str, found: Measurement) -> MeasuredPhase:
    """Records how the content of a completed phase did. The latest measurement counts, of one instant the first.

    The account's version guards the assignment too: whatever changes it, changes the account.
    Raises NotFound, AccountNotReady, InvalidTransition, InvalidInput.
    """
    loaded = warmups.load(context, account_id, phase_name)
    phase = loaded.warmup.phase(phase_name)
    assignment_id = performance.require_measurable(phase, found.measured_at, context.now)
    (assignment,) = batch_get([(Assignment, account_id, assignment_id)])
    before = None if assignment is None else _measured(*with_outcomes([assignment]))
    if before is not None and before.measured_at >= found.measured_at:
        return MeasuredPhase(account_id, phase.phase, assignment_id, before, replayed=True)
    warmups.store(context, loaded, performance.measure(loaded.warmup, phase, before, found, context.now))
    return MeasuredPhase(account_id, phase.phase, assignment_id, found, replayed=False)


def _measured(assignment: Assignment) -> Measurement | None:
    """What counts so far. A score that has no instant was given when scores changed no items."""
    if assignment.performance_score is None or assignment.measured_at is None:
        return None
    return Measurement(assignment.performance_score, assignment.measured_at, assignment.metrics or {})

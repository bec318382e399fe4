"""How the content of a completed phase did, as bots learn it later: part of the success of its items."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta

from chalicelib.domain import scoring
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import InvalidInput, InvalidTransition
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.records import record
from chalicelib.domain.warmup.draft import Draft, assigned
from chalicelib.domain.warmup.effects import MeasureAssignment, PenaliseItem
from chalicelib.domain.warmup.state import PhaseState, Step, Warmup

MEASURED_FOR = timedelta(days=90)
"""For how long after a phase was completed its content is measured."""


@record
class Measurement:
    """A performance score from 0 to 100 as of an instant, and the figures behind it."""

    performance_score: float
    measured_at: datetime
    metrics: Mapping[str, object] = field(default_factory=dict, hash=False)


def require_measurable(phase: PhaseState, measured_at: datetime, now: datetime) -> str:
    """The id of the assignment of a completed phase whose content was measured at that instant.

    Raises InvalidTransition where there is no such content, InvalidInput where the instant is out of bounds.
    """
    done = phase.completed_at
    if phase.status is not PhaseStatus.COMPLETED or done is None:
        raise InvalidTransition("phase", phase.status, "measure", [])
    if phase.skipped or phase.assignment_id is None:
        raise InvalidTransition("phase", "completed without content", "measure", [])
    fault = None
    if measured_at > now:
        fault = "it is in the future"
    elif not done <= measured_at <= done + MEASURED_FOR:
        fault = f"content is measured from its completion on, for {MEASURED_FOR.days} days"
    if fault is not None:
        raise InvalidInput([{"pointer": "/measured_at", "detail": fault}])
    return phase.assignment_id


def measure(warmup: Warmup, phase: PhaseState, before: Measurement | None, found: Measurement, now: datetime) -> Step:
    """Records how the phase's content did, in place of what was known `before`: the phase is `measurable`."""
    if warmup.erased_at is not None:
        raise InvalidTransition("account", "erased", "measure", [])
    draft = Draft(warmup, now)
    assert phase.assignment_id is not None
    penalty = scoring.shortfall(found.performance_score)
    by = penalty - (0.0 if before is None else scoring.shortfall(before.performance_score))
    if by:
        draft.effects.extend(PenaliseItem(kind, item_id, by) for kind, item_id in assigned(phase))
    draft.effects.append(
        MeasureAssignment(phase.assignment_id, found.performance_score, found.measured_at, found.metrics)
    )
    return draft.step(
        AuditAction.PHASE_MEASURE,
        phase=phase.phase,
        performance_score=found.performance_score,
        measured_at=found.measured_at,
    )

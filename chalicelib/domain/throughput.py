"""What counts as done or failed in the throughput: the actions by which workers say what came of a phase."""

from chalicelib.domain.actions import AuditAction

_FAILED = frozenset({AuditAction.PHASE_FAIL, AuditAction.PHASE_REPLACE_CONTENT, AuditAction.PHASE_ESCALATE})


def is_completion(action: AuditAction) -> bool:
    """Whether a worker completed a phase."""
    return action is AuditAction.PHASE_COMPLETE


def is_failure(action: AuditAction) -> bool:
    """Whether a worker reported that a phase could not be done."""
    return action in _FAILED

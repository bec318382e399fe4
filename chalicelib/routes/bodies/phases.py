"""What came of working on a phase."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, field_validator

from chalicelib.domain import instants, masking
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.warmup.performance import Measurement
from chalicelib.domain.warmup.work import ReportedError, WorkResult
from chalicelib.routes.bodies.base import (
    LONGEST_MESSAGE,
    Input,
    Instant,
    Line,
    Message,
    PhaseName,
    Score,
    Whole,
    small,
    whole,
)


class WorkerInput(Input):
    """What a worker says of its work. The members that it words freely are kept without what looks like a secret."""

    FREE: ClassVar[tuple[str, ...]]

    @cached_property
    def _kept(self) -> tuple[dict[str, Any], list[str]]:
        return masking.masked({name: getattr(self, name) for name in self.FREE})

    def kept(self, name: str) -> Any:
        """Return a member as it is kept."""
        return self._kept[0][name]

    @property
    def masked(self) -> list[str]:
        """Return the JSON pointers to what is masked."""
        return self._kept[1]


class CompletePhaseBody(WorkerInput):
    """`POST …/complete-phase/{phase}`. With `finish`, the plan's last phase makes the account active too."""

    FREE = ("platform_response",)
    execution_time_ms: Annotated[int, Field(ge=0, le=10**10), BeforeValidator(whole)] | None = None
    platform_response: Any = None
    performance_score: Score | None = None
    finish: bool = False

    _size = field_validator("platform_response")(small)

    def result(self) -> WorkResult:
        """What the worker says of the phase, as the rules read it."""
        return WorkResult(self.execution_time_ms, self.kept("platform_response"), self.performance_score)


class PerformanceBody(WorkerInput):
    """`POST …/performance/{phase}`. `metrics` are the figures behind the score, as the bot has them."""

    FREE = ("metrics",)
    performance_score: Score
    metrics: dict[str, Any] | None = None
    measured_at: Instant

    _size = field_validator("metrics")(small)

    def measurement(self) -> Measurement:
        """How the content did, as the rules read it."""
        return Measurement(self.performance_score, instants.whole(self.measured_at), self.kept("metrics") or {})


class ReportErrorBody(WorkerInput):
    """`POST …/report-error`. `retry_after_seconds` can only lengthen the plan's delay."""

    FREE = ("message", "details")
    phase: PhaseName
    kind: ReportKind
    code: Line | None = None
    message: Message
    details: dict[str, Any] | None = None
    retry_after_seconds: Whole = Field(default=0, ge=0, le=86_400)

    _size = field_validator("details")(small)

    def fault(self) -> ReportedError:
        """What went wrong, as the rules read it."""
        message, wait = self.kept("message")[:LONGEST_MESSAGE], timedelta(seconds=self.retry_after_seconds)
        return ReportedError(self.kind, message, self.code, self.kept("details"), wait)

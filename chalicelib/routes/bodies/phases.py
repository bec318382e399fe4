"""What came of working on a phase."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from chalicelib.domain import instants
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.warmup.performance import Measurement
from chalicelib.domain.warmup.work import ReportedError, WorkResult
from chalicelib.routes.bodies.base import Input, Instant, Line, Message, PhaseName, Score, Whole, small, whole


class CompletePhaseBody(Input):
    """`POST …/complete-phase/{phase}`. With `finish`, the plan's last phase makes the account active too."""

    execution_time_ms: Annotated[int, Field(ge=0, le=10**10), BeforeValidator(whole)] | None = None
    platform_response: Any = None
    performance_score: Score | None = None
    finish: bool = False

    _size = field_validator("platform_response")(small)

    def result(self) -> WorkResult:
        """What the worker says of the phase, as the rules read it."""
        return WorkResult(self.execution_time_ms, self.platform_response, self.performance_score)


class PerformanceBody(Input):
    """`POST …/performance/{phase}`. `metrics` are the figures behind the score, as the bot has them."""

    performance_score: Score
    metrics: dict[str, Any] | None = None
    measured_at: Instant

    _size = field_validator("metrics")(small)

    def measurement(self) -> Measurement:
        """How the content did, as the rules read it."""
        return Measurement(self.performance_score, instants.whole(self.measured_at), self.metrics or {})


class ReportErrorBody(Input):
    """`POST …/report-error`. `retry_after_seconds` can only lengthen the plan's delay."""

    phase: PhaseName
    kind: ReportKind
    code: Line | None = None
    message: Message
    details: dict[str, Any] | None = None
    retry_after_seconds: Whole = Field(default=0, ge=0, le=86_400)

    _size = field_validator("details")(small)

    def fault(self) -> ReportedError:
        """What went wrong, as the rules read it."""
        return ReportedError(
            self.kind, self.message, self.code, self.details, timedelta(seconds=self.retry_after_seconds)
        )

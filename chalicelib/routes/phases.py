"""Working on a phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import ActorKind, Context
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes
from chalicelib.routes import refusals
from chalicelib.routes.schemas.deliveries import Delivery
from chalicelib.routes.schemas.phases import Completion, Performance, Report
from chalicelib.services import deliveries, performance, phases

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.phases import CompletePhaseBody, PerformanceBody, ReportErrorBody

routes = Routes(__name__, bodies=(".bodies.phases",))


@routes.get("/api/bot/accounts/{account_id}/content/{phase}", by=ActorKind.BOT, refuses=refusals.TAKING)
def content(context: Context, *, account_id: str, phase: str) -> Answer[Delivery]:
    """Gives the caller the phase's content, under its lease."""
    return Answer(Delivery.of(deliveries.content(context, account_id, phase), context.settings))


@routes.get(
    "/api/bot/accounts/{account_id}/warmup-content/{phase}",
    by=ActorKind.BOT,
    refuses=refusals.TAKING,
)
def warmup_content(context: Context, *, account_id: str, phase: str) -> Answer[Delivery]:
    """The same, in its other spelling."""
    return Answer(Delivery.of(deliveries.content(context, account_id, phase), context.settings))


@routes.post(
    "/api/bot/accounts/{account_id}/complete-phase/{phase}",
    by=ActorKind.BOT,
    lease=True,
    refuses=refusals.TELLING,
)
def complete_phase(
    context: Context, *, account_id: str, phase: str, body: CompletePhaseBody, lease_token: str
) -> Answer[Completion]:
    """The phase is completed, the lease ends."""
    done = phases.complete(
        context, account_id, phase, lease_token=lease_token, result=body.result(), finish=body.finish
    )
    return Answer(Completion.of(done, body.masked, context.actor))


@routes.post("/api/bot/accounts/{account_id}/performance/{phase}", by=ActorKind.BOT, refuses=refusals.MEASURING)
def measure_phase(context: Context, *, account_id: str, phase: str, body: PerformanceBody) -> Answer[Performance]:
    """Records how the content of a completed phase did, up to 90 days later; the latest `measured_at` counts."""
    found = performance.measure(context, account_id, phase, body.measurement())
    return Answer(Performance.of(found, body.masked))


@routes.post(
    "/api/bot/accounts/{account_id}/report-error",
    by=ActorKind.BOT,
    lease=True,
    refuses=refusals.TELLING,
)
def report_error(context: Context, *, account_id: str, body: ReportErrorBody, lease_token: str) -> Answer[Report]:
    """Takes down what went wrong."""
    found = phases.report(context, account_id, body.phase, lease_token=lease_token, fault=body.fault())
    return Answer(Report.of(found, body.masked, context.actor))

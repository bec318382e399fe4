"""The whole pipeline: how it stands, and its master switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context
from chalicelib.domain.errors import InvalidTransition
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes
from chalicelib.routes.schemas.pauses import ChangedPauses
from chalicelib.routes.schemas.pipeline import Overview, Throughput
from chalicelib.routes.schemas.service import Service
from chalicelib.services import pipeline, readiness
from chalicelib.services import throughput as hourly

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.reasons import ReasonBody

routes = Routes(__name__, bodies=(".bodies.reasons",))


@routes.get("/api/operator/pipeline", needs=Permission.PIPELINE_READ)
def overview(context: Context) -> Answer[Overview]:
    """Counts by state and phase status, what waits for longest, review, sessions, timers."""
    return Answer(Overview.of(pipeline.overview(context), context.now))


@routes.get("/api/operator/pipeline/throughput", needs=Permission.PIPELINE_READ)
def throughput(context: Context) -> Answer[Throughput]:
    """What was completed and what failed, by the hour, in the last 24."""
    return Answer(Throughput.of(hourly.by_hour(context), context.now))


@routes.get("/api/operator/service", needs=Permission.PIPELINE_READ)
def service(context: Context) -> Answer[Service]:
    """What runs here: the release, the store, the times that it keeps."""
    return Answer(Service.of(context.settings, readiness.store(), context.now))


@routes.post("/api/operator/pipeline/pause", needs=Permission.PIPELINE_WRITE, refuses=(InvalidTransition,))
def pause(context: Context, *, body: ReasonBody) -> Answer[ChangedPauses]:
    """Hands no work out any more, to nobody."""
    pauses, replayed = pipeline.pause(context, reason=body.reason)
    return Answer(ChangedPauses.after(pauses, replayed=replayed))


@routes.post("/api/operator/pipeline/resume", needs=Permission.PIPELINE_WRITE, refuses=(InvalidTransition,))
def resume(context: Context, *, body: ReasonBody) -> Answer[ChangedPauses]:
    """Hands work out again."""
    pauses, replayed = pipeline.resume(context, reason=body.reason)
    return Answer(ChangedPauses.after(pauses, replayed=replayed))

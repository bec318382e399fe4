"""The whole pipeline: how it stands, and its master switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context, Role
from chalicelib.domain.errors import IllegalMove
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes
from chalicelib.routes import documents, shapes
from chalicelib.services import pipeline, readiness

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.inputs import ReasonBody

routes = Routes(__name__)


@routes.get("/api/operator/pipeline", role=Role.OPERATOR)
def overview(context: Context) -> Answer[shapes.Overview]:
    """Counts by state and phase status, what waits for longest, review, sessions, timers."""
    return Answer(documents.overview(pipeline.overview(context), context.now))


@routes.get("/api/operator/pipeline/throughput", role=Role.OPERATOR)
def throughput(context: Context) -> Answer[shapes.Throughput]:
    """What was completed and what failed, by the hour, in the last 24."""
    return Answer(documents.throughput(pipeline.throughput(context), context.now))


@routes.get("/api/operator/service", role=Role.OPERATOR)
def service(context: Context) -> Answer[shapes.Service]:
    """What runs here: the release, the store, the times that it keeps."""
    return Answer(documents.service(context.settings, readiness.store(), context.now))


@routes.post("/api/operator/pipeline/pause", role=Role.OPERATOR, refuses=(IllegalMove,))
def pause(context: Context, *, body: ReasonBody) -> Answer[shapes.ChangedPauses]:
    """Hands no work out any more, to nobody."""
    pauses, replayed = pipeline.pause(context, reason=body.reason)
    return Answer(documents.changed_pauses(pauses, replayed))


@routes.post("/api/operator/pipeline/resume", role=Role.OPERATOR, refuses=(IllegalMove,))
def resume(context: Context, *, body: ReasonBody) -> Answer[shapes.ChangedPauses]:
    """Hands work out again."""
    pauses, replayed = pipeline.resume(context, reason=body.reason)
    return Answer(documents.changed_pauses(pauses, replayed))

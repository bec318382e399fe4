"""Whether the service lives, and whether it can reach its store."""

from chalicelib.context import Context
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes
from chalicelib.routes.schemas.health import Health, Readiness
from chalicelib.services import readiness

routes = Routes(__name__)


@routes.get("/api/health")
def health(context: Context) -> Answer[Health]:
    """The service lives; the store is not asked."""
    return Answer(Health(status="ok", now=context.now))


@routes.get("/api/ready")
def ready(context: Context) -> Answer[Readiness]:
    """The store answers."""
    return Answer(Readiness(status="ready", pipeline_paused=readiness.check(context)))

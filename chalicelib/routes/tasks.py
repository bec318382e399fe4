"""Tasks: what an operator takes and does from the console, by the same rules as a bot, under the operator's own key.

The routes mirror the bots': a session (`Bot-Session`), a lease (`Lease-Token`), content, completion, report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.context import Context
from chalicelib.domain.accounts import Step
from chalicelib.domain.dispatch import WorkWanted
from chalicelib.domain.errors import LeaseSuperseded, SessionEnded
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer, New, Waiting
from chalicelib.edge.routing import Routes
from chalicelib.routes import refusals
from chalicelib.routes.queries import DEFAULT_LIMIT, SomeOf, cursor, identifiers, limit, phase_names
from chalicelib.routes.schemas.deliveries import Delivery
from chalicelib.routes.schemas.leases import Released
from chalicelib.routes.schemas.phases import Completion, Report
from chalicelib.routes.schemas.sessions import OpenedSession, OwnSession
from chalicelib.routes.schemas.warmups import ChangedWarmup, StartedWarmup
from chalicelib.routes.schemas.work import ReadyPage
from chalicelib.services import accounts, deliveries, heartbeats, leases, phases, sessions
from chalicelib.services.heartbeats import Heartbeat

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.phases import CompletePhaseBody, ReportErrorBody
    from chalicelib.routes.bodies.sessions import HeartbeatBody, SessionBody

routes = Routes(__name__, bodies=(".bodies.phases", ".bodies.sessions"))
_QUERY: dict[str, Any] = {
    "limit": limit,
    "model_id": identifiers,
    "action": SomeOf(Step),
    "phase": phase_names,
    "cursor": cursor,
}


@routes.get("/api/operator/tasks", needs=Permission.TASKS_READ, query=_QUERY)
def ready(
    context: Context,
    *,
    limit: int = DEFAULT_LIMIT,
    model_id: tuple[str, ...] | None = None,
    action: tuple[Step, ...] | None = None,
    phase: tuple[str, ...] | None = None,
    cursor: str | None = None,
) -> Waiting[ReadyPage]:
    """What an operator can take now, as bots are offered it. Takes nothing."""
    found = leases.ready(context, limit=limit, wanted=WorkWanted(model_id, action, phase), cursor=cursor)
    return Waiting(ReadyPage.of(found))


@routes.post("/api/operator/tasks/sessions", needs=Permission.TASKS_WRITE)
def open_session(context: Context, *, body: SessionBody) -> New[OpenedSession]:
    """Opens a session of the person who calls."""
    opened = sessions.create(context, client=body.client, host=body.host)
    return New(OpenedSession.of(opened, context.settings))


@routes.get("/api/operator/tasks/sessions/{session_id}", needs=Permission.TASKS_WRITE)
def own_session(context: Context, *, session_id: str) -> Answer[OwnSession]:
    """The caller's session with what it holds, tokens included: they are its own."""
    return Answer(OwnSession.of(*sessions.own(context, session_id), context.settings))


@routes.post(
    "/api/operator/tasks/sessions/{session_id}/heartbeat",
    needs=Permission.TASKS_WRITE,
    refuses=(SessionEnded,),
)
def heartbeat(context: Context, *, session_id: str, body: HeartbeatBody) -> Answer[Heartbeat]:
    """Says that the person is still there: their leases are extended."""
    sessions.own(context, session_id)
    return Answer(heartbeats.heartbeat(context, session_id, note=body.note))


@routes.post("/api/operator/tasks/accounts/{account_id}/start", needs=Permission.TASKS_WRITE, refuses=refusals.TAKING)
def start(context: Context, *, account_id: str) -> Answer[StartedWarmup]:
    """Starts the warm-up, with a lease for the caller."""
    started = accounts.start(context, account_id)
    return Answer(StartedWarmup.of_start(started, context.settings, context.now, context.actor))


@routes.post("/api/operator/tasks/accounts/{account_id}/take", needs=Permission.TASKS_WRITE, refuses=refusals.TAKING)
def take(context: Context, *, account_id: str) -> Answer[Delivery]:
    """Takes the next phase with its content, in one step; starts the warm-up where it has not begun."""
    return Answer(Delivery.of(deliveries.take(context, account_id), context.settings))


@routes.post(
    "/api/operator/tasks/accounts/{account_id}/content/{phase}", needs=Permission.TASKS_WRITE, refuses=refusals.TAKING
)
def content(context: Context, *, account_id: str, phase: str) -> Answer[Delivery]:
    """Takes the phase: its content, under the caller's lease."""
    return Answer(Delivery.of(deliveries.content(context, account_id, phase), context.settings))


@routes.post(
    "/api/operator/tasks/accounts/{account_id}/complete/{phase}",
    needs=Permission.TASKS_WRITE,
    lease=True,
    refuses=refusals.TELLING,
)
def complete(
    context: Context, *, account_id: str, phase: str, body: CompletePhaseBody, lease_token: str
) -> Answer[Completion]:
    """It is done."""
    done = phases.complete(
        context, account_id, phase, lease_token=lease_token, result=body.result(), finish=body.finish
    )
    return Answer(Completion.of(done, body.masked, context.actor))


@routes.post(
    "/api/operator/tasks/accounts/{account_id}/report",
    needs=Permission.TASKS_WRITE,
    lease=True,
    refuses=refusals.TELLING,
)
def report(context: Context, *, account_id: str, body: ReportErrorBody, lease_token: str) -> Answer[Report]:
    """It is not done, or nobody knows."""
    found = phases.report(context, account_id, body.phase, lease_token=lease_token, fault=body.fault())
    return Answer(Report.of(found, body.masked, context.actor))


@routes.post(
    "/api/operator/tasks/accounts/{account_id}/release",
    needs=Permission.TASKS_WRITE,
    lease=True,
    refuses=(LeaseSuperseded,),
)
def release(context: Context, *, account_id: str, lease_token: str) -> Answer[Released]:
    """Gives the account back without recording an outcome."""
    replayed = leases.release(context, account_id, lease_token=lease_token)
    return Answer(Released(account_id=account_id, released=True, replayed=replayed))


@routes.post("/api/operator/tasks/accounts/{account_id}/finish", needs=Permission.TASKS_WRITE, refuses=refusals.ENDING)
def finish(context: Context, *, account_id: str) -> Answer[ChangedWarmup]:
    """Ends the warm-up of an account whose phases are all completed: it is active."""
    return Answer(ChangedWarmup.of_change(accounts.complete(context, account_id), context.now))

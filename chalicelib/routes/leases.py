"""Finding work and taking it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context, Role
from chalicelib.domain.accounts import Step
from chalicelib.domain.errors import AccountLeased, LeaseSuperseded, SessionEnded
from chalicelib.edge.answers import Answer, Waiting
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, OneOf, cursor, identifier, limit
from chalicelib.routes.schemas.leases import Claim, ReadyPage, Released
from chalicelib.services import leases

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.leases import ClaimBody

routes = Routes(__name__, bodies=(".bodies.leases",))
_QUERY = {"limit": limit, "model_id": identifier, "action": OneOf(Step), "cursor": cursor}


@routes.get("/api/bot/accounts/ready", role=Role.BOT, query=_QUERY)
def ready(context: Context, *, limit: int = DEFAULT_LIMIT, **query: str) -> Waiting[ReadyPage]:
    """Accounts that can be worked on now, oldest due first."""
    found = leases.ready(context, limit=limit, **query)  # type: ignore[arg-type]  # each as its reader made it
    return Waiting(ReadyPage.of(found))


@routes.post(
    "/api/bot/accounts/claim",
    role=Role.BOT,
    session=True,
    refuses=(SessionEnded,),
)
def claim(context: Context, *, body: ClaimBody) -> Waiting[Claim]:
    """Takes leases on accounts that can be worked on now."""
    taken = leases.claim(context, limit=body.limit, models=body.model_ids, actions=body.actions)
    return Waiting(Claim.of(context.session_id, taken, context.settings))


@routes.post(
    "/api/bot/accounts/{account_id}/release",
    role=Role.BOT,
    lease=True,
    refuses=(LeaseSuperseded, AccountLeased),
)
def release(context: Context, *, account_id: str, lease_token: str) -> Answer[Released]:
    """Gives a lease back unharmed."""
    replayed = leases.release(context, account_id, lease_token=lease_token)
    return Answer(Released(account_id=account_id, released=True, replayed=replayed))

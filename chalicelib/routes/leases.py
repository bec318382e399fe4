"""Finding work and taking it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.context import ActorKind, Context
from chalicelib.domain.accounts import Step
from chalicelib.domain.categories import Category
from chalicelib.domain.dispatch import WorkWanted
from chalicelib.domain.errors import AccountLeased, LeaseSuperseded, QuotaReached, SessionEnded
from chalicelib.edge.answers import Answer, Waiting
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, SomeOf, cursor, identifiers, limit, phase_names
from chalicelib.routes.schemas.leases import Released
from chalicelib.routes.schemas.work import Claim, ReadyPage
from chalicelib.services import leases

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.leases import ClaimBody

routes = Routes(__name__, bodies=(".bodies.leases",))
_QUERY: dict[str, Any] = {
    "limit": limit,
    "model_id": identifiers,
    "action": SomeOf(Step),
    "phase": phase_names,
    "category": SomeOf(Category),
    "cursor": cursor,
}


@routes.get("/api/bot/accounts/ready", by=ActorKind.BOT, query=_QUERY)
def ready(
    context: Context,
    *,
    limit: int = DEFAULT_LIMIT,
    model_id: tuple[str, ...] | None = None,
    action: tuple[Step, ...] | None = None,
    phase: tuple[str, ...] | None = None,
    category: tuple[Category, ...] | None = None,
    cursor: str | None = None,
) -> Waiting[ReadyPage]:
    """Accounts that can be worked on now; each filter takes several values, with commas between them.

    Of `phase` and `category` together, what has either is meant.
    """
    found = leases.ready(context, limit=limit, wanted=WorkWanted(model_id, action, phase, category), cursor=cursor)
    return Waiting(ReadyPage.of(found))


@routes.post(
    "/api/bot/accounts/claim",
    by=ActorKind.BOT,
    session=True,
    refuses=(SessionEnded, QuotaReached),
)
def claim(context: Context, *, body: ClaimBody) -> Waiting[Claim]:
    """Takes leases on accounts that can be worked on now."""
    wanted = WorkWanted(body.model_ids, body.actions, body.phases, body.categories, frozenset(body.holding))
    taken = leases.claim(context, limit=body.limit, wanted=wanted, deliver=body.deliver)
    return Waiting(Claim.of(context.session_id, taken, context.settings, delivers=body.deliver))


@routes.post(
    "/api/bot/accounts/{account_id}/release",
    by=ActorKind.BOT,
    lease=True,
    refuses=(LeaseSuperseded, AccountLeased),
)
def release(context: Context, *, account_id: str, lease_token: str) -> Answer[Released]:
    """Gives a lease back without recording an outcome."""
    replayed = leases.release(context, account_id, lease_token=lease_token)
    return Answer(Released(account_id=account_id, released=True, replayed=replayed))

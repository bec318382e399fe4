"""Claims of what a release before has left without: one profile, one account; the same words, one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes
from chalicelib.services import claims
from chalicelib.services.claims import Claims

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.claims import ClaimsBody

routes = Routes(__name__, bodies=(".bodies.claims",))


@routes.post("/api/operator/accounts/claims", needs=Permission.ACCOUNTS_WRITE)
def accounts(context: Context, *, body: ClaimsBody) -> Answer[Claims]:
    """Claims a page of accounts' profiles where that was not done yet, and names the accounts that clash.

    Of two living accounts of one profile neither is changed: an operator retires one.
    """
    return Answer(claims.of_accounts(context, limit=body.limit, cursor=body.cursor, dry_run=body.dry_run))


@routes.post("/api/operator/models/{model_id}/texts/claims", needs=Permission.CONTENT_WRITE)
def texts(context: Context, *, model_id: str, body: ClaimsBody) -> Answer[Claims]:
    """Claims a page of texts' words as they are compared today, and names the texts that clash."""
    return Answer(claims.of_texts(context, model_id, limit=body.limit, cursor=body.cursor, dry_run=body.dry_run))

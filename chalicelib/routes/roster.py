"""The roster: accounts by filter, and moves on all that match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from chalicelib.context import Context, Role
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.bulk import BulkAction
from chalicelib.domain.phases import PhaseName, PhaseStatus
from chalicelib.domain.queues import Queue
from chalicelib.domain.retries import ReportKind
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, OneOf, cursor, flag, identifier, identifiers, limit, line
from chalicelib.routes.schemas.lists import Look
from chalicelib.routes.schemas.roster import BulkMove, ListedAccount
from chalicelib.services import accounts, decisions, moves, roster
from chalicelib.services.roster import AccountFilter, Sort
from chalicelib.tables import Account

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.roster import MoveAllBody

routes = Routes(__name__, bodies=(".bodies.roster",))
_FILTER: dict[str, Any] = {
    "state": OneOf(AccountState),
    "model_id": identifier,
    "phase": OneOf(PhaseName),
    "phase_status": OneOf(PhaseStatus),
    "error_code": line,
    "error_kind": OneOf(ReportKind),
    "without_code": flag,
    "queue": OneOf(Queue),
    "text": line,
    "ids": identifiers,
}


@routes.get(
    "/api/operator/accounts",
    role=Role.OPERATOR,
    query={"limit": limit, "cursor": cursor, "with_phases": flag, "sort": OneOf(Sort), **_FILTER},
)
def list_all(
    context: Context,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    with_phases: bool = False,
    sort: Sort | None = None,
    **wanted: Any,
) -> Answer[Look[ListedAccount]]:
    """Accounts that the filter admits; a page may hold fewer than asked, and still name a cursor."""
    meant = AccountFilter(**wanted)
    if sort is None:
        page = roster.find(context, meant, limit=limit, cursor=cursor)
    else:
        page = roster.find_sorted(context, meant, sort, limit=limit, cursor=cursor)
    if with_phases:
        listed = [ListedAccount.shown(one, context.now) for one in roster.show(context, page.items)]
    else:
        listed = [ListedAccount.listed(one, context.now) for one in page.items]
    return Answer(Look.of(listed, page))


@routes.post("/api/operator/accounts/bulk", role=Role.OPERATOR, seconds=20)
def move_all(context: Context, *, body: MoveAllBody) -> Answer[BulkMove]:
    """One step of a move on many: those named, or a page of those that the filter admits; a dry run only counts."""
    move = BulkAction(body.action)

    def act(account: Account) -> bool:
        given = (context, account.account_id, roster.phase_in_question(account))
        match move:
            case BulkAction.READY:
                return accounts.ready(context, account.account_id, reason=body.reason).replayed
            case BulkAction.PAUSE:
                return accounts.pause(context, account.account_id, reason=body.reason).replayed
            case BulkAction.RESUME:
                return accounts.resume(context, account.account_id, reason=body.reason).replayed
            case BulkAction.RESOLVE:
                evidence = body.evidence.model_dump(exclude_none=True) if body.evidence else {}
                return decisions.resolve(*given, reason=body.reason, evidence=evidence).replayed
            case BulkAction.SKIP:
                return decisions.skip(*given, reason=body.reason).replayed
            case BulkAction.RETRY:
                return decisions.retry(*given, reason=body.reason, other_content=body.content == "other").replayed
            case _:
                assert_never(move)

    if body.account_ids is not None:
        results, next_cursor = moves.move_named(context, move, body.account_ids, act, dry_run=body.dry_run), None
    else:
        wanted = AccountFilter(**(body.filter.model_dump() if body.filter else {}))
        page = roster.find(context, wanted, limit=body.limit, cursor=body.cursor)
        results, next_cursor = moves.move_all(context, move, page.items, act, dry_run=body.dry_run), page.next_cursor
    return Answer(BulkMove.of(results, next_cursor, move, dry_run=body.dry_run, now=context.now))

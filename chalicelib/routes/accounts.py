"""Accounts: import, lists, ready, start, status, complete, and moves on many of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, assert_never

from chalicelib.context import ActorKind, Context
from chalicelib.domain.accounts import AccountState, has_ended
from chalicelib.domain.bulk import BulkAction
from chalicelib.domain.errors import (
    AlreadyExists,
    ConsentExpired,
    ConsentMissing,
    ConsentWithdrawn,
    InvalidTransition,
    PlanNotPublished,
)
from chalicelib.domain.permissions import Permission
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plan_versions import PlanReference
from chalicelib.domain.queues import Queue
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.warmup.migrate import in_words
from chalicelib.edge.answers import Answer, Created, Tagged
from chalicelib.edge.routing import Routes
from chalicelib.routes import refusals, rows
from chalicelib.routes.queries import (
    DEFAULT_LIMIT,
    MOST,
    OneOf,
    cursor,
    flag,
    identifier,
    identifiers,
    limit,
    line,
    phase_name,
    plan,
)
from chalicelib.routes.schemas.account_exports import AccountExport
from chalicelib.routes.schemas.account_lists import BulkMove, ListedAccount
from chalicelib.routes.schemas.accounts import (
    AccountImport,
    AccountWithAssignments,
    CreatedAccount,
    WholeAccount,
)
from chalicelib.routes.schemas.assignments import Assignment
from chalicelib.routes.schemas.lists import Look
from chalicelib.routes.schemas.warmups import ChangedWarmup, ReadiedWarmup, StartedWarmup, WarmupStatus
from chalicelib.services import (
    account_lists,
    accounts,
    assignments,
    availability,
    decisions,
    enrolment,
    erasure,
    migrations,
    moves,
    places,
    profiles,
)
from chalicelib.services.account_lists import AccountFilter, Sort
from chalicelib.services.availability import Joining
from chalicelib.services.enrolment import Profile
from chalicelib.tables import Account

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.accounts import AccountBody, AccountEdit, ConsentBody, MoveAllBody
    from chalicelib.routes.bodies.reasons import ReasonBody

routes = Routes(__name__, bodies=(".bodies.accounts", ".bodies.reasons"))
_FILTER: dict[str, Any] = {
    "state": OneOf(AccountState),
    "model_id": identifier,
    "phase": phase_name,
    "phase_status": OneOf(PhaseStatus),
    "error_code": line,
    "error_kind": OneOf(ReportKind),
    "without_code": flag,
    "queue": OneOf(Queue),
    "text": line,
    "ids": identifiers,
    "plan": plan,
}


@routes.post("/api/bot/accounts/{account_id}/start-warmup", by=ActorKind.BOT, refuses=refusals.TAKING)
def start_warmup(context: Context, *, account_id: str) -> Answer[StartedWarmup]:
    """Starts the warm-up, with a lease for the caller."""
    started = accounts.start(context, account_id)
    return Answer(StartedWarmup.of_start(started, context.settings, context.now, context.actor))


@routes.get("/api/bot/accounts/{account_id}/warmup-status", by=ActorKind.BOT)
def warmup_status(context: Context, *, account_id: str) -> Answer[WarmupStatus]:
    """Where the warm-up stands, and why the account is not offered."""
    return Answer(WarmupStatus.read_by(context.actor, accounts.status(context, account_id), context.now))


@routes.post("/api/bot/accounts/{account_id}/complete-warmup", by=ActorKind.BOT, refuses=refusals.ENDING)
def complete_warmup(context: Context, *, account_id: str) -> Answer[ChangedWarmup]:
    """Ends the warm-up: the account is active."""
    return Answer(ChangedWarmup.of_change(accounts.complete(context, account_id), context.now, context.actor))


@routes.post(
    "/api/operator/accounts",
    needs=Permission.ACCOUNTS_WRITE,
    refuses=(AlreadyExists, PlanNotPublished),
    missing=("model", "plan"),
)
def create(context: Context, *, body: AccountBody) -> Created[CreatedAccount]:
    """Puts an account in the service's care."""
    made = enrolment.create(context, _profile(body))
    return Created(CreatedAccount.of_change(made, context.now), made.replayed)


@routes.post(
    "/api/operator/accounts/import",
    needs=Permission.ACCOUNTS_WRITE,
    raw=rows.MEDIA_TYPES,
    query={"dry_run": flag, "warn": flag},
    seconds=20,
)
def import_all(
    context: Context, *, body: tuple[str, bytes], dry_run: bool = False, warn: bool = True
) -> Answer[AccountImport]:
    """Puts many accounts in the service's care; a bad row never spoils the others.

    `warn=false` leaves the pools unasked: for the parts of a larger import, after which the model's availability shows
    of all.
    """
    given = rows.each(body, _profile, rows.ACCOUNT)
    found = enrolment.import_all(context, given.entries, dry_run=dry_run)
    enrolled = [one.made for one in found if one.made is not None and not has_ended(one.made.state)]
    joining = [Joining(one.model_id, one.account_id, one.theme) for one in enrolled]
    warnings = availability.warn(context, joining) if warn else []
    return Answer(AccountImport.of(found, given.lines, warnings, dry_run=dry_run))


@routes.get(
    "/api/operator/accounts",
    needs=Permission.ACCOUNTS_READ,
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
        page = account_lists.find(context, meant, limit=limit, cursor=cursor)
    else:
        page = account_lists.find_sorted(context, meant, sort, limit=limit, cursor=cursor)
    if with_phases:
        listed = [ListedAccount.shown(one, context.now) for one in account_lists.show(context, page.items)]
    else:
        listed = [ListedAccount.listed(one, context.now) for one in page.items]
    return Answer(Look.of(listed, page))


@routes.post("/api/operator/accounts/bulk", needs=Permission.ACCOUNTS_WRITE, seconds=20)
def move_all(context: Context, *, body: MoveAllBody) -> Answer[BulkMove]:
    """One step of a move on many: those named, or a page of those that the filter admits; a dry run only counts."""
    move = BulkAction(body.action)

    def act(account: Account) -> bool:
        return _moved(context, account, body)

    def look(account: Account) -> str | None:
        return in_words(_migrated(context, account, body, dry_run=True).said) if body.action == "migrate" else None

    if body.account_ids is not None:
        results, next_cursor = moves.move_named(context, move, body.account_ids, act, look, dry_run=body.dry_run), None
    else:
        wanted = _filter(body)
        page = account_lists.find(context, wanted, limit=body.limit, cursor=body.cursor)
        results = moves.move_all(context, move, page.items, act, look, dry_run=body.dry_run)
        next_cursor = page.next_cursor
    return Answer(BulkMove.of(results, next_cursor, move, dry_run=body.dry_run, now=context.now))


def _filter(body: MoveAllBody) -> AccountFilter:
    given = body.filter.model_dump() if body.filter else {}
    named = given.pop("plan", None)
    return AccountFilter(**given, plan=None if named is None else PlanReference.of(named))


def _moved(context: Context, account: Account, body: MoveAllBody) -> bool:
    """Does the move of the body with one account; returns whether it had been done before."""
    move, account_id, reason = BulkAction(body.action), account.account_id, body.reason
    given = (context, account_id, account_lists.phase_in_question(account))
    match move:
        case BulkAction.READY:
            return accounts.ready(context, account_id, reason=reason).replayed
        case BulkAction.PAUSE:
            return accounts.pause(context, account_id, reason=reason).replayed
        case BulkAction.RESUME:
            return accounts.resume(context, account_id, reason=reason).replayed
        case BulkAction.RESOLVE:
            evidence = body.evidence.model_dump(exclude_none=True) if body.evidence else {}
            return decisions.resolve(*given, reason=reason, evidence=evidence).replayed
        case BulkAction.SKIP:
            return decisions.skip(*given, reason=reason).replayed
        case BulkAction.RETRY:
            return decisions.retry(*given, reason=reason, other_content=body.content == "other").replayed
        case BulkAction.MIGRATE:
            return _migrated(context, account, body).changed.replayed
        case _:
            assert_never(move)


def _migrated(
    context: Context, account: Account, body: MoveAllBody, *, dry_run: bool = False
) -> migrations.MigratedAccount:
    wanted = PlanReference.of(body.plan or "")
    return migrations.migrate(context, account.account_id, wanted, body.mapping, reason=body.reason, dry_run=dry_run)


@routes.get("/api/operator/accounts/{account_id}", needs=Permission.ACCOUNTS_READ)
def get(context: Context, *, account_id: str) -> Tagged[AccountWithAssignments]:
    """An account with its phases, assignments (the latest 100), lease, blockers, and its place in the queue."""
    loaded, profile = accounts.status_with_profile(context, account_id)
    account = WholeAccount.of(loaded, context.now, profile)
    place = places.place(context, loaded)
    given, _ = assignments.list_all(context, limit=MOST, account_id=account_id)
    latest = [Assignment.from_item(one) for one in given]
    return Tagged(AccountWithAssignments(**vars(account), assignments=latest, queue_place=place))


@routes.patch(
    "/api/operator/accounts/{account_id}",
    needs=Permission.ACCOUNTS_WRITE,
    refuses=(AlreadyExists, InvalidTransition),
    shows=WholeAccount.of,
)
def edit(context: Context, *, account_id: str, body: AccountEdit) -> Tagged[CreatedAccount]:
    """Changes what operators say of an account: its username, theme, tags and external_ref."""
    given = body.model_dump(exclude_unset=True)
    if given.get("username") is None:
        given.pop("username", None)
    if "tags" in given:
        given["tags"] = set(given["tags"] or ())
    return Tagged(CreatedAccount.of_change(profiles.edit(context, account_id, given), context.now))


@routes.get("/api/operator/accounts/{account_id}/export", needs=Permission.ACCOUNTS_READ)
def export(context: Context, *, account_id: str) -> Answer[AccountExport]:
    """All that is kept of an account: its owner's consent, phases, assignments, leases and audit events."""
    return Answer(AccountExport.of_export(erasure.export(context, account_id), context.now))


@routes.post("/api/operator/accounts/{account_id}/erase", needs=Permission.ACCOUNTS_ERASE)
def erase(context: Context, *, account_id: str, body: ReasonBody) -> Answer[CreatedAccount]:
    """Erases the words of persons of an account, everywhere; it is retired for good. Its audit stays whole.

    The reason is erased with the rest, since it may name a person.
    """
    del body  # that a reason is given is all that is asked
    return Answer(CreatedAccount.of_change(erasure.erase(context, account_id), context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/consent", needs=Permission.CONSENT_WRITE, refuses=(InvalidTransition,)
)
def consent(context: Context, *, account_id: str, body: ConsentBody) -> Answer[CreatedAccount]:
    """Records who owns the account and agreed; without it nothing is handed out. This lifts a withdrawal."""
    changed = accounts.consent(context, account_id, _consent(body))
    return Answer(CreatedAccount.of_change(changed, context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/consent/withdraw", needs=Permission.CONSENT_WRITE, refuses=(ConsentMissing,)
)
def withdraw_consent(context: Context, *, account_id: str, body: ReasonBody) -> Answer[CreatedAccount]:
    """Takes the owner's consent back: revokes the lease and ends the assignment; nothing is handed out any more."""
    changed = accounts.withdraw_consent(context, account_id, reason=body.reason)
    return Answer(CreatedAccount.of_change(changed, context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/ready",
    needs=Permission.ACCOUNTS_WRITE,
    refuses=(ConsentMissing, ConsentWithdrawn, ConsentExpired, InvalidTransition),
)
def ready(context: Context, *, account_id: str, body: ReasonBody) -> Answer[ReadiedWarmup]:
    """Declares an account ready to be warmed up."""
    changed = accounts.ready(context, account_id, reason=body.reason)
    account = changed.loaded.account
    warnings = availability.warn_of_one(context, Joining(account.model_id, account_id, account.theme))
    return Answer(ReadiedWarmup.of_ready(changed, context.now, warnings))


@routes.post("/api/operator/accounts/{account_id}/pause", needs=Permission.ACCOUNTS_WRITE, refuses=(InvalidTransition,))
def pause(context: Context, *, account_id: str, body: ReasonBody) -> Answer[ChangedWarmup]:
    """Hands the account's work out no more; what is under way may be finished."""
    return Answer(ChangedWarmup.of_change(accounts.pause(context, account_id, reason=body.reason), context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/resume", needs=Permission.ACCOUNTS_WRITE, refuses=(InvalidTransition,)
)
def resume(context: Context, *, account_id: str, body: ReasonBody) -> Answer[ChangedWarmup]:
    """Hands the account's work out again."""
    return Answer(ChangedWarmup.of_change(accounts.resume(context, account_id, reason=body.reason), context.now))


@routes.post("/api/operator/accounts/{account_id}/reset", needs=Permission.ACCOUNTS_WRITE, refuses=(InvalidTransition,))
def reset(context: Context, *, account_id: str, body: ReasonBody) -> Answer[ChangedWarmup]:
    """Starts the warm-up over; the history stays."""
    return Answer(ChangedWarmup.of_change(accounts.reset(context, account_id, reason=body.reason), context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/retire", needs=Permission.ACCOUNTS_WRITE, refuses=(InvalidTransition,)
)
def retire(context: Context, *, account_id: str, body: ReasonBody) -> Answer[ChangedWarmup]:
    """Takes the account out of the service's care."""
    return Answer(ChangedWarmup.of_change(accounts.retire(context, account_id, reason=body.reason), context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/restore",
    needs=Permission.ACCOUNTS_WRITE,
    refuses=(AlreadyExists, InvalidTransition),
)
def restore(context: Context, *, account_id: str, body: ReasonBody) -> Answer[ChangedWarmup]:
    """Brings a retired account back as imported; what it has used and its audit stay."""
    return Answer(ChangedWarmup.of_change(accounts.restore(context, account_id, reason=body.reason), context.now))


def _profile(body: AccountBody) -> Profile:
    return Profile(
        model_id=body.model_id,
        username=body.username,
        account_id=body.account_id,
        theme=body.theme,
        tags=frozenset(body.tags),
        plan=None if body.plan is None else PlanReference.of(body.plan),
        consent=None if body.consent is None else _consent(body.consent),
        external_ref=body.external_ref,
    )


def _consent(body: ConsentBody) -> dict[str, str | date | None]:
    return body.model_dump()

"""Plans: the ordered phases with their minimum intervals, limits and content needs, as versions that never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context
from chalicelib.domain.errors import AccountLeased, AccountNotReady, AlreadyExists, InvalidTransition, PlanNotPublished
from chalicelib.domain.permissions import Permission
from chalicelib.domain.plan_versions import PlanReference
from chalicelib.edge.answers import Answer, Created, Tagged
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, limit, plan
from chalicelib.routes.schemas.lists import Page
from chalicelib.routes.schemas.plans import ChangedPlan, ListedPlan, PlanDiff, PlanPreview, PlanVersion
from chalicelib.routes.schemas.warmups import MigratedWarmup
from chalicelib.services import migrations, plans, previews

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.plans import MigrationBody, PlanBody, PlanEdit, PlanMove, PreviewBody

routes = Routes(__name__, bodies=(".bodies.plans",))
_VERSION = "/api/operator/plans/{plan}/versions/{version}"


@routes.post("/api/operator/plans", needs=Permission.PLANS_WRITE, refuses=(AlreadyExists,), missing=("plan", "version"))
def create(context: Context, *, body: PlanBody) -> Created[ChangedPlan]:
    """Makes a draft: a new plan, or the next version of one. It is a copy of `from`.

    Without `from` it is a copy of the plan's own newest version, of a new plan of `standard`. A plan has one draft at
    a time.
    """
    copied = None if body.copied is None else PlanReference.of(body.copied)
    row, replayed = plans.create(context, body.name, title=body.title, copied=copied)
    return Created(ChangedPlan.after(row, replayed=replayed), replayed)


@routes.get("/api/operator/plans", needs=Permission.PLANS_READ, query={"limit": limit, "cursor": cursor})
def list_all(context: Context, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer[Page[ListedPlan]]:
    """All plans with their versions and how many accounts have each, `standard` first."""
    found, following = plans.list_all(context, limit=limit, cursor=cursor)
    accounts = plans.accounts_on(context, found)
    return Answer(Page(items=[ListedPlan.of(one, accounts) for one in found], next_cursor=following))


@routes.get("/api/operator/plans/{plan}", needs=Permission.PLANS_READ)
def get(context: Context, *, plan: str) -> Answer[ListedPlan]:
    """One plan with its versions."""
    found = plans.get(context, plan)
    return Answer(ListedPlan.of(found, plans.accounts_on(context, [found])))


@routes.get(_VERSION, needs=Permission.PLANS_READ)
def get_version(context: Context, *, plan: str, version: str) -> Tagged[PlanVersion]:
    """One version of a plan, with its phases and limits."""
    row = plans.get_version(context, plan, version)
    return Tagged(PlanVersion.from_item(row), row.version)


@routes.patch(
    _VERSION,
    needs=Permission.PLANS_WRITE,
    refuses=(InvalidTransition,),
    shows=lambda row, _: PlanVersion.from_item(row),
)
def edit(context: Context, *, plan: str, version: str, body: PlanEdit) -> Tagged[ChangedPlan]:
    """Changes a draft: `phases` as a whole, `limits` one by one. Each fault is named by its JSON pointer."""
    given = body.model_dump(exclude_unset=True, exclude_none=False)
    row, replayed = plans.edit(
        context,
        plan,
        version,
        title=body.title,
        phases=given.get("phases"),
        limits=given.get("limits") or {},
        reason=body.reason,
    )
    return Tagged(ChangedPlan.after(row, replayed=replayed), row.version)


@routes.post(f"{_VERSION}/publish", needs=Permission.PLANS_WRITE, refuses=(InvalidTransition,))
def publish(context: Context, *, plan: str, version: str, body: PlanMove) -> Answer[ChangedPlan]:
    """Opens a draft to new accounts. From then on it never changes; no account changes by it."""
    row, replayed = plans.publish(context, plan, version, reason=body.reason)
    return Answer(ChangedPlan.after(row, replayed=replayed))


@routes.post(f"{_VERSION}/retire", needs=Permission.PLANS_WRITE, refuses=(InvalidTransition,))
def retire(context: Context, *, plan: str, version: str, body: PlanMove) -> Answer[ChangedPlan]:
    """Closes a version to new accounts; those that have it go on by it. A draft that is retired is discarded."""
    row, replayed = plans.retire(context, plan, version, reason=body.reason)
    return Answer(ChangedPlan.after(row, replayed=replayed))


@routes.get(f"{_VERSION}/diff", needs=Permission.PLANS_READ, query={"against": plan})
def diff(context: Context, *, plan: str, version: str, against: PlanReference | None = None) -> Answer[PlanDiff]:
    """What differs from another version (default: the one that it was copied from), in words and as data."""
    other, found = plans.diff(context, plan, version, against)
    return Answer(PlanDiff.of(f"{plan}/{version}", other, found))


@routes.post(f"{_VERSION}/preview", needs=Permission.PLANS_READ, missing=("model",), seconds=20)
def preview(context: Context, *, plan: str, version: str, body: PreviewBody) -> Answer[PlanPreview]:
    """What the plan would make of accounts of a model that start now: dates, uses, waits. It changes nothing."""
    return Answer(PlanPreview.of(previews.preview(context, plan, version, body.model_id, body.accounts), context.now))


@routes.post(
    "/api/operator/accounts/{account_id}/migrate",
    needs=Permission.ACCOUNTS_WRITE,
    refuses=(PlanNotPublished, AccountLeased, AccountNotReady),
    missing=("plan",),
)
def migrate(context: Context, *, account_id: str, body: MigrationBody) -> Answer[MigratedWarmup]:
    """Moves an account to a published version of a plan (default: the newest), or in a dry run says how.

    What is completed stays, the current phase is kept, mapped or left out, no date is earlier than promised, and the
    lease of who works on it is never broken: it is refused until then.
    """
    wanted = PlanReference(body.plan, body.version)
    found = migrations.migrate(context, account_id, wanted, body.mapping, reason=body.reason, dry_run=body.dry_run)
    return Answer(MigratedWarmup.of_migration(found.changed, found.said, context.now, dry_run=body.dry_run))

"""Moving accounts to another plan, or to another version of their own."""

from collections.abc import Mapping
from typing import Any

from chalicelib import warmups
from chalicelib.changes import last_change, retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain import plan_versions
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.plan_versions import PlanReference
from chalicelib.domain.records import record
from chalicelib.domain.warmup import migrate as rules
from chalicelib.tables.plans import listing, plan_in
from chalicelib.warmups import Changed


@record
class MigratedAccount:
    """The account as it is stored, and what the migration says: of a dry run what it would."""

    changed: Changed
    said: Mapping[str, Any]


@retry_on_conflict
def migrate(
    context: Context,
    account_id: str,
    wanted: PlanReference,
    mapping: Mapping[str, str],
    *,
    reason: str,
    dry_run: bool = False,
) -> MigratedAccount:
    """Moves an account to a published version of a plan; one that has it already stays as it is.

    Raises NotFound, PlanNotPublished, AccountNotReady, AccountLeased, InvalidInput.
    """
    plan = listing(wanted.name)
    number = plan_versions.chosen(wanted, plan.states)
    loaded = warmups.load_whole(context, account_id)
    if (loaded.warmup.plan.name, loaded.warmup.plan.version) == (wanted.name, number):
        said = last_change(context, loaded.account, AuditAction.ACCOUNT_MIGRATE)
        return MigratedAccount(Changed(loaded, replayed=True), said)
    found = rules.migrate(loaded.warmup, plan_in(plan, number), mapping, context.now)
    if not dry_run:
        warmups.store(context, loaded, found.step, plan=plan, reason=reason)
    return MigratedAccount(Changed(loaded), found.step.details)

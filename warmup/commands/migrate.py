"""`warmup plans migrate`: accounts that are under way go on by another plan."""

from typing import Annotated, Any

import typer

from warmup.api.models import BulkFilter, PlanVersion
from warmup.client import Client
from warmup.commands.common import DryRun, Exit, Format, Output, Reason, Yes, confirm, connect, exit_code, fail
from warmup.commands.moves import Moves
from warmup.commands.output import plain, show
from warmup.commands.versions import Plan, name_of, version_named
from warmup.problems import Conflict, NotFound, WarmupError
from warmup.terminal import counted

_COLUMNS = ("account_id", "outcome", "current_phase", "available_at", "left_out", "added", "detail")
_Ids = Annotated[list[str] | None, typer.Argument(metavar="[ACCOUNT]...", help="Accounts; without any, a filter.")]
_From = Annotated[str | None, typer.Option("--from", help="Of those that have this plan, or this version: standard/1.")]
_Model = Annotated[str | None, typer.Option("--model", "-m", help="Of this model only.")]
_State = Annotated[str | None, typer.Option("--state", help="imported, ready, warming_up or paused.")]
_Phase = Annotated[str | None, typer.Option("--phase", help="With this current phase.")]
_Status = Annotated[str | None, typer.Option("--phase-status", help="With this status of the current phase.")]
_All = Annotated[bool, typer.Option("--all", help="All accounts that are under way.")]
_Map = Annotated[
    list[str] | None, typer.Option("--map", help="A phase that counts for another of the new plan: post=first_post.")
]


def migrate(
    context: typer.Context,
    plan: Plan,
    reason: Reason,
    account_ids: _Ids = None,
    source: _From = None,
    model: _Model = None,
    state: _State = None,
    phase: _Phase = None,
    phase_status: _Status = None,
    everything: _All = False,
    mapping: _Map = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Move accounts to a version of a plan: those named, or all that a filter admits. A dry run shows what becomes of
    each.

    Example: warmup plans migrate slow/1 nora-1 nora-2 --map post=first_post --reason "fewer posts" --dry-run

    Example: warmup plans migrate slow/1 --from standard --model nora --reason "fewer posts" --dry-run
    """
    given = {"plan": source, "model_id": model, "state": state, "phase": phase, "phase_status": phase_status}
    wanted = {name: value for name, value in given.items() if value is not None}
    if (bool(account_ids), bool(wanted), everything).count(True) != 1:
        raise fail(Exit.USAGE, "Move which accounts? Name them, or pass a filter (--from, --model, …) or --all.")
    client, pairs = connect(context), dict(_pair(one) for one in mapping or ())
    one = version_named(client, plan)
    if account_ids:
        if not dry_run and len(account_ids) > 1:
            confirm(f"Move {counted(len(account_ids), 'account')} to {name_of(one)}?", yes=yes)
        _named(client, one, account_ids, output, mapping=pairs, reason=reason, dry_run=dry_run)
        return
    target = {"plan": name_of(one), "mapping": pairs}
    moves = Moves(client, "migrate", reason, output, dry_run=dry_run, yes=yes, more=target)
    moves.matching(BulkFilter.model_validate(wanted))


def _named(client: Client, plan: PlanVersion, account_ids: list[str], output: Format, **how: Any) -> None:
    rows, refused = list[dict[str, Any]](), list[WarmupError]()
    for account_id in account_ids:
        try:
            found = client.plans.migrate(account_id, plan=plan.name, version=plan.version, **how)
        except (Conflict, NotFound) as error:
            refused.append(error)
            rows.append({"account_id": account_id, "outcome": "refused", "detail": error.detail})
            continue
        outcome = "unchanged" if found.replayed else "would be moved" if how["dry_run"] else "moved"
        said = {} if found.migration is None else plain(found.migration)
        rows.append({**said, "account_id": account_id, "outcome": outcome})
    show(rows, output, _COLUMNS)
    if refused:
        raise typer.Exit(exit_code(refused[0]) if len(refused) == len(rows) else Exit.PARTLY)


def _pair(given: str) -> tuple[str, str]:
    one, _, other = given.partition("=")
    if not one or not other:
        raise fail(Exit.USAGE, f"--map {given}: write it as post=first_post.")
    return one, other

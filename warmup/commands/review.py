"""`warmup review`: what failed or needs review, retrying it, and marking it as done."""

from typing import Annotated

import typer

from warmup.api.models import BulkFilter, Evidence
from warmup.commands.common import DryRun, Exit, Format, Limit, Output, Reason, Yes, connect, fail
from warmup.commands.moves import Moves
from warmup.commands.output import show, show_listed, show_one

app = typer.Typer(no_args_is_help=True, help="What failed, or needs review.")
Model = Annotated[str | None, typer.Option("--model", "-m", help="Of this model only.")]
Phase = Annotated[str | None, typer.Option("--phase", help="Of this phase only.")]
Code = Annotated[str | None, typer.Option("--code", help="With this error code only.")]
Kind = Annotated[str | None, typer.Option("--kind", help="With this kind of error only.")]
CASE = ("account_id", "phase", "error_code", "error_message", "status", "since", "retry_count", "error_kind")


@app.command("list")
def list_review(
    context: typer.Context,
    model: Model = None,
    phase: Phase = None,
    code: Code = None,
    kind: Kind = None,
    limit: Limit = 1000,
    output: Output = Format.TABLE,
) -> None:
    """List what failed or needs review, oldest first.

    Example: warmup review list --code platform_error
    """
    found = connect(context).review.list_all(limit=100, model_id=model, phase=phase, code=code, kind=kind)
    show_listed(found, limit, output, CASE, "case")


@app.command()
def retry(
    context: typer.Context,
    reason: Reason,
    account_id: Annotated[str | None, typer.Argument(help="One account; without it, all that match.")] = None,
    model: Model = None,
    phase: Phase = None,
    code: Code = None,
    kind: Kind = None,
    other_content: Annotated[bool, typer.Option("--other-content", help="Choose other items.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Retry failed phases at once: one (ACCOUNT and --phase), or all that match.

    Example: warmup review retry --code platform_error --reason "the platform is back" --dry-run
    """
    client, content = connect(context), "other" if other_content else "same"
    if account_id is not None:
        if model or code or kind:
            both = "Name one case (ACCOUNT and --phase), or pass filters (--model, --code, --kind), not both."
            raise fail(Exit.USAGE, both)
        one = Moves(client, "retry", reason, output, dry_run=dry_run, yes=yes, content=content)
        _retry_one(one, account_id, phase)
        return
    # only what has failed by now: what fails again during the walk is not retried a second time
    wanted = {"model_id": model, "phase": phase, "error_code": code, "error_kind": kind}
    chosen = {name: one for name, one in wanted.items() if one is not None}
    now = client.health.health().now
    retries = Moves(client, "retry", reason, output, dry_run=dry_run, yes=yes, content=content)
    retries.matching(BulkFilter.model_validate({**chosen, "failed_before": now}))


def _retry_one(move: Moves, account_id: str, phase: str | None) -> None:
    phase = phase or move.client.accounts.get(account_id).current_phase
    if phase is None:
        raise fail(Exit.CONFLICT, f"{account_id} is not in any phase: there is nothing to retry.")
    if move.dry_run:
        move.preview([account_id])
        return
    show_one(move.client.review.retry(account_id, phase, reason=move.reason, content=move.content), move.output)


@app.command()
def resolve(
    context: typer.Context,
    account_id: str,
    phase: str,
    reason: Reason,
    note: Annotated[str | None, typer.Option(help="Evidence that it was done.")] = None,
    url: Annotated[str | None, typer.Option(help="Where it can be seen.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Mark a phase as completed (it was done outside the service).

    Example: warmup review resolve aurora-01 post --reason "posted by hand" --note "seen by Ada"
    """
    evidence = Evidence.model_validate({name: one for name, one in (("note", note), ("url", url)) if one})
    done = connect(context).review.resolve(account_id, phase, reason=reason, evidence=evidence)
    show(done.phases, output, ("phase", "status", "completed_at")) if output in (
        Format.TABLE,
        Format.CSV,
    ) else show_one(done, output)

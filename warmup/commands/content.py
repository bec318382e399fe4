"""`warmup content`: the media of the pools, adding to them, and what selection would choose."""

from pathlib import Path
from typing import Annotated, Any

import typer

from warmup.api import models as shapes
from warmup.api.errors import InvalidInput
from warmup.commands import imports, items
from warmup.commands.common import DryRun, Exit, Format, Limit, Output, connect, exit_code, say
from warmup.commands.groups import grouped
from warmup.commands.imports import BadRow, Import, Results
from warmup.commands.items import COLUMNS, BadRows, Category, ModelId, Quality, Rows, Theme, Uses, read_only, warn
from warmup.commands.media import Pool
from warmup.commands.output import plain, show, show_listed, show_one
from warmup.commands.progress import counter, progress, until_stopped
from warmup.problems import Conflict, UnexpectedAnswer, WarmupError
from warmup.terminal import counted

app = typer.Typer(no_args_is_help=True, help="The media of a model's pool.")
items.add_to(app, "content", "content_id")
_OF_THE_FILE = (BadRow, Conflict, InvalidInput, UnexpectedAnswer)
"""Errors of one file; any other error stops the command."""


@app.command("add")
def add_content(
    context: typer.Context,
    model_id: ModelId,
    files: Annotated[list[Path], typer.Argument(help="Images or videos.")],
    category: Category,
    quality: Quality = 70,
    max_usage: Uses = 5,
    theme: Theme = None,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Upload files and add them to the pool. A bad file does not stop the others; a repeat creates no duplicates.

    Example: warmup content add aurora morning.png --category post --quality 80
    """
    pool = Pool(connect(context), model_id)
    own = {"category": category, "quality_score": quality, "max_usage": max_usage, "theme": theme}
    rows, failed = list[dict[str, Any]](), dict[Path, Exception]()

    def stopped() -> str:
        done = len(rows) + len(failed)
        sent = f"Stopped after {done:,} of {counted(len(files), 'file')}."
        return f"{sent} Run the same command again: no duplicates are created."

    try:
        with until_stopped(stopped), progress(shown=len(files) > 1) as bar:
            step = counter(bar, "checking" if dry_run else "uploading", len(files))
            for file in files:
                try:
                    rows.append(_added(pool, model_id, file, own, dry_run=dry_run))
                except _OF_THE_FILE as error:
                    failed[file] = error
                step(1)
            if dry_run:
                rows = _checked(pool, model_id, rows, own, failed)
    except WarmupError:
        say(stopped())
        raise
    finally:
        _show_added(rows, failed, output, dry_run=dry_run)
    if failed:
        first = next(iter(failed.values()))
        only = exit_code(first) if isinstance(first, WarmupError) else Exit.USAGE
        raise typer.Exit(Exit.PARTLY if rows or len(failed) > 1 else only)


def _added(pool: Pool, model_id: str, file: Path, own: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Add a file to the pool (in a dry run: only describe it), and return its row. Raises BadRow, WarmupError."""
    if dry_run:
        return {"file": str(file), **pool.planned(file)}
    made = pool.client.content.create(model_id, shapes.ContentBody.model_validate({**own, **pool.uploaded(file)}))
    warn(str(file), made)
    return {"file": str(file), **plain(made)}


def _show_added(rows: list[dict[str, Any]], failed: dict[Path, Exception], output: Format, *, dry_run: bool) -> None:
    columns = ("media_type", "bytes", "outcome") if dry_run else ("replayed", *COLUMNS)
    bad = [{"file": str(file), "outcome": "refused", "reason": str(why)} for file, why in failed.items()]
    show([*rows, *(bad if output in (Format.JSON, Format.JSONL) else ())], output, ("file", "content_id", *columns))
    for one in bad:
        say(f"{one['file']}: {one['reason']}", style="red")


def _checked(
    pool: Pool, model_id: str, rows: list[dict[str, Any]], own: dict[str, Any], failed: dict[Path, Exception]
) -> list[dict[str, Any]]:
    """Return the rows with what would become of them; move those that would be refused to `failed`."""
    results, given = Results(), {name: value for name, value in own.items() if value is not None}
    described = ({name: value for name, value in row.items() if name != "file"} for row in rows)
    for part in imports.parts(grouped(enumerate({**given, **row} for row in described))):
        imports.send(results, part, _ask_content(pool, model_id, dry_run=True), lines=True)
    failed.update({Path(rows[place]["file"]): BadRow(reason) for place, reason in results.reasons.items()})
    there = {place: outcome for place, outcome in results.outcomes.items() if outcome != "refused"}
    return [{**row, "outcome": there[place]} for place, row in enumerate(rows) if place in there]


def _ask_content(pool: Pool, model_id: str, *, dry_run: bool) -> imports.Ask:
    def ask(body: str, media_type: str) -> Any:
        assume = True if dry_run else None
        return pool.client.content.import_all(
            model_id, body, media_type=media_type, dry_run=dry_run, assume_uploaded=assume
        )

    return ask


@app.command("import")
def import_content(
    context: typer.Context,
    model_id: ModelId,
    file: Rows,
    bad_rows: BadRows = None,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Add many files to the pool, by a list of them: columns file, category, quality_score, max_usage, theme, tags.

    File names are relative to the list. Instead of `file` a row may name what is in the bucket already: media_key,
    media_type, sha256, bytes. A licence has the columns licensed_by and valid_until.

    Example: warmup content import aurora media.csv --dry-run
    """
    pool = Pool(connect(context), model_id)

    def prepare(row: imports.Members) -> imports.Members:
        name, own = row.get("file"), {key: value for key, value in row.items() if key != "file"}
        if not name:
            return own
        try:
            found = file.parent / str(name)
            return {**(pool.planned(found) if dry_run else pool.uploaded(found)), **own}
        except (Conflict, InvalidInput) as refused:
            raise BadRow(str(refused)) from refused

    own = read_only(shapes.LinkedContent, shapes.ContentBody)
    what = Import(_ask_content(pool, model_id, dry_run=dry_run), prepare, uploads=True, read_only=own)
    what.run(file, bad=bad_rows, output=output, dry_run=dry_run)


@app.command("list")
def list_content(context: typer.Context, model_id: ModelId, limit: Limit = 1000, output: Output = Format.TABLE) -> None:
    """List the media of a model.

    Example: warmup content list aurora -o csv
    """
    found = connect(context).content.list_all(model_id, limit=100)
    show_listed(found, limit, output, ("content_id", *COLUMNS), "item")


@app.command()
def availability(context: typer.Context, model_id: ModelId, output: Output = Format.TABLE) -> None:
    """Show what the pools of a model hold, and the day on which they run dry.

    Example: warmup content availability aurora
    """
    found = connect(context).stewardship.availability(model_id)
    if output in (Format.JSON, Format.JSONL):
        show_one(found, output)
        return
    dry = found.runs_dry
    verdict = (
        "suffice for all"
        if dry is None
        else f"run dry on {dry.day}: {dry.account_id} will find no {dry.kind} for {dry.phase}"
    )
    halted = f", {found.accounts_in_review} of them in review" if found.accounts_in_review else ""
    say(f"The pools of {model_id} {verdict} ({counted(found.accounts_under_way, 'account')} under way{halted}).")
    if found.if_all_start.accounts > found.accounts_under_way:
        later = found.if_all_start
        less = f"{later.accounts_unmet} will find nothing" if later.runs_dry else "the pools suffice"
        say(f"If all {later.accounts} start today, the {found.accounts_imported} imported ones included: {less}.")
    if found.has_more:
        say("The model is too large to be read whole: the counts are lower bounds.", style="yellow")
    columns = ("kind", "category", "items", "eligible", "uses_left", "uses_needed", "unmet", "used_up", "disabled")
    show(found.categories, output, columns)


@app.command()
def explain(
    context: typer.Context,
    account_id: str,
    phase: str,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many candidates.")] = 5,
    output: Output = Format.TABLE,
) -> None:
    """Show what selection would choose now for a phase of an account, and why.

    Example: warmup content explain aurora-01 post
    """
    found = connect(context).stewardship.explain(account_id, phase, limit=limit)
    if output in (Format.JSON, Format.JSONL):
        show_one(found, output)
        return
    parts = ("rank", "quality", "freshness", "success", "relevance")
    for need in found.needs:
        least = "at least " if need.has_more else ""
        say(f"{need.kind} is {need.need} for {phase}; refused: {least}{_counts(need.reasons)}")
        rows = [{"kind": str(need.kind), **plain(one)} for one in need.leading]
        show(rows, output, ("kind", "item_id", "category", "theme", "score", *parts))


def _counts(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "none"

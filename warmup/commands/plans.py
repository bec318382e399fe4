"""`warmup plans`: plans as files, from a draft to what accounts follow."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from warmup.api.models import ChangedPlan
from warmup.commands.common import Exit, Format, Output, Yes, confirm, connect, fail, say
from warmup.commands.migrate import migrate
from warmup.commands.output import plain, show, show_one
from warmup.commands.versions import Plan, name_of, version_named

app = typer.Typer(no_args_is_help=True, help="Plans: phases, minimum intervals, limits.")

OptionalReason = Annotated[str | None, typer.Option("--reason", help="The reason; it is recorded in the audit.")]
_PHASES = ("phase", "category", "interval_hours", "content.need", "text.need", "fallback")


@app.command("list")
def list_plans(context: typer.Context, output: Output = Format.TABLE) -> None:
    """List plans with their versions, and how many accounts have each.

    Example: warmup plans list
    """
    found = [
        {"plan": f"{plan.name}/{one.version}", **plain(one)}
        for plan in connect(context).plans.list_all(limit=100)
        for one in plan.versions
    ]
    show(found, output, ("plan", "state", "accounts", "title"))


@app.command()
def get(
    context: typer.Context,
    plan: Plan,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Write it into this file: .json or .yaml.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show a version of a plan, or write it into a file that `edit` takes.

    Example: warmup plans get standard

    Example: warmup plans get standard/1 --file standard.json
    """
    found = version_named(connect(context), plan)
    if file is not None:
        _write(file, {name: plain(found)[name] for name in ("title", "phases", "limits")})
        say(f"{name_of(found)} is in {file}.")
    elif output is Format.TABLE:
        say(f"{name_of(found)} ({found.state}): {found.title}")
        show(found.phases, output, _PHASES)
    else:
        show_one(found, output)


@app.command()
def create(
    context: typer.Context,
    name: str,
    title: Annotated[str, typer.Option(help="What operators call it.")],
    source: Annotated[
        str | None,
        typer.Option("--from", help="The plan that it copies; default: its own newest version, or standard."),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Make a draft: a new plan, or the next version of one.

    Example: warmup plans create slow --title "48 hours everywhere" --from standard
    """
    _show(
        connect(context).plans.create(name=name, title=title, **({} if source is None else {"from_": source})), output
    )


@app.command()
def edit(
    context: typer.Context,
    plan: Plan,
    file: Annotated[Path, typer.Option("--file", "-f", help="The file with title, phases and limits.")],
    reason: OptionalReason = None,
    output: Output = Format.TABLE,
) -> None:
    """Put a file (JSON or YAML) in the place of a draft, and show what differs.

    Example: warmup plans edit slow/1 --file slow.json
    """
    client, given = connect(context), _read(file)
    before = version_named(client, plan)
    unknown = sorted(given.keys() - {"title", "phases", "limits"})
    if unknown:
        raise fail(Exit.USAGE, f"{file}: a plan has title, phases and limits, not {', '.join(unknown)}.")
    tag = f'"{before.revision}"'
    found = client.plans.edit(before.name, before.version, if_match=tag, reason=reason, **given)
    _show(found, output)


@app.command()
def diff(
    context: typer.Context,
    plan: Plan,
    against: Annotated[
        str | None, typer.Option(help="Compare with this version; default: the one that it was copied from.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what differs between two versions of plans.

    Example: warmup plans diff slow/1 --against standard
    """
    client = connect(context)
    one = version_named(client, plan)
    found = client.plans.diff(one.name, one.version, **({} if against is None else {"against": against}))
    if output is Format.TABLE:
        say(f"{found.plan} differs from {found.against}:" if found.differences else f"As {found.against}.")
        show(found.differences, output, ("summary",))
    else:
        show_one(found, output)


@app.command()
def preview(
    context: typer.Context,
    plan: Plan,
    model: Annotated[str, typer.Option("--model", "-m", help="The model whose pools are asked.")],
    accounts: Annotated[int, typer.Option("--accounts", "-n", min=1, max=500, help="How many accounts.")] = 1,
    output: Output = Format.TABLE,
) -> None:
    """Show what a plan would make of accounts of a model that start now; nothing is changed.

    Example: warmup plans preview slow/1 --model nora --accounts 10
    """
    client = connect(context)
    one = version_named(client, plan)
    found = client.plans.preview(one.name, one.version, model_id=model, accounts=accounts)
    if output is not Format.TABLE:
        show_one(found, output)
        return
    show(found.first_account, output, ("phase", "at"))
    show(found.shares, output, ("kind", "category", "needed", "eligible", "uses_left", "from_any", "unmet"))
    active = f"{found.accounts - found.accounts_unmet} of {found.accounts} accounts would be active"
    say(active + (f" by {found.last_active_at:%Y-%m-%d %H:%M}" if found.last_active_at else ""))
    if found.waits_count:
        first = found.waits[0]
        say(f"{found.waits_count} waits; account {first.account} finds no {first.kind} for {first.phase} first.")


@app.command()
def publish(
    context: typer.Context, plan: Plan, reason: OptionalReason = None, yes: Yes = False, output: Output = Format.TABLE
) -> None:
    """Publish a draft: accounts can have it, and it never changes again.

    Example: warmup plans publish slow/1 --yes
    """
    client = connect(context)
    one = version_named(client, plan)
    confirm(f"Publish {name_of(one)}? It never changes again.", yes=yes)
    _show(client.plans.publish(one.name, one.version, reason=reason), output)


@app.command()
def retire(
    context: typer.Context, plan: Plan, reason: OptionalReason = None, yes: Yes = False, output: Output = Format.TABLE
) -> None:
    """Retire a version: no new account gets it; those that have it go on by it.

    Example: warmup plans retire slow/1 --reason "slow/2 replaces it" --yes
    """
    client = connect(context)
    one = version_named(client, plan)
    confirm(f"Retire {name_of(one)}? No new account gets it.", yes=yes)
    _show(client.plans.retire(one.name, one.version, reason=reason), output)


app.command()(migrate)


def _show(plan: ChangedPlan, output: Format) -> None:
    if output is Format.TABLE:
        show([{"plan": name_of(plan), **plain(plan)}], output, ("plan", "state", "title"))
    else:
        show_one(plan, output)


# files


def _read(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except UnicodeError as error:
        raise fail(Exit.USAGE, f"{file} is not UTF-8: {error}") from error
    yaml = _yaml(file)
    try:
        found = json.loads(text) if yaml is None else yaml.safe_load(text)
    except ValueError as error:
        raise fail(Exit.USAGE, f"{file} is not valid JSON: {error}") from error
    except Exception as error:
        if yaml is None or not isinstance(error, yaml.YAMLError):
            raise
        raise fail(Exit.USAGE, f"{file} is not valid YAML: {error}") from error
    if not isinstance(found, dict):
        raise fail(Exit.USAGE, f"{file} holds no plan: title, phases and limits.")
    return found


def _write(file: Path, plan: dict[str, Any]) -> None:
    yaml = _yaml(file)
    if yaml is None:
        text = json.dumps(plan, indent=2, ensure_ascii=False) + "\n"
    else:
        text = yaml.safe_dump(plan, sort_keys=False, allow_unicode=True)
    file.write_text(text, encoding="utf-8")


def _yaml(file: Path) -> Any:
    """Return the module that reads YAML where the file is one, None where it is JSON."""
    if file.suffix not in (".yaml", ".yml"):
        return None
    try:
        import yaml  # noqa: PLC0415  # an extra: who uses JSON has no need of it
    except ModuleNotFoundError as error:
        raise fail(Exit.USAGE, f"{file}: YAML needs the extra warmup[yaml]; JSON is read without it.") from error
    return yaml

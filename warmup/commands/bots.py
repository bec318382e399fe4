"""`warmup bots`: bots, and their keys."""

from typing import Annotated, Any

import typer

from warmup.commands.common import Format, Output, Reason, Yes, confirm, connect, say
from warmup.commands.output import plain, show, show_one
from warmup.transport import UNSET, Unset

app = typer.Typer(no_args_is_help=True, help="Bots, and their keys.")


@app.command()
def create(
    context: typer.Context,
    bot_id: str,
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Bind it to these models.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a bot, and write its key to standard output, once.

    Example: warmup bots create bot-7 --model aurora
    """
    made = connect(context).bots.create(bot_id=bot_id, models=model or None)
    show_key(made.key, plain(made), output, "bot")


@app.command()
def rotate(context: typer.Context, bot_id: str, output: Output = Format.TABLE) -> None:
    """Create a second key: switch to it, then revoke the old one.

    Example: warmup bots rotate bot-7
    """
    made = connect(context).bots.rotate_key(bot_id)
    show_key(made.key, plain(made), output, "bot")


def show_key(key: str | None, row: dict[str, Any], output: Format, noun: str) -> None:
    """Write a new key to standard output, or what else was asked for; `noun` is whose it is."""
    if output is Format.TABLE and key is not None:
        typer.echo(key)
        say("Store the key now: it is not shown again.")
    else:
        show_one(row, output)
    if key is None:
        say(f"The {noun} exists already; the key was shown then. Create another key: warmup {noun}s rotate.")


@app.command()
def revoke(context: typer.Context, bot_id: str, key_id: str, yes: Yes = False, output: Output = Format.TABLE) -> None:
    """Revoke a key; it takes effect within a minute.

    Example: warmup bots revoke bot-7 key_01KAT3Z1V6Q2W4R5T6Y7U8I9O0 --yes
    """
    confirm(f"Revoke {key_id} of {bot_id}? What uses it stops working.", yes=yes)
    found = connect(context).bots.revoke_key(bot_id, key_id)
    show(found.keys or [], output, ("key_id", "created_at", "revoked_at"))


@app.command()
def disable(
    context: typer.Context, bot_id: str, reason: Reason, yes: Yes = False, output: Output = Format.TABLE
) -> None:
    """Disable a bot: revoke its keys, stop its sessions, revoke its leases. A new key (rotate) enables it again.

    Example: warmup bots disable bot-7 --reason "its machine was stolen" --yes
    """
    confirm(f"Disable {bot_id}? Its keys and its work end at once.", yes=yes)
    found = connect(context).bots.disable(bot_id, reason=reason)
    if found.not_attempted:
        say(f"Not reached in time: {found.not_attempted} sessions and leases. Disable it again.")
    show_one(plain(found), output)


@app.command()
def limit(
    context: typer.Context,
    bot_id: str,
    leases: Annotated[str | None, typer.Option(help="Live leases at a time: 1 to 1000, or default.")] = None,
    sessions: Annotated[str | None, typer.Option(help="Live sessions at a time: 1 to 100, or default.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Limit how many leases and sessions a bot may have at a time; default stands for the deployment's limit.

    Example: warmup bots limit bot-7 --leases 10 --sessions default
    """
    if leases is None and sessions is None:
        raise typer.BadParameter("Name a limit: --leases or --sessions.")
    changed = connect(context).bots.edit(bot_id, max_leases=_limit(leases), max_sessions=_limit(sessions))
    show([changed], output, _COLUMNS)


def _limit(text: str | None) -> int | Unset | None:
    if text is None or text == "default":
        return UNSET if text is None else None
    if not text.isdigit():
        raise typer.BadParameter(f"{text!r} is neither a number nor `default`.")
    return int(text)


_COLUMNS = ("bot_id", "name", "created_at", "disabled_at", "models", "max_leases", "max_sessions")


@app.command("list")
def list_bots(context: typer.Context, output: Output = Format.TABLE) -> None:
    """List bots.

    Example: warmup bots list
    """
    show(connect(context).bots.list_all(limit=100), output, _COLUMNS)

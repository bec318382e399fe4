"""`warmup sessions`: who is at work, and ending it."""

from typing import Annotated

import typer

from warmup.commands.common import DryRun, Format, Limit, Output, Reason, Yes, confirm, connect, say
from warmup.commands.output import show, show_listed
from warmup.terminal import counted

app = typer.Typer(no_args_is_help=True, help="Sessions of bots and operators.")
SESSION = ("session_id", "bot_id", "status", "last_seen_at", "done", "failed", "directive", "host")


@app.command("list")
def list_sessions(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="live, lost or ended.")] = None,
    limit: Limit = 1000,
    output: Output = Format.TABLE,
) -> None:
    """List sessions, the most recently seen first.

    Example: warmup sessions list --status live
    """
    show_listed(connect(context).sessions.list_all(limit=100, status=status), limit, output, SESSION, "session")


@app.command()
def drain(context: typer.Context, session_id: str, reason: Reason, output: Output = Format.TABLE) -> None:
    """Drain a session: it finishes what it holds and takes nothing new.

    Example: warmup sessions drain ses_01KAT3Z1V6Q2W4R5T6Y7U8I9O0 --reason "a new release"
    """
    show([connect(context).sessions.drain(session_id, reason=reason)], output, SESSION)


@app.command()
def stop(
    context: typer.Context,
    session_id: str,
    reason: Reason,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Stop a session, and revoke its leases.

    Example: warmup sessions stop ses_01KAT3Z1V6Q2W4R5T6Y7U8I9O0 --reason "it misbehaves" --yes
    """
    client = connect(context)
    if dry_run:
        held = client.sessions.show(session_id).held
        say(f"{session_id} would lose {counted(len(held), 'account')}.")
        show(held, output, ("account_id", "phase"))
        return
    confirm(f"Stop {session_id} and revoke its leases?", yes=yes)
    show([client.sessions.stop(session_id, reason=reason)], output, SESSION)

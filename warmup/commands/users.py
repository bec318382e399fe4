"""`warmup users` and `warmup me`: who may call the operator API, their roles and their keys."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from warmup.api.models import Role
from warmup.commands.bots import show_key
from warmup.commands.common import Format, Output, Yes, confirm, connect, say
from warmup.commands.output import plain, show, show_one

app = typer.Typer(no_args_is_help=True, help="Users of the operator API, their roles and their keys.")
_ROLES = "viewer, contributor, approver, operator or admin."
Days = Annotated[int | None, typer.Option("--days", min=1, help="Let the key expire after so many days.")]
_COLUMNS = ("user_id", "role", "name", "models", "disabled_at", "created_at")


def _in_days(days: int | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days)


@app.command()
def create(
    context: typer.Context,
    user_id: str,
    role: Annotated[str, typer.Option("--role", "-r", help=f"What they may: {_ROLES}")],
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Bind them to these models.")] = None,
    name: Annotated[str | None, typer.Option(help="A name to show; default: the id.")] = None,
    days: Days = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a user, and write the key to standard output, once.

    Example: warmup users create ada --role contributor --model aurora
    """
    made = connect(context).users.create(
        user_id=user_id, role=Role(role), models=model or None, name=name, expires_at=_in_days(days)
    )
    show_key(made.key, plain(made), output, "user")


@app.command("list")
def list_users(context: typer.Context, output: Output = Format.TABLE) -> None:
    """List users.

    Example: warmup users list
    """
    show(connect(context).users.list_all(limit=100), output, _COLUMNS)


@app.command()
def edit(
    context: typer.Context,
    user_id: str,
    role: Annotated[str | None, typer.Option("--role", "-r", help=f"Another role: {_ROLES}")] = None,
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Bind them to these models.")] = None,
    all_models: Annotated[bool, typer.Option("--all-models", help="Free them: they see all models.")] = False,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    enable: Annotated[bool, typer.Option("--enable", help="Let a disabled user have keys again.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Give a user another role, name or models; it takes effect within a minute.

    Example: warmup users edit ada --role approver
    """
    changes: dict[str, object] = {"role": role, "name": name, "models": model or None, "disabled": None}
    given = {key: value for key, value in changes.items() if value is not None}
    given |= {"models": None} if all_models else {}
    given |= {"disabled": False} if enable else {}
    show_one(plain(connect(context).users.edit(user_id, **given)), output)  # type: ignore[arg-type]  # by its name


@app.command()
def keys(context: typer.Context, user_id: str, output: Output = Format.TABLE) -> None:
    """List a user's keys, with when they were used last.

    Example: warmup users keys ada
    """
    found = connect(context).users.get(user_id)
    columns = ("key_id", "created_by", "created_at", "expires_at", "last_used_at", "revoked_at")
    show(found.keys or [], output, columns)


@app.command()
def rotate(context: typer.Context, user_id: str, days: Days = None, output: Output = Format.TABLE) -> None:
    """Create a second key: switch to it, then revoke the old one.

    Example: warmup users rotate ada --days 90
    """
    made = connect(context).users.rotate_key(user_id, expires_at=_in_days(days))
    show_key(made.key, plain(made), output, "user")


@app.command()
def revoke(context: typer.Context, user_id: str, key_id: str, yes: Yes = False, output: Output = Format.TABLE) -> None:
    """Revoke a key; it takes effect within a minute.

    Example: warmup users revoke ada key_01KAT3Z1V6Q2W4R5T6Y7U8I9O0 --yes
    """
    confirm(f"Revoke {key_id} of {user_id}? What uses it stops working.", yes=yes)
    found = connect(context).users.revoke_key(user_id, key_id)
    show(found.keys or [], output, ("key_id", "created_at", "revoked_at"))


@app.command()
def disable(
    context: typer.Context,
    user_id: str,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the audit.")],
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Revoke all keys of a user, who gets no new one.

    Example: warmup users disable ada --reason "has left" --yes
    """
    confirm(f"Disable {user_id}? All keys are revoked.", yes=yes)
    found = connect(context).users.disable(user_id, reason=reason)
    show_one(plain(found), output)
    say(f"{user_id} is disabled.")


def me(context: typer.Context, output: Output = Format.TABLE) -> None:
    """Show who you are for the service, and what you may.

    Example: warmup me
    """
    show_one(plain(connect(context).users.me()), output)

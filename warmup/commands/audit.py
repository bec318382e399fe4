"""`warmup audit`: the record of every change."""

import json
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from warmup import seals
from warmup.api.models import AuditEvent
from warmup.commands.common import Exit, Format, Output, connect, fail, say, visible
from warmup.commands.output import show
from warmup.commands.progress import counting
from warmup.seals import differences
from warmup.terminal import counted, cut

app = typer.Typer(no_args_is_help=True, help="The record of every change.")
Model = Annotated[str | None, typer.Option("--model", "-m", help="Of this model only.")]


Account = Annotated[str | None, typer.Option("--account", "-a", help="Of this account only.")]
Bot = Annotated[str | None, typer.Option("--bot", "-b", help="By this bot or operator only.")]
Day = Annotated[str | None, typer.Option("--day", help="Of this day (UTC), such as 2026-11-22; default: today.")]
EVENT = ("at", "subject", "version", "action", "summary")


@app.command()
def tail(
    context: typer.Context,
    account: Account = None,
    bot: Bot = None,
    count: Annotated[int, typer.Option("--lines", "-n", min=1, max=100, help="How many events at first.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print new events until you press Ctrl-C.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Show the last events.

    Example: warmup audit tail --account aurora-01 -n 20
    """
    client, seen = connect(context), set[tuple[str, int]]()
    try:
        while True:
            latest = islice(client.audit.list_all(limit=100, account_id=account, bot_id=bot), 100 if seen else count)
            new = [one for one in latest if (one.subject, one.version) not in seen]
            seen |= {(one.subject, one.version) for one in new}
            _print(new[::-1], output)
            if not follow:
                if not new:
                    whose = account or bot
                    other = "today (UTC). For another day: warmup audit export --day 2026-11-22"
                    say(f"No events of {whose}." if whose else f"No events {other}")
                return
            time.sleep(1)
    except KeyboardInterrupt:
        say(f"Stopped after {counted(len(seen), 'event')}.")


def _print(events: list[AuditEvent], output: Format) -> None:
    if output is Format.TABLE:
        width = Console().width if sys.stdout.isatty() else None
        for one in events:
            line = visible(f"{one.at:%Y-%m-%d %H:%M:%S}  {one.summary}", kept="")
            typer.echo(line if width is None else cut(line, width))
    else:
        show(events, output, EVENT)


@app.command()
def export(
    context: typer.Context, account: Account = None, bot: Bot = None, day: Day = None, output: Output = Format.JSONL
) -> None:
    """Write all events of an account, a bot or a day to standard output, newest first.

    Example: warmup audit export --account aurora-01 > aurora-01.jsonl
    """
    with counting("events") as seen:
        count = show(seen(connect(context).audit.export(account_id=account, bot_id=bot, day=day)), output, EVENT)
    say(counted(count, "event"))


@app.command()
def seal(
    context: typer.Context,
    day: Annotated[str, typer.Option("--day", help="A day (UTC) that is over, such as 2026-11-22.")],
) -> None:
    """Write the hashes of a day's events to standard output, to be kept where nobody can change them.

    Example: warmup audit seal --day 2026-11-22 > 2026-11-22.json
    """
    made = _sealed(context, day)
    typer.echo(json.dumps(made, indent=1))
    say(f"{counted(made['events'], 'event')}, head {made['head']}")


@app.command()
def prove(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `warmup audit seal` wrote of a day; - is standard input.")],
) -> None:
    """Compare a day's events with a seal that was kept, and list what differs.

    Example: warmup audit prove 2026-11-22.json
    """
    try:
        kept = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
        day, events = str(kept["day"]), len(kept["hashes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise fail(Exit.USAGE, f"{file} cannot be read as a seal: {error}.") from None
    found = differences(kept, _sealed(context, day))
    for one in found:
        typer.echo(visible(one, kept=""))
    if found:
        raise fail(Exit.ERROR, f"{counted(len(found), 'difference')} from the seal of {day}")
    say(f"{counted(events, 'event')} of {day}: as they were sealed")


def _sealed(context: typer.Context, day: str) -> dict[str, Any]:
    with counting("events") as seen:
        return seals.seal(day, seen(connect(context).audit.export(day=day)))


@app.command()
def verify(
    context: typer.Context,
    account_id: Annotated[str | None, typer.Argument(help="One account; without it, all.")] = None,
    model: Model = None,
    output: Output = Format.TABLE,
) -> None:
    """Replay the audit of one account, or of all, and compare with what is stored.

    Example: warmup audit verify
    """
    client, checked, bad = connect(context), 0, []
    with counting("accounts") as seen:
        every = client.audit.verify_all(limit=100, model_id=model) if account_id is None else None
        for checked, one in enumerate(seen(every or [client.audit.verify(str(account_id))]), start=1):  # noqa: B007  # it is said after the loop
            if not one.ok:
                bad.append(one)
    show(bad, output, ("account_id", "versions", "problems"))
    say(
        f"{counted(checked, 'account')}: "
        + (f"{len(bad)} do not replay to their state" if bad else "every audit is whole")
    )
    if bad:
        raise typer.Exit(Exit.ERROR)

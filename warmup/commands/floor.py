"""`warmup review`, `bots`, `sessions`, `audit`, `pipeline`: running the floor."""

import sys
import time
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console

from warmup.api.models import AuditEvent, Evidence, RosterFilter
from warmup.commands.common import (
    DryRun,
    Exit,
    Format,
    Limit,
    Output,
    Reason,
    Yes,
    confirm,
    connect,
    fail,
    looking,
    plain,
    say,
    show,
    show_listed,
    show_one,
    visible,
)
from warmup.commands.moves import Moves
from warmup.terminal import counted, cut

review = typer.Typer(no_args_is_help=True, help="What failed or waits for people.")
bots = typer.Typer(no_args_is_help=True, help="Bots and operators, and their keys.")
sessions = typer.Typer(no_args_is_help=True, help="Who is at work.")
audit = typer.Typer(no_args_is_help=True, help="The record of every change.")
pipeline = typer.Typer(help="The whole pipeline.")

Model = Annotated[str | None, typer.Option("--model", "-m", help="Of this model only.")]
Phase = Annotated[str | None, typer.Option("--phase", help="Of this phase only.")]
Code = Annotated[str | None, typer.Option("--code", help="With this error code only.")]
Kind = Annotated[str | None, typer.Option("--kind", help="With this kind of error only.")]
CASE = ("account_id", "phase", "error_code", "error_message", "status", "since", "retry_count", "error_kind")
SESSION = ("session_id", "bot_id", "status", "last_seen_at", "done", "failed", "directive", "host")


@review.command("list")
def list_review(
    context: typer.Context,
    model: Model = None,
    phase: Phase = None,
    code: Code = None,
    kind: Kind = None,
    limit: Limit = 1000,
    output: Output = Format.TABLE,
) -> None:
    """List what failed or waits for people, oldest first.

    Example: warmup review list --code platform_error
    """
    found = connect(context).review.list_all(limit=100, model_id=model, phase=phase, code=code, kind=kind)
    show_listed(found, limit, output, CASE, "case")


@review.command()
def retry(
    context: typer.Context,
    reason: Reason,
    account_id: Annotated[str | None, typer.Argument(help="One account; else all that match.")] = None,
    model: Model = None,
    phase: Phase = None,
    code: Code = None,
    kind: Kind = None,
    other_content: Annotated[bool, typer.Option("--other-content", help="With other items.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Offer failed phases again at once: one (ACCOUNT and --phase), or all that match.

    Example: warmup review retry --code platform_error --reason "the platform is back" --dry-run
    """
    client, content = connect(context), "other" if other_content else "same"
    if account_id is not None:
        if model or code or kind:
            raise fail(Exit.USAGE, "Retry one (ACCOUNT and --phase), or all that match --model, --code, --kind.")
        phase = phase or client.accounts.get(account_id).current_phase
        if phase is None:
            raise fail(Exit.CONFLICT, f"{account_id} is in no phase: nothing of it waits for people.")
        if dry_run:
            Moves(client, "retry", reason, output, dry_run=True, yes=yes).rehearse([account_id])
            return
        show_one(client.review.retry(account_id, phase, reason=reason, content=content), output)
        return
    # only what has failed by now is meant: what fails again behind the walk is not retried a second time
    wanted = {"model_id": model, "phase": phase, "error_code": code, "error_kind": kind}
    meant = {name: one for name, one in wanted.items() if one is not None}
    now = client.health.health().now
    retries = Moves(client, "retry", reason, output, dry_run=dry_run, yes=yes, content=content)
    retries.matching(RosterFilter.model_validate({**meant, "failed_before": now}))


@review.command()
def resolve(
    context: typer.Context,
    account_id: str,
    phase: str,
    reason: Reason,
    note: Annotated[str | None, typer.Option(help="What shows that it was done.")] = None,
    url: Annotated[str | None, typer.Option(help="Where it can be seen.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Take a phase for completed: it was done outside.

    Example: warmup review resolve aurora-01 post --reason "posted by hand" --note "seen by Ada"
    """
    evidence = Evidence.model_validate({name: one for name, one in (("note", note), ("url", url)) if one})
    done = connect(context).review.resolve(account_id, phase, reason=reason, evidence=evidence)
    show(done.phases, output, ("phase", "status", "completed_at")) if output in (
        Format.TABLE,
        Format.CSV,
    ) else show_one(done, output)


# bots


@bots.command()
def create(
    context: typer.Context,
    bot_id: str,
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Bind it to these models.")] = None,
    operator: Annotated[bool, typer.Option("--operator", help="A key for a person.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Create a bot. Its key is written to standard output, this once.

    Example: warmup bots create bot-7 --model aurora
    """
    made = connect(context).bots.create(bot_id=bot_id, role="operator" if operator else "bot", models=model or None)
    _key(made.key, plain(made), output)


@bots.command()
def rotate(context: typer.Context, bot_id: str, output: Output = Format.TABLE) -> None:
    """Make a second key, beside the one that is live: change over, then revoke the old one.

    Example: warmup bots rotate bot-7
    """
    made = connect(context).bots.rotate_key(bot_id)
    _key(made.key, plain(made), output)


def _key(key: str | None, row: dict[str, Any], output: Format) -> None:
    if output is Format.TABLE and key is not None:
        typer.echo(key)
        say("Keep it: it is shown this once.")
    else:
        show_one(row, output)
    if key is None:
        say("It was there already; its key was shown when it was made. Make another: warmup bots rotate.")


@bots.command()
def revoke(context: typer.Context, bot_id: str, key_id: str, yes: Yes = False, output: Output = Format.TABLE) -> None:
    """Revoke a key, everywhere within a minute.

    Example: warmup bots revoke bot-7 key_01KAT3Z1V6Q2W4R5T6Y7U8I9O0 --yes
    """
    confirm(f"Revoke {key_id} of {bot_id}? What uses it stops working.", yes=yes)
    found = connect(context).bots.revoke_key(bot_id, key_id)
    show(found.keys, output, ("key_id", "created_at", "revoked_at"))


@bots.command("list")
def list_bots(context: typer.Context, output: Output = Format.TABLE) -> None:
    """List bots and operators.

    Example: warmup bots list
    """
    show(connect(context).bots.list_all(limit=100), output, ("bot_id", "role", "name", "models", "created_at"))


# sessions


@sessions.command("list")
def list_sessions(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="live, lost or ended.")] = None,
    limit: Limit = 1000,
    output: Output = Format.TABLE,
) -> None:
    """List sessions, the latest heard of first.

    Example: warmup sessions list --status live
    """
    show_listed(connect(context).sessions.list_all(limit=100, status=status), limit, output, SESSION, "session")


@sessions.command()
def drain(context: typer.Context, session_id: str, reason: Reason, output: Output = Format.TABLE) -> None:
    """Have a session finish what it holds and take nothing new.

    Example: warmup sessions drain ses_01KAT3Z1V6Q2W4R5T6Y7U8I9O0 --reason "a new release"
    """
    show([connect(context).sessions.drain(session_id, reason=reason)], output, SESSION)


@sessions.command()
def stop(
    context: typer.Context,
    session_id: str,
    reason: Reason,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Have a session stop, and take away what it holds.

    Example: warmup sessions stop ses_01KAT3Z1V6Q2W4R5T6Y7U8I9O0 --reason "it misbehaves" --yes
    """
    client = connect(context)
    if dry_run:
        held = client.sessions.show(session_id).held
        say(f"{session_id} would lose {counted(len(held), 'account')}.")
        show(held, output, ("account_id", "phase"))
        return
    confirm(f"Take everything away from {session_id}?", yes=yes)
    show([client.sessions.stop(session_id, reason=reason)], output, SESSION)


# audit

Account = Annotated[str | None, typer.Option("--account", "-a", help="Of this account only.")]
Bot = Annotated[str | None, typer.Option("--bot", "-b", help="By this bot or operator only.")]
Day = Annotated[str | None, typer.Option("--day", help="Of this day (UTC), such as 2026-11-22; else of today.")]
EVENT = ("at", "subject", "version", "action", "sentence")


@audit.command()
def tail(
    context: typer.Context,
    account: Account = None,
    bot: Bot = None,
    count: Annotated[int, typer.Option("--lines", "-n", min=1, max=100, help="How many at first.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come, until Ctrl-C.")] = False,
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
            _tell(new[::-1], output)
            if not follow:
                if not new:
                    whose = account or bot
                    other = "today (UTC). Of another day: warmup audit export --day 2026-11-22"
                    say(f"No events of {whose}." if whose else f"No events {other}")
                return
            time.sleep(1)
    except KeyboardInterrupt:
        say(f"Stopped after {counted(len(seen), 'event')}.")


def _tell(events: list[AuditEvent], output: Format) -> None:
    if output is Format.TABLE:
        width = Console().width if sys.stdout.isatty() else None
        for one in events:
            line = visible(f"{one.at:%Y-%m-%d %H:%M:%S}  {one.sentence}", kept="")
            typer.echo(line if width is None else cut(line, width))
    else:
        show(events, output, EVENT)


@audit.command()
def export(
    context: typer.Context, account: Account = None, bot: Bot = None, day: Day = None, output: Output = Format.JSONL
) -> None:
    """Write all events of an account, a bot or a day to standard output, newest first.

    Example: warmup audit export --account aurora-01 > aurora-01.jsonl
    """
    with looking("events") as seen:
        count = show(seen(connect(context).audit.export(account_id=account, bot_id=bot, day=day)), output, EVENT)
    say(counted(count, "event"))


@audit.command()
def verify(
    context: typer.Context,
    account_id: Annotated[str | None, typer.Argument(help="One account; else all.")] = None,
    model: Model = None,
    output: Output = Format.TABLE,
) -> None:
    """Replay the audit of one account, or of all, and compare with what is stored.

    Example: warmup audit verify
    """
    client, checked, bad = connect(context), 0, []
    with looking("accounts") as seen:
        every = client.audit.verify_all(limit=100, model_id=model) if account_id is None else None
        for checked, one in enumerate(seen(every or [client.audit.verify(str(account_id))]), start=1):  # noqa: B007
            if not one.ok:
                bad.append(one)
    show(bad, output, ("account_id", "versions", "problems"))
    say(
        f"{counted(checked, 'account')}: "
        + (f"{len(bad)} do not replay to their state" if bad else "every audit is whole")
    )
    if bad:
        raise typer.Exit(Exit.ERROR)


# pipeline


@pipeline.callback(invoke_without_command=True)
def overview(context: typer.Context, output: Output = Format.TABLE) -> None:
    """Show how the whole pipeline stands.

    Example: warmup pipeline
    """
    if context.invoked_subcommand is not None:
        return
    found = connect(context).pipeline.overview()
    if output is not Format.TABLE:
        show_one(found, output)
        return
    states = ", ".join(f"{count} {state}" for state, count in found.states.items() if count)
    waiting = f", the oldest since {found.oldest_waiting:%Y-%m-%d %H:%M}" if found.oldest_waiting else ""
    least = "at least " if found.partly else ""
    pools = "not looked at yet"
    if found.pools_watched_at is not None:
        pools = f"{found.pools_dry_within_7_days} of {found.models_watched} models run dry within 7 days"
        pools += f", as of {found.pools_watched_at:%Y-%m-%d %H:%M}"
    rows = [
        ("accounts", states or "none"),
        ("counted", f"{found.counted_at:%Y-%m-%d %H:%M:%S}" + (", not all: lower bounds" if found.partly else "")),
        ("due now", f"{least}{found.due_now}{waiting}"),
        ("review", f"{found.review.total} ({found.review.requires_review} for people, {found.review.failed} to retry)"),
        ("pools", pools),
        ("sessions", f"{found.live_sessions} live"),
        ("switch", f"paused: {found.reason}" if found.pipeline_paused else "running"),
        *((f"timer {one.name}", f"{one.ran_at:%Y-%m-%d %H:%M:%S}" if one.ran_at else "never") for one in found.timers),
    ]
    show([{"what": what, "how": how} for what, how in rows], output, ("what", "how"), wrapped=True)


@pipeline.command("pause")
def pause_all(context: typer.Context, reason: Reason, yes: Yes = False, output: Output = Format.TABLE) -> None:
    """Hand no work out any more, to nobody; what is under way may be finished.

    Example: warmup pipeline pause --reason "the platform has an outage" --yes
    """
    confirm("Hand no work out any more, to nobody?", yes=yes)
    show_one(connect(context).pipeline.pause(reason=reason), output)


@pipeline.command("resume")
def resume_all(context: typer.Context, reason: Reason, output: Output = Format.TABLE) -> None:
    """Hand work out again.

    Example: warmup pipeline resume --reason "the platform is back"
    """
    show_one(connect(context).pipeline.resume(reason=reason), output)

"""`warmup pipeline`: the state of the whole pipeline, and pausing it."""

import typer

from warmup.commands.common import Format, Output, Reason, Yes, confirm, connect
from warmup.commands.output import show, show_one

app = typer.Typer(help="The whole pipeline.")


@app.callback(invoke_without_command=True)
def overview(context: typer.Context, output: Output = Format.TABLE) -> None:
    """Show the state of the whole pipeline.

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
    least = "at least " if found.has_more else ""
    pools = "not checked yet"
    if found.pools_watched_at is not None:
        pools = f"{found.pools_dry_within_7_days} of {found.models_watched} models run dry within 7 days"
        pools += f", as of {found.pools_watched_at:%Y-%m-%d %H:%M}"
    rows = [
        ("accounts", states or "none"),
        ("counted", f"{found.counted_at:%Y-%m-%d %H:%M:%S}" + (", not all: lower bounds" if found.has_more else "")),
        ("due now", f"{least}{found.due_now}{waiting}"),
        (
            "review",
            f"{found.review.total} ({found.review.requires_review} need an operator, {found.review.failed} to retry)",
        ),
        ("pools", pools),
        ("sessions", f"{found.live_sessions} live"),
        ("switch", f"paused: {found.reason}" if found.pipeline_paused else "running"),
        *((f"timer {one.name}", f"{one.ran_at:%Y-%m-%d %H:%M:%S}" if one.ran_at else "never") for one in found.timers),
    ]
    show([{"what": what, "how": how} for what, how in rows], output, ("what", "how"), wrapped=True)


@app.command("pause")
def pause_all(context: typer.Context, reason: Reason, yes: Yes = False, output: Output = Format.TABLE) -> None:
    """Stop handing out work; what is under way may be finished.

    Example: warmup pipeline pause --reason "the platform has an outage" --yes
    """
    confirm("Stop handing out work to all bots and operators?", yes=yes)
    show_one(connect(context).pipeline.pause(reason=reason), output)


@app.command("resume")
def resume_all(context: typer.Context, reason: Reason, output: Output = Format.TABLE) -> None:
    """Hand out work again.

    Example: warmup pipeline resume --reason "the platform is back"
    """
    show_one(connect(context).pipeline.resume(reason=reason), output)

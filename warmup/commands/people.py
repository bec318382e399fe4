"""`warmup work`, a person as worker, and `warmup doctor`, what is wrong here."""

import stat
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from warmup.client import Client
from warmup.commands.common import (
    Exit,
    Format,
    Output,
    Place,
    config_file,
    connect,
    explained,
    fail,
    say,
    show,
    visible,
    where,
)
from warmup.jobs import AccountTrouble, Done, Job, JobFailed, Transient
from warmup.problems import AuthError, WarmupError
from warmup.worker import Worker

_GRACE = 2.0
"""Seconds in which what was answered is told after Ctrl-C; what was not answered may have happened."""


def work(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--folder", help="Where the media is saved.")] = Path("warmup-media"),
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Of these models only.")] = None,
) -> None:
    """Take one job and do it yourself: shows the text, saves the media, asks what came of it. Needs a bot's key.

    Example: WARMUP_KEY=wk_bot-1_… warmup work
    """
    if not sys.stdin.isatty():
        raise fail(Exit.USAGE, "Somebody has to answer here: run `warmup work` in a terminal.")
    client = connect(context, bot=True)
    worker = Worker(client.url, client.key, name="warmup-work/1", model_ids=model, grace=_GRACE)
    taken: list[Job] = []
    answered: list[Job] = []

    @worker.phase()
    def handle(job: Job) -> Done:
        taken.append(job)
        answer, why = ask(job, folder)
        answered.append(job)
        job.check()
        return said(answer, why)

    say("Waiting for a job … (Ctrl-C ends it)")
    tally = worker.run(jobs=1)
    if taken and not answered:
        job = taken[0]
        say(
            f"\nStopped before you said what came of it: {job.phase} of {job.account_id} may have happened, so that it "
            f"waits for people.\nIt was done: warmup review resolve {job.account_id} {job.phase} --reason … --note …\n"
            f"It was not: warmup review retry {job.account_id} --phase {job.phase} --reason …",
        )
        raise typer.Exit(Exit.INTERRUPTED)
    if not tally.finished:
        say("Stopped: nothing was taken.")
        raise typer.Exit(Exit.INTERRUPTED)
    told = "is completed" if tally.done else "is reported" if tally.failed else "is no longer yours: nothing was said"
    say(f"{taken[0].phase} of {taken[0].account_id} {told}." if taken else "It is no longer yours.")
    raise typer.Exit(Exit.OK if tally.done or (tally.failed and taken) else Exit.LATER)


def ask(job: Job, folder: Path) -> tuple[str, str]:
    """Shows the job to the person, and asks what came of it: `d`, `n`, `a` or `u`, and why where it was not done."""
    file = job.save(folder)
    typer.echo(visible(f"{job.phase} for {job.username} ({job.account_id})"))
    if job.text is not None:
        typer.echo(visible(f"text: {job.text}"))
    if file is not None:
        typer.echo(visible(f"media: {file}"))
    say(f"It is yours for {job.seconds_left / 60:.0f} minutes, and longer while this runs.")
    answer = ""
    while answer not in ("d", "n", "u"):
        answer = typer.prompt("[d]one, [n]ot done, or [u]nknown (it may have happened)?", err=True).strip().lower()[:1]
    if answer == "d":
        return answer, ""
    why = typer.prompt("What went wrong?", err=True)
    if answer == "n" and not typer.confirm("Can it be tried again later as it is?", err=True):
        answer = "a"
    return answer, why


def said(answer: str, why: str) -> Done:
    """What the person said, as a handler says it. Raises JobFailed."""
    match answer:
        case "d":
            return Done({"by": "a person"})
        case "n":
            raise Transient(why, code="by_hand")
        case "a":
            raise AccountTrouble(why, code="by_hand")
        case _:
            raise JobFailed(why, code="by_hand")


def doctor(context: typer.Context, output: Output = Format.TABLE) -> None:
    """Look for what is wrong between here and the service, and say what to do.

    Example: warmup doctor
    """
    rows = [{"check": check, "ok": ok, "found": found} for check, ok, found in _checks(context)]
    show([{**row, "ok": "yes" if row["ok"] else "NO"} for row in rows], output, ("check", "ok", "found"), wrapped=True)
    if not all(row["ok"] for row in rows):
        raise typer.Exit(Exit.ERROR)


def _checks(context: typer.Context) -> Iterator[tuple[str, bool, str]]:
    yield "python", sys.version_info >= (3, 11), sys.version.split()[0]
    file = config_file()
    if file.exists():
        safe = not stat.S_IMODE(file.stat().st_mode) & 0o077
        yield "profiles", safe, str(file) if safe else f"others can read it: chmod 600 {file}"
    place = where(context, "WARMUP_OPERATOR_KEY", "WARMUP_KEY")
    try:
        with Client(place.url, place.key) as client:
            began = time.monotonic()
            health = client.health.health()
            yield "service", True, f"{place.url} answers in {(time.monotonic() - began) * 1000:.0f} ms"
            if client.speed == 1:
                skew = abs((datetime.now(UTC) - health.now).total_seconds())
                yield "clock", skew < 30, f"{skew:.0f} s apart" + ("" if skew < 30 else ": set this machine's clock")
            paused = client.health.ready().pipeline_paused
            yield "store", True, "the pipeline is paused" if paused else "reached"
            yield from _key(client, place)
    except WarmupError as error:
        yield "service", False, str(error)


def _key(client: Client, place: Place) -> Iterator[tuple[str, bool, str]]:
    if not place.key:
        yield "key", False, "there is none: set WARMUP_OPERATOR_KEY, or use a profile"
        return
    try:
        overview = client.pipeline.overview()
    except AuthError as error:
        bot = error.code == "forbidden"
        yield "key", bot, f"a bot's, from {place.key_source}" if bot else explained(error)
        return
    yield "key", True, f"an operator's, from {place.key_source}"
    silent = [one.name for one in overview.timers if one.ran_at is None]
    yield "timers", not silent, f"never ran: {', '.join(silent)}" if silent else "have run"

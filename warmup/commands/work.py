"""`warmup work`: an operator does a bot's job by hand."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from warmup.commands.common import Exit, connect, fail, say, visible
from warmup.jobs import AccountTrouble, Done, Job, JobFailed, Transient
from warmup.worker import Tally, Worker

_GRACE = 2.0
"""Seconds in which an outcome is reported after Ctrl-C; a job without one may have happened."""


def work(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--folder", help="Folder for the media.")] = Path("warmup-media"),
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Of these models only.")] = None,
) -> None:
    """Do one job yourself: the command shows the text, saves the media, and asks for the outcome. Needs a bot's key.

    Example: WARMUP_KEY=wk_bot-1_… warmup work
    """
    if not sys.stdin.isatty():
        raise fail(Exit.USAGE, "`warmup work` asks questions: run it in a terminal.")
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
        return outcome_of(answer, why)

    say("Waiting for a job … (press Ctrl-C to stop)")
    tally = worker.run(jobs=1)
    raise _ended(tally, taken, answered=bool(answered))


def _ended(tally: Tally, taken: list[Job], *, answered: bool) -> typer.Exit:
    """Say what came of the job, and return how the command ends."""
    if taken and not answered:
        job = taken[0]
        say(
            f"\nStopped before you gave the outcome: {job.phase} of {job.account_id} may have happened, so it "
            f"needs review.\nIf it was done: warmup review resolve {job.account_id} {job.phase} --reason … --note …\n"
            f"If it was not: warmup review retry {job.account_id} --phase {job.phase} --reason …",
        )
        return typer.Exit(Exit.INTERRUPTED)
    if not tally.finished:
        say("Stopped: no job was taken.")
        return typer.Exit(Exit.INTERRUPTED)
    outcome = (
        "is completed" if tally.done else "is reported" if tally.failed else "is no longer yours: nothing was reported"
    )
    say(f"{taken[0].phase} of {taken[0].account_id} {outcome}." if taken else "It is no longer yours.")
    return typer.Exit(Exit.OK if tally.done or (tally.failed and taken) else Exit.LATER)


def ask(job: Job, folder: Path) -> tuple[str, str]:
    """Show the job, and ask for its outcome: return `d`, `n`, `a` or `u`, and why where it was not done."""
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


def outcome_of(answer: str, why: str) -> Done:
    """Return the operator's answer as a handler returns it. Raises JobFailed."""
    match answer:
        case "d":
            return Done({"by": "a person"})
        case "n":
            raise Transient(why, code="by_hand")
        case "a":
            raise AccountTrouble(why, code="by_hand")
        case _:
            raise JobFailed(why, code="by_hand")

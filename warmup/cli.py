"""The command line `warmup`: nouns and verbs over the service, and `warmup dev`, the sandbox."""

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from warmup.commands import (
    accounts,
    audit,
    bots,
    claims,
    content,
    doctor,
    output,
    pipeline,
    plans,
    review,
    sessions,
    texts,
    users,
    work,
)
from warmup.commands.common import Exit, exit_code, explained, fail
from warmup.problems import WarmupError

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="Tools beside the warmup service: noun, then verb."
)
app.add_typer(accounts.app, name="accounts")
app.add_typer(content.app, name="content")
app.add_typer(texts.app, name="texts")
app.add_typer(review.app, name="review")
app.add_typer(bots.app, name="bots")
app.add_typer(users.app, name="users")
app.add_typer(sessions.app, name="sessions")
app.add_typer(audit.app, name="audit")
app.add_typer(pipeline.app, name="pipeline")
app.add_typer(plans.app, name="plans")
app.command()(work.work)
app.command()(doctor.doctor)
app.command()(users.me)
app.command()(claims.claims)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"warmup {metadata.version('warmup')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    url: Annotated[str | None, typer.Option(help="URL of the service; default: WARMUP_URL, or a profile.")] = None,
    profile: Annotated[str | None, typer.Option(help="Name of a profile; default: WARMUP_PROFILE.")] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Send the key also over http to another machine, where others can read it."),
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write CSV without a ' before what a spreadsheet would run as a formula.")
    ] = False,
    _: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version, and exit.")
    ] = False,
) -> None:
    """Tools beside the warmup service: noun, then verb.

    Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 conflict, 5 done in part, 6 not allowed, 7 try later.
    """
    context.obj = {"url": url, "profile": profile, "insecure": insecure}
    output.raw.set(raw)


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0 takes any free port.")] = 8000,
    host: Annotated[str, typer.Option(help="Interface to listen on.")] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further host name that it may be called by; others than its own are refused."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="ministack, dynamodb-local, moto (slow), or the URL of a store that runs already. "
            "[default: ministack where `make setup` made it, else moto]"
        ),
    ] = None,
    operator_key: Annotated[
        str | None,
        typer.Option(
            envvar="WARMUP_OPERATOR_KEY",
            show_envvar=True,
            help="The operator's key; default: a new one. Other users of this machine see it in the list of processes: "
            "better set the variable, or name a file.",
        ),
    ] = None,
    operator_key_file: Annotated[
        Path | None,
        typer.Option(help="File with the operator's key; if it does not exist, it is created with a new key."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1_000_000,
            help="How many times faster than real time its clock runs. [default: 10000, with --empty 1]",
        ),
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="No agency and no bots: only the service.")] = False,
    until_done: Annotated[
        bool, typer.Option("--until-done", help="Stop when every account is active or in review, and print a summary.")
    ] = False,
    bots: Annotated[int, typer.Option(min=0, max=50, help="Number of simulated bots.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the agency and of its failures.")] = 7,
    timeout: Annotated[float, typer.Option(min=1, help="Real seconds after which --until-done gives up.")] = 600,
    log_file: Annotated[
        Path | None, typer.Option(help="File for the service's log; default: warnings only, on standard error.")
    ] = None,
    oidc: Annotated[
        bool,
        typer.Option("--oidc", help="Run an issuer of its own, by which users of each role sign in to the console."),
    ] = False,
) -> None:
    """Run the whole service in one process: store, API, timers, and a seeded agency with bots at work.

    Example: warmup dev --until-done --bots 4 --seed 7

    Example: warmup dev --empty --port 9000 --operator-key-file operator.key

    Example: warmup dev --oidc
    """
    try:
        from warmup.sandbox import run, starting  # noqa: PLC0415  # what only the sandbox needs
    except ModuleNotFoundError as error:
        raise fail(Exit.USAGE, f"warmup dev: {error}") from error

    names = tuple(allow_host or ())
    options = run.Options(
        *(host, names, port, store, operator_key, operator_key_file, speed, empty, until_done),
        *(bots, seed, timeout, log_file, oidc),
    )
    try:
        code = run.run(options)
    except starting.START_PROBLEMS as error:
        typer.secho(f"warmup dev: {starting.explained(error, store)}", fg="red", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(code)


def main() -> None:
    """Run the command `warmup`, and turn a refusal of the service into an exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the parent process
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # until the end
    try:
        app(prog_name="warmup")
    except WarmupError as error:
        sys.exit(fail(exit_code(error), explained(error)).exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer
        if not isinstance(error, BrokenPipeError):  # the reader of our output has closed it
            fail(Exit.ERROR, f"{error.filename or 'The output'}: {error.strerror or error}")
        sys.exit(Exit.ERROR)

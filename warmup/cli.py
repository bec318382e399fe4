"""The command line: `warmup dev` starts the sandbox."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Tools beside the warmup service."
)


@app.callback()
def root() -> None:
    """Tools beside the warmup service."""


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the API listens; 0 takes any free port.")] = 8000,
    host: Annotated[str, typer.Option(help="On which interface.")] = "127.0.0.1",
    store: Annotated[
        str, typer.Option(help="ministack, dynamodb-local, moto (slow), or the URL of a store that runs already.")
    ] = "ministack",
    operator_key: Annotated[
        str | None,
        typer.Option(envvar="WARMUP_OPERATOR_KEY", show_envvar=True, help="The operator's key; else one is made."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=0, max=1_000_000, help="How many times as fast time runs. [default: 10000, with --empty 1]"),
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="No agency and no bots: only the service.")] = False,
    until_done: Annotated[
        bool, typer.Option("--until-done", help="End when every account is active or in review, with a summary.")
    ] = False,
    bots: Annotated[int, typer.Option(min=0, max=50, help="How many simulated bots work.")] = 4,
    seed: Annotated[int, typer.Option(help="The number that the agency and its mishaps are made from.")] = 7,
    timeout: Annotated[float, typer.Option(min=1, help="Real seconds after which --until-done gives up.")] = 600,
    log_file: Annotated[Path | None, typer.Option(help="Where the service's log goes; else warnings only.")] = None,
) -> None:
    """Run the whole service in one process: store, API, timers, and a seeded agency with bots at work.

    Example: warmup dev --until-done --bots 4 --seed 7

    Example: warmup dev --empty --port 9000 --operator-key secret
    """
    from warmup.sandbox import children, run, stores  # noqa: PLC0415  # what only the sandbox needs

    options = run.Options(host, port, store, operator_key, speed, empty, until_done, bots, seed, timeout, log_file)
    try:
        code = run.run(options)
    except (stores.StoreMissing, children.ChildFailed, OSError) as error:
        typer.secho(f"warmup dev: {error}", fg="red", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(code)


def main() -> None:
    """The entry point of the command `warmup`."""
    app()

"""Shows the progress of a command on standard error, and ends it in good order at Ctrl-C."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from warmup.commands.common import Exit, prose, say

T = TypeVar("T")


def progress(*, shown: bool = True) -> Progress:
    """Return a progress bar on standard error: n of m, how many a second, and the time left."""
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    return Progress(
        *parts,
        TimeRemainingColumn(),
        console=prose,
        disable=not shown,
        redirect_stdout=False,  # data stays where it belongs
        redirect_stderr=False,
    )


def counter(bar: Progress, what: str, total: int | None) -> Callable[[int], None]:
    """Add a line to the bar; call the result with how many more are done. `total` is None where it is not known."""
    began, task, done = time.monotonic(), bar.add_task(what, total=total, rate=""), 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        bar.update(task, completed=done, rate=f"{done / max(time.monotonic() - began, 0.001):,.0f}/s")

    return step


@contextmanager
def until_stopped(summary: Callable[[], str]) -> Iterator[None]:
    """End the command at Ctrl-C with what was done and how to continue."""
    try:
        yield
    except KeyboardInterrupt:
        say(summary())
        raise typer.Exit(Exit.INTERRUPTED) from None


@contextmanager
def counting(what: str, total: int | None = None) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    """Count the items that go through it, beside a progress bar where nothing else is on the screen."""
    done = 0
    waits = prose.is_terminal and not sys.stdout.isatty()
    with (
        until_stopped(lambda: f"Stopped after {done:,} {what}. Nothing was changed: start again, or ask for fewer."),
        progress(shown=waits) as bar,
    ):
        step = counter(bar, what, total)

        def through(items: Iterable[T]) -> Iterator[T]:
            nonlocal done
            for item in items:
                yield item
                done += 1
                step(1)

        yield through

"""What the commands have in common: where the service is, how answers are shown, how a command ends.

URL and key come from WARMUP_URL and WARMUP_OPERATOR_KEY (for `work`: WARMUP_KEY), or from a profile in
`profiles.toml` (`--profile NAME`, WARMUP_PROFILE): `[NAME]`, `url = "…"`, `key = "…"`, readable by you alone.
The option goes before the variables, these before WARMUP_PROFILE.
"""

import csv
import json
import os
import re
import stat
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from warmup.api.errors import Unauthenticated
from warmup.client import Client
from warmup.problems import (
    ApiError,
    AuthError,
    Conflict,
    NotFound,
    TryLater,
    Unreachable,
    Unsendable,
    WarmupError,
    refused_key,
)
from warmup.terminal import counted, fitted
from warmup.transport import RetryPolicy

T = TypeVar("T")
DEFAULT_URL = "http://127.0.0.1:8000"
_STEERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PROSE = frozenset({"body", "detail", "error_message", "problems", "sentence"})
"""Columns that may be shortened where a list has too little room."""
_INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$")
prose = Console(stderr=True, highlight=False, soft_wrap=True)


class Exit(IntEnum):
    """How a command ends."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    PARTLY = 5
    AUTH = 6
    LATER = 7
    INTERRUPTED = 130


class Format(StrEnum):
    """How data is written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


Output = Annotated[Format, typer.Option("--output", "-o", help="Format of the data on standard output.")]
Reason = Annotated[str, typer.Option("--reason", help="The reason; it is recorded in the audit.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


def config_file() -> Path:
    """Return the file of the profiles."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "warmup" / "profiles.toml"


def profile(name: str | None) -> Mapping[str, str]:
    """Return a profile's url and key; nothing where none is named. Ends the command where it cannot."""
    wanted, file = name or os.environ.get("WARMUP_PROFILE"), config_file()
    if not wanted:
        return {}
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise fail(Exit.USAGE, f"Others can read {file}, which holds keys: chmod 600 {file}")
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise fail(Exit.USAGE, f"There is no {file}: write [{wanted}] with url and key into it, mode 600.") from error
    except (OSError, ValueError) as error:
        raise fail(Exit.USAGE, f"{file} cannot be read: {error}") from error
    if wanted not in found:
        raise fail(Exit.USAGE, f"{file} has no profile [{wanted}]; it has: {', '.join(sorted(found)) or 'none'}.")
    kept = found[wanted]
    if not isinstance(kept, dict) or not all(isinstance(kept.get(one, ""), str) for one in ("url", "key")):
        raise fail(Exit.USAGE, f'{file}: a profile is [{wanted}], then url = "…", key = "…".')
    return kept


@dataclass(frozen=True, slots=True)
class Place:
    """Where the service is, with which key (empty: none), and where that key came from."""

    url: str
    key: str = field(repr=False)
    key_source: str


key_source: ContextVar[str] = ContextVar("key_source")
"""Where the key came from that this command sends."""


def where(context: typer.Context, *variables: str) -> Place:
    """Return URL and key by options, environment and profile; the key from these variables.

    A profile that is named on the command line goes before the environment, one that the environment names behind it.
    """
    given: Mapping[str, str | None] = context.find_root().obj or {}
    kept = profile(given.get("profile"))
    first, then = (kept, {}) if given.get("profile") else ({}, kept)
    url = given.get("url") or first.get("url") or os.environ.get("WARMUP_URL") or then.get("url") or DEFAULT_URL
    named = f"the profile {given.get('profile') or os.environ.get('WARMUP_PROFILE')}"
    keys = [(first.get("key"), named), *((os.environ.get(one), one) for one in variables), (then.get("key"), named)]
    key, source = next(((key, source) for key, source in keys if key), ("", ""))
    key_source.set(source)
    return Place(url, key, source)


def connect(context: typer.Context, *, bot: bool = False) -> Client:
    """Return a client by options, environment and profile; it is closed with the command."""
    variables = ("WARMUP_KEY",) if bot else ("WARMUP_OPERATOR_KEY", "WARMUP_KEY")
    place = where(context, *variables)
    if not place.key:
        raise fail(Exit.AUTH, f"There is no key: set {variables[0]}, or name a profile (--profile).")
    client = Client(place.url, place.key, retry=RetryPolicy(sleep=_wait))
    context.call_on_close(client.close)
    return client


def _wait(seconds: float) -> None:
    """Wait before a request is sent again, and say so where the wait is long."""
    if seconds >= 1:
        say(f"no answer yet; asking again in {seconds:.0f} s …")
    time.sleep(seconds)


def visible(text: str, *, kept: str = "\n\t") -> str:
    """Return text for a terminal: what would steer it (escapes, overrides of the direction) is escaped."""
    return _STEERS.sub(lambda one: one[0] if one[0] in kept else one[0].encode("unicode_escape").decode(), text)


def say(message: str, *, style: str = "") -> None:
    """Write a message to standard error."""
    prose.print(Text(visible(message), style=style))


def fail(code: Exit, message: str) -> typer.Exit:
    """Write why, and return what to raise to end the command with this code."""
    say(message, style="red")
    return typer.Exit(code)


def explained(error: WarmupError) -> str:
    """Return the message of an error; for a refused key with where it came from."""
    source = key_source.get("")
    return f"{error} {refused_key(source)}" if isinstance(error, Unauthenticated) and source else str(error)


def exit_code(error: WarmupError) -> Exit:
    """Return the exit code after this error."""
    match error:
        case NotFound():
            return Exit.NOT_FOUND
        case AuthError():
            return Exit.AUTH
        case TryLater() | Unreachable():
            return Exit.LATER
        case Conflict():
            return Exit.CONFLICT
        case Unsendable() | ApiError(status=400 | 413 | 415 | 422):
            return Exit.USAGE
        case _:
            return Exit.ERROR


def confirm(question: str, *, yes: bool) -> None:
    """Ask before a bulk or destructive command; end the command without a terminal to ask in."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise fail(Exit.USAGE, f"{question} There is no terminal to confirm in: pass --yes.")
    if not typer.confirm(question, err=True):
        raise typer.Exit(Exit.OK)


# data


def plain(item: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as JSON has it."""
    return item.model_dump(mode="json", by_alias=True) if isinstance(item, BaseModel) else dict(item)


def show(
    items: Iterable[BaseModel | Mapping[str, Any]], output: Format, columns: Sequence[str], *, wrapped: bool = False
) -> int:
    """Write items to standard output, and return how many; a table and CSV have these columns (`a.b` reaches inside).

    In a terminal a table keeps one line a row: prose is shortened, then the last columns are left out. With `wrapped`
    the last column goes on below itself instead.
    """
    rows = (plain(item) for item in items)
    match output:
        case Format.JSON:
            listed = list(rows)
            _line(_json(listed, indent=2))
            return len(listed)
        case Format.JSONL:
            count = 0
            for count, row in enumerate(rows, 1):  # noqa: B007  # it is the answer
                _line(_json(row))
            return count
        case Format.CSV:
            return _csv(rows, columns)
        case Format.TABLE:
            return _table(rows, columns, wrapped=wrapped)


def show_listed(
    items: Iterable[BaseModel | Mapping[str, Any]], limit: int, output: Format, columns: Sequence[str], noun: str
) -> None:
    """Write at most `limit` items of a list, say how many (of the noun in the singular), and whether there are more."""
    rest = iter(items)
    count = show(islice(rest, limit), output, columns)
    more = count == limit and next(rest, None) is not None
    say(counted(count, noun) + (f"; there are more: raise --limit {limit}" if more else ""))


def show_one(item: BaseModel | Mapping[str, Any], output: Format) -> None:
    """Write one item: as JSON, or as a table of its members."""
    row = plain(item)
    if output in (Format.JSON, Format.JSONL):
        _line(_json(row, indent=2 if output is Format.JSON else None))
    else:
        show(
            [{"member": name, "value": value} for name, value in row.items()], output, ("member", "value"), wrapped=True
        )


def _json(data: Any, indent: int | None = None) -> str:
    """Return JSON without characters that steer a terminal: the same data, escaped."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    return _STEERS.sub(lambda one: one[0] if one[0] == "\n" else f"\\u{ord(one[0]):04x}", text)


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _csv(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> int:
    writer, count, formulas = csv.writer(sys.stdout, lineterminator="\n"), 0, 0
    writer.writerow(columns)
    shown = visible if sys.stdout.isatty() else str
    for row in rows:
        cells = [shown(cell(row, column)) for column in columns]
        formulas += sum(one.startswith(_FORMULA) for one in cells)
        writer.writerow(cells)
        count += 1
    if formulas:
        say(
            f"{formulas:,} cells begin with =, +, - or @: a spreadsheet may run them as formulas. "
            "Import the file with all columns as text.",
            style="yellow",
        )
    return count


def _table(rows: Iterable[dict[str, Any]], columns: Sequence[str], *, wrapped: bool) -> int:
    names = [column.rpartition(".")[2].replace("_", " ") for column in columns]
    raw = [[cell(row, column) for column in columns] for row in rows]
    if not raw:
        return 0
    zoned = [any(_INSTANT.match(row[place]) for row in raw) for place in range(len(names))]
    headers = [f"{name} (UTC)" if instant else name for name, instant in zip(names, zoned, strict=True)]
    cells = [[_INSTANT.sub(r"\1 \2", visible(one, kept="")) for one in row] for row in raw]
    console = Console(highlight=False)
    if wrapped and console.is_terminal:
        _details(console, headers, cells)
        return len(cells)
    prose_columns = frozenset(place for place, column in enumerate(columns) if column in _PROSE)
    # for a file or another program nothing is left out
    table = fitted(headers, cells, console.width if console.is_terminal else None, prose=prose_columns)
    for number, line in enumerate(table.lines):
        # the first column stays whole however narrow the terminal is, which then wraps it
        console.print(Text(line, style="" if number else "bold"), soft_wrap=True)
    if table.left_out:
        say(f"not shown: {', '.join(table.left_out)} (-o json shows all)", style="dim")
    return len(cells)


def _details(console: Console, headers: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print details: nothing is left out, the last column wraps."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in headers[:-1]:
        table.add_column(name, no_wrap=True)
    table.add_column(headers[-1], overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def cell(row: Mapping[str, Any], column: str) -> str:
    """Return one value as text."""
    value: Any = row
    for part in column.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value)) if all(isinstance(one, str | int) for one in value) else _json(value)
    return _json(value) if isinstance(value, dict) else str(value)


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

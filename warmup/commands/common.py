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
from enum import IntEnum, StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from warmup.client import Client
from warmup.problems import ApiError, AuthError, Conflict, NotFound, TryLater, Unreachable, Unsendable, WarmupError
from warmup.transport import Patience

T = TypeVar("T")
DEFAULT_URL = "http://127.0.0.1:8000"
_STEERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_WIDE = 240
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
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


Output = Annotated[Format, typer.Option("--output", "-o", help="How data is written to standard output.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


def config_file() -> Path:
    """Where profiles are kept."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "warmup" / "profiles.toml"


def profile(name: str | None) -> Mapping[str, str]:
    """A profile's url and key; nothing where none is named. Ends the command where the file is unsafe or lacks it."""
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


def where(context: typer.Context, *variables: str) -> tuple[str, str]:
    """URL and key (empty: none), as options, environment and profile say; the key from these variables.

    A profile that is named on the command line goes before the environment, one that the environment names behind it.
    """
    given: Mapping[str, str | None] = context.find_root().obj or {}
    kept = profile(given.get("profile"))
    url, *keys = (os.environ.get(name, "") for name in ("WARMUP_URL", *variables))
    first, then = (kept, {}) if given.get("profile") else ({}, kept)
    url = given.get("url") or first.get("url") or url or then.get("url") or DEFAULT_URL
    return url, next((key for key in (first.get("key"), *keys, then.get("key")) if key), "")


def connect(context: typer.Context, *, bot: bool = False) -> Client:
    """A client as options, environment and profile say; closed with the command."""
    variables = ("WARMUP_KEY",) if bot else ("WARMUP_OPERATOR_KEY", "WARMUP_KEY")
    url, key = where(context, *variables)
    if not key:
        raise fail(Exit.AUTH, f"There is no key: set {variables[0]}, or name a profile (--profile).")
    client = Client(url, key, patience=Patience(sleep=_wait))
    context.call_on_close(client.close)
    return client


def _wait(seconds: float) -> None:
    """Waits before a request is sent again, and says so where somebody would wonder."""
    if seconds >= 1:
        say(f"no answer yet; asking again in {seconds:.0f} s …")
    time.sleep(seconds)


def visible(text: str, *, kept: str = "\n\t") -> str:
    """Text for a terminal: what would steer it (escapes, overrides of the direction) is shown instead of obeyed."""
    return _STEERS.sub(lambda one: one[0] if one[0] in kept else one[0].encode("unicode_escape").decode(), text)


def say(message: str, *, style: str = "") -> None:
    """Words for people, on standard error."""
    prose.print(Text(visible(message), style=style))


def fail(code: Exit, message: str) -> typer.Exit:
    """What to raise to end the command so, after saying why."""
    say(message, style="red")
    return typer.Exit(code)


def exit_code(error: WarmupError) -> Exit:
    """How a command ends after this."""
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
    """Asks before something that touches much; ends the command where nobody is there to answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise fail(Exit.USAGE, f"{question} Nobody is there to ask: say --yes.")
    if not typer.confirm(question, err=True):
        raise typer.Exit(Exit.OK)


# data


def plain(item: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """An item as JSON has it."""
    return item.model_dump(mode="json", by_alias=True) if isinstance(item, BaseModel) else dict(item)


def show(items: Iterable[BaseModel | Mapping[str, Any]], output: Format, columns: Sequence[str]) -> int:
    """Writes items to standard output; a table and CSV have these columns (`a.b` reaches inside). Answers how many."""
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
            return _table(rows, columns)


def show_listed(
    items: Iterable[BaseModel | Mapping[str, Any]], limit: int, output: Format, columns: Sequence[str], noun: str
) -> None:
    """Writes at most `limit` items of a list; says how many, and where there are more."""
    rest = iter(items)
    count = show(islice(rest, limit), output, columns)
    more = count == limit and next(rest, None) is not None
    say(f"{count:,} {noun}" + (f"; there are more: raise --limit {limit}" if more else ""))


def show_one(item: BaseModel | Mapping[str, Any], output: Format) -> None:
    """Writes one item: as JSON, or as a table of its members."""
    row = plain(item)
    if output in (Format.JSON, Format.JSONL):
        _line(_json(row, indent=2 if output is Format.JSON else None))
    else:
        show([{"member": name, "value": value} for name, value in row.items()], output, ("member", "value"))


def _json(data: Any, indent: int | None = None) -> str:
    """JSON in which a terminal finds nothing to obey: the same data, escaped."""
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


def _table(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> int:
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = [column.rpartition(".")[2].replace("_", " ") for column in columns]
    for name in names:
        table.add_column(name, overflow="fold")
    cells = [[_INSTANT.sub(r"\1 \2", visible(cell(row, column))) for column in columns] for row in rows]
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE  # for a file or another program nothing is folded
    elif Measurement.get(console, console.options.update_width(_WIDE), table).minimum > console.width:
        for row in cells:
            _block(console, names, row)
        return len(cells)
    if cells:
        console.print(table)
    return len(cells)


def _block(console: Console, names: Sequence[str], row: Sequence[str]) -> None:
    """A row below itself, where the columns would be cut within words."""
    lines = Table.grid(padding=(0, 1))
    for name, value in zip(names, row, strict=True):
        lines.add_row(Text(name, style="bold"), Text(value, overflow="fold"))
    console.print(lines, "")


def cell(row: Mapping[str, Any], column: str) -> str:
    """One value, as people read it."""
    value: Any = row
    for part in column.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value)) if all(isinstance(one, str | int) for one in value) else _json(value)
    return _json(value) if isinstance(value, dict) else str(value)


def progress(*, shown: bool = True) -> Progress:
    """A bar on standard error: n of m, how many a second, and the time left."""
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
    """A line of the bar; call it with how many more are done. `total` None where nobody knows it."""
    began, task, done = time.monotonic(), bar.add_task(what, total=total, rate=""), 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        bar.update(task, completed=done, rate=f"{done / max(time.monotonic() - began, 0.001):,.0f}/s")

    return step


@contextmanager
def until_stopped(told: Callable[[], str]) -> Iterator[None]:
    """Ctrl-C within it ends the command with what was done and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        say(told())
        raise typer.Exit(Exit.INTERRUPTED) from None


@contextmanager
def looking(what: str, total: int | None = None) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    """Counts the items that go through it, beside a bar where somebody waits before an empty screen."""
    done = 0
    waits = prose.is_terminal and not sys.stdout.isatty()
    with (
        until_stopped(lambda: f"Stopped after {done:,} {what}. Nothing was changed: begin again, or ask for fewer."),
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

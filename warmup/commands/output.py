"""Writes data to standard output: as a table, JSON, JSON lines or CSV."""

import csv
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from itertools import islice
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from warmup.api.rows import guarded
from warmup.commands.common import STEERS, Format, say, visible
from warmup.terminal import counted, fitted

_PROSE = frozenset({"body", "detail", "error_message", "problems", "summary"})
"""Columns that may be shortened where a list has too little room."""
_INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$")


raw: ContextVar[bool] = ContextVar("raw", default=False)
"""Whether CSV is written without a guard before what a spreadsheet would run as a formula."""


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
    return STEERS.sub(lambda one: one[0] if one[0] == "\n" else f"\\u{ord(one[0]):04x}", text)


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _csv(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> int:
    writer, count, formulas = csv.writer(sys.stdout, lineterminator="\n"), 0, 0
    writer.writerow(columns)
    shown = visible if sys.stdout.isatty() else str
    for row in rows:
        cells = [shown(cell(row, column)) for column in columns]
        safe = [guarded(one) for one in cells]
        formulas += sum(map(str.__ne__, cells, safe))
        writer.writerow(cells if raw.get() else safe)
        count += 1
    if formulas and raw.get():
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

"""Sending a file of rows in parts: a bar, a file of the bad rows, and nothing twice when it is sent again."""

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import typer

from warmup.commands.common import Exit, Format, fail, progress, prose, show_one

MOST_ROWS, MOST_BYTES = 500, 200_000
Row = dict[str, Any]


class Outcome(Protocol):
    """What became of a row."""

    @property
    def row(self) -> int: ...

    @property
    def outcome(self) -> str: ...

    @property
    def error(self) -> Any: ...


class Imported(Protocol):
    """What became of some rows."""

    @property
    def rows(self) -> Sequence[Any]: ...


@dataclass(slots=True)
class Told:
    """What became of all rows so far."""

    counts: Counter[str] = field(default_factory=Counter)
    bad: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(file: Path) -> list[Row]:
    """The rows of a file: CSV, or JSON lines where it is named `.jsonl` or `.ndjson`."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix in (".jsonl", ".ndjson"):
            return [json.loads(line) for line in text.split("\n") if line.strip()]
        return [
            {name: cell for name, cell in row.items() if cell} for row in csv.DictReader(io.StringIO(text, newline=""))
        ]
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise fail(Exit.USAGE, f"{file} cannot be read: {error}") from error


def is_lines(file: Path) -> bool:
    """Whether the file holds JSON lines."""
    return file.suffix in (".jsonl", ".ndjson")


def send_all(
    rows: list[Row],
    file: Path,
    ask: Callable[[str, str], Imported],
    *,
    bad_rows: Path | None,
    output: Format,
    dry_run: bool,
) -> None:
    """Sends all rows by `ask(body, media type)`, says what became of them, and ends the command."""
    if not rows:
        raise fail(Exit.USAGE, f"{file} has no rows.")
    told, began, sent = Told(), time.monotonic(), 0
    lines = is_lines(file)
    try:
        with progress() as bar:
            task = bar.add_task("checking" if dry_run else "importing", total=len(rows), rate="")
            for part in _parts(rows):
                _take(told, part, sent, ask(*_body(part, lines=lines)))
                sent += len(part)
                bar.update(task, completed=sent, rate=f"{sent / (time.monotonic() - began):,.0f}/s")
    except KeyboardInterrupt:
        _keep(told, bad_rows or _beside(file))
        prose.print(f"Stopped: {sent:,} of {len(rows):,} rows are sent. Send the file again: nothing is made twice.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    kept = _keep(told, bad_rows or _beside(file))
    for warning in dict.fromkeys(told.warnings):
        prose.print(warning, style="yellow", markup=False)
    if kept is not None:
        prose.print(f"{len(told.bad)} bad rows, with what is wrong with them: {kept}", markup=False)
    show_one({"rows": len(rows), "dry_run": dry_run, **dict(sorted(told.counts.items()))}, output)
    if told.bad:
        raise typer.Exit(Exit.PARTLY)


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    part: list[Row] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row, ensure_ascii=False).encode()) + 1
        if part and (len(part) >= MOST_ROWS or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part


def _body(rows: list[Row], *, lines: bool) -> tuple[str, str]:
    if lines:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "application/x-ndjson"
    names = list(dict.fromkeys(name for row in rows for name in row if name))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue(), "text/csv"


def _take(told: Told, part: list[Row], before: int, found: Imported) -> None:
    told.warnings += getattr(found, "warnings", [])
    for one in found.rows:
        told.counts[one.outcome] += 1
        if one.error is not None:
            faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in one.error.errors or [])
            reason = f"{one.error.code}: {faults or one.error.detail}"
            told.bad.append({"line": before + one.row, "reason": reason, **part[one.row - 1]})


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.stem}.bad{file.suffix}")


def _keep(told: Told, file: Path) -> Path | None:
    """Writes the bad rows as they came, each with its place and what is wrong with it."""
    if not told.bad:
        return None
    if is_lines(file):
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in told.bad), encoding="utf-8")
        return file
    names = list(dict.fromkeys(name for row in told.bad for name in row if name))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(told.bad)
    return file

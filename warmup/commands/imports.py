"""Sending a file of rows in parts: a bar, a file of the bad rows, and nothing twice when it is sent again."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import typer

from warmup.commands.common import Exit, Format, counter, fail, progress, say, show_one, until_stopped

MOST_ROWS, MOST_BYTES = 250, 200_000
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
    bad: list[tuple[int, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, place: int, reason: str) -> None:
        """Notes a bad row."""
        self.counts["refused"] += 1
        self.bad.append((place, reason))


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


class BadRow(Exception):
    """A row that need not be sent: what is wrong with it."""


Placed = tuple[int, Row]
"""A row with its place in the file, from 1."""


def send_all(
    rows: list[Row],
    file: Path,
    ask: Callable[[str, str], Imported],
    *,
    prepare: Callable[[Row], Row] | None = None,
    bad_rows: Path | None,
    output: Format,
    dry_run: bool,
) -> None:
    """Sends all rows by `ask(body, media type)`, says what became of them, and ends the command.

    `prepare` makes what is sent of a row, one by one before they are sent. Raises BadRow.
    """
    if not rows:
        raise fail(Exit.USAGE, f"{file} has no rows.")
    told, kept = Told(), bad_rows or _beside(file)
    lines = is_lines(file)
    with until_stopped(lambda: _stopped(told, rows, kept, lines=lines)), progress() as bar:
        step = counter(bar, "checking" if dry_run else "importing", len(rows))
        for part in _parts(_prepared(rows, prepare, told, step)):
            _send(told, part, lambda part: ask(*_body([row for _, row in part], lines=lines)))
            if prepare is None:
                step(len(part))
    _keep(told, rows, kept, lines=lines)
    for warning in dict.fromkeys(told.warnings):
        say(warning, style="yellow")
    if told.bad:
        say(f"{len(told.bad)} bad rows, with what is wrong with them: {kept}")
    show_one({"rows": len(rows), "dry_run": dry_run, **dict(sorted(told.counts.items()))}, output)
    if told.bad:
        raise typer.Exit(Exit.PARTLY)


def _stopped(told: Told, rows: list[Row], file: Path, *, lines: bool) -> str:
    _keep(told, rows, file, lines=lines)
    sent = sum(told.counts.values())
    return f"Stopped: {sent:,} of {len(rows):,} rows are sent. Send the file again: nothing is made twice."


def _prepared(
    rows: list[Row], prepare: Callable[[Row], Row] | None, told: Told, step: Callable[[int], None]
) -> Iterator[Placed]:
    for place, row in enumerate(rows, start=1):
        if prepare is None:
            yield place, row
            continue
        try:
            yield place, prepare(row)
        except BadRow as bad:
            told.refuse(place, str(bad))
        step(1)


def _send(told: Told, part: list[Placed], ask: Callable[[list[Placed]], Imported]) -> None:
    """Sends the rows, those again for which the time of one request did not suffice."""
    while part:
        found = ask(part)
        told.warnings += getattr(found, "warnings", [])
        left = [part[one.row - 1] for one in found.rows if one.outcome == "left"]
        for one in found.rows:
            if one.error is not None:
                faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in one.error.errors or [])
                told.refuse(part[one.row - 1][0], f"{one.error.code}: {faults or one.error.detail}")
            elif one.outcome != "left":
                told.counts[one.outcome] += 1
        if len(left) == len(part):
            raise fail(Exit.LATER, "The service had no time for any of these rows. Send the file again later.")
        part = left


def _parts(rows: Iterable[Placed]) -> Iterator[list[Placed]]:
    part: list[Placed] = []
    size = 0
    for place, row in rows:
        length = len(json.dumps(row, ensure_ascii=False).encode()) + 1
        if part and (len(part) >= MOST_ROWS or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append((place, row))
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


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.stem}.bad{file.suffix}")


def _keep(told: Told, rows: list[Row], file: Path, *, lines: bool) -> None:
    """Writes the bad rows as they came, each with its place and what is wrong with it."""
    if not told.bad:
        return
    bad = [{"line": place, "reason": reason, **rows[place - 1]} for place, reason in sorted(told.bad)]
    if lines:
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in bad), encoding="utf-8")
        return
    names = list(dict.fromkeys(name for row in bad for name in row if name))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(bad)

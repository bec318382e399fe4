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
from warmup.problems import WarmupError
from warmup.terminal import counted

MOST_ROWS, MOST_BYTES, _FEW, _MOST_WARNED = 250, 200_000, 3, 10
_ADDED = ("line", "reason")
"""What a file of bad rows has beside the rows."""
REST = ""
"""Where the cells of a row are that have no column."""

Row = dict[str, Any]
Placed = tuple[int, Row]
"""A row with its line in the file, from 1."""


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

    def refuse(self, line: int, reason: str) -> None:
        """Notes a bad row."""
        self.counts["refused"] += 1
        self.bad.append((line, reason))


def read(file: Path) -> list[Placed]:
    """The rows of a file, each with its line: CSV, or JSON lines where it is named `.jsonl` or `.ndjson`.

    It may be a file of bad rows that were mended.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = _objects(text) if is_lines(file) else _records(text)
        return [(line, {name: one for name, one in row.items() if name not in _ADDED}) for line, row in rows]
    except OSError as error:
        raise fail(Exit.USAGE, f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, csv.Error) as error:
        raise fail(Exit.USAGE, f"{file} cannot be read: {error}") from error


def _objects(text: str) -> Iterator[Placed]:
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            row = json.loads(written)
        except json.JSONDecodeError as error:
            raise ValueError(f"line {line} is no JSON: {error.msg} at character {error.colno}") from error
        if not isinstance(row, dict):
            raise ValueError(f"line {line} is no JSON object: {written[:40]}")
        yield line, row


def _records(text: str) -> Iterator[Placed]:
    """Cells without a column are kept under `REST`; empty ones are left out."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    names, before = next(rows, []), rows.line_num
    try:
        for cells in rows:
            row: Row = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
            if cells[len(names) :]:
                row[REST] = cells[len(names) :]
            if cells:
                yield before + 1, row
            before = rows.line_num
    except csv.Error as error:
        raise ValueError(f"line {before + 1}: {error}") from error


def is_lines(file: Path) -> bool:
    """Whether the file holds JSON lines."""
    return file.suffix in (".jsonl", ".ndjson")


class BadRow(Exception):
    """A row that need not be sent: what is wrong with it."""


def send_all(
    rows: list[Placed],
    file: Path,
    ask: Callable[[str, str], Imported],
    *,
    prepare: Callable[[Row], Row] = dict,
    uploads: bool = False,
    bad_rows: Path | None,
    output: Format,
    dry_run: bool,
) -> None:
    """Sends all rows by `ask(body, media type)`, says what became of them, and ends the command.

    `prepare` makes what is sent of a row (or raises BadRow), one by one before they are sent; with `uploads` that is
    what takes its time.
    """
    if not rows:
        raise fail(Exit.USAGE, f"{file} has no rows.")
    told, kept = Told(), bad_rows or _beside(file)
    lines = is_lines(file)
    try:
        with until_stopped(lambda: _stopped(told, rows, kept, lines=lines)), progress() as bar:
            step = counter(bar, "checking" if dry_run else "importing", len(rows))
            for part in _parts(_prepared(rows, prepare, told, step, uploads=uploads)):
                _send(told, part, lambda part: ask(*_body([row for _, row in part], lines=lines)))
                if not uploads:
                    step(len(part))
    except WarmupError:
        say(_stopped(told, rows, kept, lines=lines))
        raise
    warnings = list(dict.fromkeys(told.warnings))
    for warning in warnings[:_MOST_WARNED]:
        say(warning, style="yellow")
    if warnings[_MOST_WARNED:]:
        say(f"… and {len(warnings) - _MOST_WARNED:,} warnings like these", style="yellow")
    _keep(told, rows, kept, lines=lines)
    show_one({"rows": len(rows), "dry_run": dry_run, **dict(sorted(told.counts.items()))}, output)
    if told.bad:
        raise typer.Exit(Exit.PARTLY)


def _stopped(told: Told, rows: list[Placed], file: Path, *, lines: bool) -> str:
    _keep(told, rows, file, lines=lines)
    sent = sum(told.counts.values())
    return f"Stopped: {sent:,} of {counted(len(rows), 'row')} sent. Send the file again: nothing is made twice."


def _prepared(
    rows: list[Placed], prepare: Callable[[Row], Row], told: Told, step: Callable[[int], None], *, uploads: bool
) -> Iterator[Placed]:
    for line, row in rows:
        try:
            if REST in row:
                raise BadRow(f"more cells than columns: {', '.join(row[REST])!r}; a text with commas needs quotes")
            ready = prepare(row)
        except BadRow as bad:
            told.refuse(line, str(bad))
            step(1)
        else:
            yield line, ready
            step(1 if uploads else 0)


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
                told.warnings += [f"line {part[one.row - 1][0]}: {text}" for text in getattr(one, "warnings", ())]
        if len(left) == len(part):
            raise fail(Exit.LATER, "The service had no time for any of these rows. Send the file again later.")
        part = left


def _parts(rows: Iterable[Placed]) -> Iterator[list[Placed]]:
    part: list[Placed] = []
    size = 0
    for line, row in rows:
        length = len(json.dumps(row, ensure_ascii=False).encode()) + 1
        if part and (len(part) >= MOST_ROWS or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append((line, row))
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


def _keep(told: Told, rows: list[Placed], file: Path, *, lines: bool) -> None:
    """Writes the bad rows as they came, each with its line and what is wrong with it, and says so."""
    if not told.bad:
        return
    came, kept = dict(rows), list[Row]()
    for line, reason in sorted(told.bad):
        kept.append({"line": line, "reason": reason, **came[line]})
    try:
        file.write_text(_written(kept, lines=lines), encoding="utf-8", newline="")
        say(f"{counted(len(told.bad), 'bad row')}, with what is wrong with them: {file}")
        shown = kept[:_FEW]
    except OSError as error:
        say(
            f"{counted(len(told.bad), 'bad row')}, which cannot be kept in {file} (see --bad-rows): {error.strerror}",
            style="red",
        )
        shown = kept
    for row in shown:
        say(f"  line {row['line']}: {row['reason']}")


def _written(rows: list[Row], *, lines: bool) -> str:
    if lines:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    names = list(dict.fromkeys(name for row in rows for name in row if name != REST))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([*(row.get(name, "") for name in names), *row.get(REST, [])] for row in rows)
    return text.getvalue()

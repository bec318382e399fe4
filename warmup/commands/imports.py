"""Imports a file of rows in parts, with a progress bar and a file of the bad rows; a repeat creates no duplicates."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import typer

from warmup.api.rows import Row, Table, Unreadable, guarded, read_csv, read_lines
from warmup.commands import bad_rows
from warmup.commands.common import Exit, Format, fail, say
from warmup.commands.groups import grouped
from warmup.commands.output import show_one
from warmup.commands.progress import counter, progress, until_stopped
from warmup.problems import WarmupError
from warmup.terminal import counted

MOST_ROWS, MOST_BYTES, _MOST_WARNED = 250, 200_000, 10
LARGEST_GROUP = 1000
"""Rows that the service takes at once."""
FILE = "CSV (comma, semicolon or tab; UTF-8 or UTF-16) with names in the first line, or JSON lines (.jsonl)."
LINES, CSV = "application/x-ndjson", "text/csv"
Members = dict[str, Any]
Placed = tuple[int, Members]
"""The members to send of a row, with the row's line in the file, from 1."""
Ask = Callable[[str, str], "Imported"]
"""Imports `(body, media type)`."""


class Outcome(Protocol):
    """The outcome of a row."""

    @property
    def row(self) -> int: ...

    @property
    def outcome(self) -> str: ...

    @property
    def error(self) -> Any: ...


class Imported(Protocol):
    """The outcomes of some rows."""

    @property
    def rows(self) -> Sequence[Any]: ...


class BadRow(Exception):
    """A row is not valid, and is not sent; the message says why."""


@dataclass(slots=True)
class Results:
    """The outcomes of the rows so far, by their line; `reasons` of those that were refused.

    `warnings` are what an operator should know, each once.
    """

    outcomes: dict[int, str] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    ignored: dict[str, None] = field(default_factory=dict)

    def refuse(self, line: int, reason: str) -> None:
        """Record a bad row."""
        self.outcomes[line], self.reasons[line] = "refused", reason

    def counts(self) -> dict[str, int]:
        """Return how many rows had which outcome."""
        return dict(sorted(Counter(self.outcomes.values()).items()))


def read(file: Path) -> Table:
    """Read the rows of a file: CSV, or JSON lines where it is named `.jsonl` or `.ndjson`.

    It may be a file of bad rows that were fixed. Ends the command where it cannot be read as a whole.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise fail(Exit.USAGE, f"{file} cannot be read: {error.strerror}") from error
    try:
        return read_lines(data) if file.suffix in (".jsonl", ".ndjson") else read_csv(data, bad_rows.NOTES)
    except Unreadable as error:
        raise fail(Exit.USAGE, f"{file} cannot be read. {error}") from error


@dataclass(frozen=True, slots=True)
class Import:
    """An import of a file: how its rows are asked for, and what is done with each before.

    `prepare` makes what is sent of a row (or raises BadRow), one by one; with `uploads` that is what takes its time.
    `read_only` are the members that the service shows and does not take, such as an export has.
    """

    ask: Ask
    prepare: Callable[[Members], Members] = dict
    uploads: bool = False
    read_only: frozenset[str] = frozenset()

    def run(self, file: Path, *, bad: Path | None, output: Format, dry_run: bool) -> None:
        """Send all rows of the file, and show what became of them; ends the command where some are bad."""
        table, kept, results = read(file), bad_rows.place(file, bad), Results()
        if not table.rows:
            raise fail(Exit.USAGE, f"{file} has no rows.")
        try:
            with until_stopped(lambda: _stopped(table, results, kept)), progress() as bar:
                step = counter(bar, "checking" if dry_run else "importing", len(table.rows))
                rows = self._prepared(table, results, step)
                for part in parts(grouped(rows) if dry_run else ([row] for row in rows)):
                    send(results, part, self.ask, lines=table.separator is None)
                    step(0 if self.uploads else len(part))
        except WarmupError:
            say(_stopped(table, results, kept))
            raise
        if results.ignored:
            say(f"Not imported, since the service sets them: {', '.join(results.ignored)}.")
        _warn(list(results.warnings))
        bad_rows.keep(table, results.reasons, kept)
        show_one({"rows": len(table.rows), "dry_run": dry_run, **results.counts()}, output)
        if results.reasons:
            raise typer.Exit(Exit.PARTLY)
        bad_rows.remove(kept)

    def _prepared(self, table: Table, results: Results, step: Callable[[int], None]) -> Iterator[Placed]:
        for row in table.rows:
            try:
                ready = self.prepare(self._own(row, results))
            except BadRow as bad:
                results.refuse(row.line, str(bad))
                step(1)
            else:
                yield row.line, ready
                step(1 if self.uploads else 0)

    def _own(self, row: Row, results: Results) -> Members:
        """Return the members of a row that are the caller's to set. Raises BadRow where there are none."""
        if row.fault is not None:
            raise BadRow(row.fault)
        for name in row.members.keys() & self.read_only:
            results.ignored[name] = None
        own = {name: one for name, one in row.members.items() if name not in (*bad_rows.NOTES, *self.read_only)}
        if not any(str(one).strip() for one in own.values()):
            raise BadRow("nothing in it can be imported")
        return own


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings[:_MOST_WARNED]:
        say(warning, style="yellow")
    if warnings[_MOST_WARNED:]:
        say(f"… and {len(warnings) - _MOST_WARNED:,} warnings like these", style="yellow")


def _stopped(table: Table, results: Results, kept: Path) -> str:
    bad_rows.keep(table, results.reasons, kept)
    sent = len(results.outcomes)
    rows = counted(len(table.rows), "row")
    return f"Stopped: {sent:,} of {rows} sent. Import the file again: no duplicates are created."


def send(results: Results, part: list[Placed], ask: Ask, *, lines: bool) -> None:
    """Send the rows, and again those for which one request had no time."""
    while part:
        found = ask(*_body([row for _, row in part], lines=lines))
        for warning in getattr(found, "warnings", []):
            results.warnings[warning] = None
        left = [part[one.row - 1] for one in found.rows if one.outcome == "left"]
        for one in found.rows:
            line = part[one.row - 1][0]
            if one.error is not None:
                faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in one.error.errors or [])
                results.refuse(line, f"{one.error.code}: {faults or one.error.detail}")
            elif one.outcome != "left":
                results.outcomes[line] = one.outcome
            for warning in getattr(one, "warnings", None) or []:
                results.warnings[f"line {line}: {warning}"] = None
        if len(left) == len(part):
            raise fail(Exit.LATER, "The service had no time for any of these rows. Import the file again later.")
        part = left


def parts(groups: Iterable[list[Placed]]) -> Iterator[list[Placed]]:
    """Yield the rows in parts that one request takes; a group is split only where it is too large."""
    part: list[Placed] = []
    size = 0
    for group in groups:
        lengths = [len(json.dumps(row, ensure_ascii=False).encode()) + 1 for _, row in group]
        if part and (len(part) + len(group) > MOST_ROWS or size + sum(lengths) > MOST_BYTES):
            yield part
            part, size = [], 0
        for placed, length in zip(group, lengths, strict=True):
            if part and (len(part) >= LARGEST_GROUP or size + length > MOST_BYTES):
                yield part
                part, size = [], 0
            part.append(placed)
            size += length
    if part:
        yield part


def _body(rows: list[Members], *, lines: bool) -> tuple[str, str]:
    if lines:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), LINES
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\r\n")  # of both characters, so that it quotes both
    writer.writeheader()
    writer.writerows({name: guarded(str(value)) for name, value in row.items()} for row in rows)
    return text.getvalue(), CSV

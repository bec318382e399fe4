# Copied by `make openapi`: change chalicelib/domain/rows.py, not this.
"""The rows of a file: CSV as spreadsheets save it, or JSON lines.

CSV is separated by commas, semicolons or tabs, in UTF-8 (with or without a byte order mark) or UTF-16, as Excel,
Numbers and Google Sheets save it. A row that cannot be read carries its fault and spoils no other; a file that cannot
be read as a whole is `Unreadable`, with what to do about it.

The service and the command line read with this module: `make openapi` copies it into the client.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from warmup.api.strict_json import parse

SEPARATORS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab"}
LONGEST_CELL = 32_767
"""Characters: what a cell of a spreadsheet holds."""
LARGEST_ROW = 100_000
"""Bytes in UTF-8."""
_END = re.compile(r"\r\n|\r|\n")
_PLAIN = {separator: re.compile(rf"[^{separator}\r\n]*") for separator in SEPARATORS}
_DECLARED = re.compile(r"[Ss][Ee][Pp]=([,;\t])(\r\n|\r|\n)")
_SAVE = 'save it as "CSV UTF-8" (in Numbers and Google Sheets: export as CSV)'
_WORKBOOKS = {b"PK\x03\x04": "an Excel workbook, or another zip file", b"\xd0\xcf\x11\xe0": "an old Excel workbook"}
_LOST = "\ufffd"
_SHOWN = 40


_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def guarded(cell: str) -> str:
    """The cell with a `'` before what a spreadsheet would run as a formula; numbers stay numbers."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """The cell without the `'` that `guarded` put before it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


class Unreadable(Exception):
    """The file cannot be read as a whole; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row, the line on which it begins (from 1), and its text as it was written, without the end of the line.

    `members` are its cells that are not empty, by column, or its JSON object; with a `fault` there are none.
    """

    line: int
    written: str
    members: Mapping[str, Any]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file that hold something. `separator` is None for JSON lines, `header` the first line of CSV."""

    rows: Sequence[Row]
    separator: str | None = None
    header: str = ""


def decode(data: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16. Raises Unreadable."""
    for start, what in _WORKBOOKS.items():
        if data.startswith(start):
            raise Unreadable(f"This is {what}: {_SAVE} and send that.")
    encoding = _encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise Unreadable(f"This begins like {encoding.upper()} and is not: {_SAVE}.") from None
        raise Unreadable(_not_utf_8(data, error.start)) from None


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data[:1] and data[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if data[:1] == b"\0" and data[1:2] else "utf-8-sig"


def _not_utf_8(data: bytes, at: int) -> str:
    before = data[:at].decode("utf-8-sig")
    lines = _END.split(before)
    byte = data[at : at + 1]
    meant = byte.decode("cp1252", "replace")
    as_windows = "" if meant == _LOST else f" (in Windows-1252 it is {meant})"
    return (
        f"Line {len(lines)}, character {len(lines[-1]) + 1}: the byte 0x{byte.hex()} is not UTF-8{as_windows}: {_SAVE}."
    )


# JSON lines


def read_lines(data: bytes, most: int | None = None) -> Table:
    """The first `most` rows of JSON lines (None: all); blank lines are skipped. Raises Unreadable."""
    text = decode(data)
    _refuse_array(text)
    lines = enumerate(text.split("\n"), start=1)  # not splitlines: JSON strings may hold other line breaks as they are
    found = (_object(line, written.removesuffix("\r")) for line, written in lines if written.strip())
    return Table(list(islice(found, most)))


def _refuse_array(text: str) -> None:
    if re.match(r"\s*\[\s*(\{|\Z)", text):
        raise Unreadable("This is a JSON array: send JSON lines, one object on each line, without [ ] and commas.")


def _object(line: int, written: str) -> Row:
    fault = _too_large(written)
    if fault is None:
        try:
            parsed = parse(written)
        except RecursionError:
            fault = "it is nested too deeply"
        except json.JSONDecodeError as error:
            fault = f"it is not valid JSON: {error.msg} at character {error.colno}"
        except ValueError as error:
            fault = f"it is not valid JSON: {str(error)[:200]}"
        else:
            if isinstance(parsed, dict):
                return Row(line, written, parsed)
            fault = f"it is not a JSON object: {written.strip()[:_SHOWN]}"
    return Row(line, written, {}, f"line {line}: {fault}")


def _too_large(written: str) -> str | None:
    size = len(written.encode("utf-8", "surrogatepass"))
    return f"the row has {size:,} bytes; at most {LARGEST_ROW:,} are read" if size > LARGEST_ROW else None


# CSV


def read_csv(data: bytes, notes: Sequence[str] = (), most: int | None = None) -> Table:
    """The first `most` rows of CSV (None: all) by the names in its first line, which are trimmed and in lower case;
    blank rows are skipped.

    Where the first columns are named as `notes`, they belong to no row. Raises Unreadable.
    """
    text = decode(data)
    _refuse_array(text)
    if re.match(r"\s*\{", text):
        raise Unreadable("These are JSON lines, not CSV: send them as such (.jsonl, application/x-ndjson).")
    return _Csv(text, notes).table(most)


@dataclass(slots=True)
class _Record:
    """The cells of one record of CSV, each with where it begins, and where the record ends and the next begins.

    `broken` is where the quotes of a broken record lead: what lies before may be a part of it.
    """

    cells: list[str]
    starts: list[int]
    end: int
    following: int
    fault: str | None = None
    broken: int = 0


class _Csv:
    """One reading of a text of CSV."""

    def __init__(self, text: str, notes: Sequence[str]) -> None:
        self._text, self._at, self._line = text, 0, 1
        declared = _DECLARED.match(text)
        if declared is not None:
            self._at, self._line = declared.end(), 2
        while (blank := _END.match(self._text, self._at)) is not None:
            self._at, self._line = blank.end(), self._line + 1
        self._separator = declared[1] if declared is not None else self._guess()
        self._header = self._next()
        if self._header.fault is not None:
            raise Unreadable(f"The names of the columns cannot be read: {self._header.fault}.")
        names = [name.strip().casefold() for name in self._header.cells]
        self._notes = len(notes) if notes and names[: len(notes)] == list(notes) else 0
        self._names = names[self._notes :]
        self._check_names()

    def _guess(self) -> str:
        """The separator that makes the most columns of the first line."""
        counts = {one: len(_record(self._text, self._at, one, self._line).cells) for one in SEPARATORS}
        return max(counts, key=lambda one: counts[one])

    def _check_names(self) -> None:
        if any(_LOST in name or "\0" in name for name in self._names):
            # as a gateway that takes every body for UTF-8 makes of UTF-16
            raise Unreadable(f"The first line lost characters when the file was saved or sent: {_SAVE}.")
        seen: dict[str, int] = {}
        for column, name in enumerate(self._names, start=1 + self._notes):
            first = seen.setdefault(name, column)
            if name and first != column:
                raise Unreadable(
                    f"The first line names {name[:64]!r} more than once (columns {first} and {column}): "
                    "which one counts?"
                )

    def table(self, most: int | None) -> Table:
        """The first rows that hold something."""
        return Table(list(islice(self._rows(), most)), self._separator, self._written(self._header))

    def _rows(self) -> Iterator[Row]:
        doubtful = 0
        while self._at < len(self._text):
            at, line = self._at, self._line
            record = self._next()
            if record.fault is None and not any(cell.strip() for cell in record.cells):
                continue
            fault = record.fault or self._fault(record, line)
            if fault is None and at < doubtful and len(record.cells) != len(self._names) + self._notes:
                fault = f"line {line}: this may be a part of the broken row above it"
            doubtful = max(doubtful, record.broken)
            cells = {} if fault else self._members(record)
            if cells or fault:
                yield Row(line, self._written(record), cells, fault)

    def _next(self) -> _Record:
        record = _record(self._text, self._at, self._separator, self._line)
        self._line += len(_END.findall(self._text, self._at, record.following))
        self._at = record.following
        return record

    def _written(self, record: _Record) -> str:
        start = record.starts[min(self._notes, len(record.starts) - 1)]
        return self._text[start : record.end]

    def _members(self, record: _Record) -> dict[str, str]:
        pairs = zip(self._names, record.cells[self._notes :], strict=False)
        return {name: unguarded(cell) for name, cell in pairs if name and cell}

    def _fault(self, record: _Record, line: int) -> str | None:
        own = record.cells[self._notes :]
        for column, cell in enumerate(own):
            place = f"line {line}, column {column + 1 + self._notes}"
            if column >= len(self._names) and cell.strip():
                what = SEPARATORS[self._separator]
                return f"{place}: more cells than columns: {cell[:_SHOWN]!r}; a text that holds a {what} needs quotes"
            if column < len(self._names) and not self._names[column] and cell.strip():
                return f"{place}: the column of {cell[:_SHOWN]!r} has no name"
            if len(cell) > LONGEST_CELL:
                return f"{place}: the cell has {len(cell):,} characters; at most {LONGEST_CELL:,} are read"
            if _LOST in cell:
                return f"{place}: a character was lost (U+FFFD) when the file was saved: {_SAVE}"
        large = _too_large(self._written(record))
        return None if large is None else f"line {line}: {large}"


def _record(text: str, at: int, separator: str, line: int) -> _Record:
    """The record that begins there. One whose quotes are broken ends with its first line, so that the next are read."""
    cells: list[str] = []
    starts: list[int] = []
    begin = at
    while True:
        starts.append(at)
        if text.startswith('"', at):
            closing = _closing(text, at + 1)
            after = closing + 1
            sound = closing >= 0 and (after == len(text) or text[after] in (separator, "\r", "\n"))
            if not sound:
                what = "is never closed" if closing < 0 else 'is closed within the cell (write "" for a quote)'
                end, following = _line_end(text, begin)
                fault = f"line {line}, column {len(starts)}: the quote that begins the cell {what}"
                return _Record(cells, starts, end, following, fault, len(text) if closing < 0 else after)
            cells.append(text[at + 1 : closing].replace('""', '"'))
            at = after
        else:
            plain = _PLAIN[separator].match(text, at)
            assert plain is not None, "it matches nothing, too"
            cells.append(plain[0])
            at = plain.end()
        if text.startswith(separator, at):
            at += 1
            continue
        end, following = _line_end(text, at)
        return _Record(cells, starts, end, following)


def _closing(text: str, at: int) -> int:
    """Where the quote stands that closes a cell; -1 if none does."""
    while (at := text.find('"', at)) >= 0 and text.startswith('""', at):
        at += 2
    return at


def _line_end(text: str, at: int) -> tuple[int, int]:
    """Where the line ends, and where the next begins."""
    found = _END.search(text, at)
    return (len(text), len(text)) if found is None else found.span()

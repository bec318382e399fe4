"""The file of the bad rows of an import: each as it was written, with its line and the reason."""

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

from warmup.api.rows import Row, Table
from warmup.commands.common import Exit, fail, say
from warmup.terminal import counted

NOTES = ("line", "reason")
"""The columns of the file beside those of the rows."""
_NOTED = re.compile(r'\s*\{"line": \d+, "reason": "(?:[^"\\]|\\.)*"(?:, )?')
_MARK = "\ufeff"  # by it spreadsheets know UTF-8
_FEW = 3


def beside(file: Path) -> Path:
    """Return the default file for the bad rows of a file."""
    return file.with_name(f"{file.stem}.bad{file.suffix}")


def place(file: Path, wanted: Path | None) -> Path:
    """Return the file for the bad rows. Ends the command where that is the file itself."""
    kept = wanted or beside(file)
    if kept.resolve() == file.resolve():
        raise fail(Exit.USAGE, f"{file} holds the rows: name another file for the bad ones.")
    return kept


def keep(table: Table, reasons: Mapping[int, str], file: Path) -> None:
    """Write the rows that have a reason (by their line), and report the first of them."""
    if not reasons:
        return
    bad = [row for row in table.rows if row.line in reasons]
    try:
        file.write_text(written(table, bad, reasons), encoding="utf-8", newline="")
        say(f"{counted(len(bad), 'bad row')}, with what is wrong with them: {file}")
        shown = bad[:_FEW]
    except OSError as error:
        say(
            f"{counted(len(bad), 'bad row')}, which cannot be kept in {file} (see --bad-rows): {error.strerror}",
            style="red",
        )
        shown = bad
    for row in shown:
        reason = reasons[row.line]
        say(f"  {reason}" if reason == row.fault else f"  line {row.line}: {reason}")


def remove(file: Path) -> None:
    """Remove the bad rows of an earlier run; any other file stays."""
    try:
        with file.open(encoding="utf-8-sig") as held:
            ours = re.match(r'line[,;\t]reason[,;\t]|\{"line": \d+, "reason": "', held.readline())
        if ours:
            file.unlink()
    except (OSError, UnicodeDecodeError):
        return


def written(table: Table, bad: list[Row], reasons: Mapping[int, str]) -> str:
    """Return the text of the file. Rows with broken quotes come last: a spreadsheet might draw others into them."""
    if table.separator is None:
        return "".join(_noted(row, reasons[row.line]) + "\n" for row in bad)
    lines = [table.separator.join((*NOTES, table.header))]
    for row in sorted(bad, key=lambda row: row.fault is not None):
        lines.append(f"{row.line}{table.separator}{_cell(reasons[row.line])}{table.separator}{row.written}")
    return _MARK + "".join(line + "\r\n" for line in lines)


def _cell(text: str) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow([text])
    return out.getvalue()


def _noted(row: Row, reason: str) -> str:
    """Return a line of JSON with the notes before its members. What is not an object stays as it is."""
    text = _NOTED.sub("{", row.written, count=1)
    begin = text.find("{") + 1
    if text[:begin].strip() != "{":
        return text
    rest = text[begin:]
    between = "" if rest.lstrip().startswith("}") else ", "
    return f'{{"line": {row.line}, "reason": {json.dumps(reason, ensure_ascii=False)}{between}{rest}'

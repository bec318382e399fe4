"""A dry run and the run give every row the same outcome, by HTTP and by the command line, whatever the file is like."""

import codecs
import csv
import hashlib
import io
import itertools
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from chalicelib.domain.rows import read_csv, read_lines
from tests.sandbox.test_run import need
from warmup import cli
from warmup.commands import imports
from warmup.sandbox.fake import FakeServer, fake_server
from warmup.sandbox.pictures import draw

pytestmark = pytest.mark.engine
NUMBERS = itertools.count()
PART = 3
"""Rows that the command line sends at once here, so that small files have several parts."""
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with its mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16 LE": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    need("ministack")
    with fake_server() as server:
        yield server


@dataclass(frozen=True)
class File:
    """A file of rows in which `NS` stands for what keeps the two ways apart."""

    noun: str
    text: str
    encoding: str
    lines: bool

    def data(self, namespace: str) -> bytes:
        return ENCODINGS[self.encoding](self.text.replace("NS", namespace))


NAMES = {
    "texts": ("text_id", "category", "quality_score", "max_usage", "tags", "body", "licensed_by", "valid_until"),
    "accounts": ("account_id", "model_id", "username", "tags", "granted_by", "granted_at", "reference"),
}
SHAPES: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "texts": {
        "text_id": st.sampled_from(["", "", "", "NS-1", "NS-2", "no id"]),
        "category": st.sampled_from(["bio", "bio", "any", "reel", ""]),
        "quality_score": st.sampled_from(["70", "70", "80.5", "80,5", "070", "seventy"]),
        "max_usage": st.sampled_from(["5", "5", "0", "1.0E+02"]),
        "tags": st.sampled_from(["", "", "new vip", "n/a"]),
        "body": st.sampled_from(["Sea", "SEA", "Sea, salt; sun", 'A "quoted"\nline', "=1+1", "é😀", " ", "Sea\u200b", "a\r\nb"]),
        "licensed_by": st.sampled_from(["", "", "Ada"]),
        "valid_until": st.sampled_from(["", "", "2030-12-31", "31/12/2030", "2030-12-31T00:00:00Z"]),
    },
    "accounts": {
        "account_id": st.sampled_from(["", "NS-1", "NS-2", "NS-3", "no id"]),
        "model_id": st.sampled_from(["NS", "NS", "NS", "nowhere", ""]),
        "username": st.sampled_from(["NS.ada", "NS.Ada", "@NS.ada", "NS.eve", "NS é", "NS\nkim", "", "NS.max"]),
        "tags": st.sampled_from(["", "", "vip"]),
        "granted_by": st.sampled_from(["Ada", "Ada", ""]),
        "granted_at": st.sampled_from(["2026-01-01", "2026-01-01T00:00:00Z", "01/02/2026", "2099-01-01", ""]),
        "reference": st.sampled_from(["contract; 7", "contract; 7", ""]),
    },
}  # fmt: skip
BROKEN = [
    *('x,"y" z', 'x;"y" z', '"never closed', "x"),  # broken quotes, and a row that is short
    *(",,,,,,,,,,,,,beyond", ";;;;;;;;;;;;;beyond", "lost \ufffd"),
    *(",,,", ";;;;", ""),  # blank
]
BROKEN_LINES = ["", "{", "[]", "7", '{"body": NaN}', '{"body": "a", "body": "b"}', "text"]


@st.composite
def files(draw_: st.DrawFn, noun: str) -> File:
    """A file as a spreadsheet or a program saves it, with faults in it."""
    names, shapes = NAMES[noun], SHAPES[noun]
    rows = draw_(st.lists(st.fixed_dictionaries({name: shapes[name] for name in names}), max_size=7))
    lines = draw_(st.booleans())
    separator = draw_(st.sampled_from([",", ";", "\t"]))
    if lines:
        written = [json.dumps(_members(row), ensure_ascii=False) for row in rows]
    else:
        written = [_record([row[name] for name in names], separator) for row in rows]
    for broken in draw_(st.lists(st.sampled_from(BROKEN_LINES if lines else BROKEN), max_size=2)):
        written.insert(draw_(st.integers(0, len(written))), broken)
    if not lines:
        shown = [draw_(st.sampled_from([name, name.title(), f" {name} "])) for name in names]
        written.insert(0, _record(shown, separator))
    end = draw_(st.sampled_from(["\n", "\r\n"]))
    return File(
        noun, end.join(written) + draw_(st.sampled_from(["", end])), draw_(st.sampled_from(list(ENCODINGS))), lines
    )


def _record(cells: list[str], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n")


def _members(row: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: value for name, value in row.items() if value}
    for name in ("quality_score", "max_usage"):
        if name in found and found[name].isdigit():
            found[name] = int(found[name])
    for name, parts in (
        ("licence", ("licensed_by", "valid_until")),
        ("consent", ("granted_by", "granted_at", "reference")),
    ):
        together = {part: found.pop(part) for part in parts if part in found}
        if together:
            found[name] = together
    if "tags" in found:
        found["tags"] = found["tags"].split()
    return found


@dataclass(frozen=True)
class Outcome:
    """What an import said: how it ended where it read no row, how often what became of a row, which lines are bad."""

    refused: bool
    counts: dict[str, int]
    bad: list[int]


def by_http(server: FakeServer, file: File, namespace: str, *, dry_run: bool) -> Outcome:
    """The import of the file by HTTP."""
    from warmup.problems import ApiError  # noqa: PLC0415  # only here

    media_type = "application/x-ndjson" if file.lines else "text/csv"
    body = file.data(namespace)
    try:
        if file.noun == "accounts":
            answer: Any = server.operator.accounts.import_all(body, media_type=media_type, dry_run=dry_run)
        else:
            answer = server.operator.texts.import_all(namespace, body, media_type=media_type, dry_run=dry_run)
    except ApiError as error:
        assert error.status == 400, error
        return Outcome(True, {}, [])
    counts = Counter(row.outcome for row in answer.rows)
    assert answer.counts == {word: counts[word] for word in ("created", "unchanged", "refused", "left")}
    return Outcome(False, dict(counts), [row.line for row in answer.rows if row.outcome == "refused"])


def run(server: FakeServer, *arguments: str) -> tuple[int, str, str]:
    """A command: how it ended, and what it wrote where."""
    env = {"WARMUP_URL": server.url, "WARMUP_OPERATOR_KEY": server.operator_key, "NO_COLOR": "1"}
    ended = CliRunner().invoke(cli.app, list(arguments), env=env)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), (ended.exception, ended.output)
    return ended.exit_code, ended.stdout, ended.stderr


def by_command(server: FakeServer, noun: str, path: Path, model_id: str, *, dry_run: bool) -> Outcome:
    """The import of the file by the command line."""
    kept = path.with_name(f"{path.stem}.bad{path.suffix}")
    kept.unlink(missing_ok=True)
    of = () if noun == "accounts" else (model_id,)
    code, out, err = run(server, noun, "import", *of, str(path), "-o", "json", *(("--dry-run",) if dry_run else ()))
    if code == 2:
        return Outcome(True, {}, [])
    assert code in (0, 5), err
    counts = json.loads(out)
    assert sum(counts[word] for word in counts if word not in ("rows", "dry_run")) == counts["rows"], "each row has one"
    assert (code == 5) == ("refused" in counts) == kept.exists()
    return Outcome(False, {one: counts[one] for one in counts if one not in ("rows", "dry_run")}, noted(kept))


def noted(kept: Path) -> list[int]:
    """The lines that a file of bad rows names, where it can."""
    if not kept.exists():
        return []
    text = kept.read_bytes().decode("utf-8-sig")

"""A dry run and the run give every row the same outcome, by HTTP and by the command line, whatever the file is like."""

import codecs
import csv
import hashlib
import io
import itertools
import json
import os
import re
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
VIDEO = Path(__file__).parent.parent / "media" / "index-first.mp4"
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
        "body": st.sampled_from(["Sea", "SEA", "a, b; c", 'A "quoted"\nline', "=1+1", "é😀", "Sea\u200b", "\r\nb"]),
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
        ("consent", ("granted_by", "granted_at", "reference", "valid_until")),
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
    """The lines that a file of bad rows names."""
    if not kept.exists():
        return []
    text = kept.read_bytes().decode("utf-8-sig")
    if kept.suffix == ".jsonl":
        lines = [one.partition('"line": ')[2] for one in text.split("\n") if '"line": ' in one]
        return sorted(json.JSONDecoder().raw_decode(line)[0] for line in lines)
    begins = (re.match(r"(\d+)[,;\t]", row.written) for row in read_csv(text.encode()).rows)
    return sorted(int(one[1]) for one in begins if one is not None)


@pytest.mark.parametrize("noun", ["texts", "accounts"])
def test_a_dry_run_and_the_run_agree_by_every_way(
    server: FakeServer, noun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MOST_ROWS", PART)

    @settings(
        max_examples=int(os.environ.get("WARMUP_EXAMPLES", "15")),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(files(noun))
    def agree(file: File) -> None:
        number = next(NUMBERS)
        http, command = f"h{number:04}", f"c{number:04}"
        for model_id in (http, command):
            server.operator.models.create(model_id=model_id)
        rehearsed = by_http(server, file, http, dry_run=True)
        assert by_http(server, file, http, dry_run=False) == rehearsed
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / ("rows.jsonl" if file.lines else "rows.csv")
            path.write_bytes(file.data(command))
            told = by_command(server, noun, path, command, dry_run=True)
            kept = path.with_name(f"rows.bad{path.suffix}")
            reasons = kept.read_bytes() if kept.exists() else b""
            done = by_command(server, noun, path, command, dry_run=False)
            assert done == told
            assert (done.refused, done.counts) == (rehearsed.refused, rehearsed.counts)
            assert done.bad == rehearsed.bad or (file.lines and set(done.bad) <= set(rehearsed.bad))
            if kept.exists():
                assert kept.read_bytes() == reasons or noun == "texts", "the same reasons (but for ids made meanwhile)"
                sent_again(server, file, path, kept, command, done)

    agree()


def sent_again(server: FakeServer, file: File, path: Path, kept: Path, model_id: str, done: Outcome) -> None:
    """The bad rows come back as they were; fixed and sent again they make each row once, and nothing twice."""
    before = read_lines(path.read_bytes()) if file.lines else read_csv(path.read_bytes())
    text = kept.read_bytes().decode("utf-8-sig")
    for row in before.rows:
        if row.fault is not None and not file.lines:
            assert row.written in text
    assert by_command(server, file.noun, path, model_id, dry_run=False).counts.get("created", 0) == 0, "nothing twice"
    good = "".join(f"{line}\n" for line in fixed(file, model_id, done.counts["refused"]))
    again = path.with_name(f"again{path.suffix}")
    again.write_text(good, encoding="utf-8")
    assert by_command(server, file.noun, again, model_id, dry_run=False).counts == {"created": done.counts["refused"]}
    assert by_command(server, file.noun, again, model_id, dry_run=False).counts == {"unchanged": done.counts["refused"]}


def fixed(file: File, namespace: str, count: int) -> Iterator[str]:
    """The file of bad rows with each row put right."""
    for number in range(count):
        if file.noun == "texts":
            row = {"category": "any", "quality_score": "70", "max_usage": "5", "body": f"Fixed {number}."}
        else:
            row = {"model_id": namespace, "username": f"{namespace}.fixed.{number}"}
        if file.lines:
            yield json.dumps({"line": number + 1, "reason": "why", **_members(row)})
            continue
        if number == 0:
            yield ",".join(("line", "reason", *row))
        yield ",".join((str(number + 1), '"why, indeed"', *row.values()))


def test_what_is_in_a_folder_becomes_the_same_in_a_dry_run_and_the_run(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `content import` and by `content add`: types and sizes that plans take or not, twice and under two names."""
    monkeypatch.setattr(imports, "MOST_ROWS", PART)
    one = draw(900, "post", None, "one")
    png = one.data
    held = {
        "one.png": png,
        "two.jpg": png,  # the same under another name, which has no say
        "three.png": draw(901, "post", None, "three").data,
        "moving.gif": b"GIF89a" + b"\0" * 40,
        "clip.mp4": VIDEO.read_bytes(),
        "phone.jpg": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40,
        "new.avif": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + b"\0" * 40,
        "page.png": b"<html>",
        "empty.png": b"",
        "large.jpg": draw(902, "post", None, "large").data + b"\0" * (51 * 1024 * 1024) + b"\xff\xd9",
    }
    for name, data in held.items():
        (tmp_path / name).write_bytes(data)
    lines = ["file,category,quality_score,max_usage"]
    lines += [f"{name},post,70,5" for name in held]
    lines += [
        "one.png,post,70,5",
        "three.png,reel,70,5",
        "nowhere.png,post,70,5",
        "three.png,post,71,5",
        "two.jpg,post,70,5",
    ]
    path = tmp_path / "media.csv"
    path.write_text("".join(f"{line}\n" for line in lines))
    server.operator.models.create(model_id="folder")
    told = by_command(server, "content", path, "folder", dry_run=True)
    assert told.counts == {"created": 4, "unchanged": 3, "refused": 8}  # a plan may ask for video, and for a gigabyte
    assert by_command(server, "content", path, "folder", dry_run=False) == told
    assert len(list(server.operator.content.list_all("folder"))) == 4

    server.operator.models.create(model_id="added")
    files = [str(tmp_path / name) for name in [*held, "one.png", "nowhere.png"]]
    arguments = ("content", "add", "added", *files, "-c", "post", "-o", "json")
    code, out, err = run(server, *arguments, "--dry-run")
    rehearsed = {row["file"]: row["outcome"] for row in json.loads(out)}
    assert code == 5
    code, out, err = run(server, *arguments)
    done = [
        (row["file"], row.get("outcome") or ("unchanged" if row["replayed"] else "created")) for row in json.loads(out)
    ]
    assert code == 5
    assert dict(done) == {**rehearsed, files[0]: "unchanged"} or dict(done) == rehearsed
    assert Counter(outcome for _, outcome in done) == {"created": 4, "unchanged": 2, "refused": 6}
    for name in ("moving.gif", "phone.jpg", "new.avif", "page.png", "empty.png", "nowhere.png"):
        assert f"{tmp_path / name}: " in err or f"{name}" in err, "each by its name, with its reason"
    held_now = {one.sha256: str(one.media_type) for one in server.operator.content.list_all("added")}
    assert held_now[hashlib.sha256(png).hexdigest()] == one.media_type, "by its bytes"

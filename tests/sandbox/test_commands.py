"""The command line over a service: what it writes where, how it ends, what it asks."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.pages import environ
from tests.sandbox.test_run import need
from warmup import cli
from warmup.api.models import ConsentBody, TextBody
from warmup.api.operations import Accounts, Texts
from warmup.commands.common import Format
from warmup.commands.output import show
from warmup.problems import Unreachable
from warmup.sandbox.fake import FakeServer, fake_server
from warmup.sandbox.pictures import draw

pytestmark = pytest.mark.engine

ROWS = int(os.environ.get("WARMUP_IMPORT_ROWS", "400"))
BAD = ROWS // 200


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    need("ministack")
    with fake_server() as server:
        for number in range(3):
            server.account(f"n-{number}")
        yield server


@pytest.fixture
def warmup(server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `warmup` with these arguments, as an operator of the server."""
    monkeypatch.setenv("WARMUP_URL", server.url)
    monkeypatch.setenv("WARMUP_OPERATOR_KEY", server.operator_key)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("WARMUP_KEY", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["warmup", *arguments])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


def test_data_goes_to_standard_output_and_words_to_standard_error(warmup: Run) -> None:
    listed = warmup("accounts", "list", "-o", "json")
    assert [one["account_id"] for one in listed.json] == ["n-0", "n-1", "n-2"]
    assert listed.err == "3 accounts\n"


@pytest.mark.parametrize("output", ["json", "jsonl", "csv", "table"])
def test_every_form_of_output_says_the_same(warmup: Run, output: str) -> None:
    out = warmup("accounts", "list", "-o", output).out
    match output:
        case "json":
            names = [one["account_id"] for one in json.loads(out)]
        case "jsonl":
            names = [json.loads(line)["account_id"] for line in out.splitlines()]
        case "csv":
            names = [row["account_id"] for row in csv.DictReader(io.StringIO(out))]
        case _:
            names = [line.split()[0] for line in out.splitlines()[1:]]
            assert "\x1b" not in out, "no colours where NO_COLOR stands"
    assert names == ["n-0", "n-1", "n-2"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("accounts", "get", "nobody"), 3, "account_not_found"),
        (("accounts", "list", "--nonsense"), 2, "nonsense"),
        (("accounts", "list", "--state", "asleep"), 2, "malformed_request"),
        (("review", "resolve", "n-0", "pfp", "--reason", "r", "--note", "n"), 4, "account_not_ready"),
        (("pipeline", "pause", "--reason", "r"), 2, "pass --yes"),
        (("accounts", "pause", "n-0", "n-1", "--reason", "r"), 2, "pass --yes"),
        (("accounts", "pause", "--all", "--reason", "r"), 2, "Pause 3 accounts? There is no terminal to confirm in: "),
        (("accounts", "pause", "--reason", "r"), 2, "which accounts?"),
        (("accounts", "pause", "n-0", "--all", "--reason", "r"), 2, "which accounts?"),
        (("accounts", "pause", "n-0"), 2, "--reason"),
        (("plans", "migrate", "standard", "--reason", "r"), 2, "Move which accounts?"),
        (("plans", "migrate", "standard", "n-0", "--all", "--reason", "r"), 2, "Move which accounts?"),
        (("plans", "migrate", "standard", "--model", "nobody", "--reason", "r"), 0, "no account matches."),
        (("bots", "revoke", "bot-1", "key_1"), 2, "pass --yes"),
        (("sessions", "stop", "ses_1", "--reason", "r"), 2, "pass --yes"),
        (("review", "retry", "--reason", "r"), 0, "Nothing to do: no case matches."),
        (("sessions", "stop", "ses_1", "--reason", "r", "--dry-run"), 3, "session_not_found"),
        (("--url", "http://127.0.0.1:9", "accounts", "list"), 7, "does not answer"),
        (("--profile", "none", "accounts", "list"), 2, "profiles.toml"),
        (("accounts", "pause", "n-0", "nobody", "--reason", "r", "--yes"), 5, ""),
        (("accounts", "resume", "n-0", "--reason", "r"), 0, ""),
        (("work",), 2, "in a terminal"),
        (("audit", "tail", "--account", "nobody"), 0, "No events of nobody."),
        (("review", "retry", "n-0", "--reason", "r"), 4, "n-0 is not in any phase"),
        (("review", "retry", "n-0", "--code", "x", "--reason", "r"), 2, "or pass filters"),
        (("texts", "add", "nora", "\udcff", "--category", "bio"), 2, "not UTF-8"),
        (("accounts", "get", ""), 2, "An id is empty"),
        (("accounts", "get", "\udcff"), 2, "An id is not valid text"),
        (("--url", "localhost:8000", "accounts", "list"), 2, "'localhost:8000' is not a URL of the service"),
        (("--url", "http://a:port", "doctor"), 1, ""),
        (("--url", "http://a:port", "pipeline"), 2, "Invalid port"),
    ],
    ids=lambda one: " ".join(one)[:40] if isinstance(one, tuple) else None,
)
def test_a_command_ends_with_the_code_that_its_outcome_has(
    warmup: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, says: str
) -> None:
    monkeypatch.setattr("warmup.retry._SHORTEST", 0.001)
    ended = warmup(*arguments)
    assert (ended.code, says in ended.err) == (code, True), ended


def test_what_is_not_the_service_is_an_error(warmup: Run, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    monkeypatch.setattr(server, "away", True)
    monkeypatch.setattr("warmup.retry._SHORTEST", 0.001)
    ended = warmup("accounts", "list")
    assert (ended.code, ended.out, "Traceback" in ended.err) == (1, "", False), ended


def test_a_wrong_key_is_told_apart(warmup: Run, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    monkeypatch.setenv("WARMUP_OPERATOR_KEY", "wrong")
    assert warmup("accounts", "list").code == 6
    monkeypatch.setenv("WARMUP_OPERATOR_KEY", server.bot_key())
    told = warmup("accounts", "list")
    apart = "for the key of a user; yours is a bot's"
    assert (told.code, apart in told.err, "A key was sent" in told.err) == (6, True, False), told
    monkeypatch.delenv("WARMUP_OPERATOR_KEY")
    ended = warmup("accounts", "list")
    assert (ended.code, "set WARMUP_OPERATOR_KEY" in ended.err) == (6, True)


@pytest.mark.parametrize(
    ("profile", "variable", "source"),
    [
        (None, "WARMUP_OPERATOR_KEY", "WARMUP_OPERATOR_KEY"),
        (None, "WARMUP_KEY", "WARMUP_KEY"),  # what an operator's command takes where the other is not set
        ("floor", "WARMUP_OPERATOR_KEY", "the profile floor"),
    ],
)
def test_a_refused_key_is_named_by_where_it_came_from(
    warmup: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str | None, variable: str, source: str
) -> None:
    monkeypatch.delenv("WARMUP_OPERATOR_KEY")
    monkeypatch.setenv(variable, "wk_nobody_secret")
    written_profile(monkeypatch, tmp_path, '[floor]\nkey = "wk_nobody_secret"\n')
    for command in (("accounts", "list"), ("doctor",)):
        ended = warmup(*(("--profile", profile) if profile else ()), *command)
        said = ended.out + ended.err
        assert f"A key was sent (from {source}), but it is unknown to the service or revoked." in said, ended
        assert "wk_nobody_secret" not in said


def test_a_profile_that_others_can_read_is_refused(
    warmup: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: FakeServer
) -> None:
    monkeypatch.delenv("WARMUP_OPERATOR_KEY")
    monkeypatch.delenv("WARMUP_URL")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "warmup" / "profiles.toml"
    file.parent.mkdir()
    file.write_text(f'[floor]\nurl = "{server.url}"\nkey = "{server.operator_key}"\n')
    file.chmod(0o644)
    refused = warmup("--profile", "floor", "accounts", "list")
    assert (refused.code, "chmod 600" in refused.err) == (2, True)
    file.chmod(0o600)
    assert warmup("--profile", "floor", "accounts", "list").code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[floor", "cannot be read"),
        ('floor = "x"', "a profile is [floor]"),
        ("[floor]\nurl = 3", "a profile is [floor]"),
        ("[yard]", "it has: yard"),
    ],
)
def test_a_profile_that_cannot_be_read_says_how_one_looks(
    warmup: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, says: str
) -> None:
    written_profile(monkeypatch, tmp_path, text)
    ended = warmup("--profile", "floor", "accounts", "list")
    assert (ended.code, says in ended.err) == (2, True), ended


def written_profile(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    (folder / "warmup").mkdir()
    (folder / "warmup" / "profiles.toml").touch(0o600)
    (folder / "warmup" / "profiles.toml").write_text(text)


def test_a_profile_that_is_named_goes_before_the_environment(
    warmup: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: FakeServer
) -> None:
    monkeypatch.setattr("warmup.retry._SHORTEST", 0.001)
    text = f'[floor]\nurl = "{server.url}"\nkey = "{server.operator_key}"\n[away]\nurl = "http://127.0.0.1:9"\n'
    written_profile(monkeypatch, tmp_path, text)
    assert warmup("--profile", "away", "accounts", "list").code == 7, "the address of the profile"
    monkeypatch.setenv("WARMUP_PROFILE", "away")
    assert warmup("accounts", "list").code == 0, "WARMUP_URL is nearer than WARMUP_PROFILE"
    monkeypatch.setenv("WARMUP_OPERATOR_KEY", "wrong")
    assert warmup("--profile", "floor", "accounts", "list").code == 0, "the key of the profile"


def test_the_key_of_a_profile_goes_to_its_own_address_only(
    warmup: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: FakeServer
) -> None:
    monkeypatch.delenv("WARMUP_OPERATOR_KEY")
    written_profile(monkeypatch, tmp_path, '[prod]\nurl = "https://warmup.example"\nkey = "wk_prod_key"\n')
    asked = len(server.asked)
    ended = warmup("--profile", "prod", "--url", server.url, "accounts", "list")
    assert (ended.code, "belongs to https://warmup.example" in ended.err) == (2, True), ended
    monkeypatch.setenv("WARMUP_PROFILE", "prod")  # WARMUP_URL is that of the server
    ended = warmup("accounts", "list")
    assert (ended.code, "belongs to https://warmup.example" in ended.err) == (2, True), ended
    assert len(server.asked) == asked, "nobody was sent the key"


@pytest.mark.parametrize("url", ["http://warmup.example", "http://10.0.0.7:8000"])
def test_no_key_goes_unencrypted_to_another_machine(warmup: Run, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("warmup.commands.common.Client", None)
    ended = warmup("--url", url, "accounts", "list")
    assert (ended.code, "--insecure" in ended.err) == (2, True), ended


@pytest.mark.parametrize("key", ["a-s\u00e9cret", "a-secret\n", "a secret"])
def test_a_key_that_is_none_is_not_shown(warmup: Run, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("WARMUP_OPERATOR_KEY", key)
    ended = warmup("accounts", "list")
    assert (ended.code, "cret" in ended.err, "The key is not valid" in ended.err) == (2, False, True), ended


def test_an_import_keeps_the_bad_rows_with_reasons_and_makes_nothing_twice(warmup: Run, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    every = ROWS // BAD
    with file.open("w") as out:
        out.write("account_id,model_id,username,granted_by,granted_at,reference\n")
        for number in range(ROWS):
            name = "" if number % every == 0 else f"imported.{number}"
            out.write(f"i-{number},nora,{name},Nora,2026-01-01T00:00:00Z,contract 7\n")
    rehearsed = warmup("accounts", "import", str(file), "--dry-run", "-o", "json")
    assert rehearsed.json == {"rows": ROWS, "dry_run": True, "created": ROWS - BAD, "refused": BAD}
    first = warmup("accounts", "import", str(file), "-o", "json")
    assert first.code == 5
    assert first.json == {"rows": ROWS, "dry_run": False, "created": ROWS - BAD, "refused": BAD}
    assert f"{ROWS}/{ROWS}" in first.err, "the bar"
    bad = list(csv.DictReader((tmp_path / "accounts.bad.csv").open(encoding="utf-8-sig")))
    assert [row["account_id"] for row in bad] == [f"i-{number * every}" for number in range(BAD)]
    assert {row["reason"] for row in bad} == {"invalid_input: /username: Field required"}
    assert [int(row["line"]) for row in bad] == [2 + number * every for number in range(BAD)], "below the names"
    again = warmup("accounts", "import", str(file), "-o", "json")
    assert again.json == {"rows": ROWS, "dry_run": False, "unchanged": ROWS - BAD, "refused": BAD}


def test_an_import_in_several_parts_ends_with_one_warning_of_all_its_rows(
    server: FakeServer, warmup: Run, tmp_path: Path
) -> None:
    server.operator.models.create(model_id="bare")
    file = tmp_path / "many.csv"
    with file.open("w") as out:
        out.write("account_id,model_id,username,granted_by,granted_at,reference\n")
        for number in range(600):
            out.write(f"bare-{number},bare,bare.{number},Nora,2026-01-01T00:00:00Z,contract 7\n")
    said = [warmup("accounts", "import", str(file), *more, "-o", "json").err for more in (["--dry-run"], [])]
    for err in said:
        assert err.count("cannot carry all") == 1
        assert "The pools of bare cannot carry all 600 accounts" in " ".join(err.split())
        assert "600 in all will find nothing" in " ".join(err.split())
    found = warmup("content", "availability", "bare")
    words = " ".join(found.err.split())
    assert "If all 600 start today, the 600 imported ones included: 600 will find nothing." in words


def test_a_text_that_no_plan_takes_is_warned_of(warmup: Run, tmp_path: Path) -> None:
    added = warmup("texts", "add", "nora", "x" * 151, "--category", "bio", "-o", "json")
    assert "The plan standard does not take this in bio: 151 of 150 characters." in " ".join(added.err.split())
    file = tmp_path / "long.csv"
    file.write_text(f"category,quality_score,max_usage,body\nbio,70,5,{'y' * 152}\nbio,70,5,a short one\n")
    imported = warmup("texts", "import", "nora", str(file), "-o", "json")
    assert "line 2: The plan standard does not take this in bio: 152 of 150 characters." in " ".join(
        imported.err.split()
    )
    assert imported.err.count("The plan standard") == 1


def test_the_pipeline_says_as_of_when_and_of_how_many_models(server: FakeServer, warmup: Run) -> None:
    assert "not checked yet" in warmup("pipeline").out
    server.advance(minutes=1)
    assert "models run dry within 7 days, as of" in " ".join(warmup("pipeline").out.split())


def test_bad_rows_are_kept_as_they_came_and_can_be_mended_where_they_are(warmup: Run, tmp_path: Path) -> None:
    file, bad = tmp_path / "texts.csv", tmp_path / "texts.bad.csv"
    file.write_text(
        "category,quality_score,max_usage,body\n"
        'any,70,5,"A text\nof two lines."\n\n'
        "any,70,5,Without quotes, and what is behind the comma\n"
        "any,70,5\n"
        "any,seventy,5,Not a number.\n"
    )
    first = warmup("texts", "import", "nora", str(file), "-o", "json")
    assert (first.code, first.json) == (5, {"rows": 4, "dry_run": False, "created": 1, "refused": 3})
    assert "4/4" in first.err
    assert "line 5, column 5: more cells than columns: ' and what is behind the comma'" in first.err
    kept = bad.read_text()
    assert kept.splitlines()[0] == "\ufeffline,reason,category,quality_score,max_usage,body", "as Excel knows UTF-8"
    assert [row.split(",")[0] for row in kept.splitlines()[1:]] == ["6", "7", "5"], "what is broken last"
    assert kept.splitlines()[3].endswith("any,70,5,Without quotes, and what is behind the comma")
    mended = bad.read_text().replace("Without quotes, and", "With quotes and").replace("seventy,5", "70,5")
    bad.write_text(mended.replace("any,70,5\n", "any,70,5,Here it is.\n"))
    assert warmup("texts", "import", "nora", str(bad), "-o", "json").json == {
        "rows": 3,
        "dry_run": False,
        "created": 3,
    }
    held = [row["body"] for row in warmup("texts", "list", "nora", "-o", "json").json]
    assert {"A text\nof two lines.", "With quotes and what is behind the comma", "Here it is."} <= set(held)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("book.csv", "PK\x03\x04", "This is an Excel workbook"),
        ("twice.csv", "body,Body\nx,y\n", "names 'body' more than once (columns 1 and 2)"),
        ("array.jsonl", '[{"body": "x"}]\n', "This is a JSON array: send JSON lines"),
        ("lines.csv", '{"body": "x"}\n', "JSON lines, not CSV"),
        ("names.csv", "category,body\n", "has no rows"),
        ("empty.csv", "", "has no rows"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(
    warmup: Run, tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    ended = warmup("texts", "import", "nora", str(tmp_path / name))
    assert (ended.code, says in ended.err) == (2, True), ended
    assert warmup("texts", "import", "nora", str(tmp_path)).code == 2, "a folder"


WORDS = "any,70,5,"


@pytest.mark.parametrize(
    ("name", "text", "bad"),
    [
        (
            "open.csv",
            f'category,quality_score,max_usage,body\n{WORDS}One.\n{WORDS}"never closed\n{WORDS}Two.\n',
            {3: "line 3, column 4: the quote that begins the cell is never closed"},
        ),
        (
            "stray.csv",
            f'category,quality_score,max_usage,body\n{WORDS}One.\n{WORDS}"Sea" and sun\n{WORDS}Two.\n',
            {3: "line 3, column 4: the quote that begins the cell is closed within the cell"},
        ),
        (
            "unnamed.csv",
            f"category,quality_score,max_usage,body,\n{WORDS}One.,\n{WORDS}Sea, salt and sun.\n{WORDS}Two.\n",
            {3: "line 3, column 5: the column of ' salt and sun.' has no name"},
        ),
        (
            "long.csv",
            f"category,quality_score,max_usage,body\n{WORDS}One.\n{WORDS}{'x' * 140_000}\n{WORDS}Two.\n",
            {3: "line 3, column 4: the cell has 140,000 characters; at most 32,767 are read"},
        ),
        (
            "broken.jsonl",
            '{"category": "any", "quality_score": 70, "max_usage": 5, "body": "One."}\n{"body": "x"\n["any"]\n'
            '{"category": "any", "quality_score": 70, "max_usage": 5, "body": "Two."}\n',
            {2: "line 2: it is not valid JSON: Expecting ',' delimiter at character 13", 3: "not a JSON object"},
        ),
    ],
)
def test_a_row_that_cannot_be_read_spoils_no_other(
    warmup: Run, server: FakeServer, tmp_path: Path, name: str, text: str, bad: dict[int, str]
) -> None:
    """The others are sent; the bad one comes back as it was, byte for byte."""
    model = f"rows-{name.replace('.', '-')}"
    server.operator.models.create(model_id=model)
    (tmp_path / name).write_text(text, newline="")
    ended = warmup("texts", "import", model, str(tmp_path / name), "-o", "json")
    assert (ended.code, ended.json) == (5, {"rows": 2 + len(bad), "dry_run": False, "created": 2, "refused": len(bad)})
    assert all(reason in ended.err for reason in bad.values()), ended.err
    held = warmup("texts", "list", model, "-o", "json").json
    assert {one["body"] for one in held} == {"One.", "Two."}
    kept = (tmp_path / name.replace(".", ".bad.")).read_text()
    written = text.split("\n")
    for line in bad:
        assert written[line - 1].removeprefix("{") in kept
    before = kept
    assert warmup("texts", "import", model, str(tmp_path / name)).code == 5
    assert (tmp_path / name.replace(".", ".bad.")).read_text() == before, "nothing is made twice, nothing else is said"


def test_the_bad_rows_of_an_earlier_run_do_not_stay(warmup: Run, server: FakeServer, tmp_path: Path) -> None:
    server.operator.models.create(model_id="stale")
    file, bad = tmp_path / "texts.csv", tmp_path / "texts.bad.csv"
    file.write_text("category,quality_score,max_usage,body\nany,seventy,5,Stale.\n")
    assert warmup("texts", "import", "stale", str(file)).code == 5 and bad.exists()
    file.write_text("category,quality_score,max_usage,body\nany,70,5,Stale.\n")
    assert warmup("texts", "import", "stale", str(file)).code == 0 and not bad.exists()
    bad.write_text("something of mine")
    assert warmup("texts", "import", "stale", str(file)).code == 0 and bad.exists()
    assert warmup("texts", "import", "stale", str(file), "--bad-rows", str(file)).code == 2, "the rows themselves"


def test_what_a_list_or_an_export_says_can_be_imported(warmup: Run, server: FakeServer, tmp_path: Path) -> None:
    """What the service makes (counts, states) is left out, and said."""
    server.operator.models.create(model_id="from")
    server.operator.models.create(model_id="to")
    assert warmup("texts", "add", "from", "=1+1", "-c", "any").code == 0
    for form in ("csv", "jsonl"):
        listed = warmup("texts", "list", "from", "-o", form)
        file = tmp_path / f"texts.{form}"
        rows = listed.out if form == "csv" else re.sub('"text_id": "[^"]*", ', "", listed.out)
        file.write_text(re.sub("txt_[^,]*", "", rows))
        ended = warmup("texts", "import", "to", str(file), "-o", "json")
        assert (ended.code, ended.json["rows"]) == (0, 1), ended
        assert "Not imported, since the service sets them: " in ended.err and "usage_count" in ended.err
        assert ("'=1+1" in listed.out) is (form == "csv"), "no spreadsheet runs it"
    assert [one.body for one in server.operator.texts.list_all("to")] == ["=1+1"], "as it was"
    raw = warmup("--raw", "texts", "list", "from", "-o", "csv")
    assert (",=1+1," in raw.out, "may run them as formulas" in raw.err) == (True, True)
    exported = warmup("accounts", "export", "-o", "csv")
    (tmp_path / "accounts.csv").write_text(exported.out)
    again = warmup("accounts", "import", str(tmp_path / "accounts.csv"), "--dry-run")
    assert "state" in again.err and "Extra inputs" not in again.err


def test_what_has_no_claim_is_claimed_and_what_clashes_is_named(warmup: Run, server: FakeServer) -> None:
    """Nothing clashes in a sandbox that is new: what is from a release before is planted in `tests/api`."""
    server.operator.models.create(model_id="claimed")
    assert warmup("texts", "add", "claimed", "Sea\u200b and sun.", "-c", "any").code == 0
    for option, verb in ((("--dry-run",), "would be claimed"), ((), "claimed")):
        ended = warmup("claims", *option)
        assert ended.code == 0
        assert re.search(rf"^[\d,]+ rows read, 0 {verb}; 0 clash with another$", ended.err, re.MULTILINE), ended.err


def test_every_list_says_where_there_is_more(warmup: Run, server: FakeServer) -> None:
    server.operator.models.create(model_id="many")
    for number in range(3):
        assert warmup("texts", "add", "many", f"Text {number}.", "-c", "any").code == 0
    assert "2 texts; there are more: raise --limit 2" in warmup("texts", "list", "many", "--limit", "2").err
    assert warmup("texts", "list", "many", "--limit", "3").err == "3 texts\n"
    assert "there are more" in warmup("accounts", "list", "--limit", "1").err
    assert warmup("content", "list", "many", "--limit", "1").err == "0 items\n"
    assert warmup("sessions", "list", "--limit", "1000").err.endswith("sessions\n")


def test_the_same_caption_is_given_to_two_models(warmup: Run, server: FakeServer, tmp_path: Path) -> None:
    """And sent again to one of them it is nothing twice, also where an earlier version had made its id."""
    for model in ("one", "two"):
        server.operator.models.create(model_id=model)
    old = "text-59f4c7eafacb5d4d"
    body = "Up before the birds."
    server.operator.texts.create("one", TextBody(text_id=old, category="bio", quality_score=70, max_usage=5, body=body))
    again = warmup("texts", "add", "one", body, "-c", "bio", "-o", "json")
    assert (again.code, again.json[0]["text_id"], again.json[0]["replayed"]) == (0, old, True)
    other = warmup("texts", "add", "two", body, "-c", "bio", "-o", "json")
    assert (other.code, other.json[0]["replayed"]) == (0, False)
    file = tmp_path / "texts.csv"
    file.write_text(f"category,quality_score,max_usage,body\nbio,70,5,{body}\n")
    for model in ("one", "two"):
        assert warmup("texts", "import", model, str(file), "-o", "json").json["unchanged"] == 1


def test_items_are_shown_edited_and_withdrawn(warmup: Run, server: FakeServer) -> None:
    server.operator.models.create(model_id="edits", themes=["sea"])
    added = warmup("texts", "add", "edits", "A capton.", "-c", "bio", "-o", "json").json[0]
    item = ("edits", added["text_id"])
    changed = warmup(
        "texts", "edit", *item, "--body", "A caption.", "-c", "post", "--theme", "sea", "--tags", "new vip",
        "--quality", "80", "--licensed-by", "Ada", "--valid-until", "2030-12-31", "-o", "json",
    )  # fmt: skip
    assert changed.code == 0, changed
    found = warmup("texts", "get", *item, "-o", "json").json
    assert [found[name] for name in ("body", "category", "theme", "tags", "quality_score")] == [
        "A caption.", "post", "sea", ["new", "vip"], 80.0
    ]  # fmt: skip
    assert found["licence"] == {"licensed_by": "Ada", "valid_until": "2030-12-31T23:59:59.999000Z"}
    assert warmup("texts", "edit", *item, "--valid-until", "2031-12-31", "--reason", "extended").code == 0
    assert warmup("texts", "edit", *item, "--theme", "", "--tags", "").code == 0
    found = warmup("texts", "get", *item, "-o", "json").json
    assert (found["licence"]["licensed_by"], found["licence"]["valid_until"][:4]) == ("Ada", "2031")
    assert (found["theme"], found["tags"]) == (None, [])
    assert warmup("texts", "edit", *item, "--licensed-by", "").code == 0
    assert warmup("texts", "get", *item, "-o", "json").json["licence"] is None
    assert warmup("texts", "edit", *item, "--valid-until", "2031-12-31").code == 2, "of whom?"
    assert warmup("texts", "edit", *item).code == 2
    assert warmup("texts", "withdraw", *item, "--reason", "a slip").code == 0
    assert warmup("texts", "get", *item, "-o", "json").json["status"] == "withdrawn"
    assert warmup("content", "get", "edits", "nothing").code == 3


def test_bad_rows_that_cannot_be_kept_are_told(warmup: Run, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text("category,quality_score,max_usage,body\n" + "any,seventy,5,x\n" * 5)
    ended = warmup("texts", "import", "nora", str(file), "--bad-rows", str(tmp_path))
    assert (ended.code, ended.err.count("Input should be a valid number")) == (5, 5)
    assert "see --bad-rows" in ended.err


def test_an_import_that_cannot_go_on_says_what_was_done(
    warmup: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "texts.jsonl"
    text = {"category": "any", "quality_score": 70, "max_usage": 3}
    rows = [{**text, "body": f"Went on {number}."} for number in range(6)]
    file.write_text("".join(json.dumps(row) + "\n" for row in [{**text, "category": "reel", "body": "x"}, *rows]))
    monkeypatch.setattr("warmup.commands.imports.MOST_ROWS", 3)
    interrupt(monkeypatch, Texts, "import_all", at=2, by=Unreachable("gone"))
    ended = warmup("texts", "import", "nora", str(file))
    assert (ended.code, "Stopped: 3 of 7 rows sent. Import the file again" in ended.err) == (7, True), ended
    assert json.loads((tmp_path / "texts.bad.jsonl").read_text())["line"] == 1


def test_an_import_that_is_interrupted_says_what_was_done(
    warmup: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "texts.jsonl"
    text = {"category": "bio", "quality_score": 70, "max_usage": 3}
    file.write_text("".join(json.dumps({**text, "body": f"Number {number}."}) + "\n" for number in range(30)))
    monkeypatch.setattr("warmup.commands.imports.MOST_ROWS", 10)
    interrupt(monkeypatch, Texts, "import_all", at=3)
    ended = warmup("texts", "import", "nora", str(file))
    assert ended.code == 130
    assert "20 of 30 rows sent. Import the file again: no duplicates are created." in ended.err
    assert warmup("texts", "import", "nora", str(file), "-o", "json").json == {
        "rows": 30,
        "dry_run": False,
        "created": 10,
        "unchanged": 20,
    }


def interrupt(
    monkeypatch: pytest.MonkeyPatch, kind: type[Any], method: str, at: int, by: BaseException | None = None
) -> None:
    """Ctrl-C (or another end) at that call of the client; afterwards all is as before."""
    original, calls = getattr(kind, method), list[int]()

    def interrupted(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == at:
            raise by or KeyboardInterrupt
        return original(*arguments, **options)

    monkeypatch.setattr(kind, method, interrupted)


@pytest.mark.parametrize(
    ("kind", "method", "arguments", "says"),
    [
        (Accounts, "pause", ("accounts", "pause", "n-0", "n-1", "n-2", "--yes"), "1 of 3. Continue with: n-1 n-2"),
        (Accounts, "list_all", ("accounts", "export"), "Stopped after 0 accounts. Nothing was changed"),
    ],
    ids=["those that are named", "a look"],
)
def test_ctrl_c_says_what_was_done_and_how_to_go_on(
    warmup: Run, monkeypatch: pytest.MonkeyPatch, kind: type[Any], method: str, arguments: tuple[str, ...], says: str
) -> None:
    interrupt(monkeypatch, kind, method, at=1 if method == "list_all" else 2)
    reason = () if method == "list_all" else ("--reason", "r")
    ended = warmup(*arguments, *reason)
    assert (ended.code, says in ended.err) == (130, True), ended


def test_an_account_that_can_be_taken_shows_its_place(warmup: Run, server: FakeServer) -> None:
    api = server.operator
    api.models.create(model_id="lined-up")
    agreed = ConsentBody(granted_by="Nora", granted_at=datetime(2026, 1, 1, tzinfo=UTC), reference="contract 7")
    for name in ("one", "two"):
        api.accounts.create(model_id="lined-up", username=name, account_id=name, consent=agreed)
        assert "not offered: an operator has not yet declared" in warmup("accounts", "get", name).err
        assert warmup("accounts", "ready", name, "--reason", "r", "--yes").code == 0
    assert "  offered: next of its model" in warmup("accounts", "get", "one").err
    assert "  offered: 1 account of lined-up before it" in warmup("accounts", "get", "two").err
    assert warmup("accounts", "pause", "one", "two", "--reason", "r", "--yes").code == 0


def test_many_are_moved_at_once_rehearsed_before(
    warmup: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, names = server.operator, ("many-1", "many-2", "disagrees")
    api.models.create(model_id="quiet")
    agreed = ConsentBody(granted_by="Nora", granted_at=datetime(2026, 1, 1, tzinfo=UTC), reference="contract 7")
    for name, consent in zip(names, (agreed, agreed, None), strict=True):
        api.accounts.create(model_id="quiet", username=name, account_id=name, consent=consent)

    def states() -> list[str]:
        return [str(api.accounts.get(name).state) for name in names]

    everything = ("--model", "quiet", "--reason", "r")
    rehearsed = warmup("accounts", "ready", *everything, "--dry-run")
    assert (rehearsed.code, rehearsed.err) == (0, "3 accounts would be marked ready, 0 skipped\n")
    assert states() == ["imported"] * 3
    ended = warmup("accounts", "ready", *everything, "--yes", "-o", "json")
    assert (ended.code, [one["account_id"] for one in ended.json if one["outcome"] == "refused"]) == (5, ["disagrees"])
    assert "3/3" in ended.err, "the bar"
    named = warmup("accounts", "pause", "many-1", "nobody", "--reason", "r", "--dry-run", "-o", "json")
    assert {one["account_id"]: one["outcome"] for one in named.json} == {"many-1": "would_be_done", "nobody": "refused"}
    assert states() == ["ready", "ready", "imported"]
    interrupt(monkeypatch, Accounts, "move_all", at=2)  # behind the rehearsal that counts them
    stopped = warmup("accounts", "pause", *everything, "--yes")
    told = "Stopped after 0 of 2. Run the same command again: what is done is skipped."
    assert (stopped.code, told in stopped.err) == (130, True), stopped
    assert warmup("accounts", "pause", *everything, "--yes").code == 0
    assert states() == ["paused", "paused", "imported"]
    assert warmup("accounts", "resume", "many-1", "many-2", "--reason", "r", "--yes").code == 0
    for name in names:
        api.accounts.retire(name, reason="the test is over")


def test_an_account_that_was_retired_by_mistake_is_restored(warmup: Run, server: FakeServer) -> None:
    server.account("back")
    server.operator.accounts.retire("back", reason="by mistake")
    restored = warmup("accounts", "restore", "back", "--reason", "it was a mistake", "-o", "json")
    assert (restored.code, restored.json[0]["state"]) == (0, "imported")
    assert warmup("accounts", "restore", "back", "--reason", "again").code == 4, "it is not retired any more"
    server.operator.accounts.retire("back", reason="the test is over")


def test_consent_opens_the_gate(warmup: Run, server: FakeServer) -> None:
    server.operator.accounts.create(account_id="owned", model_id="nora", username="owned.by.nora")
    ready = ("accounts", "ready", "owned", "--reason", "she agreed", "--yes", "-o", "json")
    assert [one["outcome"] for one in warmup(*ready).json] == ["refused"]
    given = ("--granted-by", "Nora Lind", "--granted-at", "2026-01-02", "--reference", "contract 9")
    told = warmup("accounts", "consent", "owned", *given)
    assert told.code == 0 and "2026-01-02 00:00:00" in told.out
    assert [one["outcome"] for one in warmup(*ready).json] == ["done"]
    assert warmup("accounts", "consent", "owned", *given[:3], "soon", *given[4:]).code == 2
    told = warmup("accounts", "consent", "owned", *given, "--valid-until", "2099-12-31", "-o", "json")
    assert told.json[0]["consent"]["valid_until"].startswith("2099-12-31T23:59:59.999")
    back = warmup("accounts", "withdraw-consent", "owned", "--reason", "she called", "-o", "json")
    assert (back.code, back.json[0]["consent_state"]) == (0, "withdrawn")
    whole = ("accounts", "withdraw-consent", "--reason", "she left", "-o", "json", "--model", "nora")
    assert {one["outcome"] for one in warmup(*whole, "--dry-run").json} <= {"would_be_done"}
    assert warmup(*whole).code == 2, "it asks first"
    assert warmup(*whole, "owned").code == 2, "an account, or a model"


def test_an_account_is_corrected_exported_and_erased(warmup: Run, server: FakeServer) -> None:
    server.account("forgotten")
    told = warmup(
        "accounts", "edit", "forgotten", "--username", "vera", "--tag", "vip", "--external-ref", "7", "-o", "json"
    )
    assert [told.json[0][name] for name in ("username", "tags", "external_ref")] == ["vera", ["vip"], "7"]
    told = warmup("accounts", "edit", "forgotten", "--tag", "", "--external-ref", "", "-o", "json")
    assert [told.json[0][name] for name in ("username", "tags", "external_ref")] == ["vera", [], None]
    assert '"granted_by"' in warmup("accounts", "export", "forgotten").out
    erase = ("accounts", "erase", "forgotten", "--reason", "she asked for it", "-o", "json")
    assert warmup(*erase).code == 2, "it asks first"
    assert warmup(*erase, "--yes").json[0]["username"] == "[erased]"


def test_who_waits_for_the_service_is_told(warmup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("warmup.commands.common.time.sleep", waited.append)
    monkeypatch.setenv("WARMUP_URL", "http://127.0.0.1:1")
    ended = warmup("pipeline")
    assert ended.code == 7 and "asking again in" in ended.err
    assert ended.err.count("asking again") == sum(one >= 1 for one in waited) < len(waited)


def test_it_says_which_version_it_is(warmup: Run) -> None:
    assert re.fullmatch(r"warmup \d+\.\d+\.\d+\n", warmup("--version").out)


def test_a_bots_life(warmup: Run) -> None:
    made = warmup("bots", "create", "bot-7", "--model", "nora")
    assert re.fullmatch(r"wk_bot-7_\S+\n", made.out), "the key alone, for a script to keep"
    again = warmup("bots", "create", "bot-7", "--model", "nora")
    assert (again.out.startswith("wk_"), "rotate" in again.err) == (False, True)
    rotated = warmup("bots", "rotate", "bot-7", "-o", "json").json
    revoked = warmup("bots", "revoke", "bot-7", rotated["key_id"], "--yes", "-o", "json").json
    assert [bool(key["revoked_at"]) for key in sorted(revoked, key=lambda key: str(key["created_at"]))] == [False, True]
    assert "bot-7" in warmup("bots", "list").out


def test_a_users_life(warmup: Run) -> None:
    made = warmup("users", "create", "ada", "--role", "contributor", "--model", "nora", "--days", "90")
    assert re.fullmatch(r"wk_ada_\S+\n", made.out), "the key alone, for a script to keep"
    assert (
        "warmup users rotate" in warmup("users", "create", "ada", "-r", "contributor", "-m", "nora", "--days", "9").err
    )
    edited = warmup("users", "edit", "ada", "--role", "approver", "--all-models", "-o", "json").json
    assert (edited["role"], edited["models"]) == ("approver", None)
    rotated = warmup("users", "rotate", "ada", "-o", "json").json
    warmup("users", "revoke", "ada", rotated["key_id"], "--yes")
    listed = warmup("users", "keys", "ada", "-o", "json").json
    assert sorted(bool(key["revoked_at"]) for key in listed) == [False, True]
    assert warmup("users", "disable", "ada", "--reason", "has left", "--yes", "-o", "json").json["disabled_at"]
    assert warmup("users", "edit", "ada", "--enable", "-o", "json").json["disabled_at"] is None
    assert "ada" in warmup("users", "list").out
    assert warmup("me", "-o", "json").json["role"] == "admin"


def test_pools_are_filled_and_looked_at(warmup: Run, tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(draw(77, "post", None, "a picture").data)
    added = warmup("content", "add", "nora", str(file), "--category", "post", "-o", "json")
    assert (added.code, added.json[0]["category"]) == (0, "post")
    again = warmup("content", "add", "nora", str(file), "--category", "post", "-o", "json")
    assert again.json[0]["replayed"] is True
    (tmp_path / "more.png").write_bytes(draw(78, "post", None, "another").data)
    rows = tmp_path / "media.csv"
    rows.write_text("file,category,quality_score,max_usage\nmore.png,post,60,2\n")
    rows.write_text(rows.read_text() + "picture.png,post,70,5\nnowhere.png,post,60,2\nmore.png,reel,60,2\n")
    rehearsed = warmup("content", "import", "nora", str(rows), "--dry-run", "-o", "json").json
    assert rehearsed == {"rows": 4, "dry_run": True, "created": 1, "unchanged": 1, "refused": 2}
    imported = warmup("content", "import", "nora", str(rows), "-o", "json")
    assert (imported.code, imported.json) == (5, {**rehearsed, "dry_run": False})
    assert "4/4" in imported.err, "the bar"
    bad = {row["file"]: row for row in csv.DictReader((tmp_path / "media.bad.csv").open(encoding="utf-8-sig"))}
    assert [row["line"] for row in bad.values()] == ["4", "5"]
    assert "cannot be read: No such file" in bad["nowhere.png"]["reason"]
    assert "/category" in bad["more.png"]["reason"]
    third = draw(79, "post", None, "a third")
    (tmp_path / "a third.png").write_bytes(third.data)
    told = warmup(
        "content", "add", "nora", str(file), str(tmp_path / "a third.png"), "-c", "post", "--dry-run", "-o", "json"
    )
    assert [one["outcome"] for one in told.json] == ["unchanged", "created"]
    assert warmup("texts", "add", "nora", "Up early.", "--category", "bio", "-o", "json").json[0]["body"] == "Up early."
    assert len(warmup("content", "list", "nora", "-o", "json").json) == 7
    assert "Up early." in warmup("texts", "list", "nora").out
    assert "pfp" in warmup("content", "availability", "nora").out
    explained = warmup("content", "explain", "n-0", "post")
    assert explained.out.split()[:5] == ["kind", "item", "id", "category", "theme"]


def test_the_commands_of_operations_show_their_rows(warmup: Run, tmp_path: Path) -> None:
    assert warmup("review", "list", "-o", "json").json == []
    assert "no case matches" in warmup("review", "retry", "--reason", "r", "--dry-run").err
    assert warmup("sessions", "list", "-o", "json").code == 0
    assert "declared account n-0 ready" in warmup("audit", "tail", "--account", "n-0", "-n", "5").out
    exported = warmup("audit", "export", "--account", "n-0")
    assert json.loads(exported.out.splitlines()[-1])["action"] == "account:create"
    assert "every audit is whole" in warmup("audit", "verify", "n-0").err
    day = json.loads(exported.out.splitlines()[-1])["at"][:10]
    sealed = warmup("audit", "seal", "--day", day)
    assert json.loads(sealed.out)["hashes"]["account:n-0#1"] == json.loads(exported.out.splitlines()[-1])["hash"]
    proof = tmp_path / "seal.json"
    proof.write_text(sealed.out)
    assert "as they were sealed" in warmup("audit", "prove", str(proof)).err
    proof.write_text(sealed.out.replace('"account:n-0#1"', '"account:n-0#99"'))
    broken = warmup("audit", "prove", str(proof))
    assert (broken.code, "account:n-0#99 is gone" in broken.out) == (1, True)
    proof.write_text("[]")
    assert warmup("audit", "prove", str(proof)).code == 2
    assert warmup("pipeline", "-o", "json").json["pipeline_paused"] is False
    assert "accounts" in warmup("pipeline").out
    assert warmup("pipeline", "pause", "--reason", "r", "--yes").code == 0
    assert warmup("pipeline", "resume", "--reason", "r").code == 0
    assert warmup("accounts", "watch", "--times", "1").out.count("\n") >= 3
    assert warmup("accounts", "get", "n-0", "-o", "json").json["account_id"] == "n-0"


STEERING = "[/b] [red]\x1b]0;title\x07\x9b31m\u202eend"
SEEN = r"[/b] [red]\x1b]0;title\x07\x9b31m\u202eend"


def test_data_steers_no_terminal_and_is_no_markup(warmup: Run, server: FakeServer) -> None:
    """What the service takes: no control characters, but what turns a line around."""
    turning, seen = "[/b] [red]\u202eend", r"[/b] [red]\u202eend"
    assert warmup("texts", "add", "nora", STEERING, "--category", "any").code == 2
    assert seen in warmup("texts", "add", "nora", turning, "--category", "any").out
    assert seen in warmup("texts", "list", "nora").out
    for form in ("json", "jsonl"):
        out = warmup("texts", "list", "nora", "-o", form).out
        assert not re.search("[\x1b\x07\x9b\u202e]", out)
        rows = json.loads(out) if form == "json" else [json.loads(line) for line in out.splitlines()]
        assert turning in [row["body"] for row in rows], "the data is the same"
    assert turning in warmup("texts", "list", "nora", "-o", "csv").out, "a file gets the data itself"
    server.account("steered")
    ended = warmup("accounts", "pause", "steered", "--reason", turning)
    assert (ended.code, "invisible format characters" in ended.err, "\u202e" in ended.err) == (2, True, False), ended
    ended = warmup("pipeline", "-o", turning)
    assert (ended.code, r"[red]\u202eend" in ended.err, "\u202e" in ended.err) == (2, True, False), ended
    tabbed, kept = "[/b] [red]\tend", r"[/b] [red]\tend"
    assert warmup("accounts", "pause", "steered", "--reason", f"{tabbed}\nline").code == 0
    assert rf"{kept}\nline" in warmup("audit", "tail", "--account", "steered").out, "an event is one line"
    assert kept in warmup("pipeline", "pause", "--reason", tabbed, "--yes").out
    assert f"paused: {kept}" in warmup("pipeline").out
    assert SEEN in warmup("--profile", STEERING, "pipeline").err
    assert warmup("pipeline", "resume", "--reason", "r").code == 0
    server.operator.accounts.retire("steered", reason="the test is over")


def test_a_csv_before_eyes_steers_no_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show([{"body": STEERING, "tags": {"a": ["ü"]}}], Format.CSV, ("body", "tags"))
    assert capsys.readouterr().out == f'body,tags\n{SEEN},"{{""a"": [""ü""]}}"\n'


@pytest.mark.parametrize(
    ("columns", "header", "left_out"),
    [
        ("80", "account id  body                                         due at (UTC)", ""),
        ("50", "account id  body               due at (UTC)", ""),
        ("40", "account id  body", "due at (UTC)"),
        ("20", "account id", "body, due at (UTC)"),
    ],
)
def test_a_list_keeps_one_line_a_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, header: str, left_out: str
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", columns)
    text = "Up before the birds, out before the bakers."
    rows = [{"account_id": f"aurora-0{one}", "body": text, "due_at": "2026-11-26T19:17:28.236000Z"} for one in (1, 2)]
    assert show(rows, Format.TABLE, ("account_id", "body", "due_at")) == 2
    told = capsys.readouterr()
    out = re.sub("\x1b\\[[0-9;]*m", "", told.out).splitlines()
    assert (out[0], len(out)) == (header, 3)
    assert all(len(line) <= int(columns) for line in out)
    assert all(word in text for line in out[1:] for word in line.split()[1:] if word.isalpha()), "no word is broken"
    assert ("2026-11-26 19:17:28" in out[1]) == ("due at (UTC)" not in left_out), "an instant as operators read it"
    assert left_out in told.err


@pytest.mark.parametrize("output", ["table", "csv", "json"])
@pytest.mark.parametrize(
    ("redirected", "code", "says"), [(">&-", 0, "accounts"), (">/dev/full", 1, "No space left"), ("2>&-", 0, "")]
)
def test_an_output_that_is_closed_or_full_is_no_traceback(
    server: FakeServer, tmp_path: Path, output: str, redirected: str, code: int, says: str
) -> None:
    command = f"{sys.executable} -m warmup accounts list -o {output} {redirected}"
    told = environ(server.url, server.operator_key, tmp_path)
    ended = subprocess.run(command, shell=True, capture_output=True, text=True, env=told, check=False, timeout=60)
    assert (ended.returncode, "Traceback" in ended.stderr, says in ended.stderr) == (code, False, True), ended


def test_the_doctor_says_what_is_wrong(warmup: Run, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    server.advance(hours=1)
    well = {row["check"]: row["ok"] for row in warmup("doctor", "-o", "json").json}
    assert {"service": "yes", "store": "yes", "key": "yes", "timers": "yes"}.items() <= well.items()
    assert well["clock"] == "NO", "an hour apart"
    monkeypatch.setenv("WARMUP_OPERATOR_KEY", "wrong")
    assert warmup("doctor").code == 1


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("warmup acc", {"accounts"}), ("warmup review re", {"retry", "resolve"}), ("warmup audit ta", {"tail"})],
)
def test_the_shell_completes_it(warmup: Run, monkeypatch: pytest.MonkeyPatch, typed: str, offered: set[str]) -> None:
    monkeypatch.setenv("_WARMUP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    assert set(warmup().out.split()) == offered


class Person(io.StringIO):
    """Somebody before a terminal who answers so."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answers", "code", "status", "kind"),
    [
        ("done\n", 0, "completed", None),
        ("n\nno answer\ny\n", 0, "failed", "transient"),
        ("not done\nit is locked\nn\n", 0, "requires_review", "account"),
        ("what?\nu\nthe page went away\n", 0, "requires_review", "unknown"),
        ("", 130, "requires_review", "unknown"),  # Ctrl-D
    ],
)
def test_what_a_person_answers_is_what_the_service_hears(
    warmup: Run,
    monkeypatch: pytest.MonkeyPatch,
    server: FakeServer,
    tmp_path: Path,
    answers: str,
    code: int,
    status: str,
    kind: str | None,
) -> None:
    for one in server.operator.accounts.list_all(state="ready"):
        server.operator.accounts.pause(one.account_id, reason="only one is to be done")
    server.advance(days=2)
    name = "p-" + str(len(list(server.operator.accounts.list_all())))
    server.account(name)
    monkeypatch.setenv("WARMUP_KEY", server.bot_key())
    monkeypatch.setattr(sys, "stdin", Person(answers))
    ended = warmup("work", "--folder", str(tmp_path))
    phase = server.operator.accounts.get(name).phases[0]
    assert (ended.code, phase.status, phase.error_kind) == (code, status, kind), ended
    assert ended.out.startswith(f"pfp for {name} ({name})\nmedia: {tmp_path}/{name}-pfp-")
    assert f"pfp of {name}" in ended.err
    server.operator.accounts.retire(name, reason="the test is over")
    for one in server.operator.accounts.list_all(state="paused"):
        server.operator.accounts.resume(one.account_id, reason="the test is over")


def commands() -> list[tuple[str, ...]]:
    """Every command that there is."""
    import typer.main  # noqa: PLC0415  # click's view of it

    found: list[tuple[str, ...]] = []

    def look(command: Any, path: tuple[str, ...]) -> None:
        for name, child in getattr(command, "commands", {}).items():
            look(child, (*path, name))
        if not getattr(command, "commands", {}):
            found.append(path)

    look(typer.main.get_command(cli.app), ())
    return found


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(warmup: Run, path: tuple[str, ...]) -> None:
    told = warmup(*path, "--help")
    assert told.code == 0
    assert "Example:" in told.out

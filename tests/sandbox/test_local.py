"""`make local` and the page on testing locally; and every problem of a start in one line."""

import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.sandbox.pages import Reader, environ
from tests.sandbox.test_run import need
from warmup.sandbox.children import free_port
from warmup.sandbox.service import removed
from warmup.sandbox.stores import ROOT

pytestmark = pytest.mark.engine

PAGE = ROOT / "docs" / "test-locally.md"


def without_aws(folder: Path) -> dict[str, str]:
    """A terminal in which no variable of AWS's or ours is set."""
    return {name: value for name, value in environ("", "", folder).items() if not name.startswith(("AWS_", "WARMUP_"))}


def test_who_does_what_the_page_says_gets_what_it_shows(tmp_path: Path) -> None:
    need("ministack")
    reader = Reader(tmp_path, without_aws(tmp_path), port=free_port())
    assert reader.follow(PAGE) >= 15


def test_the_page_shows_the_seven_calls_of_a_bot() -> None:
    text = PAGE.read_text(encoding="utf-8")
    calls = ("ready", "start-warmup", "content/pfp", "complete-phase/pfp", "report-error", "warmup-status")
    assert [call for call in (*calls, "complete-warmup") if f"/{call}" not in text] == []


def test_the_set_up_that_the_page_shows_has_ten_lines_at_most() -> None:
    text = PAGE.read_text(encoding="utf-8")
    set_up = text.partition('```python title="test_mine.py"\n')[2].partition("\ndef test_")[0]
    assert 0 < len([line for line in set_up.splitlines() if line.strip()]) <= 10


def started(command: list[str], folder: Path, **variables: str) -> tuple[int, str, str]:
    """Starts what cannot start; answers its exit code, its output and its complaint."""
    process = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=without_aws(folder) | {"TMPDIR": str(folder)} | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return process.returncode, process.stdout, process.stderr


DEV, LOCAL = ["warmup", "dev", "--empty"], ["warmup.sandbox.local"]


@pytest.mark.parametrize("command", [DEV, LOCAL], ids=["dev", "local"])
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--store", "postgres"], "there is no store 'postgres': give a URL or one of"),
        (["--store", "http://127.0.0.1:1"], "there are no credentials for the store http://127.0.0.1:1: export"),
        (["--port", "{taken}"], "port {taken} is in use: stop what listens there"),
    ],
    ids=["unknown store", "no credentials", "port in use"],
)
def test_a_problem_of_the_start_is_one_line_that_says_what_to_do(
    command: list[str], wrong: list[str], told: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [word.format(taken=port) for word in wrong]
        port_given = [] if "--port" in wrong else ["--port", str(free_port())]
        store = ["--store", "moto"] if "--store" not in wrong else []
        code, out, err = started([*command, *port_given, *store, *given], tmp_path, AWS_EC2_METADATA_DISABLED="true")
    said = [line for line in err.splitlines() if not line.startswith("store: ")]
    assert (code, out, len(said)) == (2, "", 1), err
    assert told.format(taken=port) in said[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [DEV, LOCAL], ids=["dev", "local"])
def test_a_store_that_is_not_there_is_named_and_clearing_up_hides_nothing(command: list[str], tmp_path: Path) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    store = f"http://127.0.0.1:{free_port()}"
    code, out, err = started([*command, "--port", str(free_port()), "--store", store], tmp_path, **credentials)
    _, last = err.splitlines()
    assert (code, out) == (2, ""), err
    assert f"the store {store} does not serve DynamoDB and S3" in last
    assert last.endswith("start it, or take another by --store")


@pytest.mark.parametrize("command", [DEV, LOCAL], ids=["dev", "local"])
def test_a_variable_that_is_set_wrong_is_named(command: list[str], tmp_path: Path) -> None:
    given = ["--store", "moto", "--port", str(free_port())]
    code, _, err = started([*command, *given], tmp_path, WARMUP_BULK_WORKERS="many")
    assert code == 2
    assert "WARMUP_BULK_WORKERS='many' is not a number: set it right, or unset it" in err.splitlines()[-1]
    assert "Traceback" not in err


def test_what_cannot_be_removed_is_said_and_hides_no_cause(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise EndpointConnectionError(endpoint_url="http://store")

    with pytest.raises(RuntimeError, match="the cause"), ExitStack() as stack:
        stack.callback(removed, "the tables", broken)
        raise RuntimeError("the cause")
    assert [record.getMessage() for record in caplog.records] == [
        'Could not remove the tables: Could not connect to the endpoint URL: "http://store"'
    ]


def test_aws_itself_is_no_store(tmp_path: Path) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    aws = "https://dynamodb.us-east-1.amazonaws.com"
    code, _, err = started([*LOCAL, "--port", str(free_port()), "--store", aws], tmp_path, **credentials)
    assert code == 2
    assert "dynamodb.us-east-1.amazonaws.com was refused before it left" in err.splitlines()[-1]
    assert "Traceback" not in err

"""Every list of the command line in a terminal of 80 and of 120 columns: one line a row, no word broken inside."""

import re
import sys

import pytest

from tests.sandbox.test_bulk import server  # noqa: F401  # a service in which seven accounts failed
from tests.sandbox.test_commands import Run, commands, warmup  # noqa: F401  # the command line, run on it
from warmup.api.models import Role
from warmup.sandbox.fake import FakeServer

pytestmark = pytest.mark.engine

LISTS = [
    ("accounts", "list"),
    ("review", "list"),
    ("bots", "list"),
    ("users", "list"),
    ("sessions", "list"),
    ("content", "list", "nora"),
    ("content", "availability", "nora"),
    ("texts", "list", "nora"),
    ("plans", "list"),
    ("audit", "tail", "-n", "100"),
    ("audit", "export", "-o", "table"),
    ("content", "explain", "r-0", "pfp"),
    ("review", "retry", "--reason", "r", "--dry-run"),
]
FIRST = {
    "accounts": "account id",
    "review": "account id",
    "sessions": "session id",
    "bots": "bot id",
    "users": "user id",
}


@pytest.fixture(autouse=True, scope="module")
def _users(server: FakeServer) -> None:  # noqa: F811  # the fixture, under its name
    server.operator.users.create(user_id="ada", role=Role.CONTRIBUTOR, models=["nora"], name="Ada of the mornings")
    server.operator.users.create(user_id="root-2", role=Role.ADMIN)


def test_no_list_is_left_out_here() -> None:
    assert {path for path in commands() if path[-1] == "list"} <= {command[:2] for command in LISTS}


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_is_readable_at_the_width_of_the_terminal(
    warmup: Run,  # noqa: F811  # pytest hands the fixture in under its name
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    columns: int,
) -> None:
    whole = warmup(*command).out.splitlines()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = re.sub("\x1b\\[[0-9;]*m", "", warmup(*command).out).splitlines()
    assert len(shown) == len(whole) > 1, "one line a row"
    for line, full in zip(shown, whole, strict=True):
        assert len(line) <= columns, line
        assert len(full) <= columns or len(line) > columns // 3, f"most of the room is used: {line!r}"
        for word in line.split():
            assert word.rstrip("…") in full.split() or word == "…", f"{word!r} is broken: {full!r}"
    if command[0] in FIRST:
        assert shown[0].startswith(FIRST[command[0]]), "what a row is about is never left out"
    if command == ("accounts", "list"):
        heads = ["account id", "state", "current phase", "phase status", "due at"]
        assert all(head in shown[0] for head in heads), shown[0]

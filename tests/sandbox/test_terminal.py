"""The command line in a terminal: it asks, shows a bar, follows, and takes Ctrl-C well."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sandbox.pages import environ
from tests.sandbox.test_run import need
from warmup.sandbox.fake import FakeServer, fake_server

pytestmark = pytest.mark.engine

CTRL_C = "\x03"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    need("ministack")
    with fake_server() as server:
        yield server


class Terminal:
    """A program in a pseudo-terminal, and somebody before it."""

    def __init__(self, process: "subprocess.Popen[bytes]", end: int) -> None:
        self._process, self._end, self._read = process, end, 0
        self.screen = ""

    def sees(self, words: str, seconds: float = 30) -> None:
        """Waits until the words stand on the screen, behind those that were seen before."""
        until = time.monotonic() + seconds
        while words not in self.screen[self._read :]:
            assert time.monotonic() < until, f"no {words!r} on the screen: {self.screen}"
            self._look()
        self._read = self.screen.index(words, self._read) + len(words)

    def types(self, text: str) -> None:
        """Types it."""
        os.write(self._end, text.encode())

    def ends(self, seconds: float = 30) -> int:
        """Waits for the end; answers the exit code."""
        until = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < until, f"it does not end: {self.screen}"
            self._look()
        self._look()
        return self._process.returncode

    def _look(self) -> None:
        while select.select([self._end], [], [], 0.05)[0]:
            try:
                told = os.read(self._end, 65536)
            except OSError:  # the other end is closed
                return
            if not told:
                return
            self.screen += ESCAPES.sub("", told.decode(errors="replace"))


@contextmanager
def terminal(server: FakeServer, folder: Path, *arguments: str, key: str | None = None) -> Iterator[Terminal]:
    """`warmup` with these arguments, as an operator of the server, or with that bot's key."""
    told = {**environ(server.url, server.operator_key, folder), "TERM": "xterm", "COLUMNS": "120"}
    if key is not None:
        told["WARMUP_KEY"] = key
    near, far = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "warmup", *arguments],
        stdin=far,
        stdout=far,
        stderr=far,
        cwd=folder,
        env=told,
        start_new_session=True,
        preexec_fn=_make_it_the_terminal,  # noqa: PLW1509  # nothing else runs between fork and exec
    )
    os.close(far)
    try:
        yield Terminal(process, near)
    finally:
        process.kill()
        process.wait()
        os.close(near)


def _make_it_the_terminal() -> None:
    os.close(os.open(os.ttyname(0), os.O_RDWR))  # the first that a new session opens is its own: Ctrl-C reaches it


def test_a_person_takes_a_job_does_it_and_says_so(server: FakeServer, tmp_path: Path) -> None:
    server.account("by-hand")
    with terminal(server, tmp_path, "work", key=server.bot_key()) as person:
        person.sees("pfp for by-hand (by-hand)")
        person.sees("media: warmup-media/by-hand-pfp-nora-pfp.png")
        person.sees("It is yours for 15 minutes")
        person.sees("[d]one, [n]ot done, or [u]nknown")
        person.types("perhaps\n")
        person.sees("[d]one, [n]ot done, or [u]nknown")
        person.types("d\n")
        assert person.ends() == 0
        person.sees("pfp of by-hand is completed.")
    assert (tmp_path / "warmup-media" / "by-hand-pfp-nora-pfp.png").stat().st_size > 100
    done = server.operator.accounts.get("by-hand").phases[0]
    assert (done.status, done.platform_response) == ("completed", {"by": "a person"})
    server.operator.accounts.retire("by-hand", reason="the test is over")


def test_who_leaves_without_an_answer_leaves_it_to_people(server: FakeServer, tmp_path: Path) -> None:
    server.advance(days=2)
    server.account("left")
    with terminal(server, tmp_path, "work", key=server.bot_key()) as person:
        person.sees("[d]one, [n]ot done, or [u]nknown")
        person.types(CTRL_C)
        assert person.ends() == 130
        person.sees("pfp of left may have happened")
        person.sees("warmup review resolve left pfp")
        assert "Traceback" not in person.screen
        assert "Fatal" not in person.screen
    assert server.operator.accounts.get("left").phases[0].status == "requires_review"
    server.operator.accounts.retire("left", reason="the test is over")


def test_who_waits_for_a_job_and_leaves_has_taken_nothing(server: FakeServer, tmp_path: Path) -> None:
    with terminal(server, tmp_path, "work", key=server.bot_key()) as person:
        person.sees("Waiting for a job")
        time.sleep(0.5)
        person.types(CTRL_C)
        assert person.ends() == 130
        person.sees("no job was taken")


@pytest.mark.parametrize(("answer", "state"), [("n\n", "ready"), ("y\n", "paused")])
def test_what_touches_many_is_asked_for_first(server: FakeServer, tmp_path: Path, answer: str, state: str) -> None:
    if answer == "n\n":
        server.account("many-1")
        server.account("many-2")
    with terminal(server, tmp_path, "accounts", "pause", "--model", "nora", "--reason", "r") as person:
        person.sees("Pause 2 accounts? [y/N]")
        person.types(answer)
        assert person.ends() == 0
    assert {server.operator.accounts.get(one).state for one in ("many-1", "many-2")} == {state}


def test_an_import_shows_how_far_it_is_and_takes_ctrl_c_well(server: FakeServer, tmp_path: Path) -> None:
    rows = "".join(f"m-{number},nora,name.{number},Nora,2026-01-01T00:00:00Z,c\n" for number in range(3000))
    (tmp_path / "rows.csv").write_text("account_id,model_id,username,granted_by,granted_at,reference\n" + rows)
    with terminal(server, tmp_path, "accounts", "import", "rows.csv") as person:
        person.sees("750/3000")
        person.types(CTRL_C)
        assert person.ends() == 130
        person.sees("rows sent. Import the file again: no duplicates are created.")
        assert re.search(r"importing .*(500|750)/3000 \d+/s 0:0\d:\d\d", person.screen), "n of m, rate, time left"


def test_the_record_is_followed_until_ctrl_c(server: FakeServer, tmp_path: Path) -> None:
    server.account("followed")
    with terminal(server, tmp_path, "audit", "tail", "--account", "followed", "--follow") as person:
        person.sees("declared account followed ready")
        server.operator.accounts.pause("followed", reason="for the test")
        person.sees("paused account followed")
        person.types(CTRL_C)
        assert person.ends() == 0
        person.sees("Stopped after 3 events.")
        assert person.screen.count("declared account followed ready") == 1, "told once"

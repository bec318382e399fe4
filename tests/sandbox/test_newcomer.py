"""A newcomer's clock: a fresh clone, then the README and the quickstart, word by word.

In the gate the clone borrows the set-up that is there; `make newcomer` sets it up from nothing, as a newcomer does.
"""

import os
import pty
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sandbox.pages import Reader, environ
from tests.sandbox.test_run import need
from warmup import Client
from warmup.sandbox.children import free_port
from warmup.sandbox.stores import ROOT

pytestmark = pytest.mark.engine

WHOLE = os.environ.get("WARMUP_NEWCOMER") == "whole"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("ministack")
    folder = tmp_path_factory.mktemp("newcomer") / "warmup"
    subprocess.run(["git", "clone", "--quiet", f"file://{ROOT}", str(folder)], check=True)
    if not WHOLE:
        for name in (".venv", ".tools"):
            (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.mark.parametrize(("terminal", "says"), [(True, "\rset-up: 1 s … "), (False, "set-up: 6 s …\n")])
def test_a_set_up_that_takes_long_shows_that_it_lives(tmp_path: Path, terminal: bool, says: str) -> None:
    (tmp_path / "slow.mk").write_text(f"slow:\n\t@sleep {2.5 if terminal else 6.5}\n")
    near, far = pty.openpty()
    err = far if terminal else subprocess.PIPE
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "setup", "TOOLS=slow", "TICK=1"],
        cwd=ROOT,
        env={**os.environ, "MAKEFILES": str(tmp_path / "slow.mk")},
        stdout=subprocess.PIPE,
        stderr=err,
        text=True,
    )
    _, told = process.communicate(timeout=30)
    os.close(far)
    told = os.read(near, 65536).decode() if terminal else told
    os.close(near)
    assert (process.returncode, says in told) == (0, True), told
    assert time.monotonic() - began < 9, "the last tick is waited for"


@contextmanager
def running(clone: Path, *arguments: str) -> Iterator[str]:
    """`make run` in the clone; answers where it is ready."""
    port = free_port()
    given = " ".join([*arguments, "--port", str(port)])
    command = ["make", "run", f"ARGS={given}"] if WHOLE else [".venv/bin/python", "-m", "warmup", "dev", *given.split()]
    process = subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        ready = next(line for line in process.stdout if line.startswith("ready "))
        yield ready.split()[1]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _key(file: Path) -> str:
    return file.read_text().strip()


@pytest.fixture(scope="module")
def url(clone: Path) -> Iterator[str]:
    """Where the newcomer's service is, once the agency is there."""
    file = clone / "operator.key"
    with running(clone, "--bots 0", "--operator-key-file operator.key") as url, Client(url, _key(file)) as client:
        until = time.monotonic() + 180
        while len(list(client.accounts.list_all(limit=100, state="ready"))) < 24:
            assert time.monotonic() < until, "the agency is not there after three minutes"
            time.sleep(0.5)
        yield url


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_a_newcomer_gets_what_the_page_shows(clone: Path, url: str, page: str, tmp_path: Path) -> None:
    shutil.copy(clone / "operator.key", tmp_path)
    reader = Reader(tmp_path, dict(environ(url, _key(clone / "operator.key"), tmp_path)))
    reader.environ["PYTHONPATH"] = str(clone)
    assert reader.follow(clone / page) >= 5

"""The documentation is true: every block of code and every command in it is run."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from infrastructure import reference
from tests.sandbox.pages import ONLY_LOOKED_AT, Reader, blocks, environ
from tests.sandbox.test_run import need
from warmup import cli
from warmup.sandbox.fake import FakeServer, fake_server
from warmup.sandbox.stores import ROOT

DOCS = ROOT / "docs"
FOLLOWED = ("write-a-bot", "feed-the-pools", "operate", "consent", "plans")
ELSEWHERE = {  # followed as well
    "quickstart",  # by tests/sandbox/test_newcomer.py, as the README is
    "test-locally",  # by tests/sandbox/test_local.py
}
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
INLINE, LINE = re.compile(r"`((?:warmup|make) [^`\n]+)`"), re.compile(r"^(?:\$ )?((?:warmup|make) .+)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
MKDOCS = ROOT / ".tools" / "docs" / "bin" / "mkdocs"


@pytest.fixture
def server(name: str) -> Iterator[FakeServer]:
    """What a page takes for granted: a service, for most of them with accounts that are ready."""
    need("ministack")
    with fake_server() as server:
        if name != "plans":  # it brings accounts of its own to their phases
            server.account("nora-1")
            server.account("nora-2")
        yield server


@pytest.mark.parametrize("file", sorted(reference.files()), ids=lambda file: file.name)
def test_the_reference_is_the_one_that_the_service_makes(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == reference.files()[file], "run: make openapi"


def test_no_page_has_code_that_nobody_runs() -> None:
    code = {
        page.stem
        for page in DOCS.rglob("*.md")
        if {block.language for block in blocks(page)} - ONLY_LOOKED_AT and page.stem not in FOLLOWED
    }
    assert code == ELSEWHERE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_speaks_of_is_there(page: Path) -> None:
    """Commands, their options and targets of make also where they are not run; files behind links."""
    text = page.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []
    given = [command for block in blocks(page) for command in LINE.findall(block.text)]
    for command in [*INLINE.findall(text), *given]:
        tool, *words = shlex.split(command.split("  #")[0].split(" > ")[0])
        fault = _unknown_command(words) if tool == "warmup" else _unknown_target(words)
        assert fault is None, f"{command}: {fault}"


def _unknown_command(words: list[str]) -> str | None:
    command: Any = typer.main.get_command(cli.app)
    options = {name for one in command.params for name in one.opts} | {"--help"}
    for word in words:
        commands = getattr(command, "commands", {})
        if word.startswith("-") and word not in options:
            return f"there is no option {word}"
        if not word.startswith("-") and word in commands:
            command = commands[word]
            options |= {name for one in command.params for name in one.opts}
        elif re.fullmatch("[a-z]+", word) and commands and not command.params:
            return f"there is no command {word}"
    return None


@cache
def _targets() -> set[str]:
    told = subprocess.run(["make", "-pn", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^([a-z0-9-]+):", told, re.MULTILINE))


def _unknown_target(words: list[str]) -> str | None:
    missing = [word for word in words[:1] if re.fullmatch("[a-z0-9-]+", word) and word not in _targets()]
    return f"there is no target {missing}" if missing else None


def test_the_site_is_made_without_a_complaint(tmp_path: Path) -> None:
    if not MKDOCS.exists():
        reason = "MkDocs is not installed: run `make docs` once"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    command = [str(MKDOCS), "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    told = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "quickstart.html").exists()


@pytest.mark.engine
@pytest.mark.parametrize("name", FOLLOWED)
def test_who_does_what_a_page_says_gets_what_it_shows(server: FakeServer, name: str, tmp_path: Path) -> None:
    told = {**environ(server.url, server.operator_key, tmp_path), "WARMUP_KEY": server.bot_key()}
    assert Reader(tmp_path, told, here=True).follow(DOCS / f"{name}.md") > 2

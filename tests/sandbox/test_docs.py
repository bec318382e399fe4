"""The documentation is true: every block of code and every command in it is run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure import reference
from tests.sandbox.pages import ONLY_LOOKED_AT, Reader, blocks, environ
from tests.sandbox.test_run import need
from warmup.sandbox.fake import FakeServer, fake_server
from warmup.sandbox.stores import ROOT

DOCS = ROOT / "docs"
FOLLOWED = ("write-a-bot", "feed-the-pools", "run-the-floor")
ELSEWHERE = {
    "quickstart.md": "tests/sandbox/test_newcomer.py follows it, as it does the README",
    "operations.md": "commands on AWS, by its own tests",
    "schema-changes.md": "by its own tests",
    "performance.md": "figures, by make bench",
    "console.md": "pictures, by make screenshots",
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    """What the pages take for granted: a service with accounts that are ready."""
    need("ministack")
    with fake_server() as server:
        server.account("nora-1")
        server.account("nora-2")
        yield server


@pytest.mark.parametrize("file", sorted(reference.files()), ids=lambda file: file.name)
def test_the_reference_is_the_one_that_the_service_makes(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == reference.files()[file], "run: make openapi"


def test_no_page_has_code_that_nobody_runs() -> None:
    code = {
        page.name
        for page in DOCS.glob("*.md")
        if {block.language for block in blocks(page)} - ONLY_LOOKED_AT and page.stem not in FOLLOWED
    }
    assert code <= ELSEWHERE.keys()


@pytest.mark.engine
@pytest.mark.parametrize("name", FOLLOWED)
def test_who_does_what_a_page_says_gets_what_it_shows(server: FakeServer, name: str, tmp_path: Path) -> None:
    told = {**environ(server.url, server.operator_key, tmp_path), "WARMUP_KEY": server.bot_key()}
    assert Reader(tmp_path, told).follow(DOCS / f"{name}.md") > 2

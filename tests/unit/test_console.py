"""The console's files: what Biome and TypeScript do not hold. `make console` runs those two."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "chalicelib" / "console"
VENDORED = {"preact.js"}
WRITTEN = sorted(
    file for file in FOLDER.iterdir() if file.suffix in {".js", ".css", ".html"} and file.name not in VENDORED
)
SCRIPTS = [file for file in WRITTEN if file.suffix == ".js"]


def test_there_is_a_console() -> None:
    assert len(SCRIPTS) > 10


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.name)
def test_no_line_is_over_120_characters(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert [(number, len(line)) for number, line in enumerate(lines, 1) if len(line) > 120] == []


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_every_script_is_type_checked_and_short(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= 350  # split it by component
    assert text.startswith("// @ts-check\n")
    assert "@ts-ignore" not in text and "@ts-nocheck" not in text and "@ts-expect-error" not in text


def test_no_two_scripts_keep_something_under_one_name() -> None:
    kept: dict[str, set[str]] = {}
    for file in SCRIPTS:
        for name in re.findall(r'"(warmup\.[\w.-]+)"', file.read_text()):
            kept.setdefault(name, set()).add(file.name)
    shared = {name: files for name, files in kept.items() if len(files) > 1}
    assert shared == {"warmup.theme": {"theme.js", "ui.js"}}  # the former sets it before anything is shown
    assert len(kept) > 4

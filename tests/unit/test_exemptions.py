"""An exemption from a check gives its reason on the same line, as CONTRIBUTING.md asks."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_EXEMPTION = re.compile(r"#\s*(?:type:\s*ignore\[[\w, -]+\]|noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)(?P<rest>.*)$")
_ANY = re.compile(r"#\s*(?:type:\s*ignore|noqa)\b")


def faults(text: str) -> list[int]:
    """The numbers of the lines that exempt themselves without saying why."""
    wrong = []
    for number, line in enumerate(text.splitlines(), start=1):
        found = _EXEMPTION.search(line)
        reasons = found is not None and re.search(r"#\s*(?!noqa|type:)\w", found["rest"])
        if _ANY.search(line) and not reasons:
            wrong.append(number)
    return wrong


def test_every_exemption_gives_its_reason() -> None:
    folders = ("chalicelib", "warmup", "infrastructure", "benchmarks", "tests")
    paths = [ROOT / "app.py", *(path for one in folders for path in sorted((ROOT / one).rglob("*.py")))]
    paths.remove(Path(__file__).resolve())
    found = {str(path.relative_to(ROOT)): faults(path.read_text(encoding="utf-8")) for path in paths}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_a_bare_exemption_is_found() -> None:
    bare = [
        "x = 1  # noqa",
        "x = 1  # noqa: E741",
        "x = 1  # type: ignore",
        "x = 1  # type: ignore[misc]  # noqa: E741",
    ]
    assert faults("\n".join([*bare, "x = 1  # noqa: E741  # the field's letter"])) == [1, 2, 3, 4]

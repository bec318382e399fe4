"""One door each to the clock, to randomness, and to the store: what the tests take over there, they take over whole."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLOCKS = {
    "time.time",
    "time.gmtime",
    "time.monotonic",
    "time.sleep",
    "time.perf_counter",
    "datetime.now",
    "datetime.utcnow",
    "date.today",
}
DICE = {"os.urandom", "random", "secrets", "uuid"}
SENDERS = {"botocore.session", "botocore.httpsession", "boto3", "httpx", "requests", "urllib.request", "http.client"}


def used() -> Iterator[tuple[str, str]]:
    """Every dotted name that the service uses or imports, with the file."""
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        where = str(path.relative_to(ROOT / "chalicelib"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield where, f"{node.value.id}.{node.attr}"
            elif isinstance(node, ast.Import):
                yield from ((where, one.name) for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                yield where, node.module


@pytest.mark.parametrize(
    ("names", "doors"),
    [
        (CLOCKS, {"context.py"}),
        (DICE, {"context.py"}),
        (SENDERS, {"tables/transport.py", "tables/connections.py", "issuers/fetching.py"}),
    ],
    ids=["clock", "randomness", "store"],
)
def test_there_is_one_door(names: set[str], doors: set[str]) -> None:
    found = {(where, name) for where, name in used() if name in names}
    assert {where for where, _ in found} <= doors, sorted(found)
    assert found, "the names that are looked for are used somewhere"

"""Each guard is needed: without it a test turns red, or another lock is named that holds what it held."""

import os
import subprocess
import sys

import pytest

from tests.chaos.mutants import MUTANTS, ROOT, VARIABLE, Mutant
from tests.chaos.test_faults import Recorder

FAST = 60
"""Seconds within which the test must turn red."""


def run(name: str, *tests: str) -> subprocess.CompletedProcess[str]:
    """A test run of its own without the guard."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.chaos.mutants",
        "-p",
        "no:cacheprovider",
        "-x",
        "-q",
        *tests,
    ]
    environ = {**os.environ, VARIABLE: name}
    environ.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=FAST, check=False)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if mutant.test is not None])
def test_without_the_guard_a_test_turns_red(name: str, record_property: Recorder) -> None:
    test = MUTANTS[name].test
    assert test is not None
    done = run(name, test)
    assert done.returncode == 1, f"{done.returncode}: {done.stdout[-3000:]} {done.stderr[-2000:]}"
    record_property("table", ("guards taken away", name, "turned a test red", 1))


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if mutant.test is None])
def test_a_guard_that_turns_none_red_has_another_lock_beside_it(name: str, record_property: Recorder) -> None:
    """Without either one all is well; the mutant without both is among those that turn a test red."""
    mutant: Mutant = MUTANTS[name]
    assert mutant.other_lock in MUTANTS
    both = {line for one in (name, mutant.other_lock) for line in MUTANTS[one].lines}
    assert any(set(other.lines) == both and other.test for other in MUTANTS.values())
    done = run(name, "tests/integration/test_stale_writers.py")
    assert done.returncode == 0, f"{done.stdout[-3000:]} {done.stderr[-2000:]}"
    record_property("table", ("guards taken away", name, "held by another lock", 1))


def test_every_guard_stands_where_its_mutant_looks_for_it() -> None:
    assert len(MUTANTS) >= 15
    for mutant in MUTANTS.values():
        for line in mutant.lines:
            source = (ROOT / "chalicelib" / line.path).read_text(encoding="utf-8")
            assert source.count(line.guarded) == 1, f"{line.path}: {line.guarded!r}"

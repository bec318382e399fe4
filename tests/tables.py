"""Tables that tests print at the end of a run: a test records cells, and every run of the suite sums them up.

A cell is recorded with `record_property("table", (title, row, column, count))`; it survives a test in another process.
"""

from collections import Counter
from collections.abc import Sequence

import pytest

Cell = tuple[str, str, str, int]
_cells: Counter[tuple[str, str, str]] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collects the cells of a test."""
    if report.when != "call":
        return
    for name, cell in report.user_properties:
        if name == "table" and isinstance(cell, Sequence):
            title, row, column, count = cell
            _cells[str(title), str(row), str(column)] += int(count)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the tables."""
    for title in dict.fromkeys(title for title, _, _ in _cells):
        mine = {(row, column): count for (its, row, column), count in _cells.items() if its == title}
        columns = list(dict.fromkeys(column for _, column in mine))
        rows = sorted({row for row, _ in mine})
        width = max(map(len, rows))
        sums = [sum(count for (_, its), count in mine.items() if its == column) for column in columns]
        wide = max(len(f"{count:,}") for count in sums) + 1
        terminalreporter.section(f"{title}: {sum(mine.values()):,}")
        for place, column in enumerate(columns):
            terminalreporter.write_line(f"{'':{width}}{f'{chr(124):>{wide}}' * place}  {column}")
        for row in [*rows, "all"]:
            counts = [mine.get((row, column), 0) for column in columns] if row != "all" else sums
            terminalreporter.write_line(f"{row:{width}}" + "".join(f"{count or '·':>{wide}}" for count in counts))

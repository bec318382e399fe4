"""Prints for a terminal: numbers with their nouns, and lists that keep one line a row."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

GAP = 2
"""Columns of the terminal between two columns of a list."""
_LEAST_PROSE = 12


def counted(number: int, noun: str) -> str:
    """Write a number and its noun: `1 case`, `1,958 accounts`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cut(text: str, room: int) -> str:
    """Shorten prose to so many columns, behind a whole word (within its first where that alone is longer), with `…`."""
    if cell_len(text) <= room:
        return text
    kept = ""
    for letter in text:
        if cell_len(kept + letter) > room - 1:
            break
        kept += letter
    whole_words = kept if text[len(kept)].isspace() else kept.rpartition(" ")[0]
    return (whole_words or kept).rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A list as it fits: its lines (the first has the headers), and the headers of the columns that were left out."""

    lines: list[str]
    left_out: list[str]


def fitted(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int | None,
    *,
    prose: frozenset[int] = frozenset(),
    numbers: frozenset[int] = frozenset(),
) -> Fitted:
    """Lay a list out in so many columns of the terminal (None: as many as it needs), one line a row.

    The last columns are left out first. What is `prose` (columns by their place) is shortened before that, to whole
    words; nothing else is. `numbers` stand to the right. The first column always stays, whole.
    """
    natural = [max(map(cell_len, column)) for column in zip(headers, *rows, strict=True)]
    widths = list(natural)
    if width is not None:
        least = [
            max(cell_len(headers[place]), min(one, _LEAST_PROSE)) if place in prose else one
            for place, one in enumerate(natural)
        ]
        while len(least) > 1 and sum(least) + GAP * (len(least) - 1) > width:
            least.pop()
        widths, spare = least, width - sum(least) - GAP * (len(least) - 1)
        for place, one in enumerate(least):
            more = max(0, min(natural[place] - one, spare))
            widths[place], spare = one + more, spare - more
    kept = [[cut(text, room) for text, room in zip(row, widths, strict=False)] for row in (headers, *rows)]
    return Fitted([_line(row, widths, numbers) for row in kept], list(headers[len(widths) :]))


def _line(row: Sequence[str], widths: Sequence[int], numbers: frozenset[int]) -> str:
    cells = [
        " " * (width - cell_len(text)) + text if place in numbers else text + " " * (width - cell_len(text))
        for place, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return (" " * GAP).join(cells).rstrip()

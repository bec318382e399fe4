"""Pages of lists that are scanned: rows are read in order, and what a filter does not admit is dropped."""

from collections.abc import Iterable
from enum import Enum
from typing import Final, Generic, TypeVar

from chalicelib.domain.cursors import Cursors
from chalicelib.domain.records import record

T = TypeVar("T")


class Hidden(Enum):
    """The item of a row that the caller must not learn of: not even that it was scanned."""

    HIDDEN = "hidden"


HIDDEN: Final = Hidden.HIDDEN


@record
class ScannedPage(Generic[T]):
    """What was found among how many rows, and where the next page goes on (None at the end)."""

    items: list[T]
    scanned_count: int
    next_cursor: str | None


def scan(
    rows: Iterable[tuple[object, T | Hidden | None]],
    cursors: Cursors,
    *,
    start: object,
    limit: int,
    most: int | None = None,
    more: bool = False,
) -> ScannedPage[T]:
    """Return up to `limit` items of up to `most` rows: each row is the place behind it and its item, None if dropped.

    `start` is the place before the first row; `more` says that the list goes on behind the last one.
    """
    found: list[T] = []
    place, looked, hidden = start, 0, 0
    for behind, item in rows:
        if len(found) == limit:
            more = True
            break
        place, looked = behind, looked + 1
        if item is HIDDEN:
            hidden += 1
        elif item is not None:
            found.append(item)
        if looked == most:
            more = True
            break
    return ScannedPage(found, looked - hidden, cursors.encode(place) if more else None)

"""Lines: the accounts of one model that are due, read as far as they are asked for."""

from collections import deque
from collections.abc import Collection, Iterator
from itertools import islice

from chalicelib.domain.records import record
from chalicelib.tables.queues import QueueRow

_SPREAD = 48


class Line:
    """The accounts of one model that are due, oldest first."""

    def __init__(self, rows: Iterator[QueueRow]) -> None:
        self._rows, self._read = rows, deque[QueueRow]()

    def has(self, count: int) -> bool:
        """Whether so many stand in it."""
        self._read.extend(islice(self._rows, max(0, count - len(self._read))))
        return len(self._read) >= count

    def ids(self) -> Iterator[str]:
        """Those that stand in it; they are read as they are asked for, and taken out."""
        while (row := self.take()) is not None:
            yield row.account.account_id

    def head(self, most: int, promised: Collection[str]) -> list[str]:
        """The accounts that stand in it first, without those that are promised to others; they stay in it."""
        self.has(most + len(promised))
        found = (row.account.account_id for row in self._read)
        return list(islice((one for one in found if one not in promised), most))

    def beyond(self, listed: Collection[str], place: int) -> str | None:
        """The account at this place among those that are in no list; None where there is none."""
        found = self.head(_SPREAD, listed)
        return found[place % len(found)] if found else None

    def take(self, place: int = 0) -> QueueRow | None:
        """Take the account at this place out of the line, counted through the first few; None from an empty line."""
        place %= _SPREAD
        if not self.has(place + 1) and not self._read:
            return None
        place %= len(self._read)
        row = self._read[place]
        del self._read[place]
        return row


@record
class Proposal:
    """An account that a claim may take."""

    account_id: str
    model_id: str

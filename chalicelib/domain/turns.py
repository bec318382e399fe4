"""Turns: bots that want the same item at the same moment get what they would have got one after another.

A bot that lost an item takes a number in its ranking; one that knows of a loss there within the last seconds takes its
number at once, and loses nothing. Numbers count up for a short window, and stand for places in a list that all share:
the best items as the first of them saw them, without the one that was lost and those that were promised just before. So
number 1 is the best that is left, and nobody meets the holder of another number. Accounts that wait are taken alike.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from chalicelib.domain.records import record
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.selection import Choice, Pool, SelectableItem, Wanted, leading, refusal

MOST_PLACES = 64
"""How many items a list of turns has at most."""
MET_SECONDS = 10.0
"""For how long a function takes numbers at once where it has lost something."""
_WINDOWS_UNDER_WAY = 3
C = TypeVar("C", bound=SelectableItem)


@record
class Turn:
    """A number, from 1; 0 is that of who has lost nothing, and takes the best."""

    number: int = 0

    def of(self, listed: Sequence[str]) -> str | None:
        """The id whose turn it is, None where the list is shorter."""
        return listed[self.number - 1] if 0 < self.number <= len(listed) else None


def window(now: datetime, seconds: float) -> datetime:
    """When the window began to which this instant belongs."""
    at = now.timestamp()
    return datetime.fromtimestamp(at - at % seconds, UTC)


def windows_before(since: datetime, seconds: float) -> list[datetime]:
    """When the windows began in which what was promised may still be under way."""
    return [since - timedelta(seconds=seconds * count) for count in range(1, _WINDOWS_UNDER_WAY + 1)]


def places(pool: Pool[C], wanted: Wanted, promised: Collection[str]) -> list[str]:
    """The ids of the best items of a pool, without those that are promised to others."""
    found = leading(pool, wanted, MOST_PLACES + len(promised))
    return [choice.item.item_id for choice in found if choice.item.item_id not in promised][:MOST_PLACES]


def was_given_away(item: SelectableItem | None, uses_before: int) -> bool:
    """Whether an item that had so many uses was given to somebody since; else it was edited, or a use came back."""
    return item is not None and item.usage_count > uses_before


def is_gone(item: SelectableItem | None, wanted: Wanted) -> bool:
    """Whether somebody without a number was given the item in the meantime, so that its number is worth nothing."""
    return item is None or refusal(item, wanted) in (Refusal.COOLING_DOWN, Refusal.USED_UP)


def behind(pool: Pool[C], wanted: Wanted, listed: Collection[str], turn: Turn) -> tuple[Choice[C], int] | None:
    """What is left to who has no place in the list, with its place among the eligible; None: nothing is eligible.

    One that is not listed, so that it meets nobody who has a place; where there is nothing else, any.
    """
    later = min(max(0, turn.number - len(listed) - 1), MOST_PLACES)
    found = list(enumerate(leading(pool, wanted, len(listed) + later + 1)))
    unlisted = [one for one in found if one[1].item.item_id not in listed] or found
    if not unlisted:
        return None
    place, choice = unlisted[later % len(unlisted)]
    return choice, place

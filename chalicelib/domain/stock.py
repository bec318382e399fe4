"""Items in memory, as the choice reads them: a category of a pool whose uses and rests are counted without a store."""

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import scoring, selection, uses
from chalicelib.domain.records import record
from chalicelib.domain.refusals import ItemFacts
from chalicelib.domain.selection import ItemRights, Wanted


@record
class Stock:
    """An item of a pool, as far as the choice reads it."""

    item_id: str
    category: str
    quality_score: float
    usage_count: int
    max_usage: int
    facts: ItemFacts
    penalty: float = 0
    theme: str | None = None
    status: ItemRights = ItemRights.APPROVED
    enabled: bool = True
    approved_by_another: bool = False
    licensed_by: str | None = None
    licence_valid_until: datetime | None = None
    last_assigned_at: datetime | None = None

    @classmethod
    def of(cls, item: selection.SelectableItem) -> "Stock":
        """The same of any item."""
        return cls(**{one.name: getattr(item, one.name) for one in fields(cls)})


_Row = tuple[str, Stock]


class ItemPool:
    """One category of a pool in memory, ranked as the index ranks it; what rests lies apart, by when it was given."""

    def __init__(self, items: Iterable[Stock] = (), rest: timedelta = timedelta(0)) -> None:
        """`rest`: for how long an item that was given surely is not eligible."""
        self._rest = rest
        self._whole: list[_Row] = []
        self._themes: dict[str | None, list[_Row]] = {}
        self._resting: list[Stock] = []
        for item in items:
            self._put(item)

    def of_theme(self, theme: str | None) -> Iterator[Stock]:
        """The items of one theme that have rested, best first."""
        return (item for _, item in reversed(self._themes.get(theme, [])))

    def whole(self) -> Iterator[Stock]:
        """All items that have rested, best first."""
        return (item for _, item in reversed(self._whole))

    def at(self, now: datetime) -> "ItemPool":
        """The pool at that instant; instants come in order."""
        while self._resting and _given(self._resting[0]) + self._rest <= now:
            item = self._resting.pop(0)
            row = (scoring.pool_rank(item, item.item_id), item)
            for rows in (self._whole, self._themes.setdefault(item.theme, [])):
                bisect.insort(rows, row, key=_rank)
        return self

    def use(self, item: Stock, when: datetime) -> None:
        """Takes one use of the item at that instant, from which on it rests."""
        self._drop(item)
        changed: dict[str, Any] = uses.taken(item, when)
        self._put(replace(item, **changed))

    def put_back(self, item: Stock) -> None:
        """Undoes a use: the item is as it was before it."""
        self._drop(item)
        self._put(item)

    def _drop(self, item: Stock) -> None:
        """Takes the item off, in whatever state it lies there; mostly it is the very one that was just chosen."""
        key = scoring.pool_rank(item, item.item_id)
        place = bisect.bisect_left(self._whole, key, key=_rank)
        if place == len(self._whole) or self._whole[place][0] != key:
            self._resting = [other for other in self._resting if other.item_id != item.item_id]
            found = (place for place, row in enumerate(self._whole) if row[1].item_id == item.item_id)
            place = next(found, len(self._whole))
        if place < len(self._whole):
            key, there = self._whole.pop(place)
            theme = self._themes[there.theme]
            del theme[bisect.bisect_left(theme, key, key=_rank)]

    def back(self, wanted: Wanted) -> tuple[datetime, Stock] | None:
        """The first item that will have rested and then be eligible, and when; None if none ever will."""
        resting = [*self._resting]
        if wanted.cooldown > self._rest:
            resting = sorted([item for item in self.whole() if item.last_assigned_at is not None] + resting, key=_given)
        for item in resting:
            when = max(_given(item) + wanted.cooldown, wanted.now)
            if selection.refusal(item, replace(wanted, now=when)) is None:
                return when, item
        return None

    def _put(self, item: Stock) -> None:
        if not selection.is_listed(item):
            return
        if item.last_assigned_at is not None:
            bisect.insort(self._resting, item, key=_given)
            return
        row = (scoring.pool_rank(item, item.item_id), item)
        for rows in (self._whole, self._themes.setdefault(item.theme, [])):
            bisect.insort(rows, row, key=_rank)


def _rank(row: _Row) -> str:
    return row[0]


def _given(item: Stock) -> datetime:
    assert item.last_assigned_at is not None, "what was never given does not rest"
    return item.last_assigned_at

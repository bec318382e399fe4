"""What many answers share: lists, and whether a change had been made before."""

from typing import Any, Generic, TypeVar

from chalicelib.edge.answers import Document
from chalicelib.scans import ScannedPage

T = TypeVar("T")


class Page(Document, Generic[T]):
    """A part of a list; `next_cursor` asks for the next one, null ends it."""

    items: list[T]
    next_cursor: str | None


class Look(Page[T]):
    """A part of a list that is looked through, so that it may hold fewer than asked: `scanned_count` rows for it."""

    scanned_count: int

    @staticmethod
    def of(items: list[T], found: ScannedPage[Any]) -> "Look[T]":
        """Return what was found, among how many, and where the next look goes on."""
        return Look(items=items, next_cursor=found.next_cursor, scanned_count=found.scanned_count)


class Replayed(Document):
    """What every change answers: whether the very same request was accepted before, so that nothing was changed now."""

    replayed: bool

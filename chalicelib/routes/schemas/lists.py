"""What many answers share: lists, and whether a change had been made before."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list; `next_cursor` asks for the next one, null ends it."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True)
class Look(Page[T]):
    """A part of a list that is looked through, so that it may hold fewer than asked: `looked_at` rows for it."""

    looked_at: int


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What every change tells: whether the very same request was accepted before, so that nothing was changed now."""

    replayed: bool

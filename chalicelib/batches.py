"""Many in one call: several at a time, each by itself, as far as the time of the call suffices."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Literal, Protocol, TypeVar

from chalicelib.context import Context
from chalicelib.domain.errors import ServiceError, TemporarilyUnavailable
from chalicelib.domain.records import record
from chalicelib.tables.transaction import Stale

T = TypeVar("T")
R = TypeVar("R")


class _Identified(Protocol):
    @property
    def identifier(self) -> str | None: ...


N = TypeVar("N", bound=_Identified)


def each(context: Context, act: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Does this with all, several at a time; return the results in the order of the items."""
    with ThreadPoolExecutor(context.settings.bulk_workers) as pool:
        return list(pool.map(act, items))


class Unchanged(Exception):
    """One of many is left as it is; the message says why."""


def attempt(
    context: Context, act: Callable[[], bool]
) -> tuple[Literal["done", "unchanged", "refused", "not_done"], str | None]:
    """Does this with one of many (`act` returns whether it had been done before); return the outcome and its reason."""
    if context.is_short_of_time:
        return "not_done", "the time of one request was up: send it again"
    try:
        return "unchanged" if act() else "done", None
    except Unchanged as error:
        return "unchanged", str(error)
    except TemporarilyUnavailable as error:
        return "not_done", str(error)
    except (ServiceError, Stale) as error:
        return "refused", str(error)


@record
class RowOutcome(Generic[T]):
    """What became of a row of an import: `created`, `unchanged`, `refused`, or `left` where the time was up.

    `made` is what was created (in a dry run: would be) or was there before.
    """

    row: int
    outcome: str
    item_id: str | None = None
    made: T | None = None
    error: ServiceError | None = None


def import_row(
    context: Context,
    place: int,
    row: N | ServiceError,
    make: Callable[[N], tuple[str | None, T, bool]],
    *,
    spare_seconds: float,
) -> RowOutcome[T]:
    """Imports one row, unless it is an error already or no more than the spare seconds are left of the call's time.

    `make` returns the id, what it made or found, and whether that was there before.
    """
    if isinstance(row, ServiceError):
        return RowOutcome(place, "refused", error=row)
    if context.time_left() < spare_seconds:
        return RowOutcome(place, "left", row.identifier)
    try:
        item_id, made, replayed = make(row)
    except ServiceError as error:
        return RowOutcome(place, "refused", row.identifier, error=error)
    return RowOutcome(place, "unchanged" if replayed else "created", item_id, made)


def counts(found: Sequence[RowOutcome[T]]) -> dict[str, int]:
    """How many rows had which outcome; those that every import can have are always there."""
    words = [one.outcome for one in found]
    return {word: words.count(word) for word in dict.fromkeys(("created", "unchanged", "refused", "left", *words))}

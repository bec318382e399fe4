"""The rows of an import: a file of rows in, checked bodies or what is wrong with them out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from chalicelib.domain.errors import InvalidInput, MalformedRequest, ServiceError
from chalicelib.domain.records import record
from chalicelib.edge.endpoints import body_of, validate

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from pydantic import BaseModel

    from chalicelib.domain.rows import Row

CSV = "text/csv"
MEDIA_TYPES = (CSV, "application/x-ndjson")
MOST_ROWS = 1000
B = TypeVar("B", bound="BaseModel")
R = TypeVar("R")


@record
class Columns:
    """How the cells of CSV become members: those that are numbers, and those that stand together in one object."""

    numbers: frozenset[str] = frozenset()
    objects: Mapping[str, tuple[str, ...]] | None = None


ITEM = Columns(
    numbers=frozenset({"quality_score", "max_usage", "bytes", "width", "height"}),
    objects={"licence": ("licensed_by", "valid_until")},
)
ACCOUNT = Columns(objects={"consent": ("granted_by", "granted_at", "reference", "valid_until")})


@record
class GivenRows(Generic[R]):
    """The rows of an import: what each describes, or what is wrong with it, and the line on which it begins."""

    entries: Sequence[R | ServiceError]
    lines: Sequence[int]


def each(body: tuple[str, bytes], make: Callable[[B], R], columns: Columns) -> GivenRows[R]:
    """What `make` makes of each row of a body `(media type, bytes)`, or what is wrong with the row.

    A row is checked as the model that `make` takes. Raises MalformedRequest for a body that cannot be read as a whole,
    and for no rows or too many.
    """
    from chalicelib.domain import rows  # noqa: PLC0415  # only an import of rows pays for their reader

    media_type, data = body
    try:
        most = MOST_ROWS + 1  # what follows one too many is not even read
        found = (rows.read_csv(data, most=most) if media_type == CSV else rows.read_lines(data, most)).rows
    except rows.Unreadable as error:
        raise MalformedRequest(str(error)) from None
    if not 1 <= len(found) <= MOST_ROWS:
        raise MalformedRequest(f"An import has 1 to {MOST_ROWS:,} rows: this one has {'more' if found else 'none'}.")
    of_cells = columns if media_type == CSV else None
    return GivenRows([_made(row, make, of_cells) for row in found], [row.line for row in found])


def _made(row: Row, make: Callable[[B], R], columns: Columns | None) -> R | ServiceError:
    if row.fault is not None:
        return MalformedRequest(f"{row.fault[0].upper()}{row.fault[1:]}.")
    try:
        members = dict(row.members) if columns is None else _of_cells(row.members, columns)
        return make(validate(body_of(make), members))
    except (InvalidInput, UnicodeError, ValueError) as error:
        return error if isinstance(error, InvalidInput) else MalformedRequest("The row cannot be read.")


def _of_cells(cells: Mapping[str, str], columns: Columns) -> dict[str, Any]:
    """The members that the cells of CSV describe; `tags` are separated by spaces."""
    given: dict[str, Any] = dict(cells)
    for name in columns.numbers & given.keys():
        given[name] = _number(given[name])
    for name, parts in (columns.objects or {}).items():
        together = {part: given.pop(part) for part in parts if part in given}
        if together:
            given[name] = together
    if "tags" in given:
        given["tags"] = given["tags"].split()
    return given


def _number(cell: str) -> object:
    """The number in a cell; other text as it is, for the check to say what is wrong."""
    try:
        return json.loads(cell) if cell.strip().replace(".", "", 1).isascii() and len(cell) < 20 else cell
    except ValueError:
        return cell

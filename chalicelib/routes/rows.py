"""The rows of an import: CSV or JSON lines in, checked bodies or what is wrong with them out."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.domain.errors import InvalidInput, MalformedRequest, ServiceError
from chalicelib.edge.endpoints import body_of, validate
from chalicelib.edge.requests import parse

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from pydantic import BaseModel

CSV = "text/csv"
MEDIA_TYPES = (CSV, "application/x-ndjson")
MOST_ROWS = 1000
B = TypeVar("B", bound="BaseModel")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Columns:
    """How the cells of CSV become members: those that are numbers, and those that stand together in one object."""

    numbers: frozenset[str] = frozenset()
    objects: Mapping[str, tuple[str, ...]] | None = None


ITEM = Columns(
    numbers=frozenset({"quality_score", "max_usage", "bytes", "width", "height"}),
    objects={"licence": ("licensed_by", "valid_until")},
)
ACCOUNT = Columns(objects={"consent": ("granted_by", "granted_at", "reference")})


def each(body: tuple[str, str], make: Callable[[B], R], columns: Columns) -> list[R | ServiceError]:
    """What `make` makes of each row of a body `(media type, text)`, or what is wrong with the row.

    A row is checked as the model that `make` takes.

    Raises MalformedRequest for no rows or too many, and for two columns of one name.
    """
    media_type, text = body
    rows = list(_csv_rows(text, columns) if media_type == CSV else _json_rows(text))
    if not 1 <= len(rows) <= MOST_ROWS:
        raise MalformedRequest(f"An import has 1 to {MOST_ROWS} rows, not {len(rows)}.")
    return [_made(row, make) for row in rows]


def _made(row: Any, make: Callable[[B], R]) -> R | ServiceError:
    if isinstance(row, ServiceError):
        return row
    try:
        return make(validate(body_of(make), row))
    except (InvalidInput, UnicodeError, ValueError) as error:
        return error if isinstance(error, InvalidInput) else MalformedRequest("The row cannot be read.")


def _json_rows(text: str) -> Iterator[Any]:
    for line in text.split("\n"):  # not splitlines: JSON strings may hold other line breaks as they are
        if line.strip():
            try:
                yield parse(line)
            except (ValueError, RecursionError) as error:
                yield MalformedRequest(f"The line is not JSON: {str(error)[:200]}.")


def _csv_rows(text: str, columns: Columns) -> Iterator[Any]:
    """Rows by the names in the first line; `tags` are separated by spaces."""
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        named = Counter(name for name in reader.fieldnames or () if name)
        twice = [name for name, times in named.items() if times > 1]
        if twice:
            raise MalformedRequest(f"The first line names {twice[0][:64]!r} more than once: which column counts?")
        for row in reader:
            given: dict[str, Any] = {name: value for name, value in row.items() if name and value}
            if None in row or ("tags" in given and not isinstance(given["tags"], str)):
                yield MalformedRequest("The row has more cells than the first line has names.")
                continue
            yield _members(given, columns)
    except csv.Error as error:
        yield MalformedRequest(f"The CSV cannot be read from here on: {error}.")


def _members(given: dict[str, Any], columns: Columns) -> dict[str, Any]:
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

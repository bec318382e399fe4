"""What a write to DynamoDB costs, by AWS's rule, from the images before and after it.

A table's own item costs a unit for each KB begun of its larger image, twice that in a transaction (also where it is
only checked); a row of an index costs the same in and out of a transaction: nothing where it stays as it is, one unit
for each KB begun where it comes, goes or changes, and both rows where its key changes (AWS, "Read and write capacity"
and "Global secondary indexes"; that a transaction does not double index rows was measured on AWS by others).
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from chalicelib import tables
from warmup.sandbox.stores import ROOT

Image = Mapping[str, Any] | None
"""An item as it goes over the wire; None: there is none."""
_KB = 1024
_IN_A_TRANSACTION = 2


def size(image: Mapping[str, Any]) -> int:
    """The bytes of an item, by DynamoDB's rules: names and values in UTF-8, numbers by their digits."""
    return sum(len(name.encode()) + _value(value) for name, value in image.items())


def _value(typed: Mapping[str, Any]) -> int:
    (kind, value), *_ = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return ceil(len(value.strip("-").replace(".", "")) / 2) + 1
        case "B":
            return len(b64decode(value))
        case "SS":
            return sum(len(one.encode()) for one in value)
        case "L":
            return 3 + sum(1 + _value(one) for one in value)
        case "M":
            return 3 + sum(len(name.encode()) + 1 + _value(one) for name, one in value.items())
        case _:
            return 1


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its keys, and what it holds beside them (None: all)."""

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str] | None

    def row(self, image: Image) -> Image:
        """The row that it has of an item, None if none."""
        if image is None or any(key not in image for key in self.keys):
            return None
        if self.projected is None:
            return image
        return {name: value for name, value in image.items() if name in self.projected}

    def units(self, before: Image, after: Image) -> int:
        """The write units of a change, in a transaction or not."""
        old, new = self.row(before), self.row(after)
        if old == new:
            return 0
        if old is None or new is None or all(old[key] == new[key] for key in self.keys):
            return ceil(max(size(old or {}), size(new or {})) / _KB)
        return ceil(size(old) / _KB) + ceil(size(new) / _KB)


def own_units(before: Image, after: Image, *, transaction: bool) -> int:
    """The write units of a table's own item, changed or (`before` and `after` being the same) only checked."""
    whole = ceil(max(size(before or {}), size(after or {}), 1) / _KB)
    return whole * _IN_A_TRANSACTION if transaction else whole


def indexes() -> dict[str, list[Index]]:
    """The indexes of each table (by its unprefixed name), from the deployment's own definitions."""
    found: dict[str, list[Index]] = {}
    for one in json.loads((ROOT / "infrastructure" / "tables.json").read_text()).values():
        properties = one["Properties"]
        name = json.dumps(properties["TableName"])
        own = {key["AttributeName"] for key in properties["KeySchema"]}
        for table in tables.NAMES.values():
            if table in name:
                found[table] = [_index(index, own) for index in properties.get("GlobalSecondaryIndexes", [])]
    return found


def _index(definition: Mapping[str, Any], own: set[str]) -> Index:
    keys = tuple(key["AttributeName"] for key in definition["KeySchema"])
    projection = definition["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(definition["IndexName"], keys, None)
    return Index(definition["IndexName"], keys, frozenset({*keys, *own, *projection.get("NonKeyAttributes", ())}))


def written(table: str, own: list[Index], before: Image, after: Image, *, transaction: bool = True) -> dict[str, int]:
    """The write units of one write, by place: the table (by its unprefixed name), and each of its indexes."""
    rows = {table: own_units(before, after, transaction=transaction)}
    return rows | {f"{table} · {index.name}": index.units(before, after) for index in own}

"""Pages of a list: keys found by an index (or a scan), items read as they are now."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib.tables.base import Item, Key, Raw, batch_get, translating_read_errors

I = TypeVar("I", bound=Item)  # noqa: E741  # the conventional letter of the type would say less


def by_index(
    model: type[I],
    index: GlobalSecondaryIndex[Any],
    partition: str,
    *,
    limit: int,
    after: Raw | None = None,
    forward: bool = True,
    condition: Condition | None = None,
) -> tuple[list[I], Raw | None]:
    """Up to `limit` items of a partition of an index, and where the next page begins (None at the end)."""
    with translating_read_errors():
        rows = index.query(
            partition,
            range_key_condition=condition,
            limit=limit,
            page_size=limit,
            last_evaluated_key=after,
            scan_index_forward=forward,
        )
        keys = [_key(model, row) for row in rows]
    return _read(keys), rows.last_evaluated_key


def of_key(
    model: type[I], partition: str, *, limit: int, after: Raw | None = None, forward: bool = True
) -> tuple[list[I], Raw | None]:
    """Up to `limit` items of a partition of a table, read consistently, and where the next page begins."""
    with translating_read_errors():
        rows = model.query(
            partition,
            limit=limit,
            page_size=limit,
            last_evaluated_key=after,
            scan_index_forward=forward,
            consistent_read=True,
        )
        return list(rows), rows.last_evaluated_key


def everything(model: type[I], *, limit: int, after: Raw | None = None) -> tuple[list[I], Raw | None]:
    """Up to `limit` items of a table in no particular order, and where the next page begins (None at the end)."""
    with translating_read_errors():
        rows = model.scan(limit=limit, page_size=limit, last_evaluated_key=after)
        found = list(rows)
        return found, rows.last_evaluated_key


def _key(model: type[Item], row: Item) -> Key:
    names = [name for name in (model._hash_keyname, model._range_keyname) if name is not None]
    return (model, *(getattr(row, name) for name in names))


def _read(keys: Sequence[Key]) -> list[Any]:
    return [item for item in batch_get(keys) if item is not None] if keys else []

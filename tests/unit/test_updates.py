"""An update is written from the raw difference: it does what PynamoDB's own actions would do, and nothing besides."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.attributes import JSONAttribute, TTLAttribute
from pynamodb.expressions.update import Update

from chalicelib.tables import NAMES
from chalicelib.tables.base import Item, Raw
from chalicelib.tables.transaction import assigned
from tests.store import DynamoDB, Index, Table

WORDS = st.text("abü #:", min_size=1, max_size=4)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3)).map(  # noqa: DTZ001  # without a zone: so it wants them
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)


def values(attribute: Any) -> st.SearchStrategy[Any]:
    """Values of an attribute; a few, so that many stay what they were."""
    if isinstance(attribute, TTLAttribute) or type(attribute).__name__ == "Instant":
        return MOMENTS
    if isinstance(attribute, JSONAttribute):
        return st.dictionaries(WORDS, st.integers() | WORDS | st.none(), max_size=2)
    if hasattr(attribute, "_words"):
        return st.sampled_from(sorted(attribute._words.values()))
    kinds = {"S": WORDS, "N": st.integers(0, 2), "BOOL": st.booleans(), "SS": st.sets(WORDS, max_size=2)}
    kinds["B"] = st.binary(min_size=1, max_size=2).map(bytes.hex)
    kinds["M"] = st.dictionaries(WORDS, WORDS.map(lambda word: {"S": word}), max_size=2)
    return kinds[attribute.attr_type]


def items(model: type[Item]) -> st.SearchStrategy[Any]:
    """Items under one key, of which anything but the key may be missing."""
    attributes = model.get_attributes()
    keys = {name: _key(one) for name, one in attributes.items() if one.is_hash_key or one.is_range_key}
    others = {name: values(one) for name, one in attributes.items() if name not in keys}
    return st.fixed_dictionaries({}, optional=others).map(lambda found: model(**keys, **found))


def _key(attribute: Any) -> Any:
    if hasattr(attribute, "_words"):
        return next(iter(attribute._words.values()))
    return 1 if attribute.attr_type == "N" else "k"


def updated(row: Raw, key: Raw, expression: str, names: dict[str, str], given: dict[str, Any]) -> Raw:
    """The row after the update, in the store of the tests."""
    table = Table("t", Index(tuple(key)), {})
    table.rows[table.key_of(row)] = row
    asked = {"TableName": "t", "Key": key, "UpdateExpression": expression}
    asked |= {"ExpressionAttributeNames": {place: name for name, place in names.items()}}
    asked |= {"ExpressionAttributeValues": given}
    DynamoDB({"t": table}).serve("TransactWriteItems", {"TransactItems": [{"Update": asked}]})
    (after,) = table.rows.values()
    return dict(after)


def comparable(raw: Raw) -> dict[str, Any]:
    """A row whose sets have an order."""
    return {
        name: {kind: sorted(one) if kind == "SS" else one for kind, one in told.items()} for name, told in raw.items()
    }


@pytest.mark.parametrize("model", NAMES, ids=lambda model: model.__name__)
@given(st.data())
def test_an_update_makes_the_stored_item_equal_and_leaves_what_we_do_not_know(model: type[Item], data: Any) -> None:
    before, after = data.draw(items(model)), data.draw(items(model))
    unknown = {"of_a_later_release": {"S": "stays"}}
    stored = before._container_serialize(null_check=False) | unknown
    changed = model.from_raw_data(stored)
    changed.attribute_values = after.attribute_values
    current = changed._container_serialize(null_check=False)
    changes, key = changed.changes(), changed.key
    if not changes:
        assert comparable(current | unknown) == comparable(stored)
        return

    old = [
        one.set(after.attribute_values[name]) if name in current else one.remove()
        for name, one in model.get_attributes().items()
        if name not in key and comparable(stored).get(name) != comparable(current).get(name)
    ]
    condition = model.is_absent()
    ways = []
    for way in (lambda names, given: assigned(changes, names, given), Update(*old).serialize):
        names: dict[str, str] = {}
        given_values: dict[str, Any] = {}
        condition.serialize(names, given_values)
        expression = str(way(names, given_values))
        ways.append(comparable(updated(stored, key, expression, names, given_values)))
    assert ways[0] == ways[1] == comparable(current | unknown)
    assert len(changes) == len(old), "no more is written than differs"

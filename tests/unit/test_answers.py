"""Documents: made with all their members, kept as they were made, encoded without those that are absent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import pytest

from chalicelib.edge.answers import ABSENT, Absent, Document, encode
from chalicelib.edge.routing import ENDPOINTS
from chalicelib.routes import BLUEPRINTS


class Inner(Document):
    """A document inside another one."""

    at: datetime
    note: str | Absent | None = ABSENT


class Outer(Inner):
    """A document with members of its own."""

    items: list[Inner]


@dataclass(frozen=True)
class Found:
    """What a service found."""

    words: frozenset[str]


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def encoded(document: object) -> Any:
    """What the wire gets."""
    return json.loads(encode(200, {}, document, "req_1")[2])


def test_a_member_that_is_absent_is_left_out_and_null_is_not() -> None:
    document = Outer(at=NOON, items=[Inner(at=NOON, note=None), Inner(at=NOON, note=ABSENT), Inner(at=NOON, note="a")])
    at = "2026-11-22T12:00:00.000Z"
    assert encoded(document) == {"at": at, "items": [{"at": at, "note": None}, {"at": at}, {"at": at, "note": "a"}]}


def test_what_a_service_found_is_encoded_as_it_is() -> None:
    assert encoded([Found(frozenset("ba"))]) == [{"words": ["a", "b"]}]


def test_a_member_that_was_not_given_is_absent() -> None:
    assert Inner(at=NOON).note is ABSENT


@pytest.mark.parametrize("members", [{}, {"note": "a"}, {"at": NOON, "nott": "a"}])
def test_a_document_is_made_with_its_members_and_no_other(members: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"'(at|nott)'"):
        Inner(**members)


def within(answered: Any, seen: set[Any]) -> Iterator[type]:
    """The dataclasses that an annotation names, and those of their members."""
    for part in get_args(answered):
        yield from within(part, seen)
    kind = getattr(answered, "__origin__", answered)
    if isinstance(kind, type) and is_dataclass(kind) and kind not in seen:
        seen.add(kind)
        yield kind
        for member in get_type_hints(kind).values():
            yield from within(member, seen)


def test_all_that_is_answered_keeps_its_members_where_the_encoder_takes_them_from() -> None:
    assert BLUEPRINTS
    seen: set[Any] = set()
    kinds = [kind for endpoint in ENDPOINTS for kind in within(endpoint.answer_type, seen)]
    assert len(kinds) > 80
    assert [kind for kind in kinds if kind.__dictoffset__ == 0] == []

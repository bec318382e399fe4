"""Records: what a frozen dataclass does, at less cost; who changes one is refused by type checkers."""

from collections.abc import Mapping
from dataclasses import field, fields, replace
from typing import Any
from unittest.mock import ANY

import pytest

from chalicelib.domain.records import record


@record
class Place:
    """A record with defaults, and with a member that cannot be hashed."""

    name: str
    height: float = 0.0
    notes: Mapping[str, object] = field(default_factory=dict, hash=False)
    unit: str = field(default="m", kw_only=True)


@record
class Summit(Place):
    """A record with members of its own."""

    first: int | None = None


def test_a_record_has_its_members_and_defaults() -> None:
    assert vars(Place("Ulm", unit="ft")) == {"name": "Ulm", "height": 0.0, "notes": {}, "unit": "ft"}
    assert vars(Summit("Eiger", 3967.0, first=1858)) == {
        "name": "Eiger",
        "height": 3967.0,
        "notes": {},
        "unit": "m",
        "first": 1858,
    }
    assert [one.name for one in fields(Summit)] == ["name", "height", "notes", "unit", "first"]


def test_each_record_gets_a_default_of_its_own() -> None:
    assert Place("Ulm").notes is not Place("Ulm").notes


@pytest.mark.parametrize("given", [{}, {"name": "Ulm", "hight": 1.0}])
def test_a_record_is_made_with_its_members_and_no_other(given: dict[str, Any]) -> None:
    for _ in ("the first", "a further one"):
        with pytest.raises(TypeError, match=r"'(name|hight)'"):
            Place(**given)


def test_records_are_equal_by_kind_and_members() -> None:
    assert Place("Ulm") == Place("Ulm", 0.0)
    assert Place("Ulm") != Place("Ulm", 478.0)
    assert Place("Ulm") != Summit("Ulm")
    assert Place("Ulm") == ANY, "what a record does not know may know the record"
    assert {Place("Ulm", notes={"a": 1}), Place("Ulm", notes={"a": 1})} == {Place("Ulm", notes={"a": 1})}


def test_a_record_is_replaced_matched_and_shown() -> None:
    match replace(Place("Ulm"), height=478.0):
        case Place(name, height):
            assert (name, height) == ("Ulm", 478.0)
    assert repr(Place("Ulm")) == "Place(name='Ulm', height=0.0, notes={}, unit='m')"


def test_type_checkers_refuse_to_change_a_record() -> None:
    place = Place("Ulm")
    place.name = "Bern"  # type: ignore[misc]  # mypy would warn if nothing were ignored here
    replace(place, height="high")  # type: ignore[arg-type]  # as above


def test_a_method_is_compiled_when_it_is_called_first() -> None:
    @record
    class Late:
        member: int

    def waiting() -> list[str]:
        return [name for name in ("__init__", "__hash__") if vars(Late)[name].__name__ == "method"]

    assert waiting() == ["__init__", "__hash__"]
    made = Late(1)
    assert waiting() == ["__hash__"]
    assert hash(made) == hash(Late(1)) and waiting() == []

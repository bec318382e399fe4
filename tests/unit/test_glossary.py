"""Every term of the service is in the glossary: enumerations, audit verbs, tables and their columns."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

import chalicelib
from chalicelib.domain.actions import AuditAction
from chalicelib.tables import NAMES

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
_ROW = re.compile(r"^\| (.+?) \| (.+) \|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")

# what the name alone says, by its ending; the glossary explains the endings
ENDINGS = ("_at", "_by", "_id", "_ids", "_count")
PLAIN = {  # columns whose name is plain English, or a term that the glossary explains as a word
    *("name", "username", "body", "note", "client", "host", "bytes", "width", "height"),  # say what they hold
    "at",  # of an audit event: when
    *("tags", "theme", "category", "models", "phase", "role", "keys"),  # explained as words, or labels
    *("state", "status", "paused"),  # sections of the glossary explain their values
}


def _sections() -> dict[str, set[str]]:
    """The words in code in the first column, by section."""
    found: dict[str, set[str]] = {}
    for part in GLOSSARY.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        found[title] = {word for row in _ROW.finditer(text) for word in _CODE.findall(row[1])}
    return found


def _enumerations() -> Iterator[tuple[str, type[StrEnum]]]:
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        for name, one in vars(importlib.import_module(module.name)).items():
            if isinstance(one, type) and issubclass(one, StrEnum) and one.__module__ == module.name and len(one):
                yield f"{module.name}.{name}", one


ENUMERATIONS = {name: one for name, one in _enumerations() if one is not AuditAction}


def test_there_are_enumerations_to_explain() -> None:
    assert len(ENUMERATIONS) > 15


@pytest.mark.parametrize("name", sorted(ENUMERATIONS))
def test_one_section_explains_every_member_of_an_enumeration(name: str) -> None:
    members = {str(one) for one in ENUMERATIONS[name]}
    missing = {title: members - words for title, words in _sections().items()}
    nearest = min(missing, key=lambda title: len(missing[title]))
    assert not missing[nearest], f"docs/glossary.md, section {nearest}, does not explain {sorted(missing[nearest])}"


def test_every_audit_verb_is_explained() -> None:
    verbs = {str(action).partition(":")[2] for action in AuditAction}
    assert verbs - _sections()["Audit verbs"] == set()
    assert _sections()["Audit verbs"] - verbs == set(), "these are not verbs of the audit any more"


def test_every_table_is_explained() -> None:
    assert _sections()["Tables"] == set(NAMES.values())


@pytest.mark.parametrize("model", NAMES, ids=lambda model: NAMES[model])
def test_every_column_is_explained_unless_it_is_plain_english(model: type) -> None:
    columns = set(model.get_attributes())  # type: ignore[attr-defined]  # PynamoDB's own, on every model
    explained = _sections()["Columns"] | PLAIN
    assert {one for one in columns - explained if not one.endswith(ENDINGS)} == set()


def test_no_column_is_explained_that_there_is_not() -> None:
    columns = {column for model in NAMES for column in model.get_attributes()}
    assert _sections()["Columns"] - columns == set()
    assert PLAIN - columns == set()


def test_no_row_of_the_glossary_lacks_its_meaning() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [row for row in rows if not re.fullmatch(r"\|(?: .+ \|){2}|\|---\|---\|", row)] == []

"""Words of an account that can be forgotten: what operators and workers wrote of it, and by which names.

An event of an account keeps a seal of its words, which stay in a row of their own: erasing deletes that row, and the
event stays as it was written. The seal is salted, and the salt goes with the words, so that nobody can guess them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

from chalicelib.domain.records import record

PERSONAL = frozenset({"username", "granted_by", "reference", "external_ref", "tags", "reason", "evidence", "message"})
"""The details of an account's events that hold words of persons."""
ERASED = "[erased]"
"""What stands where words were."""
SALT_BYTES = 16


@record
class Split:
    """The details of an event: what it keeps itself, and the words apart."""

    kept: Mapping[str, object]
    words: Mapping[str, object]


def split(details: Mapping[str, object]) -> Split:
    """The details that the event keeps, and its words."""
    words = {name: value for name, value in details.items() if name in PERSONAL}
    return Split({name: value for name, value in details.items() if name not in PERSONAL}, words)


def seal(words: Mapping[str, object], salt: str) -> dict[str, object]:
    """What an event keeps of its words: their names, and a digest that proves them as long as they are there."""
    told = json.dumps(words, sort_keys=True, ensure_ascii=False, default=str)
    return {"names": sorted(words), "digest": hashlib.sha256(f"{salt}\0{told}".encode()).hexdigest()}


def tombstones(names: Iterable[str]) -> dict[str, object]:
    """What is shown of words that are gone."""
    return dict.fromkeys(names, ERASED)


def erased(value: object) -> object:
    """The tombstone of a value, None where there was none."""
    return None if value is None else ERASED

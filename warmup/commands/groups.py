"""Which rows of an import may be the same item: a dry run sends these together, since no request knows of another.

Whether they are the same is the service's to say. Here rows that may be are only never parted, so what counts as alike
is taken wider than any rule of the service: letters and digits alone, whatever their case and Unicode form.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_IDENTIFYING = ("account_id", "content_id", "text_id", "username", "body", "sha256")
Placed = tuple[int, dict[str, Any]]


def grouped(rows: Iterable[Placed]) -> Iterator[list[Placed]]:
    """Yield the rows in groups, in the order of each group's first row; no item has rows in two groups."""
    found = list(rows)
    parent = list(range(len(found)))

    def first(place: int) -> int:
        while parent[place] != place:
            parent[place] = place = parent[parent[place]]
        return place

    seen: dict[str, int] = {}
    for place, (_, row) in enumerate(found):
        for key in _keys(row):
            one, other = sorted((first(seen.setdefault(key, place)), first(place)))
            parent[other] = one
    groups: dict[int, list[Placed]] = {}
    for place, placed in enumerate(found):
        groups.setdefault(first(place), []).append(placed)
    yield from groups.values()


def _keys(row: Mapping[str, Any]) -> Iterator[str]:
    for name in _IDENTIFYING:
        if isinstance(row.get(name), str):
            yield f"{name}:{_folded(row[name])}"


def _folded(text: str) -> str:
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in whole if letter.isalnum())

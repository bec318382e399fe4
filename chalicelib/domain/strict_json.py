"""JSON, and nothing that is only nearly so."""

import json
import math
from typing import Any

DEEPEST = 32


def parse(text: str) -> Any:
    """The value that JSON text holds: no NaN, no member twice, no half a surrogate pair, at most 32 levels deep.

    Raises ValueError, RecursionError.
    """
    parsed = json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_unique)
    json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    _check_depth(parsed)
    return parsed


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice in one object")
    return found


def _check_depth(parsed: Any) -> None:
    level, depth = [parsed], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"it is nested more than {DEEPEST} levels deep")
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]

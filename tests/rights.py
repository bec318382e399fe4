"""What the written policies allow, read as the rights that requests make use of."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.tables import NAMES
from infrastructure.tables import logical_id

POLICIES = Path(__file__).parents[1] / ".chalice"
FUNCTIONS = ("api_handler", "open_due_phases", "close_lost_sessions", "watch_pools")
PREFIX = "test-"
Right = tuple[str, str, str]
"""Function, action of DynamoDB, table (and index)."""


def statements(function: str) -> list[dict[str, Any]]:
    """The statements of a function's policy."""
    found: list[dict[str, Any]] = json.loads((POLICIES / f"policy-{function}.json").read_text())["Statement"]
    return found


def resources(statement: dict[str, Any]) -> list[str]:
    """What a statement is about: `AccountsTable`, `AccountsTable/index/all-due-index`, `MediaBucket/*`."""
    named = statement["Resource"]
    return [_named(one) for one in (named if isinstance(named, list) else [named])]


def _named(resource: dict[str, Any]) -> str:
    if "Fn::GetAtt" in resource:
        name, attribute = resource["Fn::GetAtt"]
        assert attribute == "Arn", resource
        return str(name)
    return str(resource["Fn::Sub"]).replace(".Arn}", "").removeprefix("${")


@cache
def granted() -> frozenset[Right]:
    """Every right at a table that some function has."""
    tables = {logical_id(name): PREFIX + name for name in NAMES.values()}
    found = set()
    for function in FUNCTIONS:
        for statement in statements(function):
            for resource in resources(statement):
                table, _, index = resource.partition("/")
                if table in tables:
                    place = tables[table] + (f"/{index}" if index else "")
                    found |= {(function, action.removeprefix("dynamodb:"), place) for action in statement["Action"]}
    return frozenset(found)

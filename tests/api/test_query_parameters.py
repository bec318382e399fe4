"""Each query parameter that a route declares reaches what reads it: none makes a defect of the service."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infrastructure.openapi import FILE
from tests.agency import Agency

OF_BOTS = "/api/bot/"


def parameters() -> Iterator[Any]:
    """Each query parameter of each route, with a value that its schema admits."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter.get("in") == "query":
                    value = _value(parameter["schema"], document)
                    name = f"{method} {path} {parameter['name']}"
                    yield pytest.param(method.upper(), path, f"{parameter['name']}={value}", id=name)


def _value(schema: dict[str, Any], document: dict[str, Any]) -> str:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], document)
    match schema:
        case {"enum": [first, *_]}:
            return str(first)
        case {"type": "array", "items": items}:
            return _value(items, document)
        case {"type": "integer"}:
            return "1"
        case {"type": "boolean"}:
            return "true"
        case {"format": "date"}:
            return "2026-11-22"
        case _:
            return "m1"


@pytest.mark.parametrize(("method", "path", "query"), parameters())
def test_no_query_parameter_makes_a_defect(agency: Agency, method: str, path: str, query: str) -> None:
    for name, value in {"account_id": "a1", "phase": "pfp", "model_id": "m1", "content_id": "m1-pfp"}.items():
        path = path.replace(f"{{{name}}}", value)
    caller = agency.worker() if path.startswith(OF_BOTS) else agency.operator
    assert caller.send(method, f"{path}?{query}", {} if method == "POST" else None).status < 500

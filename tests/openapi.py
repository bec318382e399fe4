"""Holds answers to the OpenAPI document: an answer that is not just as documented fails the test that got it."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from infrastructure.openapi import FILE

Json = dict[str, Any]


@cache
def document() -> Json:
    """The document as it is stored, its objects closed: an answer with a member more than is documented is wrong."""
    found: Json = json.loads(FILE.read_text(encoding="utf-8"))
    for name, schema in found["components"]["schemas"].items():
        if "properties" in schema and not name.endswith(("Body", "Edit")):
            schema.setdefault("additionalProperties", False)
    return found


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(document()["paths"], key=lambda path: "{" in path)
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path) + "/?"), path) for path in paths]


def operation(method: str, path: str) -> Json | None:
    """The operation that a request means, None where there is none."""
    bare = path.partition("?")[0]
    found = next((path for pattern, path in _patterns() if pattern.fullmatch(bare)), None)
    operations: Json = document()["paths"].get(found, {})
    return operations.get(method.lower())


def check(method: str, path: str, status: int, headers: Mapping[str, str], text: str, *, with_body: bool) -> None:
    """Raises AssertionError where the answer is not as the document says."""
    told = operation(method, path)
    if (
        status == 405 or told is None or (method == "GET" and with_body)
    ):  # a body that no route asks for is refused in words of its own
        return
    responses, name = told["responses"], f"{method} {path} → {status}"
    assert str(status) in responses, f"{name} is not documented: {text[:300]}"
    response = _resolved(responses[str(status)])
    media_type = headers.get("Content-Type", "").partition(";")[0]
    content = response.get("content", {})
    assert not text or content.keys() & {media_type, "*/*"}, f"{name} answers {media_type}"
    for header in ("ETag", "Next-Cursor", "Retry-After"):
        assert header not in headers or header in response.get("headers", {}), f"{name} has the header {header}"
    if media_type.endswith(("/json", "+json")) and "schema" in content.get(media_type, {}):
        body = json.loads(text)
        code = body.get("code") if media_type == "application/problem+json" else None
        assert code is None or code in content[media_type]["examples"], f"{name} has the code {code}"
        for error in _validator(told["operationId"], status, media_type).iter_errors(body):
            raise AssertionError(f"{name}: {'/'.join(map(str, error.instance_path))}: {error.message}")


def _resolved(response: Json) -> Json:
    name = response.get("$ref", "").rpartition("/")[2]
    found: Json = document()["components"]["responses"][name] if name else response
    return found


@cache
def _validator(operation_id: str, status: int, media_type: str) -> jsonschema_rs.Draft202012Validator:
    operations = [one for path in document()["paths"].values() for one in path.values()]
    told = next(one for one in operations if one["operationId"] == operation_id)
    return validator(_resolved(told["responses"][str(status)])["content"][media_type]["schema"])


def validator(schema: Json) -> jsonschema_rs.Draft202012Validator:
    """A validator of one of the document's schemas."""
    return jsonschema_rs.Draft202012Validator({**schema, "components": document()["components"]}, validate_formats=True)

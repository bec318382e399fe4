"""OpenAPI and the routes agree, the document is valid, and its examples are what it says."""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from infrastructure import openapi
from infrastructure.problems import CODES
from tests.openapi import document, validator

Json = dict[str, Any]
STORED: Json = json.loads(openapi.FILE.read_text(encoding="utf-8"))
OPERATIONS: list[Json] = [one for path in STORED["paths"].values() for one in path.values()]


def parts(value: Any) -> Iterator[Json]:
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(one)


def test_the_stored_document_is_the_one_that_the_routes_make() -> None:
    assert openapi.render() == openapi.FILE.read_text(encoding="utf-8"), "run: make openapi"


def test_every_code_has_the_page_that_its_type_opens() -> None:
    stored = {file.stem: file.read_text(encoding="utf-8") for file in openapi.PAGES.iterdir()}
    assert stored == {code.code: openapi.page(code) for code in CODES.values()}, "run: make openapi"


def test_the_document_is_valid_openapi() -> None:
    validate(STORED)


def test_bounds_are_told_in_the_words_of_json_schema() -> None:
    """What pydantic cannot translate it copies: a bound around a union was told as `ge`, which nobody reads."""
    schemas = [one for one in parts(STORED["components"]["schemas"]) if "type" in one or "anyOf" in one]
    assert len(schemas) > 100
    assert [one for one in schemas if {"ge", "gt", "le", "lt", "min_length", "max_length"} & one.keys()] == []


def test_the_document_has_every_route_and_no_other() -> None:
    app = importlib.import_module("app").app
    served = {(path, method) for path, methods in app.routes.items() for method in methods}
    told = {(path, method.upper()) for path, one in STORED["paths"].items() for method in one}
    assert told == served


def test_operations_are_named_once_each_and_told_in_words() -> None:
    names = [one["operationId"] for one in OPERATIONS]
    assert len(names) == len(set(names))
    assert all(one["summary"] for one in OPERATIONS)
    assert all(part["description"] for one in OPERATIONS for part in one["parameters"] if "$ref" not in part)


def test_every_definition_is_used_and_has_a_name_that_says_something() -> None:
    used = {one["$ref"] for one in parts(STORED) if isinstance(one.get("$ref"), str)}
    defined = {
        f"#/components/{kind}/{name}"
        for kind, names in STORED["components"].items()
        if kind not in ("securitySchemes", "responses")
        for name in names
    }
    assert {one for one in used if "/responses/" not in one} == defined - {"#/components/headers/Allow"}
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in STORED["components"]["schemas"])


def test_every_body_and_answer_has_an_example_that_its_schema_admits() -> None:
    found = 0
    for part in parts([*OPERATIONS, STORED["components"]["responses"]]):
        for content in part["content"].values() if "description" in part and "content" in part else ():
            if "schema" not in content:
                continue  # a page
            given = [{"value": content["example"]}] if "example" in content else list(content["examples"].values())
            for one in given:
                name = one.get("$ref", "").rpartition("/")[2]
                value = STORED["components"]["examples"][name]["value"] if name else one["value"]
                validator(content["schema"]).validate(value)
                found += 1
    assert found > 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one["operationId"])
def test_every_parameter_has_an_example_that_its_schema_admits(operation: Json) -> None:
    for parameter in operation["parameters"]:
        name = parameter.get("$ref", "").rpartition("/")[2]
        told = STORED["components"]["parameters"][name] if name else parameter
        validator(told["schema"]).validate(told["example"])


def test_every_code_is_told_with_what_to_do_and_stands_at_some_route() -> None:
    assert all(code.detail and code.remedy for code in CODES.values())
    told = {
        name
        for operation in OPERATIONS
        for response in operation["responses"].values()
        for name in (
            [response["$ref"].rpartition("/")[2]]
            if "$ref" in response
            else response.get("content", {}).get("application/problem+json", {}).get("examples", {})
        )
    }
    assert set(CODES) - told == {"method_not_allowed"}, "no operation answers it: it is the answer where there is none"


def test_closed_objects_are_what_tests_hold_answers_to() -> None:
    assert document()["components"]["schemas"]["Phase"]["additionalProperties"] is False

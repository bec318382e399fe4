"""OpenAPI and its pages, as they are served."""

import json

import pytest

from chalicelib.routes import docs
from infrastructure import openapi
from infrastructure.problems import CODES
from tests.agency import Agency, Reply


def asked(agency: Agency, path: str, **headers: str) -> Reply:
    return agency.nobody().get(path, headers=headers, content_type=None)


def test_the_document_is_served_to_anybody_and_only_when_it_changed(agency: Agency) -> None:
    first = asked(agency, "/openapi.json")
    assert json.loads(first.text)["openapi"] == "3.1.0"
    assert first.headers["Content-Type"] == "application/json"
    assert first.text == openapi.FILE.read_text(encoding="utf-8")
    assert asked(agency, "/openapi.json", **{"If-None-Match": first.headers["ETag"]}).status == 304


def test_the_pages_load_nothing_from_elsewhere_and_run_no_inline_code(agency: Agency) -> None:
    page = asked(agency, "/docs")
    rules = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    assert (rules["default-src"], rules["script-src"], rules["style-src"]) == ("'none'", "'self'", "'self'")
    assert "://" not in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text


@pytest.mark.parametrize("file", sorted(one.name for one in docs.FOLDER.iterdir() if one.is_file()))
def test_every_file_of_the_pages_is_served(agency: Agency, file: str) -> None:
    assert asked(agency, f"/docs/{file}").status == 200


@pytest.mark.parametrize("code", CODES)
def test_the_type_of_a_problem_opens_its_page(agency: Agency, code: str) -> None:
    page = asked(agency, f"/docs/errors/{code}")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Content-Security-Policy" in page.headers
    assert f"<code>{code}</code>" in page.text


def test_what_is_no_code_has_no_page(agency: Agency) -> None:
    asked(agency, "/docs/errors/nothing").refused(404, "route_not_found")
    asked(agency, "/docs/errors/..%2Findex").refused(404, "route_not_found")

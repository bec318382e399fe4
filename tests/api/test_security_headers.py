"""What every answer says to a browser, and documentation that a deployment closes."""

from dataclasses import replace

import pytest

from chalicelib.edge.answers import HSTS, SECURITY_HEADERS
from chalicelib.edge.serve import installed
from tests.agency import Agency

PATHS = [
    "/api/health",
    "/api/operator/bots",
    "/console",
    "/docs",
    "/docs/errors/forbidden",
    "/openapi.json",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers_of_security(agency: Agency, path: str) -> None:
    answer = agency.nobody().get(path)
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "Strict-Transport-Security" not in answer.headers, "it came unencrypted"


@pytest.mark.parametrize("path", ["/api/health", "/api/operator/bots", "/console"])
def test_what_came_encrypted_comes_so_from_now_on(agency: Agency, path: str) -> None:
    answer = agency.nobody().get(path, headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Strict-Transport-Security"] == HSTS


def test_a_deployment_closes_its_documentation_but_for_what_explains_errors(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "settings", replace(installed.settings, open_docs=False))
    for path in ("/docs", "/docs/start.js", "/openapi.json"):
        answer = agency.client.http.get(path)  # a deployment that is closed is not the one that OpenAPI describes
        assert (answer.status_code, answer.json_body["code"]) == (404, "route_not_found")
    assert agency.nobody().get("/docs/errors/forbidden").status == 200
    assert agency.nobody().get("/console").status == 200

"""Problem documents on every path: unknown routes, wrong methods, media types, sizes, defects, a store that is away."""

import json
from typing import Any

import pytest

from chalicelib import routes
from chalicelib.edge.routing import ENDPOINTS
from chalicelib.edge.serve import problem_for_unknown_route
from tests.agency import PROBLEM, Agency
from tests.api.shapes import PROBLEM as MEMBERS
from tests.wire import Fault

assert routes.BLUEPRINTS, "importing the routes declares them"
PATHS = sorted({endpoint.path for endpoint in ENDPOINTS})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def allowed(path: str) -> list[str]:
    """The methods that the path knows."""
    return sorted(endpoint.method for endpoint in ENDPOINTS if endpoint.path == path)


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_method_is_told_the_right_ones(agency: Agency, path: str) -> None:
    before = agency.wire.image()
    for method in sorted(set(METHODS) - set(allowed(path))):
        answer = agency.operator.send(method, path.replace("{", "").replace("}", ""), headers={"X-Request-Id": "r-1"})
        problem = answer.refused(405, "method_not_allowed")
        assert set(problem) >= MEMBERS
        assert sorted(name.strip() for name in answer.headers["Allow"].split(",")) == allowed(path)
        assert answer.headers["X-Request-Id"] == problem["request_id"] == "r-1"
    assert agency.wire.image() == before


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"X-Request-Id": "r-1"}, True),
        ({"x-request-id": "r-1"}, True),
        ({"X-Request-Id": "two words"}, False),
        ({}, False),
    ],
)
def test_an_unknown_route_is_a_problem_too(agency: Agency, headers: dict[str, str], kept: bool) -> None:
    assert agency.wire
    status, out, body = problem_for_unknown_route(headers, "GET", "/api/nowhere", [])
    document = json.loads(body)
    assert (status, out["Content-Type"], document["code"]) == (404, PROBLEM, "route_not_found")
    assert set(document) >= MEMBERS
    assert out["X-Request-Id"] == document["request_id"]
    assert (document["request_id"] == "r-1") is kept


@pytest.mark.parametrize("given", ["r", "a" * 128, "Root=1-67891233-abcdef012345678912345678", "urn:x:1/2+3.4_5"])
def test_a_well_formed_request_id_comes_back_and_stands_in_the_audit(agency: Agency, given: str) -> None:
    agency.operator.account(ready=False)
    answer = agency.operator.post("/api/operator/accounts/a1/ready", {"reason": "x"}, headers={"X-Request-Id": given})
    answer.ok()
    assert answer.headers["X-Request-Id"] == given
    event = agency.operator.events()[-1]
    assert (event["client_request_id"], event["request_id"][:4]) == (given, "req_")
    problem = agency.operator.get("/api/operator/accounts/never", headers={"X-Request-Id": given})
    assert problem.refused(404, "account_not_found")["request_id"] == given


@pytest.mark.parametrize("given", [None, "", "two words", "a" * 129, "é", '"', "{}"])
def test_any_other_request_id_is_replaced(agency: Agency, given: str | None) -> None:
    answer = agency.operator.get("/api/operator/accounts/never", headers={"X-Request-Id": given})
    made = answer.refused(404, "account_not_found")["request_id"]
    assert made.startswith("req_")
    assert answer.headers["X-Request-Id"] == made != given


def test_answers_are_not_kept_by_anybody_on_the_way(agency: Agency) -> None:
    for path in ("/api/health", "/api/operator/accounts", "/api/operator/accounts/never"):
        assert agency.operator.get(path).headers["Cache-Control"] == "no-store"


def test_health_asks_no_store_and_readiness_asks_once(agency: Agency) -> None:
    assert agency.nobody().get("/api/health").ok()["status"] == "ok"
    assert agency.wire.operations() == []
    assert agency.nobody().get("/api/ready").ok()["status"] == "ready"
    assert agency.wire.operations() == ["BatchGetItem"]


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.THROTTLED, Fault.SERVER_ERROR, Fault.ANSWER_LATE])
def test_a_store_that_cannot_be_read_is_a_503_that_may_be_tried_again(agency: Agency, fault: Fault) -> None:
    agency.wire.fail(fault, "BatchGetItem", times=1000)
    answer = agency.nobody().get("/api/ready")
    problem = answer.refused(503, "temporarily_unavailable")
    assert set(problem) >= MEMBERS
    assert problem["retryable"] is True
    assert answer.headers["Retry-After"] == str(problem["retry_after_seconds"])


@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems", "Query"])
def test_a_defect_is_a_500_without_details_and_is_logged(
    agency: Agency, operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker = agency.warmed_to("pfp")
    agency.wire.fail(Fault.REFUSED, operation)
    answer = worker.content(headers={"X-Request-Id": "r-500"})
    problem = answer.refused(500, "internal_error")
    assert set(problem) >= MEMBERS
    assert (problem["request_id"], problem["retryable"]) == ("r-500", False)
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.exc_info is not None
    assert vars(record)["client_request_id"] == "r-500"
    worker.content().ok()


def test_the_type_of_a_problem_names_its_code(agency: Agency) -> None:
    problem: Any = agency.operator.get("/api/operator/accounts/never").json
    assert problem["type"] == "/docs/errors/account_not_found", "no stage stands before it where there is none"
    assert problem["title"] == "Account not found"

"""The error tree and the one table from error to status agree with each other and with the contract."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import errors
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.facts import Facts
from chalicelib.edge.problems import STATUS, Problem, RowError, problem, row_error

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GIVEN: dict[type[ServiceError], tuple[Any, ...]] = {
    errors.InvalidInput: ([{"pointer": "/limit", "detail": "too large"}],),
    errors.NotFound: ("account", "a1"),
    errors.InvalidTransition: ("account", "ready", "complete", ["start"]),
}
CONTRACT = {
    "MalformedRequest": (400, "malformed_request", False),
    "Unauthenticated": (401, "unauthenticated", False),
    "Forbidden": (403, "forbidden", False),
    "NotFound": (404, "account_not_found", False),
    "AccountNotReady": (409, "account_not_ready", False),
    "AccountLeased": (409, "account_leased", True),
    "LeaseSuperseded": (409, "lease_superseded", False),
    "PhaseNotAvailable": (409, "phase_not_available", False),
    "PhaseNotInProgress": (409, "phase_not_in_progress", False),
    "PhasesIncomplete": (409, "phases_incomplete", False),
    "ContentUnavailable": (409, "content_unavailable", True),
    "AccountPaused": (409, "account_paused", True),
    "ModelBusy": (409, "model_busy", True),
    "AlreadyExists": (409, "already_exists", False),
    "VersionConflict": (412, "version_conflict", False),
    "BodyTooLarge": (413, "body_too_large", False),
    "UnsupportedMediaType": (415, "unsupported_media_type", False),
    "InvalidInput": (422, "invalid_input", False),
    "RateLimited": (429, "rate_limited", True),
    "QuotaReached": (429, "quota_reached", True),
    "TemporarilyUnavailable": (503, "temporarily_unavailable", True),
    "Refused": (409, "refused", False),
    "ServiceError": (500, "internal_error", False),
}
TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ServiceError)]


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: str(kind.__name__))
def test_every_error_has_the_contracts_status_and_code(kind: type[ServiceError]) -> None:
    error = kind(*GIVEN.get(kind, ()))
    status, headers, body = problem(error, "req_1", NOW)
    document = json.loads(body)
    # where the contract is silent, a fact that stands against a request is a conflict
    expected = CONTRACT.get(kind.__name__, (409, kind.code, False))
    assert (status, document["code"], document["retryable"]) == expected
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", document["code"])
    assert headers["Content-Type"] == "application/problem+json"
    assert document["status"] == status
    assert document["request_id"] == headers["X-Request-Id"] == "req_1"
    assert all(document[member] for member in ("type", "title", "detail"))


def test_the_docstring_draws_the_whole_tree() -> None:
    drawn = set(re.findall(r"[A-Z][A-Za-z]+", errors.__doc__ or ""))
    assert {kind.__name__ for kind in TREE} <= drawn


def test_every_error_has_a_status_of_its_own_or_of_its_kind() -> None:
    for kind in TREE:
        assert any(base in STATUS for base in kind.__mro__)


def test_an_error_of_a_row_says_what_the_problem_document_does() -> None:
    error = errors.InvalidTransition("item", "rejected", "withdraw", ["approve"])
    assert row_error(error) == {
        "code": "invalid_transition",
        "detail": error.detail,
        "state": "rejected",
        "possible_transitions": ["approve"],
    }


def test_rows_and_problems_know_every_fact_that_an_error_can_have() -> None:
    assert set(Facts.__annotations__) <= set(RowError.__annotations__) & set(Problem.__annotations__)


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"duplicate_of": "con-1"}, "The model has this very file, or this very text, already. It is con-1."),
        (
            {"duplicate_of": "con-1", "duplicate_status": "approved", "duplicate_category": "post"},
            "The model has this very file, or this very text, already. It is con-1, `approved`, in the category "
            "`post`: change that one by PATCH.",
        ),
        ({}, "The model has this very file, or this very text, already."),
    ],
)
def test_a_duplicate_names_the_other_as_far_as_it_is_known(members: Facts, detail: str) -> None:
    assert errors.Duplicate(**members).detail == detail


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (errors.TemporarilyUnavailable(), "2"),
        (errors.TemporarilyUnavailable(retry_after_seconds=7), "7"),
        (errors.PhaseNotAvailable(None, NOW + timedelta(hours=1)), "3601"),
        (errors.PhaseNotAvailable(None, NOW - timedelta(hours=1)), "1"),  # never zero
        (errors.PhaseNotAvailable(), None),  # time alone does not help
        (errors.ContentUnavailable(available_at=NOW + timedelta(minutes=5)), "301"),
        (errors.AccountNotReady(), None),
    ],
)
def test_what_time_clears_says_when_to_come_again(error: ServiceError, wait: str | None) -> None:
    assert problem(error, "req_1", NOW)[1].get("Retry-After") == wait

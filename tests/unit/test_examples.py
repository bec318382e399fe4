"""The examples in OpenAPI could happen: members that go together stand as the service would let them stand."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.accounts import AccountState, Step
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.phases import ATTENTION, PhaseStatus
from chalicelib.domain.plans import STANDARD
from infrastructure import openapi

Json = dict[str, Any]
STORED: Json = json.loads(openapi.FILE.read_text(encoding="utf-8"))
ANSWERS = {
    f"{operation['operationId']} {status}": content["example"]
    for path in STORED["paths"].values()
    for operation in path.values()
    for status, response in operation["responses"].items()
    for content in response.get("content", {}).values()
    if isinstance(content.get("example"), dict)
}
NOT_BEGUN = (PhaseStatus.PENDING, PhaseStatus.AVAILABLE, PhaseStatus.CONTENT_ASSIGNED)


def objects(value: Any) -> Iterator[Json]:
    """Every object in an example."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(one)


def faults(one: Json) -> Iterator[str]:
    """What cannot be so about an object."""
    action, status, state = one.get("action"), one.get("status"), one.get("state")
    if action in set(Step) and "phase" in one:
        fits = {Step.START_WARMUP: one["phase"] == STANDARD.first, Step.COMPLETE_WARMUP: one["phase"] is None}
        if not fits.get(Step(action), one["phase"] in STANDARD.order):
            yield f"{action} at {one['phase']}"
    if "subject" in one and "action" in one and action not in set(AuditAction):
        yield f"nobody does {action!r}"
    if status in set(PhaseStatus) and "started_at" in one:
        if (status == PhaseStatus.COMPLETED) != (one["completed_at"] is not None):
            yield f"{status}, completed at {one['completed_at']}"
        if status in NOT_BEGUN and one["started_at"] is not None:
            yield f"{status}, yet it was started"
        if (status in ATTENTION) != (one.get("error_kind") is not None):
            yield f"{status} with the kind of error {one.get('error_kind')}"
    if one.get("error_code") is not None and "error_kind" in one and one["error_kind"] is None:
        yield "a code of an error without its kind"
    if "since" in one and "account_id" in one and status is not None and status not in ATTENTION:
        yield f"a case that is {status}"
    if "directive" in one and status is not None and (status == "ended") != (one.get("ended_at") is not None):
        yield f"a session that is {status}, ended at {one.get('ended_at')}"
    if state is not None and "current_phase" in one:
        begun = state in (AccountState.WARMING_UP, AccountState.PAUSED, AccountState.RETIRED)
        if not begun and (one["current_phase"] or one.get("lease") or action in (Step.RUN_PHASE, Step.COMPLETE_WARMUP)):
            yield f"{state}, yet in a phase, leased or with work"
    if "counts" in one:
        results = one.get("results") or one.get("items") or one.get("rows") or []
        outcomes = [each["outcome"] for each in results]
        if any(outcomes.count(outcome) != count for outcome, count in one["counts"].items()):
            yield f"counts {one['counts']} of {outcomes}"
    if "assignment_id" in one and "outcome" in one and (one["outcome"] is None) != (one["ended_at"] is None):
        yield f"an assignment that ended at {one['ended_at']} with {one['outcome']}"


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_answer_in_the_document_could_happen(answer: str) -> None:
    assert [fault for one in objects(ANSWERS[answer]) for fault in faults(one)] == []


def test_an_answer_shows_what_its_operation_has_done() -> None:
    assert ANSWERS["accounts.create 201"]["state"] == AccountState.IMPORTED
    assert ANSWERS["accounts.ready 200"]["state"] == AccountState.READY
    assert ANSWERS["accounts.pause 200"]["state"] == AccountState.PAUSED
    assert ANSWERS["accounts.complete_warmup 200"]["state"] == AccountState.ACTIVE
    assert ANSWERS["phases.complete_phase 200"]["phase"]["status"] == PhaseStatus.COMPLETED
    assert ANSWERS["phases.report_error 200"]["phase"]["status"] == PhaseStatus.FAILED
    assert ANSWERS["sessions.end 200"]["status"] == "ended"


def test_the_rules_find_what_cannot_happen() -> None:
    """Each rule is one that can fail."""
    for wrong in (
        {"action": "start_warmup", "phase": "post"},
        {"subject": "account:a", "action": "…"},
        {"status": "pending", "started_at": "2026-11-22T12:00:00.000Z", "completed_at": None},
        {"error_code": "x", "error_kind": None},
        {"directive": "continue", "status": "live", "ended_at": "2026-11-22T12:00:00.000Z"},
        {"state": "imported", "current_phase": "post"},
        {"counts": {"created": 1}, "results": [{"outcome": "done"}]},
        {"assignment_id": "a", "outcome": None, "ended_at": "2026-11-22T12:00:00.000Z"},
    ):
        assert list(faults(wrong)), wrong

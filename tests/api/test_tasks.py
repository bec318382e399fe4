"""A person from the console is a worker too: the same rules, under the operator's key."""

from typing import Any

import pytest

from tests.agency import Agency, Reply

TASKS = "/api/operator/tasks"


def act(agency: Agency, path: str, body: Any = None, session: str | None = None, token: str | None = None) -> Reply:
    return agency.operator.post(f"{TASKS}/{path}", body, headers={"Bot-Session": session, "Lease-Token": token})


@pytest.fixture
def session(agency: Agency) -> str:
    """The session of the person."""
    session: str = act(agency, "sessions", {"client": "console"}).ok(201)["session_id"]
    return session


def taken(agency: Agency, session: str, account_id: str = "a1") -> str:
    """The token of the lease under which a person works on the first phase."""
    agency.operator.account(account_id)
    act(agency, f"accounts/{account_id}/start", session=session).ok()
    given = act(agency, f"accounts/{account_id}/content/pfp", session=session).ok()
    assert given["content"]["url"]
    token: str = given["lease"]["lease_token"]
    return token


def test_a_person_does_a_task_from_the_list_to_its_end(agency: Agency, session: str) -> None:
    agency.operator.account("a2")
    assert [one["account_id"] for one in agency.operator.get(TASKS).ok()["items"]] == ["a2"]
    token = taken(agency, session)
    done = act(agency, "accounts/a1/complete/pfp", {"platform_response": {"by": "hand"}}, session, token).ok()
    assert (done["phase"]["status"], done["next"]["phase"]) == ("completed", "bio")
    assert agency.operator.events("a1")[-1]["actor"] == {"kind": "operator", "id": "root"}
    agency.operator.verified("a1")


def test_a_bot_finds_who_holds_what_a_person_took(agency: Agency, session: str) -> None:
    taken(agency, session)
    problem = agency.worker().content("pfp", "a1").refused(409, "account_leased")
    assert problem["lease"]["bot_id"] == "root"


def test_not_done_is_a_report_and_dont_know_is_never_retried(agency: Agency, session: str) -> None:
    first, second = taken(agency, session, "a1"), taken(agency, session, "a2")
    said = {"phase": "pfp", "kind": "transient", "message": "no time"}
    assert act(agency, "accounts/a1/report", said, session, first).ok()["outcome"] == "retry"
    assert act(agency, "accounts/a2/report", {**said, "kind": "unknown"}, session, second).ok()["outcome"] == "review"


def test_what_a_person_holds_is_found_again_and_given_back(agency: Agency, session: str) -> None:
    token = taken(agency, session)
    (held,) = agency.operator.get(f"{TASKS}/sessions/{session}").ok()["held"]
    assert held["lease"]["lease_token"] == token
    agency.time.advance(600)
    (kept,) = act(agency, f"sessions/{session}/heartbeat", {}).ok()["held"]
    assert kept["account_id"] == "a1"
    agency.time.advance(600)  # past the first lease, within the extended one
    act(agency, "accounts/a1/release", session=session, token=token).ok()
    assert agency.operator.get(f"{TASKS}/sessions/{session}").ok()["held"] == []


def test_a_person_ends_a_warm_up_whose_phases_are_done(agency: Agency) -> None:
    agency.warmed_up()
    assert act(agency, "accounts/a1/finish").ok()["state"] == "active"


def test_the_tokens_of_a_session_are_its_own_persons(agency: Agency) -> None:
    bot = agency.worker()
    agency.operator.get(f"{TASKS}/sessions/{bot.session}").refused(404, "session_not_found")
    act(agency, f"sessions/{bot.session}/heartbeat", {}).refused(404, "session_not_found")


def test_a_bots_key_opens_no_task(agency: Agency) -> None:
    agency.worker().get(TASKS).refused(403, "forbidden")
    agency.worker().post(f"{TASKS}/sessions", {}).refused(403, "forbidden")

"""Claiming: up to so many, different ones for everybody, what is held already first."""

from typing import Any

import pytest

from tests.agency import LEASE, Agency, Bot
from tests.api.shapes import CLAIMED, OWN_LEASE


def ids(items: list[Any]) -> list[str]:
    """The accounts of a claim."""
    return [item["account_id"] for item in items]


@pytest.fixture
def five(agency: Agency) -> Agency:
    """Five accounts that can be started."""
    agency.staged("five accounts", lambda: [agency.operator.account(f"a{number}") for number in range(5)])
    return agency


def test_a_claim_takes_a_lease_on_one_account(five: Agency) -> None:
    worker = five.worker()
    claimed = worker.claim().ok()
    assert claimed["session_id"] == worker.session
    (item,) = claimed["items"]
    assert set(item) >= CLAIMED
    assert set(item["lease"]) >= OWN_LEASE
    assert (item["action"], item["phase"], item["held"]) == ("start_warmup", "pfp", False)
    assert item["lease"]["expires_at"] == five.time.told(LEASE)
    assert item["account_id"] not in five.bot("b2").offered()
    assert len(five.bot("b2").offered()) == 4
    assert five.operator.verified(item["account_id"]) == 3


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (3, 3), (5, 5), (10, 5)])
def test_a_claim_takes_at_most_as_many_as_asked_for(five: Agency, limit: int, count: int) -> None:
    items = five.worker().claim(limit=limit).ok()["items"]
    assert len(set(ids(items))) == len(items) == count


@pytest.mark.parametrize("limit", [0, 11, -1, 1.5, "1", True, None])
def test_a_limit_out_of_range_is_refused(five: Agency, limit: Any) -> None:
    before = five.wire.image()
    problem = five.worker().claim(limit=limit).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == "/limit"
    after = five.wire.image()
    assert after["test-accounts"] == before["test-accounts"]


def test_two_sessions_get_different_accounts(five: Agency) -> None:
    first, second = five.worker("b1"), five.worker("b2")
    one, other = first.claim(limit=3).ok()["items"], second.claim(limit=3).ok()["items"]
    assert (len(one), len(other)) == (3, 2)
    assert not set(ids(one)) & set(ids(other))
    tokens = [item["lease"]["lease_token"] for item in one + other]
    assert len(set(tokens)) == 5


def test_two_sessions_of_one_bot_get_different_accounts(five: Agency) -> None:
    first, second = five.worker(), five.worker()
    assert not set(ids(first.claim(limit=3).ok()["items"])) & set(ids(second.claim(limit=3).ok()["items"]))


def test_losing_a_race_is_no_error_only_fewer_items(five: Agency) -> None:
    first, second = five.worker("b1"), five.worker("b2")
    taken: list[str] = []
    five.wire.meanwhile(lambda: taken.extend(ids(second.claim(limit=1).ok()["items"])))
    items = first.claim(limit=5).ok()["items"]
    assert len(items) == 4
    assert set(ids(items)) | set(taken) == {f"a{number}" for number in range(5)}


def test_what_the_session_holds_comes_first_and_counts(five: Agency) -> None:
    worker = five.worker()
    held = worker.claim(limit=2).ok()["items"]
    more = worker.claim(limit=3).ok()["items"]
    assert [item["held"] for item in more] == [True, True, False]
    assert set(ids(more[:2])) == set(ids(held))
    again = worker.claim(limit=1).ok()["items"]
    assert [item["held"] for item in again] == [True]


def test_what_ran_out_or_is_done_is_held_no_more(five: Agency) -> None:
    worker = five.worker()
    (first,) = worker.claim().ok()["items"]
    worker.release(first["lease"]["lease_token"], first["account_id"]).ok()
    (second,) = worker.claim().ok()["items"]
    assert second["held"] is False
    five.time.advance(LEASE)
    (third,) = worker.claim().ok()["items"]
    assert third["held"] is False


def test_filters(five: Agency) -> None:
    five.operator.model("m2")
    five.operator.account("other", model_id="m2")
    worker = five.worker()
    assert ids(worker.claim(limit=10, model_ids=["m2"]).ok()["items"]) == ["other"]
    second = five.worker("b2")
    assert second.claim(limit=10, actions=["run_phase", "complete_warmup"]).ok()["items"] == []
    assert len(second.claim(limit=10, model_ids=["m1", "m2"], actions=["start_warmup"]).ok()["items"]) == 5


@pytest.fixture
def in_phases(agency: Agency) -> Agency:
    """An account to start, one in each of two phases, and one whose phases are all completed."""

    def build() -> None:
        worker = agency.warmed_to("pfp", "first")
        agency.warmed_to("bio", "second", bot=worker)
        agency.warmed_up("third", bot=worker)
        agency.operator.account("new")
        agency.time.advance(1)

    agency.staged("accounts in phases", build)
    return agency


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"first", "second", "third", "new"}),
        ({"phases": ["pfp"]}, {"first", "new"}),  # to start a warm-up belongs to its first phase
        ({"phases": ["bio"]}, {"second"}),
        ({"phases": ["story"]}, {"third"}),  # to complete it to its last
        ({"phases": ["bio", "story"]}, {"second", "third"}),
        ({"phases": ["pfp"], "actions": ["run_phase"]}, {"first"}),
        ({"phases": ["post", "highlight"]}, set()),
        ({"phases": ["second_post"]}, set()),  # a name of no plan of theirs
    ],
)
def test_work_of_some_phases(in_phases: Agency, filters: dict[str, Any], expected: set[str]) -> None:
    query = "&".join(f"{name.removesuffix('s')}={','.join(values)}" for name, values in filters.items())
    assert set(in_phases.bot("b2").offered(f"?{query}")) == expected
    assert set(ids(in_phases.worker("b2").claim(limit=10, **filters).ok()["items"])) == expected


def test_what_the_caller_knows_that_it_holds_is_left_out(five: Agency) -> None:
    worker = five.worker()
    first, second = ids(worker.claim(limit=2).ok()["items"])
    items = worker.claim(limit=2, holding=[first]).ok()["items"]
    assert [item["held"] for item in items] == [True, False]
    assert items[0]["account_id"] == second
    fresh = worker.claim(limit=10, holding=[first, second]).ok()["items"]
    assert [item["held"] for item in fresh] == [True, False, False]
    everything = [f"a{number}" for number in range(5)]
    assert worker.claim(limit=10, holding=everything).ok()["items"] == []


def test_what_the_caller_says_it_holds_is_not_taken_for_it(five: Agency) -> None:
    assert "a1" not in ids(five.worker().claim(limit=10, holding=["a1"]).ok()["items"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"phases": ["Sleep"]}, "/phases/0"),
        ({"phases": []}, "/phases"),
        ({"holding": ["a b"]}, "/holding/0"),
        ({"holding": [f"a{number}" for number in range(101)]}, "/holding"),
        ({"actions": ["sleep"]}, "/actions/0"),
        ({"actions": []}, "/actions"),
        ({"model_ids": []}, "/model_ids"),
        ({"model_ids": ["a b"]}, "/model_ids/0"),
        ({"model_ids": "m1"}, "/model_ids"),
        ({"accounts": ["a1"]}, "/accounts"),
    ],
)
def test_a_filter_that_is_none_is_refused(five: Agency, body: dict[str, Any], pointer: str) -> None:
    problem = five.worker().claim(**body).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer


def test_a_claim_needs_a_session(five: Agency) -> None:
    five.bot().claim().refused(400, "malformed_request")
    Bot(five.client, "b1", five.keys["b1"], "ses_never").claim().refused(404, "session_not_found")


def test_with_nothing_to_do_nothing_is_claimed(agency: Agency) -> None:
    worker = agency.worker()
    answer = worker.claim(limit=10)
    wait = answer.ok()["retry_after_seconds"]
    assert answer.ok() == {
        "session_id": worker.session,
        "items": [],
        "next_due_at": None,
        "retry_after_seconds": wait,
    }
    assert answer.headers["Retry-After"] == str(wait)
    assert 60 <= wait <= 90


def test_a_claimed_account_is_started_and_worked_on_under_the_same_lease(five: Agency) -> None:
    worker = five.worker()
    (item,) = worker.claim().ok()["items"]
    account_id, lease = item["account_id"], item["lease"]
    assert worker.start(account_id).ok()["lease"] == lease
    assert worker.content("pfp", account_id).ok()["lease"] == lease
    worker.complete("pfp", lease["lease_token"], account_id).ok()
    five.operator.verified(account_id)


def test_a_claimed_phase_is_opened_by_the_claim(agency: Agency) -> None:
    agency.warmed_to("bio")
    second = agency.worker("b2")
    (item,) = second.claim().ok()["items"]
    assert (item["action"], item["phase"]) == ("run_phase", "bio")
    assert second.status().ok()["phases"][1]["status"] == "available"
    second.complete("bio", second.take("bio")).ok()
    agency.operator.verified()


def test_a_finished_account_is_claimed_to_be_completed(agency: Agency) -> None:
    agency.warmed_up()
    second = agency.worker("b2")
    (item,) = second.claim().ok()["items"]
    assert (item["action"], item["phase"]) == ("complete_warmup", None)
    held = second.heartbeat().ok()["held"]
    assert [(one["account_id"], one["phase"]) for one in held] == [("a1", None)]
    second.complete_warmup().ok()
    assert second.heartbeat().ok()["held"] == []
    agency.operator.verified()


def test_a_claim_shares_the_load_of_many_who_claim_at_once(five: Agency) -> None:
    """Proposals are tried in random order: bots that look at once do not all reach for the same account."""
    reached = set()
    worker = five.worker()
    for _ in range(12):
        (item,) = worker.claim().ok()["items"]
        reached.add(item["account_id"])
        worker.release(item["lease"]["lease_token"], item["account_id"]).ok()
    assert len(reached) > 1


def test_an_account_that_was_lost_and_claimed_again_is_told_once(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    worker.take("bio")
    agency.time.advance(LEASE)
    (first,) = worker.claim(limit=2).ok()["items"]
    assert worker.claim(limit=2).ok()["items"] == [{**first, "held": True}]

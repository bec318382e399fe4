"""Lists of accounts: filters, what a look costs, and moves on all that match."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.services.account_lists import MOST_EXAMINED
from chalicelib.tables.counts import MOST_COUNTED
from tests.agency import CONSENT, LEASE, Agency, Bot

PATH = "/api/operator/accounts"
BULK = f"{PATH}/bulk"


@pytest.fixture
def mixed(agency: Agency) -> Agency:
    """Accounts that are due, waiting, worked on, failed, content_unavailable, in review, paused."""
    agency.staged("mixed accounts", lambda: _mix(agency))
    return agency


def _mix(agency: Agency) -> None:
    operator, worker = agency.operator, agency.worker()
    for number in range(3):
        operator.media(f"more-{number}", "pfp")
    for name in ("due", "waiting", "working", "failed", "reviewed", "paused"):
        operator.account(name)
    for name in ("waiting", "failed", "reviewed"):
        worker.start(name).ok()
    worker.do("pfp", "waiting")
    worker.report("pfp", worker.take("pfp", "failed"), "failed", code="platform_error").ok()
    worker.report("pfp", worker.take("pfp", "reviewed"), "reviewed", kind="account", code="locked_out").ok()
    worker.start("working").ok()
    worker.take("pfp", "working")
    operator.post(f"{PATH}/paused/pause", {"reason": "a holiday"}).ok()
    operator.model("dry")
    operator.account("content_unavailable", model_id="dry")
    worker.start("content_unavailable").ok()
    worker.content("pfp", "content_unavailable").refused(409, "content_unavailable")
    agency.timer()


@pytest.fixture
def held(agency: Agency) -> Agency:
    """Accounts whose lease is live, at every step that a worker can be at, one of them paused meanwhile."""
    operator, worker = agency.operator, agency.worker()
    agency.warmed_up("finishing", bot=worker)
    for name in ("paused", "claimed"):
        operator.account(name)
        worker.claim(actions=["start_warmup"], limit=10).ok()
    worker.claim(actions=["complete_warmup"], limit=10).ok()
    operator.post(f"{PATH}/paused/pause", {"reason": "a holiday"}).ok()
    for name in ("started", "delivered"):
        operator.account(name)
        worker.start(name).ok()
    worker.take("pfp", "delivered")
    return agency


HELD = {"claimed", "paused", "started", "delivered", "finishing"}


def test_an_account_under_a_live_lease_is_working_whatever_its_step(held: Agency) -> None:
    def counts() -> dict[str, int]:
        counted: dict[str, int] = held.operator.get("/api/operator/pipeline").ok()["queues"]
        return counted

    assert found(held, "queue=working") == HELD
    assert counts() == {"due": 0, "waiting": 0, "working": len(HELD), "content_unavailable": 0}
    for account_id in HELD:
        assert held.operator.account_document(account_id)["queues"] == ["working"]
        (listed,) = held.operator.get(f"{PATH}?ids={account_id}").ok()["items"]
        assert listed["queues"] == ["working"]
    held.time.advance(LEASE)
    due = HELD - {"paused"}
    assert (found(held, "queue=working"), found(held, "queue=due")) == (set(), due)
    assert counts() == {"due": len(due), "waiting": 0, "working": 0, "content_unavailable": 0}
    assert held.timer() == {"lease:expire": len(HELD)}
    assert (found(held, "queue=working"), found(held, "queue=due")) == (set(), due)
    for account_id in HELD:
        assert held.operator.account_document(account_id)["queues"] == (["due"] if account_id in due else [])
        held.operator.verified(account_id)


def found(agency: Agency, query: str) -> set[str]:
    return {item["account_id"] for item in agency.operator.get(f"{PATH}?{query}").ok()["items"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("queue=due", {"due"}),
        ("queue=waiting", {"waiting", "failed"}),
        ("queue=working", {"working"}),
        ("queue=waiting&phase_status=failed", {"failed"}),
        ("queue=due&model_id=m1", {"due"}),
        ("phase=bio", {"waiting"}),
        ("phase_status=failed", {"failed"}),
        ("phase_status=requires_review", {"reviewed"}),
        ("phase_status=requires_review&model_id=dry", set()),
        ("error_code=platform_error", {"failed"}),
        ("error_code=locked_out&phase_status=failed", set()),
        ("error_kind=account", {"reviewed"}),
        ("text=USER_wai", {"waiting"}),
        ("text=work&state=warming_up", {"working"}),
        (f"text={quote('<b>')}", set()),
        ("state=paused", {"paused"}),
        ("phase=second_post", set()),  # no plan of theirs has it
    ],
)
def test_accounts_by_filter(mixed: Agency, query: str, expected: set[str]) -> None:
    assert found(mixed, query) == expected


@pytest.mark.parametrize("query", ["queue=soon", "phase=Done", "text=", "state=gone", "error_code="])
def test_a_filter_that_means_nothing_is_refused(agency: Agency, query: str) -> None:
    agency.operator.get(f"{PATH}?{query}").refused(400, "malformed_request")


@pytest.mark.parametrize("query", ["queue=due", "text=user", "state=ready", "model_id=m1&state=ready", "phase=pfp"])
def test_every_page_goes_on_where_the_last_one_ended(agency: Agency, query: str) -> None:
    for number in range(7):
        agency.operator.account(f"a{number}")
    every, cursor = [], ""
    for _ in range(9):
        page = agency.operator.get(f"{PATH}?limit=3&{query}{cursor}").ok()
        every += [item["account_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    else:
        pytest.fail("the list has no end")
    assert sorted(every) == ([] if query == "phase=pfp" else [f"a{number}" for number in range(7)])


def planted(agency: Agency, count: int) -> None:
    """So many accounts like one, put into the store past the API."""
    agency.operator.account("a")
    (row,) = [one for name, rows in agency.wire.image().items() if name.endswith("accounts") for one in rows.values()]
    for number in range(count):
        name = f"b{number:05d}"
        agency.wire.plant("test-accounts", {**row, "account_id": {"S": name}, "username": {"S": f"user_{name}"}})


@pytest.mark.parametrize("query", ["", "&queue=due", "&text=nobody", "&phase=story", "&state=ready&text=b00"])
def test_a_look_reads_a_page_however_many_accounts_there_are(agency: Agency, query: str) -> None:
    planted(agency, 3 * MOST_EXAMINED)
    agency.wire.forget()
    page = agency.operator.get(f"{PATH}?limit=25{query}").ok()
    assert page["next_cursor"] is not None
    read = [call for call in agency.wire.calls if call.operation in ("Query", "Scan", "BatchGetItem")]
    assert len(read) <= 4
    for call in agency.wire.of("BatchGetItem"):
        assert sum(len(one["Keys"]) for one in call.body["RequestItems"].values()) <= MOST_EXAMINED
    assert all(call.body["Limit"] <= MOST_EXAMINED + 1 for call in read if call.operation in ("Query", "Scan"))


def test_a_list_with_phases_shows_their_cells_and_what_is_assigned(mixed: Agency) -> None:
    items = {one["account_id"]: one for one in mixed.operator.get(f"{PATH}?with_phases=true").ok()["items"]}
    assert [one["status"] for one in items["waiting"]["phases"]] == ["completed", *["pending"] * 4]
    assert items["due"]["phases"] == []
    assigned = items["working"]["assigned"]
    assert assigned["content"]["media_type"] == "image/png"
    assert assigned["content"]["url"].startswith("https://")
    assert items["failed"]["phases"][0]["error_code"] == "platform_error"
    assert items["content_unavailable"]["content_due_at"] is not None


def move(agency: Agency, action: str, **body: Any) -> Any:
    return agency.operator.post(BULK, {"action": action, "reason": "because", **body}).ok()


def test_a_dry_run_counts_exactly_those_that_would_be_moved(mixed: Agency) -> None:
    before = mixed.wire.image()
    answer = move(mixed, "pause", filter={}, dry_run=True)
    assert (answer["matched"], answer["counts"]) == (6, {"would_be_done": 6})
    assert move(mixed, "retry", filter={"model_id": "m1"}, dry_run=True)["matched"] == 2
    assert mixed.wire.image() == before


def test_all_that_match_are_paused_and_resumed_with_the_reason_in_the_audit(mixed: Agency) -> None:
    answer = move(mixed, "pause", filter={"model_id": "m1", "state": "ready"})
    assert answer["counts"] == {"done": 1}
    assert found(mixed, "state=paused") == {"paused", "due"}
    assert mixed.operator.events("due")[-1]["details"]["reason"] == "because"
    assert move(mixed, "resume", filter={"state": "paused"})["counts"] == {"done": 2}
    assert found(mixed, "state=paused") == set()


def test_all_that_match_are_declared_ready_and_who_never_agreed_is_refused(agency: Agency) -> None:
    agency.operator.post(PATH, {"account_id": "a1", "model_id": "m1", "username": "a1", "consent": CONSENT}).ok(201)
    agency.operator.post(PATH, {"account_id": "a2", "model_id": "m1", "username": "a2"}).ok(201)
    answer = move(agency, "ready", filter={"model_id": "m1"})
    assert {one["account_id"]: one["outcome"] for one in answer["results"]} == {"a1": "done", "a2": "refused"}
    assert found(agency, "state=ready") == {"a1"}
    assert move(agency, "ready", filter={"model_id": "m1"}, dry_run=True)["counts"] == {"would_be_done": 1}


def test_all_that_match_are_retried(mixed: Agency) -> None:
    answer = move(mixed, "retry", filter={"error_code": "locked_out"})
    assert answer["results"] == [{"account_id": "reviewed", "outcome": "done", "detail": None}]
    assert found(mixed, "phase_status=requires_review") == set()
    mixed.operator.verified("reviewed")


@pytest.mark.parametrize(("action", "more"), [("resolve", {"evidence": {"note": "seen by Ada"}}), ("skip", {})])
def test_all_that_match_are_resolved_or_skipped(mixed: Agency, action: str, more: dict[str, Any]) -> None:
    answer = move(mixed, action, filter={"model_id": "m1"}, **more)
    assert {one["account_id"]: one["outcome"] for one in answer["results"]} == {"failed": "done", "reviewed": "done"}
    for name in ("failed", "reviewed"):
        assert mixed.operator.events(name)[-1]["action"] == f"phase:{action}"
        mixed.operator.verified(name)


def test_those_that_are_named_are_moved_and_each_is_told_about(mixed: Agency) -> None:
    answer = move(mixed, "retry", account_ids=["failed", "nobody", "waiting"])
    assert {one["account_id"]: one["outcome"] for one in answer["results"]} == {"failed": "done", "nobody": "refused"}


def test_a_step_takes_a_page_and_says_where_to_go_on(agency: Agency) -> None:
    for number in range(5):
        agency.operator.account(f"a{number}")
    first = move(agency, "pause", filter={"model_id": "m1"}, limit=3)
    assert (first["matched"], first["counts"]) == (3, {"done": 3})
    rest = move(agency, "pause", filter={"model_id": "m1"}, limit=3, cursor=first["next_cursor"])
    assert (rest["counts"], rest["next_cursor"]) == ({"done": 2}, None)
    assert (
        move(agency, "pause", filter={"model_id": "m1"}, limit=100)["matched"] == 0
    )  # sent again, nothing is done twice


@pytest.mark.parametrize(
    "body",
    [
        {"action": "pause", "reason": "x"},
        {"action": "pause", "reason": "x", "filter": {}, "account_ids": ["a"]},
        {"action": "retire", "reason": "x", "filter": {}},
        {"action": "resolve", "reason": "x", "filter": {}},
        {"action": "pause", "filter": {}},
        {"action": "pause", "reason": "x", "filter": {"colour": "red"}},
        {"action": "pause", "reason": "x", "filter": {}, "limit": 101},
    ],
)
def test_a_move_on_many_that_is_not_clear_is_refused(agency: Agency, body: Any) -> None:
    agency.operator.post(BULK, body).refused(422, "invalid_input")


def test_a_rule_of_ours_that_a_body_breaks_is_told_in_our_words_alone(agency: Agency) -> None:
    body = {"action": "resolve", "reason": "x", "filter": {}}
    (fault,) = agency.operator.post(BULK, body).refused(422, "invalid_input")["errors"]
    assert fault["detail"] == "to resolve, evidence is needed"


# the overview


def test_the_overview_counts_by_queue_what_the_lists_show(mixed: Agency) -> None:
    queues = mixed.operator.get("/api/operator/pipeline").ok()["queues"]
    assert queues == {
        name: len(found(mixed, f"queue={name}")) for name in ("due", "waiting", "working", "content_unavailable")
    }


def counted(agency: Agency) -> Any:
    """The hours, after a minute and a run of the timer."""
    agency.time.advance(60)
    agency.timer("close_lost_sessions")
    told = agency.operator.get("/api/operator/pipeline/throughput").ok()
    assert told["counted_at"] == agency.time.told(timedelta(seconds=-30))
    return told["hours"]


def test_throughput_tells_each_hour(agency: Agency) -> None:
    worker: Bot = agency.warmed_to("bio")  # a day passed: the completion of pfp was 24 hours ago
    worker.report("bio", worker.take("bio"), kind="account").ok()
    before = agency.operator.get("/api/operator/pipeline/throughput").ok()
    assert (len(before["hours"]), before["counted_at"]) == (24, None)
    hours = counted(agency)
    assert (hours[-1]["completed"], hours[-1]["failed"]) == (0, 1)
    agency.operator.post(f"{PATH}/a1/phases/bio/retry", {"reason": "x"}).ok()
    worker.do("bio")
    hours = counted(agency)
    assert (hours[-1]["completed"], hours[-1]["failed"]) == (1, 1)
    assert sum(one["completed"] for one in hours[:-1]) == 0


def test_the_service_tells_what_runs_here(agency: Agency) -> None:
    told = agency.operator.get("/api/operator/service").ok()
    assert told["store"]["table_prefix"] == "test-"
    assert told["store"]["endpoint"] == "http://store.test"
    assert told["release"]


def test_an_overview_of_many_reads_a_page_and_tells_when_the_rest_was_counted(agency: Agency) -> None:
    planted(agency, MOST_COUNTED + 20)
    agency.timer()
    counted_at = agency.time.told()
    agency.time.advance(60)
    agency.wire.forget()
    told = agency.operator.get("/api/operator/pipeline").ok()
    assert (told["queues"]["due"], told["states"]["ready"]) == (MOST_COUNTED + 21, MOST_COUNTED + 21)
    assert (told["counted_at"], told["has_more"]) == (counted_at, False)
    queues = [call for call in agency.wire.of("Query") if call.body["IndexName"] == "all-due-index"]
    assert len(queues) <= 3
    assert all(call.body["Limit"] <= MOST_COUNTED + 1 for call in queues)


def test_what_the_timer_counted_is_told_however_old_and_nothing_is_counted_by_a_request(agency: Agency) -> None:
    planted(agency, MOST_COUNTED + 20)
    lower = agency.operator.get("/api/operator/pipeline").ok()
    assert (lower["queues"]["due"], lower["has_more"]) == (MOST_COUNTED, True)
    agency.timer()
    counted_at = agency.time.told()
    for passed, reads in ((60, 3), (6000, 3 * (MOST_COUNTED + 1))):
        agency.time.advance(passed)
        agency.wire.forget()
        told = agency.operator.get("/api/operator/pipeline").ok()
        assert (told["queues"]["due"], told["counted_at"]) == (MOST_COUNTED + 21, counted_at)
        queries = [call for call in agency.wire.of("Query") if call.body["IndexName"] == "all-due-index"]
        assert sum(call.body["Limit"] for call in queries) <= reads


def test_accounts_that_are_named_are_looked_at_in_one_read_and_the_rest_of_the_filter_holds(mixed: Agency) -> None:
    mixed.wire.forget()
    page = mixed.operator.get(f"{PATH}?ids=due,failed,nobody,due&limit=1&with_phases=true").ok()
    assert {one["account_id"] for one in page["items"]} == {"due", "failed"}
    assert page["next_cursor"] is None
    assert not mixed.wire.of("Query") and not mixed.wire.of("Scan")
    assert found(mixed, "ids=due,failed,reviewed&error_code=locked_out") == {"reviewed"}
    assert found(mixed, "ids=due,failed,waiting&queue=waiting") == {"failed", "waiting"}
    mixed.operator.get(f"{PATH}?ids={','.join(f'a{n}' for n in range(101))}").refused(400, "malformed_request")


def test_a_look_tells_how_far_it_looked(agency: Agency) -> None:
    planted(agency, MOST_EXAMINED + 20)
    looked, cursor = [], ""
    while True:
        page = agency.operator.get(f"{PATH}?text=nobody{cursor}").ok()
        looked.append(page["scanned_count"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert looked == [MOST_EXAMINED, 21]


def test_a_retry_of_all_that_match_leaves_alone_what_fails_again_behind_it(mixed: Agency) -> None:
    wanted = {"error_code": "platform_error", "error_kind": "transient", "phase": "pfp"}
    as_of = move(mixed, "retry", filter=wanted, dry_run=True)["as_of"]
    assert move(mixed, "retry", filter={**wanted, "error_kind": "account"}, dry_run=True)["matched"] == 0
    again = {**wanted, "failed_before": as_of}
    assert move(mixed, "retry", filter=again)["counts"] == {"done": 1}
    mixed.time.advance(1)
    worker = mixed.worker()
    worker.report("pfp", worker.take("pfp", "failed"), "failed", code="platform_error").ok()
    assert move(mixed, "retry", filter=again)["matched"] == 0
    assert move(mixed, "retry", filter=wanted)["counts"] == {"done": 1}

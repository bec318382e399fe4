"""The review queue, bulk retries, the pipeline's overview, edits with If-Match, the audit's export."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.services.review import MOST_EXAMINED
from tests.agency import Agency, Bot
from tests.wire import Fault


@pytest.fixture
def troubled(agency: Agency) -> Agency:
    """Five accounts in trouble, an hour apart: three failed with `E1`, two wait for people with `E2`."""
    bot = agency.worker()
    for number, (kind, code) in enumerate(
        [("transient", "E1"), ("fatal", "E2"), ("transient", "E1"), ("unknown", "E2"), ("transient", "E1")]
    ):
        account_id = f"a{number}"
        agency.operator.account(account_id)
        agency.time.advance(timedelta(hours=25))  # the one picture has cooled down
        bot.start(account_id).ok()
        _fail(bot, account_id, kind, code)
    return agency


def _fail(bot: Bot, account_id: str, kind: str, code: str) -> None:
    token = bot.take("pfp", account_id)
    bot.report("pfp", token, account_id, kind=kind, code=code, message=f"{code} it was").ok()


def _queue(agency: Agency, query: str = "") -> list[str]:
    return [one["account_id"] for one in agency.operator.get(f"/api/operator/review{query}").ok()["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a0", "a1", "a2", "a3", "a4"]),  # oldest first
        ("?order=newest", ["a4", "a3", "a2", "a1", "a0"]),
        ("?status=failed", ["a0", "a2", "a4"]),
        ("?status=requires_review&order=newest", ["a3", "a1"]),
        ("?code=E2", ["a1", "a3"]),
        ("?kind=unknown", ["a3"]),
        ("?model_id=m1&phase=pfp", ["a0", "a1", "a2", "a3", "a4"]),
        ("?model_id=m2", []),
        ("?phase=bio", []),
        ("?older_than_seconds=89000", ["a0", "a1", "a2", "a3"]),  # a4 failed just now
    ],
)
def test_the_queue_is_filtered_and_ordered(troubled: Agency, query: str, found: list[str]) -> None:
    assert _queue(troubled, query) == found


def test_a_case_keeps_its_place_in_the_queue_while_its_account_is_paused(troubled: Agency) -> None:
    before = troubled.operator.get("/api/operator/review?status=requires_review").ok()["items"]
    for move in ("pause", "resume"):
        troubled.time.advance(timedelta(hours=1))
        troubled.operator.post(f"/api/operator/accounts/a1/{move}", {"reason": "its owner is away"}).ok()
        after = troubled.operator.get("/api/operator/review?status=requires_review").ok()["items"]
        assert [(one["account_id"], one["since"]) for one in after] == [
            (one["account_id"], one["since"]) for one in before
        ]


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_the_queue_pages_through_completely(troubled: Agency, order: str) -> None:
    seen: list[str] = []
    cursor = ""
    for _ in range(9):
        page = troubled.operator.get(f"/api/operator/review?limit=2&order={order}{cursor}").ok()
        seen += [one["account_id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == ["a0", "a1", "a2", "a3", "a4"] and (seen == sorted(seen)) == (order == "oldest")


def test_groups_tell_how_many_since_when_and_a_sample(troubled: Agency) -> None:
    answer = troubled.operator.get("/api/operator/review/groups").ok()
    assert (answer["scanned_count"], answer["has_more"], answer["next_cursor"]) == (5, False, None)
    told = [(one["kind"], one["code"], one["phase"], one["count"]) for one in answer["items"]]
    first = answer["items"][0]
    assert told == [("transient", "E1", "pfp", 3), ("fatal", "E2", "pfp", 1), ("unknown", "E2", "pfp", 1)]
    assert first["first_seen"] < first["last_seen"] == troubled.time.told()
    assert first["sample"] == {"message": "E1 it was", "account_ids": ["a0", "a2", "a4"]}


@pytest.mark.parametrize("path", ["review/groups?x=", "review?limit=100", "review?code=none"])
def test_a_look_at_the_queue_reads_a_page_and_the_pages_make_the_whole(agency: Agency, path: str) -> None:
    _queued(agency, 2 * MOST_EXAMINED + 30)
    looked, counted, cursor = [], 0, ""
    while True:
        agency.wire.forget()
        page = agency.operator.get(f"/api/operator/{path.removesuffix('?x=')}{cursor}").ok()
        keys = [
            len(one["Keys"]) for call in agency.wire.of("BatchGetItem") for one in call.body["RequestItems"].values()
        ]
        assert sum(keys) <= MOST_EXAMINED  # an account for each row
        assert all(call.body["Limit"] <= MOST_EXAMINED for call in agency.wire.of("Query"))
        assert len(agency.wire.of("Query")) <= 3
        looked.append(page["scanned_count"])
        counted += sum(one.get("count", 1) for one in page["items"])
        if page["next_cursor"] is None:
            break
        cursor = f"{'&' if '?' in path and not path.endswith('?x=') else '?'}cursor={page['next_cursor']}"
    assert looked == [MOST_EXAMINED, MOST_EXAMINED, 30]
    assert counted == (0 if "none" in path else 2 * MOST_EXAMINED + 30)


def _queued(agency: Agency, count: int) -> None:
    """So many accounts in the queue like one, put into the store past the API."""
    bot = agency.worker()
    agency.operator.account("a")
    bot.start("a").ok()
    _fail(bot, "a", "fatal", "E1")
    image = agency.wire.image()
    (account,) = image["test-accounts"].values()
    for number in range(count - 1):
        name = {"S": f"b{number:05d}"}
        agency.wire.plant("test-accounts", {**account, "account_id": name})


def test_a_dry_run_counts_and_changes_nothing(troubled: Agency) -> None:
    before = troubled.wire.image()
    body = {"filter": {"code": "E1"}, "reason": "the platform is back", "dry_run": True}
    answer = troubled.operator.post("/api/operator/review/retry", body).ok()
    assert (answer["matched"], answer["counts"], answer["has_more"]) == (3, {"would_retry": 3}, False)
    assert troubled.wire.image() == before


def test_what_a_bulk_retry_could_not_reach_is_to_be_sent_again(troubled: Agency) -> None:
    body = {"filter": {"code": "E2"}, "reason": "the platform is back"}
    troubled.wire.fail(Fault.THROTTLED, times=10_000)
    assert troubled.operator.post("/api/operator/review/retry", body).ok()["counts"] == {"not_done": 2}
    troubled.wire.heal()
    assert troubled.operator.post("/api/operator/review/retry", body).ok()["counts"] == {"retried": 2}


def test_a_bulk_retry_sent_twice_retries_each_once(troubled: Agency) -> None:
    body = {"filter": {"code": "E1"}, "reason": "the platform is back"}
    answer = troubled.operator.post("/api/operator/review/retry", body).ok()
    assert answer["counts"] == {"retried": 3}
    assert {one["account_id"] for one in answer["items"]} == {"a0", "a2", "a4"}
    again = troubled.operator.post("/api/operator/review/retry", body).ok()
    assert again["matched"] == 0
    for account_id in ("a0", "a2", "a4"):
        assert troubled.operator.actions(account_id).count("phase:retry") == 1
        troubled.operator.verified(account_id)
    assert _queue(troubled) == ["a1", "a3"]


def test_what_failed_again_since_the_first_try_is_left_alone(troubled: Agency) -> None:
    body: dict[str, Any] = {"filter": {"code": "E1"}, "reason": "back", "dry_run": True}
    as_of = troubled.operator.post("/api/operator/review/retry", body).ok()["as_of"]
    body = {"filter": {"code": "E1", "failed_before": as_of}, "reason": "back"}
    troubled.operator.post("/api/operator/review/retry", body).ok()
    troubled.time.advance(1)
    _fail(troubled.worker(), "a0", "transient", "E1")
    assert troubled.operator.post("/api/operator/review/retry", body).ok()["matched"] == 0


def test_a_retired_account_waits_for_nobody(troubled: Agency) -> None:
    troubled.operator.post("/api/operator/accounts/a1/retire", {"reason": "sold"}).ok()
    assert _queue(troubled, "?code=E2") == ["a3"]


# the pipeline


def test_the_overview_counts_by_state_and_phase_status(troubled: Agency) -> None:
    troubled.operator.account("new", ready=False)
    troubled.operator.account("ready")
    troubled.operator.post("/api/operator/accounts/a3/retire", {"reason": "sold"}).ok()
    troubled.timer("close_lost_sessions")
    told = troubled.operator.get("/api/operator/pipeline").ok()
    assert told["states"] == {"imported": 1, "paused": 0, "ready": 1, "warming_up": 4, "active": 0, "retired": 1}
    assert told["review"]["failed"] == 3 and told["review"]["requires_review"] == 1 and told["review"]["total"] == 4
    assert told["phases"]["pfp"] == {"failed": 3}
    assert told["due_now"] >= 1 and told["oldest_waiting"] is not None
    assert [timer["name"] for timer in told["timers"]] == ["close_lost_sessions"]
    assert told["pipeline_paused"] is False and told["has_more"] is False


def test_finished_accounts_are_counted_once_and_cost_nothing(agency: Agency) -> None:
    bot = agency.warmed_up()
    agency.operator.get("/api/operator/pipeline").ok()
    agency.wire.calls.clear()
    agency.operator.get("/api/operator/pipeline").ok()
    before = len(agency.wire.calls)
    bot.complete_warmup().ok()
    bot.complete_warmup().ok()
    agency.wire.calls.clear()
    told = agency.operator.get("/api/operator/pipeline").ok()
    assert told["states"]["active"] == 1 and told["states"]["warming_up"] == 0
    assert len(agency.wire.calls) <= before


def test_the_overview_tells_whose_pools_run_dry_soon(agency: Agency) -> None:
    assert agency.operator.get("/api/operator/pipeline").ok()["pools_dry_within_7_days"] is None
    agency.operator.model("m2")
    agency.operator.account("hungry", model_id="m2")
    agency.timer("watch_pools")
    told = agency.operator.get("/api/operator/pipeline").ok()
    assert (told["pools_dry_within_7_days"], told["dry_models"]) == (1, ["m2"])
    for category in ("pfp", "post", "highlight", "story"):
        agency.operator.media(f"m2-{category}", category, model_id="m2")
    for category in ("bio", "post", "highlight"):
        agency.operator.words(f"m2-{category}-text", category, model_id="m2")
    agency.timer("watch_pools")
    told = agency.operator.get("/api/operator/pipeline").ok()
    assert (told["pools_dry_within_7_days"], told["dry_models"]) == (0, [])


def test_the_master_switch_is_audited_and_says_so(agency: Agency) -> None:
    paused = agency.operator.post("/api/operator/pipeline/pause", {"reason": "maintenance"}).ok()
    assert paused["pipeline_paused"] is True and paused["reason"] == "maintenance"
    again = agency.operator.post("/api/operator/pipeline/pause", {"reason": "maintenance"}).ok()
    assert again == {**paused, "replayed": True}
    agency.operator.post("/api/operator/pipeline/pause", {"reason": "other"}).refused(409, "invalid_transition")
    agency.operator.post("/api/operator/pipeline/resume", {"reason": "done"}).ok()
    today = agency.operator.get("/api/operator/audit?limit=100").ok()["items"]
    counted = Counter(event["action"] for event in today)
    assert counted["pipeline:pause"] == counted["pipeline:resume"] == 1


def test_the_master_switch_works_also_where_a_model_was_paused_first(agency: Agency) -> None:
    operator = agency.operator
    for paused in (True, False):
        operator.send("PATCH", "/api/operator/models/m1", {"paused": paused}).ok()
    told = operator.post("/api/operator/pipeline/pause", {"reason": "maintenance"}).ok()
    assert (told["pipeline_paused"], told["version"]) == (True, 1)
    operator.send("PATCH", "/api/operator/models/m1", {"paused": True}).ok()
    told = operator.post("/api/operator/pipeline/resume", {"reason": "done"}).ok()
    assert (told["pipeline_paused"], told["paused_models"], told["version"]) == (False, ["m1"], 2)


# edits


@pytest.mark.parametrize(
    ("path", "change"),
    [("/api/operator/models/m1", {"name": "Nora"}), ("/api/operator/bots/b1", {"name": "the first"})],
)
def test_an_edit_of_an_older_version_is_told_what_stands_there(
    agency: Agency, path: str, change: dict[str, Any]
) -> None:
    seen = agency.operator.get(path)
    tag = seen.headers["ETag"]
    assert tag == f'"{seen.json["version"]}"'
    changed = agency.operator.send("PATCH", path, change, headers={"If-Match": tag})
    assert changed.ok()["name"] == change["name"] and changed.headers["ETag"] != tag
    again = agency.operator.send("PATCH", path, change, headers={"If-Match": tag}).ok()
    assert again == {**changed.json, "replayed": True}
    late = agency.operator.send("PATCH", path, {"name": "another"}, headers={"If-Match": tag})
    problem = late.refused(412, "version_conflict")
    assert problem["current"]["name"] == change["name"]
    assert agency.operator.send("PATCH", path, change).ok()["replayed"] is True


def test_a_bot_bound_to_other_models_loses_sight_of_the_rest(agency: Agency) -> None:
    agency.operator.account("a1")
    bot = agency.bot("b1")
    bot.status().ok()
    agency.operator.model("m2")
    agency.operator.send("PATCH", "/api/operator/bots/b1", {"models": ["m2"]}).ok()
    agency.time.advance(31)  # what was known of its key is forgotten
    bot.status().refused(404, "account_not_found")
    agency.operator.send("PATCH", "/api/operator/bots/b1", {"models": None}).ok()
    agency.time.advance(31)
    bot.status().ok()


def test_themes_can_only_be_added(agency: Agency) -> None:
    path = "/api/operator/models/m1"
    agency.operator.send("PATCH", path, {"themes": ["sea"]}).refused(422, "invalid_input")
    added = agency.operator.send("PATCH", path, {"themes": ["sea", "city", "wood"]}).ok()
    assert added["themes"] == ["city", "sea", "wood"]


# export


def test_the_export_is_the_audit_as_json_lines(troubled: Agency) -> None:
    answer = troubled.operator.get("/api/operator/audit/export?account_id=a0")
    assert answer.headers["Content-Type"] == "application/x-ndjson" and "Next-Cursor" not in answer.headers
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == troubled.operator.get("/api/operator/audit?account_id=a0&limit=100").ok()["items"]

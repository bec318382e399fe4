"""Old and new code at once: what the first version wrote is read and carried on, what a later one adds is kept.

`first_version.json` is what the first version's tables held in the middle of a day: one account at work on its third
phase, one in review, one not started. It is never edited.
"""

import json
from datetime import datetime
from typing import Any

import pytest

from chalicelib.settings import Settings
from chalicelib.tables.base import Store
from infrastructure.upgrade import give_work_keys, sort_events, upgrade
from tests.agency import PHASES, Agency, Bot, media
from tests.wire import Call, Killed
from warmup.sandbox.stores import ROOT

WRITTEN = json.loads((ROOT / "tests" / "integration" / "first_version.json").read_text())
PREFIX = "test-"
LATER = {"from_a_later_version": {"S": "an attribute that this code does not know"}}


def plant(agency: Agency, more: dict[str, Any]) -> None:
    """Makes the store hold what the first version wrote, each row with these attributes too."""
    store = agency.wire.store
    for table in store.tables.values():
        rows = [{**row, **more} for row in WRITTEN["tables"].get(table.name.removeprefix(PREFIX), ())]
        table.rows = {table.key_of(row): row for row in rows}
    agency.time.now = datetime.fromisoformat(WRITTEN["now"])
    Store.cached.clear()
    agency.keys["b1"] = WRITTEN["bot_key"]


def carried_on(agency: Agency) -> None:
    """Every account of the first version is taken to its end by this one."""
    operator = agency.operator
    worker = Bot(agency.client, "b1", WRITTEN["bot_key"], WRITTEN["session"])
    worker.own_session().ok()
    worker.heartbeat().ok()
    worker.complete("post", WRITTEN["lease_token"]).ok()
    operator.post(
        "/api/operator/accounts/a2/phases/pfp/resolve", {"reason": "seen", "evidence": {"url": "https://example.org/1"}}
    ).ok()
    following = worker.start("a3").ok()
    assert following["state"] == "warming_up"
    operator.get("/api/operator/accounts").ok()
    for account, phases in (("a1", PHASES[3:]), ("a2", PHASES[1:]), ("a3", PHASES)):
        for phase in phases:
            due = operator.account_document(account)["phases"][PHASES.index(phase)]["available_at"]
            if due is not None and datetime.fromisoformat(due) > agency.time.now:
                agency.time.to(due)
            agency.timer()
            worker = agency.bot().with_session()
            worker.do(phase, account)
        worker.complete_warmup(account).ok()
        assert operator.account_document(account)["state"] == "active"
        operator.verified(account)


def test_what_the_first_version_wrote_is_carried_on_to_its_end(agency: Agency) -> None:
    plant(agency, {})
    carried_on(agency)


def test_accounts_of_the_first_version_are_given_the_keys_of_the_work_index(agency: Agency, settings: Settings) -> None:
    plant(agency, {})
    rows = agency.wire.store.tables[PREFIX + "accounts"].rows
    waiting = [row for row in rows.values() if "queue" in row]
    assert sum(give_work_keys(settings)) == len(waiting)
    keys = {
        row["account_id"]["S"]: (row["queue"]["S"], row.get("work", {}).get("S"))
        for row in rows.values()
        if "queue" in row
    }
    assert keys["a1"] == ("leased#0", "m1#post#"), "it is held"
    assert keys["a3"][1] == f"m1#start_warmup#{rows['a3',]['due_at']['S']}"
    assert not any(give_work_keys(settings)), "once is enough"
    carried_on(agency)


def test_what_a_later_version_adds_is_kept_by_this_one(agency: Agency) -> None:
    plant(agency, LATER)
    carried_on(agency)
    for name, rows in WRITTEN["tables"].items():
        table = agency.wire.store.tables[PREFIX + name]
        for row in rows:
            if name == "warmup_phases" and row["status"]["S"] != "completed":
                continue  # the account holds it now, and writes a new row when it ends
            assert LATER.items() <= dict(table.rows[table.key_of(row)]).items(), (name, row)


def test_events_of_an_earlier_release_are_found_by_day_and_by_bot_after_the_upgrade(
    agency: Agency, settings: Settings
) -> None:
    plant(agency, {})
    rows = agency.wire.store.tables[f"{PREFIX}audit_events"].rows
    written = len(rows)
    assert agency.operator.get("/api/operator/audit?bot_id=b1").ok()["items"] == []
    killed = agency.wire.before
    left = [3]

    def kill(call: Call) -> None:
        left[0] -= call.operation == "TransactWriteItems"
        if left[0] < 0:
            raise Killed

    killed.append(kill)
    with pytest.raises(Killed):
        list(sort_events(settings))
    killed.remove(kill)
    assert upgrade(settings)["events sorted by day"] == (written - 3, written)
    assert upgrade(settings)["events sorted by day"] == (0, written)
    by_bot = agency.operator.get("/api/operator/audit?bot_id=b1&limit=100").ok()["items"]
    day = agency.operator.get("/api/operator/audit?day=2026-11-22&limit=100").ok()["items"]
    told = [row["actor"] == {"S": "bot:b1"} for row in rows.values()]
    assert len(by_bot) == sum(told)
    assert len(day) == sum(row["at"]["S"].startswith("2026-11-22") for row in rows.values())
    carried_on(agency)


def test_items_that_an_earlier_release_gave_to_an_account_are_not_given_again(agency: Agency) -> None:
    """That release kept their ids; this one keeps digests, and leaves the ids as they are."""
    plant(agency, {})
    before = dict(agency.wire.store.tables[f"{PREFIX}accounts"].rows[("a1",)])
    bot = Bot(agency.client, "b1", WRITTEN["bot_key"], WRITTEN["session"])
    fault = {"kind": "content", "message": "the picture is broken"}
    bot.report("post", WRITTEN["lease_token"], **fault).ok()
    explained = agency.operator.get("/api/operator/accounts/a1/phases/post/explain").ok()
    refused = {one["item_id"]: one["reason"] for need in explained["needs"] for one in need["refused"]}
    assert (refused["m1-post"], refused["m1-post-text"]) == ("used_by_account", "used_by_account")
    assert bot.content("post").ok()["content"]["content_id"] == "m1-any"
    after = agency.wire.store.tables[f"{PREFIX}accounts"].rows[("a1",)]
    assert len(after["given"]["SS"]) == 5, "four of before, and the one that was given now"
    assert all(after[name] == before[name] for name in ("used_content_ids", "used_text_ids"))
    agency.operator.verified()


@pytest.mark.parametrize("upgraded", [False, True], ids=["as they come", "by the upgrade"])
def test_accounts_whose_phases_are_all_rows_go_on_and_hold_their_phase(
    agency: Agency, settings: Settings, upgraded: bool
) -> None:
    """What they tell is the same before and after; who waits for an operator is in the queue after the upgrade."""
    plant(agency, {})
    before = {name: agency.operator.account_document(name) for name in ("a1", "a2", "a3")}
    assert agency.operator.get("/api/operator/review").ok()["items"] == []
    if upgraded:
        assert upgrade(settings)["accounts that hold their current phase"] == (2, 3)
        assert {name: agency.operator.account_document(name) for name in before} == before
        assert [one["account_id"] for one in agency.operator.get("/api/operator/review").ok()["items"]] == ["a2"]
        assert upgrade(settings)["accounts that hold their current phase"] == (0, 3), "a pass may be run again"
    carried_on(agency)
    rows = agency.wire.store.tables[f"{PREFIX}accounts"].rows.values()
    assert not any("phase_versions" in row or "phase_record" in row for row in rows), "all are active by now"


def test_consents_that_accounts_keep_move_to_their_profiles(agency: Agency, settings: Settings) -> None:
    plant(agency, {})
    before = agency.operator.account_document("a3")["consent"]
    assert before is not None
    assert upgrade(settings)["consents moved to the profiles"] == (3, 3)
    tables = agency.wire.store.tables
    assert not any("consent" in row for row in tables[f"{PREFIX}accounts"].rows.values())
    assert len([row for row in tables[f"{PREFIX}profiles"].rows.values() if "consent" in row]) == 3
    assert agency.operator.account_document("a3")["consent"] == before
    assert upgrade(settings)["consents moved to the profiles"] == (0, 3), "a pass may be run again"
    carried_on(agency)


def test_an_upgrade_leaves_an_account_alone_that_changes_meanwhile(agency: Agency, settings: Settings) -> None:
    plant(agency, {})
    bot = Bot(agency.client, "b1", WRITTEN["bot_key"], WRITTEN["session"])
    agency.wire.meanwhile(lambda: bot.complete("post", WRITTEN["lease_token"]).ok(), "TransactWriteItems")
    written, _ = upgrade(settings)["accounts that hold their current phase"]
    assert written < 2
    assert agency.operator.account_document("a1")["current_phase"] == "highlight"
    agency.operator.verified("a1")


def test_a_change_that_was_decided_before_the_upgrade_is_decided_again(agency: Agency, settings: Settings) -> None:
    """A reset that read the rows would leave what the upgrade wrote of them: it takes away only what it has read."""
    plant(agency, {})

    def deployer() -> None:
        agency.wire.function, function = None, agency.wire.function
        upgrade(settings)
        agency.wire.function = function

    agency.wire.meanwhile(deployer, "TransactWriteItems")
    agency.operator.post("/api/operator/accounts/a1/reset", {"reason": "a new owner"}).ok()
    found = agency.operator.account_document("a1")
    assert (found["state"], found["phases"]) == ("ready", [])
    row = agency.wire.store.tables[f"{PREFIX}accounts"].rows[("a1",)]
    assert not {"phase_record", "ended_phases"} & row.keys()
    agency.operator.verified("a1")


def test_failures_that_were_counted_before_are_the_penalty(agency: Agency, settings: Settings) -> None:
    """An item of the time when successes were counted at completion: 3 uses, of which 1 failed and 1 is under way."""
    plant(agency, {})
    table = agency.wire.store.tables[f"{PREFIX}content"]
    before = {"usage_count": {"N": "3"}, "successes": {"N": "1"}, "failures": {"N": "1"}, **LATER}
    table.rows[("m1-any",)] = {**table.rows[("m1-any",)], **before}
    shown = agency.operator.content("m1-any")
    assert (shown["usage_count"], shown["successes"], shown["failures"]) == (3, 2, 1)
    assert upgrade(settings)["items ranked again"] == (8, 8)
    row = table.rows[("m1-any",)]
    # quality 80, 3 uses of 100, success 100·3/5: 24 + 24.25 + 15
    assert (row["penalty"], row["pool_rank"]) == ({"N": "1"}, {"S": "063.2500#9996#m1-any"})
    assert agency.operator.content("m1-any") == shown
    assert before.items() <= {**row}.items(), "what old code reads stays"
    assert upgrade(settings)["items ranked again"] == (0, 8), "a pass may be run again"
    carried_on(agency)


def test_files_of_items_that_were_withdrawn_before_are_marked_by_the_upgrade(
    agency: Agency, settings: Settings
) -> None:
    plant(agency, {})
    table = agency.wire.store.tables[f"{PREFIX}content"]
    row = table.rows[("m1-any",)]
    table.rows[("m1-any",)] = {**row, "status": {"S": "withdrawn"}}
    assert upgrade(settings)["files of withdrawn items marked"] == (1, 5)
    agency.operator.model("m2")
    copy = media("copy", "any", sha256=row["sha256"]["S"])
    agency.operator.post("/api/operator/models/m2/content", copy).refused(409, "content_not_eligible")
    assert upgrade(settings)["files of withdrawn items marked"] == (0, 5), "a pass may be run again"


def test_ids_of_bots_that_were_there_before_are_claimed_by_the_upgrade(agency: Agency, settings: Settings) -> None:
    plant(agency, {})
    written, read = upgrade(settings)["ids of bots and users claimed"]
    assert written == read > 0
    agency.operator.post("/api/operator/bots", {"bot_id": "B1"}).refused(409, "already_exists")
    assert upgrade(settings)["ids of bots and users claimed"] == (0, read), "a pass may be run again"

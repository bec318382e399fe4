"""The list of what can be worked on: due by the clock at this moment, oldest first, page by page."""

import math
from datetime import timedelta

import pytest

from tests.agency import LEASE, NOBODY_CAME, Agency, Bot
from tests.api.shapes import OFFER


@pytest.fixture
def many(agency: Agency) -> Agency:
    """Thirty-one accounts, each ready a second after the one before; their ids say nothing of their order."""

    def build() -> None:
        for number in range(31):
            agency.operator.account(f"a{number * 7 % 31:02d}", theme="sea" if number % 2 else None)
            agency.time.advance(1)

    agency.staged("thirty-one accounts", build)
    return agency


def order(agency: Agency) -> list[str]:
    """The accounts' ids in the order in which they fell due."""
    found = agency.operator.get("/api/operator/accounts?limit=100").ok()["items"]
    return [item["account_id"] for item in sorted(found, key=lambda item: str(item["due_at"]))]


def pages(bot: Bot, query: str, most: int) -> list[list[str]]:
    """The ids of each page."""
    found, cursor = [], ""
    while True:
        page = bot.ready(f"?limit={most}{query}{cursor}").ok()
        found.append([item["account_id"] for item in page["items"]])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_the_oldest_due_comes_first_and_pages_lose_nothing(many: Agency) -> None:
    expected = order(many)
    assert many.bot().offered() == expected[:25], "25 without a limit"
    for most in (4, 30, 31, 100):
        found = pages(many.bot(), "", most)
        assert [account_id for page in found for account_id in page] == expected
        assert all(len(page) == most for page in found[:-1])
        assert found[-1], "the last page is not empty"


def test_a_page_that_is_taken_meanwhile_does_not_move_the_next(many: Agency) -> None:
    expected, bot = order(many), many.worker()
    page = bot.ready("?limit=10").ok()
    for account_id in expected[3:6]:
        bot.start(account_id).ok()
    rest = bot.ready(f"?limit=100&cursor={page['next_cursor']}").ok()
    assert [item["account_id"] for item in rest["items"]] == expected[10:]


def test_it_takes_nothing(many: Agency) -> None:
    before = many.wire.image()
    items = many.bot().ready("?limit=100").ok()["items"]
    assert all(set(item) >= OFFER for item in items)
    assert many.wire.image() == before


def test_all_kinds_of_due_work_stand_in_one_order(agency: Agency) -> None:
    worker = agency.warmed_up("done")  # its last phase was completed five days after the start
    agency.operator.account("new")
    agency.operator.account("late")
    worker.start("late").ok()
    assert worker.offered() == ["done", "new"]
    worker.do("pfp", "late")
    agency.time.advance(timedelta(hours=24))
    agency.operator.account("newest")
    items = worker.ready().ok()["items"]
    assert [(item["account_id"], item["action"], item["phase"]) for item in items] == [
        ("done", "complete_warmup", None),
        ("new", "start_warmup", "pfp"),
        ("late", "run_phase", "bio"),
        ("newest", "start_warmup", "pfp"),
    ]
    assert [item["due_at"] for item in items] == sorted(item["due_at"] for item in items)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["run", "other", "done", "start"]),  # the models take turns
        ("?action=start_warmup", ["start", "other"]),
        ("?action=run_phase", ["run"]),
        ("?action=complete_warmup", ["done"]),
        ("?model_id=m1", ["run", "done", "start"]),
        ("?model_id=m2", ["other"]),
        ("?model_id=m2&action=run_phase", []),
        ("?model_id=m1,m2&action=run_phase,complete_warmup", ["run", "done"]),
        ("?phase=pfp", ["run", "other", "start"]),
        ("?phase=bio,story", ["done"]),
        ("?phase=pfp,pfp&action=start_warmup&model_id=m2", ["other"]),
        ("?model_id=never", []),
    ],
)
def test_filters(agency: Agency, query: str, expected: list[str]) -> None:
    agency.staged("work of all kinds", lambda: work_of_all_kinds(agency))
    assert agency.bot().offered(query) == expected


def work_of_all_kinds(agency: Agency) -> None:
    """An account for each thing that can be done, and one of another model."""
    worker = agency.warmed_to("pfp", "run", bot=agency.worker())
    worker.release(worker.take("pfp", "run"), "run").ok()
    agency.warmed_up("done", bot=worker)
    agency.operator.account("start")
    agency.operator.model("m2")
    agency.time.advance(1)
    agency.operator.account("other", model_id="m2")


def test_pages_of_a_filter_lose_nothing(many: Agency) -> None:
    worker, started = many.worker(), order(many)[::3]
    for account_id in started:
        worker.release(worker.start(account_id).ok()["lease"]["lease_token"], account_id).ok()
    found = pages(worker, "&action=run_phase", 4)
    assert [len(page) for page in found] == [4, 4, 3]
    assert sorted(account_id for page in found for account_id in page) == sorted(started)


@pytest.mark.parametrize("query", ["?phase=", "?phase=Sleep", "?action=run_phase,", "?model_id=m1,,m2"])
def test_a_filter_that_is_none_is_refused(agency: Agency, query: str) -> None:
    agency.bot().ready(query).refused(400, "malformed_request")


def test_a_cursor_serves_its_own_caller_and_filter_only(many: Agency) -> None:
    cursor = many.bot().ready("?limit=1").ok()["next_cursor"]
    many.bot().ready(f"?limit=1&model_id=m1&cursor={cursor}").refused(400, "malformed_request")
    many.bot("b2").ready(f"?cursor={cursor}").refused(400, "malformed_request")
    many.bot().ready(f"?cursor={cursor[:-4]}AAAA").refused(400, "malformed_request")


def test_an_empty_list_says_when_to_come_again(agency: Agency) -> None:
    answer = agency.bot().ready()
    wait = answer.ok()["retry_after_seconds"]
    assert answer.ok() == {"items": [], "next_cursor": None, "next_due_at": None, "retry_after_seconds": wait}
    assert answer.headers["Retry-After"] == str(wait)
    assert 60 <= wait <= 90


@pytest.mark.parametrize(
    ("before", "wait"),
    [
        (timedelta(hours=24), 60),  # never told to stay away for long: something new may come
        (timedelta(seconds=59), 59),
        (timedelta(seconds=30), 30),
        (timedelta(milliseconds=1), 1),
    ],
)
def test_an_empty_list_says_when_something_falls_due(agency: Agency, before: timedelta, wait: int) -> None:
    worker = agency.warmed_to("pfp")
    opens = worker.do("pfp")["next"]["available_at"]
    agency.time.to(opens)
    agency.time.advance(-before)
    for answer, rest in ((worker.ready(), {"next_cursor": None}), (worker.claim(), {"session_id": worker.session})):
        asked = int(answer.headers["Retry-After"])
        assert answer.ok() == {"items": [], **rest, "next_due_at": opens, "retry_after_seconds": asked}
        assert wait <= asked <= math.ceil(1.5 * wait), "by some jitter more, so that an idle fleet spreads"


def test_idle_bots_are_not_all_sent_to_the_same_second(agency: Agency) -> None:
    worker = agency.worker()
    for ask in (worker.ready, worker.claim):
        assert len({ask().headers["Retry-After"] for _ in range(30)}) > 5


def test_a_list_with_something_in_it_does_not_send_away(agency: Agency) -> None:
    agency.operator.account()
    answers = agency.bot().ready(), agency.worker().claim()
    for answer in answers:
        assert answer.ok()["items"]
        assert "Retry-After" not in answer.headers
        assert not {"next_due_at", "retry_after_seconds"} & set(answer.json)


def test_what_is_leased_falls_due_when_the_lease_runs_out(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.take()
    assert worker.ready().ok()["next_due_at"] == agency.time.told(LEASE)
    agency.time.advance(LEASE)
    assert worker.offered() == ["a1"]


def test_with_the_timers_off_due_work_is_offered_and_taken_on_time(agency: Agency) -> None:
    first, second = agency.warmed_to("bio", "due"), agency.worker("b2")
    agency.warmed_to("pfp", "held", bot=first)
    first.take("pfp", "held")
    agency.warmed_to("pfp", "failed", bot=first)
    agency.operator.media("spare", "pfp")
    retry = first.report("pfp", first.take("pfp", "failed"), "failed").ok()["available_at"]
    agency.time.to(retry)
    assert second.offered() == ["due", "failed"]
    agency.time.advance(LEASE)
    assert set(second.offered()) == {"due", "failed", "held"}
    taken = second.claim(limit=10).ok()["items"]
    assert {(item["account_id"], item["phase"]) for item in taken} == {
        ("due", "bio"),
        ("failed", "pfp"),
        ("held", "pfp"),
    }
    for item in taken:
        second.do(item["phase"], item["account_id"])
        agency.operator.verified(item["account_id"])


def is_open(agency: Agency, worker: Bot) -> None:
    """Everywhere the phase of the account is available, whether or not that is written."""
    document = worker.status().ok()
    assert (document["phases"][1]["status"], document["blockers"]) == ("available", [])
    assert agency.operator.account_document()["phase_status"] == "available"
    accounts = "/api/operator/accounts"
    (listed,) = agency.operator.get(f"{accounts}?phase_status=available&with_phases=true").ok()["items"]
    assert (listed["phase_status"], listed["phases"][1]["status"]) == ("available", "available")
    assert agency.operator.get(f"{accounts}?phase_status=pending").ok()["items"] == []
    assert agency.operator.get("/api/operator/pipeline").ok()["phases"]["bio"] == {"available": 1}
    assert agency.operator.get(f"{accounts}/a1/phases/bio/explain").ok()["status"] == "available"
    refused = agency.operator.post(f"{accounts}/a1/phases/bio/retry", {"reason": "again"})
    assert refused.refused(409, "invalid_transition")["state"] == "available"
    assert worker.offered() == ["a1"]


def test_a_phase_that_opened_stays_open_when_its_account_is_paused(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    for move in ("pause", "resume"):
        agency.operator.post(f"/api/operator/accounts/a1/{move}", {"reason": "holidays"}).ok()
        assert worker.status().ok()["phases"][1]["status"] == "available"
        assert agency.operator.account_document()["phase_status"] == "available"
    agency.operator.verified()


def test_the_phase_of_a_paused_account_does_not_open(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    following = worker.do("pfp")["next"]
    agency.operator.post("/api/operator/accounts/a1/pause", {"reason": "holidays"}).ok()
    agency.time.to(following["available_at"])
    assert worker.status().ok()["phases"][1]["status"] == "pending"
    assert agency.operator.account_document()["phase_status"] == "pending"
    agency.operator.post("/api/operator/accounts/a1/resume", {"reason": "back"}).ok()
    assert worker.status().ok()["phases"][1]["status"] == "available"


def test_timers_and_takers_come_to_the_same(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    before = agency.wire.image()
    assert agency.timer() == {}, "whoever takes it in time writes that it opened"
    after = agency.wire.image()
    del before["test-settings"], after["test-settings"]  # where the run is recorded
    assert after == before
    agency.time.advance(NOBODY_CAME)
    is_open(agency, worker)
    assert agency.timer() == {"phase:open": 1}
    is_open(agency, worker)
    assert agency.timer() == {}
    worker.do("bio")
    agency.operator.verified()


def test_rows_that_are_filtered_out_are_read_past_and_not_mistaken_for_the_end(agency: Agency) -> None:
    worker = agency.worker()
    for number in range(6):
        agency.operator.account(f"a{number}")
    last = agency.operator.account("z")
    worker.release(worker.start(last).ok()["lease"]["lease_token"], last).ok()
    page = worker.ready("?limit=1&action=run_phase").ok()
    assert [item["account_id"] for item in page["items"]] == [last]

"""What is kept for how long: the clock decides, since the store drops days late (and here never)."""

from datetime import timedelta

from tests.agency import Agency

DAY = timedelta(days=1)


def test_audit_events_are_kept_for_400_days_and_told_no_longer(agency: Agency) -> None:
    operator = agency.operator
    operator.account("a1")
    day = agency.time.now.strftime("%Y-%m-%d")
    agency.time.advance(399 * DAY)
    assert operator.actions() == ["account:create", "account:ready"]
    agency.time.advance(2 * DAY)
    assert operator.actions() == []
    assert operator.get(f"/api/operator/audit?day={day}").ok()["items"] == []


def test_an_account_older_than_the_retention_is_verified_by_the_events_that_are_left(agency: Agency) -> None:
    operator = agency.operator
    operator.account("a1")
    agency.time.advance(390 * DAY)
    agency.worker().start("a1").ok()
    assert operator.verified() == 3
    agency.time.advance(11 * DAY)
    assert operator.verified() == 1
    agency.time.advance(400 * DAY)
    assert operator.verified() == 0
    agency.worker().content().ok()
    assert operator.verified() == 1


def test_a_gap_is_found_in_what_is_left_too(agency: Agency) -> None:
    operator = agency.operator
    operator.account("a1")
    agency.time.advance(390 * DAY)
    worker = agency.worker()
    worker.start("a1").ok()
    worker.complete("pfp", worker.take()).ok()
    agency.time.advance(11 * DAY)
    events = agency.wire.store.tables["test-audit_events"]
    del events.rows["account:a1", "4"]
    told = operator.get("/api/operator/accounts/a1/verify").ok()
    assert not told["ok"] and "version 3 is followed by 5" in told["problems"]


def test_a_session_is_forgotten_90_days_after_it_was_last_heard_of(agency: Agency) -> None:
    worker = agency.worker()
    agency.time.advance(90 * DAY)
    worker.own_session().ok()
    worker.heartbeat().ok()
    agency.time.advance(90 * DAY)
    worker.own_session().ok()
    agency.time.advance(DAY)
    worker.own_session().refused(404, "session_not_found")
    worker.claim().refused(404, "session_not_found")
    assert agency.operator.get("/api/operator/sessions").ok()["items"] == []
    assert agency.operator.get("/api/operator/sessions?status=live").ok()["items"] == []


def test_what_expires_tells_the_store_when(agency: Agency) -> None:
    agency.worker()
    for name, item in agency.wire.image().items():
        if name in ("test-audit_events", "test-bot_sessions"):
            assert item and all(int(one["kept_until"]["N"]) > agency.time.now.timestamp() for one in item.values())

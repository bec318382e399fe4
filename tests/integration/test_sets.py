"""Sets have no order: what the store gives in another order than we would write it is not written again."""

from datetime import UTC, datetime

from chalicelib.domain.sessions import Directive, SessionStatus
from chalicelib.tables import Session
from tests.agency import LEASE, Agency, Bot


def test_a_set_in_another_order_is_no_change() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    session = Session(
        session_id="ses_1",
        bot_id="b1",
        live=SessionStatus.LIVE,
        directive=Directive.CONTINUE,
        holds={f"a{number} lt_1_{number:032} bio" for number in range(20)},
        started_at=now,
        last_seen_at=now,
        expires_at=now,
    )
    raw = session.serialize()
    for order in (sorted(raw["holds"]["SS"]), sorted(raw["holds"]["SS"], reverse=True)):
        read = Session.from_raw_data({**raw, "holds": {"SS": order}})
        read.directive = Directive.DRAIN
        assert len(read.changes()) == 1


def test_a_session_that_is_drained_while_it_claims_still_knows_what_it_holds(agency: Agency) -> None:
    worker = agency.worker()
    for account_id in ("a1", "a2", "a3"):
        agency.operator.account(account_id)
        worker.start(account_id).ok()
    agency.operator.account("a4")
    rows = agency.wire.store.tables["test-bot_sessions"].rows
    row = rows[str(worker.session),]
    rows[str(worker.session),] = {**row, "holds": {"SS": row["holds"]["SS"][::-1]}}
    second = Bot(agency.client, "b1", str(worker.key), worker.session)
    agency.wire.meanwhile(lambda: second.start("a4").ok())
    agency.operator.post(f"/api/operator/sessions/{worker.session}/drain", {"reason": "home time"}).ok()
    agency.time.advance(LEASE / 2)
    held = [one["account_id"] for one in worker.heartbeat().ok()["held"]]
    assert sorted(held) == ["a1", "a2", "a3", "a4"]

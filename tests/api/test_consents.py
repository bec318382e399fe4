"""The life of a consent: given, withdrawn, ended, given again; and what of that reaches who works on the account."""

from datetime import timedelta

import pytest

from tests.agency import CONSENT, Agency, Bot

PATH = "/api/operator/accounts"
HOUR = timedelta(hours=1)


def withdraw(agency: Agency, account_id: str = "a1") -> None:
    """The owner takes the consent back."""
    agency.operator.post(f"{PATH}/{account_id}/consent/withdraw", {"reason": "the owner called"}).ok()


def codes(agency: Agency) -> list[str]:
    """What blocks the account."""
    return [one["code"] for one in agency.operator.account_document()["blockers"]]


def consented_until(agency: Agency, by: timedelta) -> str:
    """Records a consent that ends so much later; the instant."""
    until = agency.time.told(by)
    agency.operator.post(f"{PATH}/a1/consent", {**CONSENT, "valid_until": until}).ok()
    return until


def nothing_is_handed_out(agency: Agency, bot: Bot, code: str, phase: str | None = None) -> None:
    """Every way to take the account is closed, and says why."""
    assert bot.offered() == []
    assert bot.claim().ok()["items"] == []
    assert bot.claim(deliver=True).ok()["items"] == []
    (bot.content(phase) if phase else bot.start()).refused(409, code)
    assert code in codes(agency)
    assert code in [one["code"] for one in bot.status().ok()["blockers"]]
    assert agency.operator.account_document()["queues"] == []


# withdrawn


def test_a_withdrawn_consent_takes_the_work_away_at_once(agency: Agency) -> None:
    worker, other = agency.warmed_to("bio"), agency.worker("b2")
    token = worker.take("bio")
    told = agency.operator.post(f"{PATH}/a1/consent/withdraw", {"reason": "the owner called"}).ok()
    assert (told["consent_state"], told["replayed"], told["lease"]) == ("withdrawn", False, None)
    assert told["consent"] == {**CONSENT, "withdrawn_at": agency.time.told()}
    lost = worker.heartbeat().ok()["lost"]
    assert lost == [{"account_id": "a1", "reason": "the owner of the account has withdrawn the consent"}]
    for late in (worker.complete("bio", token), worker.report("bio", token), worker.release(token)):
        happened = late.refused(409, "lease_superseded")["happened"]
        assert happened["action"] == "account:withdraw_consent"
    nothing_is_handed_out(agency, other, "consent_withdrawn", "bio")
    nothing_is_handed_out(agency, worker, "consent_withdrawn", "bio")
    agency.timer()
    agency.operator.verified()


def test_it_ends_the_assignment_and_frees_what_was_never_delivered(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    agency.operator.words("spare", "bio", quality_score=1)
    body = {"reason": "by hand", "text_id": "spare"}
    agency.timer()
    agency.operator.post(f"{PATH}/a1/phases/bio/assign", body).ok()
    assert agency.operator.text("spare")["usage_count"] == 1
    withdraw(agency)
    assert agency.operator.text("spare")["usage_count"] == 0
    (assignment, *_) = agency.operator.account_document()["assignments"]
    assert assignment["outcome"] == "consent_withdrawn"
    phase = next(one for one in agency.operator.account_document()["phases"] if one["phase"] == "bio")
    assert (phase["status"], phase["assigned_text_id"]) == ("available", None)
    assert worker.offered() == []


def test_what_was_finished_before_stays_finished(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    token = worker.take("bio")
    done = worker.complete("bio", token).ok()
    withdraw(agency)
    again = worker.complete("bio", token).ok()
    assert (again["phase"]["status"], again["replayed"]) == (done["phase"]["status"], True)
    assert worker.measure("bio", 80, agency.time.told()).status == 200


def test_a_new_consent_lifts_it(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    withdraw(agency)
    version = agency.operator.account_document()["version"]
    assert agency.operator.post(f"{PATH}/a1/consent/withdraw", {"reason": "again"}).ok()["replayed"] is True
    assert agency.operator.account_document()["version"] == version
    told = agency.operator.post(f"{PATH}/a1/consent", CONSENT).ok()
    assert (told["consent"], told["consent_state"], told["replayed"]) == (CONSENT, "given", False)
    assert worker.offered() == ["a1"]
    worker.do("bio")
    assert agency.operator.actions().count("account:withdraw_consent") == 1
    agency.operator.verified()


def test_the_old_consent_that_arrives_again_lifts_nothing(agency: Agency) -> None:
    agency.operator.account(ready=False)
    renewed, same = {**CONSENT, "reference": "contract 8"}, {"X-Request-Id": "req_the_first_of_both"}
    agency.operator.post(f"{PATH}/a1/consent", renewed, headers=same).ok()
    withdraw(agency)
    again = agency.operator.post(f"{PATH}/a1/consent", renewed, headers=same).ok()
    assert (again["replayed"], again["consent_state"]) == (True, "withdrawn")
    rows = "account_id,model_id,username,granted_by,granted_at,reference\n"
    row = f"{rows}a1,m1,user_a1,{CONSENT['granted_by']},{CONSENT['granted_at']},contract 8\n"
    imported = agency.operator.post(f"{PATH}/import", raw=row.encode(), content_type="text/csv").ok()
    assert imported["counts"]["unchanged"] == 1
    assert codes(agency) == ["consent_withdrawn", "not_ready"]
    agency.operator.ready("a1").refused(409, "consent_withdrawn")


def test_a_repeat_is_known_by_the_name_that_an_earlier_release_kept_alone(agency: Agency) -> None:
    agency.operator.account(ready=False)
    renewed, same = {**CONSENT, "reference": "contract 8"}, {"X-Request-Id": "req_the_first_of_both"}
    agency.operator.post(f"{PATH}/a1/consent", renewed, headers=same).ok()
    events = agency.wire.store.tables["test-audit_events"].rows.values()
    (event,) = [one for one in events if one["action"] == {"S": "account:consent"}]
    earlier = {name: value for name, value in event.items() if name != "client_request_id"}
    agency.wire.plant("test-audit_events", {**earlier, "request_id": event["client_request_id"]})
    withdraw(agency)
    again = agency.operator.post(f"{PATH}/a1/consent", renewed, headers=same).ok()
    assert (again["replayed"], again["consent_state"]) == (True, "withdrawn")
    other = agency.operator.post(f"{PATH}/a1/consent", renewed, headers={"X-Request-Id": "req_another"}).ok()
    assert (other["replayed"], other["consent_state"]) == (False, "given")


def test_there_must_be_a_consent_to_withdraw_and_an_account_in_care_to_consent_to(agency: Agency) -> None:
    agency.operator.post(PATH, {"account_id": "a1", "model_id": "m1", "username": "u"}).ok(201)
    agency.operator.post(f"{PATH}/a1/consent/withdraw", {"reason": "x"}).refused(409, "consent_missing")
    agency.operator.post(f"{PATH}/a2/consent/withdraw", {"reason": "x"}).refused(404, "account_not_found")
    agency.operator.post(f"{PATH}/a1/retire", {"reason": "sold"}).ok()
    problem = agency.operator.post(f"{PATH}/a1/consent", CONSENT).refused(409, "invalid_transition")
    assert problem["possible_transitions"] == ["restore"]
    agency.bot().post(f"{PATH}/a1/consent/withdraw", {"reason": "x"}).refused(403, "forbidden")


def test_a_phase_that_was_done_cannot_be_finished_without_consent(agency: Agency) -> None:
    worker = agency.warmed_up()
    withdraw(agency)
    worker.complete_warmup().refused(409, "consent_withdrawn")
    agency.operator.post(f"{PATH}/a1/consent", CONSENT).ok()
    assert worker.complete_warmup().ok()["state"] == "active"


@pytest.mark.parametrize("how", ["retired", "failed", "in review", "paused", "run out"])
def test_it_can_be_withdrawn_wherever_the_account_stands(agency: Agency, how: str) -> None:
    worker = agency.warmed_to("bio")
    match how:
        case "retired" | "paused":
            agency.operator.post(f"{PATH}/a1/{how.removesuffix('d')}", {"reason": "x"}).ok()
        case "failed" | "in review":
            worker.report("bio", worker.take("bio"), kind="transient" if how == "failed" else "unknown").ok()
        case _:
            worker.take("bio")
            agency.time.advance(2 * HOUR)
    withdraw(agency)
    agency.time.advance(24 * HOUR)
    agency.timer()
    assert worker.offered() == worker.claim().ok()["items"] == []
    agency.operator.verified()
    if how == "in review":
        evidence = {"reason": "it was done", "evidence": {"note": "seen"}}
        agency.operator.post(f"{PATH}/a1/phases/bio/resolve", evidence).ok()
        (assignment, *_) = agency.operator.account_document()["assignments"]
        assert assignment["outcome"] == "resolved"


# ended


def test_a_consent_ends_by_the_clock_alone(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    until = consented_until(agency, HOUR)
    assert worker.offered() == ["a1"]
    agency.time.to(until)
    assert (worker.offered(), agency.operator.account_document()["consent_state"]) == (["a1"], "given")
    agency.time.advance(0.001)
    assert agency.operator.account_document()["consent_state"] == "expired"
    assert worker.offered() == []
    nothing_is_handed_out(agency, worker, "consent_expired", "bio")
    agency.timer()
    assert agency.operator.actions().count("account:expire_consent") == 1, "who took it found it out"
    agency.operator.verified()
    consented_until(agency, HOUR)
    assert worker.offered() == ["a1"]


def test_it_also_ends_where_nothing_was_started_and_where_a_start_is_asked_for(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    consented_until(agency, HOUR)
    agency.time.advance(2 * HOUR)
    nothing_is_handed_out(agency, worker, "consent_expired")


def test_what_falls_due_after_the_end_waits_in_no_queue(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    worker.do("pfp")
    consented_until(agency, 23 * HOUR)
    assert agency.operator.account_document()["queues"] == []
    consented_until(agency, 25 * HOUR)
    assert agency.operator.account_document()["queues"] == ["waiting"]


def test_no_lease_outlives_the_consent_and_its_work_may_be_told_late(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    until = consented_until(agency, HOUR / 12)
    given = worker.content("bio").ok()["lease"]
    assert given["expires_at"] == until
    assert worker.heartbeat().ok()["held"][0]["expires_at"] == until
    agency.time.advance(HOUR)
    worker.content("bio").refused(409, "consent_expired")
    told = worker.complete("bio", given["lease_token"], finish=True).ok()
    assert (told["phase"]["status"], told["late"]) == ("completed", True)
    agency.operator.verified()


def test_a_new_end_shortens_the_lease(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    worker.take("bio")
    until = consented_until(agency, timedelta(minutes=2))
    assert worker.heartbeat().ok()["held"][0]["expires_at"] == until
    agency.time.advance(HOUR)
    worker.content("bio").refused(409, "consent_expired")


@pytest.mark.parametrize(
    ("until", "right"),
    [
        ("2026-01-01T00:00:00.001Z", True),
        ("2026-01-01", True),  # the end of that day
        ("2026-01-01T00:00:00Z", False),  # the instant at which it was given
        ("2025-12-31", False),
        ("1999-01-01", False),
    ],
)
def test_a_consent_ends_after_it_was_given(agency: Agency, until: str, right: bool) -> None:
    given = {**CONSENT, "valid_until": until}
    agency.operator.post(PATH, {"account_id": "a2", "model_id": "m1", "username": "v"}).ok(201)
    answers = [
        (agency.operator.post(PATH, {"account_id": "a1", "model_id": "m1", "username": "u", "consent": given}), 201),
        (agency.operator.post(f"{PATH}/a2/consent", given), 200),
    ]
    for (answer, status), pointer in zip(answers, ("/consent/valid_until", "/valid_until"), strict=True):
        if right:
            assert answer.ok(status)["consent_state"] == "expired"
        else:
            assert [one["pointer"] for one in answer.refused(422, "invalid_input")["errors"]] == [pointer]


def test_a_day_counts_to_its_end_in_the_models_time_zone_also_in_an_import(agency: Agency) -> None:
    agency.operator.post("/api/operator/models", {"model_id": "far", "time_zone": "Pacific/Auckland"}).ok(201)
    head = "account_id,model_id,username,granted_by,granted_at,reference,valid_until"
    row = f"{head}\na1,far,u,Ada,2026-01-01,contract 7,2026-12-31\n".encode()
    assert agency.operator.post(f"{PATH}/import", raw=row, content_type="text/csv").ok()["counts"]["created"] == 1
    assert agency.operator.account_document()["consent"]["valid_until"] == "2026-12-31T10:59:59.999Z"
    assert agency.operator.post(f"{PATH}/import", raw=row, content_type="text/csv").ok()["counts"]["unchanged"] == 1

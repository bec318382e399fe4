"""The moves that only people make: from every situation, allowed where the tables allow, refused everywhere else."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import accounts, phases
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.phases import PhaseStatus
from tests.agency import LEASE, Agency, Reply
from tests.situations import (
    SITUATIONS,
    Situation,
    done,
    due,
    failed,
    in_review,
    paused,
    ready,
    run_out,
    waiting,
    working,
)

_IDS = [situation.__name__ for situation in SITUATIONS]
each_situation = pytest.mark.parametrize("situation", SITUATIONS, ids=_IDS)


def _account_move(agency: Agency, move: str, reason: str = "because") -> Reply:
    return agency.operator.post(f"/api/operator/accounts/a1/{move}", {"reason": reason})


def _phase_move(agency: Agency, move: str, phase: str = "bio", **more: Any) -> Reply:
    return agency.operator.post(f"/api/operator/accounts/a1/phases/{phase}/{move}", {"reason": "because", **more})


# accounts


@each_situation
@pytest.mark.parametrize("move", ["pause", "resume", "reset", "retire", "restore"])
def test_a_move_of_the_lifecycle_is_allowed_just_where_its_table_allows_it(
    agency: Agency, situation: Situation, move: str
) -> None:
    situation(agency)
    before = agency.operator.account_document()
    allowed = accounts.TRANSITIONS[AccountState(before["state"])].get(accounts.AccountTransition(move))
    if before["state"] == "retired" and move == "retire":
        assert _account_move(agency, move, "sold").ok()["replayed"] is True
        return
    answer = _account_move(agency, move)
    if allowed is None:
        problem = answer.refused(409, "invalid_transition")
        assert problem["possible_transitions"] == sorted(accounts.TRANSITIONS[AccountState(before["state"])])
        assert agency.operator.account_document()["version"] == before["version"]
        return
    after = answer.ok()
    assert after["state"] in allowed and after["version"] == before["version"] + 1
    event = agency.operator.events()[-1]
    assert event["action"] == f"account:{move}" and event["details"]["reason"] == "because"
    assert event["actor"] == {"kind": "operator", "id": "root"} and "because" in event["summary"]
    assert {"what": "account", "from": before["state"], "to": after["state"]} in event["transitions"]
    agency.operator.verified()


@pytest.mark.parametrize("move", ["pause", "reset", "retire"])
def test_a_move_sent_again_changes_nothing(agency: Agency, move: str) -> None:
    working(agency)
    first = _account_move(agency, move).ok()
    assert _account_move(agency, move).ok() == {**first, "replayed": True}
    agency.operator.verified()


def test_a_pause_sent_again_is_known_although_work_was_finished_meanwhile(agency: Agency) -> None:
    bot = due(agency)
    token = bot.take("bio")
    _account_move(agency, "pause").ok()
    bot.complete("bio", token).ok()
    before = agency.wire.image()
    again = _account_move(agency, "pause").ok()
    assert (again["state"], again["replayed"]) == ("paused", True)
    assert agency.wire.image() == before
    _account_move(agency, "pause", "another reason").refused(409, "invalid_transition")
    _account_move(agency, "resume").ok()
    assert _account_move(agency, "pause").ok()["replayed"] is False  # possible again, and so no repeat


@pytest.mark.parametrize("move", ["retry", "resolve", "skip"])
def test_a_move_of_a_phase_sent_again_is_known_although_bots_went_on(agency: Agency, move: str) -> None:
    in_review(agency)
    more: dict[str, Any] = {"evidence": {"note": "seen on the profile"}} if move == "resolve" else {}
    decided = _phase_move(agency, move, **more).ok()
    agency.time.advance(timedelta(hours=25))
    agency.worker("b2").take(decided["current_phase"])
    before = agency.wire.image()
    assert _phase_move(agency, move, **more).ok()["replayed"] is True
    assert agency.wire.image() == before


@pytest.mark.parametrize(("situation", "state"), [(ready, "ready"), (waiting, "warming_up")])
def test_a_pause_is_lifted_to_where_the_account_was(agency: Agency, situation: Situation, state: str) -> None:
    situation(agency)
    _account_move(agency, "pause").ok()
    assert _account_move(agency, "resume").ok()["state"] == state


@pytest.mark.parametrize("move", ["reset", "retire"])
@pytest.mark.parametrize("situation", [working, run_out], ids=["live lease", "lease that ran out"])
def test_a_bot_whose_work_was_taken_away_is_told_what_the_operator_did(
    agency: Agency, situation: Situation, move: str
) -> None:
    bot = situation(agency)
    assert "lt_" not in agency.operator.get("/api/operator/accounts/a1").text  # no operator sees a token
    (row,) = agency.wire.image()["test-accounts"].values()
    token = row["lease_token"]["S"]
    _account_move(agency, move).ok()
    version = agency.operator.account_document()["version"]
    told = bot.complete("bio", token).refused(409, "lease_superseded")
    assert told["happened"]["action"] == f"account:{move}"
    words = {"reset": "reset", "retire": "retired"}[move]
    assert told["happened"]["summary"] == f"an operator {words} account a1", "neither who, nor why"
    assert "root" not in str(told) and "because" not in str(told)
    assert agency.operator.account_document()["version"] == version
    agency.operator.verified()


def test_nobody_works_on_a_retired_account(agency: Agency) -> None:
    working(agency)
    _account_move(agency, "retire").ok()
    assert agency.operator.account_document()["phases"][1]["status"] == "content_assigned"
    agency.operator.verified()


@pytest.mark.parametrize("begun", [ready, working, done])
def test_a_retired_account_comes_back_with_what_it_has_used(agency: Agency, begun: Situation) -> None:
    begun(agency)
    phases = agency.operator.account_document()["phases"]
    used = {one["assigned_content_id"] for one in phases} - {None}
    _account_move(agency, "retire").ok()
    _account_move(agency, "ready").refused(409, "invalid_transition")
    restored = _account_move(agency, "restore", "retired by mistake").ok()
    assert (restored["state"], restored["phases"], restored["current_phase"]) == ("imported", [], None)
    assert [one["code"] for one in restored["blockers"]] == ["not_ready"]
    assert _account_move(agency, "restore", "retired by mistake").ok()["replayed"]
    assert agency.operator.actions()[-2:] == ["account:retire", "account:restore"]
    states = agency.operator.get("/api/operator/pipeline").ok()["states"]
    assert (states["imported"], states["retired"]) == (1, 0)
    _account_move(agency, "ready").ok()
    agency.operator.media("fresh", "pfp")
    agency.time.advance(timedelta(hours=25))
    worker = agency.worker("b2")
    worker.start().ok()
    assert worker.content().ok()["content"]["content_id"] not in used, "never twice on one account"
    agency.operator.verified()


def test_a_reset_begins_anew_and_keeps_the_history(agency: Agency) -> None:
    bot = working(agency)
    used = agency.operator.account_document()["phases"][0]["assigned_content_id"]
    _account_move(agency, "reset").ok()
    assert agency.operator.account_document()["phases"] == []
    assert agency.operator.content(used)["usage_count"] == 1  # it was delivered: its use is not given back
    agency.operator.media("second", "pfp")
    agency.time.advance(timedelta(hours=25))
    again = bot.with_session()
    again.start().ok()
    assert again.content().ok()["content"]["content_id"] == "second"  # never twice on one account
    assert "account:reset" in agency.operator.actions()
    agency.operator.verified()


# phases


@pytest.mark.parametrize("move", ["retry", "resolve", "skip"])
@each_situation
def test_a_move_of_a_phase_is_allowed_just_where_its_table_allows_it(
    agency: Agency, situation: Situation, move: str
) -> None:
    situation(agency)
    before = agency.operator.account_document()
    more: dict[str, Any] = {"evidence": {"note": "seen on the profile"}} if move == "resolve" else {}
    answer = _phase_move(agency, move, **more)
    if before["state"] not in ("warming_up", "paused") or not before["phases"]:
        answer.refused(409, "account_not_ready")
        return
    bio = before["phases"][1]
    if phases.PhaseTransition(move) not in phases.TRANSITIONS[PhaseStatus(bio["status"])]:
        assert answer.status == 409 and answer.code in ("invalid_transition", "phase_not_available"), answer.text
        assert agency.operator.account_document()["version"] == before["version"]
        return
    after = answer.ok()
    event = agency.operator.events()[-1]
    assert event["action"] == f"phase:{move}" and event["details"]["phase"] == "bio"
    status = after["phases"][1]["status"]
    assert PhaseStatus(status) in phases.TRANSITIONS[PhaseStatus(bio["status"])][phases.PhaseTransition(move)]
    if status == "completed":
        assert after["current_phase"] == "post" and after["phases"][2]["available_at"] is not None
    assert _phase_move(agency, move, **more).ok() == {**after, "replayed": True}
    agency.operator.verified()


def test_a_retry_offers_the_phase_at_once_with_the_same_text_and_fresh_limits(agency: Agency) -> None:
    bot = in_review(agency)
    text_id = agency.operator.account_document()["phases"][1]["assigned_text_id"]
    assert _phase_move(agency, "retry").ok()["blockers"] == []
    assert bot.offered() == ["a1"]
    assert bot.content("bio").ok()["text"]["text_id"] == text_id


def test_a_retry_with_other_content_chooses_anew(agency: Agency) -> None:
    bot = in_review(agency)
    text_id = agency.operator.account_document()["phases"][1]["assigned_text_id"]
    agency.operator.words("other", "bio")
    _phase_move(agency, "retry", content="other").ok()
    assert bot.content("bio").ok()["text"]["text_id"] == "other" != text_id
    agency.operator.verified()


def test_a_resolved_phase_counts_as_done_by_its_item_and_dates_the_next(agency: Agency) -> None:
    in_review(agency)
    text_id = agency.operator.account_document()["phases"][1]["assigned_text_id"]
    after = _phase_move(agency, "resolve", evidence={"url": "https://example.org/p/1"}).ok()
    assert agency.operator.text(text_id)["successes"] == 1
    assert after["phases"][2]["available_at"] == agency.time.told(timedelta(hours=24))
    assert agency.operator.events()[-1]["details"]["evidence"] == {"url": "https://example.org/p/1"}
    assert [one["code"] for one in after["blockers"]] == ["interval"]


@pytest.mark.parametrize("evidence", [None, {}, {"url": "javascript:alert(1)"}, {"note": ""}])
def test_evidence_is_needed_and_looked_at(agency: Agency, evidence: Any) -> None:
    in_review(agency)
    more = {} if evidence is None else {"evidence": evidence}
    _phase_move(agency, "resolve", **more).refused(422, "invalid_input")


def test_a_phase_skipped_under_a_bots_hands_is_taken_away_from_it(agency: Agency) -> None:
    bot = due(agency)
    token = bot.take("bio")
    after = _phase_move(agency, "skip").ok()
    assert after["phases"][1]["skipped"] is True and after["current_phase"] == "post"
    problem = bot.complete("bio", token).refused(409, "lease_superseded")
    assert problem["happened"]["action"] == "phase:skip"
    assert bot.heartbeat().ok()["lost"] == [{"account_id": "a1", "reason": "the lease ended: revoked"}]
    agency.operator.verified()


def test_a_later_phase_can_be_skipped_ahead_and_is_passed_over(agency: Agency) -> None:
    bot = due(agency)
    assert _phase_move(agency, "skip", "post").ok()["current_phase"] == "bio"
    assert bot.do("bio")["next"]["phase"] == "highlight"
    agency.operator.verified()


def test_items_are_given_by_hand_and_the_use_of_what_was_not_delivered_is_given_back(agency: Agency) -> None:
    bot = due(agency)
    agency.timer()
    for text_id in ("first", "second"):
        agency.operator.words(text_id, "bio", quality_score=1)
        assert _phase_move(agency, "assign", text_id=text_id).ok()["phases"][1]["status"] == "content_assigned"
    assert agency.operator.text("first")["usage_count"] == 0
    assert agency.operator.text("second")["usage_count"] == 1
    assert bot.content("bio").ok()["text"]["text_id"] == "second"
    agency.operator.verified()


def test_an_item_that_may_not_be_used_is_not_given_by_hand_either(agency: Agency) -> None:
    opened = due(agency)
    agency.operator.words("pending", "bio", status="pending")
    agency.operator.words("long", "bio", body="x" * 151)
    for text_id, reason in (("pending", "not_approved"), ("long", "too_long")):
        problem = _phase_move(agency, "assign", text_id=text_id).refused(409, "content_not_eligible")
        assert problem["reason"] == reason
    _phase_move(agency, "assign", text_id="nothing").refused(404, "text_not_found")
    _phase_move(agency, "assign", content_id="m1-pfp").refused(
        409, "content_not_eligible"
    )  # it was used on this account
    agency.operator.media("fresh", "any")
    _phase_move(agency, "assign", content_id="fresh").refused(422, "invalid_input")  # a bio takes a text
    assert opened.offered() == ["a1"]


# blockers


@each_situation
@pytest.mark.parametrize("pause", [None, "pipeline", "model"])
def test_nothing_stands_in_the_way_exactly_where_a_claim_succeeds(
    agency: Agency, situation: Situation, pause: str | None
) -> None:
    situation(agency)
    if pause == "pipeline":
        agency.operator.post("/api/operator/pipeline/pause", {"reason": "r"}).ok()
    elif pause == "model":
        agency.operator.send("PATCH", "/api/operator/models/m1", {"paused": True}).ok()
    agency.time.advance(5)  # what was proposed a moment ago is forgotten
    stands = agency.bot("b2").status().ok()["blockers"]
    taken = agency.worker("b2").claim().ok()["items"]
    assert (not stands) == bool(taken), (stands, taken)
    if pause is not None:
        assert "paused" in [one["code"] for one in stands]


@pytest.mark.parametrize(
    ("situation", "codes"),
    [
        (waiting, ["interval"]),  # cleared by time
        (working, ["leased"]),  # by the end of the lease
        (failed, ["retry_delay"]),  # by time
        (in_review, ["review"]),  # by people
        (paused, ["paused"]),  # by people
        (done, []),  # somebody may complete it
    ],
)
def test_each_blocker_tells_what_clears_it(agency: Agency, situation: Situation, codes: list[str]) -> None:
    situation(agency)
    found = agency.bot("b2").status().ok()["blockers"]
    assert [one["code"] for one in found] == codes
    for one in found:
        assert one["detail"]
        assert (one["until"] is not None) == (one["code"] in ("interval", "leased", "retry_delay"))


# pauses


@pytest.mark.parametrize("level", ["account", "model", "pipeline"])
def test_what_falls_due_while_paused_is_neither_lost_nor_early(agency: Agency, level: str) -> None:
    """Paused during an open lease; the lease ends, the next phase falls due, the timers run; then resumed."""
    agency.operator.account("a2")
    bot = due(agency)
    token = bot.take("bio")

    def switch(on: bool) -> None:
        if level == "account":
            _account_move(agency, "pause" if on else "resume").ok()
        elif level == "model":
            agency.operator.send("PATCH", "/api/operator/models/m1", {"paused": on}).ok()
        else:
            word = "pause" if on else "resume"
            agency.operator.post(f"/api/operator/pipeline/{word}", {"reason": "r"}).ok()

    switch(True)
    assert bot.complete("bio", token).ok()["late"] is False
    for _ in range(3):
        agency.time.advance(timedelta(hours=8, minutes=1))
        agency.timer()
        assert "a1" not in agency.worker("b2").offered()
        bot.content("post").refused(409, "account_paused")
    assert agency.operator.account_document()["phases"][2]["started_at"] is None
    switch(False)
    agency.time.advance(5)
    assert agency.worker("b2").offered() == ["a2", "a1"]  # oldest due first
    agency.worker("b2").content("post").ok()
    agency.operator.verified()


# sessions


def test_a_session_told_to_drain_finishes_and_takes_nothing_new(agency: Agency) -> None:
    bot = due(agency)
    token = bot.take("bio")
    agency.operator.account("a2")
    told = agency.operator.post(f"/api/operator/sessions/{bot.session}/drain", {"reason": "deploy"}).ok()
    assert told["directive"] == "drain"
    beat = bot.heartbeat().ok()
    assert beat["directive"] == "drain" and [one["account_id"] for one in beat["held"]] == ["a1"]
    bot.start("a2").refused(409, "session_ended")
    bot.complete("bio", token).ok()
    again = agency.operator.post(f"/api/operator/sessions/{bot.session}/drain", {"reason": "deploy"}).ok()
    assert again["replayed"] is True


def test_a_session_told_to_drain_does_all_that_it_has_claimed(agency: Agency) -> None:
    for account_id in ("a1", "a2"):
        agency.operator.account(account_id)
    bot = agency.worker()
    assert len(bot.claim(limit=2).ok()["items"]) == 2
    agency.operator.post(f"/api/operator/sessions/{bot.session}/drain", {"reason": "deploy"}).ok()
    bot.start("a1").ok()
    given = bot.content("pfp", "a1").ok()
    bot.complete("pfp", given["lease"]["lease_token"], "a1").ok()
    bot.start("a2").ok()
    agency.time.advance(LEASE)
    bot.content("pfp", "a2").refused(409, "session_ended")  # it no longer holds it


def test_a_session_told_to_stop_loses_its_leases_to_others(agency: Agency) -> None:
    bot = due(agency)
    token = bot.take("bio")
    agency.operator.post(f"/api/operator/sessions/{bot.session}/stop", {"reason": "it runs wild"}).ok()
    problem = bot.complete("bio", token).refused(409, "lease_superseded")
    assert problem["happened"]["action"] == "lease:revoke" and "runs wild" not in str(problem), "that is for operators"
    beat = bot.heartbeat().ok()
    assert beat["directive"] == "stop" and [one["account_id"] for one in beat["lost"]] == ["a1"]
    agency.worker("b2").content("bio").ok()
    agency.operator.verified()


def test_a_session_told_to_stop_is_not_told_less_by_a_drain(agency: Agency) -> None:
    bot = working(agency)
    path = f"/api/operator/sessions/{bot.session}"
    stopped = agency.operator.post(f"{path}/stop", {"reason": "it runs wild"}).ok()
    before = agency.wire.image()
    assert agency.operator.post(f"{path}/drain", {"reason": "deploy"}).ok() == {**stopped, "replayed": True}
    assert agency.wire.image() == before
    assert bot.heartbeat().ok()["directive"] == "stop"


def test_sessions_are_listed_by_standing_with_what_they_hold(agency: Agency) -> None:
    bot = working(agency)
    other = agency.worker("b2")
    other.end().ok()
    listed = agency.operator.get("/api/operator/sessions?status=live").ok()["items"]
    mine = next(one for one in listed if one["session_id"] == bot.session)
    assert mine["held"] == [{"account_id": "a1", "phase": "bio"}] and mine["done"] == 1
    ended = agency.operator.get("/api/operator/sessions?status=ended").ok()["items"]
    assert other.session in [one["session_id"] for one in ended]
    agency.time.advance(timedelta(hours=1))
    agency.timer("close_lost_sessions")
    lost = agency.operator.get("/api/operator/sessions?status=lost").ok()["items"]
    assert bot.session in [one["session_id"] for one in lost]
    assert "lt_" not in str(lost)


def test_a_session_that_took_an_account_twice_holds_it_once(agency: Agency) -> None:
    """Its first lease ran out, and it claimed the account again before its next heartbeat."""
    bot = due(agency)
    assert len(bot.claim().ok()["items"]) == 1
    agency.time.advance(LEASE)
    assert len(bot.claim().ok()["items"]) == 1
    for _ in range(2):
        beat = bot.heartbeat().ok()
        assert [one["account_id"] for one in beat["held"]] == ["a1"] and beat["lost"] == []


@pytest.mark.parametrize("moves", [("reset",), ("retire", "restore", "ready"), ("reset", "retire", "restore", "ready")])
def test_whatever_begins_a_warm_up_again_a_day_lies_between_two_phases(agency: Agency, moves: tuple[str, ...]) -> None:
    """The first phase has no interval of its own; the one that was done before the reset counts."""
    worker = agency.warmed_to("pfp")
    worker.do("pfp")
    agency.time.advance(60)
    for move in moves:
        agency.operator.post(f"/api/operator/accounts/a1/{move}", {"reason": "once more"}).ok()
    worker.start().refused(409, "phase_not_available")
    agency.time.advance(24 * 3600 - 61)
    worker.start().refused(409, "phase_not_available")
    agency.time.advance(1)
    worker.start().ok()

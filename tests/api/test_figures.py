"""The same question has the same answer at the same moment, whoever is asked, at 3 and at 3,000."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import context, schedules
from chalicelib.context import Actor, ActorKind, Context
from chalicelib.edge.serve import installed
from chalicelib.services import availability, pipeline
from chalicelib.tables.counts import MOST_COUNTED
from tests.agency import CONSENT, Agency
from tests.wire import Fault

OVERVIEW = "/api/operator/pipeline"
AVAILABILITY = "/api/operator/models/m2/availability"
IMPORT = "/api/operator/accounts/import"
_POOL = ("pool", "whole_pool", "pool_rank")
REFUSED: dict[str, dict[str, Any]] = {
    "not_approved": {"status": {"S": "pending"}},
    "disabled": {"enabled": {"BOOL": False}},
    "used_up": {"usage_count": {"N": "5"}, "max_usage": {"N": "5"}},
    "licence_expired": {"licence_valid_until": {"S": "2020-01-01T00:00:00.000Z"}},
    "wrong_media_type": {"media_type": {"S": "video/mp4"}},
}
"""What makes an item be refused, by the reason."""
_OUT_OF_THE_POOL = ("not_approved", "disabled", "used_up")


def refused_items(agency: Agency, count: int) -> Counter[str]:
    """So many items of `pfp` and `any` of the model m2, none of which can be given; by reason."""
    agency.operator.model("m2")
    agency.operator.media("first", "pfp", model_id="m2")
    (row,) = [one for one in agency.wire.image()["test-content"].values() if one["content_id"]["S"] == "first"]
    found: Counter[str] = Counter()
    for number in range(count):
        reason = list(REFUSED)[number % len(REFUSED)]
        category = "any" if number % 2 and reason in _OUT_OF_THE_POOL else "pfp"
        kept = {name: one for name, one in row.items() if reason not in _OUT_OF_THE_POOL or name not in _POOL}
        own = {"content_id": {"S": f"i{number:05d}"}, "category": {"S": category}}
        agency.wire.plant("test-content", {**kept, **REFUSED[reason], **own})
        found[reason] += 1
    agency.wire.store.tables["test-content"].rows.pop(("first",))
    return found


@pytest.mark.parametrize("count", [3, 3000])
def test_a_refusal_its_explanation_and_the_availability_count_the_same_items(agency: Agency, count: int) -> None:
    expected = refused_items(agency, count)
    agency.operator.account("a1", model_id="m2")
    worker = agency.worker()
    worker.start("a1").ok()
    refused = worker.content("pfp", "a1").refused(409, "content_unavailable")
    assert refused["reasons"] == expected
    (need,) = agency.operator.get("/api/operator/accounts/a1/phases/pfp/explain").ok()["needs"]
    assert (need["reasons"], need["has_more"]) == (expected, False)
    found = agency.operator.get(AVAILABILITY).ok()
    of_both: Counter[str] = Counter()
    for one in found["categories"]:
        if one["kind"] == "content" and one["category"] in ("pfp", "any"):
            of_both.update(one["refused"])
            assert (one["eligible"], one["uses_left"]) == (0, 0)
    assert (of_both, found["has_more"]) == (expected, False)
    assert found["runs_dry"]["account_id"] == "a1"


def standing(agency: Agency, count: int) -> None:
    """Of the model m2 so many accounts each: ready, in review, paused, imported, retired; planted but for the first."""
    operator, worker = agency.operator, agency.worker()
    operator.model("m2")
    operator.media("face", "pfp", model_id="m2")
    for name in ("ready", "review", "paused", "imported", "retired"):
        operator.account(name, model_id="m2", ready=name != "imported")
    worker.start("review").ok()
    worker.report("pfp", worker.take("pfp", "review"), "review", kind="fatal").ok()
    for name, move in (("paused", "pause"), ("retired", "retire")):
        operator.post(f"/api/operator/accounts/{name}/{move}", {"reason": "test"}).ok()
    image = agency.wire.image()
    phases = [one for one in image["test-warmup_phases"].values() if one["account_id"]["S"] == "review"]
    for row in list(image["test-accounts"].values()):
        for number in range(1, count):
            own = {"account_id": {"S": f"{row['account_id']['S']}-{number:05d}"}}
            agency.wire.plant("test-accounts", {**row, **own})
            for phase in phases if row["account_id"]["S"] == "review" else ():
                agency.wire.plant("test-warmup_phases", {**phase, **own})


@pytest.mark.parametrize("count", [3, 750])
def test_whoever_speaks_of_accounts_means_the_same_ones(agency: Agency, count: int) -> None:
    standing(agency, count)
    found = agency.operator.get(AVAILABILITY).ok()
    assert found["has_more"] is False
    assert found["accounts_under_way"] == 3 * count  # those in review and paused come back
    assert (found["accounts_in_review"], found["accounts_paused"]) == (count, count)
    assert found["accounts_imported"] == count
    assert found["if_all_start"]["accounts"] == 4 * count
    agency.timer()
    states = agency.operator.get(OVERVIEW).ok()["states"]
    assert [states[name] for name in ("ready", "warming_up", "paused", "imported")] == [count] * 4
    # a bio each, and nobody has one: those of whom one is waited for, and those who have yet to begin
    bio = next(one for one in found["categories"] if (one["kind"], one["category"]) == ("text", "bio"))
    assert (bio["uses_needed"], bio["uses_needed_if_all_start"]) == (3 * count, 4 * count)
    did = agency.timer("watch_pools")
    assert (did["accounts_unmet"], did["dry"]) == (found["accounts_unmet"], 1)
    row = {"account_id": "new", "model_id": "m2", "username": "new", "consent": CONSENT}
    answer = agency.operator.post(IMPORT, raw=json.dumps(row).encode(), content_type="application/x-ndjson").ok()
    (warning,) = answer["warnings"]
    assert f"cannot carry all {4 * count + 1} accounts" in warning
    assert agency.operator.get(AVAILABILITY).ok()["warnings"] == [warning]
    added = agency.operator.get(f"{AVAILABILITY}?adding=5").ok()
    assert added["if_all_start"]["accounts"] == 4 * count + 6
    agency.operator.get(f"{AVAILABILITY}?adding=-1").refused(400, "malformed_request")


def test_an_account_in_review_needs_no_content_that_it_has(agency: Agency) -> None:
    standing(agency, 1)
    found = agency.operator.get(AVAILABILITY).ok()
    pfp = next(one for one in found["categories"] if (one["kind"], one["category"]) == ("content", "pfp"))
    assert (pfp["uses_needed"], pfp["uses_needed_if_all_start"]) == (2, 3)


def test_one_account_among_too_many_is_named_as_not_checked(agency: Agency) -> None:
    standing(agency, 60)
    agency.operator.account("late", model_id="m2", ready=False)
    (warning,) = agency.operator.ready("late").ok()["warnings"]
    assert "not checked for m2" in warning


# what is created


def test_an_item_that_no_plan_takes_is_warned_of_when_it_is_made(agency: Agency) -> None:
    path = "/api/operator/models/m1/texts"
    item = {"category": "bio", "quality_score": 70, "max_usage": 10}
    made = agency.operator.post(path, {**item, "body": "x" * 151}).ok(201)
    assert made["warnings"] == ["The plan standard does not take this in bio: 151 of 150 characters."]
    assert agency.operator.post(path, {**item, "body": "fits"}).ok(201)["warnings"] == []
    several = agency.operator.post(path, [{**item, "body": "y" * 151}, {**item, "body": "fits too"}]).ok(201)
    assert [len(one["warnings"]) for one in several["items"]] == [1, 0]
    rows = "\n".join(json.dumps({**item, "body": body}) for body in ("z" * 151, "fits as well")).encode()
    for dry_run in ("true", "false"):
        answer = agency.operator.post(f"{path}/import?dry_run={dry_run}", raw=rows, content_type="application/x-ndjson")
        assert [len(one["warnings"]) for one in answer.ok()["rows"]] == [1, 0]
    picture = agency.operator.media("clip", "bio")
    assert picture["warnings"] == ["The plan standard takes no media in bio."]


# counts of a part


def _timer(agency: Agency, seconds: float = 50.0) -> Context:
    return context.begin(installed.settings, Actor(ActorKind.TIMER, "test"), seconds=seconds)


def _ready_accounts(agency: Agency, count: int) -> None:
    agency.operator.account("a")
    (row,) = agency.wire.image()["test-accounts"].values()
    for number in range(count - 1):
        agency.wire.plant("test-accounts", {**row, "account_id": {"S": f"b{number:05d}"}})


def test_a_count_that_is_cut_short_goes_on_and_the_last_whole_one_stands_until_then(agency: Agency) -> None:
    count = 3 * MOST_COUNTED
    _ready_accounts(agency, count)
    pipeline.keep_count(_timer(agency))
    first = agency.operator.get(OVERVIEW).ok()
    assert (first["queues"]["due"], first["has_more"]) == (count, False)
    agency.time.advance(600)
    # each query now takes so long that a run has time for one page only
    agency.wire.took = lambda _: agency.time.sleep(1.0)
    runs = 0
    while agency.operator.get(OVERVIEW).ok()["counted_at"] == first["counted_at"]:
        kept = agency.operator.get(OVERVIEW).ok()
        assert (kept["queues"]["due"], kept["has_more"]) == (count, False)
        pipeline.keep_count(_timer(agency, seconds=installed.settings.deadline_seconds / 4 + 4.5))
        agency.time.advance(60)
        runs += 1
        assert runs < 20
    assert runs > 1, "one run had time for all"
    after = agency.operator.get(OVERVIEW).ok()
    assert (after["queues"]["due"], after["states"]["ready"], after["has_more"]) == (count, count, False)


def test_where_few_are_under_way_nothing_is_kept(agency: Agency) -> None:
    _ready_accounts(agency, 3)
    agency.timer()
    assert not [one for one in agency.wire.image()["test-settings"].values() if one["name"]["S"] == "counted"]
    assert agency.operator.get(OVERVIEW).ok()["queues"]["due"] == 3


def _dry_models(agency: Agency, count: int) -> None:
    for number in range(2, 2 + count):
        agency.operator.model(f"m{number}")
        agency.operator.account(f"a{number}", model_id=f"m{number}")


def test_a_watch_that_is_cut_short_goes_on_and_its_figures_are_told_when_it_is_whole(agency: Agency) -> None:
    _dry_models(agency, 5)
    agency.timer("watch_pools")
    before = agency.operator.get(OVERVIEW).ok()
    told = ("pools_watched_at", "models_watched", "pools_dry_within_7_days", "dry_models")
    assert [before[name] for name in told[1:]] == [6, 5, ["m2", "m3", "m4", "m5", "m6"]]
    agency.time.advance(timedelta(hours=1))
    begun = agency.time.told()
    agency.wire.took = lambda _: agency.time.sleep(2.5)
    runs = 0
    while (now := agency.operator.get(OVERVIEW).ok())["pools_watched_at"] == before["pools_watched_at"]:
        assert [now[name] for name in told] == [before[name] for name in told]
        did = availability.watch(_timer(agency))
        runs += 1
        assert runs < 20
        if "left_for_next_time" in did:
            assert (did["dry_within_a_week"], did["models"]) == (5, 6), "the alarm stands on the whole"
    assert runs > 1, "one run had time for all"
    assert now["pools_watched_at"] == begun
    assert [now[name] for name in told[1:]] == [before[name] for name in told[1:]]


def test_a_model_that_cannot_be_read_is_tried_again_before_the_figures_are_told(agency: Agency) -> None:
    _dry_models(agency, 1)
    agency.wire.fail(Fault.THROTTLED, "Query", skip=4, times=4)
    did = availability.watch(_timer(agency))
    assert (did["failed"], did["left_for_next_time"]) == (1, 1)
    assert agency.operator.get(OVERVIEW).ok()["pools_dry_within_7_days"] is None
    agency.wire.heal()
    assert schedules.watch_pools()["dry"] == 1
    assert agency.operator.get(OVERVIEW).ok()["models_watched"] == 2


# the record of idle timers


def test_an_idle_timer_is_recorded_every_quarter_of_an_hour_and_shows_when_it_is_silent(agency: Agency) -> None:
    agency.timer("close_lost_sessions")
    recorded = agency.time.told()
    written = len(agency.wire.of("TransactWriteItems"))
    for _ in range(14):
        agency.time.advance(60)
        agency.timer("close_lost_sessions")
    assert len(agency.wire.of("TransactWriteItems")) == written
    (timer,) = agency.operator.get(OVERVIEW).ok()["timers"]
    assert (timer["ran_at"], timer["silent_after_seconds"]) == (recorded, 18 * 60)
    agency.time.advance(60)
    agency.timer("close_lost_sessions")
    (timer,) = agency.operator.get(OVERVIEW).ok()["timers"]
    assert timer["ran_at"] == agency.time.told()

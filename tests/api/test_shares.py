"""The share of a model in what is handed out: its weight, and how many of its accounts are worked on at a time."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.agency import LEASE, Agency, Bot
from tests.api.test_dispatch import claimed, hand_outs, models, plant


def change(agency: Agency, model: str, **changes: Any) -> Any:
    """A change of a model, which takers see after two seconds."""
    changed = agency.operator.send("PATCH", f"/api/operator/models/{model}", changes).ok()
    agency.time.advance(3)
    return changed


@pytest.fixture
def bounded(agency: Agency) -> Agency:
    """Five accounts of a model of which two may be worked on at a time, and one of another model."""

    def build() -> None:
        models(agency, "m2")
        for number in range(5):
            agency.operator.account(f"a{number}")
        agency.time.advance(1)
        agency.operator.account("other", model_id="m2")
        change(agency, "m1", max_concurrent=2)

    agency.staged("a bounded model", build)
    return agency


def holders(agency: Agency, model: str = "m1") -> set[str]:
    """The accounts that have the model's slots."""
    found = agency.wire.store.tables["test-settings"].rows.get((f"slots:{model}",), {})
    return set(found.get("holders", {"SS": []})["SS"])


def test_a_model_has_the_weight_one_and_no_bound_until_it_is_told_otherwise(agency: Agency) -> None:
    agency.operator.account()
    model = agency.operator.get("/api/operator/models/m1").ok()
    assert (model["weight"], model["max_concurrent"]) == (1, None)
    changed = change(agency, "m1", weight=5, max_concurrent=3)
    assert (changed["weight"], changed["max_concurrent"], changed["replayed"]) == (5, 3, False)
    assert change(agency, "m1", weight=5, max_concurrent=3)["replayed"]
    assert change(agency, "m1", max_concurrent=None)["max_concurrent"] is None
    assert agency.operator.get("/api/operator/models/m1").ok()["weight"] == 5


def test_a_model_is_made_with_its_share(agency: Agency) -> None:
    body = {"model_id": "m7", "weight": 9, "max_concurrent": 1}
    made = agency.operator.post("/api/operator/models", body).ok(201)
    assert (made["weight"], made["max_concurrent"]) == (9, 1)
    assert agency.operator.post("/api/operator/models", body).ok()["replayed"]
    agency.operator.post("/api/operator/models", {**body, "weight": 8}).refused(409, "already_exists")
    for number in range(2):
        agency.operator.account(f"a{number}", model_id="m7")
    assert len(claimed(agency.worker(), limit=10)) == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"weight": 0}, "/weight"),
        ({"weight": 101}, "/weight"),
        ({"weight": 1.5}, "/weight"),
        ({"weight": True}, "/weight"),
        ({"max_concurrent": 0}, "/max_concurrent"),
        ({"max_concurrent": 101}, "/max_concurrent"),
        ({"max_concurrent": "2"}, "/max_concurrent"),
    ],
)
def test_a_share_that_is_none_is_refused(agency: Agency, changes: dict[str, Any], pointer: str) -> None:
    agency.operator.account()
    problem = agency.operator.send("PATCH", "/api/operator/models/m1", changes).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("weights", [{"a": 1, "b": 3}, {"a": 5, "b": 1, "c": 1}, {"a": 10, "b": 20, "c": 30}])
def test_each_model_gets_its_share_whatever_the_backlogs(agency: Agency, weights: dict[str, int]) -> None:
    models(agency, *weights)
    for number, (model, weight) in enumerate(weights.items()):
        plant(agency, model, 1500 if number == 0 else 400, since=timedelta(days=10 - number))
        change(agency, model, weight=weight)
    given, total = hand_outs(agency, 300), sum(weights.values())
    for model, weight in weights.items():
        assert abs(given.count(model) / len(given) - weight / total) <= 0.05


def test_no_more_are_taken_than_the_model_allows(bounded: Agency) -> None:
    first, second = bounded.worker(), bounded.worker("b2")
    taken = claimed(first, limit=10)
    assert (len(taken), "other" in taken) == (3, True), "its two, and the other model's"
    assert holders(bounded) == {*taken} - {"other"}
    assert claimed(second, limit=10) == []
    assert second.offered() == []
    (free, *_) = {f"a{number}" for number in range(5)} - {*taken}
    assert [one["code"] for one in second.status(free).ok()["blockers"]] == ["model_busy"]
    problem = second.start(free).refused(409, "model_busy")
    assert problem["retryable"]
    assert second.status(taken[0]).ok()["blockers"][0]["code"] == "leased"


def test_who_holds_an_account_of_a_busy_model_works_on(bounded: Agency) -> None:
    worker = bounded.worker()
    mine = next(one for one in claimed(worker, limit=10) if one != "other")
    worker.start(mine).ok()
    worker.do("pfp", mine)
    assert mine not in holders(bounded)


def _complete(agency: Agency, worker: Bot, account: str) -> None:
    worker.do("pfp", account)


def _report(agency: Agency, worker: Bot, account: str) -> None:
    worker.report("pfp", worker.take("pfp", account), account, kind="fatal").ok()


def _release(agency: Agency, worker: Bot, account: str) -> None:
    worker.release(worker.take("pfp", account), account).ok()


def _retire(agency: Agency, worker: Bot, account: str) -> None:
    agency.operator.post(f"/api/operator/accounts/{account}/retire", {"reason": "gone"}).ok()


def _stop(agency: Agency, worker: Bot, account: str) -> None:
    agency.operator.post(f"/api/operator/sessions/{worker.session}/stop", {"reason": "enough"}).ok()


def _end(agency: Agency, worker: Bot, account: str) -> None:
    worker.end().ok()


def _run_out(agency: Agency, worker: Bot, account: str) -> None:
    agency.time.advance(LEASE)
    agency.timer()


@pytest.mark.parametrize("end", [_complete, _report, _release, _retire, _stop, _end, _run_out])
def test_whatever_ends_a_lease_frees_its_slot(bounded: Agency, end: Callable[[Agency, Bot, str], None]) -> None:
    worker = bounded.worker()
    for account in ("a0", "a1"):
        worker.start(account).ok()
    bounded.worker("b2").start("a2").refused(409, "model_busy")
    end(bounded, worker, "a0")
    assert "a0" not in holders(bounded)
    bounded.time.advance(3)
    bounded.worker("b2").start("a2").ok()
    assert "a2" in holders(bounded)


def test_a_lease_that_ran_out_is_taken_over_with_its_slot(bounded: Agency) -> None:
    lost = bounded.worker()
    taken = {*claimed(lost, limit=10)} - {"other"}
    bounded.time.advance(LEASE)
    again = {*claimed(bounded.worker("b2"), limit=10)} - {"other"}
    assert again == taken == holders(bounded), "no timer has run"


def test_a_bound_counts_the_leases_of_before(agency: Agency) -> None:
    for number in range(4):
        agency.operator.account(f"a{number}")
    worker = agency.worker()
    before = claimed(worker, limit=2)
    change(agency, "m1", max_concurrent=3)
    assert holders(agency) == {*before}
    assert len(claimed(worker, limit=10, holding=before)) == 1
    change(agency, "m1", max_concurrent=None)
    assert len(claimed(worker, limit=10, holding=before)) == 2, "the third, which it holds, and the last"


def test_a_slot_that_nobody_gave_back_is_found(bounded: Agency) -> None:
    worker = bounded.worker()
    rows = bounded.wire.store.tables["test-settings"].rows
    rows["slots:m1",] = {"name": {"S": "slots:m1"}, "holders": {"SS": ["a3", "gone"]}}
    taken = {*claimed(worker, limit=10)}
    assert len(taken) == 3
    assert holders(bounded) == taken - {"other"}


def test_two_that_take_at_once_do_not_exceed_the_bound(bounded: Agency) -> None:
    first, second = bounded.worker(), bounded.worker("b2")
    first.start("a0").ok()
    bounded.wire.meanwhile(lambda: second.start("a1").ok())
    first.start("a2").refused(409, "model_busy")
    assert holders(bounded) == {"a0", "a1"}


def test_bots_that_have_all_looked_before_the_first_of_them_takes_do_not_exceed_the_bound(bounded: Agency) -> None:
    """Each claims just before the one before it takes what it was proposed."""
    bots, taken = [bounded.bot(("b1", "b2")[number % 2]).with_session() for number in range(6)], list[str]()
    for bot in bots[1:]:
        bounded.wire.meanwhile(partial(lambda one: taken.extend(claimed(one, model_ids=["m1"])), bot))
    taken += claimed(bots[0], model_ids=["m1"])
    assert len(taken) == len({*taken}) == 2
    assert holders(bounded) == {*taken}


def test_a_model_without_a_bound_pays_nothing(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    worker.ready().ok()
    agency.wire.calls.clear()
    worker.start().ok()
    assert agency.wire.operations() == ["BatchGetItem", "TransactWriteItems"]
    assert not [row for row in agency.wire.image()["test-settings"].values() if row["name"]["S"].startswith("slots")]

"""The rankings by theme: written where the model has themes, complete before an account can have one."""

from random import Random
from typing import Any

import pytest

from chalicelib.domain import scoring
from chalicelib.domain.refusals import MediaFacts
from chalicelib.domain.stock import Stock
from tests.agency import Agency
from tests.wire import Call, Fault

MODEL = "/api/operator/models/m2"


@pytest.fixture
def plain(agency: Agency) -> Agency:
    """A model without themes, with five pictures."""
    agency.operator.model("m2", themes=())
    for number in range(5):
        agency.operator.media(f"i{number}", "pfp", model_id="m2", quality_score=50 + number)
    return agency


def rows(agency: Agency) -> dict[str, Any]:
    """The media of the model as they are stored, by id."""
    found = agency.wire.store.tables["test-content"].rows.values()
    return {row["content_id"]["S"]: row for row in found if row["model_id"] == {"S": "m2"}}


def listed(agency: Agency) -> set[str]:
    """The media that stand in a ranking by theme."""
    return {item_id for item_id, row in rows(agency).items() if "pool" in row}


def declare(agency: Agency, *themes: str) -> Any:
    return agency.operator.send("PATCH", MODEL, {"themes": list(themes)})


def test_without_themes_no_ranking_by_theme_is_written(plain: Agency) -> None:
    assert {row["whole_pool"]["S"] for row in rows(plain).values()} == {"m2#pfp"}
    plain.operator.account("a1", model_id="m2")
    worker = plain.worker()
    worker.claim(deliver=True).ok()
    plain.operator.send("PATCH", f"{MODEL}/content/i1", {"quality_score": 99}).ok()
    assert listed(plain) == set(), "neither by a use nor by an edit"


def test_the_first_theme_lists_all_that_was_there(plain: Agency) -> None:
    plain.operator.send("PATCH", f"{MODEL}/content/i3", {"enabled": False}).ok()
    assert declare(plain, "sea").ok()["themes"] == ["sea"]
    assert {row["pool"]["S"] for row in rows(plain).values() if "pool" in row} == {"m2#pfp#-"}
    assert listed(plain) == {"i0", "i1", "i2", "i4"}
    plain.operator.send("PATCH", f"{MODEL}/content/i3", {"enabled": True}).ok()
    assert "i3" in listed(plain), "what could not be used then is listed when it can"
    plain.wire.calls.clear()
    declare(plain, "sea", "city").ok()
    assert len(plain.wire.calls) <= 2, "a further theme costs nothing"


@pytest.mark.parametrize("slow", [False, True], ids=["throttled", "short of time"])
def test_declaring_is_taken_up_again_where_it_was_broken_off(plain: Agency, slow: bool) -> None:
    def dawdle(call: Call) -> None:
        plain.time.sleep(7.0 * (call.operation == "TransactWriteItems"))

    if slow:
        plain.wire.before.append(dawdle)
    else:
        plain.wire.fail(Fault.THROTTLED, skip=2, times=10_000)
    declare(plain, "sea").refused(503, "temporarily_unavailable")
    assert 0 < len(listed(plain)) < 5
    assert plain.operator.get(MODEL).ok()["themes"] == [], "no account has a theme before all are listed"
    plain.wire.heal()
    plain.wire.before.clear()
    declare(plain, "sea").ok()
    assert len(listed(plain)) == 5


def test_who_changes_an_item_meanwhile_loses_nothing(plain: Agency) -> None:
    edit = {"quality_score": 97}
    plain.wire.meanwhile(lambda: plain.operator.send("PATCH", f"{MODEL}/content/i0", edit).ok())
    declare(plain, "sea").ok()
    assert listed(plain) == {*rows(plain)}
    assert plain.operator.content("i0", "m2")["quality_score"] == 97


def test_what_is_made_while_the_first_theme_is_declared_is_listed(agency: Agency) -> None:
    agency.operator.model("m2", themes=())
    agency.wire.meanwhile(lambda: agency.operator.media("late", "pfp", model_id="m2"))
    declare(agency, "sea").ok()
    assert listed(agency) == {"late"}


def test_what_the_edit_did_not_see_is_listed_by_the_timer(plain: Agency) -> None:
    declare(plain, "sea").ok()
    unseen = dict(rows(plain)["i2"], themeless={"BOOL": True}, content_id={"S": "unseen"}, sha256={"S": "ef" * 32})
    plain.wire.plant("test-content", {name: value for name, value in unseen.items() if name != "pool"})
    assert "unseen" not in listed(plain)
    plain.timer("watch_pools")
    assert "unseen" in listed(plain)


def test_an_item_of_the_first_theme_is_listed_by_it(plain: Agency) -> None:
    declare(plain, "sea").ok()
    plain.operator.send("PATCH", f"{MODEL}/content/i4", {"theme": "sea"}).ok()
    assert rows(plain)["i4"]["pool"] == {"S": "m2#pfp#sea"}


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_that_of_a_full_scan_whenever_the_first_theme_came(agency: Agency, seed: int) -> None:
    dice, operator = Random(seed), agency.operator
    operator.model("m2", themes=())
    for number in range(25):
        operator.media(f"before-{number}", "pfp", model_id="m2", quality_score=dice.randrange(40, 100))
    declare(agency, "sea", "city").ok()
    for number in range(25):
        theme = dice.choice((None, "sea", "city"))
        operator.media(f"after-{number}", "pfp", model_id="m2", quality_score=dice.randrange(40, 100), theme=theme)
    for number, theme in enumerate((None, "sea", "city")):
        operator.account(f"a{number}", model_id="m2", theme=theme)
        worker = agency.worker()
        worker.start(f"a{number}").ok()
        before = [_stock(item) for item in operator.get(f"{MODEL}/content?limit=100").ok()["items"] if _rested(item)]
        best = max(before, key=lambda item: scoring.order(item, item.item_id, theme))
        assert worker.content("pfp", f"a{number}").ok()["content"]["content_id"] == best.item_id


def _rested(item: Any) -> bool:
    return bool(item["usage_count"] == 0)


def _stock(item: Any) -> Stock:
    facts = MediaFacts(item["media_type"])
    own = (item["content_id"], item["category"], item["quality_score"], 0, item["max_usage"])
    return Stock(*own, facts, theme=item["theme"])

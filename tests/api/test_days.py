"""Days and zones: a licence ends with a day of its model's time zone, and one sees that it has."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.agency import Agency, Reply, media, words

MODELS = "/api/operator/models"
KINDS = pytest.mark.parametrize(
    ("kind", "make", "key"), [("content", media, "content_id"), ("texts", words, "text_id")]
)
ENDS = [
    ("UTC", "2026-11-23T23:59:59.999Z"),
    ("Pacific/Auckland", "2026-11-23T10:59:59.999Z"),
    ("America/Los_Angeles", "2026-11-24T07:59:59.999Z"),
]
DAY = "2026-11-23"


def licensed(until: str | None) -> dict[str, Any]:
    """A licence."""
    return {"licence": {"licensed_by": "Ada", "valid_until": until}}


def edit(agency: Agency, item: str, change: dict[str, Any], model_id: str = "m1") -> Reply:
    """A PATCH of an item such as `texts/t1`."""
    return agency.operator.send("PATCH", f"{MODELS}/{model_id}/{item}", change)


def ids(agency: Agency, query: str, kind: str = "content") -> set[str]:
    """The ids of a list, but for those of the stock."""
    found = agency.operator.get(f"{MODELS}/m1/{kind}?limit=100&{query}").ok()["items"]
    return {one.get("content_id") or one["text_id"] for one in found} & {"ends", "stays", "pending"}


def test_a_model_has_a_time_zone(agency: Agency) -> None:
    operator = agency.operator
    assert operator.get(f"{MODELS}/m1").ok()["time_zone"] == "UTC"
    given = {"model_id": "far", "time_zone": "Pacific/Auckland"}
    assert operator.post(MODELS, given).ok(201)["time_zone"] == "Pacific/Auckland"
    assert operator.post(MODELS, given).ok()["replayed"] is True
    operator.post(MODELS, {"model_id": "far"}).refused(409, "already_exists")
    changed = operator.send("PATCH", f"{MODELS}/m1", {"time_zone": "Europe/Berlin"}).ok()
    assert (changed["time_zone"], changed["replayed"]) == ("Europe/Berlin", False)
    assert operator.send("PATCH", f"{MODELS}/m1", {"time_zone": "Europe/Berlin"}).ok()["replayed"] is True
    assert operator.get(f"{MODELS}/m1").ok()["time_zone"] == "Europe/Berlin"


@pytest.mark.parametrize("zone", ["", "utc+1", "Europe/Nowhere", "../etc/passwd", "Europe", "Europe/Berlin\n", None, 1])
def test_a_time_zone_is_one_of_the_database(agency: Agency, zone: object) -> None:
    problem = agency.operator.post(MODELS, {"model_id": "far", "time_zone": zone}).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == "/time_zone"
    if zone is not None:
        agency.operator.send("PATCH", f"{MODELS}/m1", {"time_zone": zone}).refused(422, "invalid_input")


@pytest.mark.parametrize(("zone", "end"), ENDS)
@KINDS
def test_a_day_ends_in_the_models_time_zone(
    agency: Agency, zone: str, end: str, kind: str, make: Any, key: str
) -> None:
    path = f"{MODELS}/far/{kind}"
    agency.operator.post(MODELS, {"model_id": "far", "time_zone": zone}).ok(201)
    given = make("i1", "bio", **licensed(DAY))
    assert agency.operator.post(path, given).ok(201)["licence"]["valid_until"] == end
    assert agency.operator.post(path, given).ok()["replayed"] is True
    assert edit(agency, f"{kind}/i1", licensed(DAY), "far").ok()["replayed"] is True
    agency.operator.post(path, make("i2", "bio")).ok(201)
    assert edit(agency, f"{kind}/i2", licensed(DAY), "far").ok()["licence"]["valid_until"] == end
    row = {name: value for name, value in make("i3", "bio").items() if not isinstance(value, list)}
    cells = {**row, "licensed_by": "Ada", "valid_until": DAY}
    text = ",".join(cells) + "\n" + ",".join(str(value) for value in cells.values()) + "\n"
    agency.operator.post(f"{path}/import", raw=text.encode(), content_type="text/csv").ok()
    assert agency.operator.get(f"{path}/i3").ok()["licence"]["valid_until"] == end


def test_an_instant_is_an_instant_whatever_the_zone(agency: Agency) -> None:
    agency.operator.post(MODELS, {"model_id": "far", "time_zone": "Pacific/Auckland"}).ok(201)
    made = agency.operator.media("i1", "pfp", model_id="far", **licensed("2026-11-23T12:00:00+02:00"))
    assert made["licence"]["valid_until"] == "2026-11-23T10:00:00.000Z"


@pytest.mark.parametrize(
    "until", ["1764000000", "2026-11-23T12:00:00", "20261123", "2026-13-01", "1999-12-31", 7, "soon"]
)
def test_what_is_no_day_and_no_instant_is_refused(agency: Agency, until: Any) -> None:
    for answer in (
        agency.operator.post(f"{MODELS}/m1/texts", words("i1", "bio", **licensed(until))),
        edit(agency, "texts/m1-bio-text", licensed(until)),
    ):
        problem = answer.refused(422, "invalid_input")
        assert problem["errors"][0]["pointer"] == "/licence/valid_until"


@KINDS
def test_an_ended_licence_is_a_status_that_one_sees_and_filters_by(
    agency: Agency, kind: str, make: Any, key: str
) -> None:
    path = f"{MODELS}/m1/{kind}"
    agency.operator.post(path, make("ends", "bio", **licensed(DAY))).ok(201)
    agency.operator.post(path, make("stays", "bio", **licensed("2027-11-23"))).ok(201)
    agency.operator.post(path, make("pending", "bio", status="pending", **licensed(DAY))).ok(201)
    assert (ids(agency, "status=approved", kind), ids(agency, "status=expired", kind)) == ({"ends", "stays"}, set())
    agency.time.to("2026-11-24T00:00:00+00:00")
    assert agency.operator.get(f"{path}/ends").ok()["status"] == "expired"
    assert agency.operator.get(f"{path}/pending").ok()["status"] == "pending"
    assert (ids(agency, "status=approved", kind), ids(agency, "status=expired", kind)) == ({"stays"}, {"ends"})
    extended = edit(agency, f"{kind}/ends", licensed("2026-12-24")).ok()
    assert extended["status"] == "approved"
    assert edit(agency, f"{kind}/ends", {"status": "expired"}).refused(422, "invalid_input")


@pytest.mark.parametrize("holder", [False, True])  # whether it held the lease before it was given the content
def test_the_heartbeat_judges_a_licence_by_the_clock(agency: Agency, holder: bool) -> None:
    operator = agency.operator
    operator.account()
    until = agency.time.told(timedelta(minutes=10))
    operator.media("ends", "pfp", quality_score=99, **licensed(until))
    worker = agency.worker()
    token = worker.start().ok()["lease"]["lease_token"]
    if not holder:
        worker.release(token).ok()
    assert worker.content("pfp").ok()["content"]["content_id"] == "ends"
    agency.wire.forget()
    assert [held["withdrawn"] for held in worker.heartbeat().ok()["held"]] == [False]
    usual = len(agency.wire.calls)
    agency.time.advance(timedelta(minutes=10))
    assert [held["withdrawn"] for held in worker.heartbeat().ok()["held"]] == [True]
    assert worker.content("pfp").ok()["withdrawn"] is True
    edit(agency, "content/ends", licensed("2027-01-01")).ok()
    assert [held["withdrawn"] for held in worker.heartbeat().ok()["held"]] == [False], "it was extended"
    assert usual == 2, "who is not in doubt reads nothing more"


def test_the_heartbeat_knows_of_a_licence_that_was_cut_short(agency: Agency) -> None:
    operator = agency.operator
    operator.account()
    worker = agency.worker()
    worker.start().ok()
    assert worker.content("pfp").ok()["content"]["content_id"] == "m1-pfp"
    edit(agency, "content/m1-pfp", licensed(agency.time.told(timedelta(minutes=5)))).ok()
    assert [held["withdrawn"] for held in worker.heartbeat().ok()["held"]] == [False]
    agency.time.advance(timedelta(minutes=5))
    assert [held["withdrawn"] for held in worker.heartbeat().ok()["held"]] == [True]


ONE_LINE = [
    ("post", MODELS, {"model_id": "x", "name": "{}"}, "/name"),
    ("patch", f"{MODELS}/m1", {"name": "{}"}, "/name"),
    ("post", f"{MODELS}/m1/texts", {**words("x", "bio"), "licence": {"licensed_by": "{}"}}, "/licence/licensed_by"),
    ("post", "/api/operator/bots", {"bot_id": "x", "name": "{}"}, "/name"),
    ("patch", "/api/operator/bots/b1", {"name": "{}"}, "/name"),
    (
        "post",
        "/api/operator/accounts/a1/consent",
        {"granted_by": "{}", "granted_at": DAY, "reference": "7"},
        "/granted_by",
    ),
    (
        "post",
        "/api/operator/accounts/a1/consent",
        {"granted_by": "a", "granted_at": DAY, "reference": "{}"},
        "/reference",
    ),
    (
        "post",
        f"{MODELS}/m1/content/uploads",
        {"filename": "{}", "media_type": "image/png", "bytes": 1, "sha256": "ab" * 32},
        "/filename",
    ),
]


@pytest.mark.parametrize("value", ["a\nb", "a\0", "a\u2028b", "a\x85", "a\tb", "\x1b[1m"])
@pytest.mark.parametrize(("method", "path", "body", "pointer"), ONE_LINE, ids=[f"{one[1]}{one[3]}" for one in ONE_LINE])
def test_what_is_one_line_stays_one(
    agency: Agency, method: str, path: str, body: dict[str, Any], pointer: str, value: str
) -> None:
    agency.operator.account("a1", ready=False)
    given = json.loads(json.dumps(body).replace('"{}"', json.dumps(value)))
    problem = agency.operator.send(method.upper(), path, given).refused(422, "invalid_input")
    assert [one["pointer"] for one in problem["errors"]] == [pointer]


def test_a_reason_may_have_lines_but_no_control_characters(agency: Agency) -> None:
    agency.operator.account("a1", ready=False)
    agency.operator.ready("a1", "one\0").refused(422, "invalid_input")
    agency.operator.ready("a1", "\u200b").refused(422, "invalid_input")
    agency.operator.ready("a1", "one\ntwo").ok()


def test_what_a_machine_says_of_a_failure_is_kept_as_it_came(agency: Agency) -> None:
    worker = agency.warmed_to("pfp")
    body = {"phase": "pfp", "kind": "transient", "message": "\x1b[31mno\x1b[0m\n\ttrace"}
    worker.send("POST", "/api/bot/accounts/a1/report-error", body, headers={"Lease-Token": worker.take("pfp")}).ok()
    assert agency.operator.account_document()["phases"][0]["error_message"] == body["message"]

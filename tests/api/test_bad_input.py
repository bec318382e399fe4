"""Bad input on every route that the service declares: never a 500, always a problem document, and nothing changed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

import pytest

from chalicelib import routes
from chalicelib.context import ActorKind
from chalicelib.domain.errors import InvalidInput
from chalicelib.edge.endpoints import Endpoint, validate
from chalicelib.edge.routing import ENDPOINTS
from tests.agency import CONSENT, PROBLEM, Agency, Api, Bot, Reply, media, words
from tests.api.shapes import PROBLEM as MEMBERS
from tests.store import State
from tests.wire import Image

assert routes.BLUEPRINTS, "importing the routes declares them"

WITH_BODY = [endpoint for endpoint in ENDPOINTS if endpoint.body is not None]
WITHOUT_BODY = [endpoint for endpoint in ENDPOINTS if endpoint.body is None and not endpoint.raw and endpoint.kind]
WITH_IDS = [endpoint for endpoint in ENDPOINTS if "{" in endpoint.path]

VALID: dict[str, dict[str, Any]] = {
    "ClaimBody": {"limit": 1},
    "CompletePhaseBody": {"execution_time_ms": 1, "platform_response": {}, "performance_score": 1.5},
    "PerformanceBody": {"performance_score": 1.5, "metrics": {"likes": 1}, "measured_at": "2026-11-22T12:00:00Z"},
    "ReportErrorBody": {"phase": "pfp", "kind": "fatal", "message": "x", "code": "x", "retry_after_seconds": 1},
    "SessionBody": {"client": "x", "host": "x"},
    "HeartbeatBody": {"note": "x"},
    "ModelBody": {"model_id": "bad", "name": "x", "themes": ["x"]},
    "AccountBody": {"account_id": "bad", "model_id": "m1", "username": "x", "tags": ["x"], "consent": CONSENT},
    "ReasonBody": {"reason": "x"},
    "RetryBody": {"reason": "x"},
    "ResolveBody": {"reason": "x", "evidence": {"note": "x"}},
    "AssignBody": {"reason": "x", "content_id": "m1-pfp"},
    "RetryAllBody": {"reason": "x", "filter": {}},
    "ConsentBody": CONSENT,
    "ModelEdit": {"name": "x"},
    "ModelWithdrawalBody": {"reason": "x"},
    "BotEdit": {"name": "x"},
    "ContentBody": media("bad", "pfp"),
    "TextBody": words("bad", "bio"),
    "UploadBody": {"filename": "x.png", "media_type": "image/png", "bytes": 1, "sha256": "ab" * 32},
    "ItemEdit": {"tags": ["x"]},
    "TextEdit": {"tags": ["x"]},
    "PlanBody": {"name": "bad", "title": "x"},
    "PlanEdit": {"title": "x"},
    "PlanMove": {"reason": "x"},
    "MigrationBody": {"plan": "slow", "reason": "x"},
    "PreviewBody": {"model_id": "m1", "accounts": 1},
    "BotBody": {"bot_id": "bad", "name": "x", "models": ["m1"]},
    "UserBody": {"user_id": "bad", "name": "x", "role": "viewer", "models": ["m1"]},
}
"""A body of each kind that would be accepted. For a kind that is not here less is tried."""


def valid(endpoint: Endpoint) -> dict[str, Any]:
    """A body that the route would accept."""
    return VALID.get(endpoint.body.__name__, {}) if endpoint.body is not None else {}


def named(endpoint: Endpoint) -> str:
    """The name of a case."""
    return f"{endpoint.method} {endpoint.path}"


@dataclass
class Scene:
    """An agency at work, the ids of what is there, and a caller for each role."""

    agency: Agency
    bot: Bot
    token: str
    ids: dict[str, str]
    before: Image

    def caller(self, endpoint: Endpoint) -> Api:
        """Who may call the route."""
        return self.bot if endpoint.kind is ActorKind.BOT else self.agency.operator

    def send(self, endpoint: Endpoint, query: str = "", ids: dict[str, str] | None = None, **more: Any) -> Reply:
        """One request to the route."""
        path = endpoint.path.format(**{**self.ids, **(ids or {})})
        headers = {"Lease-Token": self.token if endpoint.lease else None, **more.pop("headers", {})}
        return self.caller(endpoint).send(endpoint.method, path + query, headers=headers, **more)

    def nothing_has_changed(self) -> None:
        """The store holds what it held."""
        assert self.agency.wire.image() == self.before


class _Kept:
    """The scene before a test begins, made once in a process: there are hundreds of tests."""

    scene: tuple[State, str, str, dict[str, str], Image] | None = None


@pytest.fixture
def scene(agency: Agency) -> Scene:
    """A bot works on an account; everything that a route could ask for is there."""
    if _Kept.scene is None:
        worker = agency.warmed_to("pfp")
        token = worker.take()
        agency.operator.post("/api/operator/plans", {"name": "slow", "title": "Slow"}).ok(201)
        agency.operator.post("/api/operator/users", {"user_id": "ada", "role": "viewer"}).ok(201)
        key_id = agency.operator.get("/api/operator/bots/b2").ok()["keys"][0]["key_id"]
        ids = {
            "account_id": "a1",
            "model_id": "m1",
            "content_id": "m1-pfp",
            "text_id": "m1-bio-text",
            "bot_id": "b2",
            "user_id": "ada",
            "key_id": key_id,
            "session_id": str(worker.session),
            "phase": "pfp",
            "plan": "slow",
            "version": "1",
        }
        _Kept.scene = agency.wire.save(), str(worker.session), token, ids, agency.wire.image()
    saved, session, token, ids, before = _Kept.scene
    agency.wire.restore(saved)
    return Scene(agency, Bot(agency.client, "b1", agency.keys["b1"], session), token, ids, before)


def is_refused(answer: Reply, *statuses: int) -> None:
    """The answer is a problem document with one of these statuses."""
    assert answer.status in statuses, f"{answer.status} {answer.text[:300]}"
    assert answer.headers["Content-Type"] == PROBLEM
    assert set(answer.json) >= MEMBERS
    assert answer.json["status"] == answer.status


def nested(depth: int) -> bytes:
    """Lists in lists."""
    return b'{"x":' + b"[" * depth + b"]" * depth + b"}"


NOT_JSON: dict[str, bytes] = {
    "half an object": b"{",
    "a word": b"nope",
    "single quotes": b"{'a': 1}",
    "a comma too many": b'{"a": 1,}',
    "two objects": b"{}{}",
    "a form": b"limit=1",
    "NaN": b'{"x": NaN}',
    "Infinity": b'{"x": Infinity}',
    "-Infinity": b'{"x": [-Infinity]}',
    "1e999": b'{"x": 1e999}',
    "-1e999": b'{"x": {"y": -1e999}}',
    "3,000 levels": nested(3000),
    "100,000 levels": nested(100_000),
    "33 levels": nested(33),
    "3,000 objects": b'{"x":' * 3000 + b"1" + b"}" * 3000,
    "an integer of 5,000 digits": b'{"x": ' + b"9" * 5000 + b"}",
    "a member twice": b'{"x": 1, "x": 2}',
    "a member twice, deep inside": b'{"x": {"y": [{"z": 1, "z": 1}]}}',
    "half a surrogate pair": b'{"x": "\\ud800"}',
    "half a surrogate pair as a name": b'{"\\udc00": 1}',
    "a raw NUL": b'{"x": "\0"}',
    "a raw line break": b'{"x": "\n"}',
    "invalid UTF-8": b'{"x": "\xff"}',
    "surrogates in UTF-8": b'{"x": "\xed\xa0\x80"}',
    "UTF-16": '{"x": 1}'.encode("utf-16"),
    "Latin-1": '{"x": "é"}'.encode("latin-1"),
}
NO_OBJECT = (b"[]", b"null", b'"text"', b"7", b"true", b"[1]", b"[null]", b"1.5")


@pytest.mark.parametrize("endpoint", [*WITH_BODY, *WITHOUT_BODY], ids=named)
def test_a_body_that_is_not_json_is_malformed(scene: Scene, endpoint: Endpoint) -> None:
    for what, raw in NOT_JSON.items():
        answer = scene.send(endpoint, raw=raw)
        assert (answer.status, answer.code) == (400, "malformed_request"), (
            f"{what}: {answer.status} {answer.text[:200]}"
        )
        is_refused(answer, 400)
    scene.nothing_has_changed()


@pytest.mark.parametrize("endpoint", [*WITH_BODY, *WITHOUT_BODY], ids=named)
def test_a_body_that_is_no_object_is_refused(scene: Scene, endpoint: Endpoint) -> None:
    for raw in NO_OBJECT:
        is_refused(scene.send(endpoint, raw=raw), 400, 422)
    scene.nothing_has_changed()


@pytest.mark.parametrize("endpoint", [*WITH_BODY, *WITHOUT_BODY], ids=named)
def test_a_body_that_is_too_large_or_of_another_media_type_is_refused(scene: Scene, endpoint: Endpoint) -> None:
    is_refused(scene.send(endpoint, raw=b'{"x":"' + b"x" * 300_000 + b'"}'), 413)
    is_refused(scene.send(endpoint, raw=b" " * 300_000 + b"{}"), 413)
    for content_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense", "json", ""):
        is_refused(scene.send(endpoint, body={"x": 1}, content_type=content_type), 415)
    scene.nothing_has_changed()


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=named)
def test_json_is_read_under_each_of_its_names_and_without_any(scene: Scene, endpoint: Endpoint) -> None:
    for content_type in (None, "application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"):
        answer = scene.send(endpoint, body={"no_such_member": 1}, content_type=content_type)
        is_refused(answer, 422)
        assert "/no_such_member" in [error["pointer"] for error in answer.json["errors"]]
    scene.nothing_has_changed()


def wrong_values(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The body with one member of a wrong type at a time."""
    wrongs: tuple[Any, ...] = ({}, [], [{}], True, 1.5, -1, 10**30, "", "x" * 5000, {"x": None}, ["\0"], "\0")
    for name in body:
        for wrong in wrongs:
            yield name, {**body, name: wrong}


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=named)
def test_wrong_types_and_unknown_members_are_named_and_nothing_breaks(scene: Scene, endpoint: Endpoint) -> None:
    assert endpoint.body is not None
    body = valid(endpoint)
    answer = scene.send(endpoint, body={**body, "no_such_member": None})
    is_refused(answer, 422)
    assert "/no_such_member" in [error["pointer"] for error in answer.json["errors"]]
    for name, wrong in wrong_values(body):
        answer = scene.send(endpoint, body=wrong)
        if answer.status < 300:
            continue  # another value that is right too
        is_refused(answer, 400, 404, 409, 412, 422)
        if answer.status == 422 and "errors" in answer.json:
            assert answer.json["errors"][0]["pointer"].startswith(f"/{name}"), answer.text


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"limti": 1}, "/limti", "unknown member `limti`; did you mean `limit`? known: limit, "),
        ({"zzz": 1}, "/zzz", "unknown member `zzz`; known: limit, "),
    ],
)
def test_an_unknown_member_is_told_what_it_may_be_meant_for(
    scene: Scene, body: dict[str, Any], pointer: str, detail: str
) -> None:
    problem = scene.bot.send("POST", "/api/bot/accounts/claim", body).refused(422, "invalid_input")
    assert problem["errors"][0]["pointer"] == pointer
    assert problem["errors"][0]["detail"].startswith(detail)


def test_an_unknown_member_inside_another_is_told_the_members_there() -> None:
    from chalicelib.routes.bodies.accounts import AccountBody, MoveAllBody  # noqa: PLC0415  # the edge imports them late, too

    account = {"model_id": "m", "username": "u", "consent": {**CONSENT, "refrence": "c"}}
    for model, body, pointer, detail in (
        (AccountBody, account, "/consent/refrence", "did you mean `reference`? known: granted_by, "),
        (MoveAllBody, {"action": "retry", "reason": "r", "filter": {"phse": "bio"}}, "/filter/phse", "`phase`?"),
    ):
        with pytest.raises(InvalidInput) as refused:
            validate(model, body)
        (fault,) = cast(list[dict[str, str]], refused.value.members["errors"])
        assert (fault["pointer"], detail in fault["detail"]) == (pointer, True), fault


def test_a_body_of_nothing_but_unknown_members_gets_a_short_answer() -> None:
    from chalicelib.routes.bodies.leases import ClaimBody  # noqa: PLC0415  # see above

    with pytest.raises(InvalidInput) as refused:
        validate(ClaimBody, {f"member_{number}": 1 for number in range(20_000)})
    assert len(cast(list[object], refused.value.members["errors"])) == 100


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=named)
def test_a_missing_member_is_named(scene: Scene, endpoint: Endpoint) -> None:
    assert endpoint.body is not None
    required = {name for name, member in endpoint.body.model_fields.items() if member.is_required()}
    for raw in (b"", b"{}", b"  "):
        answer = scene.send(endpoint, raw=raw, content_type=None)
        if required:
            is_refused(answer, 422)
            assert {error["pointer"] for error in answer.json["errors"]} == {f"/{name}" for name in required}
        else:
            assert answer.status < 500
    if required:
        scene.nothing_has_changed()


@pytest.mark.parametrize("endpoint", WITHOUT_BODY, ids=named)
def test_a_route_without_a_body_takes_none(scene: Scene, endpoint: Endpoint) -> None:
    is_refused(scene.send(endpoint, body={"x": 1}), 422)
    scene.nothing_has_changed()


STRANGE_IDS = (
    *("..", ".", "-", "..%2f", "..%2F..%2Fetc", "%2e%2e", "a%00b", "%00", "%", "%zz", "%ff", "%ed%a0%80"),
    *("x" * 65, "x" * 300, "x" * 3000, quote("é"), "é", quote("٣"), "😀", "a%20b", "a+b", "a;b", "a,b", "a:b", "a@b"),
    *(
        "a'b",
        'a"b',
        "a`b",
        "a|b",
        "a\\b",
        "{}",
        "{account_id}",
        "$",
        "*",
        "null",
        "None",
        "true",
        "0",
        "a=b",
        "a&b",
        "~",
    ),
    *("never", "A1", "a1%20", "%20a1", "a1.", "a1%0a", "a%23b"),
)


@pytest.mark.parametrize("endpoint", WITH_IDS, ids=named)
def test_a_strange_id_names_nothing(scene: Scene, endpoint: Endpoint) -> None:
    given: dict[str, Any] = {"body": None if endpoint.body is None else valid(endpoint)}
    if endpoint.raw:
        given = {"raw": b"{}", "content_type": endpoint.raw[-1]}
    for name in [name for name in scene.ids if f"{{{name}}}" in endpoint.path]:
        for strange in STRANGE_IDS:
            answer = scene.send(endpoint, ids={name: strange}, **given)
            assert answer.code != "internal_error", f"{name}={strange[:40]}"
            if answer.status >= 300:
                is_refused(answer, 400, 404, 405, 409)
            else:
                told = answer.json
                nothing = told.get("items") == [] or told.get("counts", {}).get("created") == 0
                assert nothing, f"{name}={strange[:40]} gave {answer.text[:200]}"
    scene.nothing_has_changed()


STRANGE_QUERIES = {
    "limit": (
        "",
        "0",
        "-1",
        "101",
        "1.5",
        "1e1",
        "٣",
        "１",
        "+1",
        "%201",
        "1%20",
        "0x1",
        "9" * 5000,
        "true",
        "null",
        "１0",
    ),
    "cursor": (
        "",
        "!",
        "A",
        "AAAA",
        "A" * 2000,
        "A" * 3000,
        "%00",
        "é",
        "=",
        "eyJ4IjoxfQ",
        "null",
        "a b".replace(" ", "+"),
    ),
}
STRANGE_WORDS = ("", "%00", "a%20b", "..%2f", "é", "٣", "x" * 300, "%ff", "{}", "[]")


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.query], ids=named)
def test_a_query_parameter_that_is_none_is_malformed(scene: Scene, endpoint: Endpoint) -> None:
    raw: dict[str, Any] = {"raw": b"{}", "content_type": endpoint.raw[-1]} if endpoint.raw else {}
    for name in endpoint.query:
        free = "line" in getattr(endpoint.query[name], "__name__", "")  # any text will do
        for strange in STRANGE_QUERIES.get(name, STRANGE_WORDS if not free else ("", "x" * 300)):
            answer = scene.send(endpoint, f"?{name}={strange}", **raw)
            assert (answer.status, answer.code) == (400, "malformed_request"), (
                f"{name}={strange[:40]} {answer.text[:99]}"
            )
            is_refused(answer, 400)
    scene.nothing_has_changed()


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.kind], ids=named)
def test_a_query_parameter_that_nobody_knows_is_malformed(scene: Scene, endpoint: Endpoint) -> None:
    raw: dict[str, Any] = {"raw": b"{}", "content_type": endpoint.raw[-1]} if endpoint.raw else {}
    for query in ("?no_such=1", "?Limit=1", "?%00=1", "?=1", "?limit%20=1"):
        is_refused(scene.send(endpoint, query, **raw), 400)
    scene.nothing_has_changed()


@pytest.mark.parametrize("value", ["", "..", "a b", "a\0b", "x" * 300, "é", "{}", "ses_1/..", "ses_1\t"])
def test_a_strange_session_is_not_found(scene: Scene, value: str) -> None:
    for endpoint in (one for one in ENDPOINTS if one.kind is ActorKind.BOT and one.method == "POST"):
        stranger = Bot(scene.agency.client, "b1", str(scene.bot.key), value)
        path = endpoint.path.format(**scene.ids)
        answer = stranger.send(endpoint.method, path, {}, headers={"Lease-Token": scene.token})
        is_refused(answer, 404)
        assert answer.code == "session_not_found"
    scene.nothing_has_changed()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"platform_response": {"deep": [[[[{"x": 1}]]]]}}, 200),
        ({"platform_response": None}, 200),
        ({"platform_response": "just text"}, 200),
        ({"platform_response": [1, 2.5, True, None, 10**300, -(10**300), 1e-300, 1e300]}, 200),
        ({"platform_response": {"": {"\0": "\0", "é": "😀", "\u2028": "\x7f"}}}, 200),
        ({"platform_response": {"N": "1", "S": {"S": "x"}, "M": {}}}, 200),  # as DynamoDB writes types
        ({"platform_response": "x" * 16_000}, 200),
        ({"platform_response": "x" * 17_000}, 422),
        ({"platform_response": {"x" * 100: ["x" * 100] * 200}}, 422),
        ({"platform_response": "😀" * 3000}, 422),  # escaped, it would be 36 kB
        ({"execution_time_ms": 10**10}, 200),
        ({"execution_time_ms": 10**10 + 1}, 422),
        ({"execution_time_ms": 1.0}, 200),
        ({"performance_score": 1e-300}, 200),
        ({"performance_score": 100.0000001}, 422),
    ],
)
def test_what_a_platform_answered_goes_back_as_it_came_or_is_refused(scene: Scene, body: Any, status: int) -> None:
    answer = scene.bot.complete("pfp", scene.token, **body)
    if status != 200:
        is_refused(answer, status)
        scene.nothing_has_changed()
        return
    done = answer.ok()
    for name, value in body.items():
        if name != "performance_score":
            assert done["phase"][name] == value
    assert scene.bot.status().ok()["phases"][0]["platform_response"] == body.get("platform_response")
    assert scene.bot.complete("pfp", scene.token, **body).ok()["replayed"] is True
    scene.agency.operator.verified()


def test_what_a_bot_says_of_an_error_goes_back_as_it_came(scene: Scene) -> None:
    details = {"screens": ["x" * 1000] * 10, "n": 10**40, "f": 1e-300, "\0": None, "{message}": "{0}"}
    told = scene.bot.report("pfp", scene.token, message="{actor} {0} \0 é 😀 %s", details=details, code="{x}").ok()
    assert told["phase"]["error_details"] == details
    assert told["phase"]["error_message"] == "{actor} {0} \0 é 😀 %s"
    (event,) = (one for one in scene.agency.operator.events() if one["action"] == "phase:fail")
    assert event["summary"].endswith("{actor} {0} \0 é 😀 %s")
    json.dumps(event)


@pytest.mark.parametrize("query", ["limit=1&limit=2", "model_id=m1&limit=5&model_id=m2"])
def test_a_query_parameter_is_given_once(agency: Agency, query: str) -> None:
    problem = agency.bot().get(f"/api/bot/accounts/ready?{query}").refused(400, "malformed_request")
    assert repr(query.split("=", maxsplit=1)[0]) in problem["detail"]

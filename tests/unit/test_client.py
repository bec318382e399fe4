"""The typed client and OpenAPI agree; requests are repeated as they may be, and no others."""

import asyncio
import contextlib
import hashlib
import inspect
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from infrastructure import client as written
from infrastructure.openapi import FILE
from infrastructure.problems import CODES
from warmup import AsyncClient, Client, RetryPolicy
from warmup.api import errors, models
from warmup.problems import ApiError, TryLater, UnexpectedAnswer, Unreachable, Unsendable
from warmup.transport import BadChecksum

OPENAPI: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
OPERATIONS = written.operations(OPENAPI)
ME: dict[str, Any] = {
    "user_id": "ada",
    "name": "Ada",
    "role": "viewer",
    "models": None,
    "permissions": [],
    "lacking": {},
}
BOT: dict[str, Any] = {
    "bot_id": "b",
    "name": "B",
    "models": None,
    "max_leases": None,
    "max_sessions": None,
    "disabled_at": None,
    "keys": [],
    "version": 1,
    "created_at": "2026-11-22T12:00:00.000Z",
    "updated_at": "2026-11-22T12:00:00.000Z",
}


@pytest.mark.parametrize("file", sorted(written.files(OPENAPI), key=str), ids=lambda file: file.name)
def test_the_written_modules_are_those_that_openapi_makes(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == written.files(OPENAPI)[file], "run: make openapi"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_operation_has_its_method_and_every_method_its_operation(kind: type[Any]) -> None:
    client = kind("http://127.0.0.1:1")
    told = {one.name: {parameter.name for parameter in one.parameters} for one in OPERATIONS}
    nouns = {
        name: part for name, part in vars(client).items() if not name.startswith("_") and name not in ("url", "key")
    }
    found = {
        f"{noun}.{verb}": set(inspect.signature(method).parameters)
        for noun, part in nouns.items()
        for verb, method in inspect.getmembers(part, inspect.ismethod)
        if not verb.startswith("_")
    }
    assert found == told


def test_every_code_has_its_exception() -> None:
    assert set(errors.BY_CODE) == set(CODES)
    assert all(issubclass(one, ApiError) for one in errors.BY_CODE.values())


# what goes over the wire


class Server:
    """Answers in turn, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Blocking:
    """A part of an asynchronous client, asked as a synchronous one is."""

    def __init__(self, part: Any, run: Callable[[Any], Any]) -> None:
        self._part, self._run = part, run

    def __getattr__(self, name: str) -> Any:
        return self._shown(getattr(self._part, name))

    def __call__(self, *given: Any, **named: Any) -> Any:
        found = self._part(*given, **named)
        return self._run(found) if inspect.isawaitable(found) else self._shown(found)

    def __iter__(self) -> Iterator[Any]:
        items = aiter(self._part)
        with contextlib.suppress(StopAsyncIteration):
            while True:
                yield self._run(anext(items))

    def _shown(self, found: Any) -> Any:
        return found if isinstance(found, str | float) else Blocking(found, self._run)


Connect = Callable[..., tuple[Any, Server, list[float]]]


@pytest.fixture(params=["synchronous", "asynchronous"])
def connect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """A client of a server that answers so, and the pauses that it makes."""
    loop, thread = asyncio.new_event_loop(), ThreadPoolExecutor(1)

    def run(asked: Any) -> Any:  # where the browser's tests ran before, a loop runs in this thread already
        async def answer() -> Any:
            return await asked

        return thread.submit(loop.run_until_complete, answer()).result()

    def make(*answers: httpx.Response | Exception, **more: Any) -> tuple[Any, Server, list[float]]:
        server, pauses = Server(*answers), list[float]()
        retry = RetryPolicy(sleep=pauses.append, **more)
        wire = httpx.MockTransport(server)
        client: Any
        if request.param == "synchronous":
            client = Client("http://service", "a-key", retry=retry, key_source="WARMUP_KEY")
            http: Any = httpx.Client(base_url="http://service", headers=client._transport._http.headers, transport=wire)
            media: Any = httpx.Client(transport=wire)
        else:
            client = AsyncClient("http://service", "a-key", retry=retry, key_source="WARMUP_KEY")
            http = httpx.AsyncClient(base_url="http://service", headers=client._transport._http.headers, transport=wire)
            media = httpx.AsyncClient(transport=wire)
        monkeypatch.setattr(client._transport, "_http", http)
        monkeypatch.setattr(client._transport, "_media", media)
        return (client if request.param == "synchronous" else Blocking(client, run)), server, pauses

    yield make
    thread.submit(loop.close).result()
    thread.shutdown()


def problem(status: int, code: str, headers: dict[str, str] | None = None, **members: object) -> httpx.Response:
    document = {"status": status, "code": code, "detail": "so it is", "request_id": "req_1", "retryable": False}
    return httpx.Response(status, json={**document, **members}, headers=headers or {})


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>a page</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"items": [{}], "next_cursor": None}),
        httpx.Response(200, text="{}", headers={"Content-Type": "application/x-ndjson"}),
    ],
    ids=["page", "list", "object", "items", "lines"],
)
def test_what_answers_and_is_not_the_service_is_told_in_a_line(connect: Connect, answer: httpx.Response) -> None:
    client, *_ = connect(answer)
    with pytest.raises(UnexpectedAnswer, match="is not one of the service") as told:
        list(client.bots.list_all())
    assert "\n" not in str(told.value)
    with pytest.raises(UnexpectedAnswer, match="is not one of the service"):
        client.accounts.get("b")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(("url", "key"), [("service:80", "k"), ("http://s:x", "k"), ("", "k"), ("http://s", "k\n")])
def test_an_address_or_a_key_that_is_none_is_refused_at_once(kind: type[Any], url: str, key: str) -> None:
    with pytest.raises(Unsendable):
        kind(url, key)


def test_what_is_no_json_is_not_sent(connect: Connect) -> None:
    client, server, _ = connect(httpx.Response(200))
    with pytest.raises(Unsendable, match="not JSON serializable"):
        client.bots.create(bot_id="b", name={1, 2})
    with pytest.raises(Unsendable, match="An id is empty"):
        client.accounts.get("")
    assert server.asked == []


def test_a_request_carries_the_key_and_just_what_was_given(connect: Connect) -> None:
    client, server, _ = connect(httpx.Response(200, json=BOT | {"replayed": False, "revoked": [], "not_attempted": 0}))
    bot = client.bots.edit("b/../c", models=None, if_match='"3"')
    (asked,) = server.asked
    assert (asked.method, asked.url.raw_path) == ("PATCH", b"/api/operator/bots/b%2F..%2Fc")
    assert (asked.headers["Authorization"], asked.headers["If-Match"]) == ("Bearer a-key", '"3"')
    assert json.loads(asked.content) == {"models": None}, "null is sent, what was not given is not"
    assert bot.replayed is False


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_is_the_exception_of_its_code(connect: Connect, code: str) -> None:
    client, _, _ = connect(problem(CODES[code].status, code, lease={"session_id": "s"}))
    with pytest.raises(errors.BY_CODE[code]) as caught:
        client.health.health()
    assert (caught.value.code, caught.value.request_id) == (code, "req_1")
    assert caught.value.problem["lease"] == {"session_id": "s"}


def test_a_code_that_this_release_does_not_know_is_still_told(connect: Connect) -> None:
    client, _, _ = connect(problem(409, "brand_new"))
    with pytest.raises(ApiError, match="brand_new: so it is"):
        client.health.health()


def test_words_and_members_of_later_releases_do_no_harm(connect: Connect) -> None:
    client, _, _ = connect(httpx.Response(200, json=ME | {"role": "auditor", "colour": "blue"}))
    assert client.users.me().role == "auditor"


@pytest.mark.parametrize("answer", [httpx.Response(502, text="<html>"), httpx.Response(200, json=[])])
def test_what_is_not_the_service_is_said_so(connect: Connect, answer: httpx.Response) -> None:
    client, _, _ = connect(answer)
    with pytest.raises(UnexpectedAnswer, match=r"http://service/api/health (answered|is not one)"):
        client.health.health()


@pytest.mark.parametrize(
    ("first", "at_least"),
    [
        (problem(503, "temporarily_unavailable", {"Retry-After": "7"}), 7),
        (problem(429, "rate_limited", {"Retry-After": "11"}), 11),
        (httpx.ReadTimeout("late"), 0.1),
        (httpx.ConnectError("refused"), 0.1),
    ],
    ids=["throttled", "too-many", "no-answer", "nobody-there"],
)
def test_what_may_be_repeated_is_repeated_after_the_pause_that_was_asked(
    connect: Connect, first: httpx.Response | Exception, at_least: float
) -> None:
    client, server, pauses = connect(first, httpx.Response(200, json=BOT))
    assert client.bots.get("b").bot_id == "b"
    assert len(server.asked) == 2
    assert pauses[0] >= at_least


@pytest.mark.parametrize(
    ("failure", "times"),
    [
        (httpx.ReadTimeout("late"), 1),  # it may have been done
        (problem(503, "temporarily_unavailable"), 1),  # as here
        (problem(429, "rate_limited"), 6),  # the gateway let it not through
        (httpx.ConnectError("refused"), 6),  # it never arrived
    ],
    ids=["no-answer", "throttled", "too-many", "nobody-there"],
)
def test_what_makes_something_new_each_time_is_repeated_only_when_it_did_not_arrive(
    connect: Connect, failure: httpx.Response | Exception, times: int
) -> None:
    client, server, _ = connect(failure)
    with pytest.raises((Unreachable, TryLater)):
        client.bots.rotate_key("b")
    assert len(server.asked) == times


def test_conflicts_are_the_callers_to_wait_for(connect: Connect) -> None:
    client, server, _ = connect(problem(409, "account_leased", {"Retry-After": "1"}, retryable=True))
    with pytest.raises(errors.AccountLeased):
        client.phases.content("a", "pfp")
    assert len(server.asked) == 1


def test_a_pause_longer_than_retry_is_handed_to_the_caller(connect: Connect) -> None:
    client, _, pauses = connect(problem(503, "temporarily_unavailable", {"Retry-After": "3600"}))
    with pytest.raises(errors.TemporarilyUnavailable):
        client.health.ready()
    assert pauses == []


def test_pauses_grow_and_spread() -> None:
    policy = RetryPolicy(attempts=8)
    pauses = [policy.pause(attempt, 0) or 0 for attempt in range(1, 8)]
    assert all(0.2 * 2**attempt / 2 <= pause <= 20 for attempt, pause in enumerate(pauses, 1) if attempt < 6)
    assert len({policy.pause(3, 0) for _ in range(8)}) > 1


def test_a_caller_that_is_about_to_end_neither_waits_nor_asks_longer_than_it_has(connect: Connect) -> None:
    client, server, pauses = connect(httpx.ReadTimeout("late"), seconds_left=lambda: 0.05)
    with pytest.raises(Unreachable):
        client.bots.get("b")
    assert (len(server.asked), pauses) == (1, [])
    assert server.asked[0].extensions["timeout"]["read"] == 0.05
    client, server, _ = connect(httpx.ReadTimeout("late"), seconds_left=lambda: 0.0)
    with pytest.raises(Unreachable, match="there is no time left for it"):
        client.bots.get("b")
    assert server.asked == []


def test_a_sleep_that_is_a_coroutine_function_is_awaited() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)
        slept.append(seconds)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, RetryPolicy(sleep=sleep).async_wait(3)).result()
    assert slept == [3]


def test_a_key_that_is_not_accepted_is_refused_with_its_source(connect: Connect) -> None:
    client, *_ = connect(problem(401, "unauthenticated"))
    with pytest.raises(errors.Unauthenticated, match=r"was sent \(from WARMUP_KEY\), but it is unknown"):
        client.bots.get("b")
    client, *_ = connect(httpx.Response(401, text="<html>"))
    with pytest.raises(UnexpectedAnswer, match="answered 401"):
        client.bots.get("b")


def test_the_speed_of_a_sandbox_is_known_and_no_gateway_unsays_it(connect: Connect) -> None:
    client, *_ = connect(
        httpx.Response(200, json=BOT, headers={"Sandbox-Speed": "60"}),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, json=BOT),
    )
    assert client.speed == 1
    client.bots.get("b")
    assert client.speed == 60
    with pytest.raises(UnexpectedAnswer):
        client.bots.get("b")
    assert client.speed == 60
    client.bots.get("b")
    assert client.speed == 1


def test_a_list_asks_for_its_pages_when_they_are_needed(connect: Connect) -> None:
    pages = [{"items": [BOT | {"bot_id": name}], "next_cursor": more} for name, more in (("a", "c1"), ("b", None))]
    client, server, _ = connect(*(httpx.Response(200, json=page) for page in pages))
    bots = iter(client.bots.list_all(limit=1))
    assert next(bots).bot_id == "a"
    assert len(server.asked) == 1
    assert [bot.bot_id for bot in bots] == ["b"]
    assert server.asked[1].url.params["cursor"] == "c1"


def test_an_export_goes_on_by_its_header(connect: Connect) -> None:
    event = {
        "subject": "account:a",
        "version": 1,
        "at": BOT["created_at"],
        "actor": {"kind": "bot", "id": "b"},
        "action": "lease:claim",
        "transitions": [{"what": "lease", "from": None, "to": "s"}],
        "request_id": "r",
        "session_id": None,
        "details": {},
        "client_request_id": None,
        "key_id": None,
        "previous": None,
        "hash": "ab" * 32,
        "summary": "it was so",
    }
    lines, media_type = json.dumps(event) + "\n", {"Content-Type": "application/x-ndjson"}
    client, _, _ = connect(
        httpx.Response(200, text=lines, headers=media_type | {"Next-Cursor": "c"}),
        httpx.Response(200, text=lines * 2, headers=media_type),
    )
    found = list(client.audit.export())
    assert [one.summary for one in found] == ["it was so"] * 3
    assert found[0].transitions[0].from_ is None


MEDIA = models.Media.model_validate(
    {
        "content_id": "c",
        "media_type": "image/png",
        "sha256": "0" * 64,
        "width": 1,
        "height": 1,
        "animated": False,
        "duration_seconds": None,
        "bytes": 3,
        "url": "http://media/c?signed",
        "url_expires_at": BOT["created_at"],
    }
)
FORM = models.Upload.model_validate(
    {"media_key": "m/c", "url": "http://media", "fields": {"key": "m/c"}, "expires_at": BOT["created_at"]}
)
TROUBLE: dict[str, list[httpx.Response | Exception]] = {
    "busy": [httpx.Response(503), httpx.Response(500)],
    "no-answer": [httpx.ReadTimeout("late"), httpx.ConnectError("refused")],
}


def test_media_are_checked_and_the_key_is_not_sent_where_they_lie(connect: Connect) -> None:
    client, server, _ = connect(httpx.Response(200, content=b"png"))
    with pytest.raises(BadChecksum):
        client.download(MEDIA)
    assert "Authorization" not in server.asked[0].headers


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_file_is_asked_for_again_while_the_bucket_is_away(connect: Connect, trouble: str) -> None:
    media = MEDIA.model_copy(update={"sha256": hashlib.sha256(b"png").hexdigest()})
    client, server, pauses = connect(*TROUBLE[trouble], httpx.Response(200, content=b"png"))
    assert client.download(media) == b"png"
    assert (len(server.asked), len(pauses)) == (3, 2)


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_file_is_sent_again_while_the_bucket_is_away(connect: Connect, trouble: str) -> None:
    client, server, pauses = connect(*TROUBLE[trouble], httpx.Response(204))
    assert client.put(FORM, b"png") == "m/c"
    assert (len(server.asked), len(pauses)) == (3, 2)
    assert all(b"png" in asked.content for asked in server.asked)
    assert "Authorization" not in server.asked[0].headers


def test_a_download_ends_where_the_file_should_and_follows_nobody_elsewhere(connect: Connect) -> None:
    elsewhere = httpx.Response(302, headers={"Location": "http://elsewhere/c"})
    client, server, _ = connect(httpx.Response(200, content=b"pngpng"), elsewhere)
    with pytest.raises(BadChecksum, match="longer than its 3 bytes"):
        client.download(MEDIA)
    with pytest.raises(UnexpectedAnswer, match="302"):
        client.download(MEDIA)
    assert len(server.asked) == 2


def test_a_file_without_an_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        for number in range(1000):
            sent.append(number)
            yield b"png"

    client = Client("http://service", "a-key")
    wire = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    monkeypatch.setattr(client._transport, "_media", httpx.Client(transport=wire))
    with pytest.raises(BadChecksum, match="longer than its 3 bytes"):
        client.download(MEDIA)
    assert len(sent) < 5


def test_a_bucket_that_refuses_is_not_asked_again(connect: Connect) -> None:
    client, server, _ = connect(httpx.Response(403, text="expired"))
    with pytest.raises(UnexpectedAnswer, match="403"):
        client.download(MEDIA)
    with pytest.raises(UnexpectedAnswer, match="403 expired"):
        client.put(FORM, b"png")
    assert len(server.asked) == 2

"""Nobody but its user reaches the sandbox: no page of another origin, under no other name, and no one its emulator."""

import base64
import json
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from warmup.sandbox import stores
from warmup.sandbox.answers import HttpRequest
from warmup.sandbox.doors import Doors, is_loopback
from warmup.sandbox.emulator import Door, Request
from warmup.sandbox.run import Options, operator_key_of
from warmup.sandbox.service import BadSettings

OWN = "127.0.0.1:8000"


def refused(doors: Doors, path: str = "/api/health", body: bytes = b"", **headers: str) -> tuple[int, str] | None:
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    answer = doors.refusal(HttpRequest("POST", path, "", given, body))
    return None if answer is None else (answer.status, json.loads(answer.body)["code"])


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", OWN, "127.8.8.8", "[::1]:8000", "sandbox.test"])
def test_it_answers_to_its_own_names(host: str) -> None:
    assert refused(Doors("127.0.0.1", ["Sandbox.test"]), host=host) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.7", "", "["]
)
def test_it_answers_to_no_other_name(host: str) -> None:
    assert refused(Doors("127.0.0.1"), host=host) == (403, "forbidden")


def test_on_all_interfaces_it_answers_to_addresses_too_which_nobody_can_rebind() -> None:
    doors = Doors("0.0.0.0")  # nothing listens
    assert refused(doors, host="10.0.0.7:8000") is None
    assert refused(doors, host="evil.example") == (403, "forbidden")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "application/json"}, None),
        ({"content_type": "application/json; charset=utf-8", "origin": f"http://{OWN}"}, None),
        ({"content_type": "application/json", "sec_fetch_site": "same-origin"}, None),
        ({"content_type": "text/plain"}, 415),  # what a page of another origin may send without asking
        ({}, 415),
        ({"content_type": "application/json", "origin": "http://localhost:8399"}, 403),
        ({"content_type": "application/json", "origin": "null"}, 403),
        ({"content_type": "application/json", "sec_fetch_site": "cross-site"}, 403),
        ({"content_type": "application/json", "sec_fetch_site": "same-site"}, 403),  # another port of this machine
    ],
)
def test_no_page_of_another_origin_moves_its_clock(headers: dict[str, str], status: int | None) -> None:
    found = refused(Doors("127.0.0.1"), "/sandbox/clock", b"{}", host=OWN, **headers)
    assert (found and found[0]) == status
    assert refused(Doors("127.0.0.1"), "/sandbox/schedules/watch_pools", host=OWN) is None


def options(host: str, key: str | None, file: Path | None) -> Options:
    return Options(host, (), 0, None, key, file, None, True, False, 0, 1, 1.0, None, False)


def test_a_key_that_others_could_guess_stays_on_this_machine(tmp_path: Path) -> None:
    assert operator_key_of(options("127.0.0.1", "short", None)) == "short"
    with pytest.raises(BadSettings, match="other machines can reach"):
        operator_key_of(options("192.168.0.2", "short", None))
    file = tmp_path / "operator.key"
    made = operator_key_of(options("192.168.0.2", None, file))
    assert made is not None and made.startswith("wk_operator_")
    assert operator_key_of(options("192.168.0.2", None, file)) == made, "the next run has the same"
    assert file.stat().st_mode & 0o077 == 0
    assert [is_loopback(one) for one in ("localhost", "::1", "0.0.0.0", "box")] == [True, True, False, False]


SECRET = "of this run"


def signed(method: str, url: str, **given: Any) -> Request:
    """A request as botocore signs it."""
    asked = AWSRequest(method, url, **given)
    SigV4Auth(Credentials("sandbox", SECRET), "dynamodb", "us-east-1").add_auth(asked)
    prepared = asked.prepare()
    headers = {name.lower(): str(value) for name, value in prepared.headers.items()} | {"host": "h"}
    path, _, query = str(prepared.url).removeprefix("http://h").partition("?")
    return Request(method, path, query, headers, given.get("data", b""))


def test_the_emulators_door_admits_what_is_signed_and_nothing_else() -> None:
    door, call = Door(SECRET), signed("POST", "http://h/", data=b'{"a": 1}', headers={"X-Amz-Target": "T"})
    assert door.admits(call)
    assert not door.admits(call._replace(body=b'{"a": 2}'))
    assert not door.admits(call._replace(headers={**call.headers, "x-amz-target": "Other"}))
    assert not Door("of another run").admits(call)
    for forged in ("", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=" + "0" * 64):
        assert not door.admits(call._replace(headers={**call.headers, "authorization": forged}))
    assert not door.admits(Request("GET", "/", "", {"host": "h"}, b""))
    policy = base64.b64encode(b"{}")
    form = b'--b\r\nContent-Disposition: form-data; name="policy"\r\n\r\n' + policy + b"\r\n--b--\r\n"
    assert not door.admits(Request("POST", "/media", "", {"content-type": "multipart/form-data; boundary=b"}, form))


@pytest.mark.engine
def test_nobody_reaches_the_emulator_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := stores.missing("ministack"):
        pytest.skip(reason)
    with stores.ministack() as store:
        assert store.environ()["AWS_SECRET_ACCESS_KEY"] not in repr(store)
        for name, value in store.environ().items():
            monkeypatch.setenv(name, value)
        bucket = boto3.Session().client("s3", config=Config(signature_version="s3v4"))
        bucket.create_bucket(Bucket="media")
        form = bucket.generate_presigned_post("media", "a", ExpiresIn=60)
        assert httpx.post(form["url"], data=form["fields"], files={"file": b"x"}).status_code == 204
        url = bucket.generate_presigned_url("get_object", {"Bucket": "media", "Key": "a"})
        assert httpx.get(url).content == b"x"
        for unsigned in (url.partition("?")[0], url.replace("/a?", "/b?"), f"{store.s3_url}/", f"{store.s3_url}/media"):
            assert httpx.get(unsigned).status_code == 403
        asked = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
        answer = httpx.post(store.dynamodb_url, headers=asked, content="{}")
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (403, False)

"""The way to the store: what goes over the wire, what comes back, and what is asked again."""

import json
import ssl
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ChecksumError, ClientError, NoCredentialsError, ReadTimeoutError
from botocore.handlers import BUILTIN_HANDLERS
from botocore.loaders import create_loader
from botocore.session import Session

from chalicelib import context
from chalicelib.tables.client import DynamoDB
from chalicelib.tables.connections import Connections, Request, StoreAnswer
from chalicelib.tables.transport import AWS_DOMAINS, AwsRefused, Sdk, refusal

ASKED = {"TableName": "t", "Key": {"id": {"S": "ü"}}}


def told(status: int, body: bytes, **headers: str) -> StoreAnswer:
    """An answer of the store."""
    return StoreAnswer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


class Line:
    """The wire: gives the planned answers (or raises them), and keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.answers: list[StoreAnswer | Exception] = []

    def send(self, request: Request) -> StoreAnswer:
        """In the place of the pool's own."""
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    """A wire with nothing behind it, and no waiting."""
    line = Line()
    monkeypatch.setattr(Connections, "send", lambda _, request: line.send(request))
    monkeypatch.setattr(context.sources, "sleep", lambda seconds: None)
    for name, value in {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "no secret"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "api_handler")  # deployed, it calls AWS's own hosts
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)
    return line


def client() -> DynamoDB:
    """A client as the tables have one."""
    return DynamoDB(Sdk(), connect_seconds=1, read_seconds=1, attempts=3, pool_size=1)


def refused(status: int, code: str, **members: Any) -> StoreAnswer:
    """A refusal in DynamoDB's words."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **members}
    return told(status, json.dumps(body).encode())


def test_a_request_is_dynamodbs_json_signed_for_its_region(line: Line) -> None:
    line.answers = [told(200, b'{"Item": {"n": {"N": "1"}}}')]
    assert client().dispatch("GetItem", ASKED) == {"Item": {"n": {"N": "1"}}}
    (request,) = line.sent
    assert request.url == "https://dynamodb.eu-west-1.amazonaws.com/"
    assert json.loads(request.body) == ASKED
    assert request.headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert request.headers["content-type"] == "application/x-amz-json-1.0"
    signature = request.headers["authorization"]
    assert signature.startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    assert "/eu-west-1/dynamodb/aws4_request, SignedHeaders=" in signature


@pytest.mark.parametrize(
    ("region", "named", "url"),
    [
        ("eu-west-1", None, "https://dynamodb.eu-west-1.amazonaws.com/"),
        ("cn-north-1", None, "https://dynamodb.cn-north-1.amazonaws.com.cn/"),
        ("eu-west-1", "http://127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("eu-west-1", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
    ],
)
def test_the_endpoint_is_the_regions_or_the_one_that_is_named(
    line: Line, monkeypatch: pytest.MonkeyPatch, region: str, named: str | None, url: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    if named is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", named)
    line.answers = [told(200, b"{}")]
    client().dispatch("GetItem", ASKED)
    assert line.sent[0].url == url


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: refused(400, "ThrottlingException"),
        lambda: refused(400, "ProvisionedThroughputExceededException"),
        lambda: refused(500, "InternalServerError"),
        lambda: told(502, b"<html>a proxy's word</html>"),
        lambda: told(200, b'{"Item": {}}', x_amz_crc32="1"),
        lambda: ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_what_may_pass_is_asked_again_with_the_same_bytes(line: Line, wrong: Callable[[], Any]) -> None:
    line.answers = [wrong(), wrong(), told(200, b'{"ok": true}', x_amz_crc32=str(zlib.crc32(b'{"ok": true}')))]
    assert client().dispatch("GetItem", ASKED) == {"ok": True}
    assert len({request.body for request in line.sent}) == 1
    line.answers = [wrong(), wrong(), wrong(), told(200, b"{}")]
    with pytest.raises((ClientError, ReadTimeoutError, ChecksumError)):
        client().dispatch("GetItem", ASKED)
    assert len(line.answers) == 1, "three attempts, and no more"


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "ValidationException", "AccessDeniedException"])
def test_what_will_not_pass_is_told_at_once(line: Line, code: str) -> None:
    line.answers = [refused(400, code)]
    with pytest.raises(ClientError) as raised:
        client().dispatch("PutItem", ASKED)
    assert raised.value.response["Error"] == {"Code": code, "Message": "no"}
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_cancelled_transaction_names_its_reasons(line: Line) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "no"}]
    line.answers = [refused(400, "TransactionCanceledException", CancellationReasons=reasons)]
    with pytest.raises(ClientError) as raised:
        client().dispatch("TransactWriteItems", {"TransactItems": []})
    assert raised.value.response["CancellationReasons"] == reasons


def test_credentials_that_are_about_to_run_out_are_refreshed(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def keys(until: timedelta) -> dict[str, str]:
        asked.append(f"KEY{len(asked)}")
        until_told = (datetime.now().astimezone() + until).isoformat()
        return {"access_key": asked[-1], "secret_key": "s", "token": "tok", "expiry_time": until_told}

    soon, later = timedelta(seconds=30), timedelta(hours=1)
    credentials = RefreshableCredentials.create_from_metadata(keys(soon), lambda: keys(later), "test")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setattr(Session, "get_credentials", lambda self: credentials)
    store = client()
    line.answers = [told(200, b"{}"), told(200, b"{}")]
    store.dispatch("GetItem", ASKED)
    store.dispatch("GetItem", ASKED)
    assert ["Credential=KEY1/" in request.headers["authorization"] for request in line.sent] == [True, True]
    assert line.sent[0].headers["x-amz-security-token"] == "tok"


def test_without_credentials_nothing_is_sent(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setattr(Session, "get_credentials", lambda self: None)
    with pytest.raises(NoCredentialsError):
        client().dispatch("GetItem", ASKED)
    assert line.sent == []


def answering(answer: StoreAnswer | None, seen: list[AWSPreparedRequest]) -> Callable[..., StoreAnswer | None]:
    """A handler of botocore's `before-send`."""

    def handler(request: AWSPreparedRequest, **_: Any) -> StoreAnswer | None:
        seen.append(request)
        return answer

    return handler


def hooked(*handlers: tuple[str, Callable[..., Any]]) -> DynamoDB:
    """A client made after these handlers had been registered, as moto registers its own."""
    kept = list(BUILTIN_HANDLERS)
    BUILTIN_HANDLERS.extend(handlers)
    try:
        return client()
    finally:
        BUILTIN_HANDLERS[:] = kept


def test_who_hears_before_send_may_answer_in_the_place_of_the_store(line: Line) -> None:
    seen: list[AWSPreparedRequest] = []
    store = hooked(("before-send", answering(told(200, b'{"Item": {}}'), seen)))
    assert store.dispatch("GetItem", ASKED) == {"Item": {}}
    assert line.sent == []
    assert seen[0].headers["authorization"].startswith("AWS4-HMAC-SHA256"), "it is signed, as botocore's is"


def test_who_hears_before_send_may_only_listen_or_change_the_request(line: Line) -> None:
    def tagging(request: AWSPreparedRequest, event_name: str, **_: Any) -> None:
        request.headers["X-Tag"] = event_name

    store = hooked(("before-send.dynamodb", tagging), ("before-send.s3", answering(told(500, b""), [])))
    line.answers = [told(200, b"{}")]
    store.dispatch("GetItem", ASKED)
    assert line.sent[0].headers["X-Tag"] == "before-send.dynamodb.GetItem"


def test_each_attempt_is_heard_and_an_answer_of_a_handler_is_judged_as_the_stores(line: Line) -> None:
    seen: list[AWSPreparedRequest] = []
    store = hooked(("before-send", answering(refused(500, "InternalServerError"), seen)))
    with pytest.raises(ClientError):
        store.dispatch("GetItem", ASKED)
    assert (len(seen), line.sent) == (3, [])


def test_outside_a_deployed_function_no_request_reaches_aws(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    with pytest.raises(AwsRefused, match=r"dynamodb\.eu-west-1\.amazonaws\.com .*AWS_ENDPOINT_URL_DYNAMODB"):
        client().dispatch("GetItem", ASKED)
    assert line.sent == []
    line.answers = [told(200, b"{}")]
    allowed = DynamoDB(Sdk(calls_aws=True), connect_seconds=1, read_seconds=1, attempts=1, pool_size=1)
    assert allowed.dispatch("GetItem", ASKED) == {}


def test_outside_a_deployed_function_a_named_store_is_called(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000")
    line.answers = [told(200, b"{}")]
    assert client().dispatch("GetItem", ASKED) == {}


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("dynamodb.eu-west-1.amazonaws.com", "AWS_ENDPOINT_URL_DYNAMODB "),
        ("bucket.s3.eu-west-1.amazonaws.com", "AWS_ENDPOINT_URL_S3 "),
        ("s3.cn-north-1.amazonaws.com.cn", "AWS_ENDPOINT_URL_S3 "),
        ("dynamodb.eu-west-1.api.aws", "AWS_ENDPOINT_URL_DYNAMODB "),
        ("sts.amazonaws.com", "AWS_ENDPOINT_URL "),
        ("amazonaws.com", "AWS_ENDPOINT_URL "),
        ("127.0.0.1", None),
        ("store.test", None),
        ("notamazonaws.com", None),
        ("amazonaws.com.example.org", None),
        ("", None),
    ],
)
def test_a_host_of_aws_is_refused_by_name_and_no_other(host: str, variable: str | None) -> None:
    reason = refusal(host)
    assert (reason is None) == (variable is None)
    assert reason is None or (f"request to {host} " in reason and variable is not None and variable in reason)


def test_the_domains_of_aws_are_those_that_botocore_knows() -> None:
    partitions = create_loader().load_data("partitions")["partitions"]
    known = {part["outputs"][name] for part in partitions for name in ("dnsSuffix", "dualStackDnsSuffix")}
    assert set(AWS_DOMAINS) == known


def test_the_proxies_of_the_environment_hold(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "proxy:3128")
    assert client().connections.proxy == "http://proxy:3128"
    monkeypatch.setenv("NO_PROXY", ".amazonaws.com")
    assert client().connections.proxy is None


def test_the_ca_bundle_of_the_environment_holds(line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is the only one that is trusted; without it that of botocore is."""
    assert len(client().connections.tls.get_ca_certs()) > 50  # type: ignore[union-attr]  # AWS is called by TLS
    bundle = tmp_path / "ca.pem"
    bundle.write_text(ssl.DER_cert_to_PEM_cert(Sdk().tls.get_ca_certs(binary_form=True)[0]))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    assert len(client().connections.tls.get_ca_certs()) == 1  # type: ignore[union-attr]  # as above


def test_what_the_environment_does_not_say_a_profile_says(
    line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = tmp_path / "config"
    profile.write_text(
        "[default]\nregion = eu-north-1\nservices = own\naws_access_key_id = OFPROFILE\naws_secret_access_key = s\n"
        "[services own]\ndynamodb =\n  endpoint_url = http://127.0.0.1:4321\n"
    )
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    line.answers = [told(200, b"{}")]
    client().dispatch("GetItem", ASKED)
    assert line.sent[0].url == "http://127.0.0.1:4321/"
    assert "Credential=OFPROFILE/" in line.sent[0].headers["authorization"]
    assert "/eu-north-1/dynamodb/" in line.sent[0].headers["authorization"]

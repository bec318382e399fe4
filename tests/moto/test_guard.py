"""Nothing of a test reaches AWS: moto takes requests over by botocore's hook, and what it misses is refused."""

import socket
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest
import requests
from botocore import hooks
from botocore.exceptions import HTTPClientError
from botocore.handlers import BUILTIN_HANDLERS
from botocore.httpsession import URLLib3Session
from moto import mock_aws
from moto.core.models import botocore_stubber

from chalicelib import tables
from chalicelib.edge.serve import installed
from chalicelib.settings import Settings
from chalicelib.tables import media
from chalicelib.tables.connections import Connections
from chalicelib.tables.transport import AwsRefused, Sdk
from warmup.api import errors
from warmup.testing import MotoService, moto_service

DYNAMODB, BUCKET = "dynamodb.us-east-1.amazonaws.com", "warmup-media.s3.us-east-1.amazonaws.com"


class Left(BaseException):
    """A request would have left the machine: nothing catches this."""


@pytest.fixture(autouse=True)
def never_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens here, no connection is made."""

    def connect(_: socket.socket, address: Any) -> None:
        raise Left(address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's machine with live credentials, and tables bound to AWS's own hosts."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "live")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    tables.bind(Settings())


def without_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if requests went out past botocore's events."""
    monkeypatch.setattr(Sdk, "taken_over", lambda *_: None)


def test_with_the_hook_taken_away_the_newcomers_test_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    without_the_hook(monkeypatch)
    with pytest.raises(AwsRefused, match=f"{DYNAMODB}.*mock_aws.*AWS_ENDPOINT_URL_DYNAMODB"), moto_service():
        pass


def test_with_the_guard_of_the_service_taken_away_too_no_address_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is the guard of the process."""
    without_the_hook(monkeypatch)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "as if it were deployed")
    with pytest.raises(AwsRefused, match=f"{DYNAMODB} was refused"), moto_service():
        pass


@pytest.mark.usefixtures("live")
def test_the_usual_moto_test_is_caught_whole_whatever_credentials_there_are() -> None:
    with mock_aws():
        tables.create_all()
        boto3.client("s3").create_bucket(Bucket="warmup-media")
        assert tables.Account.exists()
        assert media.look("warmup-media", "nothing") is None
        assert len(boto3.client("dynamodb").list_tables()["TableNames"]) == len(tables.NAMES)


@pytest.mark.usefixtures("live")
def test_a_moto_that_came_too_late_is_named() -> None:
    """The service was imported before moto: its session does not know moto's handler."""
    without = [one for one in BUILTIN_HANDLERS if one[1] is not botocore_stubber]
    kept, BUILTIN_HANDLERS[:] = list(BUILTIN_HANDLERS), without
    try:
        tables.bind(Settings())
    finally:
        BUILTIN_HANDLERS[:] = kept
    with mock_aws(), pytest.raises(AwsRefused, match="import moto before the service"):
        tables.create_all()


@pytest.mark.usefixtures("live")
def test_without_moto_the_tables_are_not_made_on_a_real_account() -> None:
    with pytest.raises(AwsRefused, match=DYNAMODB):
        tables.create_all()


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    "act", [lambda: media.look("warmup-media", "a"), lambda: media.keep("warmup-media", "a")], ids=["look", "keep"]
)
def test_without_moto_the_bucket_is_not_asked(act: Callable[[], object]) -> None:
    with pytest.raises(AwsRefused, match=f"{BUCKET}.*AWS_ENDPOINT_URL_S3"):
        act()


def test_a_request_past_moto_is_answered_with_what_to_set(
    service: MotoService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:  # only meanwhile: the service removes its tables when it goes
        without_the_hook(patched)
        with pytest.raises(errors.InternalError, match="AWS_ENDPOINT_URL_DYNAMODB"):
            service.operator.accounts.get("nora-1")


@pytest.mark.parametrize(
    "ask",
    [
        lambda url: httpx.get(url, trust_env=False),
        lambda url: requests.get(url, timeout=1, proxies={"https": ""}),
        lambda url: boto3.client(
            "sts", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        ).get_caller_identity(),
    ],
    ids=["httpx", "requests", "boto3"],
)
def test_no_client_in_a_test_reaches_aws(ask: Callable[[str], object]) -> None:
    with pytest.raises((AwsRefused, HTTPClientError), match=r"amazonaws\.com was refused before it left"):
        ask(f"https://{BUCKET}/a?X-Amz-Signature=0")


def test_every_request_of_the_service_goes_through_the_hook(
    service: MotoService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB's and S3's: none is left for the connections."""

    def send(_: object, request: Any) -> None:
        raise Left(request.url)

    emitted: list[str] = []
    emit = hooks.HierarchicalEmitter.emit

    def noting(emitter: Any, event_name: str, **given: Any) -> Any:
        emitted.append(event_name)
        return emit(emitter, event_name, **given)

    monkeypatch.setattr(Connections, "send", send)
    monkeypatch.setattr(URLLib3Session, "send", send)
    monkeypatch.setattr(hooks.HierarchicalEmitter, "emit", noting)
    service.account("nora-2")
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-2")
    content = bot.phases.content("nora-2", "pfp").content
    assert content is not None
    assert content.content_id == "nora-pfp"
    assert media.look(installed.settings.media_bucket, "nothing") is None
    sent = {name for name in emitted if name.startswith("before-send.")}
    assert sent >= {f"before-send.dynamodb.{one}" for one in ("TransactWriteItems", "BatchGetItem", "Query")}
    assert "before-send.s3.HeadObject" in sent

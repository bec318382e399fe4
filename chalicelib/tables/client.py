"""The client of DynamoDB, and of nothing else: what PynamoDB asks of botocore's client, without that client.

DynamoDB speaks JSON, and what PynamoDB asks and expects is DynamoDB's JSON already. botocore's client would build its
model of the whole service before the first request, and walk every value of every answer along that model; here the
request is written, signed and sent, and the answer is read, no more. Retries follow the SDKs' standard mode: few
attempts, full jitter, the same bytes. See decisions 070 and 075.
"""

import json
import zlib
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import ChecksumError, ClientError, ConnectionError, HTTPClientError
from pynamodb.connection import Connection

from chalicelib.context import sources
from chalicelib.tables.connections import Request, StoreAnswer
from chalicelib.tables.transport import AwsRefused, Sdk, host_of, refusal

Document = dict[str, Any]

_TARGET = "DynamoDB_20120810"
_CONTENT_TYPE = "application/x-amz-json-1.0"
_FIRST_WAIT = 0.05
_NO_ANSWER = (HTTPClientError, ConnectionError, ChecksumError)
_AGAIN = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


class DynamoDB:
    """One client for all tables and threads: one pool of connections, one TLS context."""

    def __init__(self, sdk: Sdk, *, connect_seconds: float, read_seconds: float, attempts: int, pool_size: int) -> None:
        """`attempts` counts the first one."""
        self._sdk = sdk
        self._url = (sdk.named_endpoint("dynamodb") or f"https://{sdk.host('dynamodb')}") + "/"
        self._host, self._path = host_of(self._url), quote(urlsplit(self._url).path, safe="/~")
        self._refused = None if sdk.calls_aws else refusal(urlsplit(self._url).hostname or "")
        self._attempts = attempts
        self.connections = sdk.connections(
            self._url, connect_seconds=connect_seconds, read_seconds=read_seconds, size=pool_size
        )

    def dispatch(self, operation: str, asked: Document) -> Document:
        """The answer. Raises botocore's ClientError for a refusal, its HTTPClientError,
        ConnectionError or ChecksumError where there was no answer.
        """
        body = json.dumps(asked, separators=(",", ":")).encode()
        wait = _FIRST_WAIT
        for left in reversed(range(self._attempts)):
            try:
                return self._once(operation, body)
            except ClientError as error:
                code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
                if not left or (status < 500 and code not in _AGAIN):
                    raise
            except _NO_ANSWER:
                if not left:
                    raise
            sources.sleep(wait * int.from_bytes(sources.entropy(2), "big") / 65536)
            wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _once(self, operation: str, body: bytes) -> Document:
        answer = self._exchanged(operation, body)
        content: bytes = answer.content
        checksum = answer.headers.get("x-amz-crc32")
        if checksum is not None and int(checksum) != zlib.crc32(content):
            raise ChecksumError(
                checksum_type="crc32", expected_checksum=checksum, actual_checksum=str(zlib.crc32(content))
            )
        if answer.status_code == 200:
            document: Document = json.loads(content)
            return document
        raise ClientError(_refusal(answer.status_code, dict(answer.headers), content), operation)

    def _exchanged(self, operation: str, body: bytes) -> Any:
        """The answer of the store, or botocore's, of the handler that has taken the request over."""
        own = {"content-type": _CONTENT_TYPE, "x-amz-target": f"{_TARGET}.{operation}"}
        headers = self._sdk.signer("dynamodb").headers(self._host, self._path, own, body)
        request = Request(operation, self._url, headers, body)
        answer: StoreAnswer | None = self._sdk.taken_over(request)
        if answer is not None:
            return answer
        if self._refused is not None:
            raise AwsRefused(self._refused)
        return self.connections.send(request)


class DirectConnection(Connection):
    """PynamoDB's connection, over our client."""

    def __init__(self, client: DynamoDB) -> None:
        """All tables that share this connection share the client."""
        super().__init__()
        self.store = client

    def _make_api_call(self, operation_name: str, operation_kwargs: Document) -> Document:
        """What PynamoDB calls to send a request."""
        return self.store.dispatch(operation_name, operation_kwargs)


def _refusal(status: int, headers: Document, content: bytes) -> Any:
    """The parsed answer of a refusal, in botocore's form; what is not JSON comes from something before DynamoDB."""
    try:
        told = json.loads(content)
    except ValueError:
        told = {}
    code = str(told.get("__type") or status).rpartition("#")[2]
    message = told.get("message") or told.get("Message") or ""
    return {
        **told,
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }

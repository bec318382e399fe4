"""The way to DynamoDB, and to nothing else: what PynamoDB asks of botocore's client, without that client.

DynamoDB speaks JSON, and what PynamoDB asks and expects is DynamoDB's JSON already. botocore's client would build its
model of the whole service before the first request, and walk every value of every answer along that model; here the
request is written, signed by botocore's own signer and sent by botocore's own session, and the answer is read, no more.
Retries follow the SDKs' standard mode: few attempts, full jitter, the same bytes. See decision 070.
"""

import json
import socket
import zlib
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import EnvProvider
from botocore.exceptions import ChecksumError, ClientError, ConnectionError, HTTPClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from pynamodb.connection import Connection

from chalicelib.context import sources

Document = dict[str, Any]

_TARGET = "DynamoDB_20120810"
_CONTENT_TYPE = "application/x-amz-json-1.0"
_AT_ONCE = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each request waits 40 ms for an acknowledgement
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


class Sdk:
    """What every SDK finds out for itself, from the environment or a profile: region, credentials, endpoints."""

    def __init__(self) -> None:
        """Nothing is asked of anybody yet."""
        self._session = Session()
        self._found: Any = None
        self._named: dict[str, str | None] = {}
        self.region: str = self._session.get_config_variable("region") or "us-east-1"

    def credentials(self) -> Any:
        """The credentials of this moment; botocore keeps them, and refreshes them before they run out.

        A function has them in its environment: only where they are not, the whole chain of providers is made (two of
        which begin with a TLS context each).
        """
        if self._found is None:
            self._found = EnvProvider().load()
        found = self._found or self._session.get_credentials()
        if found is None:
            raise NoCredentialsError()
        return found.get_frozen_credentials()

    def named_endpoint(self, service: str) -> str | None:
        """The URL that the environment or the profile names for a service, None where it is AWS's own."""
        if service not in self._named:
            session = self._session
            found = ConfiguredEndpointProvider(session.full_config, session.get_scoped_config(), service).provide()
            self._named[service] = None if found is None else str(found).rstrip("/")
        return self._named[service]

    def host(self, service: str) -> str:
        """AWS's own host of a service in this region."""
        return f"{service}.{self.region}.amazonaws.com" + (".cn" if self.region.startswith("cn-") else "")


class DynamoDB:
    """One client for all tables and threads: one pool of connections, one TLS context."""

    def __init__(self, sdk: Sdk, *, connect_seconds: float, read_seconds: float, attempts: int, pool_size: int) -> None:
        """`attempts` counts the first one."""
        self._sdk = sdk
        self._url = (sdk.named_endpoint("dynamodb") or f"https://{sdk.host('dynamodb')}") + "/"
        self._attempts = attempts
        self._http = URLLib3Session(
            timeout=(connect_seconds, read_seconds), max_pool_connections=pool_size, socket_options=[_AT_ONCE]
        )

    def _make_api_call(self, operation: str, asked: Document) -> Document:
        """The answer. Raises botocore's ClientError for a refusal, its HTTPClientError,
        ConnectionError or ChecksumError where there was no answer.

        The name and the errors are those of botocore's client, in whose place PynamoDB calls this one.
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
        answer = self._http.send(self._signed(operation, body))
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

    def _signed(self, operation: str, body: bytes) -> AWSPreparedRequest:
        headers = {"Content-Type": _CONTENT_TYPE, "X-Amz-Target": f"{_TARGET}.{operation}"}
        request = AWSRequest("POST", self._url, headers, body)
        SigV4Auth(self._sdk.credentials(), "dynamodb", self._sdk.region).add_auth(request)
        return AWSPreparedRequest("POST", self._url, dict(request.headers.items()), body, False)


class DirectConnection(Connection):
    """PynamoDB's connection, over our client."""

    def __init__(self, client: DynamoDB) -> None:
        """All tables that share this connection share the client."""
        super().__init__()
        self._dynamodb = client

    @property
    def client(self) -> Any:
        """What PynamoDB calls to send a request."""
        return self._dynamodb


def _refusal(status: int, headers: Document, content: bytes) -> Any:
    """The parsed answer of a refusal, in botocore's form; what is no JSON comes from something before DynamoDB."""
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

"""The way to DynamoDB, and to nothing else: what PynamoDB asks of botocore's client, without that client.

DynamoDB speaks JSON, and what PynamoDB asks and expects is DynamoDB's JSON already. botocore's client would build its
model of the whole service before the first request, and walk every value of every answer along that model; here the
request is written, signed by botocore's own signer and sent by botocore's own session, and the answer is read, no more.
Retries follow the SDKs' standard mode: few attempts, full jitter, the same bytes. See decision 070.

Every request first emits botocore's event `before-send`, by which moto takes requests over. Outside a deployed function
none reaches AWS's own hosts: a developer's machine has live credentials.
"""

import json
import os
import socket
import zlib
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import EnvProvider
from botocore.exceptions import ChecksumError, ClientError, ConnectionError, HTTPClientError, NoCredentialsError
from botocore.hooks import first_non_none_response
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import get_environ_proxies
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
AWS_DOMAINS = (
    *("amazonaws.com", "api.aws"),
    *("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    *("amazonaws.eu", "api.amazonwebservices.eu"),
    *("c2s.ic.gov", "api.aws.ic.gov"),
    *("sc2s.sgov.gov", "api.aws.scloud"),
    *("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    *("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
)
"""The domains of AWS's own hosts in all partitions, first the usual and then the dual-stack one."""


class AwsRefused(Exception):
    """A request to AWS's own host, refused before it left this machine; the message says what to set."""


def refusal(host: str) -> str | None:
    """Why no request to this host may leave, as a sentence for a developer; None where it is not one of AWS's own."""
    if not any(host == domain or host.endswith(f".{domain}") for domain in AWS_DOMAINS):
        return None
    service = next((name for name in ("dynamodb", "s3") if name in host.split(".")), None)
    variable = "AWS_ENDPOINT_URL" + (f"_{service.upper()}" if service else "")
    return (
        f"A request to {host} was refused before it left: only a deployed function calls AWS. In a test use moto's "
        "mock_aws (import moto before the service, or take warmup.testing.moto_service); otherwise set "
        f"{variable} to a local store, as `make local` and `warmup dev` do."
    )


@lru_cache(maxsize=64)
def _refusal_of(url: str) -> str | None:
    return refusal(urlsplit(url).hostname or "")


class Guard:
    """Stands before the connections of a process that is not a deployed function. Raises AwsRefused."""

    def __init__(self, http: URLLib3Session) -> None:
        """`http` sends what is not refused."""
        self._http = http

    def send(self, request: AWSPreparedRequest) -> Any:
        """Sends the request, unless it goes to AWS's own host."""
        refused = _refusal_of(request.url)
        if refused is not None:
            raise AwsRefused(refused)
        return self._http.send(request)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


class Sdk:
    """What every SDK finds out for itself, from the environment or a profile: region, credentials, endpoints, proxies.

    `calls_aws` says whether requests may reach AWS's own hosts; None: only where Lambda runs this process.
    """

    def __init__(self, *, calls_aws: bool | None = None) -> None:
        """Nothing is asked of anybody yet."""
        self._calls_aws = "AWS_LAMBDA_FUNCTION_NAME" in os.environ if calls_aws is None else calls_aws
        self._session = Session()
        self._events = self._session.get_component("event_emitter")
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

    def taken_over(self, service: str, operation: str, request: AWSPreparedRequest) -> Any:
        """The answer of whoever takes the request over by botocore's event `before-send`, None where nobody does.

        As in botocore's client, a handler may change the request, too, or raise.
        """
        return first_non_none_response(self._events.emit(f"before-send.{service}.{operation}", request=request))

    def connections(self, url: str, **options: Any) -> Any:
        """botocore's own session of connections to that URL, by the proxies and the CA bundle of the environment."""
        verify = self._session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True
        return self._guarded(URLLib3Session(verify=verify, proxies=get_environ_proxies(url), **options))

    def client(self, service: str, config: Any = None) -> Any:
        """botocore's own client of a service, with the events of this session, and guarded as everything is."""
        client = self._session.create_client(service, region_name=self.region, config=config)
        endpoint = client._endpoint
        endpoint.http_session = self._guarded(endpoint.http_session)
        return client

    def _guarded(self, http: URLLib3Session) -> Any:
        return http if self._calls_aws else Guard(http)


class DynamoDB:
    """One client for all tables and threads: one pool of connections, one TLS context."""

    def __init__(self, sdk: Sdk, *, connect_seconds: float, read_seconds: float, attempts: int, pool_size: int) -> None:
        """`attempts` counts the first one."""
        self._sdk = sdk
        self._url = (sdk.named_endpoint("dynamodb") or f"https://{sdk.host('dynamodb')}") + "/"
        self._attempts = attempts
        self._http = sdk.connections(
            self._url,
            timeout=(connect_seconds, read_seconds),
            max_pool_connections=pool_size,
            socket_options=[_AT_ONCE],
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
        request = self._signed(operation, body)
        answer = self._sdk.taken_over("dynamodb", operation, request)
        if answer is None:
            answer = self._http.send(request)
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

"""What this process may call, and by which way: region, credentials, endpoints, proxies, and the guard before AWS.

Every request to DynamoDB first emits botocore's event `before-send`, by which moto takes requests over. Outside a
deployed function none reaches AWS's own hosts: a developer's machine has live credentials. See decisions 070 and 075.
"""

import os
import ssl
import sys
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore
from botocore.exceptions import NoCredentialsError

from chalicelib.context import sources
from chalicelib.tables.connections import Connections, Request
from chalicelib.tables.signatures import Credentials, Signer

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
    """Stands before botocore's connections in a process that is not a deployed function. Raises AwsRefused."""

    def __init__(self, http: Any) -> None:
        """`http`, a session of botocore's, sends what is not refused."""
        self._http = http

    def send(self, request: Any) -> Any:
        """Sends the request, unless it goes to AWS's own host."""
        refused = _refusal_of(request.url)
        if refused is not None:
            raise AwsRefused(refused)
        return self._http.send(request)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


class _Found(NamedTuple):
    access_key: str
    secret_key: str
    token: str | None


class Sdk:
    """What every SDK finds out for itself, from the environment or a profile: region, credentials, endpoints, proxies.

    botocore is asked for what the environment does not say, and only then imported. `calls_aws` says whether requests
    may reach AWS's own hosts; None: only where Lambda runs this process.
    """

    def __init__(self, *, calls_aws: bool | None = None) -> None:
        """Nothing is asked of anybody yet."""
        self.calls_aws = "AWS_LAMBDA_FUNCTION_NAME" in os.environ if calls_aws is None else calls_aws
        self._found: Credentials | None = None
        self._named: dict[str, str | None] = {}
        self._heard = self._session.get_component("event_emitter") if _is_heard() else None
        told = os.environ.get("AWS_DEFAULT_REGION")
        if told is None and _has_profile():
            told = self._session.get_config_variable("region")
        self.region: str = told or "us-east-1"

    @cached_property
    def _session(self) -> Any:
        from botocore.session import Session  # noqa: PLC0415  # a function's environment says all that it needs

        return Session()

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The one TLS context; it trusts whom botocore trusts, or the bundle that the environment names."""
        named = os.environ.get("AWS_CA_BUNDLE")
        if named is None and _has_profile():
            named = self._session.get_config_variable("ca_bundle")
        bundle = named or os.environ.get("REQUESTS_CA_BUNDLE") or Path(botocore.__file__).with_name("cacert.pem")
        return ssl.create_default_context(cafile=bundle)

    def credentials(self) -> Credentials:
        """The credentials of this moment; botocore keeps those that are not in the environment, and refreshes them
        before they run out."""
        if self._found is None:
            self._found = _of_environment()
        if self._found is not None:
            return self._found
        kept = self._session.get_credentials()
        if kept is None:
            raise NoCredentialsError()
        current: Credentials = kept.get_frozen_credentials()
        return current

    def signer(self, service: str) -> Signer:
        """What signs a request of this moment to a service."""
        return Signer(self.credentials(), self.region, service, sources.stamp())

    def named_endpoint(self, service: str) -> str | None:
        """The URL that the environment or the profile names for a service, None where it is AWS's own."""
        if service not in self._named:
            found = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
            if found is None and _has_profile():
                found = self._endpoint_of_profile(service)
            self._named[service] = None if found is None else found.rstrip("/")
        return self._named[service]

    def _endpoint_of_profile(self, service: str) -> str | None:
        from botocore.configprovider import ConfiguredEndpointProvider  # noqa: PLC0415  # as above

        session = self._session
        found = ConfiguredEndpointProvider(session.full_config, session.get_scoped_config(), service).provide()
        return None if found is None else str(found)

    def host(self, service: str) -> str:
        """AWS's own host of a service in this region."""
        return f"{service}.{self.region}.amazonaws.com" + (".cn" if self.region.startswith("cn-") else "")

    def taken_over(self, request: Request) -> Any:
        """The answer of the handler that takes the request over by botocore's event `before-send`, None where nobody
        does.

        As in botocore's client, a handler may change the request, too, or raise.
        """
        if self._heard is None:
            return None
        from botocore.awsrequest import AWSPreparedRequest  # noqa: PLC0415  # who listens has imported it already
        from botocore.compat import HTTPHeaders  # noqa: PLC0415  # as above
        from botocore.hooks import first_non_none_response  # noqa: PLC0415  # as above

        prepared = AWSPreparedRequest("POST", request.url, HTTPHeaders.from_dict(request.headers), request.body, False)
        heard = self._heard.emit(f"before-send.dynamodb.{request.operation}", request=prepared)
        request.headers, request.body = dict(prepared.headers.items()), prepared.body
        return first_non_none_response(heard)

    def connections(self, url: str, *, connect_seconds: float, read_seconds: float, size: int) -> Connections:
        """Connections to that URL, by the proxies and the CA bundle of the environment."""
        return Connections(
            url,
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
            size=size,
            proxy=_proxy(url),
            tls=self.tls if url.startswith("https:") else None,
        )

    def client(self, service: str, config: Any = None) -> Any:
        """botocore's own client of a service, with the events of this session, and guarded as everything is."""
        client = self._session.create_client(service, region_name=self.region, config=config)
        endpoint = client._endpoint
        if not self.calls_aws:
            endpoint.http_session = Guard(endpoint.http_session)
        return client


def _of_environment() -> Credentials | None:
    """The credentials that a function finds in its environment; those that run out are botocore's to refresh."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret or "AWS_CREDENTIAL_EXPIRATION" in os.environ:
        return None
    return _Found(key, secret, os.environ.get("AWS_SECURITY_TOKEN") or os.environ.get("AWS_SESSION_TOKEN"))


def _has_profile() -> bool:
    """Whether there is a file in which a profile may say something."""
    files = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
    return any(Path(os.environ.get(variable, usual)).expanduser().exists() for variable, usual in files)


def _is_heard() -> bool:
    """Whether somebody, as moto does, has asked botocore for `before-send` in every session."""
    handlers = sys.modules.get("botocore.handlers")
    return handlers is not None and any(name.startswith("before-send") for name, *_ in handlers.BUILTIN_HANDLERS)


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for a URL."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  # a function has none

    parts = urlsplit(url)
    named = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return named if named is None or "://" in named else f"http://{named}"


def host_of(url: str) -> str:
    """The host of a URL as a request names it: without the port that is usual."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.netloc.rpartition(":")[0] if parts.port is not None and parts.port == usual else parts.netloc

"""The service in your test's process, on moto: `moto_service`.

    @pytest.fixture
    def service() -> Iterator[MotoService]:
        with moto_service() as service:
            yield service

One at a time in a process: the service's tables and its clock are the process's own.
"""

import warmup.sandbox  # noqa: F401  # first of all: where the extra is missing, it says how to install it

# isort: split
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import requests
from chalice.test import Client as ChaliceClient
from moto import mock_aws

from warmup.client import Client
from warmup.sandbox import stock
from warmup.sandbox.clock import Clock
from warmup.sandbox.guard import aws_refused
from warmup.sandbox.schedules import Timers, discover
from warmup.sandbox.service import new_operator_key, running
from warmup.sandbox.stores import Store

__all__ = ["MotoService", "aws_refused", "moto_service"]

_HOST = "service.test"


class MotoService:
    """The service. Its time stands unless it is moved.

    `operator` may do everything; `client` is Chalice's own test client, through which all requests go.
    """

    def __init__(self, client: ChaliceClient, operator_key: str, clock: Clock, timers: Timers) -> None:
        self.client, self.operator_key = client, operator_key
        self._clock, self._timers = clock, timers
        self.operator = self.caller(operator_key)

    def caller(self, key: str, session_id: str | None = None) -> Client:
        """Make a client that sends this key, and the session if there is one, with each request."""
        return Client(f"http://{_HOST}", key, transport=_InProcess(self.client, session_id))

    def bot(self, bot_id: str) -> Client:
        """Make a bot and open a session of it; return a client that sends the key and the session."""
        key = stock.bot_key(self.operator, bot_id)
        return self.caller(key, self.caller(key).sessions.create().session_id)

    def stock(self) -> None:
        """Make the model `nora` with a picture and a text for each category that the standard plan asks for."""
        stock.stock(self.operator)

    def account(self, account_id: str) -> None:
        """Make an account of the model `nora` that is ready to be warmed up."""
        stock.account(self.operator, account_id)

    def advance(self, **duration: float) -> dict[str, Any]:
        """Let time pass, by a timedelta's arguments, and run the timers once; return what each of them did."""
        self._clock.advance(timedelta(**duration))
        return self._timers.run_all()


@contextmanager
def moto_service() -> Iterator[MotoService]:
    """Run the service on moto's DynamoDB and S3, empty, in this process, and refuse every request to AWS itself.

    What is set in the environment, an endpoint or credentials, does not matter meanwhile.
    """
    with ExitStack() as stack:
        stack.enter_context(mock_aws())
        clock, key = Clock(speed=0.0), new_operator_key()
        service = stack.enter_context(running(_Moto("moto, in this process", "", ""), clock, key, None))
        client = stack.enter_context(ChaliceClient(service.app))
        yield MotoService(client, key, clock, Timers(discover(service.app), clock))


@dataclass(frozen=True, slots=True)
class _Moto(Store):
    """No endpoint is named: moto takes over what goes to AWS's own hosts."""

    def environ(self) -> dict[str, str]:
        return {"AWS_DEFAULT_REGION": "us-east-1"}


class _InProcess(httpx.BaseTransport):
    """Hands requests to Chalice's test client, and what goes elsewhere (signed URLs) to `requests`, as moto can."""

    def __init__(self, client: ChaliceClient, session_id: str | None) -> None:
        self._client = client
        self._session = {} if session_id is None else {"bot-session": session_id}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body, headers = request.read(), dict(request.headers)
        if request.url.host == _HOST:
            path = request.url.raw_path.decode()
            answer = self._client.http.request(request.method, path, headers=self._session | headers, body=body)
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.body)
        done = requests.request(request.method, str(request.url), headers=headers, data=body, timeout=20)
        return httpx.Response(done.status_code, content=done.content)

"""The pool of connections, on servers that behave and others that do not."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from unittest import mock

import pytest
from botocore import auth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.tables.connections import Connections, Request, StoreAnswer
from tests.agency import Agency

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amz-Crc32: 1\r\n\r\n{}"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Plan = list[bytes | Callable[[], bytes]]


class Peer:
    """A server: each connection is answered by the planned answers in turn, and closed when there are no more."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.plans: list[Plan] = []
        self.heard: list[bytes] = []
        self.accepted = 0
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Serves no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                opened, _ = self._socket.accept()
                self.accepted += 1
                threading.Thread(target=self._answer, args=(opened, self.plans.pop(0)), daemon=True).start()

    def _answer(self, opened: socket.socket, plan: Plan) -> None:
        with suppress(OSError), opened:
            if self._tls is not None:
                opened = self._tls.wrap_socket(opened, server_side=True)
            for answer in plan:
                self.heard.append(_request(opened))
                opened.sendall(answer if isinstance(answer, bytes) else answer())
            opened.close()


def _request(opened: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        found += opened.recv(65536) or b"\r\n\r\n"
    head, _, body = found.partition(b"\r\n\r\n")
    length = next((int(one.split(b":")[1]) for one in head.split(b"\r\n") if one.startswith(b"content-length")), 0)
    while len(body) < length:
        body += opened.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A server."""
    peer = Peer()
    yield peer
    peer.close()


def pool(peer: Peer, scheme: str = "http", *, size: int = 2, **more: object) -> Connections:
    """Connections to it."""
    url = f"{scheme}://127.0.0.1:{peer.port}/"
    return Connections(url, connect_seconds=1, read_seconds=0.3, size=size, **more)  # type: ignore[arg-type]  # proxy, tls


def ask(connections: Connections, body: bytes = b"{}") -> StoreAnswer:
    """The answer to one request."""
    return connections.send(Request("GetItem", "", {"host": "store", "x-amz-target": "T.GetItem"}, body))


def test_a_connection_is_kept_for_the_next_request(peer: Peer) -> None:
    peer.plans = [[OK, OK]]
    connections = pool(peer)
    assert ask(connections, b"first") == StoreAnswer(200, {"content-length": "2", "x-amz-crc32": "1"}, b"{}")
    ask(connections, b"second")
    assert peer.accepted == 1
    head, _, body = peer.heard[1].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST / HTTP/1.1",
        b"accept-encoding: identity",
        b"host: store",
        b"x-amz-target: T.GetItem",
        b"content-length: 6",
    ]
    assert body == b"second"


@pytest.mark.parametrize(
    ("told", "content"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nTrailer: 1\r\n\r\n",
            b"abc",
        ),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 500 \r\ncontent-length: 3\r\n\r\nabc", b"abc"),
    ],
    ids=["chunked", "1.0 that stays", "no reason"],
)
def test_after_an_answer_that_ends_by_itself_the_connection_is_kept(peer: Peer, told: bytes, content: bytes) -> None:
    peer.plans = [[told, OK]]
    connections = pool(peer)
    assert ask(connections).content == content
    assert ask(connections).content == b"{}"
    assert peer.accepted == 1


@pytest.mark.parametrize(
    "told",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n\r\nabc",
    ],
    ids=["close", "1.0", "until the end"],
)
def test_after_an_answer_that_ends_the_connection_another_one_is_made(peer: Peer, told: bytes) -> None:
    peer.plans = [[told], [OK]]
    connections = pool(peer)
    assert ask(connections).content == b"abc"
    assert ask(connections).content == b"{}"
    assert peer.accepted == 2


def test_a_connection_that_was_closed_meanwhile_is_not_used(peer: Peer) -> None:
    peer.plans = [[OK], [OK]]
    connections = pool(peer)
    ask(connections)
    for _ in range(200):
        if not connections._idle[0].is_quiet():
            break
        threading.Event().wait(0.01)
    assert ask(connections).status_code == 200, "without an attempt being lost"
    assert peer.accepted == 2


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        CHUNKED + b"5\r\nab",
        CHUNKED + b"no number\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
    ],
)
def test_an_answer_that_is_cut_or_none_is_one_that_was_lost(peer: Peer, told: bytes) -> None:
    peer.plans = [[told], [OK]]
    connections = pool(peer)
    with pytest.raises(ConnectionClosedError):
        ask(connections)
    assert ask(connections).status_code == 200, "on another connection"


def test_an_answer_that_does_not_come_in_time_is_a_time_out_and_is_never_taken_for_the_next_one(peer: Peer) -> None:
    late = threading.Event()

    def answer() -> bytes:
        late.wait(5)
        return OK.replace(b"{}", b"[]")

    peer.plans = [[answer], [OK]]
    connections = pool(peer)
    with pytest.raises(ReadTimeoutError):
        ask(connections)
    late.set()
    assert ask(connections).content == b"{}"


def test_nobody_there_is_a_connection_that_was_not_made() -> None:
    peer = Peer()
    peer.close()
    with pytest.raises(EndpointConnectionError):
        ask(pool(peer))
    with pytest.raises(ProxyConnectionError):
        ask(pool(peer, proxy=f"http://user:secret@127.0.0.1:{peer.port}"))


def test_a_host_that_does_not_answer_is_a_time_out_of_the_connection(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ConnectTimeoutError):
        ask(pool(peer))


def test_more_threads_than_the_pool_is_large_share_no_connection(peer: Peer) -> None:
    together = threading.Barrier(4)

    def answer() -> bytes:
        together.wait(5)
        return OK

    peer.plans = [[answer] for _ in range(4)]
    connections = pool(peer, size=1)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda number: ask(connections, str(number).encode()), range(4)))
    assert {one.status_code for one in answers} == {200}
    assert (peer.accepted, len(connections._idle)) == (4, 1)


# TLS and proxies


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key and the certificate of 127.0.0.1."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(secret + made.public_bytes(pem))
    return file


@pytest.fixture
def behind_tls(certificate: Path) -> Iterator[Peer]:
    """A server that speaks TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    peer = Peer(context)
    yield peer
    peer.close()


def test_tls_is_spoken_with_whom_the_bundle_names_and_the_connection_is_kept(
    behind_tls: Peer, certificate: Path
) -> None:
    behind_tls.plans = [[OK, OK, OK]]
    connections = pool(behind_tls, "https", tls=ssl.create_default_context(cafile=certificate))
    assert [ask(connections).status_code for _ in range(3)] == [200] * 3
    assert behind_tls.accepted == 1


def test_with_nobody_else_tls_is_spoken(behind_tls: Peer) -> None:
    behind_tls.plans = [[OK]]
    with pytest.raises(SSLError, match="certificate verify failed"):
        ask(pool(behind_tls, "https", tls=ssl.create_default_context()))
    assert behind_tls.heard == []


def test_a_proxy_is_asked_for_the_whole_url_and_told_who_asks(peer: Peer) -> None:
    peer.plans = [[OK]]
    url = "http://store.test:8000/"
    proxy = f"http://user:p%40ss@127.0.0.1:{peer.port}"
    connections = Connections(url, connect_seconds=1, read_seconds=1, size=1, proxy=proxy)
    assert ask(connections).status_code == 200
    assert peer.heard[0].startswith(b"POST http://store.test:8000/ HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic dXNlcjpwQHNz\r\n" in peer.heard[0]


def test_tls_goes_through_a_proxys_tunnel(behind_tls: Peer, certificate: Path) -> None:
    behind_tls.plans = [[OK]]
    tunnel = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def carry() -> None:
        here, _ = tunnel.accept()
        asked.append(_request(here))
        here.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        there = socket.create_connection(("127.0.0.1", behind_tls.port))
        threading.Thread(target=_pour, args=(there, here), daemon=True).start()
        _pour(here, there)

    threading.Thread(target=carry, daemon=True).start()
    proxy = f"http://user:pass@127.0.0.1:{tunnel.getsockname()[1]}"
    connections = pool(behind_tls, "https", proxy=proxy, tls=ssl.create_default_context(cafile=certificate))
    assert ask(connections).status_code == 200
    assert asked[0].startswith(f"CONNECT 127.0.0.1:{behind_tls.port} HTTP/1.".encode())
    assert b"proxy-authorization: Basic dXNlcjpwYXNz" in asked[0]
    assert b"proxy-authorization" not in behind_tls.heard[0], "the host is not told what the proxy is"
    tunnel.close()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


# what goes over it


def test_what_a_job_asks_of_the_store_is_signed_as_botocore_signs_it(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Request] = []
    send = Connections.send

    def keeping(connections: Connections, request: Request) -> StoreAnswer:
        sent.append(request)
        return send(connections, request)

    monkeypatch.setattr(Connections, "send", keeping)
    worker = agency.warmed_to("pfp")
    worker.complete("pfp", worker.take()).ok()
    assert len({request.operation for request in sent}) >= 3
    for request in sent:
        own = {name: request.headers[name] for name in ("content-type", "x-amz-target")}
        theirs = AWSRequest("POST", request.url, own, request.body)
        at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007  # as botocore's is
        with mock.patch.object(auth, "get_current_datetime", lambda at=at: at):
            SigV4Auth(Credentials("test", "test"), "dynamodb", "us-east-1").add_auth(theirs)
        assert theirs.headers["Authorization"] == request.headers["authorization"], json.loads(request.body)

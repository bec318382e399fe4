"""The sandbox's server and gateway, on a toy app, over real sockets."""

import http.client
import json
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chalice.app import Chalice, Response

from warmup.sandbox.answers import Answer, HttpRequest
from warmup.sandbox.gateway import Gateway, Routes
from warmup.sandbox.server import MAX_BODY, Server


def toy() -> Chalice:
    """An app that says what it was asked."""
    app = Chalice("toy", configure_logs=False)

    @app.route("/things/{thing}")
    def show(thing: str) -> Response:
        assert app.current_request is not None
        query = app.current_request.to_original_event()["multiValueQueryStringParameters"]
        return Response({"thing": thing, "query": query}, headers={"X-Request-Id": "r1"})

    @app.route("/things", methods=["POST"], content_types=["*/*"])
    def make() -> Response:
        request = app.current_request
        assert request is not None
        raw = request.raw_body
        size = len(raw if isinstance(raw, bytes) else raw.encode())
        return Response({"bytes": size, "type": request.headers.get("CONTENT-type")}, status_code=201)

    @app.route("/slow/{name}")
    def slow(name: str) -> dict[str, Any]:
        time.sleep(0.02)
        assert app.current_request is not None
        assert app.current_request.uri_params is not None
        return {"asked": name, "seen": app.current_request.uri_params["name"]}

    @app.route("/unserialisable")
    def unserialisable() -> Response:
        return Response(b"bytes where Lambda wants text", headers={"Content-Type": "text/plain"})

    return app


def unknown_route(
    headers: Mapping[str, str], method: str, path: str, allowed: list[str]
) -> tuple[int, dict[str, str], bytes]:
    """As the service does it."""
    status, code = (405, "method_not_allowed") if allowed else (404, "route_not_found")
    problem = {"status": status, "code": code, "path": path, "agent": headers.get("user-agent")}
    allow = {"Allow": ", ".join(allowed)} if allowed else {}
    return status, {"Content-Type": "application/problem+json"} | allow, json.dumps(problem).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server("127.0.0.1", 0, Gateway(toy(), unknown_route).handle, ["elsewhere", "x"])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    yield connection
    connection.close()


def ask(
    connection: http.client.HTTPConnection, method: str, target: str, **more: Any
) -> tuple[http.client.HTTPResponse, Any]:
    """One request, and its answer with the body parsed."""
    connection.request(method, target, **more)
    response = connection.getresponse()
    body = response.read()
    return response, json.loads(body) if body else None


def say(server: Server, raw: bytes) -> bytes:
    """Raw bytes in, everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as wire:
        wire.sendall(raw)
        wire.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: wire.recv(65536), b""))


def test_a_connection_serves_many_requests(connection: http.client.HTTPConnection) -> None:
    wires = []
    for _ in range(3):
        response, body = ask(connection, "GET", "/things/a")
        wires.append(connection.sock)
        assert (response.status, body["thing"]) == (200, "a")
        assert response.headers["X-Request-Id"] == "r1"
    assert wires[0] is wires[1] is wires[2]


@pytest.mark.parametrize(
    ("target", "thing", "query"),
    [
        ("/things/a%2Fb", "a%2Fb", None),  # undecoded, as on AWS
        ("/things/%C3%A9", "%C3%A9", None),
        ("/things/a/", "a", None),  # one slash at the end makes no difference
        ("/things/a?x=1&x=2&y=", "a", {"x": ["1", "2"], "y": [""]}),
        ("/things/a?q=%C3%A9+b", "a", {"q": ["é b"]}),
        ("http://elsewhere/things/a?x=1", "a", {"x": ["1"]}),
    ],
)
def test_the_app_sees_the_path_as_it_was_sent(
    connection: http.client.HTTPConnection, target: str, thing: str, query: object
) -> None:
    response, body = ask(connection, "GET", target)
    assert (response.status, body) == (200, {"thing": thing, "query": query})


@pytest.mark.parametrize("target", ["/", "/nothing", "/things/a/b", "/things//"])
def test_an_unknown_path_is_a_problem(connection: http.client.HTTPConnection, target: str) -> None:
    response, body = ask(connection, "GET", target, headers={"User-Agent": "me"})
    assert (response.status, body["code"], body["agent"]) == (404, "route_not_found", "me")
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "BREW"])
def test_a_wrong_method_is_told_the_right_ones(connection: http.client.HTTPConnection, method: str) -> None:
    response, body = ask(connection, method, "/things")
    assert (response.status, body["code"], response.headers["Allow"]) == (405, "method_not_allowed", "POST")


def test_head_is_answered_without_a_body(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "HEAD", "/things/a")[0].status == 405  # GET may take work, so HEAD is not GET
    assert ask(connection, "GET", "/things/a")[0].status == 200  # and the connection is still in step


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b"x" * 300_000])
def test_a_body_arrives_whole(connection: http.client.HTTPConnection, body: bytes) -> None:
    response, answer = ask(connection, "POST", "/things", body=body, headers={"Content-Type": "text/csv"})
    assert (response.status, answer) == (201, {"bytes": len(body), "type": "text/csv"})


def test_a_chunked_body_arrives_whole(connection: http.client.HTTPConnection) -> None:
    _, answer = ask(connection, "POST", "/things", body=iter([b"abc", b"de"]), encode_chunked=True)
    assert answer["bytes"] == 5
    assert ask(connection, "GET", "/things/a")[0].status == 200


def test_a_body_beyond_the_cap_is_cut_and_the_connection_closed(
    connection: http.client.HTTPConnection,
) -> None:
    response, answer = ask(connection, "POST", "/things", body=b"x" * (MAX_BODY + 5))
    assert answer["bytes"] == MAX_BODY
    assert response.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: x\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 5\r\n",  # more than comes
        b"Content-Length: 1\r\nContent-Length: 2\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked\r\n",  # no chunk follows
    ],
)
def test_a_body_without_a_clear_end_is_refused(server: Server, headers: bytes) -> None:
    answer = say(server, b"POST /things HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "malformed_request"' in answer
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    "raw", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_request_gets_a_problem(server: Server, raw: bytes) -> None:
    answer = say(server, raw)
    assert b'"code": "malformed_request"' in answer
    assert b"<html" not in answer.lower()


def test_what_lambda_could_not_serialise_is_a_defect_here_too(connection: http.client.HTTPConnection) -> None:
    response, body = ask(connection, "GET", "/unserialisable")
    assert (response.status, body["code"]) == (500, "internal_error")


def test_a_defect_is_answered_without_its_trace() -> None:
    def broken(request: HttpRequest) -> Answer:
        raise ZeroDivisionError("a secret of ours")

    server = Server("127.0.0.1", 0, broken, ["x"])
    server.start()
    try:
        answer = say(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    finally:
        server.stop()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b'"code": "internal_error"' in answer
    assert b"secret" not in answer


def test_every_thread_has_its_own_current_request(server: Server) -> None:
    def visit(number: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        try:
            _, body = ask(connection, "GET", f"/slow/{number}")
        finally:
            connection.close()
        return bool(body["asked"] == body["seen"] == str(number))

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(visit, range(64)))


def test_a_stopped_server_lets_its_port_go() -> None:
    server = Server("127.0.0.1", 0, Gateway(toy(), unknown_route).handle)
    server.start()
    port = server.server_port
    server.stop()
    again = Server("127.0.0.1", port, Gateway(toy(), unknown_route).handle)
    again.server_close()


def test_a_concrete_path_wins_over_a_parameter() -> None:
    routes = Routes(["/accounts/{account_id}", "/accounts/import", "/accounts"])
    assert routes.find("/accounts/import") == ("/accounts/import", {})
    assert routes.find("/accounts/a.b") == ("/accounts/{account_id}", {"account_id": "a.b"})
    assert routes.find("/accounts/") == ("/accounts", {})
    assert routes.find("/accounts/a/b") is None

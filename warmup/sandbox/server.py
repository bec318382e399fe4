"""The sandbox's HTTP/1.1 server: one thread a connection, kept alive, and only well-framed requests."""

import errno
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

from warmup.sandbox.answers import Answer, HttpRequest, problem
from warmup.sandbox.doors import Doors

logger = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
"""Bytes of a body that are read; of a longer one the app, which refuses far smaller ones, sees the start."""

_DRAINED = 16 * MAX_BODY


class BadFraming(Exception):
    """The end of a request is not known; the message says why."""


class PortInUse(Exception):
    """Nothing can listen there, most often because somebody does already; the message says what to do."""


def refused_port(host: str, port: int, error: OSError) -> Exception:
    """Say why nothing can listen there, and what to do."""
    match error.errno:
        case errno.EADDRINUSE:
            return PortInUse(f"port {port} is in use: stop what listens there, or take another by --port")
        case errno.EACCES:
            return PortInUse(f"port {port} may not be listened on by this user: take another by --port, above 1023")
        case _:
            return PortInUse(f"{host} is not an address of this machine ({error}): take another by --host")


class Server(ThreadingHTTPServer):
    """Serves `answer` on host and port (0: any free one) from `start` to `stop`, to its own names. Raises PortInUse."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, host: str, port: int, answer: Callable[[HttpRequest], Answer], names: Sequence[str] = ()
    ) -> None:
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise refused_port(host, port, error) from error
        doors = Doors(host, names)
        self.answer: Callable[[HttpRequest], Answer] = lambda request: doors.refusal(request) or answer(request)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="server", daemon=True)

    @property
    def url(self) -> str:
        """Return its URL."""
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def start(self) -> None:
        """Begin to serve, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Accepts nothing more; requests under way end with their threads."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a broken connection, which is the client's affair; anything else is a defect of ours."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            logger.exception("The connection from %s broke the server.", client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in as few packets as it can
    timeout = 65.0

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method goes the same way: `do_GET`, `do_BREW`."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        try:
            body, whole = self._read_body()
        except BadFraming as error:
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
            return
        target = urlsplit(self.path) if not self.path.startswith("/") else None
        path, _, query = self.path.partition("?") if target is None else (target.path or "/", "", target.query)
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        request = HttpRequest(self.command, path, query, headers, body, self.client_address[0])
        self.close_connection = self.close_connection or not whole
        self._send(self._answered(request))
        if not whole:
            self._drain()

    def _answered(self, request: HttpRequest) -> Answer:
        try:
            return cast("Server", self.server).answer(request)
        except Exception:
            logger.exception("%s %s broke.", request.method, request.path)
            return problem(500, "internal_error", "A defect; the log has the details.")

    def _read_body(self) -> tuple[bytes, bool]:
        """Return the body, and whether that is all of it. Raises BadFraming."""
        lengths = set(self.headers.get_all("Content-Length") or [])
        encoding = self.headers.get("Transfer-Encoding")
        if encoding is not None:
            if lengths:
                raise BadFraming("Content-Length and Transfer-Encoding exclude each other")
            if encoding.strip().lower() != "chunked":
                raise BadFraming(f"the transfer encoding {encoding!r} is not known")
            return self._read_chunks()
        if not lengths:
            return b"", True
        text = lengths.pop().strip()
        if lengths or not (text.isascii() and text.isdigit() and len(text) < 16):
            raise BadFraming("Content-Length is not one number of bytes")
        wanted = min(int(text), MAX_BODY)
        return self._read_exactly(wanted), int(text) <= MAX_BODY

    def _read_chunks(self) -> tuple[bytes, bool]:
        body = bytearray()
        while size := self._read_chunk_size():
            if len(body) + size > MAX_BODY:
                return bytes(body + self._read_exactly(MAX_BODY - len(body))), False
            body += self._read_exactly(size)
            if self.rfile.readline(3).strip():
                raise BadFraming("a chunk is longer than it says")
        while self.rfile.readline(65537).strip():
            pass  # trailers
        return bytes(body), True

    def _read_chunk_size(self) -> int:
        text = self.rfile.readline(1024).split(b";")[0].strip()
        if not (0 < len(text) < 9 and all(digit in b"0123456789abcdefABCDEF" for digit in text)):
            raise BadFraming("a chunk has no size")
        return int(text, 16)

    def _read_exactly(self, count: int) -> bytes:
        body = self.rfile.read(count)
        if len(body) < count:
            raise BadFraming("the body ended early")
        return body

    def _drain(self) -> None:
        """Reads on a little, so that the client can read our answer before the connection is closed."""
        self.wfile.flush()
        self.connection.settimeout(1.0)
        with suppress(OSError):
            left = _DRAINED
            while left > 0 and (part := self.rfile.read1(65536)):
                left -= len(part)

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status >= HTTPStatus.OK and answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send what the standard library says of a request that it cannot read, as a problem document."""
        self.close_connection = True
        self._send(problem(code, "malformed_request", message or HTTPStatus(code).description))

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the app has its own log line for every request."""

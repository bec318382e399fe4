"""Connections to one host: kept open, and handed out to one thread at a time.

http.client makes them (TLS, a proxy's tunnel). Answers are read here: http.client parses their headers as those of an
e-mail, which takes longer than everything else.
"""

import base64
import socket
import ssl
from collections.abc import Mapping
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    HTTPSConnection,
    IncompleteRead,
    RemoteDisconnected,
)
from select import POLLIN, poll
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
)
from botocore.exceptions import SSLError as TlsError

_LONGEST_LINE = 65536
_MOST_HEADERS = 100


class Request:
    """A POST as it goes over the wire; the names of its headers are in lower case."""

    __slots__ = ("body", "headers", "operation", "url")

    def __init__(self, operation: str, url: str, headers: dict[str, str], body: bytes) -> None:
        """`operation` is what the body asks for, such as `GetItem`."""
        self.operation, self.url, self.headers, self.body = operation, url, headers, body


class StoreAnswer(NamedTuple):
    """An answer; the names of its headers are in lower case."""

    status_code: int
    headers: dict[str, str]
    content: bytes


class Connections:
    """A pool of connections to the host of a URL. Those beyond its size are closed after use."""

    def __init__(
        self,
        url: str,
        *,
        connect_seconds: float,
        read_seconds: float,
        size: int,
        proxy: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` is needed for https only; `proxy` is a URL, by which the host is reached."""
        self.connect_seconds, self.read_seconds = connect_seconds, read_seconds
        self.proxy, self.tls = proxy, tls
        self._url, self._size = url, size
        self._idle: list[_Connection] = []

    def send(self, request: Request) -> StoreAnswer:
        """The answer to a request. All requests to the store pass here, and only here: a test that wants to watch them,
        to answer them or to let them fail replaces this method.

        Raises botocore's ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError or SSLError where nothing
        was sent, its ReadTimeoutError or ConnectionClosedError where nobody knows whether the request was done.
        """
        connection, answer = self._take(), None
        try:
            answer = connection.exchange(request)
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPException, ValueError) as error:
            raise ConnectionClosedError(endpoint_url=self._url, error=error) from error
        finally:
            if answer is not None and connection.stays and len(self._idle) < self._size:
                self._idle.append(connection)
            else:
                connection.close()
        return answer

    def _take(self) -> "_Connection":
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connect()
            if connection.is_quiet():
                return connection
            connection.close()

    def _connect(self) -> "_Connection":
        parts, via = urlsplit(self._url), None if self.proxy is None else urlsplit(self.proxy)
        target, headers = parts.path or "/", dict[str, str]()
        host, port = (parts if via is None else via).hostname or "", (parts if via is None else via).port
        if via is not None and via.username is not None:
            login = f"{unquote(via.username)}:{unquote(via.password or '')}"
            headers["proxy-authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        made = HTTPConnection(host, port, timeout=self.connect_seconds)
        if parts.scheme == "https":
            made = HTTPSConnection(host, port, timeout=self.connect_seconds, context=self.tls)
            if via is not None:
                made.set_tunnel(parts.hostname or "", parts.port or 443, headers)
        elif via is not None:
            target = self._url
        try:
            made.connect()
        except ssl.SSLError as error:
            raise TlsError(endpoint_url=self._url, error=error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            if via is not None:
                raise ProxyConnectionError(proxy_url=f"{via.scheme}://{host}:{port}", error=error) from error
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        made.sock.settimeout(self.read_seconds)
        return _Connection(made.sock, target, headers if target == self._url else {})


class _Connection:
    """One open connection. After an exchange, `stays` says whether it can take another."""

    def __init__(self, opened: socket.socket, target: str, headers: Mapping[str, str]) -> None:
        """`target` is what is asked for on it, `headers` are sent with each request."""
        self._socket, self._file, self._poll = opened, opened.makefile("rb"), poll()
        self._poll.register(opened, POLLIN)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = f"POST {target} HTTP/1.1\r\n{lines}accept-encoding: identity\r\n"
        self.stays = True

    def is_quiet(self) -> bool:
        """Whether nothing has come since the last answer: what comes then is the end of the connection."""
        return not self._poll.poll(0)

    def close(self) -> None:
        """Closes it."""
        self._file.close()
        self._socket.close()

    def exchange(self, request: Request) -> StoreAnswer:
        """Sends the request and reads the answer. Raises OSError, HTTPException, ValueError."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()])
        head = f"{self._head}{lines}content-length: {len(request.body)}\r\n\r\n"
        self._socket.sendall(head.encode("latin-1") + request.body)
        first = self._line()
        version, _, rest = first.partition(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise BadStatusLine(repr(first))
        headers = self._headers()
        told = headers.get("connection", "").lower()
        self.stays = told == "keep-alive" if version == b"HTTP/1.0" else told != "close"
        return StoreAnswer(int(rest[:3]), headers, self._content(headers))

    def _line(self) -> bytes:
        line = self._file.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise RemoteDisconnected("The connection was closed in the middle of an answer, or before it.")
        return line

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        while (line := self._line().strip()) and len(headers) < _MOST_HEADERS:
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return headers

    def _content(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int(self._line().partition(b";")[0], 16):
                parts.append(self._exactly(size))
                self._line()
            self._headers()
            return b"".join(parts)
        if (length := headers.get("content-length")) is not None:
            return self._exactly(int(length))
        self.stays = False
        return self._file.read()

    def _exactly(self, size: int) -> bytes:
        found = self._file.read(size)
        if len(found) < size:
            raise IncompleteRead(found, size - len(found))
        return found

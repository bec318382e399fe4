"""The typed client, synchronous: `client.accounts.pause("nora-1", reason="…")`.

Written from `warmup/async_client.py` by `make openapi`: change that one.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Generic, Self, TypeVar

import httpx

from warmup.api import operations
from warmup.api.models import Media, Upload
from warmup.problems import UnexpectedAnswer, Unreachable
from warmup.retry import AGAIN, MEDIA_AGAIN, RetryPolicy, seconds
from warmup.transport import (
    LONGEST_REFUSAL,
    UNPACKED,
    Page,
    Request,
    address,
    checked,
    headers,
    page_of,
    read,
    refuse_key,
    refuse_longer,
)

T = TypeVar("T")


class Client(operations.Operations):
    """A client for one key, with every operation by noun and verb. Close it, or use it in a `with` statement.

    `key_source` is where the key came from, such as the name of a variable, for the message when it is
    refused. `transport` sends the requests in place of httpx's own (a proxy, a test). Raises Unsendable where URL or
    key are not valid.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        retry: RetryPolicy | None = None,
        key_source: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url, self.key = url, key
        self._transport = Transport(url, key, retry or RetryPolicy(), key_source, transport)
        super().__init__(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def speed(self) -> float:
        """Return how many times as fast the server's time runs: 1, except in a sandbox that was started otherwise."""
        return self._transport.speed

    def download(self, media: Media) -> bytes:
        """Return the file of a delivery, checked. Raises Unreachable, BadChecksum, UnexpectedAnswer."""
        return self._transport.download(media.url or "", media.sha256, media.bytes)

    def put(self, form: Upload, data: bytes) -> str:
        """Upload a file by the form that `content.upload` gave, and return its `media_key`.

        Raises Unreachable, UnexpectedAnswer.
        """
        self._transport.upload(form.url, form.fields, data)
        return form.media_key


class Pages(Generic[T]):
    """A list of the service: iterate over its items; each page is asked for when it is needed."""

    def __init__(self, ask: Callable[[str | None], Page[T]]) -> None:
        self._ask = ask

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            for item in page:
                yield item

    def pages(self) -> Iterator[list[T]]:
        """Yield the items page by page."""
        cursor = None
        while True:
            page = self._ask(cursor)
            yield page.items
            cursor = page.next_cursor
            if cursor is None:
                return


class Transport:
    """One connection pool to the service and one to its bucket, with one key, which only the service is sent."""

    def __init__(
        self,
        url: str,
        key: str,
        retry: RetryPolicy,
        key_source: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=address(url), headers=headers(key), timeout=retry.timeout, trust_env=False, transport=transport
        )
        self._media = httpx.Client(timeout=retry.timeout, trust_env=False, transport=transport)
        self._retry, self._key_source = retry, key_source
        self.speed = 1.0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._media.close()

    def ask(self, method: str, path: str, answer: type[T], **given: Any) -> T:
        """Ask one operation. Raises a WarmupError."""
        return read(self.send(Request.of(method, path, **given)), answer)

    def pages(self, method: str, path: str, item: type[T], **given: Any) -> Pages[T]:
        """Return a list, read page by page."""
        query = given.pop("query", {})

        def ask(cursor: str | None) -> Page[T]:
            more = {} if cursor is None else {"cursor": cursor}
            return page_of(self.send(Request.of(method, path, query={**query, **more}, **given)), item)

        return Pages(ask)

    lines = pages

    def send(self, request: Request) -> httpx.Response:
        """Return the answer to a request, which is sent again by the retry policy. Raises Unreachable, AuthError."""
        response = self._send(
            lambda timeout: self._http.request(
                request.method,
                request.path,
                params=request.query,
                headers=request.headers,
                content=request.content,
                timeout=timeout,
            ),
            f"{self._http.base_url} does not answer",
            repeatable=request.repeatable,
        )
        if response.is_success or "Sandbox-Speed" in response.headers:  # a gateway in between knows nothing of it
            self.speed = seconds(response.headers.get("Sandbox-Speed")) or 1.0
        refuse_key(response, self._key_source)
        return response

    def download(self, url: str, sha256: str | None, size: int | None = None) -> bytes:
        """Download a file of so many bytes. Raises Unreachable, BadChecksum, UnexpectedAnswer."""
        response = self._send(
            lambda timeout: self._get(url, timeout, size),
            "The media could not be downloaded",
            again=MEDIA_AGAIN,
        )
        return checked(response, sha256)

    def _get(self, url: str, timeout: float, size: int | None) -> httpx.Response:
        """Return the answer of the bucket; no redirect is followed. Raises BadChecksum for a longer one."""
        content = bytearray()
        with self._media.stream("GET", url, headers=UNPACKED, timeout=timeout) as answer:
            for part in answer.iter_bytes():
                content += part
                refuse_longer(len(content), size if answer.is_success else LONGEST_REFUSAL)
            told = {name: value for name, value in answer.headers.items() if name == "retry-after"}
            return httpx.Response(answer.status_code, headers=told, content=bytes(content))

    def upload(self, url: str, fields: Mapping[str, str], data: bytes) -> None:
        """Upload a file by a presigned form. Raises Unreachable, UnexpectedAnswer."""
        response = self._send(
            lambda timeout: self._media.post(url, data=fields, files={"file": data}, timeout=timeout),
            "The media could not be uploaded",
            again=MEDIA_AGAIN,
        )
        if not response.is_success:
            raise UnexpectedAnswer(f"The bucket refused the file: {response.status_code} {response.text[:200]}")

    def _send(
        self,
        send: Callable[[float], httpx.Response],
        failed: str,
        *,
        repeatable: bool = True,
        again: Collection[int] = AGAIN,
    ) -> httpx.Response:
        """Return the answer to what `send` sends within so many seconds, by the retry policy. Raises Unreachable."""
        attempt = 0
        while True:
            attempt += 1
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = send(self._retry.next_timeout())
            except httpx.TransportError as error:
                outcome = error
            if isinstance(outcome, httpx.Response) and outcome.is_success:
                return outcome
            pause = self._retry.pause_after(outcome, attempt, repeatable=repeatable, again=again)
            if pause is None:
                break
            self._retry.wait(pause)
        if isinstance(outcome, httpx.Response):
            return outcome
        raise Unreachable(f"{failed}: {outcome or type(outcome).__name__}") from outcome

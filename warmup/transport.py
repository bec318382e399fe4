"""How the service is asked: the only module that knows httpx.

A request is sent again after a pause when no answer came, or 429 or 503: every request of the contract may be repeated,
but for the few that make something new each time; those are repeated only when they surely did not arrive. Pauses grow
with jitter and are never shorter than `Retry-After`; a longer one than `longest_wait` is the caller's to wait.
"""

import asyncio
import hashlib
import json
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from warmup.api import errors
from warmup.problems import ApiError, UnexpectedAnswer, Unreachable, Unsendable

T = TypeVar("T")
_AGAIN = (429, 503)
_SHORTEST, _LONGEST = 0.2, 20.0
_KEY = re.compile("[!-~]*")


class Unset(Enum):
    """A member that is not sent, which is not the same as null."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


def quoted(part: str) -> str:
    """A part of a path. Raises Unsendable: an empty one would make the path another one's."""
    if not part:
        raise Unsendable("An id is empty.")
    try:
        return quote(part, safe="")
    except UnicodeEncodeError as error:
        raise Unsendable(f"An id is no text: {part!a}") from error


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is sent at most, and how long is waited (seconds) between two times."""

    attempts: int = 6
    longest_wait: float = 60.0
    timeout: float = 20.0
    sleep: Callable[[float], None] = time.sleep

    def pause(self, attempt: int, asked: float) -> float | None:
        """How long to wait after that attempt (from 1), `asked` being Retry-After; None: give up."""
        if attempt >= self.attempts or asked > self.longest_wait:
            return None
        growing = min(_LONGEST, _SHORTEST * 2**attempt)
        return max(asked, random.uniform(growing / 2, growing))


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent any number of times."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes | None
    repeatable: bool

    @classmethod
    def of(
        cls,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: object = None,
        raw: tuple[str, str | bytes] | None = None,
        repeatable: bool = True,
    ) -> "Request":
        """The request of an operation: what is None is not sent, nor are members of the body that are unset.

        Raises Unsendable.
        """
        content, media_type = None, None
        try:
            if raw is not None:
                media_type, given = raw
                content = given if isinstance(given, bytes) else given.encode()
            elif body is not None:
                media_type, content = "application/json", json.dumps(_plain(body), allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise Unsendable(f"What is to be sent is no JSON: {error}") from error
        kept = {name: value for name, value in (headers or {}).items() if value is not None}
        if media_type is not None:
            kept["Content-Type"] = media_type
        asked = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        return cls(method, path, asked, kept, content, repeatable)

    def pause_after(self, failure: httpx.TransportError | httpx.Response, attempt: int, how: Patience) -> float | None:
        """How long to wait before it is sent again; None where it is not."""
        if isinstance(failure, httpx.Response):
            asked = _seconds(failure.headers.get("Retry-After"))
            sure = failure.status_code == 429
            again = failure.status_code in _AGAIN and (self.repeatable or sure)
        else:
            asked, sure = 0.0, isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            again = self.repeatable or sure
        return how.pause(attempt, asked) if again else None


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one is not UNSET}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.replace(".", "", 1).isdigit() else 0.0


@cache
def _adapter(answer: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, answer))


def _read(response: httpx.Response, answer: type[T]) -> T:
    """The answer as its model. Raises the exception of its code, or UnexpectedAnswer."""
    refuse(response)
    try:
        found: T = _adapter(cast(Hashable, answer)).validate_json(response.content)
    except ValidationError as error:
        raise _unexpected(response, error) from error
    return found


def _unexpected(response: httpx.Response, error: Exception) -> UnexpectedAnswer:
    why = str(error)
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        why = f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}"
    return UnexpectedAnswer(f"{response.request.url} answered what the service does not answer ({why})")


def refuse(response: httpx.Response) -> None:
    """Raises the exception that an answer of 400 or more means."""
    if response.is_success:
        return
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "code" not in problem:
        raise UnexpectedAnswer(f"{response.request.url} answered {response.status_code} {response.text[:200]}")
    raise errors.BY_CODE.get(str(problem["code"]), ApiError)(response.status_code, problem)


@dataclass(frozen=True, slots=True)
class _Page(Generic[T]):
    items: list[T]
    next_cursor: str | None


def _items(response: httpx.Response, item: type[T]) -> _Page[T]:
    """A page of a list. Raises the exception of its code, or UnexpectedAnswer."""
    refuse(response)
    one = _adapter(cast(Hashable, item))
    try:
        if response.headers.get("Content-Type", "").startswith("application/x-ndjson"):
            found = [one.validate_json(line) for line in response.text.split("\n") if line]
            return _Page(found, response.headers.get("Next-Cursor"))
        document = response.json()
        return _Page([one.validate_python(row) for row in document["items"]], document["next_cursor"])
    except (ValueError, KeyError, TypeError) as error:  # pydantic's error is a ValueError
        raise _unexpected(response, error) from error


class Pages(Generic[T]):
    """A list of the service: iterate over its items; each page is asked for when it is needed."""

    def __init__(self, ask: Callable[[str | None], _Page[T]]) -> None:
        self._ask = ask

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[T]]:
        """The items page by page."""
        cursor = None
        while True:
            page = self._ask(cursor)
            yield page.items
            cursor = page.next_cursor
            if cursor is None:
                return


class AsyncPages(Generic[T]):
    """A list of the service: iterate over its items with `async for`."""

    def __init__(self, ask: Callable[[str | None], Any]) -> None:
        self._ask = ask

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page:
                yield item

    async def pages(self) -> AsyncIterator[list[T]]:
        """The items page by page."""
        cursor = None
        while True:
            page: _Page[T] = await self._ask(cursor)
            yield page.items
            cursor = page.next_cursor
            if cursor is None:
                return


def _headers(key: str) -> dict[str, str]:
    if not _KEY.fullmatch(key):  # an error of HTTP's own would show the key
        raise Unsendable("The key holds what no key does (a blank, an end of line, a letter beyond ASCII).")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Unsendable(f"{url!r} is no address: {error}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise Unsendable(f"{url!r} is no address: such as https://warmup.example.org is expected")
    return address


class Transport:
    """One connection pool to the service, with one key; safe for several threads."""

    def __init__(self, url: str, key: str, how: Patience) -> None:
        self._http = httpx.Client(base_url=_address(url), headers=_headers(key), timeout=how.timeout, trust_env=False)
        self._media = httpx.Client(timeout=how.timeout, trust_env=False)
        self._how = how
        self.speed = 1.0
        self.retry_after = 0.0

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()
        self._media.close()

    def ask(self, method: str, path: str, answer: type[T], **given: Any) -> T:
        """One operation. Raises a WarmupError."""
        return _read(self.send(Request.of(method, path, **given)), answer)

    def pages(self, method: str, path: str, item: type[T], **given: Any) -> Pages[T]:
        """A list."""
        query = given.pop("query", {})

        def ask(cursor: str | None) -> _Page[T]:
            more = {} if cursor is None else {"cursor": cursor}
            return _items(self.send(Request.of(method, path, query={**query, **more}, **given)), item)

        return Pages(ask)

    lines = pages

    def send(self, request: Request) -> httpx.Response:
        """The answer to a request, which is sent again while that makes sense. Raises Unreachable."""
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self._http.request(
                    request.method,
                    request.path,
                    params=request.query,
                    headers=request.headers,
                    content=request.content,
                )
            except httpx.TransportError as error:
                pause = request.pause_after(error, attempt, self._how)
                if pause is None:
                    raise Unreachable(
                        f"{self._http.base_url} does not answer: {error or type(error).__name__}"
                    ) from error
            else:
                self.speed = _seconds(response.headers.get("Sandbox-Speed")) or 1.0
                self.retry_after = _seconds(response.headers.get("Retry-After"))
                wait = None if response.is_success else request.pause_after(response, attempt, self._how)
                if wait is None:
                    return response
                pause = wait
            self._how.sleep(pause)

    def download(self, url: str, sha256: str | None) -> bytes:
        """A file behind a presigned URL; the key is not sent there. Raises Unreachable, BadChecksum."""
        for attempt in range(1, self._how.attempts + 1):
            try:
                response = self._media.get(url, follow_redirects=True)
            except httpx.TransportError as error:
                if attempt == self._how.attempts:
                    raise Unreachable(f"The media could not be downloaded: {error}") from error
            else:
                if response.status_code < 500 or attempt == self._how.attempts:
                    return checked(response, sha256)
            self._how.sleep(self._how.pause(attempt, 0) or 0)
        raise AssertionError("the last attempt returns or raises")

    def upload(self, url: str, fields: Mapping[str, str], data: bytes) -> None:
        """A file by a presigned form; the key is not sent there. Raises Unreachable, UnexpectedAnswer."""
        try:
            response = self._media.post(url, data=fields, files={"file": data})
        except httpx.TransportError as error:
            raise Unreachable(f"The media could not be uploaded: {error}") from error
        if not response.is_success:
            raise UnexpectedAnswer(f"The bucket refused the file: {response.status_code} {response.text[:200]}")


class BadChecksum(UnexpectedAnswer):
    """The file is not what its SHA-256 says."""


def checked(response: httpx.Response, sha256: str | None) -> bytes:
    """The file, if it is what its SHA-256 says. Raises BadChecksum, UnexpectedAnswer."""
    if not response.is_success:
        raise UnexpectedAnswer(f"The media could not be downloaded: {response.status_code}")
    if sha256 is not None and hashlib.sha256(response.content).hexdigest() != sha256:
        raise BadChecksum("The file is not what its SHA-256 says.")
    return response.content


class AsyncTransport:
    """The same, asynchronous."""

    def __init__(self, url: str, key: str, how: Patience) -> None:
        self._http = httpx.AsyncClient(
            base_url=_address(url), headers=_headers(key), timeout=how.timeout, trust_env=False
        )
        self._media = httpx.AsyncClient(timeout=how.timeout, trust_env=False)
        self._how = how

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()
        await self._media.aclose()

    async def ask(self, method: str, path: str, answer: type[T], **given: Any) -> T:
        """One operation. Raises a WarmupError."""
        return _read(await self.send(Request.of(method, path, **given)), answer)

    def pages(self, method: str, path: str, item: type[T], **given: Any) -> AsyncPages[T]:
        """A list."""
        query = given.pop("query", {})

        async def ask(cursor: str | None) -> _Page[T]:
            more = {} if cursor is None else {"cursor": cursor}
            return _items(await self.send(Request.of(method, path, query={**query, **more}, **given)), item)

        return AsyncPages(ask)

    lines = pages

    async def send(self, request: Request) -> httpx.Response:
        """The answer to a request, which is sent again while that makes sense. Raises Unreachable."""
        attempt = 0
        while True:
            attempt += 1
            try:
                response = await self._http.request(
                    request.method,
                    request.path,
                    params=request.query,
                    headers=request.headers,
                    content=request.content,
                )
            except httpx.TransportError as error:
                pause = request.pause_after(error, attempt, self._how)
                if pause is None:
                    raise Unreachable(
                        f"{self._http.base_url} does not answer: {error or type(error).__name__}"
                    ) from error
            else:
                wait = None if response.is_success else request.pause_after(response, attempt, self._how)
                if wait is None:
                    return response
                pause = wait
            await asyncio.sleep(pause)

    async def download(self, url: str, sha256: str | None) -> bytes:
        """A file behind a presigned URL; the key is not sent there. Raises Unreachable, BadChecksum."""
        try:
            return checked(await self._media.get(url, follow_redirects=True), sha256)
        except httpx.TransportError as error:
            raise Unreachable(f"The media could not be downloaded: {error}") from error

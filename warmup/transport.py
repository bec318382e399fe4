"""What both clients share: requests, answers, and when a request is sent again. It does no I/O.

A request is sent again after a pause when no answer came, or 429 or 503: every request of the contract may be repeated,
but for the few that make something new each time; those are repeated only when they cannot have arrived. Pauses grow
with jitter and are never shorter than `Retry-After`; a longer one than `longest_wait` is left to the caller.
"""

import hashlib
import json
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from warmup.api import errors
from warmup.problems import ApiError, UnexpectedAnswer, Unsendable, refused_key

T = TypeVar("T")
_KEY = re.compile("[!-~]*")


class Unset(Enum):
    """A member that is not sent, which is not the same as null."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


def quoted(part: str | int) -> str:
    """Return a part of a path, quoted. Raises Unsendable: an empty one would make the path another one's."""
    if not part:
        raise Unsendable("An id is empty.")
    try:
        return quote(str(part), safe="")
    except UnicodeEncodeError as error:
        raise Unsendable(f"An id is not valid text: {part!a}") from error


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
        """Return the request of an operation: what is None is not sent, nor are members of the body that are unset.

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
            raise Unsendable(f"The body is not valid JSON: {error}") from error
        kept = {name: value for name, value in (headers or {}).items() if value is not None}
        if media_type is not None:
            kept["Content-Type"] = media_type
        asked = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        return cls(method, path, asked, kept, content, repeatable)


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


@cache
def _adapter(answer: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, answer))


def read(response: httpx.Response, answer: type[T]) -> T:
    """Return the answer as its model. Raises the exception of its code, or UnexpectedAnswer."""
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
    return UnexpectedAnswer(f"The answer of {response.request.url} is not one of the service ({why})")


def refuse(response: httpx.Response) -> None:
    """Raise the exception of an answer of 400 or more."""
    if response.is_success:
        return
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "code" not in problem:
        raise UnexpectedAnswer(f"{response.request.url} answered {response.status_code} {response.text[:200]}")
    raise errors.BY_CODE.get(str(problem["code"]), ApiError)(response.status_code, problem)


def refuse_key(response: httpx.Response, source: str | None) -> None:
    """Raise AuthError that says where the key came from, where one was sent and not accepted."""
    if response.status_code != 401 or source is None or "Authorization" not in response.request.headers:
        return
    try:
        refuse(response)
    except ApiError as error:
        raise type(error)(error.status, {**error.problem, "detail": refused_key(source)}) from None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list."""

    items: list[T]
    next_cursor: str | None


def page_of(response: httpx.Response, item: type[T]) -> Page[T]:
    """Return a page of a list. Raises the exception of its code, or UnexpectedAnswer."""
    refuse(response)
    one = _adapter(cast(Hashable, item))
    try:
        if response.headers.get("Content-Type", "").startswith("application/x-ndjson"):
            found = [one.validate_json(line) for line in response.text.split("\n") if line]
            return Page(found, response.headers.get("Next-Cursor"))
        document = response.json()
        return Page([one.validate_python(row) for row in document["items"]], document["next_cursor"])
    except (ValueError, KeyError, TypeError) as error:  # pydantic's error is a ValueError
        raise _unexpected(response, error) from error


def headers(key: str) -> dict[str, str]:
    """Return the headers of every request. Raises Unsendable."""
    if not _KEY.fullmatch(key):  # an error of HTTP's own would show the key
        raise Unsendable("The key is not valid: it contains a blank, an end of line, or a character beyond ASCII.")
    return {"Authorization": f"Bearer {key}"} if key else {}


def address(url: str) -> httpx.URL:
    """Return the service's address. Raises Unsendable."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Unsendable(f"{url!r} is not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Unsendable(f"{url!r} is not a URL of the service, such as https://warmup.example.org")
    return parsed


class BadChecksum(UnexpectedAnswer):
    """The file does not match its SHA-256."""


UNPACKED = {"Accept-Encoding": "identity"}
"""Headers of a download: the bytes as they lie in the bucket."""
LONGEST_REFUSAL = 64 * 1024
"""Bytes that are read of what a bucket says in place of a file."""


def refuse_longer(read: int, size: int | None) -> None:
    """Raises BadChecksum where more was read than the file has."""
    if size is not None and read > size:
        raise BadChecksum(f"The file is longer than its {size} bytes.")


def checked(response: httpx.Response, sha256: str | None) -> bytes:
    """Return the file, if it matches its SHA-256. Raises BadChecksum, UnexpectedAnswer."""
    if not response.is_success:
        raise UnexpectedAnswer(f"The media could not be downloaded: {response.status_code}")
    if sha256 is not None and hashlib.sha256(response.content).hexdigest() != sha256:
        raise BadChecksum("The file does not match its SHA-256.")
    return response.content

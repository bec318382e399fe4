"""What a view answers: a document with its status and headers, and how documents become JSON."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import ClassVar, Final, Generic, Protocol, TypeVar, dataclass_transform

from chalicelib.domain.instants import render
from chalicelib.domain.records import record

JSON = "application/json"
D_co = TypeVar("D_co", covariant=True)
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer."""
HSTS = "max-age=31536000"
"""What the header `Strict-Transport-Security` of an encrypted answer says: call this host encrypted from now on."""
Encoded = tuple[int, dict[str, str], str]
"""Status, headers and body of an answer."""


class Absent(Enum):
    """The value of a member that an answer does not have this time: the encoder leaves the member out."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Document:
    """What a view answers: a record, made with all its members by name (but those that may be `ABSENT`)."""

    def __init_subclass__(cls) -> None:
        """Makes a record of the class."""
        super().__init_subclass__()
        record(cls, kw_only=True)


class Answer(Generic[D_co]):
    """What a view answers: a document (or the dataclass that a service found), its status, further headers.

    A view's return type says which; the kinds of answers below say with what status and headers. OpenAPI is made from
    both.
    """

    statuses: ClassVar[tuple[int, ...]] = (200,)
    media_type: ClassVar[str] = JSON
    header_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, document: D_co, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.document: object = document
        self.status, self.headers = status, headers


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


V_co = TypeVar("V_co", bound=_Versioned, covariant=True)


class Created(Answer[D_co]):
    """201, or 200 where the same was there already."""

    statuses = (201, 200)

    def __init__(self, document: D_co, replayed: bool) -> None:
        super().__init__(document, 200 if replayed else 201)


class New(Answer[D_co]):
    """201: each such request makes something new."""

    statuses = (201,)

    def __init__(self, document: D_co) -> None:
        super().__init__(document, 201)


class Tagged(Answer[V_co]):
    """A versioned item, with its version as the entity tag that `If-Match` takes.

    `revision` stands for it where `version` means another number, as that of a plan does.
    """

    header_names = ("ETag",)

    def __init__(self, document: V_co, revision: int | None = None) -> None:
        super().__init__(document, headers={"ETag": f'"{document.version if revision is None else revision}"'})


class _Waiting(Protocol):
    @property
    def retry_after_seconds(self) -> int | Absent: ...


W_co = TypeVar("W_co", bound=_Waiting, covariant=True)


class Waiting(Answer[W_co]):
    """A list that says, when it is empty, when to ask again: in its body and in the header `Retry-After`."""

    header_names = ("Retry-After",)

    def __init__(self, document: W_co) -> None:
        wait = document.retry_after_seconds
        super().__init__(document, headers={} if wait is ABSENT else {"Retry-After": str(wait)})


class Lines(Answer[D_co]):
    """Documents as JSON lines; the header carries the cursor of the next ones."""

    media_type = "application/x-ndjson"
    header_names = ("Next-Cursor",)

    def __init__(self, documents: Iterable[D_co], next_cursor: str | None) -> None:
        more = {} if next_cursor is None else {"Next-Cursor": next_cursor}
        self.document = "".join(f"{_json(one)}\n" for one in documents)
        self.status, self.headers = 200, {"Content-Type": self.media_type, **more}


_MAY_LACK: dict[type, bool | None] = {}
"""Whether a member may be absent (None: the type is not an answer), of each type that was encoded before."""


def encode(status: int, headers: Mapping[str, str], document: object, request_id: str) -> Encoded:
    """Encodes an answer; a document that is a string already stays as it is."""
    body = document if isinstance(document, str) else _json(document)
    usual = {"Content-Type": JSON, "Cache-Control": "no-store", "X-Request-Id": request_id}
    all_headers = {**SECURITY_HEADERS, **usual, **headers}
    return status, all_headers, body


def _json(document: object) -> str:
    return json.dumps(document, default=_plain, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return render(value)
    kind = type(value)
    if kind not in _MAY_LACK:
        _MAY_LACK[kind] = any(one.default is ABSENT for one in fields(kind)) if is_dataclass(kind) else None
    match _MAY_LACK[kind]:
        case False:
            return value.__dict__
        case True:
            return {name: one for name, one in value.__dict__.items() if one is not ABSENT}
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON")

"""HTTP between the sandbox's parts: a request as it was read, an answer as it will be sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request; `path` and `query` are as sent, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    client: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def having(self, name: str, value: str) -> "Answer":
        """Return the same answer with a further header."""
        return Answer(self.status, [*self.headers, (name, value)], self.body)


def document(content: object, status: int = 200) -> Answer:
    """Return an answer of JSON."""
    return Answer(status, [("Content-Type", "application/json")], json.dumps(content, default=str).encode())


def problem(
    status: int, code: str, detail: str, *, errors: Sequence[Mapping[str, object]] = (), allow: Sequence[str] = ()
) -> Answer:
    """Return a problem document (RFC 9457) of the sandbox itself, in the service's form."""
    request_id = f"req_{uuid4().hex}"
    members: dict[str, object] = {
        "type": f"/docs/errors/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        "retryable": status >= HTTPStatus.INTERNAL_SERVER_ERROR,
    }
    if errors:
        members["errors"] = list(errors)
    headers = [("Content-Type", "application/problem+json"), ("X-Request-Id", request_id)]
    if allow:
        headers.append(("Allow", ", ".join(allow)))
    return Answer(status, headers, json.dumps(members).encode())

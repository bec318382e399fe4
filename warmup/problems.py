"""The exceptions of a request to the service.

WarmupError
├── Unsendable           the request cannot be sent
├── Unreachable          no answer at all
├── UnexpectedAnswer     an answer that is not one of the service's
└── ApiError             a problem document; `warmup.errors` has a class for each code
    ├── AuthError        401, 403
    ├── NotFound         404
    ├── Conflict         409, 412
    └── TryLater         429, 503
"""

from collections.abc import Mapping
from typing import Any


class WarmupError(Exception):
    """The base of all of them."""


class Unsendable(WarmupError):
    """The request cannot be sent (the URL, the key, an id or a value is not valid): nothing was sent."""


class Unreachable(WarmupError):
    """The service did not answer. It is not known whether it did what was asked; the request can be sent again."""


class UnexpectedAnswer(WarmupError):
    """What answered is not the service, or something between here and there answered in its place."""


class ApiError(WarmupError):
    """The service refused. `problem` is its whole document, `members` its further members."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, dict(problem)
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.request_id = str(problem.get("request_id", ""))
        self.retryable = bool(problem.get("retryable", False))
        faults = "; ".join(f"{one.get('pointer') or '/'}: {one.get('detail')}" for one in problem.get("errors", []))
        super().__init__(f"{self.code}: {self.detail}" + (f" ({faults})" if faults else ""))


class AuthError(ApiError):
    """The key is not valid, or not for this."""


def refused_key(source: str) -> str:
    """Return the message for a refused key (401): where it came from (a variable, a profile), and what to do."""
    return (
        f"A key was sent (from {source}), but it is unknown to the service or revoked. Check {source}, "
        "or have an operator make another: warmup bots rotate NAME."
    )


class NotFound(ApiError):
    """The thing does not exist, or this key does not see it."""


class Conflict(ApiError):
    """The request conflicts with the current state."""


class TryLater(ApiError):
    """The same request, sent later, has a chance."""

"""Errors as problem documents (RFC 9457): the one table from error to status, and the documents themselves."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain import errors
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.facts import Facts
from chalicelib.edge.answers import Encoded, encode

PROBLEM = "application/problem+json"


class RowError(Facts):
    """What is wrong with one row; its members are those of a problem document of this code."""

    code: str
    detail: str


class Problem(Facts):
    """What the service answers when it refuses (RFC 9457); `retryable`: the same request, later, has a chance."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retryable: bool


class RouteNotFound(ServiceError):
    """There is no such route."""

    code = "route_not_found"


class MethodNotAllowed(ServiceError):
    """This path does not know this method."""

    code = "method_not_allowed"


STATUS: Mapping[type[ServiceError], int] = {
    errors.MalformedRequest: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    RouteNotFound: 404,
    MethodNotAllowed: 405,
    errors.Refused: 409,
    errors.VersionConflict: 412,
    errors.BodyTooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.InvalidInput: 422,
    errors.RateLimited: 429,
    errors.QuotaReached: 429,
    errors.TemporarilyUnavailable: 503,
    errors.ServiceError: 500,
}


def problem(error: ServiceError, request_id: str, now: datetime | None = None, base: str = "") -> Encoded:
    """Encodes an error as its problem document; the page that its `type` names lies under `base`.

    An error that is worth a retry and says when (`available_at`) carries `retry_after_seconds`, counted from `now`.
    """
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    document: Problem = {
        "type": f"{base}/docs/errors/{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        "retryable": error.retryable,
        **error.members,
    }
    available_at = document.get("available_at")
    if available_at is not None and now is not None and error.retryable:
        wait = int((available_at - now).total_seconds()) + 1
        document.setdefault("retry_after_seconds", max(1, wait))
    headers = {"Content-Type": PROBLEM}
    if "retry_after_seconds" in document:
        headers["Retry-After"] = str(document["retry_after_seconds"])
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return encode(status, headers, document, request_id)


def row_error(error: ServiceError) -> RowError:
    """The error inside an answer that says what became of each of many rows."""
    return {**error.members, "code": error.code, "detail": error.detail}

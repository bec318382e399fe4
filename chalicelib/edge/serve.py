"""One request, from authentication to its log line: whatever goes wrong becomes a problem document."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib import context as contexts
from chalicelib.context import Actor, ActorKind, Context, sources
from chalicelib.domain import ids, keys, leases
from chalicelib.domain.errors import (
    MalformedRequest,
    NotFound,
    RateLimited,
    ServiceError,
    Unauthenticated,
    VersionConflict,
)
from chalicelib.edge.answers import Answer, Encoded, encode
from chalicelib.edge.endpoints import Endpoint
from chalicelib.edge.problems import MethodNotAllowed, RouteNotFound, problem
from chalicelib.edge.requests import Call
from chalicelib.edge.throttle import anonymous, failed, refuse_many, source_of
from chalicelib.logs import Logs
from chalicelib.services import authentication
from chalicelib.settings import Settings
from chalicelib.tables.transport import AwsRefused


@dataclass(slots=True)
class Installed:
    """What the composition root gives the edge."""

    settings: Settings = field(default_factory=Settings)
    logs: Logs = field(default_factory=Logs)


installed = Installed()


def serve(endpoint: Endpoint, call: Call, params: Mapping[str, str]) -> Encoded:
    """Answers one request. Nothing that goes wrong leaves it but as a problem document."""
    began, named = sources.monotonic(), _request_id(call.headers.get("x-request-id"))
    context = contexts.begin(installed.settings, _NOBODY, named, endpoint.seconds)
    context.note(source_ip=call.address, gateway_request_id=call.gateway_request_id)
    try:
        context = _authenticated(endpoint, call, context)
        _check_ids(params)
        result = endpoint.view(context, **params, **endpoint.arguments(call, context.actor))
        answer = result if isinstance(result, Answer) else Answer(result)
        encoded = encode(answer.status, answer.headers, answer.document, context.known_as)
    except ServiceError as error:
        context.note(code=error.code)
        encoded = problem(_with_current(endpoint, error, context.now), context.known_as, context.now, call.base)
    except Exception as error:  # the edge is where a defect becomes an answer; it is logged whole and alarmed on
        installed.logs.defect(context, endpoint.name)
        # a developer's machine, where nothing is named in AWS's place, is not deployed and is told what to set
        of_a_developer = isinstance(error, AwsRefused)
        defect = ServiceError(str(error) if of_a_developer else "A defect of the service. Tell us the request id.")
        encoded = problem(defect, context.known_as, base=call.base)
    installed.logs.request(
        context,
        endpoint.name,
        method=endpoint.method,
        route=endpoint.path,
        status=encoded[0],
        milliseconds=round((sources.monotonic() - began) * 1000, 1),
        account_id=params.get("account_id"),
    )
    return encoded


def problem_for_unknown_route(
    headers: Mapping[str, str], method: str, path: str, allowed: list[str], base: str = ""
) -> tuple[int, dict[str, str], bytes]:
    """The problem of an unknown path (404), or of a wrong method (405, `allowed` are the right ones)."""
    given = next((value for name, value in headers.items() if name.lower() == "x-request-id"), None)
    request_id = contexts.begin(installed.settings, _NOBODY, _request_id(given)).known_as
    error: ServiceError
    if allowed:
        error = MethodNotAllowed(f"{path} does not know {method}; it knows {', '.join(allowed)}.")
    else:
        # the stage is part of a deployed address, and of no path
        hint = " Does the address (WARMUP_URL) end in /v1 by mistake?" if path.startswith("/v1/") else ""
        error = RouteNotFound(f"There is no route {path}.{hint}")
    status, out, body = problem(error, request_id, base=base)
    if allowed:
        out["Allow"] = ", ".join(allowed)
    return status, out, body.encode()


def refused_page(request_context: Mapping[str, object], base: str) -> Encoded | None:
    """The problem for a caller who has asked for too many pages; None where this one is served."""
    try:
        refuse_many(anonymous, source_of(request_context))
    except RateLimited as error:
        return problem(error, contexts.begin(installed.settings, _NOBODY).request_id, base=base)
    return None


_NOBODY = Actor(ActorKind.NOBODY, "nobody")


def _request_id(given: str | None) -> str | None:
    return given if given is not None and ids.is_request_id(given) else None


def _with_current(endpoint: Endpoint, error: ServiceError, now: datetime) -> ServiceError:
    if isinstance(error, VersionConflict) and endpoint.shows is not None and error.item is not None:
        error.members["current"] = endpoint.shows(error.item, now)
    return error


def _authenticated(endpoint: Endpoint, call: Call, context: Context) -> Context:
    if endpoint.kind is None:
        refuse_many(anonymous, call.source)
        return context
    actor = _actor(context, call)
    endpoint.admit(actor)
    session_id, token = call.headers.get("bot-session"), call.headers.get("lease-token")
    if session_id is not None and not ids.is_given_id(session_id):
        raise NotFound("session", session_id)
    if session_id is None and endpoint.session:
        raise MalformedRequest("The header Bot-Session is missing: open a session with POST /api/bot/sessions first.")
    if token is not None:
        leases.version_of(token)
    elif endpoint.lease:
        raise MalformedRequest("The header Lease-Token is missing: send the token that came with the lease.")
    if_match = call.if_match if endpoint.method == "PATCH" else None
    return replace(context, actor=actor, session_id=session_id, lease_token=token, if_match=if_match)


def _actor(context: Context, call: Call) -> Actor:
    """Whose key or signed token the request shows.

    Raises Unauthenticated, RateLimited where too many such requests have come, Forbidden, TemporarilyUnavailable.
    """
    scheme, _, key = call.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthenticated()
        return _owner(context, key.strip())
    except Unauthenticated:
        refuse_many(failed, call.source)
        raise


def _owner(context: Context, key: str) -> Actor:
    if context.settings.has_issuer and keys.is_token(key):
        from chalicelib.services import sign_in  # noqa: PLC0415  # a request with a key loads nothing of it

        return sign_in.authenticate(context, key)
    return authentication.authenticate(context, key)


def _check_ids(params: Mapping[str, str]) -> None:
    """What cannot be an id names nothing: the store is not asked."""
    for name, text in params.items():
        if not ids.is_given_id(text):
            raise NotFound(name.removesuffix("_id"), text)

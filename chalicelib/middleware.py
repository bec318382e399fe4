"""The edge: one way in and out for every route.

`Routes` declares a route once: method, path, role, query; its body and its answer are those of its view's types. The
wrapper around the view authenticates, reads and validates, builds the context, calls, and turns the result or the error
into an answer; what no view has seen (unknown routes, wrong methods, defects) becomes a problem document too. The one
table from error to status is here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NotRequired, TypedDict, TypeVar, get_args, get_type_hints

from chalice.app import Blueprint, Chalice, Request, Response

from chalicelib import context as contexts
from chalicelib.context import Actor, Context, Role, sources
from chalicelib.domain import errors, ids, leases
from chalicelib.domain.errors import (
    BodyTooLarge,
    Forbidden,
    InvalidInput,
    MalformedRequest,
    NotFound,
    ServiceError,
    Unauthenticated,
    UnsupportedMediaType,
    VersionConflict,
)
from chalicelib.domain.instants import render
from chalicelib.domain.strict_json import parse
from chalicelib.logs import Logs
from chalicelib.services import bots
from chalicelib.settings import Settings
from chalicelib.tables.transport import AwsRefused

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

LARGEST_BODY = 256 * 1024
MOST_FAULTS = 100
JSON = "application/json"
PROBLEM = "application/problem+json"
_TAG = re.compile(r'"?(\d{1,9})"?', re.ASCII)

STATUS: Mapping[type[ServiceError], int] = {
    errors.MalformedRequest: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Refused: 409,
    errors.VersionConflict: 412,
    errors.BodyTooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.InvalidInput: 422,
    errors.TemporarilyUnavailable: 503,
    errors.ServiceError: 500,
}

Reader = Callable[[str], Any]
View = Callable[..., Any]
V = TypeVar("V", bound=View)
M = TypeVar("M", bound="BaseModel")


D_co = TypeVar("D_co", covariant=True)


class Answer(Generic[D_co]):
    """What a view answers: a document (a TypedDict of `routes.shapes`), its status, further headers.

    A view's return type says which; the kinds of answers below say with what status and headers. OpenAPI is made from
    both.
    """

    statuses: ClassVar[tuple[int, ...]] = (200,)
    media_type: ClassVar[str] = JSON
    told: ClassVar[tuple[str, ...]] = ()

    def __init__(self, document: D_co, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.document: object = document
        self.status, self.headers = status, headers


class _Versioned(TypedDict):
    version: int


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
    """A versioned item, with its version as the entity tag that `If-Match` takes."""

    told = ("ETag",)

    def __init__(self, document: V_co) -> None:
        super().__init__(document, headers={"ETag": f'"{document["version"]}"'})


class _Waiting(TypedDict):
    retry_after_seconds: NotRequired[int]


W_co = TypeVar("W_co", bound=_Waiting, covariant=True)


class Waiting(Answer[W_co]):
    """A list that says, when it is empty, when to ask again: in its body and in the header `Retry-After`."""

    told = ("Retry-After",)

    def __init__(self, document: W_co) -> None:
        wait = document.get("retry_after_seconds")
        super().__init__(document, headers={} if wait is None else {"Retry-After": str(wait)})


class Lines(Answer[D_co]):
    """Documents as JSON lines; the header tells the cursor of the next ones."""

    media_type = "application/x-ndjson"
    told = ("Next-Cursor",)

    def __init__(self, documents: Iterable[D_co], next_cursor: str | None) -> None:
        more = {} if next_cursor is None else {"Next-Cursor": next_cursor}
        self.document = "".join(json.dumps(one, default=_plain, allow_nan=False) + "\n" for one in documents)
        self.status, self.headers = 200, {"Content-Type": self.media_type, **more}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route as it was declared."""

    method: str
    path: str
    view: View
    role: Role | None
    raw: tuple[str, ...]
    query: Mapping[str, Reader]
    lease: bool
    session: bool = False
    shows: Callable[[Any, datetime], Mapping[str, Any]] | None = None
    seconds: float | None = None
    refuses: tuple[type[ServiceError], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The route's name in logs, such as `leases.claim`."""
        return f"{self.view.__module__.rsplit('.', 1)[-1]}.{self.view.__name__}"

    @property
    def has_body(self) -> bool:
        """Whether it reads a JSON body."""
        return not self.raw and "body" in self.view.__annotations__

    @property
    def body(self) -> type[BaseModel] | None:
        """The model of its JSON body."""
        return _body_of(self.view)[0] if self.has_body else None

    @property
    def many(self) -> bool:
        """Whether its JSON body may be a list of such models, too."""
        return self.has_body and _body_of(self.view)[1]

    @property
    def answer(self) -> Any:
        """The type of its answer, such as `Created[shapes.Content]`."""
        return _hints(self.view)["return"]


@cache
def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The function's annotations, where the models of bodies are those of the module `inputs` beside its own.

    Routes name them in annotations only, so that pydantic is imported when the first body is read, and no sooner.
    """
    inputs = import_module(f"{function.__module__.rpartition('.')[0]}.inputs")
    return get_type_hints(function, localns=vars(inputs))


@cache
def _body_of(function: Callable[..., Any]) -> tuple[type[BaseModel], bool]:
    """The model that the parameter `body` (or the only one) is annotated with, and whether a list of such may come."""
    hints = _hints(function)
    annotated = hints["body"] if "body" in hints else next(iter(hints.values()))
    first: type[BaseModel] = (get_args(annotated) or (annotated,))[0]
    return first, first is not annotated


def body_of(function: Callable[[M], Any]) -> type[M]:
    """The model that a function of one parameter takes."""
    model: type[M] = _body_of(function)[0]  # type: ignore[assignment]  # its annotation is what it takes
    return model


ENDPOINTS: list[Endpoint] = []


@dataclass(slots=True)
class Edge:
    """What the composition root gives the edge."""

    settings: Settings = field(default_factory=Settings)
    logs: Logs = field(default_factory=Logs)


edge = Edge()


class Routes:
    """The routes of one noun, as a blueprint."""

    def __init__(self, import_name: str) -> None:
        self.blueprint = Blueprint(import_name)

    def get(self, path: str, **declared: Any) -> Callable[[V], V]:
        """Declares a GET; see `route`."""
        return self.route("GET", path, **declared)

    def post(self, path: str, **declared: Any) -> Callable[[V], V]:
        """Declares a POST; see `route`."""
        return self.route("POST", path, **declared)

    def patch(self, path: str, **declared: Any) -> Callable[[V], V]:
        """Declares a PATCH; see `route`. It knows `If-Match`."""
        return self.route("PATCH", path, **declared)

    def delete(self, path: str, **declared: Any) -> Callable[[V], V]:
        """Declares a DELETE; see `route`."""
        return self.route("DELETE", path, **declared)

    def route(
        self,
        method: str,
        path: str,
        *,
        role: Role | None,
        raw: tuple[str, ...] = (),
        query: Mapping[str, Reader] | None = None,
        lease: bool = False,
        session: bool = False,
        shows: Callable[[Any, datetime], Mapping[str, Any]] | None = None,
        seconds: float | None = None,
        refuses: tuple[type[ServiceError], ...] = (),
        missing: tuple[str, ...] = (),
    ) -> Callable[[V], V]:
        """Declares a route: who may call it (None: anybody), and the readers of its query parameters.

        The view is called with the context, the path's parameters, each query parameter that was given, and
        `lease_token` where `lease` asks for the header; `session` asks for Bot-Session. A view with a parameter `body`
        gets the body as the model that it is annotated with (`Model | list[Model]` admits a list, too); `raw` names
        media types whose body is handed over as it came, as `(media type, bytes)`. `shows` makes the document of the
        item as it is now, for the answer to an edit of an older version (`If-Match`); `seconds` is the
        deadline of a route that does much in one call (default: as the settings say). `refuses` names the conflicts
        that it can answer with, `missing` the nouns that it may not find besides those of its path: for OpenAPI.
        """

        def declare(view: V) -> V:
            endpoint = Endpoint(
                method,
                path,
                view,
                role,
                raw,
                query or {},
                lease,
                session,
                shows,
                seconds,
                refuses,
                missing,
            )
            ENDPOINTS.append(endpoint)

            def handler(**params: str) -> Response:
                request = self.blueprint.current_request
                return _response(*answer(endpoint, Call.of(request), params))

            handler.__name__ = f"{endpoint.name.replace('.', '_')}_{len(ENDPOINTS)}"
            # Chalice's own check of the media type answers in its own way: it is done by `_body` instead
            self.blueprint.route(path, methods=[method], name=handler.__name__, content_types=[])(handler)
            return view

        return declare


@dataclass(frozen=True, slots=True)
class Call:
    """What is read of a request; `base` is what stands before our paths in its URL.

    `repeated` are the query parameters that were given more than once.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    base: str = ""
    repeated: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: Request) -> Call:
        given = request.query_params
        query = {} if given is None else dict(given.items())
        repeated = () if given is None else tuple(name for name in query if len(given.getlist(name)) > 1)
        body = request.raw_body
        raw = body.encode() if isinstance(body, str) else body
        return cls(request.headers, query, raw, base_of(request), repeated)


def base_of(request: Request) -> str:
    """What the gateway put before our path: `/v1` where it is called by its own name and stage, else nothing."""
    path, whole = str(request.to_original_event().get("path", "")), str(request.context.get("path", ""))
    return whole.removesuffix(path) if path and whole.endswith(path) else ""


Answered = tuple[int, dict[str, str], str]


def answer(endpoint: Endpoint, call: Call, params: Mapping[str, str]) -> Answered:
    """The answer to one request: status, headers, body. Nothing that goes wrong leaves it but as a problem document."""
    began, request_id = sources.monotonic(), call.headers.get("x-request-id")
    if request_id is None or not ids.is_request_id(request_id):
        request_id = None
    context = contexts.begin(edge.settings, Actor(Role.NOBODY, "nobody"), request_id, endpoint.seconds)
    try:
        context = _authenticated(endpoint, call, context)
        _check_ids(params)
        result = endpoint.view(context, **params, **_arguments(endpoint, call))
        given = result if isinstance(result, Answer) else Answer(result)
        answered = _answered(given.status, given.headers, given.document, context.request_id)
    except ServiceError as error:
        context.note(code=error.code)
        answered = problem(_shown(endpoint, error, context.now), context.request_id, context.now, call.base)
    except Exception as error:  # the edge is where a defect becomes an answer; it is logged whole and alarmed on
        edge.logs.defect(context, endpoint.name)
        # a developer's machine, where nothing is named in AWS's place, is not deployed and is told what to set
        of_a_developer = isinstance(error, AwsRefused)
        defect = ServiceError(str(error) if of_a_developer else "A defect of the service. Tell us the request id.")
        answered = problem(defect, context.request_id, base=call.base)
    edge.logs.request(
        context,
        endpoint.name,
        method=endpoint.method,
        route=endpoint.path,
        status=answered[0],
        milliseconds=round((sources.monotonic() - began) * 1000, 1),
        account_id=params.get("account_id"),
    )
    return answered


def _shown(endpoint: Endpoint, error: ServiceError, now: datetime) -> ServiceError:
    if isinstance(error, VersionConflict) and endpoint.shows is not None and error.current is not None:
        error.members = {**error.members, "current": endpoint.shows(error.current, now)}
    return error


def _authenticated(endpoint: Endpoint, call: Call, context: Context) -> Context:
    if endpoint.role is None:
        return context
    scheme, _, key = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated()
    actor = bots.authenticate(edge.settings, key.strip())
    if actor.kind is not endpoint.role:
        raise Forbidden(f"This route is for the role `{endpoint.role}`; the key's is `{actor.kind}`.")
    session_id, token = call.headers.get("bot-session"), call.headers.get("lease-token")
    if session_id is not None and not ids.is_given_id(session_id):
        raise NotFound("session", session_id)
    if session_id is None and endpoint.session:
        raise MalformedRequest("The header Bot-Session is missing: open a session with POST /api/bot/sessions first.")
    if token is not None:
        leases.version_of(token)
    elif endpoint.lease:
        raise MalformedRequest("The header Lease-Token is missing: send the token that came with the lease.")
    if_match = _if_match(call.headers.get("if-match")) if endpoint.method == "PATCH" else None
    return replace(context, actor=actor, session_id=session_id, lease_token=token, if_match=if_match)


def _check_ids(params: Mapping[str, str]) -> None:
    """What cannot be an id names nothing: the store is not asked."""
    for name, text in params.items():
        if not ids.is_given_id(text):
            raise NotFound(name.removesuffix("_id"), text)


def _if_match(tag: str | None) -> int | None:
    """The version that an entity tag such as `"7"` names; None where any will do. Raises MalformedRequest."""
    if tag is None or tag.strip() == "*":
        return None
    found = _TAG.fullmatch(tag.strip())
    if found is None:
        raise MalformedRequest('The header If-Match holds no version: send the ETag of the item, such as "7".')
    return int(found[1])


def _arguments(endpoint: Endpoint, call: Call) -> dict[str, Any]:
    if call.repeated:
        raise MalformedRequest(f"The query parameter {call.repeated[0]!r} is given more than once: which one counts?")
    arguments = _query(endpoint, call.query)
    if endpoint.raw:
        arguments["body"] = _raw(endpoint, call)
    elif endpoint.has_body:
        arguments["body"] = _validated(endpoint, _json(call))
    elif call.body.strip() and _json(call) != {}:
        raise InvalidInput([{"pointer": "", "detail": "this route takes no body"}])
    if endpoint.lease:
        arguments["lease_token"] = call.headers["lease-token"]
    return arguments


def _query(endpoint: Endpoint, given: Mapping[str, str]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(endpoint.query))
    if unknown:
        known = ", ".join(sorted(endpoint.query)) or "none"
        raise MalformedRequest(f"Unknown query parameter {unknown[0]!r}; this route knows: {known}.")
    arguments = {}
    for name, text in given.items():
        try:
            arguments[name] = endpoint.query[name](text)
        except ValueError as error:
            raise MalformedRequest(f"The query parameter {name!r} is wrong: {error}.") from None
    return arguments


def _media_type(call: Call) -> str:
    return call.headers.get("content-type", JSON).partition(";")[0].strip().lower()


def _check_size(call: Call) -> None:
    if len(call.body) > LARGEST_BODY:
        raise BodyTooLarge()


def _raw(endpoint: Endpoint, call: Call) -> tuple[str, bytes]:
    _check_size(call)
    media_type = _media_type(call)
    if media_type not in endpoint.raw:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(endpoint.raw)}, not as {media_type}.")
    return media_type, call.body


def _json(call: Call) -> Any:
    """The body as JSON; nothing at all counts as an empty object."""
    _check_size(call)
    if not call.body.strip():
        return {}
    if _media_type(call) != JSON and not _media_type(call).endswith("+json"):
        raise UnsupportedMediaType(f"Send the body as `Content-Type: application/json`, not as {_media_type(call)}.")
    try:
        return parse(call.body.decode("utf-8"))
    except UnicodeError:
        raise MalformedRequest("The body is not UTF-8, or holds half a surrogate pair.") from None
    except RecursionError:
        raise MalformedRequest("The body is nested too deeply.") from None
    except ValueError as error:
        raise MalformedRequest(f"The body is not JSON: {str(error)[:200]}.") from None


def _validated(endpoint: Endpoint, parsed: Any) -> Any:
    model, many = _body_of(endpoint.view)
    if many and isinstance(parsed, list):
        if not 1 <= len(parsed) <= 100:
            raise InvalidInput([{"pointer": "", "detail": "a list of 1 to 100 items is expected"}])
        return [validate(model, one, f"/{place}") for place, one in enumerate(parsed)]
    if not isinstance(parsed, dict):
        raise MalformedRequest("The body is not a JSON object.")
    return validate(model, parsed)


def validate(model: type[M], parsed: object, at: str = "") -> M:
    """The parsed JSON as that model. Raises InvalidInput with a JSON pointer (behind `at`) for each fault."""
    from pydantic import ValidationError  # noqa: PLC0415  # a request without a body does not pay for it

    try:
        return model.model_validate_json(json.dumps(parsed))
    except ValidationError as error:
        raise InvalidInput(faults(model, error, at)) from None


def faults(model: type[BaseModel], error: ValidationError, at: str = "") -> list[dict[str, str]]:
    """Return the first 100 faults that pydantic found, as a JSON pointer (behind `at`) and what is wrong there."""
    found = error.errors(include_url=False, include_input=False)[:MOST_FAULTS]
    return [{"pointer": at + _pointer(one["loc"]), "detail": _detail(model, one)} for one in found]


def _pointer(place: Sequence[int | str]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


def _detail(model: type[BaseModel], fault: Mapping[str, Any]) -> str:
    if fault["type"] != "extra_forbidden":
        return str(fault["msg"]).removeprefix("Value error, ")
    from difflib import get_close_matches  # noqa: PLC0415  # only who misspells a member pays for it

    *outer, name = fault["loc"]
    known = _members(model, outer)
    meant = "".join(f"; did you mean `{one}`?" for one in get_close_matches(str(name), known, 1))
    return f"unknown member `{name}`{meant or ';'} known: {', '.join(known) or 'none'}"


def _members(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The members of the object at this place of the model; of none where it lies in no model."""
    for part in place:
        if isinstance(part, str):
            inner = next(_models_in(model.model_fields[part].annotation), None) if part in model.model_fields else None
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        yield annotation
    for one in get_args(annotation):
        yield from _models_in(one)


# out


def problem(error: ServiceError, request_id: str, now: datetime | None = None, base: str = "") -> Answered:
    """The problem document (RFC 9457) of an error; the page that its `type` names lies under `base`."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    members = dict(error.members)
    headers = {"Content-Type": PROBLEM}
    if isinstance(members.get("available_at"), datetime) and now is not None and error.retryable:
        wait = int((members["available_at"] - now).total_seconds()) + 1  # type: ignore[operator]  # a datetime
        members.setdefault("retry_after_seconds", max(1, wait))
    if "retry_after_seconds" in members:
        headers["Retry-After"] = str(members["retry_after_seconds"])
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    document = {
        "type": f"{base}/docs/errors/{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        "retryable": error.retryable,
        **members,
    }
    return _answered(status, headers, document, request_id)


def _answered(status: int, headers: Mapping[str, str], document: Any, request_id: str) -> Answered:
    body = document if isinstance(document, str) else json.dumps(document, default=_plain, allow_nan=False)
    all_headers = {"Content-Type": JSON, "Cache-Control": "no-store", "X-Request-Id": request_id, **headers}
    return status, all_headers, body


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return render(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _response(status: int, headers: dict[str, str], body: str) -> Response:
    return Response(body=body, status_code=status, headers=dict(headers))


class _RouteNotFound(ServiceError):
    """There is no such route."""

    code = "route_not_found"


class _MethodNotAllowed(ServiceError):
    """This path does not know this method."""

    code = "method_not_allowed"


def problem_for_unknown_route(
    headers: Mapping[str, str], method: str, path: str, allowed: list[str], base: str = ""
) -> tuple[int, dict[str, str], bytes]:
    """What a caller of an unknown path (404), or with a wrong method (405, `allowed` are the right ones), is told."""
    given = next((value for name, value in headers.items() if name.lower() == "x-request-id"), None)
    valid = given if given is not None and ids.is_request_id(given) else None
    request_id = contexts.begin(edge.settings, Actor(Role.NOBODY, "nobody"), valid).request_id
    error: ServiceError
    if allowed:
        error = _MethodNotAllowed(f"{path} does not know {method}; it knows {', '.join(allowed)}.")
    else:
        # the stage is part of a deployed address, and of no path
        hint = " Does the address (WARMUP_URL) end in /v1 by mistake?" if path.startswith("/v1/") else ""
        error = _RouteNotFound(f"There is no route {path}.{hint}")
    status, out, body = problem(error, request_id, base=base)
    if allowed:
        out["Allow"] = ", ".join(allowed)
    return status, out, body.encode()


STATUS = {**STATUS, _RouteNotFound: 404, _MethodNotAllowed: 405}


def install(app: Chalice, settings: Settings) -> None:
    """Gives the edge its settings, and turns what Chalice itself answers into problem documents."""
    edge.settings, edge.logs = settings, Logs(settings)

    def problems_only(event: Request, get_response: Callable[[Request], Response]) -> Response:
        response = get_response(event)
        if response.status_code < 400 or response.headers.get("Content-Type") == PROBLEM:
            return response
        if response.status_code == 405:
            allowed = sorted(name.strip() for name in str(response.headers.get("Allow", "")).split(","))
            status, headers, body = problem_for_unknown_route(
                event.headers, event.method, event.path, allowed, base_of(event)
            )
            return _response(status, headers, body.decode())
        return _response(
            *problem(
                ServiceError("A defect of the service."),
                ids.make("req", sources.clock(), sources.entropy(10)),
                base=base_of(event),
            )
        )

    app.register_middleware(problems_only, "http")

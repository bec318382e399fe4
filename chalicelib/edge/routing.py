"""Declaring routes, and binding them to Chalice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict, TypeVar, Unpack

from chalice.app import Blueprint, Chalice, Request, Response

from chalicelib.context import ActorKind, sources
from chalicelib.domain import ids
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import HSTS, Encoded
from chalicelib.edge.endpoints import BODIES, Endpoint, Reader, View
from chalicelib.edge.problems import PROBLEM, problem
from chalicelib.edge.requests import Call, base_of
from chalicelib.edge.serve import installed, problem_for_unknown_route, serve
from chalicelib.logs import Logs
from chalicelib.settings import Settings

V = TypeVar("V", bound=View)
ENDPOINTS: list[Endpoint] = []


class Declared(TypedDict):
    """What is said of a route where it is declared.

    `needs`: the permission of the users who may call it; `members`: what members of its body need besides; `by`: what
    may call it where no user does (neither: anybody). `query`: the readers of its query parameters; `lease`,
    `session`: whether it asks for the header; `raw`: media types whose body is handed over as it came, as `(media
    type, bytes)`. `shows` makes the document of the item as it is now, for the answer to an edit of an older version
    (`If-Match`); `seconds` is the deadline of a route that does much in one call (default: as the settings say).
    `refuses` names the conflicts that it can answer with, `missing` the nouns that it may not find besides those of
    its path: for OpenAPI.
    """

    by: NotRequired[ActorKind]
    needs: NotRequired[Permission]
    members: NotRequired[Mapping[str, Permission]]
    raw: NotRequired[tuple[str, ...]]
    query: NotRequired[Mapping[str, Reader]]
    lease: NotRequired[bool]
    session: NotRequired[bool]
    shows: NotRequired[Callable[[Any, datetime], Any]]
    seconds: NotRequired[float]
    refuses: NotRequired[tuple[type[ServiceError], ...]]
    missing: NotRequired[tuple[str, ...]]


class Routes:
    """The routes of one noun, as a blueprint."""

    def __init__(self, import_name: str, bodies: Sequence[str] = ()) -> None:
        """`bodies` names the modules, relative to the package, that have the models of what the views read."""
        self.blueprint = Blueprint(import_name)
        BODIES[import_name] = bodies

    def get(self, path: str, **declared: Unpack[Declared]) -> Callable[[V], V]:
        """Declares a GET; see `Declared`."""
        return self.route("GET", path, **declared)

    def post(self, path: str, **declared: Unpack[Declared]) -> Callable[[V], V]:
        """Declares a POST; see `Declared`."""
        return self.route("POST", path, **declared)

    def patch(self, path: str, **declared: Unpack[Declared]) -> Callable[[V], V]:
        """Declares a PATCH; see `Declared`. It knows `If-Match`."""
        return self.route("PATCH", path, **declared)

    def delete(self, path: str, **declared: Unpack[Declared]) -> Callable[[V], V]:
        """Declares a DELETE; see `Declared`."""
        return self.route("DELETE", path, **declared)

    def route(self, method: str, path: str, **declared: Unpack[Declared]) -> Callable[[V], V]:
        """Declares a route.

        Its view is called with the context, the path's parameters, each query parameter that was given, and
        `lease_token` where the header is asked for. A view with a parameter `body` gets the body as the model that it
        is annotated with (`Model | list[Model]` admits a list, too).
        """

        def declare(view: V) -> V:
            endpoint = Endpoint(method, path, view, **declared)
            ENDPOINTS.append(endpoint)

            def handler(**params: str) -> Response:
                return _response(serve(endpoint, Call.of(self.blueprint.current_request), params))

            handler.__name__ = f"{endpoint.name.replace('.', '_')}_{len(ENDPOINTS)}"
            # Chalice's own check of the media type answers in its own way: `Call` does it instead
            self.blueprint.route(path, methods=[method], name=handler.__name__, content_types=[])(handler)
            return view

        return declare


def install(app: Chalice, settings: Settings) -> None:
    """Gives the edge its settings, and turns what Chalice itself answers into problem documents."""
    installed.settings, installed.logs = settings, Logs(settings)

    def finished(event: Request, get_response: Callable[[Request], Response]) -> Response:
        response = problems_only(event, get_response(event))
        if event.headers.get("x-forwarded-proto") == "https":
            response.headers["Strict-Transport-Security"] = HSTS
        return response

    def problems_only(event: Request, response: Response) -> Response:
        if response.status_code < 400 or response.headers.get("Content-Type") == PROBLEM:
            return response
        if response.status_code == 405:
            allowed = sorted(name.strip() for name in str(response.headers.get("Allow", "")).split(","))
            status, headers, body = problem_for_unknown_route(
                event.headers, event.method, event.path, allowed, base_of(event)
            )
            return _response((status, headers, body.decode()))
        request_id = ids.make("req", sources.clock(), sources.entropy(10))
        return _response(problem(ServiceError("A defect of the service."), request_id, base=base_of(event)))

    app.register_middleware(finished, "http")


def _response(encoded: Encoded) -> Response:
    status, headers, body = encoded
    return Response(body=body, status_code=status, headers=dict(headers))

"""The service called at its edge, without a server: from any thread, under a request id that a caller repeats."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib import routes
from chalicelib.edge.endpoints import Endpoint
from chalicelib.edge.requests import Call
from chalicelib.edge.routing import ENDPOINTS
from chalicelib.edge.serve import problem_for_unknown_route, serve

assert routes.BLUEPRINTS, "importing the routes declares them"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, as Chalice's test client gives it."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Edge:
    """Stands where Chalice's test client stands; `request_id` is what requests are sent under that name none."""

    request_id: str | None = None

    @property
    def http(self) -> "Edge":
        """Itself: the test client keeps its HTTP there."""
        return self

    def request(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """One request."""
        bare, _, query = path.partition("?")
        found = _route(method, bare)
        given = {name.lower(): value for name, value in headers.items()}
        if self.request_id is not None:
            given.setdefault("x-request-id", self.request_id)
        if found is None:
            return Response(*problem_for_unknown_route(given, method, bare, []))
        endpoint, params = found
        asked = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
        status, out, text = serve(endpoint, Call(given, asked, body), params)
        return Response(status, out, text.encode())


_ROUTES = sorted(
    ((endpoint, endpoint.path.strip("/").split("/")) for endpoint in ENDPOINTS), key=lambda one: "{" in one[0].path
)


def _route(method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
    parts = path.strip("/").split("/")
    for endpoint, pattern in _ROUTES:
        if endpoint.method == method and (params := _match(pattern, parts)) is not None:
            return endpoint, params
    return None


def _match(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    params = {}
    for wanted, given in zip(pattern, parts, strict=True):
        if wanted.startswith("{"):
            params[wanted.strip("{}")] = given
        elif wanted != given:
            return None
    return params

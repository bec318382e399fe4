"""API Gateway in front of a Chalice app: finds the route, makes the proxy event, takes the answer apart.

As on AWS, path parameters are not decoded, a concrete path wins over a parameter, and a resource that exists
with other methods only is not looked for elsewhere. Unlike on AWS, what is unknown gets the service's own
problem documents: the deployed gateway is configured to answer the same.
"""

import base64
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from chalice.app import Chalice, Request

from warmup.sandbox.answers import Answer, HttpRequest
from warmup.sandbox.invocation import Invocation

STAGE = "v1"

UnknownRoute = Callable[[Mapping[str, str], str, str, list[str]], tuple[int, dict[str, str], bytes]]
"""(headers, method, path, allowed methods) to the status, headers and body of a problem document."""


class Gateway:
    """Hands requests to the app, from any number of threads at once."""

    def __init__(self, app: Chalice, unknown_route: UnknownRoute) -> None:
        self._app = per_thread(app)
        self._unknown_route = unknown_route
        self._routes = Routes(sorted(app.routes))
        self._methods = {route: sorted(views) for route, views in app.routes.items()}

    def handle(self, request: HttpRequest) -> Answer:
        """Return the app's answer, or a problem document. Raises TypeError where Lambda could not serialise it."""
        found = self._routes.find(request.path)
        allowed = self._methods[found[0]] if found else []
        if found is None or request.method not in allowed:
            headers = dict(request.headers)
            status, given, body = self._unknown_route(headers, request.method, request.path, allowed)
            return Answer(status, list(given.items()), body)
        return _answer(self._app(proxy_event(request, *found), Invocation("api")))


class Routes:
    """Finds the route pattern of a path, and the parameters in it as they were sent."""

    def __init__(self, patterns: Sequence[str]) -> None:
        # "{" sorts behind every letter, so that a concrete segment is met before a parameter
        self._patterns = [(pattern, pattern.split("/")) for pattern in sorted(patterns)]

    def find(self, path: str) -> tuple[str, dict[str, str]] | None:
        """Return the pattern and its parameters, or None. One slash at the end makes no difference."""
        parts = (path[:-1] if len(path) > 1 and path.endswith("/") else path).split("/")
        for pattern, segments in self._patterns:
            if len(segments) == len(parts) and all(map(_fits, segments, parts)):
                pairs = zip(segments, parts, strict=True)
                return pattern, {segment[1:-1]: part for segment, part in pairs if segment.startswith("{")}
        return None


def _fits(segment: str, part: str) -> bool:
    return bool(part) if segment.startswith("{") else segment == part


def proxy_event(request: HttpRequest, route: str, parameters: dict[str, str]) -> dict[str, Any]:
    """Return the event of a REST API's Lambda proxy integration."""
    query = parse_qs(request.query, keep_blank_values=True) or None
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(name, []).append(value)
    try:
        body, encoded = request.body.decode(), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(request.body).decode(), True
    return {
        "resource": route,
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": route,
            "httpMethod": request.method,
            "path": request.path,  # as behind a domain of one's own: no stage stands before it
            "stage": STAGE,
            "requestId": str(uuid4()),
            "identity": {"sourceIp": request.client, "userAgent": dict(request.headers).get("user-agent")},
        },
        "body": body if request.body else None,
        "isBase64Encoded": encoded,
    }


def _answer(response: dict[str, Any]) -> Answer:
    """Return the app's response as it goes over the wire. Raises TypeError for what Lambda could not serialise."""
    response = json.loads(json.dumps(response))
    headers = [(name, str(value)) for name, value in response["headers"].items()]
    headers += [(name, str(one)) for name, values in response["multiValueHeaders"].items() for one in values]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    text = response["body"] or ""
    body = base64.b64decode(text) if response.get("isBase64Encoded") else text.encode()
    return Answer(response["statusCode"], headers, body)


class _PerThread(Chalice):
    """Chalice keeps the current request in one attribute of the app; here every thread has its own."""

    _of_this_thread = threading.local()

    @property
    def current_request(self) -> Request | None:
        return getattr(self._of_this_thread, "request", None)

    @current_request.setter
    def current_request(self, request: Request | None) -> None:
        self._of_this_thread.request = request

    @property
    def lambda_context(self) -> Any:
        return getattr(self._of_this_thread, "lambda_context", None)

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._of_this_thread.lambda_context = context


def per_thread(app: Chalice) -> Chalice:
    """The same app, made safe for a server with threads."""
    if not isinstance(app, _PerThread):
        app.__class__ = type("PerThread", (_PerThread, type(app)), {})
    return app

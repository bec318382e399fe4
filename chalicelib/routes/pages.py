"""Pages: a folder of static files under one path, each file read when it is asked for.

The files lie flat in the folder. A name with a dot is a file; a name without one is a screen of the page, which its
own script distinguishes: it gets `index.html`. Only names that the folder lists are served, so that no path leads out.
Links in `index.html` are relative to its `<base href="./">`, which is set right for `/console` too: whatever stage or
path a gateway puts before ours, it need not be known here.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from chalice.app import Blueprint, Request, Response

from chalicelib.edge.answers import SECURITY_HEADERS
from chalicelib.edge.requests import base_of
from chalicelib.edge.serve import problem_for_unknown_route, refused_page

PAGE = "index.html"
_BASE = '<base href="./">'
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-cache",  # kept, and asked about by its entity tag each time: a release is seen at once
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    **SECURITY_HEADERS,
    "X-Frame-Options": "DENY",
}


PATHS: list[str] = []
"""The paths of all pages."""


def serve(
    import_name: str, path: str, folder: Path, policy: Callable[[], str], is_open: Callable[[], bool] = lambda: True
) -> Blueprint:
    """The routes that serve the folder under `path` (such as `/console`), to anybody.

    `policy` is asked for the value of `Content-Security-Policy` with each page. Text only: anything else has no type
    here. While `is_open` answers false, there is no such page. Conditional requests (`If-None-Match`) are answered 304.
    """
    blueprint = Blueprint(import_name)

    def root() -> Response:
        return named("")

    def named(name: str) -> Response:
        request = blueprint.current_request
        return (
            answer(request, path, folder, policy, name) if is_open() else missing(request, f"{path}/{name}".rstrip("/"))
        )

    noun = path.strip("/")
    route(blueprint, path, noun)(root)
    route(blueprint, f"{path}/{{name}}", f"{noun}_named")(named)
    return blueprint


def route(blueprint: Blueprint, path: str, name: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Declares that the view answers a page."""
    PATHS.append(path)
    return blueprint.route(path, name=name, content_types=[])  # or Chalice refuses some media types in its own way


def answer(request: Request, path: str, folder: Path, policy: Callable[[], str], name: str) -> Response:
    """The file of that name in the folder that is served under `path`, or what is answered where there is none."""
    refusal = refused_page(request.context, base_of(request))
    if refusal is not None:
        return Response(body=refusal[2], status_code=refusal[0], headers=dict(refusal[1]))
    asked = PAGE if "." not in name else name
    file = next((one for one in folder.iterdir() if one.name == asked and one.suffix in _TYPES and one.is_file()), None)
    if file is None:
        return missing(request, f"{path}/{name}")
    text = file.read_text(encoding="utf-8")
    headers: dict[str, str | list[str]] = {**_HEADERS, "Content-Type": _TYPES[file.suffix]}
    if asked == PAGE:
        text = text.replace(_BASE, f'<base href="{_base(request, path, name)}">', 1)
    if file.suffix == ".html":
        headers["Content-Security-Policy"] = policy()
    headers["ETag"] = tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        return Response(body="", status_code=304, headers=headers)
    return Response(body=text, status_code=200, headers=headers)


def missing(request: Request, path: str) -> Response:
    """What is answered where there is no page."""
    status, out, body = problem_for_unknown_route(request.headers, request.method, path, [], base_of(request))
    return Response(body=body.decode(), status_code=status, headers=dict(out))


def _base(request: Request, path: str, name: str) -> str:
    """The folder as seen from the address that was asked for: `console/` from `/console`, `./` from behind a slash."""
    inside = name or str(request.to_original_event().get("path", "")).endswith("/")
    return "./" if inside else f"{path.rpartition('/')[2]}/"

"""OpenAPI, the pages that show it (Swagger UI, from our own files), and a page for each code of a problem."""

from pathlib import Path

from chalice.app import Response

from chalicelib.edge.serve import installed
from chalicelib.routes import pages

FOLDER = Path(__file__).parents[1] / "docs"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def policy() -> str:
    """What these pages may load and call: their own files, and the API beside them."""
    return _POLICY


def _is_open() -> bool:
    return installed.settings.open_docs


blueprint = pages.serve(__name__, "/docs", FOLDER, policy, _is_open)


@pages.route(blueprint, "/openapi.json", "openapi")
def openapi() -> Response:
    """The document."""
    if not _is_open():
        return pages.missing(blueprint.current_request, "/openapi.json")
    return pages.answer(blueprint.current_request, "", FOLDER, policy, "openapi.json")


@pages.route(blueprint, "/docs/errors/{code}", "docs_errors")
def error(code: str) -> Response:
    """What a code means, and what to do."""
    return pages.answer(blueprint.current_request, "/docs/errors", FOLDER / "errors", policy, f"{code}.html")

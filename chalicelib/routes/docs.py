"""OpenAPI, the pages that show it (Swagger UI, from our own files), and a page for each code of a problem."""

from pathlib import Path

from chalice.app import Response

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


blueprint = pages.serve(__name__, "/docs", FOLDER, policy)


@pages.route(blueprint, "/openapi.json", "openapi")
def openapi() -> Response:
    """The document."""
    return pages.answer(blueprint.current_request, "", FOLDER, policy, "openapi.json")


@pages.route(blueprint, "/docs/errors/{code}", "docs_errors")
def error(code: str) -> Response:
    """What a code means, and what to do."""
    return pages.answer(blueprint.current_request, "/docs/errors", FOLDER / "errors", policy, f"{code}.html")

"""The console: the operator's pages. Whatever they do, they do by the operator routes."""

from pathlib import Path

from chalicelib.edge.serve import installed
from chalicelib.routes import pages
from chalicelib.services import items

FOLDER = Path(__file__).parents[1] / "console"


def policy() -> str:
    """What the console may load and call: itself, the operator API beside it, and the media bucket."""
    bucket = " ".join(items.media_origins(installed.settings.media_bucket))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob: {bucket}",
            f"media-src blob: {bucket}",
            f"connect-src 'self' {bucket}",
            "base-uri 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )


blueprint = pages.serve(__name__, "/console", FOLDER, policy)

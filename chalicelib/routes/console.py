"""The console: the operator's pages. Whatever they do, they do by the operator routes."""

from pathlib import Path

from chalicelib.edge.serve import installed
from chalicelib.routes import pages
from chalicelib.services import items
from chalicelib.settings import Settings

FOLDER = Path(__file__).parents[1] / "console"


def policy() -> str:
    """What the console may load and call: itself, the operator API beside it, the media bucket, and the issuer."""
    bucket = " ".join(items.media_origins(installed.settings.media_bucket))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob: {bucket}",
            f"media-src blob: {bucket}",
            " ".join(("connect-src 'self'", bucket, *_of_sign_in(installed.settings))),
            "base-uri 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _of_sign_in(settings: Settings) -> list[str]:
    """The origins of the issuer, where there is one: a code is exchanged for a token there."""
    if not settings.has_issuer:
        return []
    from chalicelib.domain import sign_in  # noqa: PLC0415  # no other page needs it

    named = (sign_in.origin(url) for url in (settings.oidc_issuer, settings.oidc_token_origin))
    return [origin for origin in named if origin]


blueprint = pages.serve(__name__, "/console", FOLDER, policy)

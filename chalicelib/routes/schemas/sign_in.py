"""How users sign in."""

from chalicelib.edge.answers import Document
from chalicelib.services.sign_in import OidcClient


class SignIn(Document):
    """How the console signs in; `oidc` is null where keys alone do."""

    oidc: OidcClient | None

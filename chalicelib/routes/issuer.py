"""The issuer whose users sign in without a key, where the deployment has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context
from chalicelib.edge.answers import Answer
from chalicelib.edge.routing import Routes

if TYPE_CHECKING:  # only who opens the console asks for it
    from chalicelib.routes.schemas.sign_in import SignIn

routes = Routes(__name__, bodies=(".schemas.sign_in",))


@routes.get("/api/issuer")
def get(context: Context) -> Answer[SignIn]:
    """How the console signs in: by an issuer (OpenID Connect), or with keys alone (`oidc` is null)."""
    from chalicelib.routes.schemas.sign_in import SignIn  # noqa: PLC0415  # as above
    from chalicelib.services import sign_in  # noqa: PLC0415  # as above

    return Answer(SignIn(oidc=sign_in.client(context)))

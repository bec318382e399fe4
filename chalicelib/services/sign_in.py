"""Signing in with a token of the deployment's issuer (OpenID Connect), in place of a key."""

from functools import lru_cache

from chalicelib.context import Actor, ActorKind, Context
from chalicelib.domain import sign_in
from chalicelib.domain.errors import Forbidden, Unauthenticated
from chalicelib.domain.records import record
from chalicelib.issuers.documents import Issuer

issuer = lru_cache(maxsize=4)(Issuer)
"""The issuer of that URL, with what it published: for as long as the function is warm."""


@record
class OidcClient:
    """What the console needs to sign in by authorisation code; `token` is the member that the service takes."""

    issuer: str
    client_id: str
    scope: str
    token: str
    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None


def authenticate(context: Context, token: str) -> Actor:
    """Who signs in with the token, by what its claims say.

    Raises Unauthenticated, with one message for all causes (the log names them); Forbidden where the token gives no
    role; TemporarilyUnavailable where the issuer cannot be asked for its keys.
    """
    from chalicelib.issuers import tokens  # noqa: PLC0415  # a request with a key does not load what verifies tokens

    settings = context.settings
    try:
        claims = tokens.verified(issuer(settings.oidc_issuer), settings.oidc_audience, token)
    except Unauthenticated as error:
        context.note(token_refused=type(error.__cause__).__name__)
        raise
    identity = sign_in.claim(claims, settings.oidc_user_claim)
    user_id = sign_in.user_id(settings.oidc_issuer, settings.oidc_user_claim, identity)
    if user_id is None:
        raise Unauthenticated()
    told = sign_in.claim(claims, settings.oidc_roles_claim)
    role = sign_in.role_of(told, sign_in.renamed(settings.oidc_roles))
    if role is None:
        raise Forbidden(
            f"You are signed in, but the claim `{settings.oidc_roles_claim}` of your token names no role: ask the "
            "administrator of the issuer for one."
        )
    models = None
    if settings.oidc_models_claim:
        models = sign_in.models_of(sign_in.claim(claims, settings.oidc_models_claim), role)
    return Actor(ActorKind.OPERATOR, user_id, models, role)


def client(context: Context) -> OidcClient | None:
    """How the console signs in; None where the deployment has no issuer. Raises TemporarilyUnavailable.

    The console sends the token whose audience we are: the ID token if the audience is the console itself.
    """
    settings = context.settings
    if not settings.has_issuer:
        return None
    found = issuer(settings.oidc_issuer).discovery()
    client_id = settings.oidc_client_id or settings.oidc_audience
    ends = found.get("end_session_endpoint")
    return OidcClient(
        issuer=settings.oidc_issuer,
        client_id=client_id,
        scope=settings.oidc_scope,
        token="id_token" if client_id == settings.oidc_audience else "access_token",
        authorization_endpoint=found["authorization_endpoint"],
        token_endpoint=found["token_endpoint"],
        end_session_endpoint=ends if sign_in.is_safe_url(ends) else None,
    )

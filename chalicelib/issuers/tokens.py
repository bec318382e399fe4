"""Signed tokens (JWT): whether the issuer signed one, for us, and for now. See decision 102."""

from collections.abc import Mapping
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from chalicelib.domain.errors import Unauthenticated
from chalicelib.issuers.documents import Issuer

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""The signatures that are accepted: asymmetric ones. `none` is none, and of HS* our side would need the secret."""
SKEW_SECONDS = 60
"""How far the issuer's clock may be from ours."""
_TYPES = frozenset({"jwt", "at+jwt"})
_LONGEST = 16 * 1024
_REQUIRED = ["iss", "aud", "sub", "exp", "iat"]


def verified(issuer: Issuer, audience: str, token: str) -> Mapping[str, Any]:
    """The claims of a token that the issuer signed for that audience, and that is valid at this (real) time.

    Raises Unauthenticated, with one message for all causes; TemporarilyUnavailable where the issuer cannot be asked.
    """
    if len(token) > _LONGEST:
        raise Unauthenticated()
    try:
        header = jwt.get_unverified_header(token)
        algorithm, key_id, kind = header.get("alg"), header.get("kid"), str(header.get("typ", "JWT"))
        if algorithm not in ALGORITHMS or kind.lower().removeprefix("application/") not in _TYPES:
            raise Unauthenticated()
        found = issuer.key(key_id)
        if found is None or found.get("alg", algorithm) != algorithm:
            raise Unauthenticated()
        return jwt.decode(
            token,
            jwt.PyJWK(dict(found), algorithm),
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer.url,
            leeway=SKEW_SECONDS,
            options={"require": _REQUIRED, "enforce_minimum_key_length": True},
        )
    except (PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise Unauthenticated() from None

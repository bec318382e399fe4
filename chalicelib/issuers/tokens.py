"""Signed tokens (JWT): whether the issuer signed one, for us, and for now. See decision 102."""

from collections.abc import Mapping
from typing import Any

import jwt
from jwt.exceptions import InvalidAlgorithmError, PyJWTError

from chalicelib.domain.errors import Unauthenticated
from chalicelib.issuers.documents import Issuer

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""The signatures that are accepted: asymmetric ones. `none` is none, and of HS* our side would need the secret."""
SKEW_SECONDS = 60
"""How far the issuer's clock may be from ours."""
_TYPES = frozenset({"jwt", "at+jwt"})
_LONGEST = 16 * 1024
_REQUIRED = ["iss", "aud", "sub", "exp", "iat"]


class WrongType(PyJWTError):
    """It is another kind of token, or too long for one."""


class UnknownKey(PyJWTError):
    """The issuer publishes no such key, or not for this algorithm."""


def verified(issuer: Issuer, audience: str, token: str) -> Mapping[str, Any]:
    """The claims of a token that the issuer signed for that audience, and that is valid at this (real) time.

    Raises Unauthenticated, caused by what is wrong with it; TemporarilyUnavailable where the issuer cannot be asked.
    """
    try:
        if len(token) > _LONGEST:
            raise WrongType
        header = jwt.get_unverified_header(token)
        algorithm, key_id, kind = header.get("alg"), header.get("kid"), str(header.get("typ", "JWT"))
        if algorithm not in ALGORITHMS:
            raise InvalidAlgorithmError
        if kind.lower().removeprefix("application/") not in _TYPES:
            raise WrongType
        found = issuer.key(key_id)
        if found is None or found.get("alg", algorithm) != algorithm:
            raise UnknownKey
        return jwt.decode(
            token,
            jwt.PyJWK(dict(found), algorithm),
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer.url,
            leeway=SKEW_SECONDS,
            options={"require": _REQUIRED, "enforce_minimum_key_length": True},
        )
    except (PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Unauthenticated() from error

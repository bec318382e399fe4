"""Identifiers: those that the service makes (prefixed, sortable by time) and those that a caller gives."""

import re
from datetime import datetime

from chalicelib.domain.errors import InvalidInput

GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+=-]{0,127}", re.ASCII)
RESERVED = frozenset({"root", "deployer", "system", "service", "timer", "nobody", "anonymous"})
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_RANDOM_BITS = 80


def is_given_id(text: str) -> bool:
    """Whether `text` may be an id that a caller gives, which every id of the service is too."""
    return GIVEN.fullmatch(text) is not None


ISSUED = "oidc_"
"""What the ids of users begin with who sign in at an issuer: nobody else is called so."""


def check_own(noun: str, text: str) -> None:
    """Raises InvalidInput for the id of a built-in actor, or of somebody who signs in at an issuer: no bot or user of
    ours is called so."""
    detail = None
    if text.casefold() in RESERVED:
        detail = f"{text} is the id of a built-in actor: choose another"
    elif text.casefold().startswith(ISSUED):
        detail = f"ids that begin with `{ISSUED}` are those of users who sign in at an issuer: choose another"
    if detail is not None:
        raise InvalidInput([{"pointer": f"/{noun}_id", "detail": detail}])


def name_claim(text: str) -> str:
    """The key under which one bot or user claims its id: ids that differ only in case are one."""
    return f"name#{text.casefold()}"


def is_request_id(text: str) -> bool:
    """Whether an `X-Request-Id` is well-formed."""
    return REQUEST.fullmatch(text) is not None


def make(prefix: str, now: datetime, entropy: bytes) -> str:
    """A ULID behind a prefix: 48 bits of milliseconds and 80 random bits (10 bytes of `entropy`), in base 32."""
    value = (int(now.timestamp() * 1000) << _RANDOM_BITS) | int.from_bytes(entropy[:10], "big")
    return f"{prefix}_" + "".join([_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5)])

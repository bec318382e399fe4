"""Who signs in with a token of the configured issuer: what its claims make of them."""

import hashlib
import re
from base64 import b32encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain import permissions
from chalicelib.domain.ids import ISSUED, is_given_id
from chalicelib.domain.permissions import Role

Claims = Mapping[str, Any]
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LEGIBLE = 31
_DIGEST = 26  # 130 bits in base 32
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)


def is_safe_url(url: object) -> bool:
    """Whether a URL names a host by https, or one on this machine by http: a sandbox's."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def origin(url: str) -> str:
    """The origin of a URL, for a content security policy; empty where it names none that is safe."""
    parts = urlsplit(url) if is_safe_url(url) else None
    return "" if parts is None else f"{parts.scheme}://{parts.netloc}"


def claim(claims: Claims, name: str) -> Any:
    """The claim of that name; a name with dots, which is not itself a claim, leads into objects. None without one."""
    if not name or name in claims:
        return claims.get(name)
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _words(value: Any) -> Iterator[str]:
    """The texts of a claim: a list of them, or one text with blanks or commas between."""
    if isinstance(value, str):
        yield from re.split(r"[\s,]+", value.strip())
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))


def user_id(issuer: str, name: str, value: Any) -> str | None:
    """The id of the user whom the claim `name` identifies as `value`; None where that identifies nobody.

    The readable part is for the reader of an audit. The rest is a digest of issuer, claim and value, in one case, so
    that no two users ever have one id, and none has the id of somebody with a key.
    """
    if not isinstance(value, str) or not value:
        return None
    digest = hashlib.sha256("\0".join((issuer, name, value)).encode("utf-8", "surrogatepass")).digest()
    legible = _NOT_IN_IDS.sub("-", value)[:_LEGIBLE].strip("-_.") or "user"
    return f"{ISSUED}{legible}_{b32encode(digest).decode().lower()[:_DIGEST]}"


def renamed(text: str) -> Mapping[str, str]:
    """What a setting says of names, as in `group-a=admin,group-b=viewer`."""
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {name.strip(): role.strip() for name, _, role in pairs}


def role_of(value: Any, roles: Mapping[str, str]) -> Role | None:
    """The role that a claim names, by `roles` if there are any, else as we call them. None: the user has none.

    Of several it is the one that may do most, of equals the one that is listed first in `Role`.
    """
    words = {roles.get(one) if roles else one for one in _words(value)}
    named = [role for role in Role if role.value in words]
    return max(named, key=lambda role: len(permissions.of_role(role)), default=None)


def models_of(value: Any, role: Role) -> frozenset[str] | None:
    """The models that a claim binds a user to; None: all, which `*` and the role `admin` mean.

    A claim that is missing or names none binds to none.
    """
    words = set(_words(value))
    if "*" in words or not permissions.is_bindable(role):
        return None
    return frozenset(one for one in words if is_given_id(one))

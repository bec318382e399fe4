"""API keys: `wk_<bot or user id>_<secret>`, where the secret ends in a checksum that finds typing errors.

A key is stored as an HMAC-SHA256 under the service's pepper: the secret has 256 random bits, so that a slow hash
would protect nothing and cost much.
"""

import hashlib
import hmac
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Required, TypedDict

from chalicelib.domain import ids
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.instants import render

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43  # 256 bits in base 62
_CHECK_LENGTH = 6  # 32 bits in base 62
SECRET_BYTES = 32


def _base62(value: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        value, digit = divmod(value, 62)
        digits = _ALPHABET[digit] + digits
    return digits


def _check(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECK_LENGTH)


def make(owner_id: str, entropy: bytes) -> str:
    """A new key of that bot or user from 32 random bytes."""
    body = f"wk_{owner_id}_" + _base62(int.from_bytes(entropy, "big"), _SECRET_LENGTH)
    return body + _check(body)


def owner(key: str) -> str | None:
    """The id of the key's bot or user, None when the text is not a key or was mistyped. Proves nothing yet.

    What cannot be an id is nobody's: the store is not asked.
    """
    body, check = key[:-_CHECK_LENGTH], key[-_CHECK_LENGTH:]
    prefix, _, rest = body.partition("_")
    owner_id, _, secret = rest.rpartition("_")
    if prefix != "wk" or not ids.is_given_id(owner_id) or len(secret) != _SECRET_LENGTH or not key.isascii():
        return None
    return owner_id if hmac.compare_digest(check, _check(body)) else None


def is_token(text: str) -> bool:
    """Whether it looks like a signed token (JWT) of an issuer, and not like a key. Proves nothing yet."""
    return text.startswith("eyJ") and text.count(".") == 2


def digest(pepper: str, key: str) -> str:
    """What is stored of a key: HMAC-SHA256 under the pepper, in hex."""
    return hmac.new(pepper.encode(), key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two digests are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


class StoredKey(TypedDict, total=False):
    """What is stored of a key. `expires_at` and `created_by` may be absent: an earlier release wrote it."""

    digest: Required[str]
    created_at: Required[str]
    revoked_at: Required[str | None]
    created_by: str
    expires_at: str | None


Keys = Mapping[str, StoredKey]
"""The keys of a bot or a user by their ids."""
FOR_GOOD = "9999-12-31T23:59:59.999Z"
"""When a key expires that never does: instants compare as texts."""


def live(keys: Keys, now: datetime) -> dict[str, StoredKey]:
    """The keys that are neither revoked nor expired, by id."""
    at = render(now)
    return {
        key_id: key
        for key_id, key in keys.items()
        if not key.get("revoked_at") and (key.get("expires_at") or FOR_GOOD) > at
    }


def live_until(keys: Keys, now: datetime) -> str | None:
    """Until when one of the keys is live, None where none is."""
    return max((key.get("expires_at") or FOR_GOOD for key in live(keys, now).values()), default=None)


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Raises InvalidInput for a key that would have expired when it is made."""
    if expires_at is not None and expires_at <= now:
        raise InvalidInput(
            [{"pointer": "/expires_at", "detail": "it has passed: a key expires later, or never (null)"}]
        )


def hour_of(now: datetime) -> str:
    """The hour in which a key was used, as it is stored."""
    return render(now.replace(minute=0, second=0, microsecond=0))

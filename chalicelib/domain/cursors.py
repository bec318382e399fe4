"""Cursors: where a list goes on, opaque to clients and proof against changes."""

import base64
import binascii
import hashlib
import hmac
import json

from chalicelib.domain.errors import MalformedRequest

_SEAL_BYTES = 12


def _seal(secret: str, purpose: str, payload: bytes) -> bytes:
    return hmac.new(f"cursor:{secret}".encode(), purpose.encode() + b"\0" + payload, hashlib.sha256).digest()[
        :_SEAL_BYTES
    ]


def encode(secret: str, purpose: str, state: object) -> str:
    """An opaque, URL-safe cursor for a JSON-able `state`; `purpose` names the list and its filters."""
    payload = json.dumps(state, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(_seal(secret, purpose, payload) + payload).decode().rstrip("=")


def decode(secret: str, purpose: str, cursor: str) -> object:
    """The state in a cursor. Raises MalformedRequest when it is damaged or was made for another list or filter."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        seal, payload = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if hmac.compare_digest(seal, _seal(secret, purpose, payload)):
            return json.loads(payload)
    except (binascii.Error, ValueError):
        pass
    raise MalformedRequest("The cursor is damaged, or belongs to another list or filter. Begin without one.")

"""Cursors: where a list goes on, unreadable to clients and proof against changes."""

import base64
import binascii
import hmac
import json
from functools import lru_cache
from typing import Any

from chalicelib.domain.errors import MalformedRequest
from chalicelib.domain.records import record

_SEAL_BYTES = 12
_BLOCK_BYTES = 32


@record
class Cursors:
    """The cursors of one list; `purpose` names the list and its filters."""

    secret: str
    purpose: str

    def encode(self, state: object) -> str | None:
        """Return an opaque, URL-safe cursor for a JSON-able `state`, None for None: the list ends."""
        if state is None:
            return None
        payload = json.dumps(state, separators=(",", ":"), sort_keys=True).encode()
        seal = self._seal(payload)
        return base64.urlsafe_b64encode(seal + self._hidden(seal, payload)).decode().rstrip("=")

    def decode(self, cursor: str | None) -> Any:
        """Return the state in a cursor, None without one.

        Raises MalformedRequest when it is damaged or was made for another list or filter.
        """
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            seal = raw[:_SEAL_BYTES]
            payload = self._hidden(seal, raw[_SEAL_BYTES:])
            if hmac.compare_digest(seal, self._seal(payload)):
                return json.loads(payload)
        except (binascii.Error, ValueError):
            pass
        raise MalformedRequest("The cursor is damaged, or belongs to another list or filter. Begin without one.")

    def _hidden(self, seal: bytes, payload: bytes) -> bytes:
        """Return the payload under a stream of bytes that follows from its seal; the same once more shows it again.

        A cursor may name what its owner does not see, such as the account of another model behind which a page ends.
        """
        key, blocks = _key(self.secret, b"warmup cursors: hide"), range(-(-len(payload) // _BLOCK_BYTES))
        stream = b"".join(hmac.digest(key, seal + block.to_bytes(4, "big"), "sha256") for block in blocks)
        return bytes(one ^ other for one, other in zip(payload, stream, strict=False))

    def _seal(self, payload: bytes) -> bytes:
        sealed = self.purpose.encode() + b"\0" + payload
        return hmac.digest(_key(self.secret, b"warmup cursors: seal"), sealed, "sha256")[:_SEAL_BYTES]


@lru_cache(maxsize=4)
def _key(secret: str, purpose: bytes) -> bytes:
    """A key for one purpose, by HKDF (RFC 5869): from it nobody finds the pepper, or the keys for other purposes."""
    extracted = hmac.digest(b"", secret.encode(), "sha256")
    return hmac.digest(extracted, purpose + b"\x01", "sha256")

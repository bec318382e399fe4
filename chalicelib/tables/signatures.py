"""AWS's Signature Version 4, for the two requests that the service signs: a call of DynamoDB and the URL of an object.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple, Protocol
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(Protocol):
    """What a request is signed with; botocore's have the same members."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


class Signer(NamedTuple):
    """Signs for one service in one region, with these credentials, at an instant such as `20260131T120000Z`."""

    credentials: Credentials
    region: str
    service: str
    stamp: str

    def headers(self, host: str, path: str, own: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The headers of a POST: its own, given in lower case, and those of the signature."""
        headers = {**own, "host": host, "x-amz-date": self.stamp}
        if self.credentials.token is not None:
            headers["x-amz-security-token"] = self.credentials.token
        names = sorted(headers)
        signed = ";".join(names)
        lines = "".join([f"{name}:{headers[name]}\n" for name in names])
        canonical = f"POST\n{path}\n\n{lines}\n{signed}\n{sha256(body).hexdigest()}"
        headers["authorization"] = (
            f"{_ALGORITHM} Credential={self.credentials.access_key}/{self._scope}, "
            f"SignedHeaders={signed}, Signature={self._signature(canonical)}"
        )
        return headers

    def url(
        self, scheme: str, host: str, path: str, seconds: int, own: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        """The URL by which anybody may GET what is at `path` (quoted) for so many seconds, with its own parameters."""
        members = {
            **own,
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{self.credentials.access_key}/{self._scope}",
            "X-Amz-Date": self.stamp,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
        }
        if self.credentials.token is not None:
            members["X-Amz-Security-Token"] = self.credentials.token
        pairs = [f"{name}={quote(value, safe='')}" for name, value in members.items()]
        query = "&".join(sorted(pairs))
        signature = self._signature(f"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD")
        return f"{scheme}://{host}{path}?{'&'.join(pairs)}&X-Amz-Signature={signature}"

    @property
    def _scope(self) -> str:
        return f"{self.stamp[:8]}/{self.region}/{self.service}/aws4_request"

    def _signature(self, canonical: str) -> str:
        asked = f"{_ALGORITHM}\n{self.stamp}\n{self._scope}\n{sha256(canonical.encode()).hexdigest()}"
        key = _key(self.credentials.secret_key, self.stamp[:8], self.region, self.service)
        return hmac.digest(key, asked.encode(), "sha256").hex()


@lru_cache(maxsize=4)
def _key(secret: str, *parts: str) -> bytes:
    """The key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (*parts, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key

"""The floor: a bare DynamoDB client, signed (Signature Version 4) and nothing more, on the standard library.

What Python itself costs to ask DynamoDB a question and parse the answer; everything above it is ours, or a library's.
The signature follows AWS's documentation of Signature Version 4.
"""

import hashlib
import hmac
import http.client
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit


class Floor:
    """One connection, kept alive. Not safe for threads."""

    def __init__(self, url: str) -> None:
        """Signs with a key of nobody's."""
        parts = urlsplit(url)
        self._host = parts.netloc
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._key_id, self._secret, self._region = "AKIDEXAMPLE", "nobody's", "us-east-1"
        self._signing_day, self._signing_key = "", b""

    def call(self, operation: str, body: bytes) -> Any:
        """The parsed answer. Raises RuntimeError for any status but 200."""
        self._connection.request("POST", "/", body, self._headers(operation, body))
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {data[:200]!r}")
        return json.loads(data)

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{self._region}/dynamodb/aws4_request"
        target = f"DynamoDB_20120810.{operation}"
        signed = "content-type;host;x-amz-date;x-amz-target"
        content = "application/x-amz-json-1.0"
        canonical = (
            f"POST\n/\n\ncontent-type:{content}\nhost:{self._host}\nx-amz-date:{stamp}\nx-amz-target:{target}\n\n"
            f"{signed}\n{hashlib.sha256(body).hexdigest()}"
        )
        asked = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self._key(stamp[:8]), asked.encode(), hashlib.sha256).hexdigest()
        credential = (
            f"AWS4-HMAC-SHA256 Credential={self._key_id}/{scope}, SignedHeaders={signed}, Signature={signature}"
        )
        return {"Content-Type": content, "X-Amz-Date": stamp, "X-Amz-Target": target, "Authorization": credential}

    def _key(self, day: str) -> bytes:
        if day != self._signing_day:
            key = f"AWS4{self._secret}".encode()
            for part in (day, self._region, "dynamodb", "aws4_request"):
                key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            self._signing_day, self._signing_key = day, key
        return self._signing_key

"""An operator's or a bot's way to the service by path: JSON in, JSON out, for tests whose subject is not the client."""

from collections.abc import Mapping
from typing import Any, Self

from warmup.client import Transport
from warmup.retry import RetryPolicy


class JsonClient:
    """One connection to the service, with one key. Refusals are raised as `ApiError`."""

    def __init__(self, url: str, key: str) -> None:
        self._transport = Transport(url, key, RetryPolicy())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self._transport.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: str | int) -> dict[str, Any]:
        """GET, with query parameters by name."""
        return self._transport.ask("GET", path, dict[str, Any], headers=headers, query=query)

    def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """POST of JSON (an empty object, if nothing is given)."""
        return self._transport.ask("POST", path, dict[str, Any], headers=headers, body={} if body is None else body)

    def patch(self, path: str, body: object) -> dict[str, Any]:
        """PATCH of JSON, whatever the version."""
        return self._transport.ask("PATCH", path, dict[str, Any], body=body)

    def post_raw(self, path: str, body: bytes, content_type: str) -> dict[str, Any]:
        """POST of anything else."""
        return self._transport.ask("POST", path, dict[str, Any], raw=(content_type, body))

    def upload(self, url: str, fields: Mapping[str, str], data: bytes) -> None:
        """Upload a file by a presigned form."""
        self._transport.upload(url, fields, data)

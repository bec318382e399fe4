"""A plain client of the HTTP API, for the seeding, the simulated bots and the view: JSON in, JSON out, or a Problem."""

import time
from collections.abc import Mapping
from typing import Any, Self

import httpx

_ATTEMPTS = 6
_LONGEST_PAUSE = 2.0


class Problem(Exception):
    """An answer of 400 or more; `code` and `body` as the service gave them."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.body = body
        super().__init__(f"{status} {self.code}: {body.get('detail', '')} {body.get('errors', '')}".rstrip())


class Client:
    """One connection to the service, with one key. For one thread at a time.

    A request that got no answer, or 429 or 503, is sent again after the pause that the service asks for: every
    request of the contract may be repeated.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        session_id: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`session_id` goes along with each request; `transport` sends them in the place of httpx's own."""
        options: dict[str, Any] = {"timeout": 20, "trust_env": False, "transport": transport}
        session = {} if session_id is None else {"Bot-Session": session_id}
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}", **session}, **options)
        self._media = httpx.Client(**options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self._http.close()
        self._media.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: str | int) -> dict[str, Any]:
        """GET, with query parameters by name."""
        return self._send("GET", path, headers=headers, params=query)

    def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """POST of JSON (an empty object, if nothing is said)."""
        return self._send("POST", path, headers=headers, json={} if body is None else body)

    def post_raw(self, path: str, body: bytes, content_type: str) -> dict[str, Any]:
        """POST of anything else."""
        return self._send("POST", path, headers={"Content-Type": content_type}, content=body)

    def patch(self, path: str, body: object) -> dict[str, Any]:
        """PATCH of JSON."""
        return self._send("PATCH", path, json=body)

    def delete(self, path: str) -> dict[str, Any]:
        """DELETE."""
        return self._send("DELETE", path)

    def download(self, url: str) -> bytes:
        """A file behind a presigned URL; our key is not sent there. Raises httpx.HTTPError."""
        response = self._media.get(url)
        response.raise_for_status()
        return response.content

    def upload(self, url: str, fields: Mapping[str, str], data: bytes) -> None:
        """A file by a presigned form; our key is not sent there. Raises httpx.HTTPError."""
        self._media.post(url, data=fields, files={"file": data}).raise_for_status()

    def _send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        response = self._patiently(method, path, request)
        body = _parsed(response)
        if response.is_error:
            raise Problem(response.status_code, body)
        if "Retry-After" in response.headers:
            body.setdefault("retry_after_seconds", float(response.headers["Retry-After"]))
        return body

    def _patiently(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        for attempt in range(1, _ATTEMPTS):
            pause = 0.1 * 2**attempt
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError:
                time.sleep(pause)
                continue
            if response.status_code not in {429, 503}:
                return response
            time.sleep(min(float(response.headers.get("Retry-After") or pause), _LONGEST_PAUSE))
        return self._http.request(method, path, **request)


def _parsed(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json() if response.content else {}
    except ValueError:
        body = {"detail": response.text[:500]}
    return body if isinstance(body, dict) else {"detail": body}

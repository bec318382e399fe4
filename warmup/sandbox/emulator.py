"""The door of an emulator: only requests that are signed with this run's secret pass, as in front of AWS.

`python -P emulator.py` runs MiniStack behind it. This module runs in the emulators' own processes and environments: it
needs the standard library alone. What an emulator itself checks of a signature, such as its expiry, is left to it.
"""

import hmac
import os
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from hashlib import sha256
from typing import Any, NamedTuple

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Event, Receive, Send], Awaitable[None]]

_AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^ ,]+), *SignedHeaders=([^ ,]+), *Signature=([0-9a-f]{64})")
_FIELD = re.compile(
    rb'name="(policy|x-amz-credential|x-amz-signature)"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)', re.IGNORECASE
)
_FORM = "multipart/form-data"
REFUSED = b"This emulator answers to its own sandbox alone.\n"


class Request(NamedTuple):
    """What a signature is made of; path and query as they were sent, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Door:
    """Lets requests pass that somebody signed who knows the secret: by a header, in the URL, or as a form's policy."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    @classmethod
    def of_environment(cls) -> "Door":
        """Return the door of the process whose credentials are in the environment."""
        return cls(os.environ["AWS_SECRET_ACCESS_KEY"])

    def admits(self, request: Request) -> bool:
        """Whether the request passes. The preflight of a form does: it changes nothing, and reads nothing."""
        if request.method == "OPTIONS":
            return True
        if "authorization" in request.headers:
            return self._is_signed(request)
        if "X-Amz-Signature=" in request.query:
            return self._has_signed_url(request)
        is_form = request.headers.get("content-type", "").startswith(_FORM)
        return request.method == "POST" and is_form and self._has_signed_policy(request.body)

    def _is_signed(self, request: Request) -> bool:
        found = _AUTHORIZATION.fullmatch(request.headers["authorization"])
        if found is None:
            return False
        credential, names, signature = found.groups()
        payload = request.headers.get("x-amz-content-sha256") or sha256(request.body).hexdigest()
        canonical = _canonical(request, _sorted(request.query), names, payload)
        return self._fits(credential, request.headers.get("x-amz-date", ""), canonical, signature)

    def _has_signed_url(self, request: Request) -> bool:
        from urllib.parse import parse_qs  # noqa: PLC0415  # most requests are signed by a header

        given = {name: values[-1] for name, values in parse_qs(request.query).items()}
        signature = given["X-Amz-Signature"]
        query = _sorted(request.query, without="X-Amz-Signature")
        payload = request.headers.get("x-amz-content-sha256") or "UNSIGNED-PAYLOAD"
        canonical = _canonical(request, query, given.get("X-Amz-SignedHeaders", ""), payload)
        return self._fits(given.get("X-Amz-Credential", ""), given.get("X-Amz-Date", ""), canonical, signature)

    def _has_signed_policy(self, body: bytes) -> bool:
        fields = {name.lower(): value for name, value in _FIELD.findall(body)}
        key = self._key(fields.get(b"x-amz-credential", b"").decode("latin-1"))
        made = "" if key is None else hmac.digest(key, fields.get(b"policy", b""), "sha256").hex()
        return made != "" and hmac.compare_digest(made.encode(), fields.get(b"x-amz-signature", b""))

    def _fits(self, credential: str, stamp: str, canonical: str, signature: str) -> bool:
        key = self._key(credential)
        if key is None:
            return False
        scope = credential.partition("/")[2]
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(canonical.encode('latin-1')).hexdigest()}"
        return hmac.compare_digest(hmac.digest(key, text.encode("latin-1"), "sha256").hex(), signature)

    def _key(self, credential: str) -> bytes | None:
        """The key of a credential's day, region and service; None where that is not a credential."""
        parts = credential.split("/")[1:]
        if len(parts) != len(("day", "region", "service", "aws4_request")):
            return None
        key = f"AWS4{self._secret}".encode()
        for part in parts:
            key = hmac.digest(key, part.encode("latin-1"), "sha256")
        return key


def _sorted(query: str, without: str = "") -> str:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(sorted(f"{name}={value}" for name, _, value in pairs if name != without))


def _canonical(request: Request, query: str, names: str, payload: str) -> str:
    lines = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names.split(";"))
    return f"{request.method}\n{request.path}\n{query}\n{lines}\n{names}\n{payload}"


def behind_door(app: App, door: Door) -> App:
    """Return the ASGI app, which only what the door admits reaches."""

    async def guarded(scope: Event, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await _serve(app, door, scope, receive, send)

    return guarded


async def _serve(app: App, door: Door, scope: Event, receive: Receive, send: Send) -> None:
    parts, more = [], True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        parts.append(event.get("body", b""))
        more = event.get("more_body", False)
    body, headers = (
        b"".join(parts),
        {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
    )
    path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
    if not door.admits(Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, body)):
        await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": REFUSED})
        return
    events = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replayed() -> Event:
        return next(events, None) or await receive()

    await app(scope, replayed, send)


if __name__ == "__main__":
    import ministack.app  # type: ignore[import-not-found]  # it is in the environment that runs this file as a script

    ministack.app.app = behind_door(ministack.app.app, Door.of_environment())
    ministack.app.main()

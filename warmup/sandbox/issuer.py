"""An OpenID Connect issuer for the sandbox: everybody may sign in as anybody. It is never deployed.

discovery, keys ─ the service     authorize (a page of users) ─ the browser ─ token (code and PKCE) ─ the console
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from warmup.sandbox.answers import Answer, HttpRequest, document
from warmup.sandbox.server import Server

CLIENT = "warmup-sandbox"
LIFETIME_SECONDS = 3600
_HOST = "127.0.0.1"
_CODE_SECONDS = 60
_CALLBACK = "/console/signed-in"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can be chosen on the page."""

    subject: str
    roles: tuple[str, ...]
    models: tuple[str, ...] = ("*",)

    def claims(self) -> dict[str, object]:
        """What a token says of them."""
        return {"sub": self.subject, "roles": list(self.roles), "models": list(self.models)}


USERS = (
    User("ada", ("admin",)),
    User("otto", ("operator",)),
    User("petra", ("approver",)),
    User("carl", ("contributor",)),
    User("vera", ("viewer",)),
    User("nobody", ()),
)


@dataclass(slots=True)
class Key:
    """A pair of keys that tokens are signed with."""

    key_id: str = field(default_factory=lambda: secrets.token_hex(8))
    private: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def public(self) -> dict[str, Any]:
        """What is published of it (JWK)."""
        told: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self.private.public_key()))
        return {**told, "kid": self.key_id, "use": "sig", "alg": "RS256"}


@dataclass(frozen=True, slots=True)
class _Code:
    """What a code was issued for; it is good once, and not for long."""

    asked: Mapping[str, str]
    user: User
    until: float


class Issuer:
    """The issuer, on a port of its own."""

    def __init__(self) -> None:
        self.keys = [Key()]
        self.answers = True
        self.asked: list[str] = []
        self.console = ""
        self._codes: dict[str, _Code] = {}
        self._server = Server(_HOST, 0, self._answer)

    @property
    def url(self) -> str:
        """Return its URL, by which tokens name it."""
        return self._server.url

    def start(self) -> None:
        """Begin to serve, in a thread."""
        self._server.start()

    def stop(self) -> None:
        """Serve nothing more."""
        self._server.stop()

    def environ(self) -> dict[str, str]:
        """Return what a deployment would set to trust it."""
        return {
            "WARMUP_OIDC_ISSUER": self.url,
            "WARMUP_OIDC_AUDIENCE": CLIENT,
            "WARMUP_OIDC_ROLES_CLAIM": "roles",
            "WARMUP_OIDC_MODELS_CLAIM": "models",
        }

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish no other."""
        self.keys = [Key()]

    def sign(self, claims: Mapping[str, object], **header: str) -> str:
        """Return a token that says this, and who issued it, for whom and how long; None leaves a claim out."""
        now, key = int(time.time()), self.keys[-1]
        usual = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + LIFETIME_SECONDS}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(said, key.private, "RS256", {"kid": key.key_id, **header})

    def _answer(self, request: HttpRequest) -> Answer:
        self.asked.append(request.path)
        host = next((value for name, value in request.headers if name == "host"), "")
        if host != urlsplit(self.url).netloc:
            return _refused("this host is not mine", 421)  # a name that a foreign page had resolved to this machine
        if not self.answers:
            return _refused("switched off", 503)
        query = dict(parse_qsl(request.query))
        match request.method, request.path:
            case "GET", "/.well-known/openid-configuration":
                return document(self._discovery())
            case "GET", "/keys":
                return document({"keys": [key.public() for key in self.keys]})
            case "GET", "/authorize":
                return self._authorize(query)
            case "POST", "/token":
                return self._token(dict(parse_qsl(request.body.decode(errors="replace"))))
            case "GET", "/end-session":
                return self._end_session(query)
            case _:
                return _refused("no such route", 404)

    def _discovery(self) -> dict[str, object]:
        paths = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
            "end_session_endpoint": "/end-session",
        }
        return {
            "issuer": self.url,
            **{name: self.url + path for name, path in paths.items()},
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, asked: Mapping[str, str]) -> Answer:
        """Show the users, or go back with a code for the one that was chosen."""
        if asked.get("client_id") != CLIENT or asked.get("redirect_uri", "") not in self._callbacks():
            return _refused("unknown client_id or redirect_uri")
        wanted = {"response_type": "code", "code_challenge_method": "S256"}
        needed = ("state", "nonce", "code_challenge")
        if any(asked.get(name) != value for name, value in wanted.items()) or not all(map(asked.get, needed)):
            return _back(asked["redirect_uri"], error="invalid_request", state=asked.get("state", ""))
        user = next((one for one in USERS if one.subject == asked.get("user")), None)
        if user is None:
            return _page(asked)
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(asked, user, time.monotonic() + _CODE_SECONDS)
        return _back(asked["redirect_uri"], code=code, state=asked["state"], iss=self.url)

    def _callbacks(self) -> set[str]:
        return {one + _CALLBACK for one in self._consoles()}

    def _consoles(self) -> set[str]:
        return {self.console, self.console.replace(_HOST, "localhost")}

    def _token(self, given: Mapping[str, str]) -> Answer:
        code = self._codes.pop(given.get("code", ""), None)
        if given.get("grant_type") != "authorization_code" or code is None or code.until < time.monotonic():
            return _refused("invalid_grant")
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        same = all(given.get(name) == code.asked[name] for name in ("client_id", "redirect_uri"))
        if not same or not hmac.compare_digest(challenge, code.asked["code_challenge"]):
            return _refused("invalid_grant")
        token = self.sign({**code.user.claims(), "nonce": code.asked["nonce"]})
        told = {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "id_token": token}
        answer = document({**told, "access_token": secrets.token_urlsafe(24)}).having("Cache-Control", "no-store")
        return answer.having("Access-Control-Allow-Origin", code.asked["redirect_uri"].removesuffix(_CALLBACK))

    def _end_session(self, asked: Mapping[str, str]) -> Answer:
        back = asked.get("post_logout_redirect_uri", "")
        known = back.removesuffix("/console") in self._consoles() and asked.get("client_id") == CLIENT
        return _back(back) if known else _refused("unknown client_id or post_logout_redirect_uri")


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Run an issuer."""
    issuer = Issuer()
    issuer.start()
    try:
        yield issuer
    finally:
        issuer.stop()


def _refused(error: str, status: int = 400) -> Answer:
    return document({"error": error}, status)


def _back(url: str, **told: str) -> Answer:
    return Answer(302, [("Location", f"{url}?{urlencode(told)}" if told else url), ("Cache-Control", "no-store")], b"")


_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · sandbox</title>
<style>:root {{ color-scheme: light dark }} body {{ font: 16px/1.6 system-ui, sans-serif; margin: 3rem auto;
max-width: 24rem; padding: 0 1rem }}</style></head>
<body><main><h1>Sign in as</h1><ul>{users}</ul></main></body>
</html>
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _page(asked: Mapping[str, str]) -> Answer:
    users = "".join(
        f'<li><a href="/authorize?{escape(urlencode({**asked, "user": user.subject}))}">{user.subject}</a>: '
        f"{', '.join(user.roles) or 'no role'}</li>"
        for user in USERS
    )
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", _POLICY)]
    return Answer(200, headers, _PAGE.format(users=users).encode())

"""What an issuer publishes: its endpoints (discovery) and the keys that it signs with (JWKS), kept for a while."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.context import sources
from chalicelib.domain import sign_in
from chalicelib.domain.errors import TemporarilyUnavailable
from chalicelib.domain.records import record
from chalicelib.issuers.fetching import Unusable, fetch

Jwk = Mapping[str, Any]
KEPT_SECONDS = 600.0
"""How long the documents count without another look: a key that the issuer takes back is refused after that."""
STALE_SECONDS = 3600.0
"""How long they count while the issuer cannot be reached."""
AGAIN_SECONDS = 30.0
"""How long a key that they do not have is refused without another look, so that nobody has us ask all the time."""
PAUSE_SECONDS = 5.0
"""How long an issuer that failed is left alone."""
_ENDPOINTS = ("authorization_endpoint", "token_endpoint")


@record
class Documents:
    """The documents as they were fetched together."""

    discovery: Mapping[str, Any]
    keys: Sequence[Jwk]

    def named(self, key_id: str | None) -> Jwk | None:
        """The signing key of that id; without an id the only one that there is."""
        found = [one for one in self.keys if key_id is None or one.get("kid") == key_id]
        return found[0] if len(found) == 1 else None


class Issuer:
    """One issuer; safe for threads, of which one fetches and the others wait for it."""

    def __init__(self, url: str) -> None:
        """Nothing is asked of it yet."""
        self.url = url
        self._lock = threading.Lock()
        self._held: Documents | None = None
        self._fetched_at = self._asked_at = self._failed_at = float("-inf")
        self._why = ""

    def discovery(self) -> Mapping[str, Any]:
        """Its endpoints. Raises TemporarilyUnavailable."""
        return self._documents().discovery

    def key(self, key_id: str | None) -> Jwk | None:
        """The key of that id, looked for again at the issuer if it is not known. Raises TemporarilyUnavailable."""
        return self._documents().named(key_id) or self._documents(another=True).named(key_id)

    def _documents(self, *, another: bool = False) -> Documents:
        """The documents; `another` asks for newer ones than those that were just read, where their time has come."""
        with self._lock:
            now, held = sources.monotonic(), self._held
            age = now - self._fetched_at
            if held is not None and (self._is_news(now) if another else age < KEPT_SECONDS):
                return held
            if now - self._failed_at >= PAUSE_SECONDS:
                self._asked_at = now
                try:
                    self._held = _fetched(self.url)
                except Unusable as error:
                    self._failed_at, self._why = now, str(error)
                else:
                    self._fetched_at = now
                    return self._held
            if held is None or another or age >= STALE_SECONDS:
                raise TemporarilyUnavailable(
                    f"The issuer of sign-in tokens cannot be asked: {self._why}.",
                    retry_after_seconds=int(PAUSE_SECONDS),
                )
            return held

    def _is_news(self, now: float) -> bool:
        """Whether it answered a moment ago."""
        return self._failed_at < self._asked_at and now - self._asked_at < AGAIN_SECONDS


def _fetched(url: str) -> Documents:
    """Fetches both documents. Raises Unusable."""
    discovery = fetch(url.rstrip("/") + "/.well-known/openid-configuration")
    if discovery.get("issuer") != url:
        raise Unusable(f"its document names another issuer, {str(discovery.get('issuer'))[:200]!r}")
    for name in _ENDPOINTS:
        if not sign_in.is_safe_url(discovery.get(name)):
            raise Unusable(f"its document has no usable {name}")
    listed = fetch(str(discovery.get("jwks_uri"))).get("keys")
    if not isinstance(listed, list):
        raise Unusable("its set of keys lists none")
    return Documents(discovery, [one for one in listed if isinstance(one, dict) and one.get("use") in (None, "sig")])

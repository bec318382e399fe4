"""A JSON document of the issuer, fetched over TLS: within seconds, without redirects, and never a large one."""

import ssl
from contextlib import closing
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from chalicelib.context import sources
from chalicelib.domain import sign_in, strict_json

_SECONDS = 2.0
"""How long a connection and each read may take; the whole takes at most twice that."""
_LARGEST = 256 * 1024


class Unusable(Exception):
    """What the issuer does not answer, or answers wrongly; the message says what."""


def fetch(url: str) -> dict[str, Any]:
    """The JSON object at that URL. Raises Unusable."""
    if not sign_in.is_safe_url(url):
        raise Unusable(f"{url[:200]} is neither https nor on this machine")
    try:
        found = strict_json.parse(_body(url).decode())
    except (OSError, HTTPException) as error:
        raise Unusable(f"{url} cannot be reached ({type(error).__name__})") from error
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{url} does not answer JSON") from error
    if not isinstance(found, dict):
        raise Unusable(f"{url} does not answer a JSON object")
    return found


def _body(url: str) -> bytes:
    """What is answered there. Raises Unusable, OSError, HTTPException."""
    parts, ends = urlsplit(url), sources.monotonic() + 2 * _SECONDS
    host, target = parts.hostname or "", (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = (
        HTTPSConnection(host, parts.port, timeout=_SECONDS, context=_tls())
        if parts.scheme == "https"
        else HTTPConnection(host, parts.port, timeout=_SECONDS)
    )
    with closing(connection):
        connection.request("GET", target, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise Unusable(f"{url} answers {answer.status}")
        body = b""
        while part := answer.read1(65536):
            body += part
            if len(body) > _LARGEST or sources.monotonic() > ends:
                raise Unusable(f"{url} answers too much, or too slowly")
        return body


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()

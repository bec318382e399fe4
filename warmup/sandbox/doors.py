"""The doors of the sandbox's server: it answers to its own names alone, and /sandbox to no page of another origin.

A page in the developer's browser can send requests to this machine. By DNS rebinding it does so under a name of its
own, which the header `Host` shows; across origins it says so in `Origin` and `Sec-Fetch-Site`.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from warmup.sandbox.answers import Answer, HttpRequest, problem

SHORTEST_KEY = 32
"""Characters of an operator's key that is given by hand, where other machines can reach the sandbox."""
_JSON = "application/json"
_SAME = ("same-origin", "none")


class Doors:
    """What a server that listens on this interface refuses; `names` are further names that it is called by."""

    def __init__(self, interface: str, names: Sequence[str] = ()) -> None:
        self._names = {"localhost", interface.lower(), *(name.lower() for name in names)}
        self._any_address = interface in ("", "0.0.0.0", "::")  # noqa: S104  # compared, not bound

    def refusal(self, request: HttpRequest) -> Answer | None:
        """Return the problem of a request that is refused, None where it may go on."""
        headers: dict[str, list[str]] = {}
        for name, value in request.headers:
            headers.setdefault(name, []).append(value)
        hosts = headers.get("host", [])
        for host in hosts:
            if not self.is_own(host):
                return _refused(f"{host!r} is not a name of this sandbox: allow it with --allow-host.")
        if request.path != "/sandbox" and not request.path.startswith("/sandbox/"):
            return None
        return _of_sandbox(request, headers, hosts)

    def is_own(self, host: str) -> bool:
        """Whether the name, with or without a port, is one of this server."""
        name = _name_of(host)
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self._any_address  # no name is looked up for an address: nobody can rebind it


def is_loopback(interface: str) -> bool:
    """Whether only this machine reaches the interface."""
    try:
        return interface == "localhost" or ipaddress.ip_address(interface).is_loopback
    except ValueError:
        return False


def _of_sandbox(request: HttpRequest, headers: dict[str, list[str]], hosts: Sequence[str]) -> Answer | None:
    foreign = [one for one in headers.get("origin", []) if urlsplit(one).netloc.lower() not in map(str.lower, hosts)]
    across = [one for one in headers.get("sec-fetch-site", []) if one.lower() not in _SAME]
    if foreign or across:
        return _refused("A page of another origin does not control this sandbox.")
    media_types = [one.partition(";")[0].strip().lower() for one in headers.get("content-type", [])]
    if request.body and media_types != [_JSON]:
        sent = media_types[0] if media_types else "nothing"
        detail = f"Send the body as `Content-Type: {_JSON}`; the request says {sent}."
        return problem(415, "unsupported_media_type", detail)
    return None


def _refused(detail: str) -> Answer:
    return problem(403, "forbidden", detail)


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""

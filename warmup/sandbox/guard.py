"""The guard of tests and of the sandbox: no request to AWS's own hosts leaves this process, from any library."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.tables.transport import AwsRefused, refusal


@contextmanager
def aws_refused() -> Iterator[None]:
    """Refuse to look up AWS's own hosts while the context lasts: an AwsRefused says what to set.

    The service refuses by itself where it is not deployed; this holds for every other client in the process, too: each
    of them asks `socket.getaddrinfo` for the address first.
    """
    look_up: Any = socket.getaddrinfo

    def refusing(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        reason = refusal(name.rstrip(".").lower())
        if reason is not None:
            raise AwsRefused(reason)
        return look_up(host, *arguments, **options)

    socket.getaddrinfo = refusing
    try:
        yield
    finally:
        socket.getaddrinfo = look_up

"""Callers without a valid key, by their address: too many of their requests are refused, in this warm function.

Each warm function counts for itself, and forgets: the limits of the gateway hold for all of them together. Who sends a
valid key is never refused here, whatever else comes from the same address.
"""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from threading import Lock

from chalicelib.context import sources
from chalicelib.domain import limits
from chalicelib.domain.errors import RateLimited
from chalicelib.domain.limits import ANONYMOUS, FAILED, Bucket, Rate

MOST_ADDRESSES = 1024
_BITS_OF_A_CALLER = 64  # of an IPv6 address: whoever has one has all others of its network


class _Addresses:
    """The buckets of the addresses that were heard of last."""

    def __init__(self, rate: Rate) -> None:
        self._rate, self._lock = rate, Lock()
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str) -> int:
        """In how many seconds to ask again, 0 where the request is within the rate."""
        with self._lock:
            bucket, wait = limits.take(self._buckets.pop(address, None), self._rate, sources.monotonic())
            self._buckets[address] = bucket
            if len(self._buckets) > MOST_ADDRESSES:
                del self._buckets[next(iter(self._buckets))]
        return wait


failed, anonymous = _Addresses(FAILED), _Addresses(ANONYMOUS)


def source_of(request_context: Mapping[str, object]) -> str | None:
    """Who calls, as the gateway saw the connection; None for a caller on the same machine, and where nobody says.

    A header proves nothing: its sender writes it.
    """
    identity = request_context.get("identity")
    text = identity.get("sourceIp") if isinstance(identity, Mapping) else None
    try:
        address = ip_address(text if isinstance(text, str) else "")
    except ValueError:
        return None
    if address.is_loopback:
        return None
    if address.version == 6:
        return str(ip_network((address, _BITS_OF_A_CALLER), strict=False))
    return str(address)


def refuse_many(addresses: _Addresses, source: str | None) -> None:
    """Raises RateLimited where too much has come from there."""
    wait = 0 if source is None else addresses.take(source)
    if wait:
        raise RateLimited(retry_after_seconds=wait)

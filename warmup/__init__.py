"""What people run beside the service: the typed client, the worker, the command line, the local sandbox."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warmup.client import AsyncClient, Client
    from warmup.transport import Patience

__all__ = ["AsyncClient", "Client", "Patience"]
_HOMES = {"AsyncClient": "warmup.client", "Client": "warmup.client", "Patience": "warmup.transport"}


def __getattr__(name: str) -> Any:
    """The names above, imported when they are asked for: a command that needs none of them starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'warmup' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  # see above

    return getattr(import_module(_HOMES[name]), name)

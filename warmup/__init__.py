"""The tools beside the service: the typed client, the worker, the command line, the local sandbox."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warmup.async_client import AsyncClient
    from warmup.client import Client
    from warmup.jobs import AccountTrouble, BadContent, Done, Fatal, Job, JobFailed, LeaseLost, StopOrdered, Transient
    from warmup.retry import RetryPolicy
    from warmup.worker import Worker

__all__ = [
    "AccountTrouble",
    "AsyncClient",
    "BadContent",
    "Client",
    "Done",
    "Fatal",
    "Job",
    "JobFailed",
    "LeaseLost",
    "RetryPolicy",
    "StopOrdered",
    "Transient",
    "Worker",
]
_HOMES = {"AsyncClient": "async_client", "Client": "client", "RetryPolicy": "retry", "Worker": "worker"}


def __getattr__(name: str) -> Any:
    """Import the names above when they are used: a command that needs none of them starts at once."""
    if name not in __all__:
        raise AttributeError(f"module 'warmup' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  # see above

    return getattr(import_module(f"warmup.{_HOMES.get(name, 'jobs')}"), name)

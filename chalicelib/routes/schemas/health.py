"""Whether the service lives, and whether it can reach its store."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Health:
    """The service lives."""

    status: str
    now: datetime


@dataclass(frozen=True)
class Readiness:
    """The store answers."""

    status: str
    pipeline_paused: bool

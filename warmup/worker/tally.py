"""Counts what came of a worker's jobs."""

import threading
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What came of one job; each value is a counter of the tally."""

    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    GIVEN_BACK = "given_back"


@dataclass(slots=True)
class Tally:
    """What came of a worker's jobs, by the service's answers.

    `done`: completions that it accepted. `failed`: reports that it accepted. `given_back`: leases that it took back.
    `lost`: jobs that others finished or took over, and those whose outcome did not reach the service.
    """

    done: int = 0
    failed: int = 0
    lost: int = 0
    given_back: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    @property
    def finished(self) -> int:
        """Return how many jobs are over, with any outcome."""
        return self.done + self.failed + self.lost + self.given_back

    def add(self, outcome: Outcome) -> None:
        """Count one job more."""
        with self._lock:
            setattr(self, outcome, getattr(self, outcome) + 1)

"""This machine's clocks, by which a bot judges how long its leases last. No clock of another machine is believed.

steady   goes on while the machine sleeps where the system has such a clock, and never jumps: it decides
wall     may be wrong by hours and jumps; that it ran ahead of the other one is a reason to ask the service
"""

import time
from dataclasses import dataclass
from typing import Self

_STEADY: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
"""On Linux `CLOCK_MONOTONIC` stands still while the machine sleeps, on macOS it does not."""
_DOUBT = 5.0


def steady() -> float:
    """Return seconds from some instant in the past, those of a sleep of the machine included."""
    return time.monotonic() if _STEADY is None else time.clock_gettime(_STEADY)


def wall() -> float:
    """Return the seconds of the wall clock."""
    return time.time()


@dataclass(frozen=True, slots=True)
class Mark:
    """One instant by both clocks, in seconds."""

    steady: float
    wall: float

    @classmethod
    def now(cls) -> Self:
        """Return this instant."""
        return cls(steady(), wall())

    def elapsed(self) -> float:
        """Return the seconds since then by the steady clock."""
        return steady() - self.steady

    def ahead(self) -> float:
        """Return how many seconds the wall clock has run ahead of the steady one since then: 0 or more than 5.

        It was set, or the machine stood still without a clock of its own that noticed it, as a virtual machine does
        while its host sleeps. That it fell behind says nothing: no less time can have passed.
        """
        drift = (wall() - self.wall) - self.elapsed()
        return drift if drift > _DOUBT else 0.0

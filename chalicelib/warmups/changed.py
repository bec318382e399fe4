"""What a change of a warm-up answers with."""

from dataclasses import dataclass

from chalicelib.domain.leases import Lease
from chalicelib.warmups.loading import Loaded


@dataclass(frozen=True, slots=True)
class Changed:
    """A warm-up after a change; `replayed` where nothing was changed; `lease` is the caller's own, where it has one."""

    loaded: Loaded
    replayed: bool = False
    lease: Lease | None = None

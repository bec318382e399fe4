"""One step of a walk over what has no claim yet."""

from typing import Self

from chalicelib.edge.answers import Document
from chalicelib.services.claims import Clash, Step


class Claims(Document):
    """One step of a walk: how many were looked at and given a claim, and which clash."""

    dry_run: bool
    scanned_count: int
    claimed: int
    clashes: list[Clash]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Step, *, dry_run: bool) -> Self:
        """Return what one step found."""
        return cls(
            dry_run=dry_run,
            scanned_count=found.scanned_count,
            claimed=found.claimed,
            clashes=found.clashes,
            next_cursor=found.next_cursor,
        )

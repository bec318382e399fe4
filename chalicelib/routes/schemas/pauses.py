"""What is paused."""

from typing import Self

from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.tables import Setting


class PauseSummary(Document):
    """What is paused."""

    pipeline_paused: bool
    reason: str | None
    paused_models: list[str]
    version: int

    @staticmethod
    def from_item(item: Setting) -> "PauseSummary":
        """Return what the setting says of pauses."""
        return PauseSummary(
            pipeline_paused=item.pipeline_paused,
            reason=item.pause_reason,
            paused_models=sorted(item.paused_models),
            version=item.version,
        )


class ChangedPauses(Replayed, PauseSummary):
    """What is paused, after a move."""

    @classmethod
    def after(cls, item: Setting, *, replayed: bool) -> Self:
        """Return what is paused, with whether it had been paused so before."""
        return cls(**vars(PauseSummary.from_item(item)), replayed=replayed)

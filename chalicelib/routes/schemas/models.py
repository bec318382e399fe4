"""Models, as operators see them."""

from datetime import datetime
from typing import Self

from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.tables import CreatorModel


class Model(Document):
    """A model: a creator whose pools feed accounts."""

    model_id: str
    name: str
    themes: list[str]
    paused: bool
    time_zone: str
    created_at: datetime
    updated_at: datetime
    version: int

    @staticmethod
    def from_item(item: CreatorModel) -> "Model":
        """Return what the table holds of a model."""
        return Model(
            model_id=item.model_id,
            name=item.name,
            themes=sorted(item.themes or ()),
            paused=item.paused,
            time_zone=item.zone,
            created_at=item.created_at,
            updated_at=item.updated_at,
            version=item.version,
        )


class ChangedModel(Replayed, Model):
    """A model after a change."""

    @classmethod
    def after(cls, item: CreatorModel, *, replayed: bool) -> Self:
        """Return the model with whether it had been changed so before."""
        return cls(**vars(Model.from_item(item)), replayed=replayed)

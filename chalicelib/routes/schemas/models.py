"""Models, as operators see them."""

from datetime import datetime
from typing import Self

from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.tables import CreatorModel


class Model(Document):
    """A model: a creator whose pools feed accounts.

    `weight` is its share of the accounts that are handed out while several models wait; `max_concurrent` is how many of
    its accounts may be worked on at a time, null: any number. New accounts get its `plan`, null: the deployment's.
    `cooldown_hours`, `minimum_quality`, `four_eyes` and `licence_required` hold for all its accounts where their plans
    are less strict.
    """

    model_id: str
    name: str
    themes: list[str]
    paused: bool
    time_zone: str
    weight: int
    max_concurrent: int | None
    plan: str | None
    cooldown_hours: int | None
    minimum_quality: float | None
    four_eyes: bool
    licence_required: bool
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
            weight=item.weight,
            max_concurrent=item.max_concurrent,
            plan=item.plan,
            cooldown_hours=item.cooldown_hours,
            minimum_quality=item.minimum_quality,
            four_eyes=bool(item.four_eyes),
            licence_required=bool(item.licence_required),
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

"""The texts of a pool."""

from datetime import datetime
from typing import Literal, Self

from chalicelib.routes.schemas.deliveries import Words
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.routes.schemas.pools import EditedItem, ItemSummary
from chalicelib.services import pools
from chalicelib.services.edits import Edited
from chalicelib.tables import Text as Item


class Text(Words, ItemSummary):
    """A text of a pool, with its usage."""

    @staticmethod
    def from_item(item: Item, now: datetime) -> "Text":
        """Return what the table holds of a text."""
        return Text(**vars(ItemSummary.from_pool(item, now)), text_id=item.text_id, body=item.body)


class NewText(Text):
    """A text, with `warnings`: the reason why no phase of its model's plan takes it, where that is so."""

    warnings: list[str]

    @staticmethod
    def of(made: pools.MadeItem[Item], now: datetime) -> "NewText":
        """Return a text with its warnings."""
        return NewText(**vars(Text.from_item(made.item, now)), warnings=made.warnings)


class CreatedText(Replayed, NewText):
    """A text that is in the pool now."""

    @classmethod
    def created(cls, new: NewText, replayed: bool) -> Self:
        """Return a text, with whether it was there before."""
        return cls(**vars(new), replayed=replayed)


class AcceptedText(NewText):
    """One of a list of texts that is in the pool now."""

    outcome: Literal["created", "unchanged"]

    @classmethod
    def accepted(cls, new: NewText, replayed: bool) -> Self:
        """Return one of a list, with whether it was there before."""
        return cls(**vars(new), outcome="unchanged" if replayed else "created")


class EditedText(EditedItem, Text):
    """A text after an edit; where it lost its rights, with the accounts that have or had it."""

    @classmethod
    def edited(cls, found: Edited[Item], now: datetime) -> Self:
        """Return a text, with its users where it lost its rights."""
        text = vars(Text.from_item(found.item, now))
        if found.users is None:
            return cls(**text, replayed=found.replayed)
        return cls(**text, replayed=found.replayed, users=found.users, has_more=found.has_more)

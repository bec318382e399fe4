"""Bots and operators, and their keys."""

from datetime import datetime
from typing import Self

from chalicelib.context import ActorKind
from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.services.bots import NewKey
from chalicelib.tables import Bot as Item


class Key(Document):
    """A key, without its secret."""

    key_id: str
    created_at: datetime
    revoked_at: datetime | None


class Bot(Document):
    """A bot or an operator; `models` null means all."""

    bot_id: str
    role: ActorKind
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
    models: list[str] | None
    keys: list[Key]

    @staticmethod
    def from_item(item: Item) -> "Bot":
        """Return what the table holds of a bot or an operator; of its keys everything but the secrets."""
        return Bot(
            bot_id=item.bot_id,
            role=item.role,
            name=item.name,
            created_at=item.created_at,
            updated_at=item.updated_at,
            version=item.version,
            models=None if item.models is None else sorted(item.models),
            keys=[
                Key(key_id=key_id, created_at=key["created_at"], revoked_at=key["revoked_at"])
                for key_id, key in sorted(item.keys.items())
            ],
        )


class ChangedBot(Replayed, Bot):
    """A bot or an operator after a change."""

    @classmethod
    def after(cls, item: Item, *, replayed: bool) -> Self:
        """Return the bot with whether it had been changed so before."""
        return cls(**vars(Bot.from_item(item)), replayed=replayed)


class CreatedBot(Replayed, Bot):
    """A bot or an operator; its key is there this once, when it was made just now."""

    key_id: str | Absent = ABSENT
    key: str | Absent = ABSENT

    @classmethod
    def made(cls, item: Item, key: NewKey | None) -> Self:
        """Return the bot with its key; without one where the bot was there already."""
        bot = vars(Bot.from_item(item))
        if key is None:
            return cls(**bot, replayed=True)
        return cls(**bot, replayed=False, key_id=key.key_id, key=key.key)

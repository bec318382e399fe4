"""Bots, and the keys of bots and users."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from chalicelib.context import Actor
from chalicelib.domain.instants import parse
from chalicelib.domain.keys import Keys
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.revocations import TakenAway
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.services.bots import NewKey
from chalicelib.tables import Bot as Item


class Key(Document):
    """A key, without its secret; `created_by` null: an earlier release made it.

    Of a user's it says the hour of the last use.
    """

    key_id: str
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | Absent | None = ABSENT


def keys_of(held: Keys, last_used: Mapping[str, str] | None = None) -> list[Key]:
    """Return the keys by their ids, without their secrets; `last_used` says when, where that is known."""
    return [
        Key(
            key_id=key_id,
            created_by=key.get("created_by"),
            created_at=parse(key["created_at"]),
            expires_at=_instant(key.get("expires_at")),
            revoked_at=_instant(key["revoked_at"]),
            last_used_at=ABSENT if last_used is None else _instant(last_used.get(key_id)),
        )
        for key_id, key in sorted(held.items())
    ]


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else parse(stored)


class Bot(Document):
    """A bot; `models` null means all. With `keys:read` its keys, too.

    `max_leases` and `max_sessions` are how much it may have at a time, null: what the deployment allows every bot.
    """

    bot_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
    models: list[str] | None
    max_leases: int | None
    max_sessions: int | None
    disabled_at: datetime | None
    keys: list[Key] | Absent = ABSENT

    @staticmethod
    def from_item(item: Item, reader: Actor | None = None) -> "Bot":
        """Return what the table holds of a bot, as far as the reader may see it; never a secret."""
        return Bot(
            bot_id=item.bot_id,
            name=item.name,
            created_at=item.created_at,
            updated_at=item.updated_at,
            version=item.version,
            models=None if item.models is None else sorted(item.models),
            max_leases=item.max_leases,
            max_sessions=item.max_sessions,
            disabled_at=item.disabled_at,
            keys=keys_of(item.keys) if reader is not None and reader.may(Permission.KEYS_READ) else ABSENT,
        )


class ChangedBot(Replayed, Bot):
    """A bot after a change."""

    @classmethod
    def after(cls, item: Item, reader: Actor, *, replayed: bool) -> Self:
        """Return the bot with whether it had been changed so before."""
        return cls(**vars(Bot.from_item(item, reader)), replayed=replayed)


class BoundBot(ChangedBot):
    """A bot after an edit.

    `revoked` are the accounts that it held outside of its models, `not_attempted` counts those that were not reached in
    time: send it again.
    """

    revoked: list[str]
    not_attempted: int

    @classmethod
    def bound(cls, item: Item, reader: Actor, taken: TakenAway, *, replayed: bool) -> Self:
        """Return the bot with what was taken away from it."""
        bot = vars(Bot.from_item(item, reader))
        return cls(**bot, replayed=replayed, revoked=taken.revoked, not_attempted=taken.left)


class DisabledBot(ChangedBot):
    """A bot that was disabled, with its sessions that were stopped and the accounts that were taken away from it.

    `not_attempted` counts the sessions and accounts that were not reached in time: send it again.
    """

    stopped: list[str]
    revoked: list[str]
    not_attempted: int

    @classmethod
    def disabled(cls, item: Item, reader: Actor, taken: TakenAway, *, replayed: bool) -> Self:
        """Return the bot with what was taken away from it."""
        return cls(
            **vars(Bot.from_item(item, reader)),
            replayed=replayed,
            stopped=taken.stopped,
            revoked=taken.revoked,
            not_attempted=taken.left,
        )


class CreatedBot(Replayed, Bot):
    """A bot; its key is there this once, when it was made just now."""

    key_id: str | Absent = ABSENT
    key: str | Absent = ABSENT

    @classmethod
    def made(cls, item: Item, key: NewKey | None, reader: Actor) -> Self:
        """Return the bot with its key; without one where the bot was there already."""
        bot = vars(Bot.from_item(item, reader))
        if key is None:
            return cls(**bot, replayed=True)
        return cls(**bot, replayed=False, key_id=key.key_id, key=key.key)

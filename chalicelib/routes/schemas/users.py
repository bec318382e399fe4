"""Users, their keys, and who the caller is."""

from datetime import datetime
from typing import Self

from chalicelib.context import Actor
from chalicelib.domain import permissions
from chalicelib.domain.permissions import Permission, Role
from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.routes.schemas.bots import Key, keys_of
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.services.users import NewUserKey
from chalicelib.tables import User as Item


class Me(Document):
    """Who the caller is, and what the role grants; `models` null means all.

    `lacking` names the roles that have each permission that the caller's lacks.
    """

    user_id: str
    name: str
    role: Role
    models: list[str] | None
    permissions: list[Permission]
    lacking: dict[str, list[Role]]

    @staticmethod
    def of(actor: Actor, name: str) -> "Me":
        """Return who acts, with the name that the list of users has."""
        assert actor.role is not None, "who may read this has a role"
        lacking = [one for one in Permission if not actor.may(one)]
        return Me(
            user_id=actor.id,
            name=name,
            role=actor.role,
            models=None if actor.models is None else sorted(actor.models),
            permissions=sorted(permissions.of_role(actor.role)),
            lacking={str(one): permissions.holders(one) for one in lacking},
        )


class User(Document):
    """A user; `models` null means all. With `keys:read` its keys, too."""

    user_id: str
    name: str
    role: Role
    models: list[str] | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    keys: list[Key] | Absent = ABSENT

    @staticmethod
    def from_item(item: Item, reader: Actor | None = None) -> "User":
        """Return what the table holds of a user, as far as the reader may see it; never a secret."""
        return User(
            user_id=item.user_id,
            name=item.name,
            role=item.role,
            models=None if item.models is None else sorted(item.models),
            disabled_at=item.disabled_at,
            created_at=item.created_at,
            updated_at=item.updated_at,
            version=item.version,
            keys=keys_of(item.keys, item.last_used)
            if reader is not None and reader.may(Permission.KEYS_READ)
            else ABSENT,
        )


class ChangedUser(Replayed, User):
    """A user after a change."""

    @classmethod
    def after(cls, item: Item, reader: Actor, *, replayed: bool) -> Self:
        """Return the user with whether they had been changed so before."""
        return cls(**vars(User.from_item(item, reader)), replayed=replayed)


class CreatedUser(Replayed, User):
    """A user; the key is there this once, when it was made just now."""

    key_id: str | Absent = ABSENT
    key: str | Absent = ABSENT

    @classmethod
    def made(cls, item: Item, key: NewUserKey | None, reader: Actor) -> Self:
        """Return the user with the key; without one where the user was there already."""
        user = vars(User.from_item(item, reader))
        if key is None:
            return cls(**user, replayed=True)
        return cls(**user, replayed=False, key_id=key.key_id, key=key.key)

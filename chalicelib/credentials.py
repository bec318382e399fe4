"""The keys of bots and users: made, and revoked."""

from datetime import datetime

from chalicelib.changes import Change
from chalicelib.context import Context
from chalicelib.domain import keys
from chalicelib.domain.errors import NotFound, TooManyKeys
from chalicelib.domain.instants import render
from chalicelib.domain.keys import StoredKey
from chalicelib.tables import Bot, User

MOST_KEYS = 2


def require_room(context: Context, owner: Bot | User) -> None:
    """Raises TooManyKeys where the owner has as many live keys as there may be."""
    live = keys.live(owner.keys, context.now)
    if len(live) >= MOST_KEYS:
        raise TooManyKeys(live_keys=sorted(live))


def add_key(change: Change, owner: Bot | User, owner_id: str, expires_at: datetime | None = None) -> tuple[str, str]:
    """Gives the owner a new key; returns its id, and the key itself. Raises InvalidInput where it has expired."""
    context = change.context
    keys.check_expiry(expires_at, context.now)
    key_id, key = context.new_id("key"), keys.make(owner_id, context.entropy(keys.SECRET_BYTES))
    stored: StoredKey = {
        "digest": keys.digest(context.settings.pepper, key),
        "created_at": render(context.now),
        "created_by": str(context.actor.id),
        "expires_at": None if expires_at is None else render(expires_at),
        "revoked_at": None,
    }
    owner.keys = {**owner.keys, key_id: stored}
    owner.updated_at = context.now
    return key_id, key


def revoke_key(change: Change, owner: Bot | User, key_id: str) -> bool:
    """Revokes a key of the owner; returns whether it was revoked before. Raises NotFound."""
    key: StoredKey | None = owner.keys.get(key_id)
    if key is None:
        raise NotFound("key", key_id)
    if key["revoked_at"]:
        return True
    owner.keys = {**owner.keys, key_id: {**key, "revoked_at": render(change.context.now)}}
    owner.updated_at = change.context.now
    change.record(f"key:{key_id}", "live", "revoked")
    return False

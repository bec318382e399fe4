"""Bots: who may call the bot API, and their keys."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from chalicelib import credentials
from chalicelib.changes import Change, check_if_match, retry_on_conflict
from chalicelib.claims import claim_name
from chalicelib.context import ActorKind, Context
from chalicelib.credentials import add_key, require_room
from chalicelib.domain import ids
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import AlreadyExists, NotFound
from chalicelib.domain.records import record
from chalicelib.tables import Bot, User, pages
from chalicelib.tables.base import batch_get
from chalicelib.tables.transaction import Stale


@record
class NewKey:
    """A key that was just made: the only time that it is shown."""

    bot_id: str
    key_id: str
    key: str


def create(
    context: Context,
    bot_id: str,
    *,
    name: str,
    models: frozenset[str] | None,
    expires_at: datetime | None = None,
) -> tuple[Bot, NewKey | None]:
    """Creates a bot with its first key; None for the key where the same was there already.

    Raises AlreadyExists, InvalidInput.
    """
    ids.check_own("bot", bot_id)
    given, now = None if models is None else set(models), context.now
    bot = Bot(bot_id=bot_id, role=ActorKind.BOT, name=name, models=given, created_at=now, updated_at=now)
    change = Change(context, bot)
    key_id, key = add_key(change, bot, bot_id, expires_at)
    change.record("bot", None, "created")
    claim_name(context, change.transaction, bot_id)
    change.transaction.update(User(user_id=bot_id), User.user_id.does_not_exist(), [])
    try:
        change.commit(AuditAction.BOT_CREATE, key_id=key_id)
        return bot, NewKey(bot_id, key_id, key)
    except Stale:
        found = _bot_or_none(bot_id)
    if found is None:
        raise AlreadyExists(f"{bot_id} is the id of a user, or differs from another id only in case: choose another.")
    if (found.name, found.models) != (name, bot.models):
        raise AlreadyExists(f"Bot {bot_id} exists with other data.")
    return found, None


@retry_on_conflict
def rotate_key(context: Context, bot_id: str, *, expires_at: datetime | None = None) -> NewKey:
    """Makes a new key beside the live one. Raises NotFound, TooManyKeys, InvalidInput."""
    bot = get(context, bot_id)
    require_room(context, bot)
    change = Change(context, bot)
    if bot.disabled_at is not None:  # it is enabled by that
        change.set("disabled_at", None)
    key_id, key = add_key(change, bot, bot_id, expires_at)
    change.record(f"key:{key_id}", None, "live")
    change.commit(AuditAction.BOT_ADD_KEY, key_id=key_id)
    return NewKey(bot_id, key_id, key)


@retry_on_conflict
def revoke_key(context: Context, bot_id: str, key_id: str) -> tuple[Bot, bool]:
    """Revokes a key; returns whether it was revoked before. Raises NotFound."""
    bot = get(context, bot_id)
    change = Change(context, bot)
    if credentials.revoke_key(change, bot, key_id):
        return bot, True
    change.commit(AuditAction.BOT_REVOKE_KEY, key_id=key_id)
    return bot, False


@retry_on_conflict
def edit(
    context: Context,
    bot_id: str,
    *,
    name: str | None = None,
    models: frozenset[str] | None = None,
    all_models: bool = False,
    limits: Mapping[str, int | None] = MappingProxyType({}),
) -> tuple[Bot, bool]:
    """Renames, limits, or binds a bot (`all_models` frees it); works within the time that keys are kept.

    Returns whether all was so already. Raises NotFound, VersionConflict, InvalidInput.
    """
    bot = get(context, bot_id)
    before = _bound(bot)
    wanted: dict[str, object] = {} if name in (None, bot.name) else {"name": name}
    if all_models or models is not None:
        after = None if all_models else models
        wanted |= {} if after == before else {"models": after}
    wanted |= {limit: value for limit, value in limits.items() if value != getattr(bot, limit)}
    if not wanted:
        return bot, True  # the same edit sent again, too, whatever version it names
    check_if_match(context, bot)
    change = Change(context, bot)
    for what, value in wanted.items():
        change.set(what, value)
    bot.updated_at = context.now
    change.commit(AuditAction.BOT_CHANGE, changed=change.changed)
    return bot, False


def get(context: Context, bot_id: str) -> Bot:
    """One bot; to somebody who is bound, one that is bound to no other models. Raises NotFound."""
    found = _bot_or_none(bot_id)
    if found is None or not context.actor.covers(_bound(found)):
        raise NotFound("bot", bot_id)
    return found


def _bot_or_none(bot_id: str) -> Bot | None:
    """The bot of that id; an operator of an earlier release is none."""
    (found,) = batch_get([(Bot, bot_id)])
    return found if found is not None and found.role is ActorKind.BOT else None


def _bound(bot: Bot) -> frozenset[str] | None:
    return None if bot.models is None else frozenset(bot.models)


def list_all(context: Context, *, limit: int, cursor: str | None) -> tuple[list[Bot], str | None]:
    """All bots, as `get` shows them; a page may hold fewer than asked. Raises MalformedRequest."""
    after = context.cursors("bots").decode(cursor)
    found, following = pages.everything(Bot, limit=limit, after=after)
    shown = [one for one in found if one.role is ActorKind.BOT and context.actor.covers(_bound(one))]
    return shown, context.cursors("bots").encode(following)

"""Bots and operators: who may call, and their keys."""

from chalicelib.changes import Change, check_if_match, retry_on_conflict
from chalicelib.context import Actor, ActorKind, Context
from chalicelib.domain import keys
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import AlreadyExists, InvalidInput, NotFound, TooManyKeys, Unauthenticated
from chalicelib.domain.instants import render
from chalicelib.domain.permissions import Role
from chalicelib.domain.records import record
from chalicelib.settings import Settings
from chalicelib.tables import Bot, pages
from chalicelib.tables.base import batch_get, cached
from chalicelib.tables.transaction import Stale

MOST_KEYS = 2
ROOT = Actor(ActorKind.OPERATOR, "root", role=Role.ADMIN)
_NOBODY_DIGEST = "0" * 64
_NEW_KEY_SECONDS = 1.0


@record
class NewKey:
    """A key that was just made: the only time that it is shown."""

    bot_id: str
    key_id: str
    key: str


def authenticate(settings: Settings, key: str) -> Actor:
    """Whose key it is. What the store said counts for `key_cache_seconds`, so that revoking works within them;
    for a key that it did not know it is asked again, so that a new key works at once.
    Raises Unauthenticated, with one message for all causes.
    """
    digests = [keys.digest(pepper, key) for pepper in settings.peppers]
    if settings.operator_key_digest and any(keys.same(digest, settings.operator_key_digest) for digest in digests):
        return ROOT
    owner = keys.owner(key)
    if owner is None or not digests:
        raise Unauthenticated()
    for kept_seconds in (settings.key_cache_seconds, _NEW_KEY_SECONDS):
        bot = cached(("bot", owner, kept_seconds), kept_seconds, lambda: batch_get([(Bot, owner)])[0])
        known = [_NOBODY_DIGEST] if bot is None else [str(key["digest"]) for key in bot.live_keys().values()]
        # all are compared, so that time tells nothing
        matches = [keys.same(digest, one) for one in known for digest in digests]
        if bot is None:
            break
        if any(matches):
            models = None if bot.models is None else frozenset(bot.models)
            return Actor(bot.role, bot.bot_id, models, Role.ADMIN if bot.role is ActorKind.OPERATOR else None)
    raise Unauthenticated()


def create(
    context: Context, bot_id: str, *, name: str, role: ActorKind, models: frozenset[str] | None
) -> tuple[Bot, NewKey | None]:
    """Creates a bot (or an operator) with its first key; None for the key where the same was there already.

    Raises AlreadyExists, InvalidInput.
    """
    _require_unbound(role, models)
    bot = Bot(
        bot_id=bot_id,
        role=role,
        name=name,
        models=set(models) if models is not None else None,
        created_at=context.now,
        updated_at=context.now,
    )
    key = _add_key(context, bot)
    change = Change(context, bot)
    change.record("bot", None, "created")
    try:
        change.commit(AuditAction.BOT_CREATE, key_id=key.key_id, role=role)
        return bot, key
    except Stale:
        found = get(context, bot_id)
    if (found.name, found.role, found.models) != (name, role, bot.models):
        raise AlreadyExists(f"Bot {bot_id} exists with other data.")
    return found, None


def _require_unbound(role: ActorKind, models: frozenset[str] | None) -> None:
    """Operators see all models: a key that is bound is a bot's."""
    if role is ActorKind.OPERATOR and models is not None:
        raise InvalidInput([{"pointer": "/models", "detail": "an operator sees all models: leave it out"}])


def _add_key(context: Context, bot: Bot) -> NewKey:
    key_id, key = context.new_id("key"), keys.make(bot.bot_id, context.entropy(keys.SECRET_BYTES))
    digest = keys.digest(context.settings.pepper, key)
    bot.keys = {**bot.keys, key_id: {"digest": digest, "created_at": render(context.now), "revoked_at": None}}
    return NewKey(bot.bot_id, key_id, key)


@retry_on_conflict
def rotate_key(context: Context, bot_id: str) -> NewKey:
    """Makes a new key beside the live one. Raises NotFound, TooManyKeys."""
    bot = get(context, bot_id)
    if len(bot.live_keys()) >= MOST_KEYS:
        raise TooManyKeys(live_keys=sorted(bot.live_keys()))
    key = _add_key(context, bot)
    change = Change(context, bot)
    change.record(f"key:{key.key_id}", None, "live")
    change.commit(AuditAction.BOT_ADD_KEY, key_id=key.key_id)
    return key


@retry_on_conflict
def revoke_key(context: Context, bot_id: str, key_id: str) -> tuple[Bot, bool]:
    """Revokes a key; returns whether it was revoked before. Raises NotFound."""
    bot = get(context, bot_id)
    if key_id not in bot.keys:
        raise NotFound("key", key_id)
    if key_id not in bot.live_keys():
        return bot, True
    bot.keys = {**bot.keys, key_id: {**bot.keys[key_id], "revoked_at": render(context.now)}}
    bot.updated_at = context.now
    change = Change(context, bot)
    change.record(f"key:{key_id}", "live", "revoked")
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
) -> tuple[Bot, bool]:
    """Renames a bot or binds it to models (`all_models` frees it); works within the time that keys are kept.

    Returns whether all was so already. Raises NotFound, VersionConflict, InvalidInput.
    """
    bot = get(context, bot_id)
    _require_unbound(bot.role, models)
    before = None if bot.models is None else frozenset(bot.models)
    wanted: dict[str, object] = {} if name in (None, bot.name) else {"name": name}
    if all_models or models is not None:
        after = None if all_models else models
        wanted |= {} if after == before else {"models": after}
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
    """One bot. Raises NotFound."""
    (found,) = batch_get([(Bot, bot_id)])
    if found is None:
        raise NotFound("bot", bot_id)
    bot: Bot = found
    return bot


def list_all(context: Context, *, limit: int, cursor: str | None) -> tuple[list[Bot], str | None]:
    """All bots and operators. Raises MalformedRequest."""
    after = context.cursors("bots").decode(cursor)
    found, following = pages.everything(Bot, limit=limit, after=after)
    return found, context.cursors("bots").encode(following)

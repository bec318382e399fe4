"""Authentication: whose key it is, and what its owner may."""

import math
from collections.abc import Iterator
from contextlib import suppress

from chalicelib.context import Actor, ActorKind, Context
from chalicelib.domain import keys
from chalicelib.domain.errors import TemporarilyUnavailable, Unauthenticated
from chalicelib.domain.permissions import Role
from chalicelib.domain.records import record
from chalicelib.tables import Bot, User
from chalicelib.tables.base import Key, batch_get, cached
from chalicelib.tables.lately import Lately
from chalicelib.tables.transaction import SingleUpdate, Stale

ROOT = Actor(ActorKind.OPERATOR, "root", role=Role.ADMIN, key_id="deployment")
_NOBODY: keys.Keys = {"": {"digest": "0" * 64, "created_at": "", "revoked_at": None}}
_NEW_KEY_SECONDS = 1.0
_MOST_OWNERS = 1000
"""Of so many owners of keys, there or not, a warm function knows what the store said of them lately."""


@record
class _Owners:
    """The bot and the user of an id, as far as they are there."""

    bot: Bot | None
    user: User | None = None


def authenticate(context: Context, key: str) -> Actor:
    """Whose key it is. What the store said counts for `key_cache_seconds`, so that revoking works within them;
    for a key that it did not know it is asked again, so that a new key works at once. That nobody has an id is kept
    likewise: who is known and who is not costs the same, and takes as long.

    Raises Unauthenticated, with one message for all causes.
    """
    settings = context.settings
    digests = [keys.digest(pepper, key) for pepper in settings.peppers]
    if settings.operator_key_digest and any(keys.same(digest, settings.operator_key_digest) for digest in digests):
        return ROOT
    owner_id = keys.owner(key)
    if owner_id is None or not digests:
        raise Unauthenticated()
    for found in _looks(owner_id, settings.key_cache_seconds):
        actor = _whose(context, found, digests)
        if actor is not None:
            return actor
    raise Unauthenticated()


def _looks(owner_id: str, kept_seconds: float) -> Iterator[_Owners]:
    """What the store said of an owner lately, and what it says if that is doubted: it is asked once a second then."""
    known: Lately[_Owners] = cached("owners", math.inf, lambda: Lately(_MOST_OWNERS))
    doubts: Lately[_Owners] = cached("doubted", math.inf, lambda: Lately(_MOST_OWNERS))
    read_now: list[_Owners] = []

    def read() -> _Owners:
        if not read_now:  # what this call has read already need not be read again
            keys_of_both: list[Key] = [(Bot, owner_id), (User, owner_id)]
            wanted = keys_of_both[:1] if _is_a_bot(known.latest(owner_id)) else keys_of_both
            read_now.append(_Owners(*batch_get(wanted)))
        return read_now[0]

    yield known.get(owner_id, kept_seconds, read)
    again = doubts.get(owner_id, _NEW_KEY_SECONDS, read)
    yield known.get(owner_id, 0.0, lambda: again)


def _is_a_bot(before: _Owners | None) -> bool:
    """Whether the id was a bot's before: then it is for good, and no user's."""
    return before is not None and before.bot is not None and before.bot.role is ActorKind.BOT


def _whose(context: Context, found: _Owners, digests: list[str]) -> Actor | None:
    of_bot = _matching({} if found.bot is None else found.bot.keys, digests, context)
    of_user = _matching({} if found.user is None else found.user.keys, digests, context)
    if found.bot is not None and of_bot is not None and _is_bots(found):
        return _bot(found.bot, of_bot)
    if found.user is not None and of_user is not None:
        _note_use(context, found.user, of_user)
        return Actor(ActorKind.OPERATOR, found.user.user_id, _models(found.user), found.user.role, of_user)
    return None


def _matching(held: keys.Keys, digests: list[str], context: Context) -> str | None:
    """The id of the live key that has one of the digests; all are compared, so that time shows nothing."""
    compared = keys.live(held, context.now) or _NOBODY
    matches = [key_id for key_id, one in compared.items() for digest in digests if keys.same(digest, one["digest"])]
    return matches[0] if matches else None


def _is_bots(found: _Owners) -> bool:
    """Whether the row among the bots counts: an operator's of an earlier release does until there is the user's."""
    return found.user is None or (found.bot is not None and found.bot.role is ActorKind.BOT)


def _bot(bot: Bot, key_id: str) -> Actor:
    role = Role.ADMIN if bot.role is ActorKind.OPERATOR else None
    return Actor(bot.role, bot.bot_id, _models(bot), role, key_id)


def _models(owner: Bot | User) -> frozenset[str] | None:
    return None if owner.models is None else frozenset(owner.models)


def _note_use(context: Context, user: User, key_id: str) -> None:
    """Notes the hour in which a user's key was used, once in it; nobody is refused because that failed."""
    hour = keys.hour_of(context.now)
    if user.last_used.get(key_id) == hour:
        return
    user.last_used = {**user.last_used, key_id: hour}
    with suppress(Stale, TemporarilyUnavailable):
        SingleUpdate(context, user, User.user_id.exists(), [User.last_used.set(user.last_used)]).commit()

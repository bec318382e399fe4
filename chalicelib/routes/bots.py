"""Bots, and their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context
from chalicelib.domain.errors import AlreadyExists, TooManyKeys
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer, Created, New, Tagged
from chalicelib.edge.routing import Routes
from chalicelib.revocations import TakenAway
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, limit
from chalicelib.routes.schemas.bots import Bot, BoundBot, ChangedBot, CreatedBot, DisabledBot
from chalicelib.routes.schemas.lists import Page
from chalicelib.services import bots
from chalicelib.services.bots import NewKey

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.bots import BotBody, BotEdit
    from chalicelib.routes.bodies.reasons import ReasonBody
    from chalicelib.routes.bodies.users import KeyBody

routes = Routes(__name__, bodies=(".bodies.bots", ".bodies.reasons", ".bodies.users"))


@routes.post("/api/operator/bots", needs=Permission.BOTS_WRITE, refuses=(AlreadyExists,))
def create(context: Context, *, body: BotBody) -> Created[CreatedBot]:
    """Creates a bot; its key is in the answer, this once."""
    bot_id = body.bot_id or context.new_id("bot")
    models = None if body.models is None else frozenset(body.models)
    bot, key = bots.create(context, bot_id, name=body.name or bot_id, models=models, expires_at=body.expires_at)
    return Created(CreatedBot.made(bot, key, context.actor), key is None)


@routes.get("/api/operator/bots", needs=Permission.BOTS_READ, query={"limit": limit, "cursor": cursor})
def list_all(context: Context, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer[Page[Bot]]:
    """All bots; with `keys:read` their keys, too."""
    found, following = bots.list_all(context, limit=limit, cursor=cursor)
    return Answer(Page(items=[Bot.from_item(one, context.actor) for one in found], next_cursor=following))


@routes.get("/api/operator/bots/{bot_id}", needs=Permission.BOTS_READ)
def get(context: Context, *, bot_id: str) -> Tagged[Bot]:
    """One bot."""
    return Tagged(Bot.from_item(bots.get(context, bot_id), context.actor))


@routes.patch("/api/operator/bots/{bot_id}", needs=Permission.BOTS_WRITE, shows=lambda one, _: Bot.from_item(one))
def edit(context: Context, *, bot_id: str, body: BotEdit) -> Tagged[BoundBot]:
    """Renames, limits or binds a bot (`models` null frees it); what it holds outside of its models is revoked."""
    models = None if body.models is None else frozenset(body.models)
    freed = models is None and "models" in body.model_fields_set
    given = {"max_leases": body.max_leases, "max_sessions": body.max_sessions}
    limits = {name: limit for name, limit in given.items() if name in body.model_fields_set}
    bot, replayed = bots.edit(context, bot_id, name=body.name, models=models, all_models=freed, limits=limits)
    taken = TakenAway()
    if models is not None:
        from chalicelib.services import trust  # noqa: PLC0415  # few calls need it

        taken = trust.revoke_outside(context, bot)
    return Tagged(BoundBot.bound(bot, context.actor, taken, replayed=replayed))


@routes.post("/api/operator/bots/{bot_id}/disable", needs=Permission.BOTS_WRITE)
def disable(context: Context, *, bot_id: str, body: ReasonBody) -> Answer[DisabledBot]:
    """Revokes a bot's keys, stops its sessions and revokes its leases; a new key enables it again."""
    from chalicelib.services import trust  # noqa: PLC0415  # as above

    bot, replayed, taken = trust.disable(context, bot_id, reason=body.reason)
    return Answer(DisabledBot.disabled(bot, context.actor, taken, replayed=replayed))


@routes.post("/api/operator/bots/{bot_id}/keys", needs=Permission.KEYS_WRITE, refuses=(TooManyKeys,))
def rotate_key(context: Context, *, bot_id: str, body: KeyBody) -> New[NewKey]:
    """Makes a new key beside the live one; it is in the answer, this once."""
    return New(bots.rotate_key(context, bot_id, expires_at=body.expires_at))


@routes.delete("/api/operator/bots/{bot_id}/keys/{key_id}", needs=Permission.KEYS_WRITE)
def revoke_key(context: Context, *, bot_id: str, key_id: str) -> Answer[ChangedBot]:
    """Revokes a key, everywhere within a minute."""
    bot, replayed = bots.revoke_key(context, bot_id, key_id)
    return Answer(ChangedBot.after(bot, context.actor, replayed=replayed))

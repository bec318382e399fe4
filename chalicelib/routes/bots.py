"""Bots and operators, and their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import ActorKind, Context
from chalicelib.domain.errors import AlreadyExists, TooManyKeys
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer, Created, New, Tagged
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, limit
from chalicelib.routes.schemas.bots import Bot, ChangedBot, CreatedBot
from chalicelib.routes.schemas.lists import Page
from chalicelib.services import bots
from chalicelib.services.bots import NewKey

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.bots import BotBody, BotEdit

routes = Routes(__name__, bodies=(".bodies.bots",))


@routes.post("/api/operator/bots", needs=Permission.BOTS_WRITE, refuses=(AlreadyExists,))
def create(context: Context, *, body: BotBody) -> Created[CreatedBot]:
    """Creates a bot or an operator; its key is in the answer, this once."""
    bot_id = body.bot_id or context.new_id("bot")
    models = None if body.models is None else frozenset(body.models)
    bot, key = bots.create(context, bot_id, name=body.name or bot_id, role=ActorKind(body.role), models=models)
    return Created(CreatedBot.made(bot, key), key is None)


@routes.get("/api/operator/bots", needs=Permission.BOTS_READ, query={"limit": limit, "cursor": cursor})
def list_all(context: Context, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer[Page[Bot]]:
    """All bots and operators."""
    found, following = bots.list_all(context, limit=limit, cursor=cursor)
    return Answer(Page(items=[Bot.from_item(one) for one in found], next_cursor=following))


@routes.get("/api/operator/bots/{bot_id}", needs=Permission.BOTS_READ)
def get(context: Context, *, bot_id: str) -> Tagged[Bot]:
    """One bot or operator."""
    return Tagged(Bot.from_item(bots.get(context, bot_id)))


@routes.patch("/api/operator/bots/{bot_id}", needs=Permission.BOTS_WRITE, shows=lambda one, _: Bot.from_item(one))
def edit(context: Context, *, bot_id: str, body: BotEdit) -> Tagged[ChangedBot]:
    """Renames a bot, binds it to models, or frees it (`models` null)."""
    models = None if body.models is None else frozenset(body.models)
    freed = models is None and "models" in body.model_fields_set
    bot, replayed = bots.edit(context, bot_id, name=body.name, models=models, all_models=freed)
    return Tagged(ChangedBot.after(bot, replayed=replayed))


@routes.post("/api/operator/bots/{bot_id}/keys", needs=Permission.KEYS_WRITE, refuses=(TooManyKeys,))
def rotate_key(context: Context, *, bot_id: str) -> New[NewKey]:
    """Makes a new key beside the live one; it is in the answer, this once."""
    return New(bots.rotate_key(context, bot_id))


@routes.delete("/api/operator/bots/{bot_id}/keys/{key_id}", needs=Permission.KEYS_WRITE)
def revoke_key(context: Context, *, bot_id: str, key_id: str) -> Answer[ChangedBot]:
    """Revokes a key, everywhere within a minute."""
    bot, replayed = bots.revoke_key(context, bot_id, key_id)
    return Answer(ChangedBot.after(bot, replayed=replayed))

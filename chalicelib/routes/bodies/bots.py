"""Bots."""

from typing import Literal

from pydantic import Field

from chalicelib.routes.bodies.base import Identifier, Input, Instant, Line


class BotBody(Input):
    """`POST /api/operator/bots`; `models` null means all. `role` is `bot`: users are made by `…/users`."""

    bot_id: Identifier | None = None
    name: Line | None = None
    role: Literal["bot"] = "bot"
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)
    expires_at: Instant | None = None


class BotEdit(Input):
    """`PATCH …/bots/{bot_id}`; `models` null frees the bot."""

    name: Line | None = None
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)

"""Bots."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from chalicelib.domain import limits
from chalicelib.routes.bodies.base import Identifier, Input, Instant, Line, whole

MaxLeases = Annotated[int, Field(ge=1, le=limits.MOST_LEASES), BeforeValidator(whole)]
MaxSessions = Annotated[int, Field(ge=1, le=limits.MOST_SESSIONS), BeforeValidator(whole)]


class BotBody(Input):
    """`POST /api/operator/bots`; `models` null means all. `role` is `bot`: users are made by `…/users`."""

    bot_id: Identifier | None = None
    name: Line | None = None
    role: Literal["bot"] = "bot"
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)
    expires_at: Instant | None = None


class BotEdit(Input):
    """`PATCH …/bots/{bot_id}`; `models` null frees the bot, a limit null is the deployment's."""

    name: Line | None = None
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)
    max_leases: MaxLeases | None = None
    max_sessions: MaxSessions | None = None

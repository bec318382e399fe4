"""Bots and operators."""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from chalicelib.routes.bodies.base import Identifier, Input, Line

_BOUND_OPERATOR: JsonDict = {
    "type": "object",
    "required": ["role", "models"],
    "properties": {"role": {"type": "string", "enum": ["operator"]}, "models": {"type": "array"}},
}


class BotBody(Input):
    """`POST /api/operator/bots`; `models` null means all, and an operator is bound to none."""

    model_config = ConfigDict(json_schema_extra={"not": _BOUND_OPERATOR})
    bot_id: Identifier | None = None
    name: Line | None = None
    role: Literal["bot", "operator"] = "bot"
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)


class BotEdit(Input):
    """`PATCH …/bots/{bot_id}`; `models` null frees the bot."""

    name: Line | None = None
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)

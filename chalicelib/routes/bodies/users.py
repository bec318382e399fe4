"""Users and their keys."""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from chalicelib.domain.permissions import Role
from chalicelib.routes.bodies.base import Identifier, Input, Instant, Line

_BOUND_ADMIN: JsonDict = {
    "type": "object",
    "required": ["role", "models"],
    "properties": {"role": {"type": "string", "enum": ["admin"]}, "models": {"type": "array"}},
}


class KeyBody(Input):
    """`POST …/keys`; `expires_at` null: the key lives until it is revoked."""

    expires_at: Instant | None = None


class UserBody(Input):
    """`POST /api/operator/users`; `models` null means all, and an admin is bound to none."""

    model_config = ConfigDict(json_schema_extra={"not": _BOUND_ADMIN})
    user_id: Identifier | None = None
    name: Line | None = None
    role: Role
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)
    expires_at: Instant | None = None


class UserEdit(Input):
    """`PATCH …/users/{user_id}`; `models` null frees the user, `disabled` false lets a disabled one have keys again."""

    name: Line | None = None
    role: Role | None = None
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)
    disabled: Literal[False] | None = None

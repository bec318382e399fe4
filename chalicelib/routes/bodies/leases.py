"""Taking work."""

from pydantic import Field

from chalicelib.domain.accounts import Step
from chalicelib.routes.bodies.base import Identifier, Input, Whole


class ClaimBody(Input):
    """`POST /api/bot/accounts/claim`."""

    limit: Whole = Field(default=1, ge=1, le=10)
    model_ids: list[Identifier] | None = Field(default=None, min_length=1, max_length=20)
    actions: list[Step] | None = Field(default=None, min_length=1, max_length=3)

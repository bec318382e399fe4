"""Taking work."""

from pydantic import Field

from chalicelib.domain.accounts import Step
from chalicelib.routes.bodies.base import Category, Identifier, Input, PhaseName, Whole


class ClaimBody(Input):
    """`POST /api/bot/accounts/claim`. With `deliver`, each account comes with the content of its next phase.

    Of `phases` and `categories` together, what has either is meant.
    """

    limit: Whole = Field(default=1, ge=1, le=10)
    model_ids: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)
    actions: list[Step] | None = Field(default=None, min_length=1, max_length=3)
    phases: list[PhaseName] | None = Field(default=None, min_length=1, max_length=100)
    categories: list[Category] | None = Field(default=None, min_length=1, max_length=6)
    holding: list[Identifier] = Field(default=[], max_length=100)
    deliver: bool = False

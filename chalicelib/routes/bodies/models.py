"""Models."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from chalicelib.routes.bodies.base import AnyPlan, Identifier, Input, Line, Prose, Tag, TimeZone, whole

Weight = Annotated[int, Field(ge=1, le=100), BeforeValidator(whole)]
Bound = Annotated[int, Field(ge=1, le=100), BeforeValidator(whole)]


class ModelBody(Input):
    """`POST /api/operator/models`."""

    model_id: Identifier
    name: Line | None = None
    themes: list[Tag] = Field(default=[], max_length=20)
    time_zone: TimeZone = "UTC"
    weight: Weight = 1
    max_concurrent: Bound | None = None
    plan: AnyPlan | None = None


class ModelEdit(Input):
    """`PATCH …/models/{model_id}`."""

    name: Line | None = None
    themes: list[Tag] | None = Field(default=None, max_length=20)
    paused: bool | None = None
    time_zone: TimeZone | None = None
    weight: Weight | None = None
    max_concurrent: Bound | None = None
    plan: AnyPlan | None = None
    reason: Prose | None = None

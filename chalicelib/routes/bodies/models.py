"""Models."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.domain.plan_documents import MOST_INTERVAL_HOURS
from chalicelib.routes.bodies.base import AnyPlan, Identifier, Input, Line, Prose, Tag, TimeZone, whole
from chalicelib.routes.bodies.reasons import ReasonBody

Weight = Annotated[int, Field(ge=1, le=100), BeforeValidator(whole)]
Bound = Annotated[int, Field(ge=1, le=100), BeforeValidator(whole)]


Cooldown = Annotated[int, Field(ge=0, le=MOST_INTERVAL_HOURS), BeforeValidator(whole)]
Quality = Annotated[float, Field(ge=0, le=100)]


class ModelBody(Input):
    """`POST /api/operator/models`."""

    model_id: Identifier
    name: Line | None = None
    themes: list[Tag] = Field(default=[], max_length=20)
    time_zone: TimeZone = "UTC"
    weight: Weight = 1
    max_concurrent: Bound | None = None
    plan: AnyPlan | None = None
    cooldown_hours: Cooldown | None = None
    minimum_quality: Quality | None = None
    four_eyes: bool = False
    licence_required: bool = False


class ModelWithdrawalBody(ReasonBody):
    """`POST …/models/{model_id}/consent/withdraw`: one step."""

    dry_run: bool = False
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,2048}$")] | None = None


class ModelEdit(Input):
    """`PATCH …/models/{model_id}`."""

    name: Line | None = None
    themes: list[Tag] | None = Field(default=None, max_length=20)
    paused: bool | None = None
    time_zone: TimeZone | None = None
    weight: Weight | None = None
    max_concurrent: Bound | None = None
    plan: AnyPlan | None = None
    cooldown_hours: Cooldown | None = None
    minimum_quality: Quality | None = None
    four_eyes: bool | None = None
    licence_required: bool | None = None
    reason: Prose | None = None

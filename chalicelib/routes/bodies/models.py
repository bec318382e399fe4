"""Models."""

from pydantic import Field

from chalicelib.routes.bodies.base import Identifier, Input, Line, Prose, Tag, TimeZone


class ModelBody(Input):
    """`POST /api/operator/models`."""

    model_id: Identifier
    name: Line | None = None
    themes: list[Tag] = Field(default=[], max_length=20)
    time_zone: TimeZone = "UTC"


class ModelEdit(Input):
    """`PATCH …/models/{model_id}`."""

    name: Line | None = None
    themes: list[Tag] | None = Field(default=None, max_length=20)
    paused: bool | None = None
    time_zone: TimeZone | None = None
    reason: Prose | None = None

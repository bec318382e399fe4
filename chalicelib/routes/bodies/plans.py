"""Plans: drafts and what is edited of them."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from chalicelib.domain.plan_documents import CONTENT, MOST_INTERVAL_HOURS, MOST_PHASES, faults
from chalicelib.domain.plans import MOST_BYTES, PHASE_NAME
from chalicelib.routes.bodies.base import AnyPlan, Category, Identifier, Input, Name, PhaseMapping, Prose, Whole, whole
from chalicelib.routes.bodies.reasons import ReasonBody

Need = Literal["none", "optional", "required"]
MediaType = Literal["image/jpeg", "image/png", "image/webp", "video/mp4", "video/quicktime"]
PhaseName = Annotated[str, StringConstraints(pattern=f"^{PHASE_NAME}$")]
Pixels = Annotated[int, Field(ge=1, le=100_000), BeforeValidator(whole)]
Ratio = Annotated[float, Field(ge=0.01, le=100)]
Seconds = Annotated[int, Field(ge=1, le=86_400), BeforeValidator(whole)]
Several = Annotated[int, Field(ge=0, le=100), BeforeValidator(whole)]


class PlanContentBody(Input):
    """What a phase asks of a media item; null asks nothing. An aspect ratio is width by height."""

    need: Need = "none"
    media_types: list[MediaType] = Field(default=list(CONTENT["media_types"]), min_length=1, max_length=5)  # type: ignore[call-overload]  # a list of these words
    max_bytes: Whole = Field(default=52_428_800, ge=1, le=MOST_BYTES)
    min_width: Pixels | None = None
    min_height: Pixels | None = None
    min_aspect_ratio: Ratio | None = None
    max_aspect_ratio: Ratio | None = None
    max_duration_seconds: Seconds | None = None
    animated: bool = True


class PlanTextBody(Input):
    """What a phase asks of a text; null asks nothing."""

    need: Need = "none"
    max_length: Whole = Field(default=2200, ge=1, le=2200)
    unit: Literal["code_points", "utf16", "graphemes"] = "code_points"
    max_hashtags: Several | None = None
    max_mentions: Several | None = None


class PlanPhaseBody(Input):
    """A phase of a plan. `interval_hours` is at least 24, of the first phase at least 0."""

    phase: PhaseName
    category: Category
    interval_hours: Whole = Field(ge=0, le=MOST_INTERVAL_HOURS)
    max_work_minutes: Whole = Field(default=240, ge=1, le=1440)
    fallback: bool = True
    content: PlanContentBody = PlanContentBody()
    text: PlanTextBody = PlanTextBody()


class PlanLimitsBody(Input):
    """The limits of a plan; what is not given stays."""

    max_retries: Whole = Field(default=3, ge=0, le=100)
    retry_base_minutes: Whole = Field(default=5, ge=1, le=1440)
    retry_cap_hours: Whole = Field(default=6, ge=1, le=720)
    max_crashes: Whole = Field(default=3, ge=1, le=100)
    max_replacements: Whole = Field(default=3, ge=0, le=100)
    cooldown_hours: Whole = Field(default=24, ge=0, le=MOST_INTERVAL_HOURS)
    minimum_quality: Annotated[float, Field(ge=0, le=100)] = 0
    four_eyes: bool = False
    licence_required: bool = False


class PlanBody(Input):
    """`POST /api/operator/plans`: a draft."""

    name: Identifier
    title: Name
    copied: AnyPlan | None = Field(default=None, alias="from")


class PlanEdit(Input):
    """`PATCH …/plans/{plan}/versions/{version}`: the phases as a whole, the limits one by one."""

    title: Name | None = None
    phases: list[PlanPhaseBody] | None = Field(default=None, min_length=1, max_length=MOST_PHASES)
    limits: PlanLimitsBody | None = None
    reason: Prose | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, given: Any, handler: Any) -> Any:
        """Adds what is wrong with the plan as a whole to what is wrong with single members."""
        wrong = faults(given) if isinstance(given, dict) else []
        found = [_error("plan", one["detail"], one["pointer"].split("/")[1:]) for one in wrong]
        try:
            made = handler(given)
        except ValidationError as error:
            found += [_error(one["type"], one["msg"], one["loc"]) for one in error.errors(include_url=False)]
            made = None
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return made


def _error(kind: str, detail: str, place: Any) -> InitErrorDetails:
    path = tuple(int(part) if isinstance(part, str) and part.isdecimal() else part for part in place)
    return InitErrorDetails(type=PydanticCustomError(kind, "{detail}", {"detail": detail}), loc=path, input=None)


class PreviewBody(Input):
    """`POST …/preview`: so many accounts of a model, as if they started now."""

    model_id: Identifier
    accounts: Whole = Field(ge=1, le=500)


class MigrationBody(ReasonBody):
    """`POST …/accounts/{account_id}/migrate`."""

    plan: Identifier
    version: Annotated[int, Field(ge=1, le=999_999), BeforeValidator(whole)] | None = None
    mapping: PhaseMapping = Field(default={})
    dry_run: bool = False


class PlanMove(Input):
    """`POST …/publish` and `…/retire`."""

    reason: Prose | None = None

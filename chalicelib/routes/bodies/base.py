"""The base of all bodies, and the types of their members."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.config import JsonDict

from chalicelib.domain import instants, plan_versions, plans, profiles, visibility

_LARGEST_DOCUMENT = 16 * 1024
LONGEST_MESSAGE = 2000


def _instant(value: object) -> datetime:
    return instants.whole(instants.parse_given(_text(value)))


def _day_or_instant(value: object) -> date:
    given = instants.parse_day_or_instant(_text(value))
    return instants.whole(given) if isinstance(given, datetime) else given


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a string is expected")  # pydantic reports a ValueError, and raises others
    return value


def _seen(value: str) -> str:
    if not visibility.has_something_visible(value):
        raise ValueError("there is nothing to see in it: no letter, number, punctuation or symbol")
    return value


def _one_line(value: str) -> str:
    if not visibility.is_one_line(value):
        raise ValueError("it is one line: control characters, invisible format characters and line breaks are refused")
    return value


def _printable(value: str) -> str:
    if visibility.has_control_characters(value):
        raise ValueError("it holds control characters: of these, tab and newline alone are taken")
    return value


def _as_it_reads(value: str) -> str:
    if visibility.has_format_characters(value):
        raise ValueError("it holds invisible format characters, such as overrides of the direction")
    return value


def _handle(value: str) -> str:
    if not profiles.profile_of(value):
        raise ValueError("it names no profile")
    return value


def _time_zone(value: str) -> str:
    if not instants.is_time_zone(value):
        raise ValueError("a name of the IANA time zone database is expected, such as Europe/Berlin")
    return value


def _to_four_decimals(value: float) -> float:
    return round(value, 4)  # what the ranking tells apart; the store refuses numbers below 1E-130


def whole(value: object) -> object:
    """JSON has one kind of number: 3.0 is the whole number 3 too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(whole)]  # where it may be null, its bounds stand inside, before the validator
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")]
Line = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": visibility.ONE_LINE}),
    AfterValidator(_one_line),
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": visibility.VISIBLE_LINE}),
    AfterValidator(_one_line),
    AfterValidator(_seen),
]  # whom or what it names can be seen
Username = Annotated[Name, AfterValidator(_handle)]
Prose = Annotated[
    str,
    Field(min_length=1, max_length=2000, json_schema_extra={"pattern": visibility.VISIBLE_PROSE}),
    AfterValidator(_printable),
    AfterValidator(_as_it_reads),
    AfterValidator(_seen),
]
Message = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_MESSAGE)
]  # a machine's words, kept as they came
Words = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2200,
        description="Lengths are counted in Unicode code points.",
        json_schema_extra={"pattern": visibility.VISIBLE_LINES},
    ),
    AfterValidator(_printable),
    AfterValidator(_seen),
]
Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,39}$")]
TimeZone = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$",
        description="A name of the IANA time zone database.",
        examples=["UTC"],
    ),
    AfterValidator(_time_zone),
]
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
DayOrInstant = Annotated[
    date | datetime,
    BeforeValidator(_day_or_instant),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
            "description": "An instant, or a day in the model's time zone.",
        }
    ),
]
Score = Annotated[float, Field(ge=0, le=100), AfterValidator(_to_four_decimals)]
Category = Literal["pfp", "bio", "post", "highlight", "story", "any"]
PhaseName = Annotated[str, StringConstraints(pattern=f"^{plans.PHASE_NAME}$"), Field(examples=[*plans.STANDARD.order])]
"""The name of a phase of any plan."""


AnyPlan = Annotated[
    str,
    Field(
        pattern=plan_versions.REFERENCE_PATTERN,
        description="A plan, whose newest published version is meant, or a version of one, such as `standard/1`.",
        examples=["standard"],
    ),
]


PhaseMapping = Annotated[
    dict[PhaseName, PhaseName],
    Field(max_length=12, description="Phases of the old plan, and for which phase of the new one each counts."),
]


class Input(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def small(value: Any) -> Any:
    """Return a document that is not larger than 16 KiB as JSON. Raises ValueError."""
    if len(json.dumps(value)) > _LARGEST_DOCUMENT:
        raise ValueError(f"it is larger than {_LARGEST_DOCUMENT} bytes")
    return value


def one_of(*names: str) -> JsonDict:
    """What JSON schema says of members of which one at least is there and not null."""
    return {
        "anyOf": [{"type": "object", "required": [name], "properties": {name: {"type": "string"}}} for name in names]
    }

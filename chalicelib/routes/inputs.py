"""What callers may send: strict models, unknown members refused."""

import json
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from chalicelib.domain import instants, profiles, visibility
from chalicelib.domain.accounts import State, Step
from chalicelib.domain.phases import PhaseName, Status
from chalicelib.domain.queues import Queue
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.scoring import MOST_USES
from chalicelib.domain.selection import Rights
from chalicelib.domain.warmup.work import Fault

_LARGEST_DOCUMENT = 16 * 1024


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
        raise ValueError("it is one line: control characters and line breaks are refused")
    return value


def _printable(value: str) -> str:
    if visibility.has_control_characters(value):
        raise ValueError("it holds control characters: of these, tab and newline alone are taken")
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


def _whole(value: object) -> object:
    """JSON has one kind of number: 3.0 is the whole number 3 too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]  # where it may be null, its bounds stand inside, before the validator
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
    Field(min_length=1, max_length=2000, json_schema_extra={"pattern": visibility.VISIBLE_LINES}),
    AfterValidator(_printable),
    AfterValidator(_seen),
]
Message = Annotated[str, StringConstraints(min_length=1, max_length=2000)]  # a machine's words, kept as they came
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


class Input(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def _small(value: Any) -> Any:
    if len(json.dumps(value)) > _LARGEST_DOCUMENT:
        raise ValueError(f"it is larger than {_LARGEST_DOCUMENT} bytes")
    return value


def _one_of(*names: str) -> JsonDict:
    """What JSON schema says of members of which one at least is there and not null."""
    return {
        "anyOf": [{"type": "object", "required": [name], "properties": {name: {"type": "string"}}} for name in names]
    }


class ClaimBody(Input):
    """`POST /api/bot/accounts/claim`."""

    limit: Whole = Field(default=1, ge=1, le=10)
    model_ids: list[Identifier] | None = Field(default=None, min_length=1, max_length=20)
    actions: list[Step] | None = Field(default=None, min_length=1, max_length=3)


class CompletePhaseBody(Input):
    """`POST …/complete-phase/{phase}`."""

    execution_time_ms: Annotated[int, Field(ge=0, le=10**10), BeforeValidator(_whole)] | None = None
    platform_response: Any = None
    performance_score: Score | None = None

    _size = field_validator("platform_response")(_small)


class ReportErrorBody(Input):
    """`POST …/report-error`. `retry_after_seconds` can only lengthen the plan's delay."""

    phase: Literal["pfp", "bio", "post", "highlight", "story"]
    kind: ReportKind
    code: Line | None = None
    message: Message
    details: dict[str, Any] | None = None
    retry_after_seconds: Whole = Field(default=0, ge=0, le=30 * 86400)

    _size = field_validator("details")(_small)

    def fault(self) -> Fault:
        """What went wrong, as the rules read it."""
        return Fault(self.kind, self.message, self.code, self.details, timedelta(seconds=self.retry_after_seconds))


class SessionBody(Input):
    """`POST /api/bot/sessions`."""

    client: Line | None = None
    host: Line | None = None


class HeartbeatBody(Input):
    """`POST …/heartbeat`."""

    note: Line | None = None


class ModelBody(Input):
    """`POST /api/operator/models`."""

    model_id: Identifier
    name: Line | None = None
    themes: list[Tag] = Field(default=[], max_length=20)
    time_zone: TimeZone = "UTC"


class ConsentBody(Input):
    """Who owns the account and agreed."""

    granted_by: Name
    granted_at: DayOrInstant
    reference: Name


class AccountBody(Input):
    """`POST /api/operator/accounts`, and each row of an import."""

    account_id: Identifier | None = None
    model_id: Identifier
    username: Username
    theme: Tag | None = None
    tags: list[Tag] = Field(default=[], max_length=20)
    consent: ConsentBody | None = None


class ReasonBody(Input):
    """A move that people make, with their reason."""

    reason: Prose


class RetryBody(ReasonBody):
    """`POST …/phases/{phase}/retry`: with the same items, or with others."""

    content: Literal["same", "other"] = "same"


class Evidence(Input):
    """What shows that a phase was done outside: a URL, a note, or both."""

    model_config = ConfigDict(json_schema_extra=_one_of("url", "note"))
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f\x7f-\x9f]{1,2000}$")] | None = None
    note: Prose | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> "Evidence":
        if self.url is None and self.note is None:
            raise ValueError("a url or a note is needed")
        return self


class ResolveBody(ReasonBody):
    """`POST …/phases/{phase}/resolve`."""

    evidence: Evidence


class AssignBody(ReasonBody):
    """`POST …/phases/{phase}/assign`: the items by hand."""

    model_config = ConfigDict(json_schema_extra=_one_of("content_id", "text_id"))
    content_id: Identifier | None = None
    text_id: Identifier | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> "AssignBody":
        if self.content_id is None and self.text_id is None:
            raise ValueError("a content_id or a text_id is needed")
        return self


class ReviewFilter(Input):
    """What of the review queue is meant; what is not given means all."""

    model_id: Identifier | None = None
    phase: PhaseName | None = None
    status: Literal["failed", "requires_review"] | None = None
    code: Line | None = None
    kind: ReportKind | None = None
    older_than_seconds: Annotated[int, Field(ge=0, le=10**9), BeforeValidator(_whole)] | None = None
    failed_before: Instant | None = None


class RetryAllBody(ReasonBody):
    """`POST /api/operator/review/retry`."""

    filter: ReviewFilter
    dry_run: bool = False
    content: Literal["same", "other"] = "same"


class RosterFilter(Input):
    """Which accounts are meant; what is not given means all."""

    state: State | None = None
    model_id: Identifier | None = None
    phase: PhaseName | None = None
    phase_status: Status | None = None
    error_code: Line | None = None
    error_kind: ReportKind | None = None
    without_code: bool | None = None
    failed_before: Instant | None = None
    queue: Queue | None = None
    text: Line | None = None


class MoveAllBody(ReasonBody):
    """`POST /api/operator/accounts/bulk`: the accounts that are named, else a page of those that the filter admits."""

    action: Literal["ready", "pause", "resume", "retry", "resolve", "skip"]
    account_ids: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)
    filter: RosterFilter | None = None
    content: Literal["same", "other"] = "same"
    evidence: Evidence | None = None
    dry_run: bool = False
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,2048}$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "MoveAllBody":
        if (self.account_ids is None) == (self.filter is None):
            raise ValueError("either account_ids or a filter is needed (an empty filter means all)")
        if self.action == "resolve" and self.evidence is None and not self.dry_run:
            raise ValueError("to resolve, evidence is needed")
        return self


class ClaimsBody(Input):
    """`POST …/claims`: one step of a walk over what is there."""

    dry_run: bool = False
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,2048}$")] | None = None


class ModelEdit(Input):
    """`PATCH …/models/{model_id}`."""

    name: Line | None = None
    themes: list[Tag] | None = Field(default=None, max_length=20)
    paused: bool | None = None
    time_zone: TimeZone | None = None
    reason: Prose | None = None


class BotEdit(Input):
    """`PATCH …/bots/{bot_id}`; `models` null frees the bot."""

    name: Line | None = None
    models: list[Identifier] | None = Field(default=None, min_length=1, max_length=100)


class LicenceBody(Input):
    """Who licensed an item, until when."""

    licensed_by: Name
    valid_until: DayOrInstant | None = None


class ItemBody(Input):
    """What media items and texts have in common."""

    category: Category
    quality_score: Score
    max_usage: Whole = Field(ge=1, le=MOST_USES)
    theme: Tag | None = None
    tags: list[Tag] = Field(default=[], max_length=20)
    licence: LicenceBody | None = None
    status: Rights = Rights.APPROVED


class ItemEdit(Input):
    """`PATCH …/content/{content_id}`: what is given is changed (theme, licence: null too)."""

    category: Category = "any"
    quality_score: float = Field(default=0, ge=0, le=100)
    max_usage: Whole = Field(default=1, ge=1, le=MOST_USES)
    theme: Tag | None = None
    tags: list[Tag] = Field(default=[], max_length=20)
    licence: LicenceBody | None = None
    enabled: bool = True
    status: Rights = Rights.APPROVED
    reason: Prose | None = None


class TextEdit(ItemEdit):
    """`PATCH …/texts/{text_id}`: the same, and `body`, until the text was first assigned."""

    body: Words = "-"


class UploadBody(Input):
    """`POST …/content/uploads`: the file that will be uploaded."""

    filename: Line
    media_type: Annotated[str, StringConstraints(pattern=r"^(image|video)/[a-z0-9.+\-]{1,60}$")]
    bytes: Whole = Field(ge=1, le=10**9)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ContentBody(ItemBody):
    """`POST …/models/{model_id}/content`."""

    content_id: Identifier | None = None
    media_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./\-]{1,512}$")]
    media_type: Annotated[str, StringConstraints(pattern=r"^(image|video)/[a-z0-9.+\-]{1,60}$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: Whole = Field(ge=1, le=10**9)
    width: Annotated[int, Field(ge=1, le=100_000), BeforeValidator(_whole)] | None = None
    height: Annotated[int, Field(ge=1, le=100_000), BeforeValidator(_whole)] | None = None


class TextBody(ItemBody):
    """`POST …/models/{model_id}/texts`."""

    text_id: Identifier | None = None
    body: Words


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

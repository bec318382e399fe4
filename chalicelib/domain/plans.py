"""Plans: ordered phases with their minimum intervals and content needs, and the limits that hold for all of them.

A phase has the name that its plan gives it, and draws from a category of the pools. What is in use is never changed:
an account keeps the plan, in its version, that it started with.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import timedelta
from enum import StrEnum

from chalicelib.domain.accounts import Step
from chalicelib.domain.categories import Category
from chalicelib.domain.records import record

PHASE_NAME = "[a-z][a-z0-9_]{0,31}"
"""What a phase can be called, as a regular expression; not as one of the `RESERVED` words."""
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "video/mp4", "video/quicktime")
"""The types of files that plans can ask for."""
LEAST_INTERVAL = timedelta(hours=24)
"""The least time between two phases of an account: a rule of the service, not of a plan."""
MOST_BYTES = 10**9
"""The largest file that a plan can ask for."""
RESERVED = frozenset({*Step, Category.ANY})
"""What no phase is called: words that stand for something else where phases are named."""
_NAME = re.compile(PHASE_NAME, re.ASCII)


def is_phase_name(text: str) -> bool:
    """Whether a plan can have a phase of this name."""
    return _NAME.fullmatch(text) is not None and text not in RESERVED


class Need(StrEnum):
    """Whether a phase needs an item of a pool."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"

    @property
    def is_required(self) -> bool:
        """Whether the phase cannot do without."""
        return self is Need.REQUIRED


class LengthUnit(StrEnum):
    """In what the length of a text is counted."""

    CODE_POINTS = "code_points"
    UTF16 = "utf16"
    GRAPHEMES = "graphemes"


@record
class ContentNeeds:
    """What a phase asks of a media item; None: nothing in this respect. An aspect ratio is width by height.

    `animated`: whether animated images are taken.
    """

    need: Need = Need.NONE
    media_types: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp")
    max_bytes: int = 50 * 1024 * 1024
    min_width: int | None = None
    min_height: int | None = None
    min_aspect_ratio: float | None = None
    max_aspect_ratio: float | None = None
    max_duration_seconds: float | None = None
    animated: bool = True


@record
class TextNeeds:
    """What a phase asks of a text; None: nothing in this respect."""

    need: Need = Need.NONE
    max_length: int = 2200
    unit: LengthUnit = LengthUnit.CODE_POINTS
    max_hashtags: int | None = None
    max_mentions: int | None = None


@record
class PhasePlan:
    """What one phase asks for, of items of its `category`; of `any` only with `fallback`, where that has none.

    `interval` is the least time between the completion of the phase before it and this phase's start. `max_work` is the
    longest time that heartbeats keep one worker's lease, counted from its taking and again from the delivery.
    """

    category: str
    interval: timedelta
    content: ContentNeeds = ContentNeeds()
    text: TextNeeds = TextNeeds()
    fallback: bool = True
    max_work: timedelta = timedelta(minutes=240)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that it draws from, the preferred one first."""
        return (self.category, Category.ANY) if self.fallback and self.category != Category.ANY else (self.category,)


@record
class Plan:
    """The phases by their names, in the order in which an account passes them, and the limits for all of them.

    `max_crashes` and `max_releases` bound how often workers may leave a phase without an outcome, because their lease
    ran out or because they gave it back; then an operator decides.
    """

    name: str
    version: int
    phases: Mapping[str, PhasePlan] = field(hash=False)
    max_retries: int = 3
    max_crashes: int = 3
    max_releases: int = 10
    max_replacements: int = 3
    retry_base: timedelta = timedelta(minutes=5)
    retry_cap: timedelta = timedelta(hours=6)
    content_retry: timedelta = timedelta(minutes=5)
    content_retry_cap: timedelta = timedelta(hours=1)
    cooldown: timedelta = timedelta(hours=24)
    minimum_quality: float = 0
    four_eyes: bool = False
    licence_required: bool = False

    @property
    def order(self) -> tuple[str, ...]:
        """The names of the phases, in the order in which an account passes them."""
        return tuple(self.phases)

    @property
    def first(self) -> str:
        """The name of the first phase."""
        return next(iter(self.phases))

    @property
    def last(self) -> str:
        """The name of the last phase."""
        return self.order[-1]

    def interval_after_another(self, phase: str) -> timedelta:
        """The least time between the end of another phase and this one's start, also where the plan begins with it: an
        account that was moved to the plan may have done others before."""
        return max(self.phases[phase].interval, LEAST_INTERVAL)


@record
class Demands:
    """What a model asks of items beyond the plans of its accounts. The stricter of both holds: it loosens nothing."""

    cooldown: timedelta = timedelta(0)
    minimum_quality: float = 0
    four_eyes: bool = False
    licence_required: bool = False

    def tighten(self, plan: Plan) -> Plan:
        """The plan as accounts of the model follow it."""
        if self == NO_DEMANDS:
            return plan
        return replace(
            plan,
            cooldown=max(plan.cooldown, self.cooldown),
            minimum_quality=max(plan.minimum_quality, self.minimum_quality),
            four_eyes=plan.four_eyes or self.four_eyes,
            licence_required=plan.licence_required or self.licence_required,
        )


NO_DEMANDS = Demands()


def demands_of(
    *,
    cooldown_hours: int | None = None,
    minimum_quality: float | None = None,
    four_eyes: bool = False,
    licence_required: bool = False,
) -> Demands:
    """The same from what a model's row says; None and False: as the plan."""
    return Demands(timedelta(hours=cooldown_hours or 0), minimum_quality or 0, four_eyes, licence_required)


def in_order(known: Iterable[str], plan: Plan) -> tuple[str, ...]:
    """Return the phases of an account: those of another plan that it had before, then those of its plan."""
    return (*sorted(set(known) - set(plan.order)), *plan.order)


_REQUIRED_MEDIA = ContentNeeds(need=Need.REQUIRED)
_DAY = timedelta(hours=24)

STANDARD = Plan(
    name="standard",
    version=1,
    phases={
        "pfp": PhasePlan(Category.PFP, timedelta(0), _REQUIRED_MEDIA),
        "bio": PhasePlan(Category.BIO, _DAY, text=TextNeeds(Need.REQUIRED, max_length=150)),
        "post": PhasePlan(Category.POST, _DAY, _REQUIRED_MEDIA, TextNeeds(Need.REQUIRED)),
        "highlight": PhasePlan(
            Category.HIGHLIGHT, timedelta(hours=36), _REQUIRED_MEDIA, TextNeeds(Need.REQUIRED, max_length=100)
        ),
        "story": PhasePlan(Category.STORY, timedelta(hours=48), _REQUIRED_MEDIA, TextNeeds(Need.OPTIONAL)),
    },
)

PLANS: Mapping[tuple[str, int], Plan] = {(plan.name, plan.version): plan for plan in (STANDARD,)}


def plan_of(name: str, version: int) -> Plan:
    """The plan of that name and version. A version that accounts keep is never taken out of `PLANS`."""
    return PLANS[name, version]

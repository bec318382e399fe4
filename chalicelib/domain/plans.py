"""Plans: the phases' minimum intervals, retry limits and content needs.

Plans are code: a change of one is a new version beside the old, since an account keeps the plan that it started with.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from enum import StrEnum

from chalicelib.domain.phases import PhaseName
from chalicelib.domain.records import record


class Need(StrEnum):
    """Whether a phase needs an item of a pool."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"

    @property
    def is_required(self) -> bool:
        """Whether the phase cannot do without."""
        return self is Need.REQUIRED


@record
class PhasePlan:
    """What one phase asks for.

    `interval` is the least time between the completion of the phase before it and this phase's start. `max_work` is the
    longest time that heartbeats keep one worker's lease, counted from its taking and again from the delivery.
    """

    interval: timedelta
    content: Need = Need.NONE
    text: Need = Need.NONE
    media_types: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp")
    max_text_length: int = 2200
    max_media_bytes: int = 50 * 1024 * 1024
    max_work: timedelta = timedelta(minutes=240)


@record
class Plan:
    """The ordered phases and the limits that hold for all of them.

    `max_crashes` and `max_releases` bound how often workers may leave a phase without an outcome, because their lease
    ran out or because they gave it back; then an operator decides.
    """

    name: str
    version: int
    phases: Mapping[PhaseName, PhasePlan] = field(hash=False)
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


STANDARD = Plan(
    name="standard",
    version=1,
    phases={
        PhaseName.PFP: PhasePlan(interval=timedelta(0), content=Need.REQUIRED),
        PhaseName.BIO: PhasePlan(interval=timedelta(hours=24), text=Need.REQUIRED, max_text_length=150),
        PhaseName.POST: PhasePlan(interval=timedelta(hours=24), content=Need.REQUIRED, text=Need.REQUIRED),
        PhaseName.HIGHLIGHT: PhasePlan(
            interval=timedelta(hours=36), content=Need.REQUIRED, text=Need.REQUIRED, max_text_length=100
        ),
        PhaseName.STORY: PhasePlan(interval=timedelta(hours=48), content=Need.REQUIRED, text=Need.OPTIONAL),
    },
)

PLANS: Mapping[tuple[str, int], Plan] = {(plan.name, plan.version): plan for plan in (STANDARD,)}


def plan_of(name: str, version: int) -> Plan:
    """The plan of that name and version. A version that accounts keep is never taken out of `PLANS`."""
    return PLANS[name, version]

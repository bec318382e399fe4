"""The versions of a plan: their states, which of them a new account gets, and how a caller names one."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from chalicelib.domain.errors import InvalidTransition, PlanNotPublished
from chalicelib.domain.ids import GIVEN
from chalicelib.domain.plan_documents import STANDARD_DOCUMENT, digest
from chalicelib.domain.plans import Plan
from chalicelib.domain.records import record

REFERENCE_PATTERN = f"^({GIVEN.pattern})(?:/([1-9][0-9]{{0,5}}))?$"
_REFERENCE = re.compile(REFERENCE_PATTERN, re.ASCII)


class PlanState(StrEnum):
    """Where a version of a plan stands: being edited, in use and never changed any more, closed to new accounts."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class PlanTransition(StrEnum):
    """What can happen to a version of a plan."""

    EDIT = "edit"
    PUBLISH = "publish"
    RETIRE = "retire"


TRANSITIONS: Mapping[PlanState, Mapping[PlanTransition, PlanState]] = {
    PlanState.DRAFT: {
        PlanTransition.EDIT: PlanState.DRAFT,
        PlanTransition.PUBLISH: PlanState.PUBLISHED,
        PlanTransition.RETIRE: PlanState.RETIRED,
    },
    PlanState.PUBLISHED: {PlanTransition.RETIRE: PlanState.RETIRED},
    PlanState.RETIRED: {},
}


def after(state: PlanState, move: PlanTransition) -> PlanState:
    """Return the state that the transition leads to. Raises InvalidTransition."""
    possible = TRANSITIONS[state]
    if move not in possible:
        raise InvalidTransition("version of a plan", state, move, sorted(possible))
    return possible[move]


@record
class PlanReference:
    """How a caller names a plan: `slow` is its newest published version, `slow/2` is that version."""

    name: str
    version: int | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a reference. Raises ValueError."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise ValueError("a plan such as `standard` is expected, or a version of one such as `standard/1`")
        return cls(found[1], None if found[2] is None else int(found[2]))

    def means(self, name: str, version: int) -> bool:
        """Whether this version is meant, or one of its plan."""
        return self.name == name and self.version in (None, version)

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}/{self.version}"


STANDARD_NAME, STANDARD_NUMBER = "standard", 1
STANDARD_DIGEST = digest(STANDARD_DOCUMENT)
"""The version that comes with the service and is in no table: `standard` 1."""


def chosen(reference: PlanReference, states: Mapping[int, PlanState]) -> int:
    """Return which of a plan's versions a new account gets. Raises PlanNotPublished."""
    number = newest(states) if reference.version is None else reference.version
    if number is None or states.get(number) is not PlanState.PUBLISHED:
        known = ", ".join(f"{one} is {states[one]}" for one in sorted(states))
        raise PlanNotPublished(f"No account can start on {reference}; of the versions of this plan, {known}.")
    return number


def is_standard(name: str, version: int | None) -> bool:
    """Whether this is the version that comes with the service: accounts keep no digest of it."""
    return (name, version) == (STANDARD_NAME, STANDARD_NUMBER)


def counted(plan: Plan) -> tuple[str, ...]:
    """Return under which names an account of this plan is counted: none for `standard` 1, which all others have."""
    return () if is_standard(plan.name, plan.version) else (f"{plan.name}/{plan.version}", OTHER)


OTHER = "other"
"""Under which name accounts are counted that have another plan than `standard` 1."""


def newest(states: Mapping[int, PlanState]) -> int | None:
    """Return the newest published version of a plan, the one that new accounts get; None where none is published."""
    return max((number for number, state in states.items() if state is PlanState.PUBLISHED), default=None)


def is_fixed(state: PlanState) -> bool:
    """Whether a version in this state says what it will always say."""
    return state is not PlanState.DRAFT


def draft(states: Mapping[int, PlanState]) -> int | None:
    """Return the version of a plan that is a draft: there is one at most."""
    return next((number for number, state in states.items() if state is PlanState.DRAFT), None)


def meant(reference: PlanReference, states: Mapping[int, PlanState]) -> int | None:
    """Return which of a plan's versions is copied or compared: the named one, else the newest that is published, else
    the newest; None where there is none of that number."""
    if reference.version is not None:
        return reference.version if reference.version in states else None
    return newest(states) or max(states, default=None)

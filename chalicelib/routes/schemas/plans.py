"""Plans and their versions, as operators see them."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from chalicelib.domain import plan_versions
from chalicelib.domain.plan_diffs import PlanDifference, in_words
from chalicelib.domain.plan_documents import completed
from chalicelib.domain.plan_versions import PlanState
from chalicelib.domain.plans import Need
from chalicelib.domain.selection import PoolKind
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.services import previews
from chalicelib.tables import StoredPlan


class PlanContent(Document):
    """What a phase asks of a media item; null asks nothing."""

    need: Need
    media_types: list[str]
    max_bytes: int
    min_width: int | None
    min_height: int | None
    min_aspect_ratio: float | None
    max_aspect_ratio: float | None
    max_duration_seconds: int | None
    animated: bool


class PlanText(Document):
    """What a phase asks of a text; null asks nothing. `unit`: in what its length is counted."""

    need: Need
    max_length: int
    unit: str
    max_hashtags: int | None
    max_mentions: int | None


class PlanPhase(Document):
    """A phase of a plan: the minimum interval before it, and what it asks of the pools."""

    phase: str
    category: str
    interval_hours: int
    max_work_minutes: int
    fallback: bool
    content: PlanContent
    text: PlanText

    @staticmethod
    def of(given: Mapping[str, Any]) -> "PlanPhase":
        """Return what a document says of a phase."""
        parts = {"content": PlanContent(**given["content"]), "text": PlanText(**given["text"])}
        return PlanPhase(**{**given, **parts})


class PlanLimits(Document):
    """The limits that hold for all phases of a plan."""

    max_retries: int
    retry_base_minutes: int
    retry_cap_hours: int
    max_crashes: int
    max_replacements: int
    cooldown_hours: int
    minimum_quality: float
    four_eyes: bool
    licence_required: bool


class ListedVersion(Document):
    """A version of a plan, in short; `accounts` are those that have it, whatever their state, null: not counted yet."""

    version: int
    state: PlanState
    digest: str
    title: str
    accounts: int | None


class ListedPlan(Document):
    """A plan with its versions; `newest_published` is the one that new accounts get, null: none."""

    name: str
    title: str
    newest_published: int | None
    versions: list[ListedVersion]

    @staticmethod
    def of(item: StoredPlan, accounts: Mapping[str, int | None]) -> "ListedPlan":
        """Return what the table lists of a plan, with how many accounts have its versions (by name and number)."""
        versions = [
            ListedVersion(
                version=int(number),
                state=PlanState(one["state"]),
                digest=one["digest"],
                title=one["title"],
                accounts=accounts[f"{item.plan_name}/{number}"],
            )
            for number, one in sorted(item.versions.items(), key=lambda pair: int(pair[0]))
        ]
        return ListedPlan(
            name=item.plan_name,
            title=item.title,
            newest_published=plan_versions.newest(item.states),
            versions=versions,
        )


class PlanVersion(Document):
    """A version of a plan. `digest` is the SHA-256 of its phases and limits; `revision` counts its changes (`ETag`).

    What comes with the service (`standard` 1) has no instants.
    """

    name: str
    version: int
    state: PlanState
    digest: str
    title: str
    phases: list[PlanPhase]
    limits: PlanLimits
    copied_from: str | None
    created_at: datetime | None
    created_by: str | None
    updated_at: datetime | None
    published_at: datetime | None
    published_by: str | None
    retired_at: datetime | None
    retired_by: str | None
    revision: int

    @staticmethod
    def from_item(item: StoredPlan) -> "PlanVersion":
        """Return what the table holds of a version."""
        document, state = completed(item.document), PlanState(item.state or "")
        return PlanVersion(
            name=item.plan_name,
            version=item.plan_version,
            state=state,
            digest=item.digest or "",
            title=item.title,
            phases=[PlanPhase.of(one) for one in document["phases"]],
            limits=PlanLimits(**document["limits"]),
            copied_from=item.copied_from,
            created_at=item.created_at,
            created_by=item.created_by,
            updated_at=item.updated_at,
            published_at=item.published_at,
            published_by=item.published_by,
            retired_at=item.retired_at,
            retired_by=item.retired_by,
            revision=item.version,
        )


class ChangedPlan(Replayed, PlanVersion):
    """A version of a plan after a change."""

    @classmethod
    def after(cls, item: StoredPlan, *, replayed: bool) -> Self:
        """Return the version with whether it had been changed so before."""
        return cls(**vars(PlanVersion.from_item(item)), replayed=replayed)


class PlannedPhase(Document):
    """A phase of the first account, and when it would begin."""

    phase: str
    at: datetime


class ActiveDay(Document):
    """How many accounts would become active on a day (UTC)."""

    day: str
    accounts: int


class PlannedWait(Document):
    """A new account (by its number) that would come to a phase and find nothing, until when (null: for good)."""

    account: int
    phase: str
    kind: PoolKind
    category: str
    at: datetime
    until: datetime | None


class PlanPreview(Document):
    """What a plan would make of accounts that start now, by the rules by which they would be served.

    `first_account` says when each phase of the first one would begin; `active` how many would be active on which day,
    `accounts_unmet` how many never. `waits` are the first 100 of `waits_count`, `shares` what each category of the
    pools would give. `has_more`: not all was read, or the look ahead was cut short.
    """

    plan: str
    model_id: str
    as_of: datetime
    accounts: int
    accounts_under_way: int
    first_account: list[PlannedPhase]
    first_active_at: datetime | None
    last_active_at: datetime | None
    active: list[ActiveDay]
    accounts_unmet: int
    waits_count: int
    waits: list[PlannedWait]
    shares: list[previews.PoolShare]
    has_more: bool

    @staticmethod
    def of(found: previews.PlanForecast, now: datetime) -> "PlanPreview":
        """Return what was found, as of now."""
        done = sorted(one.done_at for one in found.journeys if one.done_at is not None)
        days = Counter(f"{at:%Y-%m-%d}" for at in done)
        waits = [
            PlannedWait(
                account=number, phase=miss.phase, kind=miss.kind, category=miss.category, at=miss.at, until=miss.until
            )
            for number, journey in enumerate(found.journeys, start=1)
            for miss in journey.misses
        ]
        return PlanPreview(
            plan=f"{found.plan.name}/{found.plan.version}",
            model_id=found.model_id,
            as_of=now,
            accounts=len(found.journeys),
            accounts_under_way=found.accounts_under_way,
            first_account=[PlannedPhase(phase=phase, at=at) for phase, at in found.journeys[0].phases],
            first_active_at=done[0] if done else None,
            last_active_at=done[-1] if done else None,
            active=[ActiveDay(day=day, accounts=count) for day, count in sorted(days.items())],
            accounts_unmet=len(found.journeys) - len(done),
            waits_count=len(waits),
            waits=waits[:_MOST_WAITS],
            shares=list(found.shares),
            has_more=found.has_more,
        )


_MOST_WAITS = 100


class PlanDiff(Document):
    """What differs between two versions of plans, in words and as data."""

    plan: str
    against: str
    summary: str
    differences: list[PlanDifference]

    @staticmethod
    def of(plan: str, against: str, found: list[PlanDifference]) -> "PlanDiff":
        """Return the differences of a version from the other."""
        return PlanDiff(plan=plan, against=against, summary=in_words(found), differences=found)

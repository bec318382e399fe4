"""What a model's pools hold, and how far they carry."""

from datetime import datetime
from typing import Self

from chalicelib.domain import runway
from chalicelib.domain.selection import PoolKind
from chalicelib.edge.answers import Document
from chalicelib.services import availability


class PoolCategory(Document):
    """What one category holds; `refused` by reason.

    `uses_left` are uses that some phase of a plan could take, `unmet` accounts under way that find nothing, ever;
    `uses_needed_if_all_start` counts the imported accounts, too.
    """

    kind: PoolKind
    category: str
    items: int
    eligible: int
    refused: dict[str, int]
    uses_left: int
    uses_needed: int
    from_any: int
    unmet: int
    uses_needed_if_all_start: int
    used_up: int
    disabled: int

    @staticmethod
    def of(found: availability.CategoryCounts) -> "PoolCategory":
        """Return the counts of one category."""
        return PoolCategory(
            kind=found.kind,
            category=found.category,
            items=found.items,
            eligible=found.eligible,
            refused=found.refused,
            uses_left=found.uses_left,
            uses_needed=found.uses_needed,
            from_any=found.from_any,
            unmet=found.unmet,
            uses_needed_if_all_start=found.uses_needed_if_all_start,
            used_up=found.refused.get("used_up", 0),
            disabled=found.refused.get("disabled", 0),
        )


class Shortfall(Document):
    """The day on which an account will find nothing, and until when (null: for good)."""

    day: str
    at: datetime
    account_id: str
    phase: str
    kind: PoolKind
    until: datetime | None

    @classmethod
    def of(cls, found: runway.PoolShortfall | None) -> Self | None:
        """Return the day and the account, if there is one that finds nothing."""
        if found is None:
            return None
        return cls(
            day=found.at.strftime("%Y-%m-%d"),
            at=found.at,
            account_id=found.account_id,
            phase=found.phase,
            kind=found.kind,
            until=found.until,
        )


class Ahead(Document):
    """How far the pools carry so many accounts."""

    accounts: int
    runs_dry: Shortfall | None
    first_wait: Shortfall | None
    accounts_unmet: int

    @classmethod
    def of(cls, accounts: int, found: runway.Runway) -> Self:
        """Return how far the pools carry these accounts."""
        return cls(
            accounts=accounts,
            runs_dry=Shortfall.of(found.dry),
            first_wait=Shortfall.of(found.wait),
            accounts_unmet=found.unmet,
        )


class Availability(Document):
    """What a model's pools hold, and how far they carry the accounts under way, as of one instant.

    Under way are accounts that are ready or warming up, those in review and paused included; `if_all_start` is the same
    as if the imported ones, and those of `adding`, were to start now. `has_more`: not
    all items and accounts were read.
    """

    model_id: str
    as_of: datetime
    accounts_under_way: int
    accounts_in_review: int
    accounts_paused: int
    accounts_imported: int
    if_all_start: Ahead
    warnings: list[str]
    categories: list[PoolCategory]
    runs_dry: Shortfall | None
    first_wait: Shortfall | None
    accounts_unmet: int
    has_more: bool

    @classmethod
    def of(cls, found: availability.PoolForecast) -> Self:
        """Return what the pools hold, and how far they carry."""
        everybody = found.accounts + found.imported + found.adding
        warning = availability.shortfall(found.model_id, everybody, found.if_all_start)
        return cls(
            model_id=found.model_id,
            as_of=found.as_of,
            accounts_under_way=found.accounts,
            accounts_in_review=found.in_review,
            accounts_paused=found.paused,
            accounts_imported=found.imported,
            if_all_start=Ahead.of(everybody, found.if_all_start),
            warnings=[] if warning is None else [warning],
            categories=[PoolCategory.of(one) for one in found.categories],
            runs_dry=Shortfall.of(found.runway.dry),
            first_wait=Shortfall.of(found.runway.wait),
            accounts_unmet=found.runway.unmet,
            has_more=found.has_more,
        )

"""Accounts in lists, and what became of a move on many of them."""

from collections import Counter
from datetime import datetime
from typing import Self

from chalicelib.domain import accounts, leases
from chalicelib.domain.accounts import AccountState, Step
from chalicelib.domain.bulk import BulkAction
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import in_order
from chalicelib.domain.queues import Queue, queues_of
from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.routes.schemas.cells import Cell
from chalicelib.routes.schemas.deliveries import Words
from chalicelib.routes.schemas.leases import Lease
from chalicelib.services.account_lists import Shown
from chalicelib.services.moves import MovedAccount
from chalicelib.tables import Account as Item

_FIRST_WORDS = 120


class AccountSummary(Document):
    """An account in a list."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    current_phase: str | None
    phase_status: PhaseStatus | None
    due_at: datetime | None
    action: Step | None
    queues: list[Queue]
    working_since: datetime | None
    tags: list[str]
    lease: Lease | None
    created_at: datetime
    updated_at: datetime
    version: int

    @staticmethod
    def from_item(item: Item, now: datetime) -> "AccountSummary":
        """Return what the table holds of an account, and where it stands now."""
        return AccountSummary(
            account_id=item.account_id,
            model_id=item.model_id,
            username=item.username,
            theme=item.theme,
            state=item.state,
            current_phase=item.current_phase,
            phase_status=item.status_at(now),
            due_at=item.due_at,
            action=accounts.step(item.state, item.current_phase),
            queues=sorted(queues_of(item, now)),
            working_since=item.working_since if leases.is_live(item.lease, now) else None,
            tags=sorted(item.tags or ()),
            lease=Lease.of(item.lease, now),
            created_at=item.created_at,
            updated_at=item.updated_at,
            version=item.version,
        )


class AssignedMedia(Document):
    """The media item that the current phase was assigned; the URL is a secret."""

    content_id: str
    media_type: str
    url: str


class Assigned(Document):
    """What the current phase was assigned."""

    content: AssignedMedia | None
    text: Words | None

    @classmethod
    def of(cls, found: Shown) -> Self:
        """Return the items of the current phase, the text by its first words."""
        item, text = found.content, found.text
        media = None
        if item is not None:
            media = AssignedMedia(content_id=item.content_id, media_type=item.media_type, url=found.url or "")
        words = None if text is None else Words(text_id=text.text_id, body=text.body[:_FIRST_WORDS])
        return cls(content=media, text=words)


class ListedAccount(AccountSummary):
    """An account in a list; where phases are asked for, with them (none before the start) and what is assigned.

    `content_due_at`: its pools had nothing eligible, and are asked again then. `plan_phases`: the names of its plan's
    phases in their order, also before the start.
    """

    content_due_at: datetime | Absent | None = ABSENT
    plan_phases: list[str] | Absent = ABSENT
    phases: list[Cell] | Absent = ABSENT
    assigned: Assigned | Absent = ABSENT

    @classmethod
    def listed(cls, item: Item, now: datetime) -> Self:
        """Return an account without its phases."""
        return cls(**vars(AccountSummary.from_item(item, now)))

    @classmethod
    def shown(cls, found: Shown, now: datetime) -> Self:
        """Return an account with its phases in order, and what the current one was assigned."""
        order = in_order([one.name for one in found.phases], found.account.plan)
        phases = sorted(found.phases, key=lambda one: order.index(one.name))
        return cls(
            **vars(AccountSummary.from_item(found.account, now)),
            content_due_at=found.account.content_due_at,
            plan_phases=list(found.account.plan.order),
            phases=[Cell.from_item(one, one.status_at(found.account.state, now)) for one in phases],
            assigned=Assigned.of(found),
        )


class BulkMove(Document):
    """One step of a move on many accounts; `next_cursor` asks for the next step, null ends the move."""

    action: BulkAction
    dry_run: bool
    matched: int
    counts: dict[str, int]
    results: list[MovedAccount]
    next_cursor: str | None
    as_of: datetime

    @classmethod
    def of(
        cls,
        found: list[MovedAccount],
        next_cursor: str | None,
        action: BulkAction,
        *,
        dry_run: bool,
        now: datetime,
    ) -> Self:
        """Return what became of each account, and the counts of that."""
        return cls(
            action=action,
            dry_run=dry_run,
            matched=len(found),
            counts=dict(sorted(Counter(one.outcome for one in found).items())),
            results=found,
            next_cursor=next_cursor,
            as_of=now,
        )

"""An account as operators see it, and what became of an import of many."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from chalicelib.batches import RowOutcome, counts
from chalicelib.domain import consents, instants
from chalicelib.domain.accounts import AccountState, Step
from chalicelib.domain.consents import ConsentState
from chalicelib.domain.dispatch import QueuePlace
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.queues import Queue
from chalicelib.edge.answers import ABSENT, Absent, Document
from chalicelib.edge.problems import RowError, row_error
from chalicelib.routes.schemas.account_lists import AccountSummary
from chalicelib.routes.schemas.assignments import Assignment
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.routes.schemas.warmups import WarmupStatus
from chalicelib.tables import Account as Item
from chalicelib.tables import AccountProfile
from chalicelib.warmups import Changed, Loaded


class Consent(Document):
    """Who owns the account and agreed; until when, where that has an end; and since when no longer, if withdrawn."""

    granted_by: str
    granted_at: datetime
    reference: str
    valid_until: datetime | Absent = ABSENT
    withdrawn_at: datetime | Absent = ABSENT

    @staticmethod
    def of(recorded: Mapping[str, str]) -> "Consent":
        """Return the consent as it is recorded."""
        dates: dict[str, Any] = {name: instants.parse(at) for name, at in recorded.items() if name in consents.DATES}
        return Consent(**{**recorded, **dates})


class WholeAccount(WarmupStatus):
    """An account as operators see it.

    `crash_count` and `release_count`: how often workers left it without an outcome before its first phase began or
    after its last was completed; `content_misses`: how often in a row its pools had nothing eligible.
    """

    crash_count: int
    release_count: int
    content_misses: int
    phase_status: PhaseStatus | None
    due_at: datetime | None
    action: Step | None
    queues: list[Queue]
    working_since: datetime | None
    tags: list[str]
    consent: Consent | None
    consent_state: ConsentState
    external_ref: str | None
    erased_at: datetime | None

    @staticmethod
    def of(loaded: Loaded, now: datetime, profile: AccountProfile | None = None) -> "WholeAccount":
        """Return the status document, and what else is stored of the account."""
        item = loaded.account
        consent = None if profile is None else profile.consent
        listed = AccountSummary.from_item(item, now)
        return WholeAccount(
            **vars(WarmupStatus.of(loaded, now)),
            crash_count=item.crash_count or 0,
            release_count=item.release_count or 0,
            content_misses=item.content_misses or 0,
            phase_status=listed.phase_status,
            due_at=listed.due_at,
            action=listed.action,
            queues=listed.queues,
            working_since=listed.working_since,
            tags=listed.tags,
            consent=None if consent is None else Consent.of(consent),
            consent_state=consents.state_at(item.agreed, now),
            external_ref=None if profile is None else profile.external_ref,
            erased_at=item.erased_at,
        )


class CreatedAccount(Replayed, WholeAccount):
    """An account that is in the service's care now."""

    @classmethod
    def of_change(cls, made: Changed, now: datetime) -> Self:
        """Return the account, with whether it had been changed so before."""
        return cls(**vars(WholeAccount.of(made.loaded, now, made.profile)), replayed=made.replayed)


class AccountWithAssignments(WholeAccount):
    """An account with its latest 100 assignments.

    `queue_place`: where it stands among those that can be taken; null where it is blocked, or not yet seen there.
    """

    assignments: list[Assignment]
    queue_place: QueuePlace | None


class ImportedAccount(Document):
    """What became of a row of an import: `created`, `unchanged`, `retired` (it is there, and `restore` brings it back),
    `refused` or `left` (no time for it).

    Rows are counted from 1, blank ones not; `line` is where the row begins in the body, from 1. `state` is
    the account's.
    """

    row: int
    line: int
    outcome: str
    account_id: str | None
    state: AccountState | None
    error: RowError | Absent = ABSENT

    @classmethod
    def of(cls, found: RowOutcome[Item], line: int) -> Self:
        """Return what became of a row, and the line on which it begins."""
        return cls(
            row=found.row,
            line=line,
            outcome=found.outcome,
            account_id=found.item_id,
            state=None if found.made is None else found.made.state,
            error=ABSENT if found.error is None else row_error(found.error),
        )


class AccountImport(Document):
    """What became of each row, and what an operator should know of the pools and of accounts that are retired.

    `created_by_model`: how many accounts were created (in a dry run: would be), by model.
    """

    dry_run: bool
    created_by_model: dict[str, int]
    counts: dict[str, int]
    rows: list[ImportedAccount]
    warnings: list[str]

    @classmethod
    def of(cls, found: Sequence[RowOutcome[Item]], lines: Sequence[int], warnings: list[str], *, dry_run: bool) -> Self:
        """Return what became of each row with its line, the counts of that, and what is to be known of the pools."""
        created = [one.made.model_id for one in found if one.outcome == "created" and one.made is not None]
        counted = counts(found)
        if retired := counted.get("retired"):
            warnings.append(f"{retired} of these accounts are retired: nothing happens to them until `restore`.")
        return cls(
            dry_run=dry_run,
            created_by_model=dict(Counter(created)),
            counts=counted,
            rows=[ImportedAccount.of(*one) for one in zip(found, lines, strict=True)],
            warnings=warnings,
        )

"""The status document: where a warm-up stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from chalicelib.context import Actor
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.blockers import Blocker
from chalicelib.domain.instants import parse
from chalicelib.domain.phases import is_completed
from chalicelib.domain.plan_versions import STANDARD_DIGEST
from chalicelib.edge.answers import Document
from chalicelib.routes.schemas.leases import Lease, OwnLease
from chalicelib.routes.schemas.lists import Replayed
from chalicelib.routes.schemas.phases import Phase
from chalicelib.settings import Settings
from chalicelib.warmups import Changed, Loaded


class PlanName(Document):
    """The plan that an account keeps."""

    name: str
    version: int
    digest: str


class Progress(Document):
    """How many of the phases are completed."""

    completed: int
    total: int


class _Status(Document):
    """What every status document has."""

    account_id: str
    model_id: str
    username: str
    theme: str | None
    state: AccountState
    plan: PlanName
    current_phase: str | None
    phases: list[Phase]
    progress: Progress
    blockers: list[Blocker]
    created_at: datetime
    updated_at: datetime
    version: int

    @staticmethod
    def of_loaded(warmup: Loaded, now: datetime, reader: Actor | None) -> "_Status":
        account, plan = warmup.account, warmup.account.plan
        phases = warmup.records
        completed = sum(is_completed(phase.status) for phase in phases)
        return _Status(
            account_id=account.account_id,
            model_id=account.model_id,
            username=account.username,
            theme=account.theme,
            state=account.state,
            plan=PlanName(name=plan.name, version=plan.version, digest=account.plan_digest or STANDARD_DIGEST),
            current_phase=account.current_phase,
            phases=[Phase.from_item(one, one.status_at(account.state, now), reader) for one in phases],
            progress=Progress(completed=completed, total=len(phases) or len(plan.order)),
            blockers=warmup.blockers(now),
            created_at=account.created_at,
            updated_at=account.updated_at,
            version=account.version,
        )


class WarmupStatus(_Status):
    """The status document: where a warm-up stands, and why the account is not offered (no blockers: it is)."""

    lease: Lease | None

    @staticmethod
    def of(warmup: Loaded, now: datetime) -> "WarmupStatus":
        """Return the status document of a warm-up, with what stands in its way."""
        return WarmupStatus.read_by(None, warmup, now)

    @staticmethod
    def read_by(reader: Actor | None, warmup: Loaded, now: datetime) -> "WarmupStatus":
        """Return the same as the reader may see it (see `Phase`)."""
        status = _Status.of_loaded(warmup, now, reader)
        return WarmupStatus(**vars(status), lease=Lease.of(warmup.account.lease, now))


class ChangedWarmup(Replayed, WarmupStatus):
    """The status document after a move."""

    @staticmethod
    def of_change(found: Changed, now: datetime, reader: Actor | None = None) -> "ChangedWarmup":
        """Return the status document, with whether the move had been made before."""
        return ChangedWarmup(**vars(WarmupStatus.read_by(reader, found.loaded, now)), replayed=found.replayed)


class MigrationSummary(Document):
    """What a migration makes of an account.

    `stays` are its completed phases, `counts_for` says for which phase of the new plan some of these count, `left_out`
    are phases that are never done, `added` are those that the old plan had not. `current_phase` comes next, not before
    `available_at`.
    """

    before: str
    plan: str
    stays: list[str]
    counts_for: dict[str, str]
    left_out: list[str]
    added: list[str]
    current_phase: str | None
    available_at: datetime | None

    @classmethod
    def of_details(cls, said: Mapping[str, Any]) -> Self | None:
        """Return what the audit event of a migration says, None where there is none."""
        if not said:
            return None
        at = said.get("available_at")
        return cls(
            before=said["before"],
            plan=said["plan"],
            stays=list(said.get("stays", ())),
            counts_for=dict(said.get("counts_for", {})),
            left_out=list(said.get("left_out", ())),
            added=list(said.get("added", ())),
            current_phase=said.get("current_phase"),
            available_at=parse(at) if isinstance(at, str) else at,
        )


class MigratedWarmup(ChangedWarmup):
    """The status document of an account that was moved to another plan; of a dry run as it stands."""

    dry_run: bool
    migration: MigrationSummary | None

    @classmethod
    def of_migration(cls, found: Changed, said: Mapping[str, Any], now: datetime, *, dry_run: bool) -> Self:
        """Return the account, with what the migration says."""
        changed = ChangedWarmup.of_change(found, now)
        return cls(**vars(changed), dry_run=dry_run, migration=MigrationSummary.of_details(said))


class StartedWarmup(Replayed, _Status):
    """The status document after the start, with the lease to its holder."""

    lease: OwnLease | None

    @classmethod
    def of_start(cls, found: Changed, settings: Settings, now: datetime, reader: Actor) -> Self:
        """Return the status document of an account that was started."""
        status = _Status.of_loaded(found.loaded, now, reader)
        lease = None if found.lease is None else OwnLease.of(found.lease, settings)
        return cls(**vars(status), lease=lease, replayed=found.replayed)


class ReadiedWarmup(ChangedWarmup):
    """The status document after the account was declared ready, with warnings about its pools."""

    warnings: list[str]

    @classmethod
    def of_ready(cls, found: Changed, now: datetime, warnings: list[str]) -> Self:
        """Return the status document of an account that was declared ready."""
        status = WarmupStatus.of(found.loaded, now)
        return cls(**vars(status), replayed=found.replayed, warnings=warnings)

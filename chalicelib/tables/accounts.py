"""Accounts: the cursor of each warm-up, with its lease and what is due when."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib.domain import consents, dispatch, retries, timing
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.consents import Consent
from chalicelib.domain.dispatch import PlannedStep
from chalicelib.domain.given import digest
from chalicelib.domain.instants import render
from chalicelib.domain.leases import Ending, Lease, as_extended, is_open
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plan_versions import is_standard
from chalicelib.domain.plans import STANDARD, Plan, in_order
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.timing import Due, DueQueue, shard_of
from chalicelib.tables.attributes import (
    count,
    document,
    instant,
    maybe_count,
    maybe_digest,
    maybe_flag,
    maybe_instant,
    maybe_record,
    maybe_text,
    maybe_word,
    text,
    texts,
    word,
)
from chalicelib.tables.base import Item
from chalicelib.tables.phases import Phase
from chalicelib.tables.plans import StoredPlan, plan_of

_LISTED = ["model_id", "username", "state", "current_phase", "phase_status", "content_due_at", "consent_until"]


class QueueIndex(GlobalSecondaryIndex["Account"]):
    """Everything that is or will be due, by shard; `work` says which step is next, without the due time if leased."""

    class Meta:
        index_name = "all-due-index"
        projection = IncludeProjection([*_LISTED, "work"])

    queue = text(hash_key=True)
    due_at = instant(range_key=True)


class WorkIndex(GlobalSecondaryIndex["Account"]):
    """What can be taken now or later, by model and step, oldest due first. What is leased is not in it."""

    class Meta:
        index_name = "model-due-index"
        projection = IncludeProjection([*_LISTED, "due_at"])

    work_shard = text(hash_key=True)
    work = text(range_key=True)


class AttentionIndex(GlobalSecondaryIndex["Account"]):
    """Accounts with a phase that failed or needs review, by when that happened."""

    class Meta:
        index_name = "attention-index"
        projection = KeysOnlyProjection()

    attention = text(hash_key=True)
    attention_at = instant(range_key=True)


class StateIndex(GlobalSecondaryIndex["Account"]):
    """Accounts by lifecycle state."""

    class Meta:
        index_name = "state-index"
        projection = KeysOnlyProjection()

    state = text(hash_key=True)
    account_id = text(range_key=True)


class ModelIndex(GlobalSecondaryIndex["Account"]):
    """Accounts by model."""

    class Meta:
        index_name = "model-index"
        projection = KeysOnlyProjection()

    model_id = text(hash_key=True)
    account_id = text(range_key=True)


class Account(Item):
    """A social account in the service's care. `version` counts its accepted changes.

    `given` are the digests of the items that it was ever given; `used_content_ids` and `used_text_ids` are ids that an
    earlier release wrote, and are read only.

    `crash_count` and `release_count` count how often workers left it without an outcome while it was in no phase:
    before its first one, which takes them over, and behind its last one.

    `phase_record` is its current phase; the phases in `ended_phases` are rows of their own. `phase_versions` is of an
    earlier release, which kept a row of each phase from the start.

    `consented`: the profile has the owner's consent (`tables.profiles`), false where it was withdrawn; `consent_until`:
    it ends then. `consent` is of an earlier release. `erased_at`: since then it holds no words of persons.
    """

    class Meta:
        table_name = "accounts"

    account_id = text(hash_key=True)
    model_id = text()
    username = text()
    theme = maybe_text()
    tags = texts()
    consented = maybe_flag()
    consent_until = maybe_instant()
    consent = document()
    erased_at = maybe_instant()
    state = word(AccountState)
    paused_from = maybe_word(AccountState)
    plan_name = maybe_text()
    plan_version = maybe_count()
    plan_digest = maybe_text()
    current_phase = maybe_text()
    phase_status = maybe_word(PhaseStatus)
    phase_record = maybe_record()
    ended_phases = texts()
    phase_versions = maybe_text()
    attention = maybe_word(PhaseStatus)
    attention_at = maybe_instant()
    ready_at = maybe_instant()
    content_misses = maybe_count()
    content_due_at = maybe_instant()
    queue = maybe_text()
    work_shard = maybe_text()
    work = maybe_text()
    due_at = maybe_instant()
    given = texts()
    used_content_ids = texts()
    used_text_ids = texts()
    started_by = maybe_text()
    crash_count = maybe_count()
    release_count = maybe_count()
    lease_token = maybe_text()
    lease_session_id = maybe_text()
    lease_bot_id = maybe_text()
    lease_taken_at = maybe_instant()
    lease_expires_at = maybe_instant()
    lease_request_id = maybe_text()
    lease_ended_by = maybe_word(Ending)
    lease_ended_at = maybe_instant()
    lease_latest_at = maybe_instant()
    created_at = instant()
    updated_at = instant()
    version = count()
    head = maybe_digest()

    queue_index = QueueIndex()
    work_index = WorkIndex()
    attention_index = AttentionIndex()
    state_index = StateIndex()
    model_index = ModelIndex()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"account:{self.account_id}"

    @property
    def plan(self) -> Plan:
        """The plan that it keeps, the standard one where it has none of its own."""
        if self.plan_name is None:
            return STANDARD
        return plan_of(self.plan_name, self.plan_version or 0, self.plan_digest)

    @property
    def plan_key(self) -> tuple[str, int]:
        """The name and the version of its plan, as it keeps them."""
        return self.plan_name or STANDARD.name, self.plan_version or STANDARD.version

    def keep_plan(self, plan: StoredPlan, version: int) -> None:
        """Gives the account this version of a plan; of what comes with the service it keeps nothing."""
        standard = is_standard(plan.plan_name, version)
        self.plan_name, self.plan_version = (None, None) if standard else (plan.plan_name, version)
        self.plan_digest = None if standard else plan.versions[str(version)]["digest"]

    @property
    def phase(self) -> Phase | None:
        """The record of its current phase, None where it is in none."""
        return None if self.phase_record is None else Phase.held_by(self)

    @property
    def due_since(self) -> datetime | None:
        """Since when its next step has been due, whoever works on it."""
        phase = self.phase
        return self.ready_at if phase is None else phase.available_at

    @property
    def phase_rows(self) -> frozenset[str]:
        """The names of the phases of which there is a row."""
        return frozenset(self.ended_phases or (self.plan.order if self.phase_versions else ()))

    @property
    def ended(self) -> frozenset[str] | None:
        """The names of the phases that have ended, None where an earlier release wrote the account and did not say."""
        return frozenset(self.ended_phases or ()) if self.phase_versions is None else None

    def phases(self, rows: Mapping[str, Phase]) -> list[Phase]:
        """The records of all its phases, in the plan's order, given the rows of those that have ended."""
        current = self.phase
        known = {**rows} if current is None else {**rows, current.name: current}
        if not known:
            return []
        begun_at = next(iter(known.values())).created_at
        order = in_order(known, self.plan)
        return [known.get(name) or Phase.to_come(self.account_id, name, begun_at) for name in order]

    def status_at(self, now: datetime) -> PhaseStatus | None:
        """The status of its current phase as of now, None without one. A phase that is pending is due when it opens."""
        status = self.phase_status
        return None if status is None else timing.status_at(self.state, status, self.due_at, now)

    @property
    def step(self) -> PlannedStep | None:
        """What is next on it, as far as an index shows it: an earlier release wrote no `work` of what is leased."""
        return dispatch.step_in(self.work) if self.work else PlannedStep.of(self.state, self.current_phase, STANDARD)

    @property
    def all_given(self) -> frozenset[str]:
        """The digests of all items that it was ever given, by this release or an earlier one."""
        before = ((PoolKind.CONTENT, self.used_content_ids), (PoolKind.TEXT, self.used_text_ids))
        return frozenset(self.given or ()) | {digest(kind, one) for kind, ids in before for one in ids or ()}

    @property
    def working_since(self) -> datetime | None:
        """Since when its holder has had the lease that nobody has ended, None where there is none."""
        lease = self.lease
        return lease.taken_at if is_open(lease) else None

    @property
    def agreed(self) -> Consent:
        """The owner's consent, as far as the gate reads it."""
        if self.consented is False:
            return consents.WITHDRAWN
        return Consent(valid_until=self.consent_until) if self.consented or self.consent else consents.MISSING

    @property
    def agreed_as_listed(self) -> Consent:
        """The consent as an index shows it of an account that waits in a queue: until when it was given."""
        return Consent(valid_until=self.consent_until)

    def keep_consent(self, consent: Consent) -> None:
        """Keeps what the gate reads of a consent that its profile has."""
        self.consent_until, self.consent = consent.valid_until, None
        self.consented = None if consent == consents.MISSING else not consents.is_withdrawn(consent)

    @property
    def needs_review(self) -> bool:
        """Whether an operator must decide before anybody completes the warm-up: workers left that too often."""
        return retries.completion_needs_review(self)

    @property
    def lease(self) -> Lease | None:
        """The last lease, live or ended, None if there never was one."""
        if self.lease_token is None:
            return None
        return Lease(**{part.name: getattr(self, f"lease_{part.name}") for part in fields(Lease)})

    def store_lease(self, lease: Lease) -> None:
        """Keeps the lease as the account's last."""
        for part in fields(Lease):
            setattr(self, f"lease_{part.name}", getattr(lease, part.name))

    def extend_lease(self, until: datetime | None) -> None:
        """Has the lease run as long as its session's last heartbeat said, if nobody has ended it.

        Heartbeats are not written here. With the next change of the account this is.
        """
        lease = self.lease
        if until is not None and is_open(lease) and (extended := as_extended(lease, until)) is not lease:
            self.lease_expires_at = self.due_at = extended.expires_at

    def store_due(self, due: Due | None, shards: int) -> None:
        """Keeps where the account waits and for when; None takes it out of the queues."""
        self.wait_in(due, shard_of(self.account_id, shards))

    def wait_in(self, due: Due | None, shard: int) -> None:
        """The same, in that shard."""
        step = dispatch.PlannedStep.of(self.state, self.current_phase, self.plan)
        self.queue = None if due is None else queue_key(due.queue, shard)
        self.due_at = None if due is None else due.at
        self.work_shard = self.work = None
        if due is None or step is None:
            return
        self.work = dispatch.work_of(self.model_id, step.key)
        if due.queue is not DueQueue.LEASED:
            self.work_shard, self.work = work_key(shard), f"{self.work}{render(due.at)}"


def queue_key(queue: str, shard: int) -> str:
    """The partition of the queue's index, such as `ready#0`."""
    return f"{queue}#{shard}"


def work_key(shard: int) -> str:
    """The partition of the work index, such as `work#0`."""
    return f"work#{shard}"


def unchanged(account: Account) -> Condition:
    """The condition that since the account was read nothing was written of it that keeps its `version`.

    Heartbeats move the lease, and `make upgrade` brings an account of an earlier release into its form of today.
    """
    until, versions = account.before("lease_expires_at"), account.before("phase_versions")
    lease = Account.lease_expires_at.does_not_exist() if until is None else Account.lease_expires_at == until
    return lease if versions is None else lease & (Account.phase_versions == versions)

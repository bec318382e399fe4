"""One accepted change: what is written together, with the event that tells it.

Every change of state goes through here: a service reads, decides, moves, and commits. A move is recorded by the same
line that makes it, so that the audit replays to the state; where an account waits next is worked out on commit, so
that no move can forget it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action as UpdateAction

from chalicelib import audit
from chalicelib.context import Context, Role, sources
from chalicelib.domain import accounts, duplicates, leases, phases, profiles, retries, timing
from chalicelib.domain.accounts import Step
from chalicelib.domain.actions import Action
from chalicelib.domain.blockers import Blocker, blockers
from chalicelib.domain.errors import (
    AccountNotReady,
    AlreadyExists,
    Duplicate,
    LeaseSuperseded,
    MalformedRequest,
    NotFound,
    SessionEnded,
    TemporarilyUnavailable,
    VersionConflict,
)
from chalicelib.domain.instants import render
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import Move, PhaseName, Status
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.retries import Kind
from chalicelib.tables import Account, Assignment, AuditEvent, Content, Fingerprint, Phase, Session, Setting, Text
from chalicelib.tables.accounts import unchanged_lease
from chalicelib.tables.base import Item, Key, reading, together
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.sessions import (
    NO_PHASE,
    Directive,
    Holding,
    Standing,
    hold,
    let_go,
    licence_entry,
    licensed,
    seen,
)
from chalicelib.tables.settings import COUNTER_SHARDS, HOUR_SHARDS, PAUSES, Hourly, counter_key, hour_key
from chalicelib.tables.transaction import Stale, Transaction

P = ParamSpec("P")
R = TypeVar("R")

_FIRST_WAIT = 0.01
_LONGEST_WAIT = 0.4
_LOOKED_BACK = 20
ENDED = (accounts.State.ACTIVE, accounts.State.RETIRED)
LEAVINGS = ("crash_count", "release_count")
RECORDED = ("retry_count", *LEAVINGS, "swap_count", "assigned_content_id", "assigned_text_id")


def decided_again(use_case: Callable[Concatenate[Context, P], R]) -> Callable[Concatenate[Context, P], R]:
    """A use case that reads and decides anew when what it had read was stale, until the deadline of its call."""

    def attempt(context: Context, /, *args: P.args, **kwargs: P.kwargs) -> R:
        wait = _FIRST_WAIT
        while True:
            try:
                return use_case(context, *args, **kwargs)
            except Stale as stale:
                if context.time_left() < wait:
                    raise TemporarilyUnavailable() from stale
            sources.sleep(wait * (0.5 + int.from_bytes(context.entropy(2), "big") / 65536))
            wait = min(wait * 2, _LONGEST_WAIT)

    attempt.__name__, attempt.__doc__ = use_case.__name__, use_case.__doc__
    return attempt


class Versioned(Protocol):
    """What a change is of: an item that counts its accepted changes."""

    version: int

    @property
    def subject(self) -> str: ...


class Change:
    """A change of one versioned item, with all that is written beside it."""

    def __init__(self, context: Context, item: Item) -> None:
        """`item` is new, or as it was read."""
        self.context = context
        self.item = item
        self.moves: list[dict[str, object]] = []
        self.transaction = Transaction(context)

    def claim_fingerprints(self, item: PoolItem, found: Mapping[str, Fingerprint | None]) -> None:
        """Makes the item the one of its model with these bytes or words; `found` is what stands under its fingerprints.

        An item that was withdrawn and never used gives way, on condition that it still is so. Raises Duplicate.
        """
        own = Fingerprint(fingerprint=item.fingerprint, item_id=item.item_id, created_at=self.context.now)
        checked: set[str] = set()
        for key in item.fingerprints:
            row, main = found[key], key == item.fingerprint
            if row is None:
                if main:
                    self.transaction.put(own, Fingerprint.fingerprint.does_not_exist())
                continue
            unchanged = Fingerprint.item_id == row.item_id
            if row.item_id != item.item_id and row.item_id not in checked:
                checked.add(row.item_id)
                self._make_way(type(item), row.item_id)
            if main:
                row.item_id = item.item_id
                self.transaction.update(row, unchanged)
            elif row.item_id != item.item_id:
                self.transaction.delete(row, unchanged)

    def _make_way(self, kind: type[PoolItem], twin_id: str) -> None:
        (twin,) = together([(kind, twin_id)])
        if twin is None or not duplicates.gives_way(twin):
            raise duplicate(twin_id, twin)
        self.transaction.update(twin, kind.revision == twin.revision, [])

    def drop_fingerprints(self, item: PoolItem, found: Mapping[str, Fingerprint | None], kept: Sequence[str]) -> None:
        """Frees what the item was known by and is no longer; `kept` are the keys that stay."""
        for key, row in found.items():
            if row is not None and row.item_id == item.item_id and key not in kept:
                self.transaction.delete(row, Fingerprint.item_id == row.item_id)

    def commit(self, action: Action, condition: Condition | None = None, **details: object) -> AuditEvent:
        """Writes the item, what was added and the event. Raises Stale when something was changed since it was read."""
        item = self.item
        event = self._event(item, action, details)
        if item.was_read():
            version, before = type(item).version, item.before("version")  # type: ignore[attr-defined]
            # an item may have been made by an update beside another's change: it has no version before its first own
            unchanged = version.does_not_exist() if before is None else version == before
            self.transaction.update(item, unchanged if condition is None else unchanged & condition)
        else:
            self.transaction.put(item, item.is_absent())
        self.transaction.commit(lambda: audit.was_stored(event))
        audit.note(self.context, event)
        return event

    def _event(self, item: Item, action: Action, details: Mapping[str, object]) -> AuditEvent:
        versioned: Versioned = item  # type: ignore[assignment]  # the items that changes are made of are versioned
        versioned.version += 1
        event = audit.event(
            self.context,
            subject=versioned.subject,
            sequence=versioned.version,
            action=action,
            moves=self.moves,
            details={name: _plain(value) for name, value in details.items() if value is not None},
            token=self.transaction.token,
        )
        self.transaction.put(event, AuditEvent.subject.does_not_exist())
        return event


def check_if_match(context: Context, item: Versioned) -> None:
    """Raises VersionConflict, with the item as it is now, where the caller has seen another version (`If-Match`)."""
    if context.if_match is not None and context.if_match != item.version:
        detail = f"You edited version {context.if_match}, but version {item.version} stands there now."
        raise VersionConflict(detail, current=item, version=item.version)


def _plain(value: object) -> object:
    return render(value) if isinstance(value, datetime) else value


@dataclass(slots=True)
class Warmup:
    """An account as it was read, with its phases (none before the start), what is paused, and the caller's session."""

    account: Account
    phases: dict[PhaseName, Phase]
    pauses: Setting
    session: Session | None

    @property
    def current(self) -> Phase | None:
        """The phase that the account is in; None before the start and after the last."""
        name = self.account.current_phase
        return None if name is None else self.phases[name]

    def phase(self, name: str) -> Phase:
        """The phase of that name. Raises NotFound, AccountNotReady before the start."""
        if name not in phases.ORDER:
            raise NotFound("phase", name)
        if not self.phases:
            raise AccountNotReady(f"The account is `{self.account.state}`: its warm-up has not started.")
        return self.phases[PhaseName(name)]


def read(context: Context, account_id: str) -> Warmup:
    """The account and all that decides on it, in one consistent round trip.

    A batch is no snapshot: a change between its reads would show a new account with old phases. The account names the
    versions of its phases, so a torn read is seen, and read again.
    Raises NotFound also where the caller's models do not cover the account.
    """
    while True:
        warmup = _read(context, account_id)
        if (warmup.account.phase_versions or "") == _versions(warmup.phases):
            return warmup
        if context.time_left() < _FIRST_WAIT:
            raise TemporarilyUnavailable()


def _versions(records: Mapping[PhaseName, Phase]) -> str:
    return ".".join(str(records[name].version) for name in phases.ORDER if name in records)


def _read(context: Context, account_id: str) -> Warmup:
    session_key = [(Session, context.session_id)] if context.session_id else []
    found = together(
        [(Account, account_id), (Setting, PAUSES), *((Phase, account_id, name) for name in phases.ORDER), *session_key]
    )
    account, pauses, records, session = found[0], found[1], found[2:7], found[7] if session_key else None
    if account is None or not context.actor.sees(account.model_id):
        raise NotFound("account", account_id)
    known = {record.name: record for record in records if record is not None}
    return Warmup(account, known, pauses or Setting.nothing_paused(), session)


@dataclass(frozen=True, slots=True)
class Next:
    """What comes after a completed phase."""

    action: Step
    phase: PhaseName | None
    available_at: datetime | None


class AccountChange(Change):
    """A change of one account and its phases: the only way in which either is written."""

    def __init__(self, context: Context, warmup: Warmup) -> None:
        """`warmup` is as it was read, or holds a new account."""
        super().__init__(context, warmup.account)
        self.warmup = warmup
        self.account = warmup.account
        self._changed: dict[PhaseName, Phase] = {}
        self._was_in_review = warmup.account.needs_review

    # the moves

    def move_account(self, move: accounts.Move, to: accounts.State | None = None) -> None:
        """Makes a move of the account's lifecycle. Raises IllegalMove."""
        before = self.account.state
        self.account.state = accounts.after(before, move, to)
        self._moved("account", before, self.account.state)

    def created(self) -> None:
        """Records the first state of a new account."""
        self._moved("account", None, self.account.state)

    def move(self, phase: Phase, move: Move, to: Status | None = None) -> None:
        """Makes a move of a phase. Raises IllegalMove."""
        before = phase.status
        phase.status = phases.after(before, move, to)
        self._moved(f"phase:{phase.phase}", before, phase.status)
        self.touch(phase)

    def write_phases(self, written: Mapping[PhaseName, Phase]) -> None:
        """Writes the phases of an account that starts (anew)."""
        for name, phase in written.items():
            old = self.warmup.phases.get(name)
            self._moved(f"phase:{name}", None if old is None else old.status, phase.status)
            self._changed[name] = phase
        self.warmup.phases = dict(written)

    def begin(self) -> None:
        """Starts the warm-up by the standard plan: its phases, of which the first is available.

        What workers left before that counts for the first phase.
        """
        account, now = self.account, self.context.now
        account.plan_name, account.plan_version = STANDARD.name, STANDARD.version
        account.current_phase = phases.ORDER[0]
        made = {
            name: Phase(
                account_id=account.account_id, phase=name, status=Status.PENDING, created_at=now, updated_at=now
            )
            for name in phases.ORDER
        }
        first = made[phases.ORDER[0]]
        first.status, first.available_at = Status.AVAILABLE, now
        first.crash_count, first.release_count = account.crash_count or 0, account.release_count or 0
        account.crash_count = account.release_count = None
        self.write_phases(made)

    def drop_phases(self) -> None:
        """Takes the phases away, for an account that begins anew: the audit and the assignments keep what was."""
        for name, phase in self.warmup.phases.items():
            self._moved(f"phase:{name}", phase.status, None)
            for what in RECORDED:
                self._moved(f"phase:{name}.{what}", phase.before(what) or None, None)
            self.transaction.delete(phase)
        self.warmup.phases, self._changed = {}, {}
        self.account.current_phase = None

    def forget_warmup(self) -> None:
        """Takes away what the account's warm-up has come to; what it has used stays."""
        self.drop_phases()
        account = self.account
        account.started_by = account.paused_from = account.content_due_at = None
        account.crash_count = account.release_count = None
        account.content_misses = 0

    def touch(self, phase: Phase) -> None:
        """Says that the phase is to be written."""
        phase.updated_at = self.context.now
        self._changed[phase.name] = phase

    # the profile

    def claim_profile(self, claim: Fingerprint | None) -> None:
        """Makes the account the one that stands for its profile; `claim` is the claim on it as it was read.

        A retired account keeps its claim until another takes it over, so that it can come back while nobody has.
        Raises AlreadyExists where another living account stands for the profile.
        """
        own = Fingerprint(
            fingerprint=profiles.claim_of(self.account.username),
            item_id=self.account.account_id,
            created_at=self.context.now,
        )
        if claim is None:
            self.transaction.put(own, Fingerprint.fingerprint.does_not_exist())
            return
        unchanged = Fingerprint.item_id == claim.item_id
        if claim.item_id == own.item_id:
            self.transaction.update(claim, unchanged)
            return
        (holder,) = together([(Account, claim.item_id)])
        if holder is None or holder.state is not accounts.State.RETIRED:
            raise profile_taken(self.context, claim.item_id, holder)
        self.transaction.update(holder, Account.state == accounts.State.RETIRED, [])  # it may be brought back just now
        claim.item_id, claim.created_at = own.item_id, own.created_at
        self.transaction.update(claim, unchanged)

    # the lease

    def take_lease(self, session: Session, licensed_until: datetime | None = None) -> Lease:
        """Takes a new lease for the session (which is opened, if it is new); its token names the version made here.

        `licensed_until`: when the licence of what is delivered under it ends.
        """
        token = leases.make_token(self.account.version + 1, self.context.entropy(leases.TOKEN_BYTES))
        now, latest = self.context.now, self.context.now + self.account.max_work
        until = min(now + timedelta(seconds=self.context.settings.lease_seconds), latest)
        request_id = self.context.request_id
        lease = Lease(token, session.session_id, session.bot_id, now, until, request_id, latest_at=latest)
        self._moved("lease", None, lease.session_id)
        self.account.store_lease(lease)
        self.account.due_since = self.account.due_at
        if session.was_read():
            not_ended = Session.ended_at.does_not_exist()
            told = [] if licensed_until is None else [licensed(token, licensed_until)]
            self._tell_session(session, not_ended, hold(self._holding(token)), *self._seen(), *told)
        else:
            session.holds = {self._holding(token)}
            session.licences = None if licensed_until is None else {licence_entry(token, licensed_until)}
            open_session(self.context, self.transaction, session)
        return lease

    def note_licence(self, lease: Lease, until: datetime) -> None:
        """Tells the holder's session when the licence of what it was given ends."""
        self._tell_session(Session(session_id=lease.session_id), None, licensed(lease.token, until))

    def begin_work(self) -> None:
        """Counts the time of the lease's holder again from now on, where content is delivered."""
        self.account.lease_latest_at = self.context.now + self.account.max_work

    def end_lease(self, ending: Ending, *counts: UpdateAction) -> None:
        """Ends the lease, unless it has ended already; `counts` are added to its session.

        A session that lost its lease keeps it among what it holds, so that its next heartbeat is told.
        """
        lease = self.account.lease
        if lease is None:
            return
        if lease.ended_by is None:
            self.account.lease_ended_by, self.account.lease_ended_at = ending, self.context.now
            self._moved("lease", lease.session_id, None)
        if ending not in (Ending.EXPIRED, Ending.TAKEN_AWAY):
            heard_of = lease.expires_at - timedelta(seconds=self.context.settings.lease_seconds)
            if self.context.now < heard_of + timedelta(days=self.context.settings.session_days):  # else it may be gone
                session = Session(session_id=lease.session_id)
                self._tell_session(session, None, let_go(self._holding(lease.token)), *counts)

    def release(self) -> None:
        """Gives the live lease back without an outcome, and commits."""
        self.end_lease(Ending.RELEASED)
        self._leave(Move.RELEASE)
        self.commit(Action.LEASE_RELEASE)

    def _leave(self, move: Move) -> None:
        """Counts that a worker left without an outcome, whatever its step; after too many an operator decides."""
        account, phase = self.account, self.warmup.current
        counted, what = account if phase is None else phase, "crash_count" if move is Move.EXPIRE else "release_count"
        setattr(counted, what, (getattr(counted, what) or 0) + 1)
        counts = {"crashes": counted.crash_count or 0, "releases": counted.release_count or 0}
        if phase is not None:
            self.move(phase, move, retries.after_leaving(account.plan, phase.status, **counts))
        elif self.warmup.phases:
            phase = self.warmup.phases[phases.ORDER[-1]]
        elif retries.left_too_often(account.plan, **counts):
            phase = self._begin_in_review(move)
        if phase is not None and retries.left_too_often(account.plan, **counts):
            _explain(phase, move, **counts)
            self.touch(phase)

    def _begin_in_review(self, move: Move) -> Phase:
        """Starts the warm-up without a worker: its first phase is what an operator decides on."""
        if self.account.state is accounts.State.PAUSED:
            self.account.paused_from = accounts.State.WARMING_UP
        else:
            self.move_account(accounts.Move.START)
        self.begin()
        first = self.warmup.phases[phases.ORDER[0]]
        self.move(first, move, Status.REQUIRES_REVIEW)
        return first

    def _tell_session(self, session: Session, condition: Condition | None, *actions: UpdateAction) -> None:
        known = Session.session_id.exists()
        self.transaction.update(session, known if condition is None else known & condition, list(actions))

    def _holding(self, token: str) -> str:
        before = self.account.before("current_phase")
        starting = self.account.before("state") is accounts.State.READY
        return str(Holding(self.account.account_id, token, before or (phases.ORDER[0] if starting else NO_PHASE)))

    def _seen(self) -> list[UpdateAction]:
        return [Session.live.set(Standing.LIVE), *seen(self.context.now, self.context.settings)]

    def take_away(self) -> None:
        """Supersedes the lease, live or run out: its holder changes nothing any more, and is told so."""
        lease = self.account.lease
        if lease is None or lease.ended_by not in (None, Ending.EXPIRED):
            return
        if lease.ended_by is None:
            self._moved("lease", lease.session_id, None)
        self.account.lease_ended_by, self.account.lease_ended_at = Ending.TAKEN_AWAY, self.context.now

    def take_away_from_late(self) -> None:
        """Supersedes a holder whose lease ran out: what it worked with is no longer the phase's."""
        lease = self.account.lease
        if lease is not None and lease.ended_by is Ending.EXPIRED:
            self.take_away()

    # the phase's content

    def assigned_items(self, phase: Phase) -> list[PoolItem]:
        """The items that are assigned to the phase, as they are now."""
        keys: list[Key] = [(Content, phase.assigned_content_id)] if phase.assigned_content_id else []
        keys += [(Text, phase.assigned_text_id)] if phase.assigned_text_id else []
        return [item for item in together(keys) if item is not None] if keys else []

    def close_assignment(
        self,
        phase: Phase,
        outcome: str,
        *,
        success: bool | None,
        performance: float | None = None,
        blamed: type[PoolItem] = PoolItem,
    ) -> None:
        """Ends the phase's assignment; its items (of the `blamed` kind) count a success, a failure, or nothing."""
        now = self.context.now
        if success is not None:
            for item in self.assigned_items(phase):
                if isinstance(item, blamed):
                    self.transaction.update(item, item.store_outcome(success=success, now=now))
        if phase.assignment_id is None:
            return
        actions = [Assignment.outcome.set(outcome), Assignment.ended_at.set(now)]
        actions += [] if success is None else [Assignment.success.set(success)]
        actions += [Assignment.used_at.set(now)] if success else []
        actions += [] if performance is None else [Assignment.performance_score.set(performance)]
        row = Assignment(account_id=phase.account_id, assignment_id=phase.assignment_id)
        self.transaction.update(row, Assignment.assignment_id.exists(), actions)

    def give_back(self, phase: Phase, outcome: str) -> None:
        """Takes the items off a phase to which they were never delivered: their use is free again."""
        for item in self.assigned_items(phase):
            self.transaction.update(item, item.store_return(self.context.now))
        self.close_assignment(phase, outcome, success=None)
        phase.assignment_id = phase.assigned_content_id = phase.assigned_text_id = phase.content_assigned_at = None
        self.touch(phase)

    def take_off(self, phase: Phase, items: Sequence[PoolItem], *, delivered: bool, outcome: str = "withdrawn") -> None:
        """Takes some of its items off a phase, whose assignment ends; their use is free again if never delivered."""
        if not delivered:
            for item in items:
                self.transaction.update(item, item.store_return(self.context.now))
        self.close_assignment(phase, outcome, success=None)
        phase.assignment_id = phase.content_assigned_at = None
        if any(isinstance(item, Content) for item in items):
            phase.assigned_content_id = None
        if any(isinstance(item, Text) for item in items):
            phase.assigned_text_id = None
        self.touch(phase)

    def finish(self) -> None:
        """Makes the account active, whatever its workers left before. Raises IllegalMove."""
        self.move_account(accounts.Move.COMPLETE)
        self.forget_leavings()

    def forget_leavings(self) -> None:
        """Forgets how often workers left an account whose phases are all completed."""
        self.account.crash_count = self.account.release_count = None
        last = self.warmup.phases[phases.ORDER[-1]]
        last.clear_error()
        if self._was_in_review:
            self.touch(last)

    def advance(self, phase: Phase) -> Next:
        """Moves the account's cursor behind a completed phase, and dates the next one that is not completed."""
        account, name = self.account, phases.following(phase.name)
        while name is not None and self.warmup.phases[name].status is Status.COMPLETED:
            name = phases.following(name)
        account.current_phase, account.content_due_at, account.content_misses = name, None, 0
        if name is None:
            account.ready_at = self.context.now
            return Next(Step.COMPLETE_WARMUP, None, self.context.now)
        coming = self.warmup.phases[name]
        coming.available_at = self.context.now + account.plan.phases[name].interval
        self.touch(coming)
        return Next(Step.RUN_PHASE, name, coming.available_at)

    # what time brought about

    def settle(self) -> Action | None:
        """Makes the moves that time has brought about, as the timer would have; tells the last as an action."""
        now, account, done = self.context.now, self.account, None
        if leases.has_run_out(account.lease, now):
            self.end_lease(Ending.EXPIRED)
            self._leave(Move.EXPIRE)
            done = Action.LEASE_EXPIRE
        elif account.lease is not None and account.lease.ended_by is None:
            return None
        phase = self.warmup.current
        if phase is None:
            return done
        due = phase.available_at is not None and phase.available_at <= now
        if phase.status is Status.PENDING and due:
            self.move(phase, Move.OPEN)
            done = Action.PHASE_OPEN
        if phase.status is Status.FAILED and due:
            self.reopen(phase, Move.REOPEN)
            done = Action.PHASE_REOPEN
        if account.content_due_at is not None and account.content_due_at <= now:
            account.content_due_at = None
            done = Action.PHASE_OFFER
        return done

    def reopen(self, phase: Phase, move: Move) -> None:
        """Offers a phase again, with what is assigned to it if that is all it needs."""
        self.move(phase, move, Status.CONTENT_ASSIGNED if phase.assignment_id else Status.AVAILABLE)

    # the write

    def commit(self, action: Action, condition: Condition | None = None, **details: object) -> AuditEvent:
        """Writes the account, its phases, the sessions and the event. Raises Stale when something was changed since."""
        account, current = self.account, self.warmup.current
        account.phase_status = current.status if current is not None else None
        self._record_review()
        account.updated_at = self.context.now
        due = timing.next_due(account, current, self.context.now)
        account.store_due(due, self.context.settings.queue_shards)
        for phase in self._changed.values():
            phase.version = account.version + 1
            finishing = account.needs_review and phase.name is phases.ORDER[-1]
            phase.mark_attention(wanted=account.state is not accounts.State.RETIRED, finishing=finishing)
            self._record(phase)
            if phase.was_read():
                self.transaction.update(phase)
            else:
                self.transaction.put(phase)
        self._count()
        account.phase_versions = _versions(self.warmup.phases) or None
        phase_name = details.pop("phase", None) or account.before("current_phase")
        unchanged = unchanged_lease(account) if account.was_read() else None
        return super().commit(action, unchanged, phase=phase_name, **details)

    def _count(self) -> None:
        """Keeps count of the accounts that ended: they are in no queue from which they could be counted."""
        before = self.account.before("state")
        shard = timing.shard_of(self.account.account_id, COUNTER_SHARDS)
        for state, by in ((before, -1), (self.account.state, +1)):
            if before is not self.account.state and state in ENDED:
                counter = Setting(name=counter_key(state, shard))
                self.transaction.update(counter, None, [Setting.number.add(by)])

    def count_hour(self, what: Hourly) -> None:
        """Counts one of these for this hour: what happened is told without reading what is recorded."""
        shard = timing.shard_of(self.account.account_id, HOUR_SHARDS)
        counter = Setting(name=hour_key(what, self.context.now, shard))
        self.transaction.update(counter, None, [Setting.number.add(1)])

    def _record_review(self) -> None:
        """Records what workers left where no phase counts it, and who decides: the last phase stands in the review."""
        account = self.account
        for name in LEAVINGS:
            self._moved(f"account.{name}", account.before(name) or None, getattr(account, name) or None)
        if account.needs_review:
            account.phase_status = Status.REQUIRES_REVIEW
        if self.warmup.phases and (account.needs_review or self._was_in_review):
            self.touch(self.warmup.phases[phases.ORDER[-1]])

    def _record(self, phase: Phase) -> None:
        for name in RECORDED:
            self._moved(f"phase:{phase.phase}.{name}", phase.before(name) or None, getattr(phase, name) or None)

    def _moved(self, what: str, before: object, to: object) -> None:
        if before != to:
            self.moves.append({"what": what, "from": before, "to": to})


def duplicate(twin_id: str, twin: PoolItem | None) -> Duplicate:
    """The refusal of a second item with the same bytes or words."""
    if twin is None:
        return Duplicate(twin_id=twin_id)
    return Duplicate(twin_id=twin_id, status=twin.status, category=twin.category)


def profile_taken(context: Context, holder_id: str, holder: Account | None) -> AlreadyExists:
    """The refusal of a second living account for one profile; it names the first to who sees that one's model."""
    if holder is None or not context.actor.sees(holder.model_id):
        return AlreadyExists("Another account stands for this profile.")
    return AlreadyExists(
        f"Account {holder_id} of the model {holder.model_id} stands for this profile: its username is "
        f"{holder.username!r}, and it is `{holder.state}`. One profile has one living account: retire that one first.",
        account_id=holder_id,
    )


def _explain(phase: Phase, move: Move, *, crashes: int, releases: int) -> None:
    """Says on the phase why an operator must decide. What was delivered once may have been done."""
    crashed = move is Move.EXPIRE
    often = f"the lease ran out {crashes} times" if crashed else f"workers gave it back {releases} times"
    phase.error_code, phase.error_kind, phase.error_details = ("crashed" if crashed else "released"), None, None
    if phase.status is Status.COMPLETED:
        phase.error_message = f"{often}, and nobody has completed the warm-up"
    elif phase.started_at is None:
        phase.error_message = f"{often} before anything was delivered"
    else:
        phase.error_kind, phase.error_message = Kind.UNKNOWN, f"{often}: the work may have been done"


def new_session(context: Context, *, client: str | None = None, host: str | None = None) -> Session:
    """A session of the caller that begins now; it is stored with what opens it."""
    counts_as_lost = context.now + timedelta(seconds=context.settings.session_seconds)
    return Session(
        session_id=context.new_id("ses"),
        bot_id=context.actor.id,
        client=client,
        host=host,
        live=Standing.LIVE,
        directive=Directive.CONTINUE,
        started_at=context.now,
        last_seen_at=context.now,
        expires_at=counts_as_lost,
        kept_until=counts_as_lost + timedelta(days=context.settings.session_days),
        version=1,
    )


def open_session(context: Context, transaction: Transaction, session: Session) -> AuditEvent:
    """Adds a new session, with its event, to what is written."""
    event = audit.event(
        context,
        subject=session.subject,
        sequence=session.version,
        action=Action.SESSION_OPEN,
        moves=[{"what": "session", "from": None, "to": session.live}],
        details={},
        token=transaction.token,
    )
    transaction.put(session, Session.session_id.does_not_exist())
    transaction.put(event, AuditEvent.subject.does_not_exist())
    return event


def is_repeat(context: Context, item: Item, action: Action, *, possible: bool = True, **details: object) -> bool:
    """Whether the item's last change was this very one: the same action by the same actor with the same details.

    Where the move is not `possible` (any more), it may have been made some changes ago: others went on from there.
    """
    versioned: Versioned = item  # type: ignore[assignment]  # as in Change
    first = versioned.version if possible else max(1, versioned.version - _LOOKED_BACK)
    events = together([(AuditEvent, versioned.subject, one) for one in range(first, versioned.version + 1)])
    actor = f"{context.actor.kind}:{context.actor.id}"
    made = [one for one in events if one is not None and (one.action, one.actor) == (action, actor)]
    return any(all((one.details or {}).get(name) == value for name, value in details.items()) for one in made)


def working_session(context: Context, session: Session | None, *, holds: bool = False) -> Session | None:
    """The caller's session, if it named one and may work with it; `holds`: on an account that it has taken already.

    Raises NotFound where it is not the caller's, SessionEnded where it ended or was told to stop, or to take nothing
    new and this would be new.
    """
    if context.session_id is None:
        return None
    own = own_session(context, session)
    if own.live is Standing.ENDED:
        raise SessionEnded(f"Session {own.session_id} ended at {render(own.ended_at or context.now)}. Open a new one.")
    if own.directive is Directive.STOP or (own.directive is Directive.DRAIN and not holds):
        raise SessionEnded(f"Session {own.session_id} was told to `{own.directive}`: it takes nothing new.")
    return own


def own_session(context: Context, session: Session | None) -> Session:
    """The session, if it is the caller's. Raises NotFound."""
    if session is None or session.bot_id != context.actor.id or session.is_over(context.now):
        raise NotFound("session", context.session_id or "")
    return session


def is_holder(context: Context, lease: Lease | None) -> bool:
    """Whether the caller holds the live lease: by its token, its session, or as the very request that took it."""
    if lease is None or not leases.is_live(lease, context.now) or lease.bot_id != context.actor.id:
        return False
    return (
        context.lease_token == lease.token
        or context.session_id == lease.session_id
        or context.request_id == lease.request_id
    )


def standing_in_the_way(context: Context, warmup: Warmup) -> list[Blocker]:
    """Why the account cannot be taken now, as a taker would find: after what time has brought about."""
    if not leases.has_run_out(warmup.account.lease, context.now):
        return blockers(warmup.account, warmup.current, warmup.pauses, context.now)
    account = Account.from_raw_data(warmup.account.serialize())
    seen = {name: Phase.from_raw_data(phase.serialize()) for name, phase in warmup.phases.items()}
    after = Warmup(account, seen, warmup.pauses, None)
    AccountChange(context, after).settle()
    return blockers(account, after.current, warmup.pauses, context.now)


def refuse_superseded(context: Context, account: Account, token: str) -> None:
    """Raises LeaseSuperseded, which tells from the audit what happened after the token's lease was taken, and when.

    Raises AccountLeased while another bot holds the account, for its token and for one that never was; else
    MalformedRequest for one that the account cannot have given: the audit has no taking there.
    """
    version = leases.version_of(token)
    with reading():
        found = list(AuditEvent.query(account.subject, AuditEvent.sequence >= version, consistent_read=True, limit=11))
    taking = next((event for event in found if event.sequence == version), None)
    never_given = version > account.version or (taking is not None and not _takes_a_lease(taking))
    ended = _what_ended_it([event for event in found if event is not taking])
    anothers = account.lease is not None and account.lease.bot_id != context.actor.id
    if anothers and (never_given or ended is None):
        leases.refuse_while_live(account.lease, context.now)
    if never_given:
        raise MalformedRequest("The header Lease-Token holds no token that this account ever gave.")
    happened = None
    if ended is not None:
        happened = {"at": ended.at, "action": ended.action, "sentence": audit.told(ended)}
    lease = account.lease if leases.is_live(account.lease, context.now) else None
    live = None if lease is None else leases.describe(lease)
    detail = None if ended is None else f"This lease is over: {audit.told(ended)} at {render(ended.at)}."
    raise LeaseSuperseded(detail, happened=happened, lease=live)


def _what_ended_it(later: Sequence[AuditEvent]) -> AuditEvent | None:
    """What took the work away: who took over or what people did, rather than that time had passed."""
    told = [event for event in later if any(move["what"] == "lease" for move in event.moves) or _by_people(event)]
    return next((event for event in told if event.action is not Action.LEASE_EXPIRE), told[0] if told else None)


def _takes_a_lease(event: AuditEvent) -> bool:
    return any(move["what"] == "lease" and move["to"] is not None for move in event.moves)


def _by_people(event: AuditEvent) -> bool:
    return event.actor.startswith(f"{Role.OPERATOR}:")

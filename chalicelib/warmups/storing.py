"""Storing a step: the account and its phases where they differ, its effects, and its event, in one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from pynamodb.expressions.update import Action as UpdateAction

from chalicelib import quotas
from chalicelib.changes import Change
from chalicelib.context import Context
from chalicelib.domain import plan_versions, timing
from chalicelib.domain.accounts import AccountState, has_ended
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.leases import is_open
from chalicelib.domain.phases import is_completed
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup import effects
from chalicelib.domain.warmup.due import due
from chalicelib.domain.warmup.effects import Effect
from chalicelib.domain.warmup.state import PhaseState, Step, Warmup, transitions
from chalicelib.tables import Account, Assignment, Content, Phase, Session, Setting, StoredPlan, Text
from chalicelib.tables.accounts import unchanged
from chalicelib.tables.base import Key, batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.settings import COUNTER_SHARDS, counter_key, free_slot, slots_key, take_slot
from chalicelib.tables.transaction import Stale, Transaction
from chalicelib.warmups.loading import ACCOUNT_FIELDS, COUNT_FIELDS, PHASE_FIELDS, Gate, Loaded, document, view
from chalicelib.warmups.session_rows import SessionRows

MODELS: Mapping[PoolKind, type[PoolItem]] = {PoolKind.CONTENT: Content, PoolKind.TEXT: Text}
Items = Mapping[tuple[PoolKind, str], PoolItem]
"""Items by kind and id: a media item and a text may have the same id."""


Claim = Callable[[Transaction], None]
"""Adds what else is claimed in the same transaction."""


def new(account: Account) -> Loaded:
    """A warm-up that is not stored yet."""
    return Loaded(view(account, {}), account, {}, Gate(), None)


def create(context: Context, loaded: Loaded, claim: Claim, **details: object) -> None:
    """Stores a new account. Raises Stale where one of its id is there, or its claim was taken meanwhile."""
    writer = _Writer(context, loaded, None, None, ())
    claim(writer.change.transaction)
    writer.write(Step(AuditAction.ACCOUNT_CREATE, loaded.warmup), details)


def store(
    context: Context,
    loaded: Loaded,
    step: Step,
    *,
    session: Session | None = None,
    items: Iterable[PoolItem] = (),
    claim: Claim | None = None,
    plan: StoredPlan | None = None,
    **details: object,
) -> None:
    """Writes what was decided, in one transaction with its event; `loaded` is afterwards as it is stored.

    `session` is the one that takes a lease (opened, if it is new); `items` are those of the step's effects that were
    read already; `plan` lists the version that the account has afterwards. `details` are added to those of the step.
    Raises Stale when something was changed since it was read, QuotaReached where the caller may hold no more.
    """
    writer = _Writer(context, loaded, loaded.warmup, session, items)
    if claim is not None:
        claim(writer.change.transaction)
    if plan is not None:
        writer.keep_plan(plan, step.after)
    try:
        writer.write(step, details)
    except Stale as stale:
        quotas.explain(context, stale)
        raise


def store_extension(context: Context, loaded: Loaded) -> bool:
    """Writes that the lease runs on, where its session's heartbeats said so; returns whether that was so.

    Its heartbeats do not move the account in the queue: who finds it there, with its time over, does. As with them, the
    account gets no new version. Raises Stale.
    """
    account = loaded.account
    if not account.changes():
        return False
    transaction = Transaction(context)
    current = (Account.version == account.version) & Account.lease_ended_by.does_not_exist()
    transaction.update(account, current & unchanged(account))
    transaction.commit()
    return True


def store_expiry(context: Context, loaded: Loaded, refuses: Callable[[Warmup], object]) -> None:
    """Writes that a lease ran out where a caller is refused because of what that makes of the account.

    Else nobody would write it: who is refused writes nothing.
    """
    step = due(loaded.warmup, context.now)
    if step is not None and step.action is AuditAction.LEASE_EXPIRE and refuses(step.after) is not None:
        store(context, loaded, step)


def keep_phases(account: Account, warmup: Warmup, records: Mapping[str, Phase]) -> None:
    """Has the account hold its current phase, name those that have ended, and stand before the operators while one of
    its phases failed or needs them."""
    current = None if warmup.current_phase is None else records[warmup.current_phase]
    account.phase_record = None if current is None else current.held(account)
    account.ended_phases = {one.phase for one in warmup.phases if is_completed(one.status)} or None
    account.phase_versions = None
    found = next(((one.phase, status) for one in warmup.phases if (status := warmup.attention(one))), None)
    account.attention = None if found is None else found[1]
    account.attention_at = None if found is None else records[found[0]].updated_at


@dataclass(slots=True, eq=False, repr=False)
class _Writer:
    """One write of a step."""

    context: Context
    loaded: Loaded
    before: Warmup | None
    session: Session | None
    items: Iterable[PoolItem]
    change: Change = field(init=False)
    sessions: SessionRows = field(init=False)

    def __post_init__(self) -> None:
        self.change = Change(self.context, self.loaded.account)
        self.sessions = SessionRows(self.context, self.loaded, self.session, self.change.transaction)

    def keep_plan(self, plan: StoredPlan, after: Warmup) -> None:
        """Gives the account the plan of the step, before the step is written by it."""
        account = self.loaded.account
        if account.phase_versions is not None:  # an earlier release kept a row of each phase of the old plan
            account.ended_phases, account.phase_versions = set(account.phase_rows), None
        account.keep_plan(plan, after.plan.version)

    def write(self, step: Step, details: Mapping[str, object]) -> None:
        """Writes the step."""
        after, account = step.after, self.loaded.account
        moved = transitions(self.before, after)
        self.change.transitions.extend({"what": one.what, "from": one.before, "to": one.after} for one in moved)
        self._account(after)
        self._phases(after)
        self._count_ended(after.state)
        self._count_plan(after)
        self._slot(after)
        items = self._read_items(step.effects)
        for effect in step.effects:
            self._effect(effect, items)
        if self.before is not None:
            self.sessions.require_silence(self.before, after)
        self.sessions.write()
        condition = None if self.before is None else unchanged(account)
        named = {**step.details, **details}
        phase = named.pop("phase", None) or (self.before.current_phase if self.before else None)
        self.change.commit(step.action, condition, phase=phase, **named)
        self.loaded.warmup = after

    def _account(self, after: Warmup) -> None:
        account, before = self.loaded.account, self.before
        if before is not None:
            for name in ACCOUNT_FIELDS:
                if (value := getattr(after, name)) != getattr(before, name):
                    setattr(account, name, value)
            if after.consent != before.consent:
                account.keep_consent(after.consent)
            if after.theme != before.theme:
                account.theme = after.theme
            if after.given != before.given:
                account.given = set(after.given) or None
            if after.lease is not None and after.lease != account.lease:
                account.store_lease(after.lease)
            if after.phases and not before.phases:
                account.plan_name, account.plan_version = after.plan.name, after.plan.version
            for name in COUNT_FIELDS:
                if (count := getattr(after, name)) != getattr(before, name):
                    setattr(account, name, count or None)
        account.phase_status = after.phase_status
        account.updated_at = self.context.now
        due = timing.next_due(after, after.current, self.context.now)
        account.store_due(due, self.context.settings.queue_shards)

    def _phases(self, after: Warmup) -> None:
        """Keeps the current phase in the account; a phase that has ended is a row, one to come is nothing yet."""
        account, loaded = self.loaded.account, self.loaded
        before = {} if self.before is None else {one.phase: one for one in self.before.phases}
        begun_at = next((one.created_at for one in loaded.phases.values()), self.context.now)
        ended = frozenset(one.phase for one in after.phases if is_completed(one.status))
        for phase in after.phases:
            if phase == before.get(phase.phase):
                continue
            if phase.phase in ended:
                self.change.transaction.put(self._record(phase, begun_at))
            elif phase.phase == after.current_phase:
                self._record(phase, begun_at)
        if not after.phases:
            self._drop_rows()
        keep_phases(account, after, loaded.phases)
        loaded.rows = loaded.rows | ended if after.phases else ended

    def _record(self, phase: PhaseState, begun_at: datetime) -> Phase:
        """The record of how a phase stands now."""
        account, records = self.loaded.account, self.loaded.phases
        record = records.get(phase.phase)
        if record is None:
            assert phase.phase not in account.phase_rows, "who changes a phase that has ended loads the warm-up whole"
            record = Phase(account_id=account.account_id, phase=phase.phase, created_at=begun_at)
            records[phase.phase] = record
        for name in PHASE_FIELDS:
            setattr(record, name, getattr(phase, name))
        record.last_response = document(phase.last_response)
        record.updated_at, record.version = self.context.now, account.version + 1
        return record

    def _drop_rows(self) -> None:
        assert self.loaded.account.phase_rows <= self.loaded.rows, "who drops the phases loads the warm-up whole"
        for name in self.loaded.rows:
            self.change.transaction.delete(Phase(account_id=self.loaded.account.account_id, phase=name))
        self.loaded.phases.clear()

    def _count_ended(self, state: AccountState) -> None:
        """Counts the accounts that ended: they are in no queue from which they could be counted."""
        shard = timing.shard_of(self.loaded.account.account_id, COUNTER_SHARDS)
        before = None if self.before is None else self.before.state
        for ended, by in ((before, -1), (state, +1)):
            if before is not state and ended is not None and has_ended(ended):
                self._add(counter_key(ended, shard), by)

    def _count_plan(self, after: Warmup) -> None:
        """Counts the accounts of each plan but `standard` 1."""
        before = () if self.before is None else plan_versions.counted(self.before.plan)
        now = plan_versions.counted(after.plan)
        shard = timing.shard_of(after.account_id, COUNTER_SHARDS)
        for plan in {*before, *now}:
            if by := (plan in now) - (plan in before):
                self._add(counter_key(f"plan:{plan}", shard), by)

    def _add(self, counter: str, by: int) -> None:
        self.change.transaction.update(Setting(name=counter), None, [Setting.number.add(by)])

    def _slot(self, after: Warmup) -> None:
        """Takes a slot of a bounded model with a lease, and gives it back with its end; who takes over keeps it."""
        bound, before = self.loaded.pauses.max_concurrent, None if self.before is None else self.before.lease
        if bound is None or after.lease == before:
            return
        slots, account_id = Setting(name=slots_key(after.model_id)), after.account_id
        if is_open(after.lease):
            if before is None or before.token != after.lease.token:
                condition, action = take_slot(account_id, bound)
                self.change.transaction.update(slots, condition, [action])
        elif is_open(before):
            self.change.transaction.update(slots, None, [free_slot(account_id)])

    # effects

    def _read_items(self, found: Sequence[Effect]) -> Items:
        """The items that the effects count on, those that were not read yet in one round trip."""
        items = {_named(item): item for item in self.items}
        counted = (effects.UseItem, effects.ReturnItem, effects.PenaliseItem)
        wanted: list[Key] = [
            (MODELS[one.kind], one.item_id)
            for one in found
            if isinstance(one, counted) and (one.kind, one.item_id) not in items
        ]
        return {**items, **{_named(item): item for item in (batch_get(wanted) if wanted else ()) if item is not None}}

    def _effect(self, effect: Effect, items: Items) -> None:
        now, transaction = self.context.now, self.change.transaction
        match effect:
            case effects.UseItem():
                item = items[effect.kind, effect.item_id]
                transaction.update(item, item.store_use(now))
            case effects.ReturnItem():
                if (returned := items.get((effect.kind, effect.item_id))) is not None:
                    transaction.update(returned, returned.store_return(now))
            case effects.PenaliseItem():
                if (penalised := items.get((effect.kind, effect.item_id))) is not None:
                    transaction.update(penalised, penalised.store_penalty(effect.by, now))
            case effects.RequireRights():
                item = _with_key(effect.kind, effect.item_id)
                transaction.update(item, item.has_rights(), [])
            case effects.OpenAssignment():
                transaction.put(self._assignment(effect))
            case effects.DeliverAssignment():
                self._update_assignment(effect.assignment_id, [Assignment.delivered_at.set(now)])
            case effects.CloseAssignment():
                self._update_assignment(effect.assignment_id, _closing(effect, effect.at or now))
            case effects.MeasureAssignment():
                self._update_assignment(effect.assignment_id, _measuring(effect))
            case effects.HoldLease():
                self.sessions.hold(effect)
            case effects.DropLease():
                self.sessions.drop(effect)
            case effects.NoteLicence():
                self.sessions.note_licence(effect.lease, effect.until)
            case effects.WarnHolder():
                self.sessions.warn(effect.lease)
            case _:
                assert_never(effect)

    def _assignment(self, opened: effects.OpenAssignment) -> Assignment:
        account, now = self.loaded.account, self.context.now
        return Assignment(
            account_id=account.account_id,
            assignment_id=opened.assignment_id,
            phase=opened.phase,
            model_id=account.model_id,
            content_id=opened.content_id,
            text_id=opened.text_id,
            content_type=str(self.loaded.warmup.plan.phases[opened.phase].category),
            assignment_score=opened.score,
            assignment_reason=opened.reason,
            scores={kind: dict(parts) for kind, parts in opened.scores.items()},
            assigned_at=now,
            assigned_by=f"{self.context.actor.kind}:{self.context.actor.id}",
            delivered_at=now if opened.delivered else None,
            attempt=opened.attempt,
        )

    def _update_assignment(self, assignment_id: str, actions: list[UpdateAction]) -> None:
        row = Assignment(account_id=self.loaded.account.account_id, assignment_id=assignment_id)
        self.change.transaction.update(row, Assignment.assignment_id.exists(), actions)


def _named(item: PoolItem) -> tuple[PoolKind, str]:
    return PoolKind.CONTENT if isinstance(item, Content) else PoolKind.TEXT, item.item_id


def _with_key(kind: PoolKind, item_id: str) -> PoolItem:
    return Content(content_id=item_id) if kind is PoolKind.CONTENT else Text(text_id=item_id)


def _closing(effect: effects.CloseAssignment, at: datetime) -> list[UpdateAction]:
    actions: list[UpdateAction] = [Assignment.outcome.set(effect.outcome), Assignment.ended_at.set(at)]
    actions += [] if effect.success is None else [Assignment.success.set(effect.success)]
    actions += [Assignment.used_at.set(at)] if effect.success else []
    if effect.performance is not None:  # what was measured later counts
        actions.append(Assignment.performance_score.set(Assignment.performance_score | effect.performance))
        actions.append(Assignment.measured_at.set(Assignment.measured_at | at))
    return actions


def _measuring(effect: effects.MeasureAssignment) -> list[UpdateAction]:
    return [
        Assignment.performance_score.set(effect.performance_score),
        Assignment.measured_at.set(effect.measured_at),
        Assignment.metrics.set(dict(effect.metrics)),
    ]

"""Loading a warm-up: the account, its phases, what is paused and the caller's session, as one frozen view."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from chalicelib import quotas
from chalicelib.context import Context
from chalicelib.domain import instants, leases
from chalicelib.domain.accounts import Step as WorkStep
from chalicelib.domain.blockers import Blocker
from chalicelib.domain.errors import NotFound, TemporarilyUnavailable
from chalicelib.domain.instants import render
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import NO_DEMANDS, Demands, Plan, in_order
from chalicelib.domain.records import record
from chalicelib.domain.retries import ReportOutcome
from chalicelib.domain.warmup.due import blockers_as_of
from chalicelib.domain.warmup.leases import Caller
from chalicelib.domain.warmup.state import LEAVINGS, PhaseState, Response, Warmup
from chalicelib.holdings import NOTHING_SETTLED, Settlement
from chalicelib.quotas import Allowance
from chalicelib.tables import Account, Phase, Session, Setting
from chalicelib.tables.base import batch_get
from chalicelib.tables.settings import PAUSES, keep_pauses, slots_key
from chalicelib.warmups.purposes import LOOKING, Purpose, took

_SHORTEST_WAIT = 0.01


@record
class Gate:
    """What stands above an account: what is paused, how many of its model may be worked on, and whether so many are."""

    pipeline_paused: bool = False
    paused_models: Set[str] = frozenset()
    max_concurrent: int | None = None
    busy_models: frozenset[str] = frozenset()


@dataclass(slots=True)
class Loaded:
    """A warm-up with the items from which it was read, what is paused, and the caller's session.

    `phases` are the records that were read: the current phase, which the account holds, and the `rows` of others. A
    phase that has ended and was not read is known to be completed, and that is all.

    `holder` is the session that has the lease which nobody has ended, as far as it was read: its heartbeats extend it.
    `settled` is what the caller's session is known to have ended, to be dropped with the next taking. `allowance` is
    how much the caller may hold, where it was read for a taking.
    """

    warmup: Warmup
    account: Account
    phases: dict[str, Phase]
    pauses: Gate
    session: Session | None
    rows: frozenset[str] = frozenset()
    holder: Session | None = None
    settled: Settlement = NOTHING_SETTLED
    allowance: Allowance | None = None

    @property
    def records(self) -> list[Phase]:
        """The records of all phases, in the plan's order, of a warm-up that was loaded whole."""
        assert self.account.phase_rows <= self.phases.keys(), "who shows all phases loads the warm-up whole"
        return self.account.phases(self.phases)

    def as_read(self) -> "Loaded":
        """The same before a write that was refused."""
        account = self.account.as_read()
        account.extend_lease(None if self.holder is None else self.holder.leases_until)
        current = account.phase
        held = None if current is None else current.name
        rows = {name: one.as_read() for name, one in self.phases.items() if one.was_read() and name != held}
        known = rows if current is None else {**rows, current.name: current}
        return replace(self, account=account, phases=known, rows=frozenset(rows))

    def blockers(self, now: datetime) -> list[Blocker]:
        """Why the account cannot be taken now; empty where it can."""
        return blockers_as_of(self.warmup, self.pauses, now)


def load(context: Context, account_id: str, phase: str | None = None, purpose: Purpose = LOOKING) -> Loaded:
    """Reads the account with its current phase and all that decides on it, in one consistent round trip.

    A bounded model costs one more, and so do an account that somebody else holds, and the rows of the phases that have
    ended: they are read where `phase`, what it is about, is not the current one, and where all have ended. Raises
    NotFound also where the caller's models do not cover the account.
    """
    return _load_untorn(context, account_id, lambda account: phase not in (None, account.current_phase), purpose)


def load_whole(context: Context, account_id: str, purpose: Purpose = LOOKING) -> Loaded:
    """Reads the same with the rows of all phases that have ended. Raises NotFound."""
    return _load_untorn(context, account_id, lambda _: True, purpose)


def _load_untorn(
    context: Context, account_id: str, about_others: Callable[[Account], bool], purpose: Purpose
) -> Loaded:
    """Reads the rows of phases after their account: where one is newer than that, or missing, both are read again."""
    while True:
        found = _load(context, account_id, about_others, purpose)
        if found is not None:
            return found
        if context.time_left() < _SHORTEST_WAIT:
            raise TemporarilyUnavailable()


def _load(
    context: Context, account_id: str, about_others: Callable[[Account], bool], purpose: Purpose
) -> Loaded | None:
    session_key = purpose.session_key(context)
    quota_keys = quotas.keys(context) if purpose.takes else []
    account, pauses, *others = batch_get([(Account, account_id), (Setting, PAUSES), *session_key, *quota_keys])
    if account is None or not (context.actor.sees(account.model_id) or took(context, account, purpose.told_with)):
        raise NotFound("account", account_id)
    session = others[0] if session_key else None
    loaded = _of_rows(context, account, pauses, session, session, about_others)
    if loaded is not None:
        loaded.allowance = quotas.allowance(context, others[len(session_key) :])
    return loaded


def load_several(context: Context, account_ids: Sequence[str]) -> dict[str, Loaded]:
    """Reads up to a hundred accounts, as `load` does without a session, in one round trip, and one for their holders.

    What is gone, or would have to be read again, is left out.
    """
    pauses, *rows = batch_get([(Setting, PAUSES), *[(Account, one) for one in account_ids]])
    accounts = [one for one in rows if one is not None and context.actor.sees(one.model_id)]
    held = sorted({one.lease.session_id for one in accounts if leases.is_open(one.lease)})
    holders = dict(zip(held, batch_get([(Session, one) for one in held]), strict=True)) if held else {}
    found: dict[str, Loaded] = {}
    for account in accounts:
        holder = holders.get(account.lease_session_id)
        loaded = _of_rows(context, account, pauses, None, holder, lambda _: False)
        if loaded is not None:
            found[account.account_id] = loaded
    return found


def _of_rows(
    context: Context,
    account: Account,
    pauses: Setting | None,
    session: Session | None,
    holder: Session | None,
    about_others: Callable[[Account], bool],
) -> Loaded | None:
    """What was read; `holder` is the session that may have the account, as far as it was read."""
    expected, rows = account.phase_rows, dict[str, Phase]()
    if expected and (account.phase_record is None or about_others(account)):
        found = batch_get([(Phase, account.account_id, name) for name in expected])
        rows = {row.name: row for row in found if row is not None}
        if rows.keys() != expected or any(row.version > account.version for row in rows.values()):
            return None
    current = account.phase
    known = rows if current is None else {**rows, current.name: current}
    pauses = keep_pauses(pauses or Setting.nothing_paused(), context.settings.gate_cache_seconds)
    holder, gate = _extended(context, account, holder), _gate(account, pauses)
    warmup = view(account, known, pauses.demands(account.model_id))
    return Loaded(warmup, account, known, gate, session, frozenset(rows), holder)


def _extended(context: Context, account: Account, session: Session | None) -> Session | None:
    """Has the lease run as long as its session's heartbeats said; returns that session.

    One more read, but for the lease of the caller, or of the token that it shows, as long as that has not run out.
    """
    lease = account.lease
    if not leases.is_open(lease):
        return None
    if session is None or session.session_id != lease.session_id:
        if lease.token == context.lease_token and not leases.has_run_out(lease, context.now):
            return None
        (session,) = batch_get([(Session, lease.session_id)])
    account.extend_lease(None if session is None else session.leases_until)
    return session


def _gate(account: Account, pauses: Setting) -> Gate:
    bound, busy = pauses.bounds.get(account.model_id), frozenset[str]()
    if bound is not None:
        (slots,) = batch_get([(Setting, slots_key(account.model_id))])
        holders = set() if slots is None else slots.holders or set()
        busy = frozenset({account.model_id}) if len(holders - {account.account_id}) >= bound else busy
    return Gate(pauses.pipeline_paused, pauses.paused_models, bound, busy)


PHASE_FIELDS = tuple(one.name for one in fields(PhaseState) if one.name not in ("phase", "last_response"))
ACCOUNT_FIELDS = (
    *("state", "current_phase", "paused_from", "ready_at"),
    *("content_due_at", "started_by", "erased_at"),
)
COUNT_FIELDS = (*LEAVINGS, "content_misses")


def view(account: Account, records: Mapping[str, Phase], demands: Demands = NO_DEMANDS) -> Warmup:
    """The frozen view of an account and its phases; its plan is as strict as its model demands."""
    return Warmup(
        account_id=account.account_id,
        model_id=account.model_id,
        plan=demands.tighten(account.plan),
        phases=tuple(_phases(account.plan, account.phase_rows, records)),
        lease=account.lease,
        theme=account.theme,
        consent=account.agreed,
        due_at=account.due_at,
        given=account.all_given,
        crash_count=account.crash_count or 0,
        release_count=account.release_count or 0,
        content_misses=account.content_misses or 0,
        **{name: getattr(account, name) for name in ACCOUNT_FIELDS},
    )


def _phases(plan: Plan, ended: Collection[str], records: Mapping[str, Phase]) -> Iterator[PhaseState]:
    """All phases of a warm-up that has begun: what is recorded of them, else that they are completed or to come."""
    for name in in_order({*ended, *records}, plan) if ended or records else ():
        if name in records:
            yield _phase_view(records[name])
        else:
            yield PhaseState(name, PhaseStatus.COMPLETED if name in ended else PhaseStatus.PENDING)


def _phase_view(record: Phase) -> PhaseState:
    return PhaseState(
        phase=record.name,
        last_response=_response(record.last_response),
        **{name: getattr(record, name) for name in PHASE_FIELDS},
    )


def _response(stored: Mapping[str, str] | None) -> Response | None:
    if stored is None:
        return None
    at = stored.get("available_at")
    return Response(
        token=stored["token"],
        outcome=ReportOutcome(stored["outcome"]) if "outcome" in stored else None,
        late=bool(stored.get("late")),
        action=WorkStep(stored["action"]) if stored.get("action") else None,
        phase=stored.get("phase"),
        available_at=instants.parse(at) if at else None,
    )


def document(response: Response | None) -> dict[str, object] | None:
    if response is None:
        return None
    at = None if response.available_at is None else render(response.available_at)
    if response.outcome is not None:
        return {"token": response.token, "outcome": response.outcome, "available_at": at}
    return {
        "token": response.token,
        "late": response.late,
        "action": response.action,
        "phase": response.phase,
        "available_at": at,
    }


def caller(context: Context) -> Caller:
    """How the caller of this request shows that it holds an account."""
    return Caller(context.actor.id, context.session_id, context.lease_token, context.known_as)


def new_lease(context: Context, loaded: Loaded, session: Session) -> Lease:
    """A lease for the session, from now on; its token names the version that the taking makes."""
    token = leases.make_token(loaded.account.version + 1, context.entropy(leases.TOKEN_BYTES))
    now, latest = context.now, context.now + loaded.warmup.max_work
    until = min(now + timedelta(seconds=context.settings.lease_seconds), latest)
    lease = Lease(token, session.session_id, session.bot_id, now, until, context.known_as, latest_at=latest)
    return leases.bounded(lease, loaded.warmup.consent.valid_until)

"""What a step writes into the rows of sessions, each of them once: what they hold, and that they are heard of."""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import and_

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import holdings
from chalicelib.context import Context
from chalicelib.domain.leases import Lease, is_open, is_taken_to_have_run_out
from chalicelib.domain.warmup import effects
from chalicelib.domain.warmup.state import Warmup
from chalicelib.sessions import count_session, open_session
from chalicelib.tables import Session
from chalicelib.tables.sessions import (
    NO_PHASE,
    HeldLease,
    exchange,
    heard,
    hold,
    let_go,
    licence_entry,
    licensed,
    room,
    unheard,
    warn,
)
from chalicelib.tables.transaction import Transaction
from chalicelib.warmups.loading import Loaded

_MOST_UNSETTLED = 20
"""How many leases a session holds, ended or not, before one more has the others looked at."""


@dataclass(slots=True, eq=False, repr=False)
class SessionRows:
    """The sessions that one step writes to; `session` is the one that takes the lease."""

    context: Context
    loaded: Loaded
    session: Session | None
    transaction: Transaction
    updates: dict[str, tuple[list[Condition], list[Action]]] = field(default_factory=dict)

    def hold(self, effect: effects.HoldLease) -> None:
        """Adds a lease to what the session holds, which is heard of by that, and drops what it has ended."""
        session, holding, until = self.session, self._holding(effect.lease, effect.phase), effect.licensed_until
        assert session is not None, "who takes a lease has a session"
        allowance = self.loaded.allowance
        if session.was_read():
            if allowance is not None and session.session_id not in allowance.opened:  # it counted as lost
                count_session(self.context, self.transaction, session)
            self._update(session.session_id, Session.ended_at.does_not_exist(), *self._held(session, holding))
            if until is not None:
                self._update(session.session_id, None, licensed(effect.lease.token, until))
        else:
            if allowance is not None and not allowance.left:
                allowance.refuse_full(self.context, session)
            session.holds = {holding}
            session.licences = None if until is None else {licence_entry(effect.lease.token, until)}
            open_session(self.context, self.transaction, session)

    def _held(self, session: Session, holding: str) -> list[Action]:
        before, found = session.holds or set(), self.loaded.settled
        if not found.gone and len(before) >= _MOST_UNSETTLED:
            found = holdings.settlement(holdings.endings(holdings.look([session])[session.session_id]))
        elif not found.gone and (last := self.loaded.warmup.lease) is not None:  # its own on the account, perhaps
            found = holdings.settlement({one: last.ended_by for one in session.held() if one.lease_token == last.token})
        actions = heard(self.context.now, self.context.settings)
        self._require_room(session, before, before - found.gone)
        if not found.gone or not found.gone <= before:
            return [*actions, hold(holding)]
        unchanged, exchanged = exchange(before, found.gone, holding, done=found.done, failed=found.failed)
        self._update(session.session_id, unchanged)
        return [*actions, *exchanged]

    def _require_room(self, session: Session, before: Set[str], kept: Set[str]) -> None:
        """Requires that one more lease is within what the bot may hold; exact for the session. Raises QuotaReached."""
        allowance = self.loaded.allowance
        if allowance is None:
            return
        if len(kept) < allowance.left:
            self._update(session.session_id, room(allowance.left + len(before) - len(kept)))
            return
        allowance.refuse_full(self.context, session)
        self._update(session.session_id, Session.holds == set(before) if before else Session.holds.does_not_exist())

    def drop(self, effect: effects.DropLease) -> None:
        """Drops a lease that had ended before its holder completed or reported its work.

        What the holder ends in time is settled when its session is next heard of.
        """
        if is_open(effect.lease):
            return
        settings = self.context.settings
        heard_of = effect.lease.expires_at - timedelta(seconds=settings.lease_seconds)
        if self.context.now >= heard_of + timedelta(days=settings.session_days):
            return  # the session's row may be gone
        counts = {
            None: [],
            effects.Hourly.COMPLETED: [Session.done.add(1)],
            effects.Hourly.FAILED: [Session.failed.add(1)],
        }
        gone = let_go(self._holding(effect.lease, effect.phase))
        self._update(effect.lease.session_id, None, gone, *counts[effect.counts])

    def note_licence(self, lease: Lease, until: datetime) -> None:
        """Lets the session that has the lease know when the licence of what it was given ends."""
        self._update(lease.session_id, None, licensed(lease.token, until))

    def warn(self, lease: Lease) -> None:
        """Warns the session that has the lease that its content was withdrawn."""
        self._update(lease.session_id, None, warn(lease.token))

    def require_silence(self, before: Warmup, after: Warmup) -> None:
        """Requires that the holder's session has not been heard of since, where its lease is taken to have run out."""
        lease = before.lease
        if is_taken_to_have_run_out(lease, after.lease, self.context.now):
            holder = self.loaded.holder
            self._update(lease.session_id, unheard(None if holder is None else holder.leases_until))

    def write(self) -> None:
        """Adds the updates to the transaction."""
        for session_id, (conditions, actions) in self.updates.items():
            known = [Session.session_id.exists()] if actions else []
            self.transaction.update(Session(session_id=session_id), reduce(and_, [*known, *conditions]), actions)

    def _holding(self, lease: Lease, phase: str | None) -> str:
        return str(HeldLease(self.loaded.account.account_id, lease.token, phase or NO_PHASE))

    def _update(self, session_id: str, condition: Condition | None, *actions: Action) -> None:
        conditions, others = self.updates.setdefault(session_id, ([], []))
        conditions += [] if condition is None else [condition]
        others += actions

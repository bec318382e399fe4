"""How the leases ended that a session was given: the accounts decide, its row only says where to look."""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.context import Actor
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.leases import Ending, Lease, is_settled_by_its_bot, phases_done, phases_failed, version_of
from chalicelib.domain.records import record
from chalicelib.tables import Account, AuditEvent, Session, at_work
from chalicelib.tables.base import batch_get, translating_read_errors
from chalicelib.tables.sessions import NO_PHASE, HeldLease

_ENDINGS = {
    AuditAction.PHASE_COMPLETE: Ending.COMPLETED,
    AuditAction.ACCOUNT_COMPLETE: Ending.COMPLETED,
    AuditAction.PHASE_FAIL: Ending.REPORTED,
    AuditAction.PHASE_REPLACE_CONTENT: Ending.REPORTED,
    AuditAction.PHASE_ESCALATE: Ending.REPORTED,
    AuditAction.LEASE_RELEASE: Ending.RELEASED,
    AuditAction.PHASE_CONTENT_UNAVAILABLE: Ending.RELEASED,
    AuditAction.LEASE_REVOKE: Ending.REVOKED,
}


@record
class GivenLease:
    """A lease among those that a session holds, with its account as it is now; None where that is gone."""

    held: HeldLease
    account: Account | None

    def is_seen_by(self, actor: Actor) -> bool:
        """Whether the actor may see that it is held: a bot that was bound to other models since may not."""
        return self.account is not None and actor.sees(self.account.model_id)

    @property
    def lease(self) -> Lease | None:
        """The lease as it is now, None where the account was taken again since."""
        lease = None if self.account is None else self.account.lease
        return lease if lease is not None and lease.token == self.held.lease_token else None


Endings = Mapping[HeldLease, Ending | None]


@record
class Settlement:
    """What a session's bot has ended itself: the entries that can go, and how many phases it completed and reported."""

    gone: frozenset[str] = frozenset()
    done: int = 0
    failed: int = 0


NOTHING_SETTLED = Settlement()


def look(sessions: Iterable[Session], known: Iterable[Account] = ()) -> dict[str, list[GivenLease]]:
    """Return what each of these sessions holds, by its id; with as many reads as there are hundreds of accounts.

    `known` are accounts that were just read.
    """
    held = {session.session_id: session.held() for session in sessions}
    accounts: dict[str, Account | None] = {one.account_id: one for one in known}
    wanted = [one.account_id for holdings in held.values() for one in holdings if one.account_id not in accounts]
    if wanted:
        accounts |= zip(wanted, batch_get([(Account, one) for one in wanted]), strict=True)
    at_work.extend([accounts[one.account_id] for holdings in held.values() for one in holdings], sessions)
    return {name: [GivenLease(one, accounts[one.account_id]) for one in holdings] for name, holdings in held.items()}


def endings(holdings: Sequence[GivenLease], *, thorough: bool = True) -> Endings:
    """Return how each lease ended, None if nobody has ended it.

    What ended before its account was taken again is in the audit, which only `thorough` asks.
    """
    return {one.held: _ending(one, holdings) for one in holdings if thorough or one.lease is not None}


def settlement(found: Endings) -> Settlement:
    """Return what can go."""
    gone = {held: by for held, by in found.items() if is_settled_by_its_bot(by)}
    return Settlement(
        frozenset(map(str, gone)),
        done=sum(phases_done(by, in_phase=held.phase != NO_PHASE) for held, by in gone.items()),
        failed=sum(map(phases_failed, gone.values())),
    )


def _ending(holding: GivenLease, among: Iterable[GivenLease]) -> Ending | None:
    if holding.lease is not None:
        return holding.lease.ended_by
    if holding.account is None:
        return Ending.REVOKED
    account, taken = holding.account, version_of(holding.held.lease_token)
    tokens = {one.held.lease_token for one in among if one.held.account_id == account.account_id}
    if account.lease_token is not None:
        tokens.add(account.lease_token)
    until = min((later for token in tokens if (later := version_of(token)) > taken), default=account.version + 1)
    between = AuditEvent.sequence.between(taken + 1, until - 1)  # what comes then takes the account again
    with translating_read_errors():
        found = AuditEvent.query(account.subject, between, consistent_read=True) if until - 1 > taken else ()
        for event in found:
            if any(move["what"] == "lease" and move["to"] is None for move in event.transitions):
                return _ENDINGS.get(event.action, Ending.EXPIRED)
    return Ending.EXPIRED


def settle(session: Session, found: Settlement) -> None:
    """Drops from what a session holds what can go, and counts it; nothing is stored yet."""
    session.holds = (session.holds or set()) - found.gone or None
    session.done += found.done
    session.failed += found.failed

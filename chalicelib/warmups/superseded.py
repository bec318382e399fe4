"""What became of a lease that is over: read from the audit, for the holder who comes too late."""

from collections.abc import Sequence
from typing import NoReturn

from chalicelib import audit
from chalicelib.context import ActorKind, Context
from chalicelib.domain import leases
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import LeaseSuperseded, MalformedRequest
from chalicelib.domain.facts import Facts
from chalicelib.domain.instants import render
from chalicelib.tables import Account, AuditEvent
from chalicelib.tables.base import translating_read_errors


def refuse_superseded(context: Context, account: Account, token: str) -> NoReturn:
    """Raises LeaseSuperseded, which says from the audit what happened after the token's lease was taken, and when.

    Raises AccountLeased while another bot holds the account, for its token and for one that never was; else
    MalformedRequest for one that the account cannot have given: the audit has no taking there.
    """
    version = leases.version_of(token)
    with translating_read_errors():
        found = list(AuditEvent.query(account.subject, AuditEvent.sequence >= version, consistent_read=True, limit=11))
    taking = next((event for event in found if event.sequence == version), None)
    never_given = version > account.version or (taking is not None and not _takes_a_lease(taking))
    ended = _what_ended_it([event for event in found if event is not taking])
    anothers = account.lease is not None and account.lease.bot_id != context.actor.id
    if anothers and (never_given or ended is None):
        leases.refuse_while_live(account.lease, context.now)
    if never_given:
        raise MalformedRequest("The header Lease-Token holds no token that this account ever gave.")
    facts: Facts = {}
    if ended is not None:
        facts["happened"] = {"at": ended.at, "action": ended.action, "summary": audit.told_to(context, ended)}
    if account.lease is not None and leases.is_live(account.lease, context.now):
        facts["lease"] = leases.describe(account.lease)
    detail = None if ended is None else f"This lease is over: {audit.told_to(context, ended)} at {render(ended.at)}."
    raise LeaseSuperseded(detail, **facts)


def _what_ended_it(later: Sequence[AuditEvent]) -> AuditEvent | None:
    """What took the work away: who took over or what operators did, rather than that time had passed."""
    ending = [
        event for event in later if any(move["what"] == "lease" for move in event.transitions) or _by_operator(event)
    ]
    return next(
        (event for event in ending if event.action is not AuditAction.LEASE_EXPIRE), ending[0] if ending else None
    )


def _takes_a_lease(event: AuditEvent) -> bool:
    return any(move["what"] == "lease" and move["to"] is not None for move in event.transitions)


def _by_operator(event: AuditEvent) -> bool:
    return not event.actor.startswith((f"{ActorKind.BOT}:", f"{ActorKind.TIMER}:"))

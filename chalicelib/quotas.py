"""How much the calling bot may still take: read together with what a taking reads anyway.

A session's own leases are counted exactly, by a condition of the write that takes one more. Those of the bot's other
sessions are counted as they were read: sessions of one bot that take at the very same moment do not see each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib import holdings
from chalicelib.context import ActorKind, Context
from chalicelib.domain import leases
from chalicelib.domain import sessions as rules
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.limits import Quota
from chalicelib.tables import Bot, Session
from chalicelib.tables.base import Key, batch_get, cached, remember
from chalicelib.tables.bots import leave
from chalicelib.tables.sessions import lost_at
from chalicelib.tables.transaction import SingleUpdate, Stale

_KNOWN_SECONDS = 300


@dataclass(slots=True)
class Allowance:
    """What the calling bot may have at a time: `opened` are its open sessions, `others` those beside the taking one."""

    quota: Quota
    opened: frozenset[str]
    others: list[Session] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How many leases the session that takes may hold; what has ended and is not settled yet counts elsewhere."""
        return self.quota.leases_left(sum(len(one.holds or ()) for one in self.others))

    def refuse_full(self, context: Context, session: Session) -> None:
        """Looks at what the bot's sessions really hold. Raises QuotaReached where that is as much as it may."""
        found = holdings.look([*self.others, *([session] if session.was_read() else [])])
        given = [one.lease for those in found.values() for one in those]
        self.quota.refuse_lease(sum(leases.is_live(one, context.now) for one in given))


def defaults(context: Context) -> Quota:
    """The deployment's quota of a bot."""
    return Quota(context.settings.max_leases, context.settings.max_sessions)


def keys(context: Context) -> list[Key]:
    """What a taking reads to know how much the caller may still take: its bot, and its sessions as far as known."""
    if context.actor.kind is not ActorKind.BOT:
        return []
    known: frozenset[str] = cached(("sessions", context.actor.id), _KNOWN_SECONDS, frozenset)
    return [(Bot, context.actor.id), *[(Session, one) for one in sorted(known)]]


def allowance(context: Context, found: Sequence[Any]) -> Allowance | None:
    """How much the caller may take, from what stands under `keys`; None for a caller that is not a bot.

    Sessions of the bot that this function did not know of cost one read more.
    """
    if not found or found[0] is None:
        return None
    bot, *read = found
    opened, others = frozenset(bot.open_sessions or ()), {one.session_id: one for one in read if one is not None}
    missing = sorted(opened - others.keys() - {context.session_id})
    if missing:
        others |= {one.session_id: one for one in batch_get([(Session, one) for one in missing]) if one is not None}
    remember(("sessions", bot.bot_id), _KNOWN_SECONDS, opened)
    beside = [one for name, one in others.items() if name in opened and name != context.session_id]
    return Allowance(bot.quota(defaults(context)), opened, beside)


def explain(context: Context, stale: Stale) -> None:
    """Makes room where sessions that are lost stood in the way of a new one, so that it can be tried again.

    Raises QuotaReached where as many are live as the bot may have, Unauthenticated where it was disabled.
    """
    bot = stale.current.get((Bot, context.actor.id))
    if not isinstance(bot, Bot):
        return
    if bot.disabled_at is not None:
        raise Unauthenticated()
    opened = sorted(bot.open_sessions or ())
    found = batch_get([(Session, one) for one in opened]) if opened else []
    gone = [name for name, one in zip(opened, found, strict=True) if one is None or not _is_live(context, one)]
    if not gone:
        bot.quota(defaults(context)).refuse_session(len(opened))
        return
    SingleUpdate(context, bot, Bot.bot_id.exists(), [leave(gone)]).commit()


def _is_live(context: Context, session: Session) -> bool:
    return not rules.has_ended(session.live) and lost_at(session.last_seen_at, context.settings) > context.now

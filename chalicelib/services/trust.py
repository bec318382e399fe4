"""Trust that ends: a bot is disabled, or bound to other models, and what it holds is taken away in the same call."""

from collections.abc import Sequence
from functools import partial

from chalicelib import revocations
from chalicelib.changes import Change, retry_on_conflict
from chalicelib.context import ActorKind, Context
from chalicelib.credentials import revoke_key
from chalicelib.domain import sessions as rules
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import NotFound
from chalicelib.domain.sessions import Directive
from chalicelib.holdings import GivenLease
from chalicelib.revocations import TakenAway
from chalicelib.tables import Bot, Session
from chalicelib.tables.base import batch_get


def revoke_outside(context: Context, bot: Bot) -> TakenAway:
    """Supersedes the leases that the bot holds on accounts of models that it is not bound to."""
    if bot.models is None:
        return TakenAway()
    found = revocations.open_leases(context, revocations.sessions_of(context, bot))
    outside = [one for one in found if one.account is not None and one.account.model_id not in bot.models]
    return _revoked(context, outside, "the bot was bound to other models")


def _revoked(context: Context, found: Sequence[GivenLease], reason: str) -> TakenAway:
    held = [one.held for one in found]
    left = revocations.each(context, held, partial(revocations.revoke, reason=reason))
    done = held[: len(held) - len(left)]
    return TakenAway(revoked=sorted({one.account_id for one in done}), left=len(left))


def disable(context: Context, bot_id: str, *, reason: str) -> tuple[Bot, bool, TakenAway]:
    """Revokes a bot's keys, stops its sessions and revokes its leases; a new key enables it again.

    Returns whether it was disabled before; what was left then is done now. Raises NotFound.
    """
    bot, replayed = _disable(context, bot_id, reason)
    sessions = revocations.sessions_of(context, bot)
    running = [
        one for one in sessions if not rules.has_ended(one.live) and not rules.is_repeat(one.directive, Directive.STOP)
    ]
    stopped: list[str] = []
    for session in running:
        if context.is_short_of_time:
            break
        revocations.stop(context, session.session_id, reason)
        stopped.append(session.session_id)
    held = _revoked(context, revocations.open_leases(context, _as_they_are(sessions)), reason)
    return bot, replayed, TakenAway(stopped, held.revoked, held.left + len(running) - len(stopped))


def _as_they_are(sessions: Sequence[Session]) -> list[Session]:
    """The sessions read again: one may have taken something just before it was stopped."""
    if not sessions:
        return []
    return [one for one in batch_get([(Session, one.session_id) for one in sessions]) if one is not None]


@retry_on_conflict
def _disable(context: Context, bot_id: str, reason: str) -> tuple[Bot, bool]:
    (bot,) = batch_get([(Bot, bot_id)])
    if bot is None or bot.role is not ActorKind.BOT:  # an operator of an earlier release is none
        raise NotFound("bot", bot_id)
    if bot.disabled_at is not None:
        return bot, True
    change = Change(context, bot)
    for key_id in sorted(bot.keys):
        revoke_key(change, bot, key_id)
    change.set("disabled_at", context.now)
    bot.updated_at = context.now
    change.commit(AuditAction.BOT_DISABLE, reason=reason)
    return bot, False

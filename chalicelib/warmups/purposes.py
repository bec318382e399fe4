"""What a warm-up is loaded for: what is read beside it, and who may see it."""

from chalicelib.context import ActorKind, Context
from chalicelib.domain import leases
from chalicelib.domain.records import record
from chalicelib.tables import Account, AuditEvent, Session
from chalicelib.tables.base import Key, batch_get


@record
class Purpose:
    """What a warm-up is loaded for, beside being looked at.

    `takes`: the caller may take it, so that what the caller may hold is read, too. `told_with`: the caller reports its
    work under this lease token, and is heard whatever models it is bound to by now.
    """

    takes: bool = False
    told_with: str | None = None

    def session_key(self, context: Context) -> list[Key]:
        """The key of the caller's session, unless a lease token decides: then it is not read."""
        return [(Session, context.session_id)] if context.session_id and self.told_with is None else []


TAKING, LOOKING = Purpose(takes=True), Purpose()


def took(context: Context, account: Account, token: str | None) -> bool:
    """Whether the calling bot took the account under this token: then it may report the outcome.

    One more read where the account was taken again since, only for a bot that does not see the account.
    """
    if token is None or context.actor.kind is not ActorKind.BOT:
        return False
    if account.lease is not None and account.lease.token == token:
        return account.lease.bot_id == context.actor.id
    (taking,) = batch_get([(AuditEvent, account.subject, leases.version_of(token))])
    return taking is not None and taking.actor == f"{context.actor.kind}:{context.actor.id}"

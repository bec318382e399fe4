"""Bots: who may call the bot API, with the hashes of their keys."""

from collections.abc import Collection

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from chalicelib.context import ActorKind
from chalicelib.domain import limits
from chalicelib.domain.limits import Quota
from chalicelib.tables.attributes import (
    count,
    document,
    instant,
    maybe_count,
    maybe_digest,
    maybe_instant,
    text,
    texts,
    word,
)
from chalicelib.tables.base import Item


class Bot(Item):
    """A bot; of an earlier release, an operator. `keys` maps a key's id to what is stored of it.

    `max_leases` and `max_sessions` are its own limits, None the deployment's. `open_sessions` are the ids of the
    sessions that it has opened and not ended; those that count as lost leave when room is needed.
    """

    class Meta:
        table_name = "bots"

    bot_id = text(hash_key=True)
    role = word(ActorKind)
    name = text()
    models = texts()
    keys = document(default=dict)
    max_leases = maybe_count()
    max_sessions = maybe_count()
    open_sessions = texts()
    disabled_at = maybe_instant()
    created_at = instant()
    updated_at = instant()
    version = count()
    head = maybe_digest()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"bot:{self.bot_id}"

    def quota(self, defaults: Quota) -> Quota:
        """How much it may have at a time."""
        return limits.quota_of(defaults, self.max_leases, self.max_sessions)


def enter(session_id: str, most: int) -> tuple[Condition, Action]:
    """The condition and the update that count one more open session, of as many as the bot may have.

    `most` counts where it has no limit of its own. A session that is counted already stays.
    """
    sessions, own = Bot.open_sessions, Bot.max_sessions
    room = sessions.does_not_exist() | (own.exists() & (size(sessions) < own))
    room |= own.does_not_exist() & (size(sessions) < most)
    allowed = Bot.bot_id.exists() & Bot.disabled_at.does_not_exist()
    return allowed & (room | sessions.contains(session_id)), sessions.add({session_id})


def leave(session_ids: Collection[str]) -> Action:
    """The update that counts these sessions as open no more."""
    return Bot.open_sessions.delete(set(session_ids))

"""Sessions: one run of a bot each, with what it holds and did."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import reduce
from operator import and_

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.context import Actor, ActorKind
from chalicelib.domain.instants import parse, render
from chalicelib.domain.records import record
from chalicelib.domain.sessions import Directive, SessionStatus
from chalicelib.settings import Settings
from chalicelib.tables.attributes import (
    count,
    expiry,
    instant,
    maybe_digest,
    maybe_instant,
    maybe_text,
    maybe_word,
    text,
    texts,
    word,
)
from chalicelib.tables.base import Item, batch_get, translating_read_errors

LIVE = "live"
NO_PHASE = "-"
_PAGE = 25


class BotIndex(GlobalSecondaryIndex["Session"]):
    """Sessions of a bot."""

    class Meta:
        index_name = "bot-index"
        projection = KeysOnlyProjection()

    bot_id = text(hash_key=True)
    started_at = instant(range_key=True)


class LiveIndex(GlobalSecondaryIndex["Session"]):
    """Sessions by standing, by when they count (or counted) as lost if nothing is heard of them."""

    class Meta:
        index_name = "live-index"
        projection = KeysOnlyProjection()

    live = text(hash_key=True)
    expires_at = instant(range_key=True)


class Session(Item):
    """One run of a bot. `holds` is a set of holdings as text, only a hint: the account decides.

    What its bot ended itself stays in `holds`, and is not counted in `done` or `failed`, until the next claim or
    heartbeat. `leases_until` is until when its last heartbeat extended what it held then; an account that it holds
    knows only of the taking. `expires_at` follows heartbeats: a session that takes work is heard of, too.

    `warned` are the tokens of leases whose content was withdrawn while it was worked with; `licences` says when the
    licences of what was given under which lease end, as it was known then: a reason to look, no more.
    """

    class Meta:
        table_name = "bot_sessions"

    session_id = text(hash_key=True)
    bot_id = text()
    kind = maybe_word(ActorKind)
    client = maybe_text()
    host = maybe_text()
    live = word(SessionStatus)
    directive = word(Directive)
    holds = texts()
    warned = texts()
    licences = texts()
    note = maybe_text()
    done = count()
    failed = count()
    started_at = instant()
    last_seen_at = instant()
    expires_at = instant()
    leases_until = maybe_instant()
    ended_at = maybe_instant()
    kept_until = expiry()
    version = count()
    head = maybe_digest()

    bot_index = BotIndex()
    live_index = LiveIndex()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"session:{self.session_id}"

    def held(self) -> list["HeldLease"]:
        """What it holds, by account."""
        return [HeldLease(*holding.split(" ")) for holding in sorted(self.holds or ())]

    def in_doubt(self, now: datetime) -> set[str]:
        """The tokens of leases under which something was given whose licence should be over."""
        ends = (entry.split(" ") for entry in self.licences or ())
        return {token for token, until in ends if parse(until) <= now}


def owned_by(actor: Actor) -> Condition:
    """The condition that a session is the actor's; one of an earlier release does not say of which kind it is."""
    named: Condition = Session.bot_id == actor.id
    same: Condition = Session.kind.does_not_exist() | (Session.kind == actor.kind)
    both: Condition = named & same
    return both


@record
class HeldLease:
    """One lease that a session holds."""

    account_id: str
    lease_token: str
    phase: str

    @property
    def phase_or_none(self) -> str | None:
        """The phase, None behind the last."""
        return None if self.phase == NO_PHASE else self.phase

    def __str__(self) -> str:
        return f"{self.account_id} {self.lease_token} {self.phase}"


def lost_at(heard_of: datetime, settings: Settings) -> datetime:
    """When a session that was heard of then counts as lost."""
    return heard_of + timedelta(seconds=settings.session_seconds)


def overdue(now: datetime, limit: int) -> tuple[list[Session], datetime | None]:
    """Return up to `limit` live sessions whose time is over by their index, and when the next one's will be.

    None: there is no other.
    """
    ids: list[str] = []
    following: datetime | None = None
    with translating_read_errors():
        for row in Session.live_index.query(LIVE, page_size=_PAGE):
            if row.expires_at > now or len(ids) == limit:
                following = row.expires_at
                break
            ids.append(row.session_id)
    found = batch_get([(Session, one) for one in ids]) if ids else []
    return [one for one in found if one is not None], following


def heard(now: datetime, settings: Settings) -> list[Action]:
    """The update that says that the session was heard of. Its place in the index stays: see `services.sessions`."""
    return [
        Session.live.set(SessionStatus.LIVE),
        Session.last_seen_at.set(now),
        Session.kept_until.set(lost_at(now, settings) + timedelta(days=settings.session_days)),
    ]


def beat(now: datetime, settings: Settings, note: str | None) -> tuple[Condition, list[Action]]:
    """The condition and the update of a heartbeat, which extends what the session holds.

    One that was held up takes nothing back.
    """
    until = now + timedelta(seconds=settings.lease_seconds)
    no_later = Session.leases_until.does_not_exist() | (Session.leases_until <= until)
    actions = [
        *heard(now, settings),
        Session.expires_at.set(lost_at(now, settings)),
        Session.leases_until.set(until),
        *([] if note is None else [Session.note.set(note)]),
    ]
    return Session.ended_at.does_not_exist() & no_later, actions


def unheard(before: datetime | None) -> Condition:
    """The condition that no heartbeat has come since one said that the session's leases run until `before`."""
    return Session.leases_until.does_not_exist() if before is None else Session.leases_until == before


def settle(gone: Collection[str], *, done: int, failed: int) -> tuple[Condition, list[Action]]:
    """The condition and the update that drop leases from what the session holds, and count once what it did."""
    there = [Session.holds.contains(one) for one in sorted(gone)]
    return reduce(and_, there), [Session.holds.delete(set(gone)), *_count(done, failed)]


def exchange(
    before: Collection[str], gone: Collection[str], holding: str, *, done: int, failed: int
) -> tuple[Condition, list[Action]]:
    """The same, with one more lease: no update can add to a set and take from it."""
    held = {*before, holding} - {*gone}
    return Session.holds == set(before), [Session.holds.set(held), *_count(done, failed)]


def _count(done: int, failed: int) -> list[Action]:
    return [*([Session.done.add(done)] if done else []), *([Session.failed.add(failed)] if failed else [])]


def hold(holding: str) -> Action:
    """The update that adds a lease to what the session holds."""
    return Session.holds.add({holding})


def room(most: int) -> Condition:
    """The condition that the session holds fewer leases than `most`."""
    free: Condition = Session.holds.does_not_exist() | (size(Session.holds) < most)
    return free


def warn(token: str) -> Action:
    """The update that warns a session that content which it holds under this lease was withdrawn."""
    return Session.warned.add({token})


def licensed(token: str, until: datetime) -> Action:
    """The update that warns a session of when the licence of what it was given under this lease ends."""
    return Session.licences.add({licence_entry(token, until)})


def licence_entry(token: str, until: datetime) -> str:
    """The same, as a session keeps it."""
    return f"{token} {render(until)}"


def let_go(holding: str) -> Action:
    """The update that takes a lease from what the session holds."""
    return Session.holds.delete({holding})

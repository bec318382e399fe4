"""One accepted change of a versioned item: what is written together, with the event that records it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from pynamodb.expressions.condition import Condition

from chalicelib import audit
from chalicelib.context import Context, sources
from chalicelib.domain import forgettable
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import TemporarilyUnavailable, VersionConflict
from chalicelib.domain.instants import render
from chalicelib.domain.replay import link
from chalicelib.tables import AuditEvent
from chalicelib.tables.base import Item, batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Stale, Transaction

P = ParamSpec("P")
R = TypeVar("R")

_FIRST_WAIT = 0.01
_LONGEST_WAIT = 0.4
_LOOKED_BACK = 20


def retry_on_conflict(use_case: Callable[Concatenate[Context, P], R]) -> Callable[Concatenate[Context, P], R]:
    """A use case that reads and decides again when what it had read was stale, until the deadline of its call."""

    def attempt(context: Context, /, *args: P.args, **kwargs: P.kwargs) -> R:
        wait = _FIRST_WAIT
        while True:
            try:
                return use_case(context, *args, **kwargs)
            except Stale as stale:
                if context.time_left() < wait:
                    raise TemporarilyUnavailable() from stale
            sources.sleep(wait * (0.5 + int.from_bytes(context.entropy(2), "big") / 65536))
            wait = min(wait * 2, _LONGEST_WAIT)

    attempt.__name__, attempt.__doc__ = use_case.__name__, use_case.__doc__
    return attempt


class Versioned(Protocol):
    """What a change is of: an item that counts its accepted changes, and keeps the hash of the last one's event."""

    version: int
    head: str | None

    @property
    def subject(self) -> str: ...


class Change:
    """A change of one versioned item, with all that is written beside it."""

    def __init__(self, context: Context, item: Item) -> None:
        """`item` is new, or as it was read."""
        self.context = context
        self.item = item
        self.transitions: list[dict[str, object]] = []
        self.transaction = Transaction(context)

    def record(self, what: str, before: object, after: object) -> None:
        """Adds a transition to the event: what moved, from where to where."""
        self.transitions.append({"what": what, "from": _plain(before), "to": _plain(after)})

    def set(self, name: str, value: object) -> None:
        """Sets an attribute of the item, and records that."""
        self.record(name, getattr(self.item, name), value)
        setattr(self.item, name, set(value) or None if isinstance(value, frozenset) else value)

    @property
    def changed(self) -> str:
        """The names of what moved, as the event's details show them."""
        return ", ".join(str(one["what"]) for one in self.transitions)

    def commit(self, action: AuditAction, condition: Condition | None = None, **details: object) -> AuditEvent:
        """Writes the item, what was added and the event. Raises Stale when something was changed since it was read."""
        item = self.item
        event = self._event(item, action, details)
        if item.was_read():
            version, before = type(item).version, item.before("version")  # type: ignore[attr-defined]  # as in _event
            # an item may have been made by an update beside another's change: it has no version before its first own
            unchanged = version.does_not_exist() if before is None else version == before
            self.transaction.update(item, unchanged if condition is None else unchanged & condition)
        else:
            self.transaction.put(item, item.is_absent())
        self.transaction.commit(lambda: audit.was_stored(event))
        audit.note(self.context, event)
        return event

    def _event(self, item: Item, action: AuditAction, details: Mapping[str, object]) -> AuditEvent:
        versioned: Versioned = item  # type: ignore[assignment]  # the items that changes are made of are versioned
        versioned.version += 1
        subject, sequence = versioned.subject, versioned.version
        told = {name: _plain(value) for name, value in details.items() if value is not None}
        kept, words = audit.words_apart(self.context, subject, sequence, told)
        event = audit.event(
            self.context,
            subject=subject,
            sequence=sequence,
            action=action,
            transitions=self.transitions,
            details=kept,
            words=None if words is None else forgettable.seal(words.words, words.salt or ""),
            token=self.transaction.token,
            previous=versioned.head,
        )
        versioned.head = link(event)
        if words is not None:
            self.transaction.put(words)
        self.transaction.put(event, AuditEvent.subject.does_not_exist())
        return event


def check_if_match(context: Context, item: Versioned, shown: object = None) -> None:
    """Raises VersionConflict, with the item as it is now, where the caller has seen another version (`If-Match`).

    `shown` is of what the answer is made, where that is not the item itself.
    """
    if context.if_match is not None and context.if_match != item.version:
        detail = f"You edited version {context.if_match}, but the item is at version {item.version} now."
        raise VersionConflict(detail, item=shown or item, version=item.version)


def list_by_theme(context: Context, items: Iterable[PoolItem]) -> bool:
    """Lists by theme, too, what was made while its model had no themes. Returns whether the time sufficed for all.

    It may be called again, and at the same time: what is listed already is left alone.
    """
    for one in items:
        item: PoolItem | None = one
        while item is not None and item.themeless:
            if context.is_short_of_time:
                return False
            item.themeless = False
            transaction = Transaction(context)
            transaction.update(item, item.revise(item.updated_at))
            try:
                transaction.commit()
            except Stale:  # somebody else changed it, or listed it
                (item,) = batch_get([(type(one), one.item_id)])
    return True


def is_repeat(context: Context, item: Item, action: AuditAction, *, possible: bool = True, **details: object) -> bool:
    """Whether the item's last change was this very one: the same action by the same actor with the same details.

    Where the move is not `possible` (any more), it may have been made some changes ago: others went on from there.
    """
    versioned: Versioned = item  # type: ignore[assignment]  # as in Change
    first = versioned.version if possible else max(1, versioned.version - _LOOKED_BACK)
    events = batch_get([(AuditEvent, versioned.subject, one) for one in range(first, versioned.version + 1)])
    actor = f"{context.actor.kind}:{context.actor.id}"
    made = audit.with_words([one for one in events if one is not None and (one.action, one.actor) == (action, actor)])
    return any(all((one.details or {}).get(name) == value for name, value in details.items()) for one in made)


def was_requested(context: Context, item: Item, action: AuditAction) -> bool:
    """Whether one of the item's last changes was such an action, made by this very request before."""
    versioned: Versioned = item  # type: ignore[assignment]  # as in Change
    first = max(1, versioned.version - _LOOKED_BACK)
    events = batch_get([(AuditEvent, versioned.subject, one) for one in range(first, versioned.version + 1)])
    made = (context.known_as, f"{context.actor.kind}:{context.actor.id}", action)
    return any(one is not None and (one.known_as, one.actor, one.action) == made for one in events)


def last_change(context: Context, item: Item, action: AuditAction) -> Mapping[str, object]:
    """The details of the last such change of the item, of its last changes; empty where there is none."""
    versioned: Versioned = item  # type: ignore[assignment]  # as in Change
    first = max(1, versioned.version - _LOOKED_BACK)
    events = batch_get([(AuditEvent, versioned.subject, one) for one in range(first, versioned.version + 1)])
    made = [one for one in events if one is not None and one.action == action][-1:]
    return next((one.details or {} for one in audit.with_words(made)), {})


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return render(value) if isinstance(value, datetime) else value

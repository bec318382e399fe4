"""The record of what was done: an event in the same transaction as the change, and the call's log line."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from chalicelib.context import ActorKind, Context
from chalicelib.domain import forgettable
from chalicelib.domain.actions import AuditAction, summary, summary_for_bots
from chalicelib.tables import AccountProfile, AuditEvent
from chalicelib.tables.audit_buckets import bucket_of, day_of
from chalicelib.tables.base import Key, batch_get
from chalicelib.tables.profiles import words_key

_MOST_LOGGED = 100


def event(
    context: Context,
    *,
    subject: str,
    sequence: int,
    action: AuditAction,
    transitions: Sequence[Mapping[str, object]],
    details: Mapping[str, object],
    token: str,
    previous: str | None = None,
    words: Mapping[str, object] | None = None,
) -> AuditEvent:
    """The event of the change that makes `subject` reach that version; `words`: the seal of those kept apart."""
    actor = f"{context.actor.kind}:{context.actor.id}"
    return AuditEvent(
        subject=subject,
        sequence=sequence,
        at=context.now,
        bucket=bucket_of(day_of(context.now), actor),
        actor=actor,
        action=action,
        transitions=list(transitions),
        **_request(context),
        details=dict(details),
        words=words,
        token=token,
        previous=previous,
        kept_until=context.now + timedelta(days=context.settings.audit_days),
    )


def _request(context: Context) -> dict[str, Any]:
    """By which request, key and session something is done."""
    ids = {"request_id": context.request_id, "client_request_id": context.client_request_id}
    return {**ids, "key_id": context.actor.key_id, "session_id": context.session_id}


def words_apart(
    context: Context, subject: str, sequence: int, details: Mapping[str, object]
) -> tuple[Mapping[str, object], AccountProfile | None]:
    """The details that an event keeps, and the row of the words that it does not: of accounts alone."""
    parts = forgettable.split(details)
    if not subject.startswith("account:") or not parts.words:
        return details, None
    row = AccountProfile(
        account_id=words_key(subject, sequence),
        words=dict(parts.words),
        salt=context.entropy(forgettable.SALT_BYTES).hex(),
        kept_until=context.now + timedelta(days=context.settings.audit_days),
    )
    return parts.kept, row


def with_words(events: Sequence[AuditEvent]) -> Sequence[AuditEvent]:
    """The events with their words, or with what stands in the place of those that are erased; to be read, not written.

    One batch read where any of them has words.
    """
    sealed = [one for one in events if one.words]
    keys: list[Key] = [(AccountProfile, words_key(one.subject, one.sequence)) for one in sealed]
    for event, row in zip(sealed, batch_get(keys) if keys else (), strict=True):
        words = forgettable.tombstones(event.words["names"]) if row is None else row.words
        event.details = {**(event.details or {}), **words}
    return events


def was_stored(wanted: AuditEvent) -> bool:
    """Whether this very event, and so its transaction, was stored."""
    (found,) = batch_get([(AuditEvent, wanted.subject, wanted.sequence)])
    return found is not None and found.token == wanted.token


def note(context: Context, stored: AuditEvent) -> None:
    """Adds the event to the call's log line."""
    events = context.noted.setdefault("events", [])
    if isinstance(events, list) and len(events) < _MOST_LOGGED:
        events.append({"action": stored.action, "subject": stored.subject, "version": stored.sequence})


def note_read(context: Context, what: str) -> None:
    """Marks the call's log line as a read that matters for security: it leaves no event."""
    context.note(security=what)


def told(stored: AuditEvent) -> str:
    """The event as a sentence."""
    actor = stored.actor.replace(":", " ", 1)
    return summary(stored.action, actor=actor, subject=stored.subject, details=stored.details or {})


def told_to(context: Context, stored: AuditEvent) -> str:
    """The event as a sentence for the caller: a bot learns what was done, but not which operator did it, or why."""
    if context.actor.kind is not ActorKind.BOT:
        return told(stored)
    kind, _, name = stored.actor.partition(":")
    actor = {ActorKind.BOT: f"bot {name}", ActorKind.TIMER: "the service"}.get(ActorKind(kind), "an operator")
    return summary_for_bots(stored.action, actor=actor, subject=stored.subject, details=stored.details or {})

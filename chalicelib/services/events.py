"""The audit as operators read it: events by account, by actor, by day; and whether an account's audit is whole."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib import audit, warmups
from chalicelib.batches import each
from chalicelib.context import ActorKind, Context
from chalicelib.domain.errors import NotFound
from chalicelib.domain.records import record
from chalicelib.domain.replay import chain, differences, replay
from chalicelib.domain.warmup.state import recorded
from chalicelib.tables import Account, AuditEvent, Bot, audit_buckets, pages
from chalicelib.tables.audit_buckets import BucketRow, day_of
from chalicelib.tables.base import Key, Raw, batch_get, translating_read_errors
from chalicelib.visible import sees_account, visible_events, visible_of
from chalicelib.warmups import Loaded

_LOOKS = 2
_MOST_EXPORTED = 1000
_EXPORT_PAGE = 100
_VERIFIED_AT_ONCE = 25
_BUCKET_PAGE = 100
_MOST_SCANNED = 1000
_MOST_DAYS = 120


@record
class Verification:
    """Whether an account's audit has no gap, replays to its state, and its hashes are right.

    `chained_since`: the version from which events carry hashes; those of an earlier release do not.
    """

    account_id: str
    ok: bool
    versions: int
    chained_since: int | None
    problems: list[str]


def list_all(
    context: Context,
    *,
    limit: int,
    account_id: str | None = None,
    bot_id: str | None = None,
    day: str | None = None,
    cursor: str | None = None,
) -> tuple[list[AuditEvent], str | None]:
    """Events of one account, one bot (or operator) or one day (UTC; today where nothing is asked for), newest first.

    Where several are asked for, all must hold: one page of the first is read, and what the others do not admit is
    dropped. What a bot did is found day by day, so that a page may hold fewer than `limit`, even none, and still name a
    cursor. Raises MalformedRequest.
    """
    places = context.cursors(f"audit:{account_id}:{bot_id}:{day}")
    after = places.decode(cursor)
    actor = None if bot_id is None else _actor(bot_id)
    if not sees_account(context, account_id):
        return [], None
    if account_id is not None:
        found, following = pages.of_key(AuditEvent, f"account:{account_id}", limit=limit, after=after, forward=False)
    else:
        rows, following = _by_day(context, actor, day, limit, after)
        keys: list[Key] = [(AuditEvent, row.subject, row.sequence) for row in rows]
        found = [event for event in batch_get(keys) if event is not None] if keys else []
    asked = [event for event in found if actor in (None, event.actor) and day in (None, day_of(event.at))]
    kept = [event for event in asked if _is_kept(context, event)]
    return list(audit.with_words(visible_events(context, kept))), places.encode(following)


def _by_day(
    context: Context, actor: str | None, wanted: str | None, limit: int, after: Any
) -> tuple[list[BucketRow], Any]:
    """Up to `limit` events of a day, or of an actor on that day (`wanted` None: on all days, from today back)."""
    day, places = (wanted or day_of(context.now), {}) if after is None else (after["day"], dict(after["places"]))
    found: list[BucketRow] = []
    scanned, first = 0, day_of(_kept_since(context))
    for _ in range(_MOST_DAYS):
        buckets = audit_buckets.buckets_of(day) if actor is None else [audit_buckets.bucket_of(day, actor)]
        for row in audit_buckets.latest_first(buckets, places, max(limit, _BUCKET_PAGE)):
            if len(found) == limit or scanned == _MOST_SCANNED or context.is_short_of_time:
                return found, {"day": day, "places": places}
            places[row.bucket], scanned = row.place, scanned + 1
            if actor in (None, row.actor):
                found.append(row)
        if actor is None or wanted is not None or day <= first:
            return found, None
        day, places = day_of(datetime.fromisoformat(day) - timedelta(days=1)), {}
        if context.is_short_of_time:
            break
    return found, {"day": day, "places": places}


def _actor(bot_id: str) -> str:
    """What the audit calls somebody: who is not in the list has the key that the stage was made with."""
    (bot,) = batch_get([(Bot, bot_id)])
    return f"{ActorKind.OPERATOR if bot is None else bot.role}:{bot_id}"


def _is_kept(context: Context, event: AuditEvent) -> bool:
    """Whether retention still covers the event, under the setting that it was written with and under today's."""
    return event.at > _kept_since(context) and not event.is_over(context.now)


def _kept_since(context: Context) -> datetime:
    return context.now - timedelta(days=context.settings.audit_days)


def export(context: Context, *, cursor: str | None = None, **asked: str | None) -> tuple[list[AuditEvent], str | None]:
    """Up to 1,000 events, newest first, and where the next call goes on. Raises MalformedRequest."""
    audit.note_read(context, "audit:export")
    found: list[AuditEvent] = []
    while len(found) < _MOST_EXPORTED:
        page, cursor = list_all(context, limit=_EXPORT_PAGE, cursor=cursor, **asked)
        found.extend(page)
        if cursor is None or context.time_left() < context.settings.deadline_seconds / 2:
            break
    return found, cursor


def verify(context: Context, account_id: str) -> Verification:
    """Replays the audit of an account, checks its hashes, and compares it with what is stored; of one that is older
    than what retention keeps, the events that are left. Raises NotFound.
    """
    loaded, events = _read_both(context, account_id)
    for _ in range(_LOOKS):
        if (events[-1].sequence if events else 0) == loaded.account.version:
            break
        loaded, events = _read_both(context, account_id)  # it moved on between the two reads, or has a gap
    replayed = replay(events, whole=_is_whole(context, loaded))
    problems = differences(replayed, loaded.account.version, recorded(loaded.warmup))
    chained = chain(events, loaded.account.head)
    problems += [] if chained.problem is None else [chained.problem]
    return Verification(account_id, not problems, len(events), chained.since, problems)


def _is_whole(context: Context, loaded: Loaded) -> bool:
    """Whether retention still covers the account's first event."""
    return loaded.account.created_at > _kept_since(context)


def verify_all(
    context: Context, *, limit: int, model_id: str | None = None, cursor: str | None = None
) -> tuple[list[Verification], str | None]:
    """The same for up to `limit` accounts (of one model, or all), and where the next call goes on.

    A call that runs short of time answers fewer; an account that is there from the first call to the last is verified
    once. Raises MalformedRequest.
    """
    places = context.cursors(f"verify:{model_id}")
    after = places.decode(cursor)
    found: list[Verification] = []
    while len(found) < limit:
        page, after = _some_accounts(model_id, min(_VERIFIED_AT_ONCE, limit - len(found)), after)
        verified = each(context, lambda account: _verify_one(context, account), visible_of(context, page))
        found += [one for one in verified if one is not None]
        if after is None or context.time_left() < context.settings.deadline_seconds / 2:
            break
    return found, places.encode(after)


def _some_accounts(model_id: str | None, limit: int, after: Raw | None) -> tuple[list[Account], Raw | None]:
    if model_id is None:
        return pages.everything(Account, limit=limit, after=after)
    return pages.by_index(Account, Account.model_index, model_id, limit=limit, after=after)


def _verify_one(context: Context, account: Account) -> Verification | None:
    try:
        return verify(context, account.account_id)
    except NotFound:  # it was found by a read that may be behind
        return None


def _read_both(context: Context, account_id: str) -> tuple[Loaded, list[AuditEvent]]:
    loaded = warmups.load_whole(context, account_id)
    with translating_read_errors():
        events = list(AuditEvent.query(loaded.account.subject, consistent_read=True))
    return loaded, [event for event in events if _is_kept(context, event)]

"""What the service answers: each document is made once, here, in the shape that `shapes` gives it."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar, cast

from chalicelib import audit
from chalicelib.domain import rights, timing
from chalicelib.routes import shapes
from chalicelib.services.claims import Step
from chalicelib.services.edits import User
from chalicelib.services.events import Verification
from chalicelib.services.pipeline import Hour, Overview
from chalicelib.services.pools import Upload
from chalicelib.settings import Settings
from chalicelib.tables import Account, AuditEvent, Content, Setting, Text
from chalicelib.tables.pools import PoolItem

T = TypeVar("T")
_FIRST_WORDS = 120


def members(shape: type[T], found: object, **made: object) -> T:
    """A document of that shape: each member is `found`'s attribute of the same name, but for those made otherwise."""
    wanted = cast(type[shapes.AnyShape], shape)
    document = {
        name: made[name] if name in made else getattr(found, name)
        for name in wanted.__annotations__
        if name in made or name in wanted.__required_keys__
    }
    return cast(T, document)


def page(items: Iterable[T], next_cursor: str | None) -> shapes.Page[T]:
    """A list."""
    return {"items": list(items), "next_cursor": next_cursor}


def claims(found: Step, *, dry_run: bool) -> shapes.Claims:
    """One step of a walk over what has no claim yet."""
    return members(shapes.Claims, found, dry_run=dry_run, clashes=[members(shapes.Clash, one) for one in found.clashes])


def content(found: Content, now: datetime) -> shapes.Content:
    """A media item."""
    return members(shapes.Content, found, **_item(found, now))


def linked(found: Content, now: datetime, link: tuple[str, datetime] | None) -> shapes.LinkedContent:
    """A media item, and where its file can be had, until when."""
    more = {} if link is None else {"url": link[0], "url_expires_at": link[1]}
    return members(shapes.LinkedContent, found, **content(found, now), **more)


def text(found: Text, now: datetime) -> shapes.Text:
    """A text."""
    return members(shapes.Text, found, **_item(found, now))


def upload(found: Upload) -> shapes.Upload:
    """A form that uploads one file: a secret."""
    return members(shapes.Upload, found, url=found.form.url, fields=dict(found.form.fields))


def user(found: User) -> shapes.User:
    """An account that was given an item."""
    return members(shapes.User, found)


def _item(found: PoolItem, now: datetime) -> dict[str, object]:
    licence = {"licensed_by": found.licensed_by, "valid_until": found.licence_valid_until}
    return {
        "status": rights.status_of(found, now),
        "tags": sorted(found.tags or ()),
        "licence": licence if found.licensed_by else None,
    }


def event(found: AuditEvent) -> shapes.AuditEvent:
    """An audit event: a sentence for people, fields for machines."""
    kind, _, actor_id = found.actor.partition(":")
    return members(
        shapes.AuditEvent,
        found,
        version=found.sequence,
        actor={"kind": kind, "id": actor_id},
        sentence=audit.told(found),
    )


def verification(found: Verification) -> shapes.Verification:
    """Whether an account's audit is whole."""
    return members(shapes.Verification, found, ok=not found.problems)


def pauses(found: Setting) -> shapes.Pauses:
    """What is paused."""
    return members(shapes.Pauses, found, reason=found.pause_reason, paused_models=sorted(found.paused_models))


def changed_pauses(found: Setting, replayed: bool) -> shapes.ChangedPauses:
    """What is paused, after a move."""
    return {**pauses(found), "replayed": replayed}


def _at_work(found: Account | None) -> shapes.AtWork | None:
    if found is None or found.working_since is None:
        return None
    return {"account_id": found.account_id, "since": found.working_since}


def overview(found: Overview, now: datetime) -> shapes.Overview:
    """How the whole pipeline stands; of the pools, as the last whole look at all models found them."""
    watched = found.watched
    counts = None if watched is None else watched.did["counts"]
    return members(
        shapes.Overview,
        found,
        **pauses(found.pauses),
        now=now,
        review={**found.review, "total": sum(found.review.values()), "oldest": found.oldest_review},
        pools_watched_at=None if watched is None else watched.ran_at,
        models_watched=None if counts is None else counts["models"],
        models_incomplete=None if counts is None else counts.get("incomplete", 0),
        pools_dry_within_7_days=None if counts is None else counts["dry_within_a_week"],
        longest_at_work=_at_work(found.longest_at_work),
        dry_models=[] if watched is None else watched.did["soon"],
        timers=[_timer(one) for one in found.timers],
    )


def _timer(found: Setting) -> shapes.Timer:
    name = found.name.removeprefix("timer:")
    return members(shapes.Timer, found, name=name, silent_after_seconds=int(timing.silent_after(name).total_seconds()))


def throughput(found: Iterable[Hour], now: datetime) -> shapes.Throughput:
    """What was done, by the hour."""
    return {"hours": [members(shapes.Hour, one) for one in found], "now": now}


def service(settings: Settings, store: str, now: datetime) -> shapes.Service:
    """What runs, on which store, with which times."""
    names = members(shapes.StoreNames, settings, endpoint=store)
    return members(shapes.Service, settings, now=now, store=names)

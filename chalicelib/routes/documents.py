"""What the service answers: each document is made once, here, in the shape that `shapes` gives it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar, cast

from chalicelib import audit
from chalicelib.domain import accounts, leases, rights, timing
from chalicelib.domain.blockers import Blocker
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import ORDER, Status
from chalicelib.domain.queues import queues_of
from chalicelib.routes import shapes
from chalicelib.services.accounts import Changed, Found, RowOutcome
from chalicelib.services.claims import Step
from chalicelib.services.deliveries import Delivery
from chalicelib.services.edits import User
from chalicelib.services.events import Verification
from chalicelib.services.leases import AskAgain, Claims, Offer, Ready
from chalicelib.services.phases import Completion, Report
from chalicelib.services.pipeline import Hour, Overview
from chalicelib.services.pools import Upload
from chalicelib.services.review import Case, Decided, Group, Result
from chalicelib.services.roster import Done, Move, Shown
from chalicelib.services.sessions import Beat, Directed, Held
from chalicelib.settings import Settings
from chalicelib.tables import Account, AuditEvent, Content, Phase, Session, Setting, Text
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.sessions import Holding

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


class _Looked(Protocol):
    @property
    def looked_at(self) -> int: ...
    @property
    def next_cursor(self) -> str | None: ...


def look(items: Iterable[T], found: _Looked) -> shapes.Look[T]:
    """A list that was looked through."""
    return {"items": list(items), "next_cursor": found.next_cursor, "looked_at": found.looked_at}


def ready(found: Ready) -> shapes.ReadyPage:
    """What can be worked on now."""
    offers = [offer(one) for one in found.offers]
    return {"items": offers, "next_cursor": found.next_cursor, **_ask_again(found.ask_again)}


def _ask_again(found: AskAgain | None) -> shapes.AskAgain:
    """When a caller that got nothing asks again."""
    if found is None:
        return {}
    return {"next_due_at": found.next_due_at, "retry_after_seconds": found.retry_after_seconds}


def offer(found: Offer) -> shapes.Offer:
    """An account that can be worked on."""
    return members(shapes.Offer, found)


def own_lease(lease: Lease, settings: Settings) -> shapes.OwnLease:
    """A lease, to its holder only."""
    return members(shapes.OwnLease, lease, lease_token=lease.token, lease_seconds=settings.lease_seconds)


def claimed(session_id: str | None, found: Claims, settings: Settings) -> shapes.Claim:
    """What a claim gave."""
    items: list[shapes.Claimed] = [
        {**offer(one.offer), "lease": own_lease(one.lease, settings), "held": one.held} for one in found.items
    ]
    return {"session_id": session_id, "items": items, **_ask_again(found.ask_again)}


def released(account_id: str, replayed: bool) -> shapes.Released:
    """A lease that was given back."""
    return {"account_id": account_id, "released": True, "replayed": replayed}


def status(found: Found, now: datetime) -> shapes.WarmupStatus:
    """The status document."""
    account, warmup = found.warmup.account, found.warmup
    completed = sum(phase.status is Status.COMPLETED for phase in warmup.phases.values())
    return members(
        shapes.WarmupStatus,
        account,
        plan={"name": account.plan.name, "version": account.plan.version},
        phases=[phase(warmup.phases[name]) for name in ORDER if name in warmup.phases],
        progress={"completed": completed, "total": len(ORDER)},
        lease=_lease(account.lease, now),
        blockers=[blocker(one) for one in found.blockers],
    )


def _lease(lease: Lease | None, now: datetime) -> shapes.Lease | None:
    if lease is None or lease.ended_by is not None:
        return None
    return members(shapes.Lease, lease, live=leases.is_live(lease, now))


def blocker(found: Blocker) -> shapes.Blocker:
    """One thing that stands in the way."""
    return members(shapes.Blocker, found)


def phase(found: Phase) -> shapes.Phase:
    """A phase with all its fields."""
    return members(shapes.Phase, found)


def changed(found: Changed, now: datetime) -> shapes.ChangedWarmup:
    """The status document after a move."""
    return {**status(found.found, now), "replayed": found.replayed}


def readied(found: Changed, now: datetime, warnings: list[str]) -> shapes.ReadiedWarmup:
    """The status document after the account was declared ready."""
    return {**changed(found, now), "warnings": warnings}


def started(found: Changed, now: datetime, settings: Settings) -> shapes.StartedWarmup:
    """The status document after the start, with the lease to its holder."""
    lease = None if found.lease is None else own_lease(found.lease, settings)
    return cast(shapes.StartedWarmup, {**changed(found, now), "lease": lease})


def delivery(found: Delivery, settings: Settings) -> shapes.Delivery:
    """What a worker is given for a phase."""
    item, text = found.content, found.text
    return {
        "account_id": found.account_id,
        "phase": found.phase,
        "assignment_id": found.assignment_id,
        "content": None if item is None else _media(item, found.url, found.url_expires_at),
        "text": None if text is None else {"text_id": text.text_id, "body": text.body},
        "withdrawn": bool(found.withdrawn),
        "withdrawn_ids": sorted(found.withdrawn),
        "score": found.score,
        "reason": found.reason,
        "lease": own_lease(found.lease, settings),
    }


def _media(item: Content, url: str | None, expires_at: datetime | None) -> shapes.Media:
    return members(shapes.Media, item, url=url, url_expires_at=expires_at)


def completion(found: Completion) -> shapes.Completion:
    """A completed phase and what is next."""
    return members(shapes.Completion, found, phase=phase(found.phase), next=members(shapes.Next, found.next))


def report(found: Report) -> shapes.Report:
    """A phase after a report of failure."""
    return members(shapes.Report, found, phase=phase(found.phase))


def opened(found: Session, settings: Settings) -> shapes.OpenedSession:
    """A session that was just opened."""
    return {
        "session_id": found.session_id,
        "lease_seconds": settings.lease_seconds,
        "heartbeat_seconds": settings.heartbeat_seconds,
    }


def session(found: Session) -> shapes.Session:
    """A session as operators see it."""
    return members(shapes.Session, found, status=found.live, held=_holdings(found.held()))


def _holdings(found: Iterable[Holding]) -> list[shapes.Holding]:
    return [members(shapes.Holding, one, phase=one.phase_or_none) for one in found]


def changed_session(found: Directed) -> shapes.ChangedSession:
    """A session after a move."""
    return {**session(found.session), "replayed": found.replayed, "not_attempted": len(found.held)}


def ended_session(found: Directed) -> shapes.ChangedSession:
    """A session that has ended: it holds nothing but what the time of the call did not suffice for."""
    return {**changed_session(found), "held": _holdings(found.held)}


def own_session(found: Session, held: list[Held], settings: Settings) -> shapes.OwnSession:
    """A session with what it holds, tokens included: to itself only."""
    mine = [members(shapes.OwnHolding, one, lease=own_lease(one.lease, settings)) for one in held]
    return members(shapes.OwnSession, found, **opened(found, settings), status=found.live, held=mine)


def beat(found: Beat) -> shapes.Heartbeat:
    """The answer to a heartbeat."""
    return members(
        shapes.Heartbeat,
        found,
        held=[
            {
                "account_id": one.account_id,
                "phase": one.phase_or_none,
                "expires_at": until,
                "withdrawn": one.lease_token in found.warned,
            }
            for one, until in found.held
        ],
        lost=[members(shapes.LostHold, one) for one in found.lost],
    )


def account(found: Account, now: datetime) -> shapes.Account:
    """An account in a list."""
    return members(shapes.Account, found, lease=_lease(found.lease, now), **_listed(found, now))


def _listed(found: Account, now: datetime) -> dict[str, object]:
    return {
        "action": accounts.step(found.state, found.current_phase),
        "tags": sorted(found.tags or ()),
        "queues": sorted(queues_of(found, now)),
        "working_since": found.working_since if leases.is_live(found.lease, now) else None,
    }


def listed(found: Account, now: datetime) -> shapes.ListedAccount:
    """An account in a list, without its phases."""
    return members(shapes.ListedAccount, found, **account(found, now))


def shown(found: Shown, now: datetime) -> shapes.ListedAccount:
    """An account in a list that shows more: its phases in order, and what the current one was assigned."""
    order = {str(name): place for place, name in enumerate(ORDER)}
    item, text = found.content, found.text
    assigned: shapes.Assigned = {
        "content": None if item is None else members(shapes.AssignedMedia, item, url=found.url),
        "text": None if text is None else {"text_id": text.text_id, "body": text.body[:_FIRST_WORDS]},
    }
    phases = sorted(found.phases, key=lambda one: order[one.phase])
    return members(
        shapes.ListedAccount,
        found.account,
        **account(found.account, now),
        content_due_at=found.account.content_due_at,
        phases=[members(shapes.Cell, one) for one in phases],
        assigned=assigned,
    )


def moved(found: Done, move: Move, *, dry_run: bool, now: datetime) -> shapes.BulkMove:
    """One step of a move on many accounts."""
    return {
        "action": move,
        "dry_run": dry_run,
        "matched": len(found.outcomes),
        "counts": dict(sorted(Counter(one.outcome for one in found.outcomes).items())),
        "results": [members(shapes.MovedAccount, one) for one in found.outcomes],
        "next_cursor": found.next_cursor,
        "as_of": now,
    }


def whole_account(found: Found, now: datetime) -> shapes.WholeAccount:
    """An account as operators see it."""
    stored = found.warmup.account
    counts = {"crash_count": stored.crash_count or 0, "release_count": stored.release_count or 0}
    return members(shapes.WholeAccount, stored, **status(found, now), **_listed(stored, now), **counts)


def created_account(found: Found, replayed: bool, now: datetime) -> shapes.CreatedAccount:
    """An account that is in the service's care now."""
    return {**whole_account(found, now), "replayed": replayed}


def row(found: RowOutcome, line: int) -> shapes.ImportedAccount:
    """What became of a row of an import, and the line on which it begins."""
    document = members(shapes.ImportedAccount, found, line=line)
    return document if found.error is None else {**document, "error": error(found.error)}


def error(found: ServiceError) -> shapes.RowError:
    """An error inside an answer."""
    return cast(shapes.RowError, {"code": found.code, "detail": found.detail, **found.members})


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


def case(found: Case) -> shapes.Case:
    """A phase that failed or needs people."""
    stored = found.account
    known = {"account_id": stored.account_id, "model_id": stored.model_id, "username": stored.username}
    return members(shapes.Case, found.phase, **known, state=stored.state, since=found.phase.updated_at)


def group(found: Group) -> shapes.CaseGroup:
    """Cases of one error code and phase."""
    sample = {"message": found.sample, "account_ids": found.account_ids}
    return members(shapes.CaseGroup, found, sample=sample)


def groups(found: Iterable[Group], seen: _Looked) -> shapes.CaseGroups:
    """The groups of a page of the queue."""
    more = seen.next_cursor
    return {"items": [*map(group, found)], "next_cursor": more, "looked_at": seen.looked_at, "partly": more is not None}


def decided(found: Decided, now: datetime) -> shapes.ChangedWarmup:
    """The status document after people's move."""
    return {**status(Found(found.warmup, found.blockers), now), "replayed": found.replayed}


def retried(results: list[Result], *, dry_run: bool, more: bool, now: datetime) -> shapes.BulkRetry:
    """What became of a bulk retry."""
    return {
        "dry_run": dry_run,
        "matched": len(results),
        "counts": dict(Counter(one.outcome for one in results)),
        "more": more,
        "as_of": now,
        "items": [members(shapes.RetryResult, one) for one in results],
    }


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

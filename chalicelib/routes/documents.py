"""What the service answers: each shape of the contract is written once, here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chalicelib import audit
from chalicelib.domain import accounts, leases
from chalicelib.domain.blockers import Blocker
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import ORDER, Status
from chalicelib.services.accounts import Changed, Found, RowOutcome
from chalicelib.services.bots import NewKey
from chalicelib.services.deliveries import Delivery
from chalicelib.services.edits import User
from chalicelib.services.events import Verification
from chalicelib.services.leases import Claimed, Offer, Ready
from chalicelib.services.phases import Completion, Report
from chalicelib.services.pipeline import Overview
from chalicelib.services.pools import Upload
from chalicelib.services.review import Case, Decided, Group, Result
from chalicelib.services.sessions import Beat, Held
from chalicelib.settings import Settings
from chalicelib.tables import Account, AuditEvent, Bot, Content, CreatorModel, Phase, Session, Setting, Text
from chalicelib.tables.pools import PoolItem

Document = dict[str, Any]


def page(items: Iterable[Document], next_cursor: str | None) -> Document:
    """A list."""
    return {"items": list(items), "next_cursor": next_cursor}


def ready(found: Ready) -> Document:
    """What can be worked on now."""
    document = page(map(offer, found.offers), found.next_cursor)
    return document if found.offers else {**document, "next_due_at": found.next_due_at}


def offer(found: Offer) -> Document:
    """An account that can be worked on."""
    return {
        "account_id": found.account_id,
        "model_id": found.model_id,
        "username": found.username,
        "action": found.action,
        "phase": found.phase,
        "due_at": found.due_at,
    }


def own_lease(lease: Lease, settings: Settings) -> Document:
    """A lease, to its holder only."""
    return {
        "session_id": lease.session_id,
        "lease_token": lease.token,
        "expires_at": lease.expires_at,
        "lease_seconds": settings.lease_seconds,
    }


def claimed(session_id: str | None, items: list[Claimed], settings: Settings) -> Document:
    """What a claim gave."""
    return {
        "session_id": session_id,
        "items": [{**offer(one.offer), "lease": own_lease(one.lease, settings), "held": one.held} for one in items],
    }


def status(found: Found, now: datetime) -> Document:
    """The status document."""
    account, warmup = found.warmup.account, found.warmup
    completed = sum(phase.status is Status.COMPLETED for phase in warmup.phases.values())
    return {
        "account_id": account.account_id,
        "model_id": account.model_id,
        "username": account.username,
        "theme": account.theme,
        "state": account.state,
        "plan": {"name": account.plan.name, "version": account.plan.version},
        "current_phase": account.current_phase,
        "phases": [phase(warmup.phases[name]) for name in ORDER if name in warmup.phases],
        "progress": {"completed": completed, "total": len(ORDER)},
        "lease": _lease(account.lease, now),
        "blockers": [blocker(one) for one in found.blockers],
        "created_at": account.created_at,
        "updated_at": account.updated_at,
        "version": account.version,
    }


def _lease(lease: Lease | None, now: datetime) -> Document | None:
    if lease is None or lease.ended_by is not None:
        return None
    return {**leases.describe(lease), "live": leases.is_live(lease, now)}


def blocker(found: Blocker) -> Document:
    """One thing that stands in the way."""
    return {"code": found.code, "until": found.until, "detail": found.detail}


_PHASE = (
    *("phase", "status", "available_at", "started_at", "completed_at", "bot_id", "bot_session_id"),
    *("assigned_content_id", "assigned_text_id", "content_assigned_at"),
    *("error_code", "error_kind", "error_message", "error_details"),
    *("retry_count", "crash_count", "swap_count", "attempt", "skipped", "execution_time_ms", "platform_response"),
    "updated_at",
)


def phase(found: Phase) -> Document:
    """A phase with all its fields."""
    return {name: getattr(found, name) for name in _PHASE}


def changed(found: Changed, now: datetime) -> Document:
    """The status document after a move."""
    return {**status(found.found, now), "replayed": found.replayed}


def started(found: Changed, now: datetime, settings: Settings) -> Document:
    """The status document after the start, with the lease to its holder."""
    lease = None if found.lease is None else own_lease(found.lease, settings)
    return {**changed(found, now), "lease": lease}


def delivery(found: Delivery, settings: Settings) -> Document:
    """What a worker is given for a phase."""
    item, text = found.content, found.text
    return {
        "account_id": found.account_id,
        "phase": found.phase.phase,
        "assignment_id": found.assignment.assignment_id,
        "content": None if item is None else _media(item, found.url, found.url_expires_at),
        "text": None if text is None else {"text_id": text.text_id, "body": text.body},
        "withdrawn": bool(found.withdrawn),
        "withdrawn_ids": sorted(found.withdrawn),
        "score": found.assignment.assignment_score,
        "reason": found.assignment.assignment_reason,
        "lease": own_lease(found.lease, settings),
    }


def _media(item: Content, url: str | None, expires_at: datetime | None) -> Document:
    shown = ("content_id", "media_type", "sha256", "width", "height", "bytes")
    return {**{name: getattr(item, name) for name in shown}, "url": url, "url_expires_at": expires_at}


def completion(found: Completion) -> Document:
    """A completed phase and what is next."""
    coming = found.next
    return {
        "account_id": found.account_id,
        "phase": phase(found.phase),
        "next": {"action": coming.action, "phase": coming.phase, "available_at": coming.available_at},
        "late": found.late,
        "replayed": found.replayed,
    }


def report(found: Report) -> Document:
    """A phase after a report of failure."""
    return {
        "account_id": found.account_id,
        "phase": phase(found.phase),
        "outcome": found.outcome,
        "available_at": found.available_at,
        "replayed": found.replayed,
    }


def opened(found: Session, settings: Settings) -> Document:
    """A session that was just opened."""
    return {
        "session_id": found.session_id,
        "lease_seconds": settings.lease_seconds,
        "heartbeat_seconds": settings.heartbeat_seconds,
    }


def session(found: Session) -> Document:
    """A session as operators see it."""
    shown = ("session_id", "bot_id", "client", "host", "directive", "note", "done", "failed")
    times = ("started_at", "last_seen_at", "expires_at", "ended_at")
    held = [{"account_id": one.account_id, "phase": one.phase_or_none} for one in found.held()]
    return {**{name: getattr(found, name) for name in (*shown, *times)}, "status": found.live, "held": held}


def own_session(found: Session, held: list[Held], settings: Settings) -> Document:
    """A session with what it holds, tokens included: to itself only."""
    mine = [{"account_id": one.account_id, "phase": one.phase, "lease": own_lease(one.lease, settings)} for one in held]
    return {**session(found), **opened(found, settings), "held": mine}


def beat(found: Beat) -> Document:
    """The answer to a heartbeat."""
    return {
        "session_id": found.session_id,
        "expires_at": found.expires_at,
        "held": [
            {
                "account_id": one.account_id,
                "phase": one.phase_or_none,
                "expires_at": until,
                "withdrawn": one.lease_token in found.warned,
            }
            for one, until in found.held
        ],
        "lost": [{"account_id": one.account_id, "reason": one.reason} for one in found.lost],
        "directive": found.directive,
    }


def account(found: Account, now: datetime) -> Document:
    """An account in a list."""
    shown = ("account_id", "model_id", "username", "theme", "state", "current_phase", "phase_status", "due_at")
    return {
        **{name: getattr(found, name) for name in shown},
        "action": accounts.step(found.state, found.current_phase),
        "tags": sorted(found.tags or ()),
        "lease": _lease(found.lease, now),
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "version": found.version,
    }


def whole_account(found: Found, now: datetime) -> Document:
    """An account as operators see it."""
    stored = found.warmup.account
    return {**account(stored, now), **status(found, now), "consent": stored.consent}


def row(found: RowOutcome) -> Document:
    """What became of a row of an import."""
    document = {"row": found.row, "outcome": found.outcome, "account_id": found.account_id}
    return document if found.error is None else {**document, "error": error(found.error)}


def error(found: ServiceError) -> Document:
    """An error inside an answer."""
    return {"code": found.code, "detail": found.detail, **found.members}


def model(found: CreatorModel) -> Document:
    """A model."""
    shown = ("model_id", "name", "paused", "created_at", "updated_at", "version")
    return {**{name: getattr(found, name) for name in shown}, "themes": sorted(found.themes or ())}


def content(found: Content) -> Document:
    """A media item."""
    shown = ("content_id", "media_key", "media_type", "sha256", "bytes", "width", "height")
    return {**{name: getattr(found, name) for name in shown}, **_item(found)}


def text(found: Text) -> Document:
    """A text."""
    return {"text_id": found.text_id, "body": found.body, **_item(found)}


def upload(found: Upload) -> Document:
    """A form that uploads one file: a secret."""
    form = {"url": found.form.url, "fields": dict(found.form.fields)}
    return {"media_key": found.media_key, **form, "expires_at": found.expires_at}


def user(found: User) -> Document:
    """An account that was given an item."""
    return {name: getattr(found, name) for name in found.__slots__}


def _item(found: PoolItem) -> Document:
    shown = (
        *("model_id", "category", "theme", "status", "enabled", "quality_score", "usage_count", "max_usage"),
        *(
            "successes",
            "failures",
            "last_assigned_at",
            "created_at",
            "created_by",
            "approved_by",
            "updated_at",
            "version",
        ),
    )
    licence = {"licensed_by": found.licensed_by, "valid_until": found.licence_valid_until}
    return {
        **{name: getattr(found, name) for name in shown},
        "tags": sorted(found.tags or ()),
        "licence": licence if found.licensed_by else None,
    }


def bot(found: Bot) -> Document:
    """A bot or an operator; of its keys everything but the secrets."""
    keys = [
        {"key_id": key_id, "created_at": key["created_at"], "revoked_at": key["revoked_at"]}
        for key_id, key in sorted(found.keys.items())
    ]
    shown = ("bot_id", "role", "name", "created_at", "updated_at", "version")
    models = None if found.models is None else sorted(found.models)
    return {**{name: getattr(found, name) for name in shown}, "models": models, "keys": keys}


def new_key(found: NewKey) -> Document:
    """A key that was just made: the only time that it is shown."""
    return {"bot_id": found.bot_id, "key_id": found.key_id, "key": found.key}


def event(found: AuditEvent) -> Document:
    """An audit event: a sentence for people, fields for machines."""
    kind, _, actor_id = found.actor.partition(":")
    return {
        "subject": found.subject,
        "version": found.sequence,
        "at": found.at,
        "actor": {"kind": kind, "id": actor_id},
        "action": found.action,
        "moves": found.moves,
        "request_id": found.request_id,
        "session_id": found.session_id,
        "details": found.details,
        "sentence": audit.told(found),
    }


def verification(found: Verification) -> Document:
    """Whether an account's audit is whole."""
    return {
        "account_id": found.account_id,
        "ok": not found.problems,
        "versions": found.versions,
        "problems": found.problems,
    }


def case(found: Case) -> Document:
    """A phase that failed or needs people."""
    stored = found.account
    known = {"account_id": stored.account_id, "model_id": stored.model_id, "username": stored.username}
    return {**known, "state": stored.state, **phase(found.phase), "since": found.phase.updated_at}


def group(found: Group) -> Document:
    """Cases of one error code and phase."""
    return {
        "code": found.code,
        "phase": found.phase,
        "kind": found.kind,
        "count": found.count,
        "first_seen": found.first_seen,
        "last_seen": found.last_seen,
        "sample": {"message": found.sample, "account_ids": found.account_ids},
    }


def decided(found: Decided, now: datetime) -> Document:
    """The status document after people's move."""
    return {**status(Found(found.warmup, found.blockers), now), "replayed": found.replayed}


def result(found: Result) -> Document:
    """What became of one case of a bulk retry."""
    return {"account_id": found.account_id, "phase": found.phase, "outcome": found.outcome, "detail": found.detail}


def pauses(found: Setting) -> Document:
    """What is paused."""
    return {
        "pipeline_paused": found.pipeline_paused,
        "reason": found.pause_reason,
        "paused_models": sorted(found.paused_models),
        "version": found.version,
    }


def overview(found: Overview, now: datetime) -> Document:
    """How the whole pipeline stands; `pools_dry_within_7_days` counts models, as of the last look ahead (or null)."""
    looked = next((timer.did for timer in found.timers if timer.name == "timer:watch_pools"), None) or {}
    return {
        **pauses(found.pauses),
        "now": now,
        "states": found.states,
        "phases": found.phases,
        "due_now": found.due_now,
        "oldest_waiting": found.oldest_waiting,
        "review": {**found.review, "total": sum(found.review.values()), "oldest": found.oldest_review},
        "live_sessions": found.live_sessions,
        "pools_dry_within_7_days": looked.get("dry_within_a_week"),
        "timers": [
            {"name": timer.name.removeprefix("timer:"), "ran_at": timer.ran_at, "did": timer.did}
            for timer in found.timers
        ],
        "partly": found.partly,
    }

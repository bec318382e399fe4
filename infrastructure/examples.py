"""The examples in OpenAPI: a value for each member by its name, from which whole bodies and answers are made."""

from collections.abc import Mapping
from typing import Any

PHASES = ("pfp", "bio", "post", "highlight", "story")
_AT, _LATER = "2026-11-22T12:00:00.000Z", "2026-11-22T12:15:00.000Z"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SESSION = "ses_01KAT3Z1V6Q2W4R5T6Y7U8I9O0"

BY_TYPE: Mapping[str, Any] = {"string": "…", "integer": 1, "number": 1.0, "boolean": False, "object": {}, "None": None}
BY_NAME: Mapping[str, Any] = {
    "account_id": "nora-1",
    "account_ids": ["nora-1"],
    "accounts_under_way": 24,
    "accounts_unmet": 0,
    "all_users": True,
    "approved_by": "operator:root",
    "as_of": _AT,
    "assigned_at": _AT,
    "assigned_by": "bot:bot-1",
    "assigned_content_id": "nora-post-01",
    "assigned_text_id": "nora-post-text-01",
    "assignment_id": "asg_01KAT3Z1V6Q2W4R5T6Y7U8I9O0",
    "assignment_reason": "content nora-post-01 leads post with 83.5",
    "assignment_score": 83.5,
    "at": _AT,
    "attempt": 1,
    "available_at": _LATER,
    "behind": 12.5,
    "blockers": [],
    "body": "Up before the birds.",
    "bot_id": "bot-1",
    "bot_session_id": _SESSION,
    "bytes": 48213,
    "category": "post",
    "client": "nora-bot/1",
    "code": "platform_timeout",
    "committed": True,
    "complete": True,
    "completed": 2,
    "completed_at": _LATER,
    "content_assigned_at": _AT,
    "content_due_at": _LATER,
    "content_id": "nora-post-01",
    "content_type": "post",
    "counts": {"created": 1, "unchanged": 0, "refused": 0},
    "counted_at": _AT,
    "created_at": _AT,
    "created_by": "operator:root",
    "current_phase": "post",
    "cursor": "eyJhIjoxfQ",
    "day": "2026-11-22",
    "delivered_at": _AT,
    "detail": "the interval of post has not passed",
    "details": {},
    "did": {"opened": 3},
    "done": 12,
    "dry_run": False,
    "due_at": _AT,
    "due_now": 3,
    "eligible": 12,
    "enabled": True,
    "ended_at": _LATER,
    "endpoint": "https://dynamodb.eu-central-1.amazonaws.com",
    "error_code": "platform_timeout",
    "error_details": None,
    "error_kind": None,
    "error_message": None,
    "execution_time_ms": 4200,
    "expires_at": _LATER,
    "failed": 1,
    "failed_before": _AT,
    "failures": 1,
    "fallback_share": 0.1,
    "fallbacks": 1,
    "fields": {"key": "media/nora/one.jpg", "policy": "eyJ…"},
    "filename": "one.jpg",
    "first_seen": _AT,
    "freshness": 75.0,
    "from_any": 0,
    "granted_at": "2026-01-01T00:00:00.000Z",
    "granted_by": "Nora Lind",
    "heartbeat_seconds": 300,
    "height": 1350,
    "held": True,
    "host": "worker-3",
    "id": "bot-1",
    "item_id": "nora-post-01",
    "items": 40,
    "key": "wk_bot-1_…",
    "key_id": "key_01KAT3Z1V6Q2W4R5T6Y7U8I9O0",
    "kind": "transient",
    "last_assigned_at": _AT,
    "last_seen": _LATER,
    "last_seen_at": _LATER,
    "late": False,
    "lease_seconds": 900,
    "lease_token": "lt_7_01KAT3Z1V6Q2W4R5T6Y7U8I9O0",
    "licensed_by": "Nora Lind",
    "ids": "acc-1,acc-2",
    "limit": 25,
    "live": True,
    "live_sessions": 4,
    "lost_sessions": 0,
    "matched": 1,
    "max_usage": 4,
    "media_bucket": "warmup-media",
    "media_key": "media/nora/9f86d081.jpg",
    "media_type": "image/jpeg",
    "message": "the platform did not answer in time",
    "model_id": "nora",
    "model_ids": ["nora"],
    "models": ["nora"],
    "more": False,
    "name": "Nora Lind",
    "next_cursor": None,
    "next_due_at": _LATER,
    "note": "two accounts left",
    "now": _AT,
    "ok": True,
    "older_than_seconds": 3600,
    "oldest": _AT,
    "oldest_waiting": _AT,
    "order": "oldest",
    "others": 4,
    "outcome": "created",
    "part": "quality",
    "partly": False,
    "parts": {"quality": 12.5},
    "paused": False,
    "paused_models": [],
    "performance_score": 71.0,
    "phase": "post",
    "phase_status": "available",
    "pipeline_paused": False,
    "platform_response": {"status": "published"},
    "pointer": "/username",
    "pools_dry_within_7_days": 0,
    "dry_models": [],
    "problems": [],
    "quality": 80.0,
    "quality_score": 80.0,
    "queue": "due",
    "queue_shards": 1,
    "queues": {"due": 3, "waiting": 18, "working": 2, "starved": 0},
    "ran_at": _AT,
    "rank": 63.5,
    "reason": "the owner asked for it",
    "reasons": {"used_up": 2},
    "reference": "contract 7",
    "refused": {"used_up": 2},
    "release": "0.1.0",
    "released": True,
    "relevance": 100.0,
    "replayed": False,
    "request_id": "req_01KAT3Z1V6Q2W4R5T6Y7U8I9O0",
    "requires_review": 1,
    "retry_after_seconds": 60,
    "retry_count": 0,
    "revoked_at": None,
    "row": 1,
    "score": 83.5,
    "scores": {"content": {"score": 83.5, "rank": 63.5, "quality": 80.0, "category": "post"}},
    "sentence": "bot bot-1 completed post of account:nora-1",
    "session_id": _SESSION,
    "session_seconds": 1800,
    "sha256": _SHA256,
    "since": _AT,
    "skipped": False,
    "started_at": _AT,
    "state": "warming_up",
    "states": {"ready": 3, "warming_up": 20, "active": 1},
    "subject": "account:nora-1",
    "success": 75.0,
    "successes": 3,
    "table_prefix": "warmup-",
    "tags": ["spring"],
    "text": "nora",
    "text_id": "nora-post-text-01",
    "theme": "forest",
    "themes": ["dawn", "forest"],
    "total": 5,
    "until": None,
    "unused": 2,
    "updated_at": _AT,
    "url": "https://media.example/nora/one.jpg",
    "url_expires_at": _LATER,
    "url_seconds": 900,
    "usage_count": 1,
    "used_at": _LATER,
    "used_up": 2,
    "username": "nora.one",
    "uses": 31,
    "uses_left": 90,
    "uses_needed": 40,
    "valid_until": "2027-12-31T00:00:00.000Z",
    "version": 3,
    "versions": 3,
    "warnings": [],
    "what": "phase:post",
    "width": 1080,
    "without_code": False,
    "with_phases": True,
    "with_url": True,
    "withdrawn": False,
    "withdrawn_ids": [],
}
"""By a member's name, where its type admits the value."""

_AT_WORK: Mapping[str, Any] = {
    "status": "in_progress",
    "available_at": _AT,
    "completed_at": None,
    "error_code": None,
    "crash_count": 0,
    "swap_count": 0,
    "execution_time_ms": None,
    "platform_response": None,
}
_FAILED: Mapping[str, Any] = {
    "error_code": "platform_timeout",
    "error_kind": "transient",
    "error_message": "the platform did not answer in time",
    "retry_count": 3,
}
BY_SHAPE: Mapping[str, Mapping[str, Any]] = {
    "Assignment": {"outcome": "completed", "ended_at": _LATER},
    "AuditEvent": {"action": "phase:complete"},
    "BulkMove": {"counts": {"done": 1}},
    "Case": {**_AT_WORK, **_FAILED, "status": "requires_review"},
    "Cell": {"status": "in_progress", "completed_at": None, "error_code": None},
    "ChangedSession": {"ended_at": None},
    "Claimed": {"action": "run_phase"},
    "CreatedAccount": {
        "state": "imported",
        "current_phase": None,
        "phase_status": None,
        "phases": [],
        "progress": {"completed": 0, "total": 5},
        "lease": None,
        "due_at": None,
        "action": None,
    },
    "AccountWithAssignments": {"action": "run_phase", "phase_status": "in_progress", "due_at": _LATER},
    "Happened": {"action": "lease:expire"},
    "ListedAccount": {"action": "run_phase"},
    "MovedAccount": {"detail": None},
    "Next": {"action": "run_phase", "phase": "highlight"},
    "Offer": {"action": "run_phase"},
    "OwnSession": {"ended_at": None},
    "Phase": _AT_WORK,
    "RetryResult": {"outcome": "retried", "detail": None},
    "Session": {"ended_at": None},
}
"""By the name of a shape, over what its members' names say: members that go together, as they can stand together."""

_FINISHED = {"status": "completed", "completed_at": _LATER, "execution_time_ms": 4200}
_SETTLED = {"status": "ended", "ended_at": _LATER, "held": []}
BY_OPERATION: Mapping[str, Mapping[str, Any]] = {
    "accounts.complete_warmup": {
        "state": "active",
        "current_phase": None,
        "lease": None,
        "phases": [],
        "progress": {"completed": 5, "total": 5},
    },
    "accounts.pause": {"state": "paused"},  # the work under way may be finished
    "accounts.ready": {
        "state": "ready",
        "current_phase": None,
        "lease": None,
        "phases": [],
        "progress": {"completed": 0, "total": 5},
    },
    "accounts.retire": {"state": "retired", "lease": None},
    "phases.complete_phase": {"phase": _FINISHED},
    "phases.report_error": {"phase": {**_FAILED, "status": "failed", "available_at": _LATER, "retry_count": 1}},
    "review.retry_all": {"counts": {"retried": 1}},
    "sessions.end": _SETTLED,
    "sessions.stop": _SETTLED,
}
"""By operation, over the example of its answer: what it has just done."""


def over(example: Any, more: Mapping[str, Any]) -> Any:
    """Put these members over those of an example: inside an object that has them all, else in its place."""
    if not isinstance(example, dict):
        return example
    return {name: _over(one, more[name]) if name in more else one for name, one in example.items()}


def _over(one: Any, more: Any) -> Any:
    inside = isinstance(one, dict) and isinstance(more, dict) and more and more.keys() <= one.keys()
    return over(one, more) if inside else more


TOLD: Mapping[str, str] = {
    "account_id": "An account.",
    "action": "What a worker is to do.",
    "bot_id": "A bot or an operator.",
    "category": "Items of this category.",
    "code": "The error code with which it failed.",
    "content_id": "A media item.",
    "cursor": "Where to go on: `next_cursor` of the page before.",
    "day": "A day (UTC).",
    "dry_run": "Only say what would be done.",
    "error_code": "Accounts whose phase failed with this code.",
    "error_kind": "Accounts whose phase failed with this kind of error.",
    "ids": "These accounts, with commas between their ids; of them those that the rest admits.",
    "key_id": "A key.",
    "kind": "The kind of error with which it failed.",
    "limit": "How many at most.",
    "model_id": "A model.",
    "name": "A file.",
    "older_than_seconds": "Failed at least so long ago.",
    "order": "By time, which end first.",
    "phase": "A phase.",
    "phase_status": "The status of an account's current phase.",
    "queue": "Where an account stands in the queues.",
    "session_id": "A session.",
    "state": "Accounts in this state.",
    "status": "Those with this status.",
    "text": "A part of the user name or of the id, in any case.",
    "text_id": "A text.",
    "with_phases": "Each account with its phases and what its current one was assigned.",
    "without_code": "Those whose error was reported without a code.",
    "with_url": "Each item with a URL that gives its file for a while; a secret.",
}
"""What the parameters of paths and queries mean."""

PAGES: Mapping[str, str] = {
    "/console": "The operators' console",
    "/console/{name}": "A file or a screen of the console",
    "/docs": "This document, to read and try",
    "/docs/{name}": "A file of that page",
    "/docs/errors/{code}": "What a problem's code means, and what to do",
    "/openapi.json": "This document",
}

_CSV = {
    "accounts": "model_id,account_id,username,granted_by,granted_at,reference\n"
    "nora,nora-1,nora.one,Nora Lind,2026-01-01T00:00:00Z,contract 7\n",
    "content": "content_id,category,quality_score,max_usage,media_key,media_type,sha256,bytes\n"
    f"nora-post-01,post,80,4,media/nora/9f86d081.jpg,image/jpeg,{_SHA256},48213\n",
    "texts": "text_id,category,quality_score,max_usage,body\nnora-bio-text-01,bio,80,4,Up before the birds.\n",
}
_LINES = {
    "accounts": '{"model_id": "nora", "account_id": "nora-1", "username": "nora.one"}\n',
    "content": '{"content_id": "nora-post-01", "category": "post", "quality_score": 80, "max_usage": 4, "media_key": '
    f'"media/nora/9f86d081.jpg", "media_type": "image/jpeg", "sha256": "{_SHA256}", "bytes": 48213}}\n',
    "texts": '{"category": "bio", "quality_score": 80, "max_usage": 4, "body": "Up before the birds."}\n',
}


def rows(name: str, media_type: str) -> str:
    """The body of an import."""
    return (_CSV if media_type == "text/csv" else _LINES)[name.partition(".")[0]]


_FACTS: Mapping[str, Mapping[str, Any]] = {
    "invalid_input": {"errors": [{"pointer": "/username", "detail": "Field required"}]},
    "account_leased": {
        "lease": {"session_id": _SESSION, "bot_id": "bot-2", "expires_at": _LATER},
        "retry_after_seconds": 412,
    },
    "lease_superseded": {
        "happened": {"at": _AT, "action": "lease:expire", "sentence": "the lease of bot-1 on account:nora-1 ran out"}
    },
    "phase_not_available": {"available_at": _LATER, "retry_after_seconds": 900},
    "phases_incomplete": {"phases": ["highlight", "story"]},
    "content_unavailable": {"reasons": {"used_up": 2}, "what": "content", "available_at": _LATER},
    "move_not_possible": {"state": "active", "possible_moves": ["retire"]},
    "content_refused": {"reason": "used"},
    "too_many_keys": {"live_keys": ["key_01KAT3Z1V6Q2W4R5T6Y7U8I9O0", "key_01KAT3Z1V6Q2W4R5T6Y7U8I9O1"]},
    "temporarily_unavailable": {"retry_after_seconds": 2},
    "version_conflict": {"version": 4},
    "account_not_ready": {"state": "imported"},
}


def problem(code: str, status: int, detail: str, *, retryable: bool) -> Mapping[str, Any]:
    """A problem document of that code."""
    return {
        "type": f"/docs/errors/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": BY_NAME["request_id"],
        "retryable": retryable,
        **_FACTS.get(code, {}),
    }

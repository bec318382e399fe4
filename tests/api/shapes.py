"""The shapes of the contract, member by member. An answer may hold more, never less."""

from typing import Any

PHASE = {
    *("phase", "status", "available_at", "started_at", "completed_at", "bot_id", "bot_session_id"),
    *("assigned_content_id", "assigned_text_id", "content_assigned_at", "error_message", "error_details"),
    *("retry_count", "crash_count", "replacement_count", "execution_time_ms", "platform_response", "created_at"),
    "updated_at",
}
STATUS = {
    *("account_id", "model_id", "username", "theme", "state", "plan", "current_phase", "phases", "progress"),
    *("lease", "blockers", "created_at", "updated_at", "version"),
}
LEASE = {"session_id", "bot_id", "expires_at", "live"}
OWN_LEASE = {"session_id", "lease_token", "expires_at", "lease_seconds"}
OFFER = {"account_id", "model_id", "username", "action", "phase", "due_at"}
CLAIMED = OFFER | {"lease", "held"}
DELIVERY = {"account_id", "phase", "assignment_id", "content", "text", "score", "reason", "lease"}
CONTENT = {"content_id", "media_type", "url", "url_expires_at", "sha256", "width", "height", "bytes"}
TEXT = {"text_id", "body"}
COMPLETION = {"account_id", "phase", "next", "late", "replayed"}
NEXT = {"action", "phase", "available_at"}
REPORT = {"account_id", "phase", "outcome", "available_at", "replayed"}
BEAT = {"session_id", "expires_at", "held", "lost", "directive"}
BLOCKER = {"code", "until", "detail"}
EVENT = {
    *("subject", "version", "at", "actor", "action", "transitions", "request_id", "session_id", "details", "summary"),
}
PROBLEM = {"type", "title", "status", "detail", "code", "request_id", "retryable"}


def is_status(document: Any, *, started: bool = True) -> None:
    """The status document with everything in it."""
    assert set(document) >= STATUS
    assert set(document["plan"]) >= {"name", "version", "digest"}
    assert set(document["progress"]) >= {"completed", "total"}
    names = [phase["phase"] for phase in document["phases"]]
    assert names == (["pfp", "bio", "post", "highlight", "story"] if started else [])
    for phase in document["phases"]:
        assert set(phase) >= PHASE
    for blocker in document["blockers"]:
        assert set(blocker) >= BLOCKER


def is_delivery(document: Any) -> None:
    """The answer to a request for content."""
    assert set(document) >= DELIVERY
    assert document["content"] is None or set(document["content"]) >= CONTENT
    assert document["text"] is None or set(document["text"]) >= TEXT
    assert set(document["lease"]) >= OWN_LEASE

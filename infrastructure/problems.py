"""Every code that a problem document can carry: its status, what it means (from the errors themselves), what to do."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.context import ActorKind
from chalicelib.domain import errors
from chalicelib.domain.errors import NotFound, ServiceError
from chalicelib.edge.endpoints import Endpoint
from chalicelib.edge.problems import STATUS


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `retryable`: the same request, sent later, has a chance (`sometimes`: the document says)."""

    code: str
    status: int
    detail: str
    remedy: str
    retryable: bool
    retry_after: bool = False


NOUNS = ("account", "phase", "session", "model", "content", "text", "bot", "user", "key", "plan", "version")
_REMEDIES: Mapping[str, str] = {
    "malformed_request": "Correct the request as `detail` says: its JSON, a query parameter, a cursor or a header.",
    "unauthenticated": "Send `Authorization: Bearer <key>` with a key that is live; a revoked one never works again.",
    "forbidden": "Ask a user of one of `roles`, which have `permission`; bots work under `/api/bot`, users elsewhere.",
    "invalid_input": "Correct each member that `errors` names by its JSON pointer.",
    "body_too_large": "Send less at once: imports in parts, documents without what nobody reads.",
    "unsupported_media_type": "Name the media type of the body in `Content-Type`, one that this route takes.",
    "account_not_ready": "Look at the account's state; an operator makes it ready, or the warm-up has to start first.",
    "consent_missing": "Record who owns the account and agreed (`POST …/consent`), then declare it ready.",
    "consent_withdrawn": "Take other work; only a new consent of the owner (`POST …/consent`) lifts this.",
    "consent_expired": "Take other work; only a new consent of the owner (`POST …/consent`) lifts this.",
    "account_paused": "Take other work; this is handed out again when somebody resumes. Finished work is accepted.",
    "model_busy": "Take work of another model, or ask again later: a slot is free when a lease on this model ends.",
    "account_leased": "Leave it to its holder, or ask again after `retry_after_seconds`.",
    "lease_superseded": "Stop working on this account: `happened` says what ended the lease and when.",
    "phase_not_available": "Come back at `available_at`; if there is none, an operator must decide first.",
    "phase_not_in_progress": "Ask for the phase's content first, or take it that somebody has settled it already.",
    "phases_incomplete": "Complete the `phases` that are listed first.",
    "content_unavailable": "Put items into the pool, or enable or license those that `reasons` counts.",
    "invalid_transition": "Choose one of `possible_transitions`.",
    "content_not_eligible": "Give another item: `reason` says what is against this one.",
    "already_exists": "Use another id, or edit what is there; `duplicate_of` names an item that is the same.",
    "four_eyes": "Have somebody else approve the item.",
    "session_ended": "Open a new session.",
    "too_many_keys": "Revoke one of `live_keys` first.",
    "last_admin": "Make somebody else an admin, with a key, or keep this one.",
    "plan_not_published": "Publish a version of the plan, or name one that is published.",
    "version_conflict": "Read the item again (`current`), make your change to that, send its `ETag`.",
    "temporarily_unavailable": "Send the same request again after `retry_after_seconds`; it is never done twice.",
    "quota_reached": "Finish or release what the bot holds, or end a session; an operator can raise its limits.",
    "rate_limited": "Send the same request again after `Retry-After` seconds, and fewer of them.",
    "internal_error": "A defect of the service: give its operators the `request_id`.",
    "route_not_found": "Compare the path with `/openapi.json`.",
    "method_not_allowed": "Use one of the methods in `Allow`.",
}
_MISSING = "Compare the id; a bot whose key is bound to models sees only those."
_WAITS = ("account_leased", "phase_not_available", "content_unavailable", "temporarily_unavailable", "rate_limited")


def _classes(kind: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _classes(child)


def _status(kind: type[ServiceError]) -> int:
    return next(STATUS[one] for one in kind.__mro__ if one in STATUS)


def _codes() -> Iterator[Code]:
    for kind in _classes():
        own = "code" in vars(kind) and kind not in (errors.Refused,)
        if own:
            yield _code(kind.code, _status(kind), (kind.__doc__ or "").strip(), kind.retryable)
    for noun in NOUNS:
        told = f"There is no such {noun}, or this key does not see it."
        yield Code(f"{noun}_not_found", _status(NotFound), told, _MISSING, retryable=False)


def _code(code: str, status: int, detail: str, retryable: bool) -> Code:
    waits = code in _WAITS
    return Code(code, status, detail, _REMEDIES[code], retryable or code == "phase_not_available", waits)


CODES: Mapping[str, Code] = {code.code: code for code in sorted(_codes(), key=lambda one: (one.status, one.code))}


def works_on_accounts(endpoint: Endpoint) -> bool:
    """Whether it is called by workers under their session: bots, and operators from the console."""
    return endpoint.path.startswith(("/api/bot/accounts/", "/api/operator/tasks/accounts/"))


def codes_of(endpoint: Endpoint) -> Iterator[Code]:
    """The codes with which a route can answer."""
    yield CODES["malformed_request"]
    if endpoint.kind is not None:
        yield from (CODES["unauthenticated"], CODES["forbidden"])
    nouns = [name.removesuffix("_id") for name in re.findall(r"{(\w+)}", endpoint.path)] + list(endpoint.missing)
    if (endpoint.kind is ActorKind.BOT or works_on_accounts(endpoint)) and "session" not in nouns:
        nouns.append("session")
    yield from (CODES[f"{noun}_not_found"] for noun in sorted(set(nouns)))
    for kind in sorted(endpoint.refuses, key=lambda one: one.code):
        yield CODES[kind.code]
    if endpoint.method == "PATCH":
        yield CODES["version_conflict"]
    if endpoint.method != "GET":
        yield from (CODES["body_too_large"], CODES["unsupported_media_type"], CODES["invalid_input"])
    yield from (CODES["rate_limited"], CODES["internal_error"], CODES["temporarily_unavailable"])

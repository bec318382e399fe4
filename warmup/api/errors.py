"""What the service can refuse, an exception for each code. Written by `make openapi`: change the routes, not this."""

from collections.abc import Mapping

from warmup import problems


class MalformedRequest(problems.ApiError):
    """The request cannot be read.

    Correct the request as `detail` says: its JSON, a query parameter, a cursor or a header.
    """


class Unauthenticated(problems.AuthError):
    """Send a valid key as `Authorization: Bearer <key>`.

    Send `Authorization: Bearer <key>` with a key that is live; a revoked one never works again.
    """


class Forbidden(problems.AuthError):
    """The key's role does not cover this.

    Ask a user of one of `roles`, which have `permission`; bots work under `/api/bot`, users elsewhere.
    """


class AccountNotFound(problems.NotFound):
    """There is no such account, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class BotNotFound(problems.NotFound):
    """There is no such bot, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class ContentNotFound(problems.NotFound):
    """There is no such content, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class KeyNotFound(problems.NotFound):
    """There is no such key, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class ModelNotFound(problems.NotFound):
    """There is no such model, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class PhaseNotFound(problems.NotFound):
    """There is no such phase, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class PlanNotFound(problems.NotFound):
    """There is no such plan, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class RouteNotFound(problems.NotFound):
    """There is no such route.

    Compare the path with `/openapi.json`.
    """


class SessionNotFound(problems.NotFound):
    """There is no such session, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class TextNotFound(problems.NotFound):
    """There is no such text, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class UserNotFound(problems.NotFound):
    """There is no such user, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class VersionNotFound(problems.NotFound):
    """There is no such version, or this key does not see it.

    Compare the id; a bot whose key is bound to models sees only those.
    """


class MethodNotAllowed(problems.ApiError):
    """This path does not know this method.

    Use one of the methods in `Allow`.
    """


class AccountLeased(problems.Conflict):
    """Another lease on this account is live.

    Leave it to its holder, or ask again after `retry_after_seconds`.
    """


class AccountNotReady(problems.Conflict):
    """The account is not in the state that this needs.

    Look at the account's state; an operator makes it ready, or the warm-up has to start first.
    """


class AccountPaused(problems.Conflict):
    """New work is not handed out: the account, its model or the whole pipeline is paused. Finished work is accepted.

    Take other work; this is handed out again when somebody resumes. Finished work is accepted.
    """


class AlreadyExists(problems.Conflict):
    """Something else has this id already.

    Use another id, or edit what is there; `duplicate_of` names an item that is the same.
    """


class ConsentExpired(problems.Conflict):
    """The consent of this account's owner has ended: nothing is handed out until a new one is recorded.

    Take other work; only a new consent of the owner (`POST …/consent`) lifts this.
    """


class ConsentMissing(problems.Conflict):
    """Nobody has said that the owner of this account agreed: record the consent first.

    Record who owns the account and agreed (`POST …/consent`), then declare it ready.
    """


class ConsentWithdrawn(problems.Conflict):
    """The owner of this account has withdrawn the consent: nothing is handed out until a new one is recorded.

    Take other work; only a new consent of the owner (`POST …/consent`) lifts this.
    """


class ContentNotEligible(problems.Conflict):
    """This item cannot be given to this account.

    Give another item: `reason` says what is against this one.
    """


class ContentUnavailable(problems.Conflict):
    """No item of the pool is eligible, neither in the phase's category nor in `any`.

    Put items into the pool, or enable or license those that `reasons` counts.
    """


class FourEyes(problems.Conflict):
    """The creator of an item may not approve it: the plan demands four eyes.

    Have somebody else approve the item.
    """


class InvalidTransition(problems.Conflict):
    """This transition is not possible from here.

    Choose one of `possible_transitions`.
    """


class LastAdmin(problems.Conflict):
    """There would be no admin with a live key left: give somebody else the role and a key first.

    Make somebody else an admin, with a key, or keep this one.
    """


class LeaseSuperseded(problems.Conflict):
    """This lease token was current once; the account has moved on since.

    Stop working on this account: `happened` says what ended the lease and when.
    """


class ModelBusy(problems.Conflict):
    """As many accounts of the model are worked on as its `max_concurrent` allows.

    Take work of another model, or ask again later: a slot is free when a lease on this model ends.
    """


class PhaseNotAvailable(problems.Conflict):
    """The phase cannot be worked on now.

    Come back at `available_at`; if there is none, an operator must decide first.
    """


class PhaseNotInProgress(problems.Conflict):
    """Nobody is working on this phase.

    Ask for the phase's content first, or take it that somebody has settled it already.
    """


class PhasesIncomplete(problems.Conflict):
    """The warm-up cannot be completed before all of its phases are.

    Complete the `phases` that are listed first.
    """


class PlanNotPublished(problems.Conflict):
    """No account can start on this plan: none of its versions is published, or the one that is named is not.

    Publish a version of the plan, or name one that is published.
    """


class SessionEnded(problems.Conflict):
    """This session has ended. Open a new one.

    Open a new session.
    """


class TooManyKeys(problems.Conflict):
    """A bot or a user has at most two live keys: revoke one first.

    Revoke one of `live_keys` first.
    """


class VersionConflict(problems.Conflict):
    """The item has changed since it was read.

    Read the item again (`current`), make your change to that, send its `ETag`.
    """


class BodyTooLarge(problems.ApiError):
    """The body is larger than 262,144 bytes.

    Send less at once: imports in parts, documents without what nobody reads.
    """


class UnsupportedMediaType(problems.ApiError):
    """Send the body as `Content-Type: application/json`.

    Name the media type of the body in `Content-Type`, one that this route takes.
    """


class InvalidInput(problems.ApiError):
    """The body is well-formed, but something in it is missing, unknown or out of range.

    Correct each member that `errors` names by its JSON pointer.
    """


class QuotaReached(problems.TryLater):
    """This bot holds as many leases, or has as many live sessions, as it may.

    Finish or release what the bot holds, or end a session; an operator can raise its limits.
    """


class RateLimited(problems.TryLater):
    """Too many requests: send this one again after `retry_after_seconds`, and fewer of them.

    Send the same request again after `Retry-After` seconds, and fewer of them.
    """


class InternalError(problems.ApiError):
    """The request could not be done.

    A defect of the service: give its operators the `request_id`.
    """


class TemporarilyUnavailable(problems.TryLater):
    """The store cannot be reached or is throttling; the same request may be sent again.

    Send the same request again after `retry_after_seconds`; it is never done twice.
    """


BY_CODE: Mapping[str, type[problems.ApiError]] = {
    "malformed_request": MalformedRequest,
    "unauthenticated": Unauthenticated,
    "forbidden": Forbidden,
    "account_not_found": AccountNotFound,
    "bot_not_found": BotNotFound,
    "content_not_found": ContentNotFound,
    "key_not_found": KeyNotFound,
    "model_not_found": ModelNotFound,
    "phase_not_found": PhaseNotFound,
    "plan_not_found": PlanNotFound,
    "route_not_found": RouteNotFound,
    "session_not_found": SessionNotFound,
    "text_not_found": TextNotFound,
    "user_not_found": UserNotFound,
    "version_not_found": VersionNotFound,
    "method_not_allowed": MethodNotAllowed,
    "account_leased": AccountLeased,
    "account_not_ready": AccountNotReady,
    "account_paused": AccountPaused,
    "already_exists": AlreadyExists,
    "consent_expired": ConsentExpired,
    "consent_missing": ConsentMissing,
    "consent_withdrawn": ConsentWithdrawn,
    "content_not_eligible": ContentNotEligible,
    "content_unavailable": ContentUnavailable,
    "four_eyes": FourEyes,
    "invalid_transition": InvalidTransition,
    "last_admin": LastAdmin,
    "lease_superseded": LeaseSuperseded,
    "model_busy": ModelBusy,
    "phase_not_available": PhaseNotAvailable,
    "phase_not_in_progress": PhaseNotInProgress,
    "phases_incomplete": PhasesIncomplete,
    "plan_not_published": PlanNotPublished,
    "session_ended": SessionEnded,
    "too_many_keys": TooManyKeys,
    "version_conflict": VersionConflict,
    "body_too_large": BodyTooLarge,
    "unsupported_media_type": UnsupportedMediaType,
    "invalid_input": InvalidInput,
    "quota_reached": QuotaReached,
    "rate_limited": RateLimited,
    "internal_error": InternalError,
    "temporarily_unavailable": TemporarilyUnavailable,
}

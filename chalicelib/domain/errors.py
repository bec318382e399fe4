"""Everything that the service can refuse, as facts. The class docstring is the default message.

ServiceError
├── MalformedRequest · Unauthenticated · Forbidden · InvalidInput
├── RateLimited · QuotaReached
├── BodyTooLarge · UnsupportedMediaType
├── NotFound
├── Refused                        a conflict with the current state
│   ├── AccountNotReady · AccountPaused · ModelBusy · PhasesIncomplete
│   ├── AccountLeased · LeaseSuperseded
│   ├── PhaseNotAvailable · PhaseNotInProgress
│   ├── ContentUnavailable · ContentNotEligible · FileWithdrawn
│   ├── InvalidTransition · AlreadyExists · Duplicate · FourEyes
│   ├── ConsentMissing · ConsentWithdrawn · ConsentExpired
│   ├── SessionEnded · TooManyKeys · LastAdmin · PlanNotPublished
│   └── VersionConflict
└── TemporarilyUnavailable

`code` is the contract's word for the error. HTTP is not known here: the edge has the one table from class to status.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:  # facts name phases and actions, whose modules raise these errors
    from chalicelib.domain.facts import Facts, Fault

_SHOWN = 64


class ServiceError(Exception):
    """The request could not be done."""

    code = "internal_error"
    retryable = False

    def __init__(self, detail: str | None = None, **members: Unpack[Facts]) -> None:
        """`members` are further members of the problem document; None is left out."""
        self.detail = detail or (type(self).__doc__ or "").strip()
        given = {name: value for name, value in members.items() if value is not None}
        self.members: Facts = given  # type: ignore[assignment]  # some of the members that are Facts
        super().__init__(self.detail)


class MalformedRequest(ServiceError):
    """The request cannot be read."""

    code = "malformed_request"


class Unauthenticated(ServiceError):
    """Send a valid key as `Authorization: Bearer <key>`."""

    code = "unauthenticated"


class Forbidden(ServiceError):
    """The key's role does not cover this."""

    code = "forbidden"


class InvalidInput(ServiceError):
    """The body is well-formed, but something in it is missing, unknown or out of range."""

    code = "invalid_input"

    def __init__(self, errors: Sequence[Fault], detail: str | None = None) -> None:
        """`errors`: `{pointer, detail}` for each member at fault; `pointer` is a JSON pointer."""
        super().__init__(detail, errors=list(errors))


class RateLimited(ServiceError):
    """Too many requests: send this one again after `retry_after_seconds`, and fewer of them."""

    code = "rate_limited"
    retryable = True


class QuotaReached(ServiceError):
    """This bot holds as many leases, or has as many live sessions, as it may."""

    code = "quota_reached"
    retryable = True


class BodyTooLarge(ServiceError):
    """The body is larger than 262,144 bytes."""

    code = "body_too_large"


class UnsupportedMediaType(ServiceError):
    """Send the body as `Content-Type: application/json`."""

    code = "unsupported_media_type"


class NotFound(ServiceError):
    """There is no such thing, or this key does not see it."""

    def __init__(self, noun: str, identifier: str) -> None:
        """`noun` is the contract's word: `account`, `phase`, `session`, `content`, …"""
        self.code = f"{noun}_not_found"
        shown = identifier if len(identifier) <= _SHOWN else f"{identifier[:_SHOWN]}…"
        super().__init__(f"There is no {noun} {shown!r} that this key can see.")


class Refused(ServiceError):
    """The request conflicts with the current state."""

    code = "refused"


class AccountNotReady(Refused):
    """The account is not in the state that this needs."""

    code = "account_not_ready"


class ConsentMissing(Refused):
    """Nobody has said that the owner of this account agreed: record the consent first."""

    code = "consent_missing"


class ConsentWithdrawn(Refused):
    """The owner of this account has withdrawn the consent: nothing is handed out until a new one is recorded."""

    code = "consent_withdrawn"


class ConsentExpired(Refused):
    """The consent of this account's owner has ended: nothing is handed out until a new one is recorded."""

    code = "consent_expired"


class AccountPaused(Refused):
    """New work is not handed out: the account, its model or the whole pipeline is paused. Finished work is accepted."""

    code = "account_paused"
    retryable = True


class ModelBusy(Refused):
    """As many accounts of the model are worked on as its `max_concurrent` allows."""

    code = "model_busy"
    retryable = True


class AccountLeased(Refused):
    """Another lease on this account is live."""

    code = "account_leased"
    retryable = True


class LeaseSuperseded(Refused):
    """This lease token was current once; the account has moved on since."""

    code = "lease_superseded"


class PhaseNotAvailable(Refused):
    """The phase cannot be worked on now."""

    code = "phase_not_available"

    def __init__(self, detail: str | None = None, available_at: datetime | None = None) -> None:
        """`available_at`: when it can be, where that is known."""
        super().__init__(detail, available_at=available_at)
        self.retryable = available_at is not None


class PhaseNotInProgress(Refused):
    """Nobody is working on this phase."""

    code = "phase_not_in_progress"


class PhasesIncomplete(Refused):
    """The warm-up cannot be completed before all of its phases are."""

    code = "phases_incomplete"


class ContentUnavailable(Refused):
    """No item of the pool is eligible, neither in the phase's category nor in `any`."""

    code = "content_unavailable"
    retryable = True


class InvalidTransition(Refused):
    """This transition is not possible from here."""

    code = "invalid_transition"

    def __init__(self, subject: str, state: str, move: str, possible: Sequence[str]) -> None:
        """`possible`: the transitions that are."""
        self.state = state
        super().__init__(
            f"`{move}` is not possible for {_a(subject)} that is `{state}`; "
            f"possible: {', '.join(possible) or 'nothing'}.",
            state=state,
            possible_transitions=list(possible),
        )


class ContentNotEligible(Refused):
    """This item cannot be given to this account."""

    code = "content_not_eligible"


class FileWithdrawn(ContentNotEligible):
    """This file was withdrawn: no model may use it until the item that was withdrawn is approved again."""


class AlreadyExists(Refused):
    """Something else has this id already."""

    code = "already_exists"


class Duplicate(AlreadyExists):
    """The model has this very file, or this very text, already."""

    def __init__(self, detail: str | None = None, **members: Unpack[Facts]) -> None:
        """`duplicate_of`: the item that it is the same as; its status and category, where that item was found."""
        named = f"{self.__doc__} It is {members.get('duplicate_of')}"
        if "duplicate_status" in members and "duplicate_category" in members:
            status, category = members["duplicate_status"], members["duplicate_category"]
            named += f", `{status}`, in the category `{category}`: change that one by PATCH"
        super().__init__(detail or (f"{named}." if "duplicate_of" in members else None), **members)


class FourEyes(Refused):
    """The creator of an item may not approve it: the plan demands four eyes."""

    code = "four_eyes"


class SessionEnded(Refused):
    """This session has ended. Open a new one."""

    code = "session_ended"


class TooManyKeys(Refused):
    """A bot or a user has at most two live keys: revoke one first."""

    code = "too_many_keys"


class LastAdmin(Refused):
    """There would be no admin with a live key left: give somebody else the role and a key first."""

    code = "last_admin"


class PlanNotPublished(Refused):
    """No account can start on this plan: none of its versions is published, or the one that is named is not."""

    code = "plan_not_published"


class VersionConflict(Refused):
    """The item has changed since it was read."""

    code = "version_conflict"

    def __init__(self, detail: str | None = None, *, item: object = None, **members: Unpack[Facts]) -> None:
        """`item`: the item as it is now; the edge shows it as the route answers it."""
        super().__init__(detail, **members)
        self.item = item


class TemporarilyUnavailable(ServiceError):
    """The store cannot be reached or is throttling; the same request may be sent again."""

    code = "temporarily_unavailable"
    retryable = True

    def __init__(self, detail: str | None = None, retry_after_seconds: int = 2) -> None:
        """`retry_after_seconds`: when to send the request again."""
        super().__init__(detail, retry_after_seconds=retry_after_seconds)


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"

"""Why an account cannot be taken now: the answer to "why is this not handed out?", and the gate that takers pass.

One list serves both: `blockers` lists what blocks the account, and `refuse` raises the first of them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import NoReturn, Protocol, assert_never

from chalicelib.domain import accounts, consents, leases
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.consents import Consent, ConsentState
from chalicelib.domain.errors import (
    AccountLeased,
    AccountNotReady,
    AccountPaused,
    ContentUnavailable,
    ModelBusy,
    PhaseNotAvailable,
)
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.records import record


class BlockerCode(StrEnum):
    """What can block an account."""

    NOT_READY = "not_ready"
    INTERVAL = "interval"
    RETRY_DELAY = "retry_delay"
    LEASED = "leased"
    REVIEW = "review"
    PAUSED = "paused"
    CONTENT_UNAVAILABLE = "content_unavailable"
    CONSENT_MISSING = "consent_missing"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    MODEL_BUSY = "model_busy"
    FINISHED = "finished"
    RETIRED = "retired"


@record
class Blocker:
    """One thing that blocks the account; `until` is when time alone clears it."""

    code: BlockerCode
    until: datetime | None = None
    detail: str = field(kw_only=True)


class _Account(Protocol):
    """What the rule reads of an account."""

    @property
    def state(self) -> AccountState: ...
    @property
    def model_id(self) -> str: ...
    @property
    def lease(self) -> leases.Lease | None: ...
    @property
    def consent(self) -> Consent: ...
    @property
    def ready_at(self) -> datetime | None: ...
    @property
    def content_due_at(self) -> datetime | None: ...
    @property
    def needs_review(self) -> bool: ...


class _Phase(Protocol):
    """What the rule reads of the current phase."""

    @property
    def phase(self) -> str: ...
    @property
    def status(self) -> PhaseStatus: ...
    @property
    def available_at(self) -> datetime | None: ...
    @property
    def error_code(self) -> str | None: ...


class Pauses(Protocol):
    """What stands above the accounts: what is paused, and the models of which no more accounts can be taken."""

    @property
    def pipeline_paused(self) -> bool: ...
    @property
    def paused_models(self) -> Collection[str]: ...
    @property
    def busy_models(self) -> Collection[str]: ...


def blockers(account: _Account, phase: _Phase | None, pauses: Pauses, now: datetime) -> list[Blocker]:
    """Everything that blocks the account from being taken now; empty means that a taker gets it.

    `phase` is the current one (None before the start and after the last). Whether the pools hold an item is not asked
    here: that needs their indexes, and `content_unavailable` says only that they had none when last asked.
    """
    found = [*_of_consent(account, now), *_of_state(account), *_of_pauses(account, pauses)]
    if account.state is AccountState.PAUSED or account.state in (AccountState.READY, AccountState.WARMING_UP):
        if account.lease is not None and leases.is_live(account.lease, now):
            holder = f"session {account.lease.session_id} of {account.lease.bot_id} holds it"
            found.append(Blocker(BlockerCode.LEASED, account.lease.expires_at, detail=holder))
        elif account.needs_review:
            found.append(
                Blocker(BlockerCode.REVIEW, detail="an operator must decide: workers left its completion too often")
            )
        elif phase is not None:
            found.extend(_of_phase(account, phase, now))
        elif account.state is AccountState.READY and account.ready_at is not None and now < account.ready_at:
            detail = "the minimum interval before its first phase has not passed"
            found.append(Blocker(BlockerCode.INTERVAL, account.ready_at, detail=detail))
        if account.model_id in pauses.busy_models and not leases.is_live(account.lease, now):
            busy = f"as many accounts of the model {account.model_id} are worked on as it allows at a time"
            found.append(Blocker(BlockerCode.MODEL_BUSY, detail=busy))
    return found


def _of_state(account: _Account) -> list[Blocker]:
    match account.state:
        case AccountState.IMPORTED:
            return [_NOT_READY]
        case AccountState.ACTIVE:
            return [Blocker(BlockerCode.FINISHED, detail="the warm-up is completed")]
        case AccountState.RETIRED:
            return [Blocker(BlockerCode.RETIRED, detail="the account is retired")]
        case AccountState.PAUSED:
            return [Blocker(BlockerCode.PAUSED, detail="the account is paused")]
        case AccountState.READY | AccountState.WARMING_UP:
            return []
        case _:
            assert_never(account.state)


_OF_CONSENT: Mapping[ConsentState, Blocker] = {
    ConsentState.MISSING: Blocker(BlockerCode.CONSENT_MISSING, detail="the owner's consent is not recorded"),
    ConsentState.WITHDRAWN: Blocker(BlockerCode.CONSENT_WITHDRAWN, detail="the owner has withdrawn the consent"),
    ConsentState.EXPIRED: Blocker(BlockerCode.CONSENT_EXPIRED, detail="the owner's consent has ended"),
}
_NOT_READY = Blocker(BlockerCode.NOT_READY, detail="an operator has not yet declared the account ready")


def _of_consent(account: _Account, now: datetime) -> list[Blocker]:
    """What the owner's consent blocks: everything that is still to be done."""
    if accounts.has_ended(account.state):
        return []
    found = _OF_CONSENT.get(consents.state_at(account.consent, now))
    return [] if found is None else [found]


def _of_pauses(account: _Account, pauses: Pauses) -> list[Blocker]:
    found = []
    if pauses.pipeline_paused:
        found.append(Blocker(BlockerCode.PAUSED, detail="the whole pipeline is paused"))
    if account.model_id in pauses.paused_models:
        found.append(Blocker(BlockerCode.PAUSED, detail=f"the model {account.model_id} is paused"))
    return found


def _of_phase(account: _Account, phase: _Phase, now: datetime) -> list[Blocker]:
    at = phase.available_at
    match phase.status:
        case PhaseStatus.PENDING if at is not None and now < at:
            return [
                Blocker(BlockerCode.INTERVAL, at, detail=f"the minimum interval before {phase.phase} has not passed")
            ]
        case PhaseStatus.FAILED if at is not None and now < at:
            again = f"{phase.phase} failed and is tried again later{_with_code(phase)}"
            return [Blocker(BlockerCode.RETRY_DELAY, at, detail=again)]
        case PhaseStatus.REQUIRES_REVIEW:
            return [Blocker(BlockerCode.REVIEW, detail=f"an operator must decide on {phase.phase}{_with_code(phase)}")]
        case PhaseStatus.AVAILABLE if account.content_due_at is not None and now < account.content_due_at:
            detail = f"the pool had nothing eligible for {phase.phase} when last asked"
            return [Blocker(BlockerCode.CONTENT_UNAVAILABLE, account.content_due_at, detail=detail)]
        case _:
            return []


def _with_code(phase: _Phase) -> str:
    """The code of the error; every bot may read a blocker, and not what another's worker wrote."""
    return "" if phase.error_code is None else f" ({phase.error_code})"


def refuse(account: _Account, found: Sequence[Blocker], now: datetime) -> NoReturn:
    """Raises the first blocker as the error that a taker gets."""
    first = found[0]
    match first.code:
        case BlockerCode.PAUSED:
            raise AccountPaused(f"New work is not handed out: {first.detail}.")
        case BlockerCode.LEASED:
            leases.refuse_while_live(account.lease, now)
            raise AccountLeased(first.detail)
        case BlockerCode.INTERVAL | BlockerCode.RETRY_DELAY | BlockerCode.REVIEW:
            raise PhaseNotAvailable(_sentence(first.detail), first.until)
        case BlockerCode.CONSENT_MISSING | BlockerCode.CONSENT_WITHDRAWN | BlockerCode.CONSENT_EXPIRED:
            raise consents.REFUSALS[ConsentState(first.code.removeprefix("consent_"))]()
        case BlockerCode.MODEL_BUSY:
            raise ModelBusy(_sentence(first.detail))
        case BlockerCode.CONTENT_UNAVAILABLE:
            raise ContentUnavailable(_sentence(first.detail), available_at=first.until)
        case BlockerCode.NOT_READY | BlockerCode.FINISHED | BlockerCode.RETIRED:
            raise AccountNotReady(f"The account is `{account.state}`: {first.detail}.", state=account.state)
        case _:
            assert_never(first.code)


def _sentence(detail: str) -> str:
    return f"{detail[0].upper()}{detail[1:]}."

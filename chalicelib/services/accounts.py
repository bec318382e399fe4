"""Accounts: from consent over ready and start to active."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from chalicelib import warmups
from chalicelib.changes import is_repeat, retry_on_conflict, was_requested
from chalicelib.claims import claim_profile
from chalicelib.context import Context
from chalicelib.domain import accounts, consents, profiles
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import ConsentMissing
from chalicelib.domain.instants import UTC_ZONE, render
from chalicelib.domain.warmup import operate, work
from chalicelib.domain.warmup.leases import refuse_others
from chalicelib.domain.warmup.state import Step, Warmup
from chalicelib.sessions import is_own, new_session, working_session
from chalicelib.tables import Account, AccountProfile, CreatorModel, Fingerprint
from chalicelib.tables.base import batch_get
from chalicelib.tables.profiles import profile_of
from chalicelib.tables.transaction import Transaction
from chalicelib.warmups import Changed, Loaded


@retry_on_conflict
def consent(context: Context, account_id: str, given: Mapping[str, str | date | None]) -> Changed:
    """Records who owns the account and agreed, in place of what was recorded before; this lifts a withdrawal.

    A request that is sent again after a withdrawal lifts nothing. Raises NotFound, InvalidInput, InvalidTransition.
    """
    loaded = warmups.load_whole(context, account_id)
    recorded = consents.recorded(given, _zone_for(given, loaded.account.model_id))
    profile = profile_of(loaded.account)
    before, withdrawn = profile.consent, consents.is_withdrawn(loaded.warmup.consent)
    if before == recorded or (
        withdrawn and was_requested(context, loaded.account, AuditAction.ACCOUNT_CONSENT) and before is not None
    ):
        return Changed(loaded, replayed=True, profile=profile)
    consents.check(recorded, context.now)
    step = operate.consent(loaded.warmup, recorded)
    profile.consent = recorded
    warmups.store(context, loaded, step, claim=lambda transaction: transaction.put(profile))
    return Changed(loaded, profile=profile)


@retry_on_conflict
def withdraw_consent(context: Context, account_id: str, *, reason: str) -> Changed:
    """Takes the owner's consent back: who works on the account loses it, and nothing is handed out any more.

    Raises NotFound, ConsentMissing.
    """
    loaded = warmups.load_whole(context, account_id)
    profile = profile_of(loaded.account)
    if consents.is_withdrawn(loaded.warmup.consent):
        return Changed(loaded, replayed=True, profile=profile)
    step = operate.withdraw_consent(loaded.warmup, context.now)
    profile.consent = {**(profile.consent or {}), "withdrawn_at": render(context.now)}
    warmups.store(context, loaded, step, claim=lambda transaction: transaction.put(profile), reason=reason)
    return Changed(loaded, profile=profile)


def _zone_for(given: Mapping[str, str | date | None], model_id: str) -> str:
    """The model's time zone, read only where a day is to be dated."""
    if not consents.has_day(given):
        return UTC_ZONE
    (model,) = batch_get([(CreatorModel, model_id)])
    return UTC_ZONE if model is None else str(model.zone)


@retry_on_conflict
def ready(context: Context, account_id: str, *, reason: str) -> Changed:
    """Declares an account ready to be warmed up.

    Raises NotFound, ConsentMissing, ConsentWithdrawn, ConsentExpired, InvalidTransition.
    """
    loaded = warmups.load_whole(context, account_id)
    account, possible = loaded.account, accounts.is_possible(loaded.warmup.state, accounts.AccountTransition.READY)
    if accounts.is_ready(account.state) or (
        not possible and is_repeat(context, account, AuditAction.ACCOUNT_READY, possible=False, reason=reason)
    ):
        return Changed(loaded, replayed=True)
    step = operate.ready(loaded.warmup, context.now)
    if account.consented is None and not consents.holds(account.consent, context.now):
        raise ConsentMissing("The recorded consent is dated later than now: record the right one first.")
    warmups.store(context, loaded, step, reason=reason)
    return Changed(loaded)


@retry_on_conflict
def start(context: Context, account_id: str) -> Changed:
    """Starts the warm-up: its phases, the first one available, a lease for the caller.

    Raises NotFound, AccountNotReady, AccountLeased, AccountPaused, SessionEnded, ConsentMissing, ConsentWithdrawn,
    ConsentExpired, QuotaReached.
    """
    loaded, caller = warmups.load_whole(context, account_id, warmups.TAKING), warmups.caller(context)
    holder = caller.holds(loaded.warmup.lease, context.now)
    if work.is_repeated_start(loaded.warmup, caller, own_session=_in_own_session(context, loaded)):
        return Changed(loaded, replayed=True, lease=loaded.warmup.lease if holder else None)
    refuse_others(loaded.warmup, caller, context.now)
    warmups.store_expiry(context, loaded, work.out_of_start)
    work.require_startable(loaded.warmup, caller, context.now)
    session = working_session(context, loaded.session, holds=holder) or new_session(context)
    lease = warmups.new_lease(context, loaded, session)
    warmups.store(
        context, loaded, work.start(loaded.warmup, caller, lease, loaded.pauses, context.now), session=session
    )
    return Changed(loaded, lease=loaded.warmup.lease)


def _in_own_session(context: Context, loaded: Loaded) -> bool:
    return loaded.session is not None and is_own(context, loaded.session)


def status(context: Context, account_id: str) -> Loaded:
    """The account, its phases, and what decides whether it is offered now. Raises NotFound."""
    return warmups.load_whole(context, account_id)


def status_with_profile(context: Context, account_id: str) -> tuple[Loaded, AccountProfile]:
    """The same, and what operators alone read of it. Raises NotFound."""
    loaded = warmups.load_whole(context, account_id)
    return loaded, profile_of(loaded.account)


@retry_on_conflict
def complete(context: Context, account_id: str) -> Changed:
    """Ends the warm-up of an account whose phases are all completed: it is active.

    Raises NotFound, PhasesIncomplete, AccountLeased, AccountPaused, AccountNotReady.
    """
    loaded = warmups.load_whole(context, account_id)
    if work.is_finished(loaded.warmup):
        return Changed(loaded, replayed=True)
    warmups.store(context, loaded, work.finish(loaded.warmup, warmups.caller(context), context.now))
    return Changed(loaded)


def pause(context: Context, account_id: str, *, reason: str) -> Changed:
    """Hands the account's work out no more; what is under way may be finished. Raises NotFound, InvalidTransition."""
    return _operated(context, account_id, accounts.AccountTransition.PAUSE, reason)


def resume(context: Context, account_id: str, *, reason: str) -> Changed:
    """Hands the account's work out again, as of when it fell due. Raises NotFound, InvalidTransition."""
    return _operated(context, account_id, accounts.AccountTransition.RESUME, reason)


def reset(context: Context, account_id: str, *, reason: str) -> Changed:
    """Begins the warm-up again; history and used items stay. Raises NotFound, InvalidTransition."""
    return _operated(context, account_id, accounts.AccountTransition.RESET, reason)


def retire(context: Context, account_id: str, *, reason: str) -> Changed:
    """Takes the account out of the service's care. Raises NotFound, InvalidTransition."""
    return _operated(context, account_id, accounts.AccountTransition.RETIRE, reason)


def restore(context: Context, account_id: str, *, reason: str) -> Changed:
    """Brings a retired account back as imported; what it has used and its audit stay.

    Raises NotFound, InvalidTransition, AlreadyExists (another account stands for its profile by now).
    """
    return _operated(context, account_id, accounts.AccountTransition.RESTORE, reason)


_OPERATIONS: Mapping[accounts.AccountTransition, tuple[AuditAction, Callable[[Warmup, datetime], Step]]] = {
    accounts.AccountTransition.PAUSE: (AuditAction.ACCOUNT_PAUSE, operate.pause),
    accounts.AccountTransition.RESUME: (AuditAction.ACCOUNT_RESUME, operate.resume),
    accounts.AccountTransition.RESET: (AuditAction.ACCOUNT_RESET, operate.reset),
    accounts.AccountTransition.RETIRE: (AuditAction.ACCOUNT_RETIRE, operate.retire),
    accounts.AccountTransition.RESTORE: (AuditAction.ACCOUNT_RESTORE, operate.restore),
}


@retry_on_conflict
def _operated(context: Context, account_id: str, move: accounts.AccountTransition, reason: str) -> Changed:
    loaded, (action, decide) = warmups.load_whole(context, account_id), _OPERATIONS[move]
    possible = accounts.is_possible(loaded.warmup.state, move)
    if is_repeat(context, loaded.account, action, possible=possible, reason=reason):
        return Changed(loaded, replayed=True)
    step = decide(loaded.warmup, context.now)
    claim = _claim_again(context, loaded.account) if move is accounts.AccountTransition.RESTORE else None
    warmups.store(context, loaded, step, claim=claim, reason=reason)
    return Changed(loaded)


def _claim_again(context: Context, account: Account) -> Callable[[Transaction], None]:
    (found,) = batch_get([(Fingerprint, profiles.claim_of(account.username))])
    return lambda transaction: claim_profile(context, transaction, account, found)

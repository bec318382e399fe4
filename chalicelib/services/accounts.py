"""Accounts: from import over ready and start to active."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib import warmups
from chalicelib.changes import is_repeat, retry_on_conflict
from chalicelib.claims import claim_profile, profile_taken
from chalicelib.context import Context
from chalicelib.domain import accounts, consents, profiles
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.blockers import Blocker
from chalicelib.domain.errors import AlreadyExists, ConsentMissing, InvalidInput, NotFound, ServiceError
from chalicelib.domain.instants import UTC_ZONE
from chalicelib.domain.leases import Lease
from chalicelib.domain.warmup import operate, work
from chalicelib.domain.warmup.leases import refuse_others
from chalicelib.domain.warmup.state import Step, Warmup
from chalicelib.sessions import new_session, working_session
from chalicelib.tables import Account, CreatorModel, Fingerprint
from chalicelib.tables.base import Key, together
from chalicelib.tables.transaction import Stale, Transaction
from chalicelib.warmups import Loaded


@dataclass(frozen=True, slots=True)
class Found:
    """An account with its phases, and what stands in its way."""

    warmup: Loaded
    blockers: list[Blocker]


@dataclass(frozen=True, slots=True)
class Changed:
    """An account after a move; `lease` is the caller's own where it holds one; `replayed` where nothing was changed."""

    found: Found
    lease: Lease | None
    replayed: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """What an operator says of an account. `account_id` None lets the service derive one from model and username.

    `username` is as it was given: the account keeps it without white space around it. `consent` has `granted_at` as an
    instant or a day.
    """

    model_id: str
    username: str
    account_id: str | None = None
    theme: str | None = None
    tags: frozenset[str] = frozenset()
    consent: Mapping[str, str | date] | None = None

    @property
    def identifier(self) -> str:
        """The account's id. A derived one is the same for the same model and profile, so that a repeat is found."""
        return self.account_id or profiles.account_id_of(self.model_id, self.username)

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The ids that it may have: first the one that was derived before derived ids followed the profile."""
        if self.account_id is not None:
            return (self.account_id,)
        return profiles.account_id_before(self.model_id, self.username), self.identifier

    @property
    def claim(self) -> str:
        """The key of the claim on its profile."""
        return profiles.claim_of(self.username)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is there already: the model, the account that the profile means, the claim on the profile."""

    model: CreatorModel | None
    account: Account | None
    claim: Fingerprint | None


def _known(given: Sequence[Profile]) -> list[_Known]:
    """What is known of each, read together; the claim only where the account is not there."""
    keys: list[Key] = [(CreatorModel, one.model_id) for one in given]
    keys += [(Account, identifier) for one in given for identifier in one.identifiers]
    stored = dict(zip(keys, together(keys), strict=True))
    account_of = [next((found for one in p.identifiers if (found := stored[Account, one])), None) for p in given]
    wanted: list[Key] = [(Fingerprint, p.claim) for p, found in zip(given, account_of, strict=True) if found is None]
    claims = dict(zip(wanted, together(wanted), strict=True)) if wanted else {}
    return [
        _Known(stored[CreatorModel, p.model_id], found, claims.get((Fingerprint, p.claim)))
        for p, found in zip(given, account_of, strict=True)
    ]


@retry_on_conflict
def create(context: Context, profile: Profile) -> Changed:
    """Puts an account in the service's care, as `imported`. The same again changes nothing.

    Raises NotFound (model), InvalidInput (theme, consent), AlreadyExists (the id, or the profile, is taken).
    """
    (known,) = _known([profile])
    consent = _admit(profile, known)
    if known.account is None:
        return _make(context, profile, consent, known.claim)
    _require_same(context, known.account, profile, consent)
    return _changed(context, warmups.load(context, known.account.account_id), replayed=True)


def _admit(profile: Profile, known: _Known) -> dict[str, str] | None:
    """The consent as it is to be recorded. Raises NotFound (model), InvalidInput."""
    model = known.model
    if model is None:
        raise NotFound("model", profile.model_id)
    if profile.theme is not None and profile.theme not in (model.themes or ()):
        detail = f"the model {profile.model_id} declares no theme {profile.theme!r}"
        raise InvalidInput([{"pointer": "/theme", "detail": detail}])
    return None if profile.consent is None else consents.recorded(profile.consent, model.zone, "/consent/granted_at")


def _make(
    context: Context,
    profile: Profile,
    consent: dict[str, str] | None,
    claim: Fingerprint | None,
    *,
    dry_run: bool = False,
) -> Changed:
    """Creates the account, unless it is for a dry run. Raises AlreadyExists, InvalidInput (consent), Stale."""
    consents.check(consent, context.now, "/consent/granted_at")
    account = Account(
        account_id=profile.identifier,
        model_id=profile.model_id,
        username=profile.username.strip(),
        theme=profile.theme,
        tags=set(profile.tags) or None,
        consent=consent,
        state=AccountState.IMPORTED,
        created_at=context.now,
        updated_at=context.now,
    )
    loaded = warmups.new(account)

    def claim_it(transaction: Transaction) -> None:
        claim_profile(context, transaction, account, claim)

    if dry_run:
        claim_it(Transaction(context))
    else:
        warmups.create(context, loaded, claim_it, model_id=profile.model_id, username=account.username)
    return _changed(context, loaded)


def _require_same(context: Context, stored: Account, profile: Profile, consent: Mapping[str, str] | None) -> None:
    if not context.actor.sees(stored.model_id) or stored.model_id != profile.model_id:
        shown = f"the model {stored.model_id}" if context.actor.sees(stored.model_id) else "another model"
        raise AlreadyExists(
            f"{stored.account_id} is the id of an account of {shown}: ids are unique across models. "
            f"Leave account_id out (the service derives one), or choose another.",
            account_id=stored.account_id,
        )
    differs = {
        "username": stored.username.strip() != profile.username.strip(),
        "theme": stored.theme != profile.theme,
        "tags": (stored.tags or set()) != profile.tags,
        "consent": dict(stored.consent or {}) != dict(consent or {}),
    }
    if any(differs.values()):
        names = ", ".join(name for name, other in differs.items() if other)
        raise AlreadyExists(
            f"Account {stored.account_id} exists with other data: {names}. Its username is {stored.username!r}, "
            f"and it is `{stored.state}`.",
            account_id=stored.account_id,
        )


# import

_SPARE_SECONDS = 3.0
"""What an import keeps of its time: for the rows under way, and for a look at the pools afterwards."""


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row of an import: `created`, `unchanged`, `refused`, or `left` where its time was up.

    `retired`: the account is there and retired, and `restore` brings it back. `state` is the account's, None without
    one.
    """

    row: int
    outcome: str
    account_id: str | None = None
    error: ServiceError | None = None
    state: AccountState | None = None


def import_all(context: Context, rows: Sequence[Profile | ServiceError], *, dry_run: bool) -> list[RowOutcome]:
    """Creates the account of each row; a bad one (an error in its place) never spoils the others.

    What is there already is read together, so that only what is new costs a call each. What the time of one request
    does not suffice for is left: the same import, sent again, creates no duplicate.
    """
    places = [place for place, row in enumerate(rows, start=1) if isinstance(row, Profile)]
    known = dict(zip(places, _known([row for row in rows if isinstance(row, Profile)]), strict=True))
    made: dict[str, Account] = {}

    def enrol(place: int, profile: Profile) -> tuple[str, bool]:
        """Does it, or says what would be done: the account's id, and whether it was there before."""
        there = known[place]
        consent = _admit(profile, there)
        if (stored := there.account or made.get(profile.identifier)) is not None:
            _require_same(context, stored, profile, consent)
            return stored.account_id, True
        if (holder := made.get(profile.claim)) is not None:
            raise profile_taken(context, holder.account_id, holder)
        try:
            changed = _make(context, profile, consent, there.claim, dry_run=dry_run)
        except Stale:
            changed = create(context, profile)
        account = changed.found.warmup.account
        if dry_run:
            made[profile.identifier] = made[profile.claim] = account
        return account.account_id, changed.replayed

    def one(place: int) -> RowOutcome:
        return _import_one(context, place, rows[place - 1], enrol)

    at_once, in_order = _in_turns(rows, dry_run=dry_run)
    with ThreadPoolExecutor(context.settings.bulk_workers) as pool:
        outcomes = list(pool.map(one, at_once))
    outcomes += map(one, in_order)
    before = [there.account for there in known.values()]
    return _with_states(sorted(outcomes, key=lambda outcome: outcome.row), before)


def _with_states(outcomes: Sequence[RowOutcome], before: Iterable[Account | None]) -> list[RowOutcome]:
    """Says in which state each row's account is: one that is retired is no newcomer."""
    states: dict[str | None, AccountState] = {one.account_id: one.state for one in before if one is not None}

    def named(found: RowOutcome) -> RowOutcome:
        there = found.outcome in ("created", "unchanged")
        state = states.get(found.account_id, AccountState.IMPORTED) if there else None
        retired = state is not None and not accounts.is_in_care(state)
        return replace(found, outcome="retired" if retired else found.outcome, state=state)

    return [named(one) for one in outcomes]


def _in_turns(rows: Sequence[Profile | ServiceError], *, dry_run: bool) -> tuple[list[int], list[int]]:
    """The places of rows that may go at once, and of those that go in order: who names an account or a profile again
    comes after who named it first; what costs no call needs no hurry."""
    places = list(range(1, len(rows) + 1))
    if dry_run:
        return [], places
    seen: set[str] = set()
    turns: tuple[list[int], list[int]] = ([], [])
    for place, row in zip(places, rows, strict=True):
        names = {*row.identifiers, row.claim} if isinstance(row, Profile) else set()
        turns[bool(names & seen)].append(place)
        seen |= names
    return turns


def _import_one(
    context: Context, place: int, row: Profile | ServiceError, enrol: Callable[[int, Profile], tuple[str, bool]]
) -> RowOutcome:
    if isinstance(row, ServiceError):
        return RowOutcome(place, "refused", error=row)
    if context.time_left() < _SPARE_SECONDS:
        return RowOutcome(place, "left", row.identifier)
    try:
        account_id, replayed = enrol(place, row)
    except ServiceError as error:
        return RowOutcome(place, "refused", row.identifier, error)
    return RowOutcome(place, "unchanged" if replayed else "created", account_id)


@retry_on_conflict
def consent(context: Context, account_id: str, given: Mapping[str, str | date]) -> Changed:
    """Records who owns the account and agreed, in place of what was recorded before. Raises NotFound, InvalidInput."""
    loaded = warmups.load(context, account_id)
    recorded = consents.recorded(given, _zone_for(given, loaded.account.model_id))
    if loaded.account.consent == recorded:
        return _changed(context, loaded, replayed=True)
    consents.check(recorded, context.now)
    loaded.account.consent = recorded
    warmups.store(context, loaded, operate.consent(loaded.warmup, recorded))
    return _changed(context, loaded)


def _zone_for(given: Mapping[str, str | date], model_id: str) -> str:
    """The model's time zone, read only where a day is to be dated."""
    if isinstance(given["granted_at"], datetime):
        return UTC_ZONE
    (model,) = together([(CreatorModel, model_id)])
    return UTC_ZONE if model is None else str(model.zone)


@retry_on_conflict
def ready(context: Context, account_id: str, *, reason: str) -> Changed:
    """Declares an account ready to be warmed up. Raises NotFound, ConsentMissing, InvalidTransition."""
    loaded = warmups.load(context, account_id)
    account, possible = loaded.account, accounts.is_possible(loaded.warmup.state, accounts.AccountTransition.READY)
    if accounts.is_ready(account.state) or (
        not possible and is_repeat(context, account, AuditAction.ACCOUNT_READY, possible=False, reason=reason)
    ):
        return _changed(context, loaded, replayed=True)
    step = operate.ready(loaded.warmup, context.now)
    if not consents.holds(account.consent, context.now):
        raise ConsentMissing("The recorded consent is dated later than now: record the right one first.")
    warmups.store(context, loaded, step, reason=reason)
    return _changed(context, loaded)


@retry_on_conflict
def start(context: Context, account_id: str) -> Changed:
    """Starts the warm-up: its phases, the first one available, a lease for the caller.

    Raises NotFound, AccountNotReady, AccountLeased, AccountPaused, ConsentMissing, SessionEnded.
    """
    loaded, caller = warmups.load(context, account_id), warmups.caller(context)
    holder = caller.holds(loaded.warmup.lease, context.now)
    if work.is_repeated_start(loaded.warmup, caller, own_session=_in_own_session(context, loaded)):
        return _changed(context, loaded, lease=loaded.warmup.lease if holder else None, replayed=True)
    refuse_others(loaded.warmup, caller, context.now)
    warmups.store_expiry(context, loaded, work.out_of_start)
    work.require_startable(loaded.warmup, caller, context.now)
    session = working_session(context, loaded.session, holds=holder) or new_session(context)
    lease = warmups.new_lease(context, loaded, session)
    warmups.store(
        context, loaded, work.start(loaded.warmup, caller, lease, loaded.pauses, context.now), session=session
    )
    return _changed(context, loaded, lease=loaded.warmup.lease)


def _in_own_session(context: Context, loaded: Loaded) -> bool:
    return loaded.session is not None and loaded.session.bot_id == context.actor.id


def status(context: Context, account_id: str) -> Found:
    """The account, its phases, and why it is not offered now. Raises NotFound."""
    return _found(context, warmups.load(context, account_id))


def _found(context: Context, loaded: Loaded) -> Found:
    return Found(loaded, loaded.blockers(context.now))


def _changed(context: Context, loaded: Loaded, *, lease: Lease | None = None, replayed: bool = False) -> Changed:
    return Changed(_found(context, loaded), lease, replayed)


@retry_on_conflict
def complete(context: Context, account_id: str) -> Changed:
    """Ends the warm-up of an account whose phases are all completed: it is active.

    Raises NotFound, PhasesIncomplete, AccountLeased, AccountPaused, AccountNotReady.
    """
    loaded = warmups.load(context, account_id)
    if work.is_finished(loaded.warmup):
        return _changed(context, loaded, replayed=True)
    warmups.store(context, loaded, work.finish(loaded.warmup, warmups.caller(context), context.now))
    return _changed(context, loaded)


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
    loaded, (action, decide) = warmups.load(context, account_id), _OPERATIONS[move]
    possible = accounts.is_possible(loaded.warmup.state, move)
    if is_repeat(context, loaded.account, action, possible=possible, reason=reason):
        return _changed(context, loaded, replayed=True)
    step = decide(loaded.warmup, context.now)
    claim = _claim_again(context, loaded.account) if move is accounts.AccountTransition.RESTORE else None
    warmups.store(context, loaded, step, claim=claim, reason=reason)
    return _changed(context, loaded)


def _claim_again(context: Context, account: Account) -> Callable[[Transaction], None]:
    (found,) = together([(Fingerprint, profiles.claim_of(account.username))])
    return lambda transaction: claim_profile(context, transaction, account, found)

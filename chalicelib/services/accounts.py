"""Accounts: from import over ready and start to active."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.changes import (
    AccountChange,
    Warmup,
    decided_again,
    is_holder,
    is_repeat,
    new_session,
    profile_taken,
    read,
    standing_in_the_way,
    working_session,
)
from chalicelib.context import Context
from chalicelib.domain import accounts, consents, leases, profiles
from chalicelib.domain.accounts import State
from chalicelib.domain.actions import Action
from chalicelib.domain.blockers import Blocker, Code, blockers, refuse
from chalicelib.domain.errors import (
    AccountNotReady,
    AccountPaused,
    AlreadyExists,
    ConsentMissing,
    InvalidInput,
    NotFound,
    PhasesIncomplete,
    ServiceError,
)
from chalicelib.domain.instants import UTC_ZONE
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import ORDER, Move, Status
from chalicelib.tables import Account, CreatorModel, Fingerprint
from chalicelib.tables.base import Key, together
from chalicelib.tables.settings import Setting
from chalicelib.tables.transaction import Stale


@dataclass(frozen=True, slots=True)
class Found:
    """An account with its phases, and what stands in its way."""

    warmup: Warmup
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


@decided_again
def create(context: Context, profile: Profile) -> Changed:
    """Puts an account in the service's care, as `imported`. The same again changes nothing.

    Raises NotFound (model), InvalidInput (theme, consent), AlreadyExists (the id, or the profile, is taken).
    """
    (known,) = _known([profile])
    consent = _admit(profile, known)
    if known.account is None:
        return _make(context, profile, consent, known.claim)
    _require_same(context, known.account, profile, consent)
    return Changed(_found(context, read(context, known.account.account_id)), None, True)


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
        state=State.IMPORTED,
        created_at=context.now,
        updated_at=context.now,
    )
    warmup = Warmup(account, {}, Setting.nothing_paused(), None)
    change = AccountChange(context, warmup)
    change.created()
    change.claim_profile(claim)
    if not dry_run:
        change.commit(Action.ACCOUNT_CREATE, model_id=profile.model_id, username=account.username)
    return Changed(_found(context, warmup), None, False)


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
    state: State | None = None


def import_all(context: Context, rows: Sequence[Profile | ServiceError], *, dry_run: bool) -> list[RowOutcome]:
    """Creates the account of each row; a bad one (an error in its place) never spoils the others.

    What is there already is read together, so that only what is new costs a call each. What the time of one request
    does not suffice for is left: the same import, sent again, makes nothing twice.
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
    states: dict[str | None, State] = {one.account_id: one.state for one in before if one is not None}

    def named(found: RowOutcome) -> RowOutcome:
        there = found.outcome in ("created", "unchanged")
        state = states.get(found.account_id, State.IMPORTED) if there else None
        return replace(found, outcome="retired" if state is State.RETIRED else found.outcome, state=state)

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


@decided_again
def consent(context: Context, account_id: str, given: Mapping[str, str | date]) -> Changed:
    """Records who owns the account and agreed, in place of what was recorded before. Raises NotFound, InvalidInput."""
    warmup = read(context, account_id)
    account = warmup.account
    recorded = consents.recorded(given, _zone_for(given, account.model_id))
    if account.consent == recorded:
        return Changed(_found(context, warmup), None, True)
    consents.check(recorded, context.now)
    change = AccountChange(context, warmup)
    account.consent = recorded
    change.commit(Action.ACCOUNT_CONSENT, None, **recorded)
    return Changed(_found(context, warmup), None, False)


def _zone_for(given: Mapping[str, str | date], model_id: str) -> str:
    """The model's time zone, read only where a day is to be dated."""
    if isinstance(given["granted_at"], datetime):
        return UTC_ZONE
    (model,) = together([(CreatorModel, model_id)])
    return UTC_ZONE if model is None else str(model.zone)


@decided_again
def ready(context: Context, account_id: str, *, reason: str) -> Changed:
    """Declares an account ready to be warmed up. Raises NotFound, ConsentMissing, IllegalMove."""
    warmup = read(context, account_id)
    account = warmup.account
    possible = accounts.Move.READY in accounts.MOVES[account.state]
    if account.state is State.READY or (
        not possible and is_repeat(context, account, Action.ACCOUNT_READY, possible=False, reason=reason)
    ):
        return Changed(_found(context, warmup), None, True)
    if not account.has_consent:
        raise ConsentMissing()
    if not consents.holds(account.consent, context.now):
        raise ConsentMissing("The recorded consent is dated later than now: record the right one first.")
    change = AccountChange(context, warmup)
    change.move_account(accounts.Move.READY)
    account.ready_at = context.now
    change.commit(Action.ACCOUNT_READY, reason=reason)
    return Changed(_found(context, warmup), None, False)


@decided_again
def start(context: Context, account_id: str) -> Changed:
    """Starts the warm-up: five phases, the first one available, a lease for the caller.

    Raises NotFound, AccountNotReady, AccountLeased, AccountPaused, ConsentMissing, SessionEnded.
    """
    warmup = read(context, account_id)
    account = warmup.account
    if account.state is State.WARMING_UP and _started_it(context, warmup):
        lease = account.lease if is_holder(context, account.lease) else None
        return Changed(_found(context, warmup), lease, True)
    change = AccountChange(context, warmup)
    holder = is_holder(context, account.lease)
    if not holder:
        leases.refuse_while_live(account.lease, context.now)
    settled = change.settle()
    if account.state not in (State.READY, State.PAUSED):
        if settled is Action.LEASE_EXPIRE:
            change.commit(settled)
        raise AccountNotReady(f"The account is `{account.state}`, not `ready`.", state=account.state)
    session = working_session(context, warmup.session, holds=holder) or new_session(context)
    found = [
        one for one in blockers(account, None, warmup.pauses, context.now) if not (holder and one.code is Code.LEASED)
    ]
    if found:
        refuse(account, found, context.now)
    change.move_account(accounts.Move.START)
    change.begin()
    lease = account.lease if holder else change.take_lease(session)
    assert lease is not None
    account.started_by = lease.session_id
    change.commit(Action.ACCOUNT_START, phase=ORDER[0])
    return Changed(_found(context, warmup), lease, False)


def _started_it(context: Context, warmup: Warmup) -> bool:
    lease, session = warmup.account.lease, warmup.session
    same_request = lease is not None and lease.request_id == context.request_id and lease.bot_id == context.actor.id
    own = session is not None and session.bot_id == context.actor.id
    return same_request or (own and context.session_id == warmup.account.started_by)


def status(context: Context, account_id: str) -> Found:
    """The account, its phases, and why it is not offered now. Raises NotFound."""
    return _found(context, read(context, account_id))


def _found(context: Context, warmup: Warmup) -> Found:
    return Found(warmup, standing_in_the_way(context, warmup))


@decided_again
def complete(context: Context, account_id: str) -> Changed:
    """Ends the warm-up of an account whose phases are all completed: it is active.

    Raises NotFound, PhasesIncomplete, AccountLeased, AccountPaused, AccountNotReady.
    """
    warmup = read(context, account_id)
    account = warmup.account
    if account.state is State.ACTIVE:
        return Changed(_found(context, warmup), None, True)
    if not is_holder(context, account.lease):
        leases.refuse_while_live(account.lease, context.now)
    if account.state is State.PAUSED:
        raise AccountPaused("The account is paused.")
    if account.state is not State.WARMING_UP:
        raise AccountNotReady(f"The account is `{account.state}`, not `warming_up`.", state=account.state)
    missing = [name for name in ORDER if warmup.phases[name].status is not Status.COMPLETED]
    if missing:
        raise PhasesIncomplete(f"Not completed yet: {', '.join(missing)}.", phases=missing)
    change = AccountChange(context, warmup)
    change.settle()
    change.finish()
    change.end_lease(Ending.COMPLETED)
    change.commit(Action.ACCOUNT_COMPLETE)
    return Changed(_found(context, warmup), None, False)


def pause(context: Context, account_id: str, *, reason: str) -> Changed:
    """Hands the account's work out no more; what is under way may be finished. Raises NotFound, IllegalMove."""
    return _moved(context, account_id, accounts.Move.PAUSE, reason)


def resume(context: Context, account_id: str, *, reason: str) -> Changed:
    """Hands the account's work out again, as of when it fell due. Raises NotFound, IllegalMove."""
    return _moved(context, account_id, accounts.Move.RESUME, reason)


def reset(context: Context, account_id: str, *, reason: str) -> Changed:
    """Begins the warm-up anew; history and used items stay. Raises NotFound, IllegalMove."""
    return _moved(context, account_id, accounts.Move.RESET, reason)


def retire(context: Context, account_id: str, *, reason: str) -> Changed:
    """Takes the account out of the service's care. Raises NotFound, IllegalMove."""
    return _moved(context, account_id, accounts.Move.RETIRE, reason)


def restore(context: Context, account_id: str, *, reason: str) -> Changed:
    """Brings a retired account back as imported; what it has used and its audit stay.

    Raises NotFound, IllegalMove, AlreadyExists (another account stands for its profile by now).
    """
    return _moved(context, account_id, accounts.Move.RESTORE, reason)


_ACTIONS = {
    accounts.Move.PAUSE: Action.ACCOUNT_PAUSE,
    accounts.Move.RESUME: Action.ACCOUNT_RESUME,
    accounts.Move.RESET: Action.ACCOUNT_RESET,
    accounts.Move.RETIRE: Action.ACCOUNT_RETIRE,
    accounts.Move.RESTORE: Action.ACCOUNT_RESTORE,
}


@decided_again
def _moved(context: Context, account_id: str, move: accounts.Move, reason: str) -> Changed:
    warmup = read(context, account_id)
    account = warmup.account
    possible = move in accounts.MOVES[account.state]
    if is_repeat(context, account, _ACTIONS[move], possible=possible, reason=reason):
        return Changed(_found(context, warmup), None, True)
    change = AccountChange(context, warmup)
    match move:
        case accounts.Move.PAUSE:
            account.paused_from = account.state
            change.move_account(move)
        case accounts.Move.RESUME:
            change.move_account(move, account.paused_from)
            account.paused_from = None
        case accounts.Move.RESTORE:
            change.move_account(move)
            change.forget_warmup()
            (claim,) = together([(Fingerprint, profiles.claim_of(account.username))])
            change.claim_profile(claim)
        case _:
            change.move_account(move)
            _withdraw_work(context, change, begin_anew=move is accounts.Move.RESET)
    change.commit(_ACTIONS[move], reason=reason)
    return Changed(_found(context, warmup), None, False)


def _withdraw_work(context: Context, change: AccountChange, *, begin_anew: bool) -> None:
    """Supersedes the lease; items that were never delivered are given back; what waited for people waits no more."""
    change.take_away()
    current = change.warmup.current
    if current is not None and current.status is Status.CONTENT_ASSIGNED and current.started_at is None:
        change.give_back(current, "given_back")
    elif current is not None:
        if current.status is Status.IN_PROGRESS:
            change.move(current, Move.RELEASE)
        change.close_assignment(current, "reset" if begin_anew else "retired", success=None)
        change.touch(current)
    change.account.content_due_at, change.account.content_misses = None, 0
    if begin_anew:
        change.forget_warmup()
        change.account.ready_at = context.now

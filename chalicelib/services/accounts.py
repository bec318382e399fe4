"""Accounts: from import over ready and start to active."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from chalicelib.changes import (
    AccountChange,
    Warmup,
    decided_again,
    is_holder,
    is_repeat,
    new_session,
    read,
    standing_in_the_way,
    working_session,
)
from chalicelib.context import Context
from chalicelib.domain import accounts, leases
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
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import ORDER, Move, Status
from chalicelib.tables import Account, CreatorModel
from chalicelib.tables.base import together
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
    """What an operator says of an account. `account_id` None lets the service derive one from model and username."""

    model_id: str
    username: str
    account_id: str | None = None
    theme: str | None = None
    tags: frozenset[str] = frozenset()
    consent: Mapping[str, str] | None = None

    @property
    def identifier(self) -> str:
        """The account's id. A derived one is the same for the same model and username, so that a repeat is found."""
        if self.account_id is not None:
            return self.account_id
        digest = hashlib.sha256(f"{self.model_id}\0{self.username.casefold()}".encode()).hexdigest()
        return f"acc_{digest[:26]}"


def create(context: Context, profile: Profile) -> Changed:
    """Puts an account in the service's care, as `imported`. The same again changes nothing.

    Raises NotFound (model), InvalidInput (theme), AlreadyExists.
    """
    model, account = together([(CreatorModel, profile.model_id), (Account, profile.identifier)])
    _admit(profile, model)
    return _make(context, profile) if account is None else _created_before(context, profile)


def _admit(profile: Profile, model: CreatorModel | None) -> None:
    if model is None:
        raise NotFound("model", profile.model_id)
    if profile.theme is not None and profile.theme not in (model.themes or ()):
        detail = f"the model {profile.model_id} declares no theme {profile.theme!r}"
        raise InvalidInput([{"pointer": "/theme", "detail": detail}])


def _make(context: Context, profile: Profile) -> Changed:
    account = Account(
        account_id=profile.identifier,
        model_id=profile.model_id,
        username=profile.username,
        theme=profile.theme,
        tags=set(profile.tags) or None,
        consent=dict(profile.consent) if profile.consent else None,
        state=State.IMPORTED,
        created_at=context.now,
        updated_at=context.now,
    )
    warmup = Warmup(account, {}, Setting.nothing_paused(), None)
    change = AccountChange(context, warmup)
    change.created()
    try:
        change.commit(Action.ACCOUNT_CREATE, model_id=profile.model_id, username=profile.username)
    except Stale:
        return _created_before(context, profile)
    return Changed(_found(context, warmup), None, False)


def _created_before(context: Context, profile: Profile) -> Changed:
    warmup = read(context, profile.identifier)
    _require_same(warmup.account, profile)
    return Changed(_found(context, warmup), None, True)


def _require_same(stored: Account | Profile, profile: Profile) -> None:
    same = (
        (stored.model_id, stored.username, stored.theme) == (profile.model_id, profile.username, profile.theme)
        and (stored.tags or set()) == profile.tags
        and dict(stored.consent or {}) == dict(profile.consent or {})
    )
    if not same:
        account_id = profile.identifier
        raise AlreadyExists(f"Account {account_id} exists with other data.", account_id=account_id)


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
    models, stored = _known([row for row in rows if isinstance(row, Profile)])
    first: dict[str, Profile] = {}

    def enrol(profile: Profile) -> bool:
        """Does it, or says what would be done; tells whether the account was there before."""
        _admit(profile, models[profile.model_id])
        if (before := stored[profile.identifier]) is not None:
            _require_same(before, profile)
            return True
        if not dry_run:
            return _make(context, profile).replayed
        _require_same(other := first.setdefault(profile.identifier, profile), profile)
        return other is not profile

    def one(place: int) -> RowOutcome:
        return _import_one(context, place, rows[place - 1], enrol)

    at_once, in_order = _in_turns(rows, dry_run=dry_run)
    with ThreadPoolExecutor(context.settings.bulk_workers) as pool:
        outcomes = list(pool.map(one, at_once))
    outcomes += map(one, in_order)
    return _with_states(sorted(outcomes, key=lambda outcome: outcome.row), stored.values())


def _with_states(outcomes: Sequence[RowOutcome], before: Iterable[Account | None]) -> list[RowOutcome]:
    """Says in which state each row's account is: one that is retired is no newcomer."""
    states: dict[str | None, State] = {one.account_id: one.state for one in before if one is not None}

    def named(found: RowOutcome) -> RowOutcome:
        there = found.outcome in ("created", "unchanged")
        state = states.get(found.account_id, State.IMPORTED) if there else None
        return replace(found, outcome="retired" if state is State.RETIRED else found.outcome, state=state)

    return [named(one) for one in outcomes]


def _known(profiles: Sequence[Profile]) -> tuple[dict[str, CreatorModel | None], dict[str, Account | None]]:
    """The models and the accounts that the rows name, None for what is not there."""
    models = list({profile.model_id for profile in profiles})
    named = list({profile.identifier for profile in profiles})
    found = together([*((CreatorModel, one) for one in models), *((Account, one) for one in named)])
    return dict(zip(models, found[: len(models)], strict=True)), dict(zip(named, found[len(models) :], strict=True))


def _in_turns(rows: Sequence[Profile | ServiceError], *, dry_run: bool) -> tuple[list[int], list[int]]:
    """The places of rows that may go at once, and of those that go in order: who names an account again comes after
    who named it first; what costs no call needs no hurry."""
    places = list(range(1, len(rows) + 1))
    if dry_run:
        return [], places
    seen: set[str] = set()
    turns: tuple[list[int], list[int]] = ([], [])
    for place, row in zip(places, rows, strict=True):
        again = isinstance(row, Profile) and row.identifier in seen
        turns[again].append(place)
        if isinstance(row, Profile):
            seen.add(row.identifier)
    return turns


def _import_one(
    context: Context, place: int, row: Profile | ServiceError, enrol: Callable[[Profile], bool]
) -> RowOutcome:
    if isinstance(row, ServiceError):
        return RowOutcome(place, "refused", error=row)
    if context.time_left() < _SPARE_SECONDS:
        return RowOutcome(place, "left", row.identifier)
    try:
        replayed = enrol(row)
    except ServiceError as error:
        return RowOutcome(place, "refused", row.identifier, error)
    return RowOutcome(place, "unchanged" if replayed else "created", row.identifier)


@decided_again
def consent(context: Context, account_id: str, given: Mapping[str, str]) -> Changed:
    """Records who owns the account and agreed, in place of what was recorded before. Raises NotFound."""
    warmup = read(context, account_id)
    account = warmup.account
    if account.consent == given:
        return Changed(_found(context, warmup), None, True)
    change = AccountChange(context, warmup)
    account.consent = dict(given)
    change.commit(Action.ACCOUNT_CONSENT, None, **given)
    return Changed(_found(context, warmup), None, False)


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
    """Brings a retired account back as imported; what it has used and its audit stay. Raises NotFound, IllegalMove."""
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

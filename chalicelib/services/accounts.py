"""Accounts: from import over ready and start to active."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from chalicelib import warmups
from chalicelib.changes import decided_again, is_repeat
from chalicelib.context import Context
from chalicelib.domain import accounts
from chalicelib.domain.accounts import State
from chalicelib.domain.actions import Action
from chalicelib.domain.blockers import Blocker
from chalicelib.domain.errors import AlreadyExists, InvalidInput, NotFound, ServiceError
from chalicelib.domain.leases import Lease
from chalicelib.domain.warmup import operate, work
from chalicelib.domain.warmup.state import Step, Warmup
from chalicelib.sessions import new_session, working_session
from chalicelib.tables import Account, CreatorModel
from chalicelib.tables.base import together
from chalicelib.tables.transaction import Stale
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
    try:
        loaded = warmups.create(context, account, model_id=profile.model_id, username=profile.username)
    except Stale:
        return _created_before(context, profile)
    return _changed(context, loaded)


def _created_before(context: Context, profile: Profile) -> Changed:
    loaded = warmups.load(context, profile.identifier)
    _require_same(loaded.account, profile)
    return _changed(context, loaded, replayed=True)


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
    """What became of one row of an import: `created`, `unchanged`, `refused`, or `left` where its time was up."""

    row: int
    outcome: str
    account_id: str | None = None
    error: ServiceError | None = None


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
    return sorted(outcomes, key=lambda outcome: outcome.row)


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
    loaded = warmups.load(context, account_id)
    if loaded.account.consent == given:
        return _changed(context, loaded, replayed=True)
    loaded.account.consent = dict(given)
    warmups.store(context, loaded, operate.consent(loaded.warmup, given))
    return _changed(context, loaded)


@decided_again
def ready(context: Context, account_id: str, *, reason: str) -> Changed:
    """Declares an account ready to be warmed up. Raises NotFound, ConsentMissing, IllegalMove."""
    loaded = warmups.load(context, account_id)
    account, possible = loaded.account, accounts.is_possible(loaded.warmup.state, accounts.Move.READY)
    if account.state is State.READY or (
        not possible and is_repeat(context, account, Action.ACCOUNT_READY, possible=False, reason=reason)
    ):
        return _changed(context, loaded, replayed=True)
    warmups.store(context, loaded, operate.ready(loaded.warmup, context.now), reason=reason)
    return _changed(context, loaded)


@decided_again
def start(context: Context, account_id: str) -> Changed:
    """Starts the warm-up: its phases, the first one available, a lease for the caller.

    Raises NotFound, AccountNotReady, AccountLeased, AccountPaused, ConsentMissing, SessionEnded.
    """
    loaded, caller = warmups.load(context, account_id), warmups.caller(context)
    holder = caller.holds(loaded.warmup.lease, context.now)
    if loaded.warmup.state is State.WARMING_UP and _started_it(context, loaded):
        return _changed(context, loaded, lease=loaded.warmup.lease if holder else None, replayed=True)
    work.require_startable(loaded.warmup, caller, context.now)
    session = working_session(context, loaded.session, holds=holder) or new_session(context)
    lease = warmups.new_lease(context, loaded, session)
    warmups.store(
        context, loaded, work.start(loaded.warmup, caller, lease, loaded.pauses, context.now), session=session
    )
    return _changed(context, loaded, lease=loaded.warmup.lease)


def _started_it(context: Context, loaded: Loaded) -> bool:
    lease, session = loaded.warmup.lease, loaded.session
    same_request = lease is not None and lease.request_id == context.request_id and lease.bot_id == context.actor.id
    own = session is not None and session.bot_id == context.actor.id
    return same_request or (own and context.session_id == loaded.warmup.started_by)


def status(context: Context, account_id: str) -> Found:
    """The account, its phases, and why it is not offered now. Raises NotFound."""
    return _found(context, warmups.load(context, account_id))


def _found(context: Context, loaded: Loaded) -> Found:
    return Found(loaded, loaded.blockers(context.now))


def _changed(context: Context, loaded: Loaded, *, lease: Lease | None = None, replayed: bool = False) -> Changed:
    return Changed(_found(context, loaded), lease, replayed)


@decided_again
def complete(context: Context, account_id: str) -> Changed:
    """Ends the warm-up of an account whose phases are all completed: it is active.

    Raises NotFound, PhasesIncomplete, AccountLeased, AccountPaused, AccountNotReady.
    """
    loaded = warmups.load(context, account_id)
    if loaded.warmup.state is State.ACTIVE:
        return _changed(context, loaded, replayed=True)
    warmups.store(context, loaded, work.finish(loaded.warmup, warmups.caller(context), context.now))
    return _changed(context, loaded)


def pause(context: Context, account_id: str, *, reason: str) -> Changed:
    """Hands the account's work out no more; what is under way may be finished. Raises NotFound, IllegalMove."""
    return _operated(context, account_id, accounts.Move.PAUSE, reason)


def resume(context: Context, account_id: str, *, reason: str) -> Changed:
    """Hands the account's work out again, as of when it fell due. Raises NotFound, IllegalMove."""
    return _operated(context, account_id, accounts.Move.RESUME, reason)


def reset(context: Context, account_id: str, *, reason: str) -> Changed:
    """Begins the warm-up again; history and used items stay. Raises NotFound, IllegalMove."""
    return _operated(context, account_id, accounts.Move.RESET, reason)


def retire(context: Context, account_id: str, *, reason: str) -> Changed:
    """Takes the account out of the service's care. Raises NotFound, IllegalMove."""
    return _operated(context, account_id, accounts.Move.RETIRE, reason)


_OPERATIONS: Mapping[accounts.Move, tuple[Action, Callable[[Warmup, datetime], Step]]] = {
    accounts.Move.PAUSE: (Action.ACCOUNT_PAUSE, operate.pause),
    accounts.Move.RESUME: (Action.ACCOUNT_RESUME, operate.resume),
    accounts.Move.RESET: (Action.ACCOUNT_RESET, operate.reset),
    accounts.Move.RETIRE: (Action.ACCOUNT_RETIRE, operate.retire),
}


@decided_again
def _operated(context: Context, account_id: str, move: accounts.Move, reason: str) -> Changed:
    loaded, (action, decide) = warmups.load(context, account_id), _OPERATIONS[move]
    possible = accounts.is_possible(loaded.warmup.state, move)
    if is_repeat(context, loaded.account, action, possible=possible, reason=reason):
        return _changed(context, loaded, replayed=True)
    warmups.store(context, loaded, decide(loaded.warmup, context.now), reason=reason)
    return _changed(context, loaded)

"""Enrolment: accounts come into the service's care, one by one or many at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from chalicelib import warmups
from chalicelib.batches import RowOutcome, each, import_row
from chalicelib.changes import retry_on_conflict
from chalicelib.claims import claim_profile, profile_taken
from chalicelib.context import Context
from chalicelib.domain import accounts, consents, plan_versions, profiles, themes
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.consents import Consent
from chalicelib.domain.errors import AlreadyExists, NotFound, ServiceError
from chalicelib.domain.plan_versions import PlanReference
from chalicelib.domain.records import record
from chalicelib.tables import Account, AccountProfile, CreatorModel, Fingerprint, StoredPlan
from chalicelib.tables.base import Key, batch_get
from chalicelib.tables.plans import LISTING, as_deployed
from chalicelib.tables.transaction import Stale, Transaction
from chalicelib.visible import visible
from chalicelib.warmups import Changed


@record
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
    plan: PlanReference | None = None
    consent: Mapping[str, str | date | None] | None = None
    external_ref: str | None = None

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


@record
class _Known:
    """What is there already: the model, the account that the profile means with what operators alone read of it, the
    claim on the profile; and its plan."""

    model: CreatorModel | None
    account: Account | None
    recorded: AccountProfile
    claim: Fingerprint | None
    reference: PlanReference
    plan: StoredPlan | None


def _known(context: Context, given: Sequence[Profile]) -> list[_Known]:
    """What is known of each, read together; the claim and the plan only where the account is not there, else what
    operators alone read of it."""
    keys: list[Key] = [(CreatorModel, one.model_id) for one in given]
    keys += [(Account, identifier) for one in given for identifier in one.identifiers]
    stored = dict(zip(keys, batch_get(keys), strict=True))
    account_of = [next((found for one in p.identifiers if (found := stored[Account, one])), None) for p in given]
    plan_of = [_reference(context, one, stored[CreatorModel, one.model_id]) for one in given]
    new = [place for place, found in enumerate(account_of) if found is None]
    wanted: list[Key] = [(Fingerprint, given[place].claim) for place in new]
    wanted += [(StoredPlan, plan_of[place].name, LISTING) for place in new if not _comes_along(plan_of[place])]
    wanted += [(AccountProfile, one.account_id) for one in account_of if one is not None]
    more = dict(zip(wanted, batch_get(wanted), strict=True)) if wanted else {}
    return [
        _Known(
            visible(context, stored[CreatorModel, one.model_id]),
            account,
            _recorded(account, None if account is None else more[AccountProfile, account.account_id]),
            more.get((Fingerprint, one.claim)),
            reference,
            more.get((StoredPlan, reference.name, LISTING)) or as_deployed(reference.name),
        )
        for one, account, reference in zip(given, account_of, plan_of, strict=True)
    ]


def _recorded(account: Account | None, profile: AccountProfile | None) -> AccountProfile:
    """What operators alone read of an account; an earlier release kept the consent in the account."""
    return profile or AccountProfile(consent=None if account is None else account.consent)


def _reference(context: Context, profile: Profile, model: CreatorModel | None) -> PlanReference:
    """The plan that a new account gets: its own, its model's, the deployment's."""
    named = None if model is None else model.plan
    return profile.plan or PlanReference.of(named or context.settings.default_plan)


def _comes_along(reference: PlanReference) -> bool:
    """Whether the version comes with the service: it is there without being read."""
    return plan_versions.is_standard(reference.name, reference.version)


@retry_on_conflict
def create(context: Context, profile: Profile) -> Changed:
    """Puts an account in the service's care, as `imported`. The same again changes nothing.

    Raises NotFound (model), InvalidInput (theme, consent), AlreadyExists (the id, or the profile, is taken).
    """
    (known,) = _known(context, [profile])
    consent = _admit(profile, known)
    if known.account is None:
        account = _new(context, profile, known, consent)
        return _store(context, account, known.claim, _said(profile, consent))
    _require_same(context, known.account, known.recorded, profile, consent)
    loaded = warmups.load_whole(context, known.account.account_id)
    return Changed(loaded, replayed=True, profile=known.recorded)


def _said(profile: Profile, consent: dict[str, str] | None) -> AccountProfile:
    return AccountProfile(account_id=profile.identifier, consent=consent, external_ref=profile.external_ref)


def _admit(profile: Profile, known: _Known) -> dict[str, str] | None:
    """The consent as it is to be recorded. Raises NotFound (model), InvalidInput."""
    model = known.model
    if model is None:
        raise NotFound("model", profile.model_id)
    themes.require(profile.theme, profile.model_id, model.themes)
    return None if profile.consent is None else consents.recorded(profile.consent, model.zone, "/consent")


def _new(context: Context, profile: Profile, known: _Known, consent: dict[str, str] | None) -> Account:
    """The account of a profile. Raises InvalidInput (consent), NotFound (plan), PlanNotPublished."""
    consents.check(consent, context.now, "/consent")
    account = Account(
        account_id=profile.identifier,
        model_id=profile.model_id,
        username=profile.username.strip(),
        theme=profile.theme,
        tags=set(profile.tags) or None,
        state=AccountState.IMPORTED,
        created_at=context.now,
        updated_at=context.now,
    )
    if consent is not None:
        account.keep_consent(Consent(valid_until=consents.valid_until(consent)))
    if known.plan is None:
        raise NotFound("plan", known.reference.name)
    account.keep_plan(known.plan, plan_versions.chosen(known.reference, known.plan.states))
    return account


def _store(context: Context, account: Account, claim: Fingerprint | None, said: AccountProfile) -> Changed:
    """Stores a new account with what is said of it, and the claim on its profile. Raises AlreadyExists, Stale."""
    loaded = warmups.new(account)

    def claim_it(transaction: Transaction) -> None:
        claim_profile(context, transaction, account, claim)
        if said.consent is not None or said.external_ref is not None:
            transaction.put(said)

    warmups.create(context, loaded, claim_it, model_id=account.model_id, username=account.username)
    return Changed(loaded, profile=said)


def _require_same(
    context: Context,
    stored: Account,
    recorded: AccountProfile,
    profile: Profile,
    consent: Mapping[str, str] | None,
) -> None:
    """Raises AlreadyExists where the account, with what is recorded of it, is another than the profile says."""
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
        "consent": not consents.is_same(recorded.consent, consent),
        "external_ref": recorded.external_ref != profile.external_ref,
        "plan": profile.plan is not None and not profile.plan.means(stored.plan.name, stored.plan.version),
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
"""What an import keeps of its time: for the rows under way, and to ask how far the pools carry afterwards."""


def import_all(context: Context, rows: Sequence[Profile | ServiceError], *, dry_run: bool) -> list[RowOutcome[Account]]:
    """Creates the account of each row; a bad one (an error in its place) never spoils the others.

    What is there already is read together, so that only what is new costs a call each. What the time of one request
    does not suffice for is left: the same import, sent again, creates no duplicate. An outcome is `retired` where the
    account is there and retired: `restore` brings it back.
    """
    places = [place for place, row in enumerate(rows, start=1) if isinstance(row, Profile)]
    known = dict(zip(places, _known(context, [row for row in rows if isinstance(row, Profile)]), strict=True))
    make = _dry_run(context) if dry_run else partial(_enrol, context)

    def one(place: int) -> RowOutcome[Account]:
        found = import_row(
            context, place, rows[place - 1], lambda row: make(row, known[place]), spare_seconds=_SPARE_SECONDS
        )
        retired = found.made is not None and not accounts.is_in_care(found.made.state)
        return replace(found, outcome="retired" if retired else found.outcome)

    at_once, in_order = _in_turns(rows, dry_run=dry_run)
    return sorted([*each(context, one, at_once), *map(one, in_order)], key=lambda outcome: outcome.row)


def _enrol(context: Context, profile: Profile, known: _Known) -> tuple[str, Account, bool]:
    """Creates the account, if it is not there: its id, the account, whether it was there before."""
    consent = _admit(profile, known)
    if known.account is not None:
        _require_same(context, known.account, known.recorded, profile, consent)
        return known.account.account_id, known.account, True
    try:
        account = _new(context, profile, known, consent)
        changed = _store(context, account, known.claim, _said(profile, consent))
    except Stale:
        changed = create(context, profile)
    account = changed.loaded.account
    return account.account_id, account, changed.replayed


def _dry_run(context: Context) -> Callable[[Profile, _Known], tuple[str, Account, bool]]:
    """The same, but for the writing: an account that a row would create is there for the rows behind it."""
    made: dict[str, Account] = {}
    said: dict[str, AccountProfile] = {}

    def enrol(profile: Profile, known: _Known) -> tuple[str, Account, bool]:
        consent = _admit(profile, known)
        if (stored := known.account or made.get(profile.identifier)) is not None:
            recorded = known.recorded if known.account is not None else said[profile.identifier]
            _require_same(context, stored, recorded, profile, consent)
            return stored.account_id, stored, True
        if (holder := made.get(profile.claim)) is not None:
            raise profile_taken(context, holder.account_id, holder)
        account = _new(context, profile, known, consent)
        claim_profile(context, Transaction(context), account, known.claim)
        made[profile.identifier] = made[profile.claim] = account
        said[profile.identifier] = _said(profile, consent)
        return account.account_id, account, False

    return enrol


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

"""What operators say of an account, edited: its username, theme, tags and reference elsewhere."""

from collections.abc import Callable, Mapping

from chalicelib import warmups
from chalicelib.changes import check_if_match, retry_on_conflict
from chalicelib.claims import claim_profile, free_claim
from chalicelib.context import Context
from chalicelib.domain import profiles, themes
from chalicelib.domain.warmup import operate
from chalicelib.tables import Account, AccountProfile, CreatorModel, Fingerprint
from chalicelib.tables.base import batch_get
from chalicelib.tables.profiles import profile_of
from chalicelib.tables.transaction import Transaction
from chalicelib.warmups import Changed

_IN_PROFILE = "external_ref"


@retry_on_conflict
def edit(context: Context, account_id: str, given: Mapping[str, object]) -> Changed:
    """Changes what is given of username, theme, tags and external_ref; None takes the last three away.

    Raises NotFound, InvalidInput (theme), VersionConflict, AlreadyExists (the new profile), InvalidTransition (erased).
    """
    loaded = warmups.load_whole(context, account_id)
    account, profile = loaded.account, profile_of(loaded.account)
    wanted = {name: value for name, value in given.items() if value != _stored(account, profile, name)}
    if not wanted:
        return Changed(loaded, replayed=True, profile=profile)
    check_if_match(context, account, shown=loaded)
    step = operate.edit(loaded.warmup, wanted)
    if wanted.get("theme") is not None:
        (model,) = batch_get([(CreatorModel, account.model_id)])
        themes.require(wanted["theme"], account.model_id, None if model is None else model.themes)
    claim = _moving_claim(context, account, str(wanted.get("username", account.username)))
    for name, value in wanted.items():
        setattr(profile if name == _IN_PROFILE else account, name, value or None)

    def write(transaction: Transaction) -> None:
        claim(transaction)
        if _IN_PROFILE in wanted:
            transaction.put(profile)

    warmups.store(context, loaded, step, claim=write)
    return Changed(loaded, profile=profile)


def _stored(account: Account, profile: AccountProfile, name: str) -> object:
    if name == _IN_PROFILE:
        return profile.external_ref
    return account.tags or set() if name == "tags" else getattr(account, name)


def _moving_claim(context: Context, account: Account, username: str) -> Callable[[Transaction], None]:
    """Claims the profile of a new username, and frees that of the old one."""
    before, after = profiles.claim_of(account.username), profiles.claim_of(username)
    if before == after:
        return lambda _: None
    old, new = batch_get([(Fingerprint, before), (Fingerprint, after)])

    def move(transaction: Transaction) -> None:
        claim_profile(context, transaction, account, new)
        free_claim(transaction, account, old)

    return move

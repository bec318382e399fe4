"""Claims: one item of a model has these bytes or words, one living account stands for a profile.

A claim is a row of its own, written in the transaction that makes it, so that of two at once one fails.
"""

from collections.abc import Mapping, Sequence

from chalicelib.context import Context
from chalicelib.domain import accounts, duplicates, ids, profiles, rights
from chalicelib.domain.errors import AlreadyExists, Duplicate, FileWithdrawn
from chalicelib.tables import Account, Fingerprint
from chalicelib.tables.base import batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Transaction


def claim_fingerprints(
    context: Context, transaction: Transaction, item: PoolItem, found: Mapping[str, Fingerprint | None]
) -> None:
    """Makes the item the one of its model with these bytes or words; `found` is what stands under its fingerprints.

    An item that was withdrawn and never used gives way, on condition that it still is so, and what it withdrew of the
    file is free again with it. Raises Duplicate, FileWithdrawn.
    """
    own = Fingerprint(fingerprint=item.fingerprint, item_id=item.item_id, created_at=context.now)
    checked: set[str] = set()
    for key in item.fingerprints:
        row, main = found[key], key == item.fingerprint
        if row is None:
            if main:
                transaction.put(own, Fingerprint.fingerprint.does_not_exist())
            continue
        unchanged = Fingerprint.item_id == row.item_id
        if row.item_id != item.item_id and row.item_id not in checked:
            checked.add(row.item_id)
            _make_way(transaction, type(item), row.item_id)
        if main:
            row.item_id = item.item_id
            transaction.update(row, unchanged)
        elif row.item_id != item.item_id:
            transaction.delete(row, unchanged)
    if item.file is not None:
        hold_file(context, transaction, item, found[item.file], *checked)


def hold_file(
    context: Context, transaction: Transaction, item: PoolItem, withdrawn: Fingerprint | None, *gave_way: str
) -> None:
    """Writes beside a change of the item what that means for its file in all models; `withdrawn` is the file's row.

    Where the item is withdrawn its file is, unless it was before. Else the file is free again, and must be of all other
    items but those that `gave_way` to this one. Raises FileWithdrawn.
    """
    if withdrawn is None:
        mark = Fingerprint(fingerprint=item.file, item_id=item.item_id, created_at=context.now)
        if rights.is_withdrawn(item.status):
            transaction.put(mark, Fingerprint.fingerprint.does_not_exist())
        else:
            transaction.update(mark, Fingerprint.fingerprint.does_not_exist(), [])
        return
    unchanged = Fingerprint.item_id == withdrawn.item_id
    if rights.is_withdrawn(item.status):
        transaction.update(withdrawn, unchanged)
    else:
        require_file(withdrawn, item.item_id, *gave_way)
        transaction.delete(withdrawn, unchanged)


def require_file(withdrawn: Fingerprint | None, *own: str) -> None:
    """Raises FileWithdrawn where another item than these, of whatever model, was withdrawn with the file."""
    if not rights.may_use_file(None if withdrawn is None else withdrawn.item_id, *own):
        raise FileWithdrawn(reason="withdrawn")


def _make_way(transaction: Transaction, kind: type[PoolItem], duplicate_of: str) -> None:
    (twin,) = batch_get([(kind, duplicate_of)])
    if twin is None or not duplicates.gives_way(twin):
        raise duplicate(duplicate_of, twin)
    transaction.update(twin, kind.revision == twin.revision, [])


def drop_fingerprints(
    transaction: Transaction, item: PoolItem, found: Mapping[str, Fingerprint | None], kept: Sequence[str]
) -> None:
    """Frees the fingerprints that the item no longer has; `kept` are the keys that stay."""
    for key, row in found.items():
        if row is not None and row.item_id == item.item_id and key not in kept:
            transaction.delete(row, Fingerprint.item_id == row.item_id)


def duplicate(duplicate_of: str, twin: PoolItem | None) -> Duplicate:
    """The refusal of a second item with the same bytes or words."""
    if twin is None:
        return Duplicate(duplicate_of=duplicate_of)
    return Duplicate(duplicate_of=duplicate_of, duplicate_status=twin.status, duplicate_category=twin.category)


def claim_name(context: Context, transaction: Transaction, owner_id: str) -> None:
    """Makes the id that of one bot or user, whatever the case of its letters."""
    own = Fingerprint(fingerprint=ids.name_claim(owner_id), item_id=owner_id, created_at=context.now)
    transaction.put(own, Fingerprint.fingerprint.does_not_exist())


def claim_profile(context: Context, transaction: Transaction, account: Account, claim: Fingerprint | None) -> None:
    """Makes the account the one that stands for its profile; `claim` is the claim on it as it was read.

    A retired account keeps its claim until another takes it over, so that it can come back while nobody has.
    Raises AlreadyExists where another living account stands for the profile.
    """
    key = profiles.claim_of(account.username)
    if claim is None:
        own = Fingerprint(fingerprint=key, item_id=account.account_id, created_at=context.now)
        transaction.put(own, Fingerprint.fingerprint.does_not_exist())
        return
    unchanged = Fingerprint.item_id == claim.item_id
    if claim.item_id == account.account_id:
        transaction.update(claim, unchanged)
        return
    (holder,) = batch_get([(Account, claim.item_id)])
    if holder is None or accounts.is_in_care(holder.state):
        raise profile_taken(context, claim.item_id, holder)
    transaction.update(holder, Account.state == holder.state, [])  # it may be brought back just now
    claim.item_id, claim.created_at = account.account_id, context.now
    transaction.update(claim, unchanged)


def free_claim(transaction: Transaction, account: Account, claim: Fingerprint | None) -> None:
    """Frees a profile for other accounts, if it is this one that stands for it."""
    if claim is not None and claim.item_id == account.account_id:
        transaction.delete(claim, Fingerprint.item_id == claim.item_id)


def profile_taken(context: Context, holder_id: str, holder: Account | None) -> AlreadyExists:
    """The refusal of a second living account for one profile; it names the first to who sees that one's model."""
    if holder is None or not context.actor.sees(holder.model_id):
        return AlreadyExists("Another account stands for this profile.")
    return AlreadyExists(
        f"Account {holder_id} of the model {holder.model_id} stands for this profile: its username is "
        f"{holder.username!r}, and it is `{holder.state}`. One profile has one living account: retire that one first.",
        account_id=holder_id,
    )

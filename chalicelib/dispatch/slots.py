"""The slots of bounded models: which accounts take one, and those that no longer should."""

from collections.abc import Mapping, Set

from chalicelib.context import Context
from chalicelib.domain.leases import is_open
from chalicelib.tables import Account, Setting
from chalicelib.tables.base import batch_get, cached, remember
from chalicelib.tables.settings import free_slot, slots_key
from chalicelib.tables.transaction import Stale, Transaction

_CHECKED_SECONDS = 60.0
Slots = Mapping[str, Set[str]]
"""The accounts that have a slot, by model."""


def of_models(models: Mapping[str, int]) -> Slots:
    """Return who has the slots of these models."""
    found = batch_get([(Setting, slots_key(model)) for model in models]) if models else []
    return {
        model: frozenset() if slots is None else slots.holders or frozenset()
        for model, slots in zip(models, found, strict=True)
    }


def check(context: Context, model: str, holders: Set[str]) -> Set[str]:
    """Take slots back from accounts that nobody holds, once a minute, and return who has the others.

    Every end of a lease gives its slot back, but for the moment in which the model gets its bound: a lease that ends
    just then was counted, and its end did not know.
    """
    if cached(f"checked:{model}", 0, lambda: False):
        return holders
    remember(f"checked:{model}", _CHECKED_SECONDS, True)
    left = set(holders)
    for account_id, account in zip(holders, batch_get([(Account, one) for one in holders]), strict=True):
        if account is not None and is_open(account.lease):
            continue
        transaction = Transaction(context)
        unchanged = Account.version.does_not_exist() if account is None else Account.version == account.version
        transaction.update(account or Account(account_id=account_id), unchanged, [])
        transaction.update(Setting(name=slots_key(model)), None, [free_slot(account_id)])
        try:
            transaction.commit()
        except Stale:
            continue
        left.discard(account_id)
    return left

"""Moves of operators on many accounts at once."""

from collections.abc import Callable, Sequence
from typing import Literal

from chalicelib.batches import attempt, each
from chalicelib.context import Context
from chalicelib.domain import bulk
from chalicelib.domain.bulk import BulkAction
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.records import record
from chalicelib.tables import Account
from chalicelib.tables.base import batch_get
from chalicelib.visible import visible


@record
class MovedAccount:
    """What became of one account of a move on many."""

    account_id: str
    outcome: Literal["done", "unchanged", "refused", "not_done", "would_be_done"]
    detail: str | None = None


Act = Callable[[Account], bool]
"""Does the move with one account; returns whether it had been done before."""
Look = Callable[[Account], str | None]
"""Says what the move would make of one account, None where there is nothing to say; raises what the move would."""


def move_all(
    context: Context, action: BulkAction, accounts: Sequence[Account], act: Act, look: Look, *, dry_run: bool
) -> list[MovedAccount]:
    """Does the move with those of the accounts that it concerns; a dry run says what it would. Safe to send again."""
    concerned = [account for account in accounts if bulk.concerns(action, account)]
    if dry_run:
        return [_looked_at(account, look) for account in concerned]

    def one(account: Account) -> MovedAccount:
        return MovedAccount(account.account_id, *attempt(context, lambda: act(account)))

    return each(context, one, concerned)


def _looked_at(account: Account, look: Look) -> MovedAccount:
    try:
        return MovedAccount(account.account_id, "would_be_done", look(account))
    except ServiceError as error:
        return MovedAccount(account.account_id, "refused", str(error))


def move_named(
    context: Context, action: BulkAction, account_ids: Sequence[str], act: Act, look: Look, *, dry_run: bool
) -> list[MovedAccount]:
    """The same with the accounts that are named. An unknown one is `refused`."""
    found = [visible(context, one) for one in batch_get([(Account, account_id) for account_id in account_ids])]
    known = [account for account in found if account is not None]
    unknown = [name for name, account in zip(account_ids, found, strict=True) if account is None]
    missing = [MovedAccount(name, "refused", "there is no such account") for name in unknown]
    return move_all(context, action, known, act, look, dry_run=dry_run) + missing

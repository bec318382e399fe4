"""Who holds an item: the accounts that were given it, and what an edit of the item means for them."""

from contextlib import suppress

from chalicelib import warmups
from chalicelib.changes import retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain.errors import NotFound
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.uses import ItemHold, ItemUser
from chalicelib.domain.warmup import operate
from chalicelib.tables import Assignment, Content, Session
from chalicelib.tables.base import batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.sessions import licensed
from chalicelib.tables.transaction import Stale, Transaction


def user_of(context: Context, kind: type[PoolItem], item_id: str, row: Assignment) -> ItemUser:
    """How an account holds an item that it was given, after the item was taken off a phase that was not delivered."""
    hold, outcome = ItemHold.USED, row.outcome
    if row.ended_at is None:
        hold = take_off(context, kind, item_id, row)
        outcome = "withdrawn" if hold is ItemHold.UNASSIGNED else outcome
    return ItemUser(row.account_id, row.phase, row.assignment_id, row.assigned_at, outcome, hold)


@retry_on_conflict
def take_off(context: Context, kind: type[PoolItem], item_id: str, row: Assignment) -> ItemHold:
    """Takes the item off a phase that was not delivered; warns the worker of one that was."""
    try:
        loaded = warmups.load(context, row.account_id)
    except NotFound:
        return ItemHold.USED
    item = (PoolKind.CONTENT if issubclass(kind, Content) else PoolKind.TEXT, item_id)
    lease = loaded.warmup.lease
    (session,) = batch_get([(Session, lease.session_id)]) if lease is not None else (None,)
    found = operate.withdraw_item(
        loaded.warmup,
        row.assignment_id,
        item,
        delivered=row.delivered_at is not None,
        warned=lease is None or session is None or lease.token in (session.warned or ()),
        now=context.now,
    )
    if found.step is not None:
        warmups.store(context, loaded, found.step)
    if found.held:
        return ItemHold.HELD
    return ItemHold.USED if found.step is None else ItemHold.UNASSIGNED


def note_licence(context: Context, item: PoolItem, row: Assignment) -> None:
    """Lets the session of who works with the item know when its licence ends now."""
    until = item.licence_valid_until
    if row.ended_at is not None or until is None:
        return
    try:
        warmup = warmups.load(context, row.account_id).warmup
    except NotFound:
        return
    lease = operate.worker_of(warmup, row.assignment_id)
    if lease is None:
        return
    transaction = Transaction(context)
    session = Session(session_id=lease.session_id)
    transaction.update(session, Session.ended_at.does_not_exist(), [licensed(lease.token, until)])
    with suppress(Stale):  # it has ended, and holds nothing
        transaction.commit()

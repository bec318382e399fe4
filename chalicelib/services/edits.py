"""Edits of pool items by operators, and what it brings about when an item loses its rights."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from datetime import date, datetime
from enum import StrEnum
from itertools import takewhile
from typing import Generic, TypeVar

from chalicelib import warmups
from chalicelib.changes import Change, check_if_match, retry_on_conflict
from chalicelib.claims import claim_fingerprints, drop_fingerprints
from chalicelib.context import Context
from chalicelib.domain import rights, selection, themes
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import InvalidTransition, NotFound
from chalicelib.domain.permissions import Permission
from chalicelib.domain.records import record
from chalicelib.domain.selection import ItemRights, PoolKind
from chalicelib.domain.warmup import operate
from chalicelib.tables import Assignment, Content, CreatorModel, Fingerprint, Session, assignments
from chalicelib.tables.base import batch_get
from chalicelib.tables.plans import plan_of_new
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.sessions import licensed
from chalicelib.tables.transaction import Stale, Transaction

T = TypeVar("T", bound=PoolItem)
_MOST_USERS = 1000


class ItemHold(StrEnum):
    """What an account does with an item."""

    USED = "used"
    HELD = "held"  # it was delivered and is being worked with
    UNASSIGNED = "unassigned"  # it was assigned and not delivered, and this edit took it off


@record
class ItemUser:
    """An account that was given an item, and how it holds it now."""

    account_id: str
    phase: str
    assignment_id: str
    assigned_at: datetime
    outcome: str | None
    hold: ItemHold


@record
class Edited(Generic[T]):
    """An item after an edit. `users` is None while it keeps its rights; `has_more`: there are more users."""

    item: T
    replayed: bool
    users: list[ItemUser] | None = field(default=None)
    has_more: bool = False


def edit(
    context: Context,
    kind: type[T],
    noun: str,
    model_id: str,
    item_id: str,
    given: Mapping[str, object],
    reason: str | None = None,
) -> Edited[T]:
    """Changes what is given; an item that loses its rights by it leaves selection at once and its undelivered phases.

    The item goes first, so that nobody is given it from then on; an undelivered assignment that is not reached here is
    replaced when its content is asked for. The same edit sent again changes nothing, and finishes what was left.
    Raises NotFound, InvalidInput, InvalidTransition, FourEyes, Duplicate, VersionConflict.
    """
    item, replayed = _edit(context, kind, noun, model_id, item_id, given, reason)
    unlicensed = selection.unlicensed(item, context.now) is not None
    if not unlicensed and given.get("licence_valid_until") is None:
        return Edited(item, replayed)
    rows, complete = assignments.of_item(item_id, texts=not issubclass(kind, Content), most=_MOST_USERS)
    rows = assignments.with_outcomes(rows)
    reached = takewhile(lambda _: not context.is_short_of_time, rows)
    if not unlicensed:
        for row in reached:  # the holder of another learns of it when it asks for the content again
            _note_licence(context, item, row)
        return Edited(item, replayed)
    users = [_user(context, kind, item_id, row) for row in reached]
    return Edited(item, replayed, users, not complete or len(users) < len(rows))


@retry_on_conflict
def _edit(
    context: Context,
    kind: type[T],
    noun: str,
    model_id: str,
    item_id: str,
    given: Mapping[str, object],
    reason: str | None,
) -> tuple[T, bool]:
    model, found = batch_get([(CreatorModel, model_id), (kind, item_id)])
    if model is None or found is None or found.model_id != model_id:
        raise NotFound(noun, item_id)
    item: T = found
    given = _dated(given, model.zone)
    wanted = {name: value for name, value in given.items() if value != _plain(getattr(item, name))}
    if _is_second_approval(context, item, given):
        wanted["approved_by"] = context.actor.id
    if not wanted:
        return item, True
    check_if_match(context, found)
    _check(item, wanted, model)
    change = Change(context, item)
    before, keys = item.status, item.fingerprints
    _apply(change, item, wanted, four_eyes=plan_of_new(model, context.settings.default_plan).four_eyes)
    if "body" in wanted or rights.comes_back(before, item.status):
        _claim(change, item, keys)
    condition = item.revise(context.now)
    change.commit(_action(item, change.transitions), condition, changed=change.changed, reason=reason)
    return item, False


def _is_second_approval(context: Context, item: PoolItem, given: Mapping[str, object]) -> bool:
    actor, asked = context.actor.id, given.get("status")
    return rights.is_second_approval(
        asked, item.status, creator=item.created_by, approver=item.approved_by, actor=actor
    )


def _apply(change: Change, item: PoolItem, wanted: Mapping[str, object], *, four_eyes: bool) -> None:
    """Sets what is wanted: a status as the rights allow. Raises InvalidTransition, FourEyes.

    Who approved the words of a text approved other ones: an approval by somebody else is asked for again. So it is when
    a user changes anything who may not approve.
    """
    actor = change.context.actor.id
    if "status" in wanted:
        to = ItemRights(str(wanted["status"]))
        to = rights.move(item.status, to, creator=item.created_by, actor=actor, four_eyes=four_eyes)
        item.approved_by = rights.approver(to, actor) or item.approved_by
        wanted = {**wanted, "status": to}
    for name, value in wanted.items():
        change.set(name, value)
    may_approve = change.context.actor.may(Permission.CONTENT_APPROVE)
    if ("body" in wanted or not may_approve) and rights.is_approved(item.status):
        item.status = rights.at_creation(item.status, four_eyes=four_eyes, may_approve=may_approve)
        item.approved_by = rights.approver(item.status, actor)


def _dated(given: Mapping[str, object], time_zone: str) -> Mapping[str, object]:
    """What is given, with the day on which a licence ends as an instant."""
    until = given.get("licence_valid_until")
    return {**given, "licence_valid_until": rights.licence_end(until, time_zone)} if isinstance(until, date) else given


def _check(item: PoolItem, wanted: Mapping[str, object], model: CreatorModel) -> None:
    """Raises InvalidTransition for a new body of a text that was assigned, InvalidInput where the model does not
    declare the theme.

    An account that was given a text has its words, and the record names only its id. An assignment writes the item
    under its revision, as an edit does: of two at once one fails and looks again.
    """
    themes.require(wanted.get("theme"), model.model_id, model.themes)
    if "body" in wanted and item.last_assigned_at is not None:
        raise InvalidTransition(subject="text", state="assigned", move="body", possible=["withdraw"])


def _claim(change: Change, item: PoolItem, before: Sequence[str]) -> None:
    """Claims the item's fingerprints as they are now, and frees those that it had before."""
    keys = list(dict.fromkeys((*before, *item.fingerprints)))
    found = dict(zip(keys, batch_get([(Fingerprint, key) for key in keys]), strict=True))
    drop_fingerprints(change.transaction, item, {key: found[key] for key in before}, kept=item.fingerprints)
    claim_fingerprints(change.context, change.transaction, item, found)


def _plain(value: object) -> object:
    return frozenset(value) if isinstance(value, set) else value


def _action(item: PoolItem, moves: list[dict[str, object]]) -> AuditAction:
    withdrawn = any(move["what"] == "status" for move in moves) and rights.is_withdrawn(item.status)
    if isinstance(item, Content):
        return AuditAction.CONTENT_WITHDRAW if withdrawn else AuditAction.CONTENT_CHANGE
    return AuditAction.TEXT_WITHDRAW if withdrawn else AuditAction.TEXT_CHANGE


# who has it


def _user(context: Context, kind: type[PoolItem], item_id: str, row: Assignment) -> ItemUser:
    hold, outcome = ItemHold.USED, row.outcome
    if row.ended_at is None:
        hold = _take_off(context, kind, item_id, row)
        outcome = "withdrawn" if hold is ItemHold.UNASSIGNED else outcome
    return ItemUser(row.account_id, row.phase, row.assignment_id, row.assigned_at, outcome, hold)


@retry_on_conflict
def _take_off(context: Context, kind: type[PoolItem], item_id: str, row: Assignment) -> ItemHold:
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


def _note_licence(context: Context, item: PoolItem, row: Assignment) -> None:
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

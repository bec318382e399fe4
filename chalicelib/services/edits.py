"""Edits of pool items by operators, and what it brings about when an item loses its rights."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from datetime import date
from itertools import takewhile
from typing import Generic, TypeVar

from chalicelib.changes import Change, check_if_match, retry_on_conflict
from chalicelib.claims import claim_fingerprints, drop_fingerprints, hold_file
from chalicelib.context import Context
from chalicelib.domain import duplicates, rights, selection, themes
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import InvalidTransition, NotFound
from chalicelib.domain.permissions import Permission
from chalicelib.domain.records import record
from chalicelib.domain.selection import ItemRights
from chalicelib.domain.uses import ItemUser
from chalicelib.tables import Content, CreatorModel, Fingerprint, assignments, pages
from chalicelib.tables.base import Raw, batch_get
from chalicelib.tables.plans import plan_of_new
from chalicelib.tables.pools import PoolItem
from chalicelib.visible import visible

T = TypeVar("T", bound=PoolItem)
_MOST_USERS = 1000
_MODELS_AT_ONCE = 100
_WITHDRAWN = ItemRights.WITHDRAWN
_BY_FILE = "the file was withdrawn: no model may use it"


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
    replaced when its content is asked for. A file that is withdrawn is so in all models. The same edit sent again
    changes nothing, and finishes what was left. Raises NotFound, InvalidInput, InvalidTransition, FourEyes, Duplicate,
    FileWithdrawn, VersionConflict.
    """
    item, replayed = _edit(context, kind, noun, model_id, item_id, given, reason)
    unlicensed = selection.unlicensed(item, context.now) is not None
    if not unlicensed and given.get("licence_valid_until") is None:
        return Edited(item, replayed)
    users, complete = _tell_holders(context, item, unlicensed=unlicensed)
    return Edited(item, replayed, users, not complete)


def _tell_holders(context: Context, item: PoolItem, *, unlicensed: bool) -> tuple[list[ItemUser] | None, bool]:
    """Has those who were given an item know that its rights ended, or (not `unlicensed`) when its licence ends.

    Returns who was given it, and whether these are all.
    """
    from chalicelib import holders  # noqa: PLC0415  # only what loses its rights needs it

    kind, item_id = type(item), item.item_id
    rows, complete = assignments.of_item(item_id, texts=not issubclass(kind, Content), most=_MOST_USERS)
    rows = assignments.with_outcomes(rows)
    reached = takewhile(lambda _: not context.is_short_of_time, rows)
    if not unlicensed:
        for row in reached:  # the holder of another learns of it when it asks for the content again
            holders.note_licence(context, item, row)
        return None, True
    users = [holders.user_of(context, kind, item_id, row) for row in reached]
    return users, complete and len(users) == len(rows) and _withdraw_file(context, item)


def _withdraw_file(context: Context, item: PoolItem) -> bool:
    """Withdraws the items of other models with the same file as one that was withdrawn; whether none is left.

    The answer does not name them: who withdraws an item may not see those models.
    """
    if not isinstance(item, Content) or not rights.is_withdrawn(item.status):
        return True
    after: Raw | None = None
    while True:
        if context.is_short_of_time:
            return False
        models, after = pages.everything(CreatorModel, limit=_MODELS_AT_ONCE, after=after)
        others = [one.model_id for one in models if one.model_id != item.model_id]
        rows = batch_get([(Fingerprint, duplicates.of_media(one, item.sha256)) for one in others]) if others else []
        for model_id, row in zip(others, rows, strict=True):
            if row is not None and not _withdraw_copy(context, model_id, row.item_id):
                return False
        if after is None:
            return True


def _withdraw_copy(context: Context, model_id: str, item_id: str) -> bool:
    """Withdraws an item whose file was withdrawn, and takes it off those who have it; whether the time sufficed."""
    if context.is_short_of_time:
        return False
    from chalicelib import holders  # noqa: PLC0415  # only what loses its rights needs it

    context = replace(context, if_match=None, actor=replace(context.actor, models=None))
    with suppress(InvalidTransition, NotFound):  # it was rejected: nobody has it
        _edit(context, Content, "content", model_id, item_id, {"status": _WITHDRAWN}, _BY_FILE)
    rows, complete = assignments.of_item(item_id, texts=False, most=_MOST_USERS)
    held = [row for row in assignments.with_outcomes(rows) if row.ended_at is None]
    in_time = takewhile(lambda _: not context.is_short_of_time, held)
    reached = [holders.take_off(context, Content, item_id, row) for row in in_time]
    return complete and len(reached) == len(held)


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
    if visible(context, model) is None or found is None or found.model_id != model_id:
        raise NotFound(noun, item_id)
    item, given = found, _dated(given, model.zone)
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
    elif rights.concerns_file(before, item.status):
        _hold_file(change, item)
    unchanged = item.revise(context.now)
    change.commit(_action(item, change.transitions), unchanged, changed=change.changed, reason=reason)
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
    own = () if item.file is None else (item.file,)
    keys = list(dict.fromkeys((*before, *item.fingerprints, *own)))
    found = dict(zip(keys, batch_get([(Fingerprint, key) for key in keys]), strict=True))
    drop_fingerprints(change.transaction, item, {key: found[key] for key in before}, kept=item.fingerprints)
    claim_fingerprints(change.context, change.transaction, item, found)


def _hold_file(change: Change, item: PoolItem) -> None:
    if item.file is not None:
        (withdrawn,) = batch_get([(Fingerprint, item.file)])
        hold_file(change.context, change.transaction, item, withdrawn)


def _plain(value: object) -> object:
    return frozenset(value) if isinstance(value, set) else value


def _action(item: PoolItem, moves: list[dict[str, object]]) -> AuditAction:
    withdrawn = any(move["what"] == "status" for move in moves) and rights.is_withdrawn(item.status)
    if isinstance(item, Content):
        return AuditAction.CONTENT_WITHDRAW if withdrawn else AuditAction.CONTENT_CHANGE
    return AuditAction.TEXT_WITHDRAW if withdrawn else AuditAction.TEXT_CHANGE

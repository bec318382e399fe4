"""The rights of a pool item: its states and the moves between them, as one table; who may approve; until when."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from chalicelib.domain import instants, selection
from chalicelib.domain.errors import FourEyes, InvalidInput, InvalidTransition
from chalicelib.domain.selection import ItemRights, Licensed


class ItemStatus(StrEnum):
    """Whether an item may be used at all, at this moment: its rights, and `expired` by the clock."""

    PENDING = "pending"
    APPROVED = "approved"
    EXPIRED = "expired"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


TRANSITIONS: Mapping[ItemRights, frozenset[ItemRights]] = {
    ItemRights.PENDING: frozenset({ItemRights.APPROVED, ItemRights.REJECTED, ItemRights.WITHDRAWN}),
    ItemRights.APPROVED: frozenset({ItemRights.WITHDRAWN}),
    ItemRights.REJECTED: frozenset({ItemRights.APPROVED}),
    ItemRights.WITHDRAWN: frozenset({ItemRights.APPROVED}),
}


def move(before: ItemRights, to: ItemRights, *, creator: str, actor: str, four_eyes: bool) -> ItemRights:
    """The state `to`, if it can be reached from `before` and by this actor. Raises InvalidTransition, FourEyes."""
    if to not in TRANSITIONS[before]:
        raise InvalidTransition(subject="item", state=before, move=to, possible=sorted(TRANSITIONS[before]))
    if to is ItemRights.APPROVED and four_eyes and actor == creator:
        raise FourEyes(creator=creator)
    return to


def is_approved(status: ItemRights) -> bool:
    """Whether the item has been approved."""
    return status is ItemRights.APPROVED


def can_be_withdrawn(status: ItemRights) -> bool:
    """Whether somebody may use the item, or it waits for that to be decided."""
    return ItemRights.WITHDRAWN in TRANSITIONS[status]


def is_withdrawn(status: ItemRights) -> bool:
    """Whether nobody may use the item any more."""
    return status is ItemRights.WITHDRAWN


def comes_back(before: ItemRights, after: ItemRights) -> bool:
    """Whether an item that was withdrawn is approved again."""
    return is_withdrawn(before) and is_approved(after)


def concerns_file(before: ItemRights, after: ItemRights) -> bool:
    """Whether an item that was moved so takes its file out of use in all models, or brings it into use."""
    return before is not after and (is_withdrawn(after) or is_approved(after))


def may_use_file(withdrawn_by: str | None, *own: str) -> bool:
    """Whether an item may have its file: nobody withdrew that (`withdrawn_by`) but the item itself, or one of the same
    model in whose place it comes (`own`)."""
    return withdrawn_by is None or withdrawn_by in own


def approver(status: ItemRights, actor: str) -> str | None:
    """Who approved an item that `actor` has just brought to this state; None where it is not approved."""
    return actor if is_approved(status) else None


def is_second_approval(asked: object, before: ItemRights, *, creator: str, approver: str | None, actor: str) -> bool:
    """Whether an item that its maker approved is approved by somebody else now: for plans that ask for four eyes."""
    return asked == before and is_approved(before) and approver in (None, creator) and actor != creator


def at_creation(asked: ItemRights, *, four_eyes: bool, may_approve: bool = True) -> ItemRights:
    """The state of a new item: under four eyes its maker's approval does not count, and it waits for another's.

    So does the approval of a maker who may not approve.
    """
    return ItemRights.PENDING if asked is ItemRights.APPROVED and (four_eyes or not may_approve) else asked


def status_of(item: Licensed, now: datetime) -> ItemStatus:
    """The item's status as one sees it: an approved one whose licence has ended is `expired`."""
    if item.status is ItemRights.APPROVED and selection.licence_has_ended(item, now):
        return ItemStatus.EXPIRED
    return ItemStatus(item.status)


def licence_end(given: date | None, time_zone: str) -> datetime | None:
    """When a licence ends: a day counts to its end in that time zone. Raises InvalidInput for a senseless one."""
    if given is None:
        return None
    try:
        until = instants.end_of(given, time_zone)
    except ValueError as error:
        raise InvalidInput([{"pointer": "/licence/valid_until", "detail": str(error)}]) from None
    if until < instants.EARLIEST:
        detail = f"it is before {instants.EARLIEST:%Y-%m-%d}"
        raise InvalidInput([{"pointer": "/licence/valid_until", "detail": detail}])
    return until

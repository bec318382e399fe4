"""The uses of a pool item: how they are counted, and how accounts hold what they were given."""

from datetime import datetime
from enum import StrEnum

from chalicelib.domain.records import record
from chalicelib.domain.scoring import DECIMALS, Scored


def are_left(item: Scored) -> bool:
    """Whether the item may be given to somebody once more."""
    return item.usage_count < item.max_usage


def left(item: Scored) -> int:
    """How many times the item may still be given to somebody."""
    return max(0, item.max_usage - item.usage_count)


def taken(item: Scored, now: datetime) -> dict[str, object]:
    """The item's fields after one more use."""
    return {"usage_count": item.usage_count + 1, "last_assigned_at": now}


def returned(item: Scored) -> dict[str, object]:
    """The item's fields after one use is free again."""
    return {"usage_count": item.usage_count - 1}


def penalised(item: Scored, by: float) -> dict[str, object]:
    """The item's fields after its penalty grew, or shrank where `by` is negative."""
    return {"penalty": round(item.penalty + by, DECIMALS)}


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

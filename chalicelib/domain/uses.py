"""The uses of a pool item: how they are counted."""

from datetime import datetime

from chalicelib.domain.scoring import Scored


def are_left(item: Scored) -> bool:
    """Whether the item may be given to somebody once more."""
    return item.usage_count < item.max_usage


def taken(item: Scored, now: datetime) -> dict[str, object]:
    """The item's fields after one more use."""
    return {"usage_count": item.usage_count + 1, "last_assigned_at": now}


def returned(item: Scored) -> dict[str, object]:
    """The item's fields after one use is free again."""
    return {"usage_count": item.usage_count - 1}


def judged(item: Scored, *, success: bool) -> dict[str, object]:
    """The item's fields after a use of it succeeded or failed."""
    return {"successes": item.successes + 1} if success else {"failures": item.failures + 1}

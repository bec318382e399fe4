"""The rights of a pool item: its states and the moves between them, as one table; and who may approve."""

from collections.abc import Mapping

from chalicelib.domain.errors import FourEyes, IllegalMove
from chalicelib.domain.selection import Rights

MOVES: Mapping[Rights, frozenset[Rights]] = {
    Rights.PENDING: frozenset({Rights.APPROVED, Rights.REJECTED, Rights.WITHDRAWN}),
    Rights.APPROVED: frozenset({Rights.WITHDRAWN}),
    Rights.REJECTED: frozenset({Rights.APPROVED}),
    Rights.WITHDRAWN: frozenset({Rights.APPROVED}),
}


def move(before: Rights, to: Rights, *, creator: str, actor: str, four_eyes: bool) -> Rights:
    """The state `to`, if it can be reached from `before` and by this actor. Raises IllegalMove, FourEyes."""
    if to not in MOVES[before]:
        raise IllegalMove(subject="item", state=before, move=to, possible=sorted(MOVES[before]))
    if to is Rights.APPROVED and four_eyes and actor == creator:
        raise FourEyes(creator=creator)
    return to


def at_creation(asked: Rights, *, four_eyes: bool) -> Rights:
    """The state of a new item: under four eyes its maker's approval does not count, and it waits for another's."""
    return Rights.PENDING if four_eyes and asked is Rights.APPROVED else asked

"""Who can administer: users with the role and a live key. Somebody always can, once somebody could."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain import keys, permissions
from chalicelib.domain.errors import LastAdmin
from chalicelib.domain.instants import render
from chalicelib.domain.keys import Keys
from chalicelib.domain.permissions import Role

Admins = Mapping[str, str]
"""The admins by their ids, each with the instant until which one of the keys is live."""


def standing(role: Role, held: Keys, now: datetime) -> str | None:
    """Until when somebody with this role and these keys can administer, None where they cannot."""
    return keys.live_until(held, now) if permissions.is_admin(role) else None


def after(before: Admins, user_id: str, until: str | None, now: datetime) -> dict[str, str]:
    """The admins when `user_id` can administer until that instant (None: cannot).

    Raises LastAdmin where somebody could before, and nobody can now.
    """
    at = render(now)
    live = {one: end for one, end in before.items() if end > at}
    left = {one: end for one, end in live.items() if one != user_id} | ({} if until is None else {user_id: until})
    if live and not left:
        raise LastAdmin()
    return left

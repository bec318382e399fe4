"""What an account was given before, kept as short digests: ten characters for each item, whatever its id."""

import hashlib
from collections.abc import Set
from functools import lru_cache

from chalicelib.domain.records import record
from chalicelib.domain.selection import PoolKind

_CHARACTERS = 10


@lru_cache(maxsize=65_536)
def digest(kind: PoolKind, item_id: str) -> str:
    """Return the digest of an item. Two items of one account share one with a chance of about one in 2^34.

    Where they do, the second is refused wrongly; no item is ever given twice.
    """
    return hashlib.sha256(f"{kind}#{item_id}".encode()).hexdigest()[:_CHARACTERS]


@record
class Given:
    """The items of one kind that an account was given before."""

    kind: PoolKind
    digests: Set[str]

    def __contains__(self, item_id: object) -> bool:
        """Whether the item of that id is among them."""
        return bool(self.digests) and isinstance(item_id, str) and digest(self.kind, item_id) in self.digests

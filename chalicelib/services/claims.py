"""Claims of what was there before there were claims: each living account's on its profile, each text's on its words.

Step by step, and to be sent again at any time: what is claimed is left alone, and what clashes is named, not changed.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from chalicelib.claims import claim_fingerprints, claim_profile
from chalicelib.context import Context
from chalicelib.domain import accounts, profiles
from chalicelib.domain.cursors import Cursors
from chalicelib.domain.errors import AlreadyExists
from chalicelib.domain.records import record
from chalicelib.tables import Account, Fingerprint, Text, pages
from chalicelib.tables.base import Item, Key, Raw, batch_get
from chalicelib.tables.transaction import Stale, Transaction
from chalicelib.visible import visible_model, visible_of

_SPARE_SECONDS = 2.0
I = TypeVar("I", bound=Item)  # noqa: E741  # the conventional letter of the type would say less


@record
class Clash:
    """An account or a text that is the same as another to the eye; `detail` names the other."""

    item_id: str
    model_id: str
    detail: str


@record
class Claims:
    """One step of a walk: how many were looked at and given a claim, and which clash."""

    dry_run: bool
    scanned_count: int
    claimed: int
    clashes: list[Clash]
    next_cursor: str | None


def of_accounts(context: Context, *, limit: int, cursor: str | None, dry_run: bool) -> Claims:
    """Claims the profiles of up to `limit` accounts that stand for none yet. Raises MalformedRequest."""
    places = context.cursors("claims:accounts")
    found, following = pages.everything(Account, limit=limit, after=places.decode(cursor))
    living = [one for one in visible_of(context, found) if accounts.is_in_care(one.state)]
    claims = _read([profiles.claim_of(one.username) for one in living])

    def claim(account: Account) -> bool:
        claim = claims[profiles.claim_of(account.username)]
        if claim is not None and claim.item_id == account.account_id:
            return False
        transaction = Transaction(context)
        claim_profile(context, transaction, account, claim)
        transaction.update(account, Account.version == account.version, [])
        if not dry_run:
            transaction.commit()
        return True

    where = (places, lambda one: {"account_id": {"S": one.account_id}})
    return _step(context, living, len(found), following, where, claim, dry_run)


def of_texts(context: Context, model_id: str, *, limit: int, cursor: str | None, dry_run: bool) -> Claims:
    """Claims the words of up to `limit` of a model's texts as they are compared today.

    Raises NotFound, MalformedRequest.
    """
    places = context.cursors(f"claims:texts:{model_id}")
    visible_model(context, model_id)
    found, following = pages.by_index(Text, Text.model_index, model_id, limit=limit, after=places.decode(cursor))
    rows = _read([key for one in found for key in one.fingerprints])

    def claim(text: Text) -> bool:
        row = rows[text.fingerprint]
        if row is not None and row.item_id == text.text_id:
            return False
        transaction = Transaction(context)
        claim_fingerprints(context, transaction, text, rows)
        transaction.update(text, Text.revision == text.revision, [])
        if not dry_run:
            transaction.commit()
        return True

    where = (places, lambda one: {"model_id": {"S": model_id}, "text_id": {"S": one.text_id}})
    return _step(context, found, len(found), following, where, claim, dry_run)


def _read(keys: Sequence[str]) -> dict[str, Fingerprint | None]:
    wanted: list[Key] = [(Fingerprint, key) for key in keys]
    return dict(zip(keys, batch_get(wanted), strict=True)) if wanted else {}


def _step(
    context: Context,
    items: Sequence[I],
    scanned: int,
    following: Raw | None,
    where: tuple[Cursors, Callable[[Any], Raw]],
    claim: Callable[[I], bool],
    dry_run: bool,
) -> Claims:
    places, key_of = where
    claimed, clashes = 0, []
    for place, one in enumerate(items):
        if place and context.time_left() < _SPARE_SECONDS:
            following, scanned = key_of(items[place - 1]), place
            break
        try:
            claimed += claim(one)
        except AlreadyExists as error:
            clashes.append(Clash(_id_of(one), str(getattr(one, "model_id", "")), error.detail))
        except Stale:
            continue  # it was changed just now: the next walk looks at it
    return Claims(dry_run, scanned, claimed, clashes, places.encode(following))


def _id_of(item: Item) -> str:
    return str(getattr(item, str(item._hash_keyname)))

"""A model that is withdrawn as a whole: the consents of its accounts, and the rights of its items, step by step."""

from collections.abc import Callable, Sequence
from typing import Literal

from chalicelib.batches import attempt, each
from chalicelib.context import Context
from chalicelib.domain import consents, rights
from chalicelib.domain.records import record
from chalicelib.tables import Account, Content, Text, pages
from chalicelib.tables.base import Raw
from chalicelib.visible import visible_model

Noun = Literal["account", "content", "text"]
_ORDER: tuple[Noun, ...] = ("account", "content", "text")
_Found = Account | Content | Text
Act = Callable[[Account | Content | Text], bool]
"""Withdraws one account or item; returns whether it had been withdrawn before."""


@record
class Withdrawal:
    """What became of one account or item."""

    kind: Noun
    id: str
    outcome: Literal["done", "unchanged", "refused", "not_done", "would_be_done"]
    detail: str | None = None


@record
class WithdrawalStep:
    """One step; `next_cursor` asks for the next one, None where all is done."""

    results: list[Withdrawal]
    next_cursor: str | None


def withdraw(
    context: Context, model_id: str, act: Act, *, limit: int, cursor: str | None, dry_run: bool
) -> WithdrawalStep:
    """Withdraws up to `limit` of a model's accounts and items that are not withdrawn yet.

    A step whose time was up is to be sent again, which its cursor says. Raises NotFound, MalformedRequest.
    """
    visible_model(context, model_id)
    places = context.cursors(f"withdraw:{model_id}")
    state = places.decode(cursor) or {"of": 0, "after": None}
    kind = _ORDER[state["of"]]
    page, following = _page(kind, model_id, limit, state["after"])
    concerned = [one for one in page if _concerns(one)]
    if dry_run:
        results = [Withdrawal(kind, _id_of(one), "would_be_done") for one in concerned]
    else:

        def one(found: _Found) -> Withdrawal:
            return Withdrawal(kind, _id_of(found), *attempt(context, lambda: act(found)))

        results = each(context, one, concerned)
    if any(one.outcome == "not_done" for one in results):
        return WithdrawalStep(results, places.encode(state))
    return WithdrawalStep(results, places.encode(_behind(state["of"], following)))


def _behind(of: int, following: Raw | None) -> dict[str, object] | None:
    if following is not None:
        return {"of": of, "after": following}
    return {"of": of + 1, "after": None} if of + 1 < len(_ORDER) else None


def _page(kind: Noun, model_id: str, limit: int, after: Raw | None) -> tuple[Sequence[_Found], Raw | None]:
    if kind == "account":
        return pages.by_index(Account, Account.model_index, model_id, limit=limit, after=after)
    if kind == "content":
        return pages.by_index(Content, Content.model_index, model_id, limit=limit, after=after)
    return pages.by_index(Text, Text.model_index, model_id, limit=limit, after=after)


def _concerns(found: _Found) -> bool:
    """Whether there is something to withdraw."""
    if isinstance(found, Account):
        return consents.is_recorded(found.agreed)
    return rights.can_be_withdrawn(found.status)


def _id_of(found: _Found) -> str:
    return found.account_id if isinstance(found, Account) else found.item_id

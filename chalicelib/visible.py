"""What a caller sees: the one place where what belongs to a model becomes visible to who is bound to models.

What is not visible is treated as if it were not there.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from chalicelib.context import ActorKind, Context
from chalicelib.domain.errors import NotFound
from chalicelib.tables import Account, AuditEvent, Bot, Content, CreatorModel, Session, Text, User
from chalicelib.tables.base import Key, batch_get


class _OfAModel(Protocol):
    @property
    def model_id(self) -> Any: ...


M = TypeVar("M", bound=_OfAModel)
_OF_MODELS = {"account": Account, "content": Content, "text": Text}
_OF_ALL = frozenset({"plan", "setting"})


def visible(context: Context, item: M | None) -> M | None:
    """Return the item where the caller sees its model, None where not, as for one that is not there."""
    return item if item is not None and context.actor.sees(item.model_id) else None


def visible_of(context: Context, items: Iterable[M]) -> list[M]:
    """Return those of the items whose model the caller sees."""
    return [one for one in items if context.actor.sees(one.model_id)]


def visible_model(context: Context, model_id: str) -> CreatorModel:
    """Return a model. Raises NotFound."""
    (found,) = batch_get([(CreatorModel, model_id)])
    model: CreatorModel | None = visible(context, found)
    if model is None:
        raise NotFound("model", model_id)
    return model


def sees_account(context: Context, account_id: str | None) -> bool:
    """Whether the caller sees the account; who sees all models sees each, without a read."""
    if account_id is None or context.actor.models is None:
        return True
    (found,) = batch_get([(Account, account_id)])
    return visible(context, found) is not None


def visible_workers(context: Context, worker_ids: Iterable[str]) -> frozenset[str]:
    """Return those bots and users that are bound to no other models than the caller, and the caller."""
    wanted = sorted(set(worker_ids))
    if context.actor.models is None or not wanted:
        return frozenset(wanted)
    if context.actor.kind is ActorKind.BOT:
        return frozenset(wanted) & {context.actor.id}
    bots, users = _rows(Bot, wanted), _rows(User, wanted)
    found = {one: bots[one] or users[one] for one in wanted}
    seen = {name for name, row in found.items() if row is not None and context.actor.covers(row.models)}
    return frozenset(seen | {context.actor.id})


def visible_sessions(context: Context, sessions: Sequence[Session]) -> list[Session]:
    """Return those of the sessions whose worker the caller sees."""
    workers = visible_workers(context, (one.bot_id for one in sessions))
    return [one for one in sessions if one.bot_id in workers]


def visible_events(context: Context, events: Sequence[AuditEvent]) -> list[AuditEvent]:
    """Return those of the events whose subject the caller sees."""
    seen = visible_subjects(context, [one.subject for one in events])
    return [one for one in events if one.subject in seen]


def visible_subjects(context: Context, subjects: Iterable[str]) -> frozenset[str]:
    """Return those subjects of audit events that the caller sees: of a kind that is not known here, none."""
    wanted = frozenset(subjects)
    if context.actor.models is None:
        return wanted
    ids: dict[str, list[str]] = {}
    for subject in sorted(wanted):
        kind, _, name = subject.partition(":")
        ids.setdefault(kind, []).append(name)
    seen = {f"{kind}:{name}" for kind in ids.keys() & _OF_ALL for name in ids[kind]}
    seen |= {f"model:{name}" for name in ids.get("model", ()) if context.actor.sees(name)}
    for kind, table in _OF_MODELS.items():
        rows = _rows(table, ids.get(kind, ()))
        seen |= {f"{kind}:{name}" for name, row in rows.items() if visible(context, row) is not None}
    sessions = _rows(Session, ids.get("session", ()))
    named = [*ids.get("bot", ()), *ids.get("user", ())]
    workers = visible_workers(context, [*named, *(row.bot_id for row in sessions.values() if row is not None)])
    seen |= {f"{kind}:{name}" for kind in ("bot", "user") for name in ids.get(kind, ()) if name in workers}
    return frozenset(
        seen | {f"session:{name}" for name, row in sessions.items() if row is not None and row.bot_id in workers}
    )


def _rows(table: Any, names: Sequence[str]) -> dict[str, Any]:
    keys: list[Key] = [(table, one) for one in names]
    return dict(zip(names, batch_get(keys), strict=True)) if keys else {}

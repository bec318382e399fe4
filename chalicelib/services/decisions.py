"""The decisions of operators on a phase: retry, resolve, skip, assign by hand."""

from collections.abc import Mapping

from chalicelib import warmups
from chalicelib.changes import is_repeat, retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain import selection
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import (
    ContentNotEligible,
    NotFound,
)
from chalicelib.domain.given import Given
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup import operate
from chalicelib.domain.warmup.delivery import Chosen, by_hand
from chalicelib.domain.warmup.draft import assigned
from chalicelib.domain.warmup.state import PhaseState, Warmup
from chalicelib.tables.base import batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.warmups import Changed, Loaded


@retry_on_conflict
def retry(context: Context, account_id: str, phase_name: str, *, reason: str, other_content: bool = False) -> Changed:
    """Offers the phase again at once, with fresh limits; with the same items, or another choice.

    Raises NotFound, InvalidTransition, PhaseNotAvailable.
    """
    loaded, replayed = _begin(
        context, account_id, phase_name, AuditAction.PHASE_RETRY, reason=reason, other_content=other_content or None
    )
    if not replayed:
        step = operate.retry(loaded.warmup, phase_name, context.now, other_content=other_content)
        warmups.store(context, loaded, step, reason=reason)
    return Changed(loaded, replayed)


@retry_on_conflict
def resolve(context: Context, account_id: str, phase_name: str, *, reason: str, evidence: Mapping[str, str]) -> Changed:
    """Marks the phase as completed: it was done outside, as the evidence (a URL or a note) shows.

    Raises NotFound, InvalidTransition, PhaseNotAvailable.
    """
    loaded, replayed = _begin(
        context, account_id, phase_name, AuditAction.PHASE_RESOLVE, reason=reason, evidence=dict(evidence)
    )
    if not replayed:
        step = operate.resolve(loaded.warmup, phase_name, context.now)
        warmups.store(context, loaded, step, reason=reason, evidence=dict(evidence))
    return Changed(loaded, replayed)


@retry_on_conflict
def skip(context: Context, account_id: str, phase_name: str, *, reason: str) -> Changed:
    """Passes over a phase: it counts as completed, and is marked. Raises NotFound, InvalidTransition."""
    loaded, replayed = _begin(context, account_id, phase_name, AuditAction.PHASE_SKIP, reason=reason)
    if not replayed:
        warmups.store(context, loaded, operate.skip(loaded.warmup, phase_name, context.now), reason=reason)
    return Changed(loaded, replayed)


@retry_on_conflict
def assign(
    context: Context,
    account_id: str,
    phase_name: str,
    *,
    reason: str,
    content_id: str | None = None,
    text_id: str | None = None,
) -> Changed:
    """Gives these items to the phase by hand. Rights, caps and "never twice on one account" hold; the score does not.

    Raises NotFound, InvalidTransition, PhaseNotAvailable, InvalidInput, ContentNotEligible.
    """
    details = {"reason": reason, "content_id": content_id, "text_id": text_id}
    loaded, replayed = _begin(context, account_id, phase_name, AuditAction.PHASE_ASSIGN, **details)
    if replayed:
        return Changed(loaded, replayed=True)
    phase = loaded.warmup.phase(phase_name)
    operate.require_current(loaded.warmup, phase)
    items = _items_by_hand(context, loaded.warmup, phase, {PoolKind.CONTENT: content_id, PoolKind.TEXT: text_id})
    operate.require_needed(loaded.warmup, phase, set(items))
    ids = {kind: item.item_id for kind, item in items.items()}
    chosen = Chosen(context.new_id("asg"), ids, by_hand(reason))
    step = operate.assign_by_hand(loaded.warmup, phase_name, chosen, context.now)
    warmups.store(context, loaded, step, items=items.values(), reason=reason, content_id=content_id, text_id=text_id)
    return Changed(loaded)


def _begin(
    context: Context, account_id: str, phase_name: str, action: AuditAction, **details: object
) -> tuple[Loaded, bool]:
    """The account, and whether the operator decided just so before. Raises NotFound, AccountNotReady."""
    loaded = warmups.load_whole(context, account_id)
    phase, possible = operate.decidable(loaded.warmup, phase_name, action)
    if phase is not None and is_repeat(context, loaded.account, action, possible=possible, phase=phase_name, **details):
        return loaded, True
    operate.require_decidable(loaded.warmup, phase)
    return loaded, False


def _items_by_hand(
    context: Context, warmup: Warmup, phase: PhaseState, named: Mapping[PoolKind, str | None]
) -> dict[PoolKind, PoolItem]:
    items: dict[PoolKind, PoolItem] = {}
    for kind, item_id in named.items():
        if item_id is None or (kind, item_id) in assigned(phase):
            continue
        (item,) = batch_get([(warmups.MODELS[kind], item_id)])
        if item is None or item.model_id != warmup.model_id:
            raise NotFound(kind, item_id)
        used = Given(kind, warmup.given)
        wanted = selection.wanted_by_hand(warmup.plan, phase.phase, theme=warmup.theme, used=used, now=context.now)
        refused = selection.refusal(item, wanted)
        if refused is not None:
            raise ContentNotEligible(f"{item_id} cannot be given to this account: {refused}.", reason=refused)
        items[kind] = item
    return items

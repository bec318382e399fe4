"""Why a phase gets what it gets: what selection would do now, by the functions that decide."""

from collections import Counter

from chalicelib import warmups
from chalicelib.context import Context
from chalicelib.domain import selection
from chalicelib.domain.errors import NotFound
from chalicelib.domain.given import Given
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import Need
from chalicelib.domain.records import record
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.selection import Choice, PoolKind
from chalicelib.tables import Phase, runways
from chalicelib.tables.pools import PoolItem

_MOST_SHOWN = 100
_SPARE_SECONDS = 2.0


@record
class RefusedItem:
    """An item that cannot be chosen, and why."""

    item_id: str
    category: str
    reason: Refusal


@record
class NeedExplanation:
    """What selection would do for one need of a phase: the leading candidates, the winner first, and the refused.

    `category` is where the winner comes from (None: nothing is eligible); `refused` is a sample of up to 100, `counts`
    counts all that were examined, `has_more` whether there were more items.
    """

    kind: PoolKind
    need: Need
    category: str | None
    leading: list[Choice[PoolItem]]
    refused: list[RefusedItem]
    counts: dict[str, int]
    has_more: bool


@record
class PhaseExplanation:
    """What selection would do for a phase, need by need; its status, and what is assigned to it already.

    Both are None before the start.
    """

    account_id: str
    phase: str
    status: PhaseStatus | None
    assigned: Phase | None
    explanations: list[NeedExplanation]


def explain(context: Context, account_id: str, phase: str, *, limit: int) -> PhaseExplanation:
    """What selection would do now for a phase of an account, with `limit` candidates. Raises NotFound."""
    warmup = warmups.load(context, account_id, phase)
    account, plan = warmup.account, warmup.warmup.plan
    if phase not in plan.phases:
        raise NotFound("phase", phase)
    explanations = []
    for kind, need in selection.needs(plan, phase).items():
        used = Given(kind, account.all_given)
        wanted = selection.wanted(plan, phase, theme=account.theme, used=used, now=context.now)
        explanations.append(
            _explain(account.model_id, kind, need, wanted, limit, lambda: context.time_left() > _SPARE_SECONDS)
        )
    assigned = warmup.phases.get(phase)
    status = None if assigned is None else assigned.status_at(account.state, context.now)
    return PhaseExplanation(account_id, phase, status, assigned, explanations)


def _explain(
    model_id: str,
    kind: PoolKind,
    need: Need,
    wanted: selection.Wanted,
    limit: int,
    go_on: runways.GoOn,
) -> NeedExplanation:
    table = runways.KINDS[kind]

    def pool(category: str) -> selection.Pool[PoolItem]:
        return table.ranked(model_id, category)

    leading = selection.candidates(pool, wanted, limit)
    items, complete = runways.items(table, model_id, go_on=go_on)
    refused = [RefusedItem(item.item_id, item.category, why) for item, why in selection.refused(items, wanted)]
    counts = Counter(str(one.reason) for one in refused)
    category = leading[0].item.category if leading else None
    return NeedExplanation(kind, need, category, leading, refused[:_MOST_SHOWN], dict(counts), not complete)

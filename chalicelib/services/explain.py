"""Why a phase gets what it gets: what selection would do now, by the functions that decide."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib import warmups
from chalicelib.context import Context
from chalicelib.domain import selection
from chalicelib.domain.errors import NotFound
from chalicelib.domain.phases import ORDER, PhaseName
from chalicelib.domain.plans import Need
from chalicelib.domain.runway import Kind
from chalicelib.domain.selection import ANY, Choice, Refusal
from chalicelib.tables import Phase, runways
from chalicelib.tables.pools import PoolItem

_MOST_LOOKED_AT = 1000
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is not eligible for this phase of this account, and why."""

    item_id: str
    category: str
    reason: Refusal


@dataclass(frozen=True, slots=True)
class Explanation:
    """What selection would do for one need of a phase: the leading candidates, the winner first, and the refused.

    `category` is where the winner comes from (None: nothing is eligible); `refused` is a sample of up to 100, `counts`
    tells all that were looked at, `complete` whether these were all items.
    """

    kind: Kind
    need: Need
    category: str | None
    leading: list[Choice[PoolItem]]
    refused: list[Refused]
    counts: dict[str, int]
    complete: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """What selection would do for a phase, need by need, and what is assigned to it already (None before the start)."""

    account_id: str
    phase: PhaseName
    assigned: Phase | None
    explanations: list[Explanation]


def explain(context: Context, account_id: str, phase_name: str, *, limit: int) -> Explained:
    """What selection would do now for a phase of an account, with `limit` candidates. Raises NotFound."""
    if phase_name not in ORDER:
        raise NotFound("phase", phase_name)
    phase = PhaseName(phase_name)
    warmup = warmups.load(context, account_id)
    account = warmup.account
    asked = account.plan.phases[phase]
    needs = ((Kind.CONTENT, asked.content, account.used_content_ids), (Kind.TEXT, asked.text, account.used_text_ids))
    explanations = []
    for kind, need, used in needs:
        if need is Need.NONE:
            continue
        wanted = selection.wanted(account.plan, phase, theme=account.theme, used=used or (), now=context.now)
        explanations.append(_explain(account.model_id, phase, kind, need, wanted, limit))
    return Explained(account_id, phase, warmup.phases.get(phase), explanations)


def _explain(
    model_id: str, phase: PhaseName, kind: Kind, need: Need, wanted: selection.Wanted, limit: int
) -> Explanation:
    table = runways.KINDS[kind]

    def pool(category: str) -> selection.Pool[PoolItem]:
        return table.ranked(model_id, category)

    leading = selection.candidates(pool, phase, wanted, limit)
    items, complete = runways.items(table, model_id, _MOST_LOOKED_AT)
    refused = list(_refused(items, phase, wanted))
    counts = Counter(str(one.reason) for one in refused)
    category = leading[0].item.category if leading else None
    return Explanation(kind, need, category, leading, refused[:_MOST_SHOWN], dict(counts), complete)


def _refused(items: Sequence[PoolItem], phase: PhaseName, wanted: selection.Wanted) -> list[Refused]:
    found = []
    for item in items:
        if item.category in (phase, ANY):
            why = selection.refusal(item, wanted)
            if why is not None:
                found.append(Refused(item.item_id, item.category, why))
    return found

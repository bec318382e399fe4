"""Who could take an item: the phases of the plans that draw from its category, and why none of them can."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from chalicelib.domain import selection
from chalicelib.domain.plans import Plan
from chalicelib.domain.records import record
from chalicelib.domain.refusals import MediaFacts, Refusal, TextFacts
from chalicelib.domain.selection import PoolKind, SelectableItem


@record
class Taker:
    """A phase of a plan that needs, or at least takes, a kind of item."""

    plan: Plan
    phase: str

    def wanted(self, now: datetime) -> selection.Wanted:
        """What it asks of an item, for an account without a theme that was given nothing before."""
        return selection.wanted(self.plan, self.phase, theme=None, used=(), now=now)


def of(kind: PoolKind, category: str, plans: Iterable[Plan]) -> Iterator[Taker]:
    """The phases of these plans that draw items of this kind from this category, in the plans' order."""
    for plan in plans:
        for phase, asked in plan.phases.items():
            if kind in selection.needs(plan, phase) and category in asked.categories:
                yield Taker(plan, phase)


@record
class ItemVerdict:
    """What an item is worth to some plans: `uses_left` are those that some phase could take.

    `refusal` is why no phase could be given it now, None where one could. What passes by itself (a rest) or by an edit
    of rights leaves the uses, what the phases ask of an item itself does not.
    """

    refusal: Refusal | None
    uses_left: int


def judge(item: SelectableItem, kind: PoolKind, now: datetime, plans: Iterable[Plan]) -> ItemVerdict:
    """The verdict on an item, by the very refusals of selection."""
    asked = [taker.wanted(now) for taker in of(kind, item.category, plans)]
    if not asked:
        return ItemVerdict(Refusal.NOT_NEEDED, 0)
    fitting = [wanted for wanted in asked if selection.unfit(item, wanted) is None]
    refusals = [selection.refusal(item, wanted) for wanted in fitting or asked]
    refusal = None if None in refusals else refusals[0]
    lawful = [one for one in fitting if selection.without_rights(item, one) is None]
    return ItemVerdict(refusal, max(0, item.max_usage - item.usage_count) if lawful else 0)


def warning(item: SelectableItem, kind: PoolKind, now: datetime, plan: Plan) -> str | None:
    """Why no phase of the plan could ever take the item, in a sentence for its maker; None where one could."""
    asked = [taker.wanted(now) for taker in of(kind, item.category, (plan,))]
    if not asked:
        what = "text" if kind is PoolKind.TEXT else "media"
        return f"The plan {plan.name} takes no {what} in {item.category}."
    reasons = [why for wanted in asked if (why := selection.unfit(item, wanted)) is not None]
    if len(reasons) < len(asked):
        return None
    return f"The plan {plan.name} does not take this in {item.category}: {_why(item, asked, reasons)}."


def _why(item: SelectableItem, asked: Sequence[selection.Wanted], reasons: Sequence[Refusal]) -> str:
    facts = item.facts
    if Refusal.TOO_LONG in reasons and isinstance(facts, TextFacts):
        longest = max((wanted.text for wanted in asked), key=lambda needs: needs.max_length)
        return f"{facts.length(longest.unit)} of {longest.max_length} characters"
    if Refusal.WRONG_MEDIA_TYPE in reasons and isinstance(facts, MediaFacts):
        known = ", ".join(sorted({one for wanted in asked for one in wanted.content.media_types}))
        return f"it is {facts.media_type}; taken are {known}"
    if Refusal.LOW_QUALITY in reasons:
        least = min(wanted.minimum_quality for wanted in asked)
        return f"its quality is {item.quality_score:g}, and {least:g} is asked for"
    return ", ".join(sorted(set(reasons)))

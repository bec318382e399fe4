"""Choosing what a phase needs: the best items of the model's pools, past those that were lost to others."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from chalicelib import warmups
from chalicelib.context import Context
from chalicelib.domain import selection
from chalicelib.domain.errors import ContentUnavailable
from chalicelib.domain.given import Given
from chalicelib.domain.selection import Choice, PoolKind, Wanted
from chalicelib.domain.warmup import delivery as life
from chalicelib.domain.warmup.state import PhaseState
from chalicelib.tables import runways
from chalicelib.tables.base import together
from chalicelib.tables.pools import PoolItem
from chalicelib.warmups import Loaded

_SPARE_SECONDS = 3.0


@dataclass(slots=True)
class Contest:
    """What a call learned by losing what it chose to others: how often it did, and those items as they are now."""

    lost: int = 0
    fresh: dict[str, PoolItem | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was chosen, and among how many of the best."""

    choice: Choice[PoolItem]
    among: int


def read_again(contest: Contest, chosen: Sequence[PoolItem]) -> None:
    """Reads what was chosen as it is now: the index may show the old for a while, and would propose it again."""
    items = together([(type(one), one.item_id) for one in chosen]) if chosen else []
    contest.lost += 1
    contest.fresh.update({one.item_id: item for one, item in zip(chosen, items, strict=True)})


def _choose(
    context: Context, model_id: str, phase: PhaseState, kind: type[PoolItem], wanted: Wanted, contest: Contest
) -> Drawn | None:
    known = {item_id: item for item_id, item in contest.fresh.items() if item is None or isinstance(item, kind)}

    def pool(category: str) -> selection.Pool[PoolItem]:
        return kind.ranked(model_id, category)

    found = selection.candidates(pool, phase.phase, wanted, selection.drawn_among(contest.lost), known)
    if not found:
        return None
    place = int.from_bytes(context.entropy(2), "big") % len(found)
    return Drawn(found[place], len(found))


def choose_missing(
    context: Context, loaded: Loaded, phase: PhaseState, unfit: Collection[life.Named], contest: Contest
) -> dict[PoolKind, Drawn]:
    """Chooses what the phase needs and has not. Raises ContentUnavailable, after the account was set aside."""
    warmup, drawn = loaded.warmup, dict[PoolKind, Drawn]()
    for kind, need in life.missing(warmup, phase, unfit).items():
        used = Given(kind, warmup.given)
        wanted = selection.wanted(warmup.plan, phase.phase, theme=warmup.theme, used=used, now=context.now)
        choice = _choose(context, warmup.model_id, phase, warmups.MODELS[kind], wanted, contest)
        if choice is not None:
            drawn[kind] = choice
        elif need.is_required:
            _refuse_unavailable(context, loaded, phase, kind, wanted)
    return drawn


def chosen(context: Context, phase: PhaseState, drawn: Mapping[PoolKind, Drawn]) -> life.Chosen:
    """What was chosen, as the assignment records it."""
    leading = drawn.get(PoolKind.CONTENT) or drawn.get(PoolKind.TEXT)
    reasons = [
        f"{kind}: {selection.reason(one.choice, one.choice.item.category, phase.phase, one.among)}"
        for kind, one in drawn.items()
    ]
    return life.Chosen(
        assignment_id=context.new_id("asg"),
        items={kind: one.choice.item.item_id for kind, one in drawn.items()},
        reason="; ".join(reasons) or "nothing is needed",
        score=None if leading is None else leading.choice.score.score,
        scores={str(kind): _parts(one.choice) for kind, one in drawn.items()},
    )


def _parts(choice: Choice[PoolItem]) -> dict[str, float | str]:
    parts = {name: getattr(choice.score, name) for name in choice.score.__slots__}
    return {**parts, "category": choice.item.category}


def _refuse_unavailable(
    context: Context, loaded: Loaded, phase: PhaseState, kind: PoolKind, wanted: Wanted
) -> NoReturn:
    """Sets the account aside, so that it does not stand first in the queue for ever; raises ContentUnavailable."""
    waiting = loaded.warmup.content_due_at
    reasons, complete = _reasons(context, loaded.warmup.model_id, phase, kind, wanted)
    counted = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "the pool is empty"
    least = "" if complete else "at least "
    detail = f"No {kind} is eligible in `{phase.phase}` nor in `any`: {least}{counted}."
    if waiting is None or context.now >= waiting:
        step = life.content_unavailable(loaded.warmup, context.now)
        warmups.store(context, loaded, step, what=str(kind), reasons=reasons)
        waiting = step.after.content_due_at
    raise ContentUnavailable(detail, reasons=reasons, what=str(kind), available_at=waiting)


def _reasons(
    context: Context, model_id: str, phase: PhaseState, kind: PoolKind, wanted: Wanted
) -> tuple[dict[str, int], bool]:
    """How many items of the phase's category and of `any` are refused for which reason, and whether all were read."""
    found, complete = runways.items(runways.KINDS[kind], model_id, go_on=lambda: context.time_left() > _SPARE_SECONDS)
    return Counter(str(why) for _, why in selection.refused(found, phase.phase, wanted)), complete

"""Choosing what a phase needs: the best items of the model's pools, past those that were lost to others."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn

from chalicelib import warmups
from chalicelib.context import Context
from chalicelib.domain import scoring, selection, turns
from chalicelib.domain.errors import ContentUnavailable
from chalicelib.domain.given import Given
from chalicelib.domain.records import record
from chalicelib.domain.selection import Choice, PoolKind, Wanted
from chalicelib.domain.turns import Turn
from chalicelib.domain.warmup import delivery as life
from chalicelib.domain.warmup.state import PhaseState, Warmup
from chalicelib.tables import runways, settings
from chalicelib.tables.base import batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Stale
from chalicelib.warmups import Loaded

_SPARE_SECONDS = 3.0
_TURNS_ARE_KEPT = timedelta(hours=1)
_MOST_NUMBERS = 8
_Kind = type[PoolItem]


@record
class Picked:
    """An item that was chosen, and its place in its pool: 0 is the best."""

    choice: Choice[PoolItem]
    place: int


@dataclass(slots=True)
class Contest:
    """What a call learned by losing what it chose to others: those items as they are, and its turn in each category.

    `lists` are the ids to which the numbers of a category lead, by kind.
    """

    fresh: dict[tuple[_Kind, str], PoolItem | None] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    lists: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def lose(
        self, context: Context, warmup: Warmup, phase: PhaseState, stale: Stale, chosen: Mapping[PoolKind, PoolItem]
    ) -> None:
        """Takes a turn where an item went to somebody else; one that was only changed is ranked as it is now."""
        given_away = set()
        for item in chosen.values():
            if type(item) in stale.failed and self._was_given_away(item, stale):
                given_away.add(item.category)
        for category in sorted(given_away):
            self.take_turn(context, warmup, category)
            lists = self.lists[category]
            missing = {
                str(kind): turns.places(
                    self.pool(type(item), warmup.model_id, category),
                    _wanted(context, warmup, phase, kind),
                    item.item_id,
                )
                for kind, item in chosen.items()
                if item.category == category and kind not in lists
            }
            if missing:
                ranking, since = _ranking(context, warmup, category)
                self.lists[category] = settings.keep_turns(ranking, since, missing)

    def _was_given_away(self, item: PoolItem, stale: Stale) -> bool:
        key = type(item), item.item_id
        if key in stale.current:
            now = stale.current[key]
        else:  # it was lost to a transaction under way, which is over when this is read
            (now,) = batch_get([key])
        assert now is None or isinstance(now, PoolItem)
        self.fresh[key] = now
        return turns.was_given_away(now, item.before("usage_count"))

    def take_turn(self, context: Context, warmup: Warmup, category: str) -> None:
        """Takes the next number of the category."""
        ranking, since = _ranking(context, warmup, category)
        number, self.lists[category] = settings.take_turn(ranking, since, context.now + _TURNS_ARE_KEPT)
        self.turns[category] = Turn(number)

    def pool(self, kind: _Kind, model_id: str, category: str) -> selection.Pool[PoolItem]:
        """The items of a category, with those that were lost as they are now."""
        fresh = {item_id: item for (of, item_id), item in self.fresh.items() if of is kind}
        return selection.Corrected(kind.ranked(model_id, category), category, fresh)


def _ranking(context: Context, warmup: Warmup, category: str) -> tuple[str, datetime]:
    since = turns.window(context.now, context.settings.turn_seconds)
    return scoring.pool(warmup.model_id, category, warmup.theme), since


def _wanted(context: Context, warmup: Warmup, phase: PhaseState, kind: PoolKind) -> Wanted:
    used = Given(kind, warmup.given)
    return selection.wanted(warmup.plan, phase.phase, theme=warmup.theme, used=used, now=context.now)


def _choose(context: Context, warmup: Warmup, kind: PoolKind, wanted: Wanted, contest: Contest) -> Picked | None:
    for category in wanted.categories:
        picked = _in_turn(context, warmup, category, kind, wanted, contest)
        if picked is None:
            pool = contest.pool(warmups.MODELS[kind], warmup.model_id, category)
            turn, listed = contest.turns.get(category, Turn()), contest.lists.get(category, {}).get(kind, [])
            found = turns.behind(pool, wanted, listed, turn)
            picked = None if found is None else Picked(*found)
        if picked is not None:
            return picked
    return None


def _in_turn(
    context: Context, warmup: Warmup, category: str, kind: PoolKind, wanted: Wanted, contest: Contest
) -> Picked | None:
    """The item whose turn it is, None where there is none for this account."""
    for _ in range(_MOST_NUMBERS):
        turn, listed = contest.turns.get(category, Turn()), contest.lists.get(category, {}).get(kind, [])
        item_id = turn.of(listed)
        if item_id is None:
            return None
        model = warmups.MODELS[kind]
        (item,) = batch_get([(model, item_id)])
        contest.fresh[model, item_id] = item
        if not turns.is_gone(item, wanted):
            eligible = item.category == category and selection.refusal(item, wanted) is None
            return Picked(Choice(item, scoring.score(item, wanted.theme)), turn.number) if eligible else None
        contest.take_turn(context, warmup, category)
    return None


def choose_missing(
    context: Context, loaded: Loaded, phase: PhaseState, unfit: Collection[life.Named], contest: Contest
) -> dict[PoolKind, Picked]:
    """Chooses what the phase needs and has not. Raises ContentUnavailable, after the account was set aside."""
    warmup = loaded.warmup

    def choice(kind: PoolKind) -> Picked | None:
        return _choose(context, warmup, kind, _wanted(context, warmup, phase, kind), contest)

    picked, lacking = life.choose(life.missing(warmup, phase, unfit), choice)
    if lacking is not None:
        _refuse_unavailable(context, loaded, lacking, _wanted(context, warmup, phase, lacking))
    return picked


def chosen(context: Context, category: str, picked: Mapping[PoolKind, Picked]) -> life.Chosen:
    """What was chosen for a phase that draws from this category, as the assignment records it."""
    leading = picked.get(PoolKind.CONTENT) or picked.get(PoolKind.TEXT)
    reasons = [
        f"{kind}: {selection.reason(one.choice, one.choice.item.category, category, one.place)}"
        for kind, one in picked.items()
    ]
    return life.Chosen(
        assignment_id=context.new_id("asg"),
        items={kind: one.choice.item.item_id for kind, one in picked.items()},
        reason="; ".join(reasons) or "nothing is needed",
        score=None if leading is None else leading.choice.score.score,
        scores={str(kind): _parts(one.choice) for kind, one in picked.items()},
    )


def _parts(choice: Choice[PoolItem]) -> dict[str, float | str]:
    return {**vars(choice.score), "category": choice.item.category}


def _refuse_unavailable(context: Context, loaded: Loaded, kind: PoolKind, wanted: Wanted) -> NoReturn:
    """Sets the account aside, so that it does not stand first in the queue forever; raises ContentUnavailable."""
    waiting = loaded.warmup.content_due_at
    reasons, complete = _reasons(context, loaded.warmup.model_id, kind, wanted)
    counted = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "the pool is empty"
    where = " nor in ".join(f"`{category}`" for category in wanted.categories)
    least = "" if complete else "at least "
    detail = f"No {kind} is eligible in {where}: {least}{counted}."

    if waiting is None or context.now >= waiting:
        step = life.content_unavailable(loaded.warmup, context.now)
        warmups.store(context, loaded, step, what=str(kind), reasons=reasons)
        waiting = step.after.content_due_at
    raise ContentUnavailable(detail, reasons=reasons, what=str(kind), available_at=waiting)


def _reasons(context: Context, model_id: str, kind: PoolKind, wanted: Wanted) -> tuple[dict[str, int], bool]:
    """How many items of the phase's categories are refused for which reason, and whether all were read."""
    found, complete = runways.items(runways.KINDS[kind], model_id, go_on=lambda: context.time_left() > _SPARE_SECONDS)
    return Counter(str(why) for _, why in selection.refused(found, wanted)), complete

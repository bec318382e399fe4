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
from chalicelib.tables.base import batch_get, remember, remembers
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
    """What a call learned by losing what it chose to others: those items as they are, and its turn in each ranking.

    `lists` are the ids to which the numbers of a ranking lead, by kind.
    """

    fresh: dict[tuple[_Kind, str], PoolItem | None] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    lists: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def lose(
        self, context: Context, warmup: Warmup, phase: PhaseState, stale: Stale, chosen: Mapping[PoolKind, PoolItem]
    ) -> None:
        """Takes a turn where an item went to somebody else; one that was only changed is ranked as it is now."""
        given_away: dict[str, dict[PoolKind, str]] = {}
        for kind, item in chosen.items():
            if type(item) in stale.failed and self._was_given_away(item, stale):
                given_away.setdefault(item.category, {})[kind] = item.item_id
        for category, lost in sorted(given_away.items()):
            remember(_met(_ranking(warmup, category)), turns.MET_SECONDS, True)
            self.take_turn(context, warmup, category)
            for kind, item in chosen.items():
                if item.category == category:
                    wanted = _wanted(context, warmup, phase, kind)
                    self._require_list(context, warmup, category, kind, wanted, lost.get(kind, item.item_id))

    def join(self, context: Context, warmup: Warmup, category: str, kind: PoolKind, wanted: Wanted) -> None:
        """Takes a turn before anything is lost, where something was within the last seconds."""
        ranking = _ranking(warmup, category)
        if ranking not in self.turns:
            if not remembers(_met(ranking)):
                return
            self.take_turn(context, warmup, category)
        self._require_list(context, warmup, category, kind, wanted)

    def _require_list(
        self, context: Context, warmup: Warmup, category: str, kind: PoolKind, wanted: Wanted, lost: str | None = None
    ) -> None:
        """Makes the list of a ranking where none of those who have numbers has made it."""
        ranking, since = _ranking(warmup, category), _since(context)
        if kind in self.lists[ranking]:
            return
        before = settings.promised(ranking, turns.windows_before(since, context.settings.turn_seconds))
        gone = before.get(kind, set()) | ({lost} if lost is not None else set())
        found = turns.places(self.pool(warmups.MODELS[kind], warmup.model_id, category), wanted, gone)
        self.lists[ranking] = settings.keep_turns(ranking, since, {str(kind): found, _before(kind): sorted(gone)})

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
        ranking, kept_until = _ranking(warmup, category), context.now + _TURNS_ARE_KEPT
        number, self.lists[ranking] = settings.take_turn(ranking, _since(context), kept_until)
        self.turns[ranking] = Turn(number)

    def turn(self, warmup: Warmup, category: str, kind: PoolKind) -> tuple[Turn, list[str]]:
        """The turn in a ranking, and the list that the numbers there stand for."""
        ranking = _ranking(warmup, category)
        return self.turns.get(ranking, Turn()), self.lists.get(ranking, {}).get(kind, [])

    def place(self, warmup: Warmup, category: str, kind: PoolKind) -> int:
        """The place in the pool of the item whose turn it is."""
        turn, _ = self.turn(warmup, category, kind)
        return turn.number - 1 + len(self.lists[_ranking(warmup, category)].get(_before(kind), ()))

    def pool(self, kind: _Kind, model_id: str, category: str) -> selection.Pool[PoolItem]:
        """The items of a category, with those that were lost as they are now."""
        fresh = {item_id: item for (of, item_id), item in self.fresh.items() if of is kind}
        return selection.Corrected(kind.ranked(model_id, category), category, fresh)


def _ranking(warmup: Warmup, category: str) -> str:
    return scoring.pool(warmup.model_id, category, warmup.theme)


def _since(context: Context) -> datetime:
    return turns.window(context.by_now, context.settings.turn_seconds)


def _before(kind: PoolKind) -> str:
    """The name of the list of those items of a ranking that stood before the first number's."""
    return settings.BEFORE + kind


def _met(ranking: str) -> str:
    return f"met:{ranking}"


def _wanted(context: Context, warmup: Warmup, phase: PhaseState, kind: PoolKind) -> Wanted:
    used = Given(kind, warmup.given)
    return selection.wanted(warmup.plan, phase.phase, theme=warmup.theme, used=used, now=context.now)


def _choose(context: Context, warmup: Warmup, kind: PoolKind, wanted: Wanted, contest: Contest) -> Picked | None:
    for category in wanted.categories:
        contest.join(context, warmup, category, kind, wanted)
        picked = _in_turn(context, warmup, category, kind, wanted, contest)
        if picked is None:
            pool = contest.pool(warmups.MODELS[kind], warmup.model_id, category)
            turn, listed = contest.turn(warmup, category, kind)
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
        turn, listed = contest.turn(warmup, category, kind)
        item_id = turn.of(listed)
        if item_id is None:
            return None
        model = warmups.MODELS[kind]
        (item,) = batch_get([(model, item_id)])
        contest.fresh[model, item_id] = item
        if not turns.is_gone(item, wanted):
            eligible = item.category == category and selection.refusal(item, wanted) is None
            place = contest.place(warmup, category, kind)
            return Picked(Choice(item, scoring.score(item, wanted.theme)), place) if eligible else None
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

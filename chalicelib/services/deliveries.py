"""Deliveries: a phase's content is chosen, assigned and given to its worker."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn

from chalicelib import warmups
from chalicelib.changes import retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain import selection
from chalicelib.domain.errors import ContentUnavailable
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import PhaseName, Status
from chalicelib.domain.plans import Need
from chalicelib.domain.selection import Choice, PoolKind, Wanted
from chalicelib.domain.warmup import delivery as life
from chalicelib.domain.warmup.draft import assigned
from chalicelib.domain.warmup.leases import Caller
from chalicelib.domain.warmup.state import PhaseState
from chalicelib.sessions import new_session, working_session
from chalicelib.tables import Assignment, Content, Session, Text, media, runways
from chalicelib.tables.base import Key, together
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Stale
from chalicelib.warmups import Loaded

_SPARE_SECONDS = 3.0


@dataclass(slots=True)
class _Contest:
    """What a call learned by losing what it chose to others: how often it did, and those items as they are now."""

    lost: int = 0
    fresh: dict[str, PoolItem | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What was chosen, and among how many of the best."""

    choice: Choice[PoolItem]
    among: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a worker is given for a phase. `url` gives the media until `url_expires_at`; it is a secret.

    `withdrawn` are the ids of the items that may no longer be used, although they were given.
    """

    account_id: str
    phase: PhaseName
    assignment_id: str
    score: float | None
    reason: str
    content: Content | None
    url: str | None
    url_expires_at: datetime | None
    text: Text | None
    lease: Lease
    withdrawn: frozenset[str] = frozenset()


def content(context: Context, account_id: str, phase_name: str) -> Delivery:
    """Gives the caller the phase's content: assigned if none is, under the caller's lease, taken if it has none.

    The holder that asks again gets the same. An item that was assigned and never delivered, and has lost its rights
    since, is replaced by another. Raises NotFound, AccountNotReady, AccountLeased, AccountPaused, PhaseNotAvailable,
    ContentUnavailable, SessionEnded.
    """
    return _content(context, account_id, phase_name, _Contest())


@retry_on_conflict
def _content(context: Context, account_id: str, phase_name: str, contest: _Contest) -> Delivery:
    loaded, caller = warmups.load(context, account_id), warmups.caller(context)
    warmup = loaded.warmup
    phase = warmup.phase(phase_name)
    holder = caller.holds(warmup.lease, context.now)
    if holder and phase is warmup.current and phase.status is Status.IN_PROGRESS:
        return _delivered_before(context, loaded, phase)
    warmups.store_expiry(context, loaded, lambda after: life.out_of_order(after, after.phase(phase_name)))
    phase = life.deliverable(warmup, caller, phase_name, loaded.pauses, context.now)
    session = working_session(context, loaded.session, holds=holder) or new_session(context)
    return _deliver(context, loaded, phase, caller, session, contest)


def _delivered_before(context: Context, loaded: Loaded, phase: PhaseState) -> Delivery:
    assignment, items = _assigned(loaded, phase)
    return _delivery(context, loaded, phase.phase, _given(assignment), items)


Items = dict[PoolKind, PoolItem]


def _assigned(loaded: Loaded, phase: PhaseState) -> tuple[Assignment | None, Items]:
    """The phase's assignment with its items, as they are now."""
    named = assigned(phase)
    keys: list[Key] = [(warmups.MODELS[kind], item_id) for kind, item_id in named]
    if phase.assignment_id is not None:
        keys.append((Assignment, loaded.account.account_id, phase.assignment_id))
    found = together(keys) if keys else []
    assignment = found.pop() if phase.assignment_id is not None else None
    items = {kind: item for (kind, _), item in zip(named, found, strict=True) if item is not None}
    return assignment, items


def _delivery(context: Context, loaded: Loaded, phase: PhaseName, chosen: life.Chosen, items: Items) -> Delivery:
    item, text, lease = items.get(PoolKind.CONTENT), items.get(PoolKind.TEXT), loaded.warmup.lease
    assert lease is not None, "who is given content holds the account"
    url, expires_at = None, None
    if isinstance(item, Content):
        seconds = context.settings.url_seconds
        url = media.download_url(context.settings.media_bucket, item.media_key, seconds)
        expires_at = context.now + timedelta(seconds=seconds)
    return Delivery(
        account_id=loaded.account.account_id,
        phase=phase,
        assignment_id=chosen.assignment_id,
        score=chosen.score,
        reason=chosen.reason,
        content=item if isinstance(item, Content) else None,
        url=url,
        url_expires_at=expires_at,
        text=text if isinstance(text, Text) else None,
        lease=lease,
        withdrawn=frozenset(item_id for _, item_id in _unlicensed(items, context.now)),
    )


def _unlicensed(items: Items, now: datetime) -> frozenset[life.Named]:
    return frozenset((kind, one.item_id) for kind, one in items.items() if selection.unlicensed(one, now) is not None)


def _deliver(
    context: Context, loaded: Loaded, phase: PhaseState, caller: Caller, session: Session, contest: _Contest
) -> Delivery:
    assignment, items = _assigned(loaded, phase)
    again = phase.status is Status.CONTENT_ASSIGNED
    unfit = _unlicensed(items, context.now) if again else frozenset[life.Named]()
    drawn = None if again and not unfit else _choose_missing(context, loaded, phase, unfit, contest)
    chosen = None if drawn is None else _chosen(context, phase, drawn)
    new = {kind: one.choice.item for kind, one in (drawn or {}).items()}
    kept = {kind: item for kind, item in items.items() if (kind, item.item_id) not in unfit}
    ends = [one.licence_valid_until for one in {**kept, **new}.values() if one.licence_valid_until is not None]
    step = life.deliver(
        loaded.warmup,
        caller,
        phase.phase,
        warmups.new_lease(context, loaded, session),
        context.now,
        chosen=chosen,
        unfit=unfit,
        delivered_before=assignment is not None and assignment.delivered_at is not None,
        licensed_until=min(ends, default=None),
    )
    try:
        warmups.store(context, loaded, step, session=session, items=[*items.values(), *new.values()])
    except Stale as stale:
        if stale.failed & {Content, Text}:
            _read_again(contest, list(new.values()))
        raise
    return _delivery(context, loaded, phase.phase, chosen or _given(assignment), {**kept, **new})


def _read_again(contest: _Contest, chosen: Sequence[PoolItem]) -> None:
    """Reads what was chosen as it is now: the index may show the old for a while, and would propose it again."""
    items = together([(type(one), one.item_id) for one in chosen]) if chosen else []
    contest.lost += 1
    contest.fresh.update({one.item_id: item for one, item in zip(chosen, items, strict=True)})


def _choose(
    context: Context, model_id: str, phase: PhaseState, kind: type[PoolItem], wanted: Wanted, contest: _Contest
) -> _Drawn | None:
    known = {item_id: item for item_id, item in contest.fresh.items() if item is None or isinstance(item, kind)}

    def pool(category: str) -> selection.Pool[PoolItem]:
        return kind.ranked(model_id, category)

    found = selection.candidates(pool, phase.phase, wanted, selection.drawn_among(contest.lost), known)
    if not found:
        return None
    place = int.from_bytes(context.entropy(2), "big") % len(found)
    return _Drawn(found[place], len(found))


def _choose_missing(
    context: Context, loaded: Loaded, phase: PhaseState, unfit: Collection[life.Named], contest: _Contest
) -> dict[PoolKind, _Drawn]:
    """Chooses what the phase needs and has not. Raises ContentUnavailable, after the account was set aside."""
    warmup, drawn = loaded.warmup, dict[PoolKind, _Drawn]()
    for kind, need in life.missing(warmup, phase, unfit).items():
        used = warmup.used_content_ids if kind is PoolKind.CONTENT else warmup.used_text_ids
        wanted = selection.wanted(warmup.plan, phase.phase, theme=warmup.theme, used=used, now=context.now)
        choice = _choose(context, warmup.model_id, phase, warmups.MODELS[kind], wanted, contest)
        if choice is not None:
            drawn[kind] = choice
        elif need is Need.REQUIRED:
            _refuse_unavailable(context, loaded, phase, kind, wanted)
    return drawn


def _chosen(context: Context, phase: PhaseState, drawn: Mapping[PoolKind, _Drawn]) -> life.Chosen:
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


def _given(assignment: Assignment | None) -> life.Chosen:
    """What was chosen before."""
    assert assignment is not None
    return life.Chosen(assignment.assignment_id, {}, assignment.assignment_reason, assignment.assignment_score)


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

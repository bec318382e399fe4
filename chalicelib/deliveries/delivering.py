"""Delivering: a phase's items are assigned, and handed to its worker in the same transaction."""

from datetime import datetime, timedelta

from chalicelib import warmups
from chalicelib.context import Context
from chalicelib.deliveries.choosing import Contest, choose_missing, chosen
from chalicelib.domain import selection
from chalicelib.domain.leases import Lease
from chalicelib.domain.records import record
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup import delivery as life
from chalicelib.domain.warmup.draft import assigned
from chalicelib.domain.warmup.leases import Caller
from chalicelib.domain.warmup.state import PhaseState
from chalicelib.sessions import new_session, working_session
from chalicelib.tables import Assignment, Content, Session, Text, media
from chalicelib.tables.base import Key, batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Stale
from chalicelib.warmups import Loaded


@record
class DeliveredItems:
    """What a worker is given for a phase. `url` gives the media until `url_expires_at`; it is a secret.

    `withdrawn` are the ids of the items that may no longer be used, although they were given.
    """

    account_id: str
    phase: str
    category: str
    assignment_id: str
    score: float | None
    reason: str
    content: Content | None
    url: str | None
    url_expires_at: datetime | None
    text: Text | None
    lease: Lease
    withdrawn: frozenset[str] = frozenset()


def hand_out(context: Context, loaded: Loaded, phase_name: str, contest: Contest) -> DeliveredItems:
    """Gives the caller the phase's content: what it has already, else what is assigned or chosen now.

    Raises as `services.deliveries.content` says, and Stale where others were faster.
    """
    warmup, caller = loaded.warmup, warmups.caller(context)
    phase = warmup.phase(phase_name)
    holder = caller.holds(warmup.lease, context.now)
    if life.is_repeat(warmup, caller, phase, context.now):
        return _delivered_before(context, loaded, phase)
    warmups.store_expiry(context, loaded, lambda after: life.out_of_order(after, after.phase(phase_name)))
    phase = life.deliverable(warmup, caller, phase_name, loaded.pauses, context.now)
    session = working_session(context, loaded.session, holds=holder) or new_session(context)
    return _deliver(context, loaded, phase, caller, session, contest)


def take_next(context: Context, loaded: Loaded, contest: Contest) -> DeliveredItems | None:
    """Gives the caller the content of the account's next phase, and does all that comes before it: the start, the
    lease, the assignment. None where all phases are completed. Who has it already gets the same.

    Raises as `hand_out` does.
    """
    warmup, caller = loaded.warmup, warmups.caller(context)
    holder, phase = caller.holds(warmup.lease, context.now), warmup.current
    if phase is not None and life.is_repeat(warmup, caller, phase, context.now):
        return _delivered_before(context, loaded, phase)
    phase = life.next_deliverable(warmup, caller, loaded.pauses, context.now)
    if phase is None:
        return None
    session = working_session(context, loaded.session, holds=holder) or new_session(context)
    return _deliver(context, loaded, phase, caller, session, contest)


def _delivered_before(context: Context, loaded: Loaded, phase: PhaseState) -> DeliveredItems:
    assignment, items = _assigned(loaded, phase)
    return _delivery(context, loaded, phase.phase, _given(assignment), items)


Items = dict[PoolKind, PoolItem]


def _assigned(loaded: Loaded, phase: PhaseState) -> tuple[Assignment | None, Items]:
    """The phase's assignment with its items, as they are now."""
    named = assigned(phase)
    keys: list[Key] = [(warmups.MODELS[kind], item_id) for kind, item_id in named]
    if phase.assignment_id is not None:
        keys.append((Assignment, loaded.account.account_id, phase.assignment_id))
    found = batch_get(keys) if keys else []
    assignment = found.pop() if phase.assignment_id is not None else None
    items = {kind: item for (kind, _), item in zip(named, found, strict=True) if item is not None}
    return assignment, items


def _delivery(context: Context, loaded: Loaded, phase: str, choice: life.Chosen, items: Items) -> DeliveredItems:
    item, text, lease = items.get(PoolKind.CONTENT), items.get(PoolKind.TEXT), loaded.warmup.lease
    assert lease is not None, "who is given content holds the account"
    url, expires_at = None, None
    if isinstance(item, Content):
        seconds = context.settings.url_seconds
        url = media.download_url(context.settings.media_bucket, item.media_key, seconds, item.media_type)
        expires_at = context.now + timedelta(seconds=seconds)
    return DeliveredItems(
        account_id=loaded.account.account_id,
        phase=phase,
        category=loaded.warmup.plan.phases[phase].category,
        assignment_id=choice.assignment_id,
        score=choice.score,
        reason=choice.reason,
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
    context: Context, loaded: Loaded, phase: PhaseState, caller: Caller, session: Session, contest: Contest
) -> DeliveredItems:
    assignment, items = _assigned(loaded, phase)
    unfit = _unlicensed(items, context.now)
    lacking = life.lacks_assignment(phase, unfit)
    picked = choose_missing(context, loaded, phase, unfit, contest) if lacking else None
    choice = None if picked is None else chosen(context, loaded.warmup.plan.phases[phase.phase].category, picked)
    new = {kind: one.choice.item for kind, one in (picked or {}).items()}
    kept = {kind: item for kind, item in items.items() if (kind, item.item_id) not in unfit}
    ends = [one.licence_valid_until for one in {**kept, **new}.values() if one.licence_valid_until is not None]
    step = life.deliver(
        loaded.warmup,
        caller,
        phase.phase,
        warmups.new_lease(context, loaded, session),
        context.now,
        chosen=choice,
        unfit=unfit,
        delivered_before=assignment is not None and assignment.delivered_at is not None,
        licensed_until=min(ends, default=None),
    )
    try:
        warmups.store(context, loaded, step, session=session, items=[*items.values(), *new.values()])
    except Stale as stale:
        if stale.failed & {Content, Text}:
            contest.lose(context, loaded.warmup, phase, stale, new)
        raise
    return _delivery(context, loaded, phase.phase, choice or _given(assignment), {**kept, **new})


def _given(assignment: Assignment | None) -> life.Chosen:
    """What was chosen before."""
    assert assignment is not None
    return life.Chosen(assignment.assignment_id, {}, assignment.assignment_reason, assignment.assignment_score)

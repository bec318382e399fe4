"""Deliveries: a phase's content is chosen, assigned and given to its worker."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from chalicelib.changes import AccountChange, Warmup, decided_again, is_holder, new_session, read, working_session
from chalicelib.context import Context
from chalicelib.domain import leases, retries, selection
from chalicelib.domain.accounts import State
from chalicelib.domain.actions import Action
from chalicelib.domain.blockers import Code, blockers, refuse
from chalicelib.domain.errors import AccountNotReady, ContentUnavailable, PhaseNotAvailable
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import Move, Status
from chalicelib.domain.plans import Need
from chalicelib.domain.runway import Kind
from chalicelib.domain.selection import Choice, Wanted
from chalicelib.tables import Account, Assignment, Content, Phase, Session, Text, media, runways
from chalicelib.tables.base import Key, together
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Stale

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
    phase: Phase
    assignment: Assignment
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


@decided_again
def _content(context: Context, account_id: str, phase_name: str, contest: _Contest) -> Delivery:
    warmup = read(context, account_id)
    phase = warmup.phase(phase_name)
    holder = is_holder(context, warmup.account.lease)
    if holder and phase is warmup.current and phase.status is Status.IN_PROGRESS:
        return _delivered_before(context, warmup, phase)
    if not holder:
        leases.refuse_while_live(warmup.account.lease, context.now)
    change = AccountChange(context, warmup)
    settled = change.settle()
    if phase is not warmup.current or phase.status is Status.REQUIRES_REVIEW:
        if settled is Action.LEASE_EXPIRE:
            change.commit(settled)
        _refuse_order(warmup, phase)
    session = working_session(context, warmup.session, holds=holder)
    warmup.account.content_due_at = None  # who asks for the content itself lets the pools be asked again
    found = [
        one
        for one in blockers(warmup.account, phase, warmup.pauses, context.now)
        if not (holder and one.code is Code.LEASED)
    ]
    if found:
        refuse(warmup.account, found, context.now)
    return _deliver(context, change, phase, session, contest)


def _refuse_order(warmup: Warmup, phase: Phase) -> None:
    if warmup.account.state not in (State.WARMING_UP, State.PAUSED):
        raise AccountNotReady(f"The account is `{warmup.account.state}`.", state=warmup.account.state)
    if phase.status is Status.COMPLETED:
        raise PhaseNotAvailable(f"The phase {phase.phase} is completed.")
    if phase.status is Status.REQUIRES_REVIEW:
        raise PhaseNotAvailable(f"People must decide on {phase.phase}: {phase.error_message}.")
    raise PhaseNotAvailable(f"The phase {warmup.account.current_phase} comes before {phase.phase}.", phase.available_at)


def _delivered_before(context: Context, warmup: Warmup, phase: Phase) -> Delivery:
    assignment, item, text = _assigned(phase)
    lease = warmup.account.lease
    assert lease is not None and assignment is not None
    return _delivery(context, phase, assignment, item, text, lease)


def _assigned(phase: Phase) -> tuple[Assignment | None, Content | None, Text | None]:
    """The phase's assignment with its items, as they are now."""
    wanted: list[Key] = [(Assignment, phase.account_id, phase.assignment_id)] if phase.assignment_id else []
    wanted += [(Content, phase.assigned_content_id)] if phase.assigned_content_id else []
    wanted += [(Text, phase.assigned_text_id)] if phase.assigned_text_id else []
    found = together(wanted) if wanted else []
    return _of(Assignment, found), _of(Content, found), _of(Text, found)


def _of(model: type[Any], items: Sequence[Any]) -> Any:
    return next((item for item in items if isinstance(item, model)), None)


def _delivery(
    context: Context, phase: Phase, assignment: Assignment, item: Content | None, text: Text | None, lease: Lease
) -> Delivery:
    url, expires_at = None, None
    if item is not None:
        seconds = context.settings.url_seconds
        url = media.download_url(context.settings.media_bucket, item.media_key, seconds)
        expires_at = context.now + timedelta(seconds=seconds)
    unlicensed = frozenset(one.item_id for one in (item, text) if one is not None and _lost_rights(one, context.now))
    return Delivery(phase.account_id, phase, assignment, item, url, expires_at, text, lease, unlicensed)


def _lost_rights(item: PoolItem, now: datetime) -> bool:
    return selection.unlicensed(item, now) is not None


def _deliver(
    context: Context, change: AccountChange, phase: Phase, session: Session | None, contest: _Contest
) -> Delivery:
    account, now = change.account, context.now
    assignment, item, text = _assigned(phase) if phase.status is Status.CONTENT_ASSIGNED else (None, None, None)
    unfit = [one for one in (item, text) if one is not None and _lost_rights(one, now)]
    if unfit:
        change.move(phase, Move.UNASSIGN)
        change.take_off(phase, unfit, delivered=assignment is not None and assignment.delivered_at is not None)
    chosen: list[PoolItem] = []
    if phase.status is Status.AVAILABLE:
        assignment, item, text, chosen = _assign(context, change, phase, contest)
    elif assignment is not None:
        _deliver_assigned(change, assignment, [one for one in (item, text) if one is not None])
    assert assignment is not None
    change.move(phase, Move.DELIVER)
    licensed_until = min(
        (one.licence_valid_until for one in (item, text) if one and one.licence_valid_until), default=None
    )
    if not is_holder(context, account.lease):
        change.take_lease(session or new_session(context), licensed_until)
    elif account.lease is not None and licensed_until is not None:
        change.note_licence(account.lease, licensed_until)
    change.begin_work()
    lease = account.lease
    assert lease is not None
    phase.bot_id, phase.bot_session_id, phase.lease_token = lease.bot_id, lease.session_id, lease.token
    phase.started_at = phase.started_at or now
    phase.attempt += 1
    account.content_misses = 0
    try:
        change.commit(Action.PHASE_DELIVER, assignment_id=phase.assignment_id)
    except Stale as stale:
        if stale.failed & {Content, Text}:
            _look_again(contest, chosen)
        raise
    return _delivery(context, phase, assignment, item, text, lease)


def _deliver_assigned(change: AccountChange, assignment: Assignment, items: Sequence[PoolItem]) -> None:
    """Delivers what was assigned before, on condition that its rights were not taken away just now."""
    for one in items:
        change.transaction.update(one, one.has_rights(), [])
    if assignment.delivered_at is None:
        assignment.delivered_at = change.context.now
        change.transaction.update(assignment, Assignment.assignment_id.exists())


def _look_again(contest: _Contest, chosen: Sequence[PoolItem]) -> None:
    """Reads what was chosen as it is now: the index may tell the old for a while, and would propose it again."""
    items = together([(type(one), one.item_id) for one in chosen]) if chosen else []
    contest.lost += 1
    contest.fresh.update({one.item_id: item for one, item in zip(chosen, items, strict=True)})


def _assign(
    context: Context, change: AccountChange, phase: Phase, contest: _Contest
) -> tuple[Assignment, Content | None, Text | None, list[PoolItem]]:
    """Chooses and assigns what the phase needs and has not; the last are the items that were chosen."""
    account = change.account
    asked = account.plan.phases[phase.name]
    choices: dict[type[PoolItem], _Drawn] = {}
    kept: dict[type[PoolItem], str | None] = {Content: phase.assigned_content_id, Text: phase.assigned_text_id}
    for kind, need in ((Content, asked.content), (Text, asked.text)):
        if need is Need.NONE or kept[kind]:
            continue
        used = account.used_content_ids if kind is Content else account.used_text_ids
        wanted = selection.wanted(account.plan, phase.name, theme=account.theme, used=used or (), now=context.now)
        choice = _choose(context, account, phase, kind, wanted, contest)
        if choice is not None:
            choices[kind] = choice
        elif need is Need.REQUIRED:
            _starve(context, change, phase, kind, wanted)
    chosen = [one.choice.item for one in choices.values()]
    for one in chosen:
        change.transaction.update(one, one.store_use(context.now))
    item, text = _chosen(choices, kept, Content), _chosen(choices, kept, Text)
    change.move(phase, Move.ASSIGN)
    assignment = _assignment(context, account, phase, choices, item, text)
    phase.assignment_id, phase.content_assigned_at = assignment.assignment_id, context.now
    if item is not None:
        phase.assigned_content_id = item.content_id
        account.used_content_ids = (account.used_content_ids or set()) | {item.content_id}
    if text is not None:
        phase.assigned_text_id = text.text_id
        account.used_text_ids = (account.used_text_ids or set()) | {text.text_id}
    change.transaction.put(assignment)
    return assignment, item, text, chosen


def _choose(
    context: Context, account: Account, phase: Phase, kind: type[PoolItem], wanted: Wanted, contest: _Contest
) -> _Drawn | None:
    known = {item_id: item for item_id, item in contest.fresh.items() if item is None or isinstance(item, kind)}

    def pool(category: str) -> selection.Pool[PoolItem]:
        return kind.ranked(account.model_id, category)

    found = selection.candidates(pool, phase.phase, wanted, selection.drawn_among(contest.lost), known)
    if not found:
        return None
    place = int.from_bytes(context.entropy(2), "big") % len(found)
    return _Drawn(found[place], len(found))


def _chosen(choices: Mapping[type[PoolItem], _Drawn], kept: Mapping[type[PoolItem], str | None], kind: Any) -> Any:
    if kind in choices:
        return choices[kind].choice.item
    kept_id = kept[kind]
    return together([(kind, kept_id)])[0] if kept_id else None


def _assignment(
    context: Context,
    account: Account,
    phase: Phase,
    choices: Mapping[type[PoolItem], _Drawn],
    item: Content | None,
    text: Text | None,
) -> Assignment:
    leading = choices.get(Content) or choices.get(Text)
    reasons = [
        f"{kind.__name__.lower()}: {selection.reason(one.choice, one.choice.item.category, phase.phase, one.among)}"
        for kind, one in choices.items()
    ]
    return Assignment(
        account_id=account.account_id,
        assignment_id=context.new_id("asg"),
        phase=phase.phase,
        model_id=account.model_id,
        content_id=None if item is None else item.content_id,
        text_id=None if text is None else text.text_id,
        content_type=phase.phase,
        assignment_score=None if leading is None else leading.choice.score.score,
        assignment_reason="; ".join(reasons) or "nothing is needed",
        scores={kind.__name__.lower(): _parts(one.choice) for kind, one in choices.items()},
        assigned_at=context.now,
        assigned_by=f"{context.actor.kind}:{context.actor.id}",
        delivered_at=context.now,
        attempt=phase.attempt + 1,
    )


def _parts(choice: Choice[PoolItem]) -> dict[str, float | str]:
    parts = {name: getattr(choice.score, name) for name in choice.score.__slots__}
    return {**parts, "category": choice.item.category}


def _starve(context: Context, change: AccountChange, phase: Phase, kind: type[PoolItem], wanted: Wanted) -> NoReturn:
    """Lets the account wait for content, so that it does not stand first in the queue for ever; raises."""
    account, waiting = change.account, change.account.before("content_due_at")
    what = kind.__name__.lower()
    reasons, complete = _reasons(context, account, phase, Kind(what), wanted)
    counted = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "the pool is empty"
    least = "" if complete else "at least "
    detail = f"No {what} is eligible in `{phase.phase}` nor in `any`: {least}{counted}."
    if waiting is not None and context.now < waiting:
        raise ContentUnavailable(detail, reasons=reasons, what=what, available_at=waiting)
    account.content_due_at = context.now + retries.content_delay(account.plan, account.content_misses)
    account.content_misses += 1
    change.end_lease(Ending.RELEASED)
    change.commit(Action.PHASE_STARVE, what=what, reasons=reasons, until=account.content_due_at)
    raise ContentUnavailable(detail, reasons=reasons, what=what, available_at=account.content_due_at)


def _reasons(context: Context, account: Account, phase: Phase, kind: Kind, wanted: Wanted) -> tuple[Counter[str], bool]:
    """How many items of the phase's category and of `any` are refused for which reason, and whether all were read."""
    found, complete = runways.items(
        runways.KINDS[kind], account.model_id, go_on=lambda: context.time_left() > _SPARE_SECONDS
    )
    return Counter(str(why) for _, why in selection.refused(found, phase.phase, wanted)), complete

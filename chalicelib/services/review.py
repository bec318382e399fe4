"""What people decide: the queue of what failed or needs them, and the moves that only they make."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.changes import AccountChange, Warmup, decided_again, is_repeat, read, standing_in_the_way
from chalicelib.context import Context
from chalicelib.domain import accounts, cursors, selection
from chalicelib.domain.accounts import State
from chalicelib.domain.actions import Action
from chalicelib.domain.blockers import Blocker
from chalicelib.domain.errors import (
    AccountNotReady,
    IllegalMove,
    InvalidInput,
    ItemRefused,
    MalformedRequest,
    NotFound,
    PhaseNotAvailable,
    ServiceError,
    TemporarilyUnavailable,
)
from chalicelib.domain.instants import render
from chalicelib.domain.phases import ATTENTION, MOVES, ORDER, Move, PhaseName, Status
from chalicelib.domain.plans import Need
from chalicelib.domain.selection import Wanted
from chalicelib.tables import Account, Assignment, Content, Phase, Text
from chalicelib.tables import attention as queue
from chalicelib.tables.base import together
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Stale

MOST_RETRIED = 500
MOST_EXAMINED = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the queue is meant; None means all. `failed_before` leaves out what failed again since."""

    model_id: str | None = None
    phase: PhaseName | None = None
    status: Status | None = None
    code: str | None = None
    kind: str | None = None
    without_code: bool = False
    older_than_seconds: int | None = None
    failed_before: datetime | None = None

    def admits(self, account: Account, phase: Phase, now: datetime) -> bool:
        """Whether the phase is meant."""
        age = timedelta(seconds=self.older_than_seconds or 0)
        return (
            self.model_id in (None, account.model_id)
            and self.phase in (None, phase.phase)
            and self.status in (None, phase.attention)
            and self.code in (None, phase.error_code)
            and self.kind in (None, phase.error_kind)
            and (not self.without_code or phase.error_code is None)
            and phase.updated_at <= now - age
            and (self.failed_before is None or phase.updated_at <= self.failed_before)
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A phase that failed or needs people, with its account."""

    account: Account
    phase: Phase


@dataclass(slots=True)
class Group:
    """Cases of one kind, error code and phase."""

    code: str | None
    kind: str | None
    phase: str
    first_seen: datetime
    last_seen: datetime
    sample: str | None
    account_ids: list[str] = field(default_factory=list)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the queue: how many of its rows were looked at, and where the next look goes on (None at the end)."""

    cases: list[Case]
    looked_at: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A phase after people's move; `replayed` where it had been made before."""

    warmup: Warmup
    blockers: list[Blocker]
    replayed: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case of a bulk retry."""

    account_id: str
    phase: str
    outcome: str
    detail: str | None = None


# the queue


def look(context: Context, *, wanted: Filter, newest_first: bool, limit: int, cursor: str | None) -> Look:
    """A page of the queue, oldest or newest first: up to `limit` cases of at most 100 rows. Raises MalformedRequest."""
    purpose = f"review:{wanted}:{newest_first}"
    after = cursors.decode(context.settings.pepper, purpose, cursor) if cursor is not None else {}
    if not isinstance(after, dict):
        raise MalformedRequest("The cursor is damaged. Begin without one.")
    places: dict[str, tuple[str, ...]] = {status: tuple(place) for status, place in after.items()}
    found: list[Case] = []
    seen = 0
    for row, case in _cases(context, wanted, dict(places), newest_first):
        if len(found) == limit:
            break
        places[row.status] = row.place
        seen += 1
        if case is not None:
            found.append(case)
        if seen == MOST_EXAMINED:
            break
    else:
        return Look(found, seen, None)
    return Look(found, seen, cursors.encode(context.settings.pepper, purpose, places))


def _cases(
    context: Context, wanted: Filter, places: Mapping[str, tuple[str, ...]], newest_first: bool
) -> Iterator[tuple[queue.Row, Case | None]]:
    """The rows of the queue in order, each with its case where the filter admits it; read in pages of 100."""
    statuses = sorted(ATTENTION) if wanted.status is None else [wanted.status]
    sources = [queue.rows(status, places.get(status), newest_first, MOST_EXAMINED) for status in statuses]
    rows = heapq.merge(*sources, key=lambda row: row.place, reverse=newest_first)
    for page in _in_pages(rows):
        phases: Sequence[Phase | None] = together([(Phase, row.account_id, row.phase) for row in page])
        accounts: Sequence[Account | None] = together([(Account, row.account_id) for row in page])
        for row, phase, account in zip(page, phases, accounts, strict=True):
            yield row, _case(context, wanted, account, phase)


def _in_pages(rows: Iterator[queue.Row]) -> Iterator[list[queue.Row]]:
    page: list[queue.Row] = []
    for row in rows:
        page.append(row)
        if len(page) == MOST_EXAMINED:
            yield page
            page = []
    if page:
        yield page


def _case(context: Context, wanted: Filter, account: Account | None, phase: Phase | None) -> Case | None:
    if account is None or phase is None or phase.attention is None or account.state is State.RETIRED:
        return None
    return Case(account, phase) if wanted.admits(account, phase, context.now) else None


def group_all(context: Context, *, wanted: Filter, cursor: str | None = None) -> tuple[list[Group], Look]:
    """A page of the queue by kind, error code and phase, the largest group first. Raises MalformedRequest."""
    found = look(context, wanted=wanted, newest_first=False, limit=MOST_EXAMINED, cursor=cursor)
    groups: dict[tuple[str | None, str | None, str], Group] = {}
    for case in found.cases:
        _count(groups, case)
    return sorted(groups.values(), key=lambda group: (-group.count, group.phase, group.code or "")), found


def _count(groups: dict[tuple[str | None, str | None, str], Group], case: Case) -> None:
    phase, at = case.phase, case.phase.updated_at
    new = Group(phase.error_code, phase.error_kind, phase.phase, at, at, phase.error_message)
    group = groups.setdefault((phase.error_kind, phase.error_code, phase.phase), new)
    group.count += 1
    group.first_seen, group.last_seen = min(group.first_seen, at), max(group.last_seen, at)
    if len(group.account_ids) < 5:
        group.account_ids.append(phase.account_id)


# the moves


@decided_again
def retry(context: Context, account_id: str, phase_name: str, *, reason: str, other_content: bool = False) -> Decided:
    """Offers the phase again at once, with fresh limits; with the same items, or another choice.

    Raises NotFound, IllegalMove, PhaseNotAvailable.
    """
    warmup, phase, replayed = _begin(
        context, account_id, phase_name, Action.PHASE_RETRY, reason=reason, other_content=other_content or None
    )
    if replayed:
        return _decided(context, warmup, True)
    if warmup.account.needs_review:
        return _settle_completion(context, warmup, phase, Action.PHASE_RETRY, reason=reason)
    _require_current(warmup, phase)
    change = AccountChange(context, warmup)
    change.take_away()
    if other_content:
        change.close_assignment(phase, "replaced", success=None)
        phase.assignment_id = phase.assigned_content_id = phase.assigned_text_id = None
    change.reopen(phase, Move.RETRY)
    phase.available_at = context.now
    phase.retry_count = phase.crash_count = phase.release_count = phase.swap_count = 0
    change.commit(Action.PHASE_RETRY, phase=phase.phase, reason=reason, other_content=other_content or None)
    return _decided(context, warmup, False)


@decided_again
def resolve(context: Context, account_id: str, phase_name: str, *, reason: str, evidence: Mapping[str, str]) -> Decided:
    """Takes the phase for completed: it was done outside, as the evidence (a URL or a note) shows.

    Raises NotFound, IllegalMove, PhaseNotAvailable.
    """
    warmup, phase, replayed = _begin(
        context, account_id, phase_name, Action.PHASE_RESOLVE, reason=reason, evidence=dict(evidence)
    )
    if replayed:
        return _decided(context, warmup, True)
    if warmup.account.needs_review:
        return _settle_completion(context, warmup, phase, Action.PHASE_RESOLVE, reason=reason, evidence=dict(evidence))
    _require_current(warmup, phase)
    change = AccountChange(context, warmup)
    change.take_away()
    change.move(phase, Move.RESOLVE)
    phase.completed_at = context.now
    change.close_assignment(phase, "resolved", success=True)
    change.advance(phase)
    change.commit(Action.PHASE_RESOLVE, phase=phase.phase, reason=reason, evidence=dict(evidence))
    return _decided(context, warmup, False)


@decided_again
def skip(context: Context, account_id: str, phase_name: str, *, reason: str) -> Decided:
    """Passes over a phase: it counts as completed, and is marked. Raises NotFound, IllegalMove."""
    warmup, phase, replayed = _begin(context, account_id, phase_name, Action.PHASE_SKIP, reason=reason)
    if replayed:
        return _decided(context, warmup, True)
    change = AccountChange(context, warmup)
    current = phase is warmup.current
    if current:
        change.take_away()
    delivered = phase.started_at is not None
    change.move(phase, Move.SKIP)
    if delivered:
        change.close_assignment(phase, "skipped", success=None)
    elif phase.assigned_content_id or phase.assigned_text_id:
        change.give_back(phase, "given_back")
    phase.skipped, phase.completed_at = True, context.now
    if current:
        change.advance(phase)
    change.commit(Action.PHASE_SKIP, phase=phase.phase, reason=reason)
    return _decided(context, warmup, False)


@decided_again
def assign(
    context: Context,
    account_id: str,
    phase_name: str,
    *,
    reason: str,
    content_id: str | None = None,
    text_id: str | None = None,
) -> Decided:
    """Gives these items to the phase by hand. Rights, caps and "never twice on one account" hold; the score does not.

    Raises NotFound, IllegalMove, PhaseNotAvailable, InvalidInput, ItemRefused.
    """
    warmup, phase, replayed = _begin(
        context, account_id, phase_name, Action.PHASE_ASSIGN, reason=reason, content_id=content_id, text_id=text_id
    )
    if replayed:
        return _decided(context, warmup, True)
    _require_current(warmup, phase)
    change = AccountChange(context, warmup)
    change.settle()
    change.take_away_from_late()
    delivered = phase.started_at is not None
    items = _items_by_hand(context, warmup.account, phase, content_id, text_id)
    kept = {type(item): item for item in change.assigned_items(phase) if type(item) not in items}
    _require_all(warmup.account, phase, {*items, *kept})
    if delivered:
        change.close_assignment(phase, "replaced", success=None)
    else:
        _give_back_replaced(change, phase, items)
    change.move(phase, Move.ASSIGN)
    for item in items.values():
        change.transaction.update(item, item.store_use(context.now))
    _store_assignment(context, change, phase, {**kept, **items}, reason)
    warmup.account.content_due_at = None
    change.commit(Action.PHASE_ASSIGN, phase=phase.phase, reason=reason, content_id=content_id, text_id=text_id)
    return _decided(context, warmup, False)


def _settle_completion(context: Context, warmup: Warmup, phase: Phase, action: Action, **said: object) -> Decided:
    """Decides on a warm-up whose phases are done and which workers left too often before they completed it.

    `retry` offers it again; `resolve` completes it. It stands in the queue by its last phase.
    """
    if phase.name is not ORDER[-1]:
        _require_current(warmup, phase)
    change = AccountChange(context, warmup)
    if action is Action.PHASE_RESOLVE:
        change.move_account(accounts.Move.COMPLETE)
    change.forget_leavings()
    change.commit(action, None, phase=phase.phase, **said)
    return _decided(context, warmup, False)


def _begin(
    context: Context, account_id: str, phase_name: str, action: Action, **told: object
) -> tuple[Warmup, Phase, bool]:
    warmup = read(context, account_id)
    if phase_name not in ORDER:
        raise NotFound("phase", phase_name)
    phase = warmup.phases.get(PhaseName(phase_name))
    movable = warmup.account.state in (State.WARMING_UP, State.PAUSED)
    status = Status.REQUIRES_REVIEW if warmup.account.needs_review else phase.status if phase is not None else None
    possible = movable and status is not None and _MOVE_OF[action] in MOVES[status]
    if phase is not None and is_repeat(context, warmup.account, action, possible=possible, phase=phase_name, **told):
        return warmup, phase, True
    if not movable or phase is None:
        raise AccountNotReady(f"The account is `{warmup.account.state}`: nothing of its phases can be moved.")
    return warmup, phase, False


_MOVE_OF: Mapping[Action, Move] = {
    Action.PHASE_RETRY: Move.RETRY,
    Action.PHASE_RESOLVE: Move.RESOLVE,
    Action.PHASE_SKIP: Move.SKIP,
    Action.PHASE_ASSIGN: Move.ASSIGN,
}


def _require_current(warmup: Warmup, phase: Phase) -> None:
    if phase.status is Status.COMPLETED:
        raise IllegalMove("phase", phase.status, "this", [])
    if phase is not warmup.current:
        raise PhaseNotAvailable(f"The account is in {warmup.account.current_phase}, not in {phase.phase}.")


def _decided(context: Context, warmup: Warmup, replayed: bool) -> Decided:
    return Decided(warmup, standing_in_the_way(context, warmup), replayed)


def _items_by_hand(
    context: Context, account: Account, phase: Phase, content_id: str | None, text_id: str | None
) -> dict[type[PoolItem], PoolItem]:
    items: dict[type[PoolItem], PoolItem] = {}
    asked: list[tuple[type[PoolItem], str | None, str]] = [(Content, content_id, "content"), (Text, text_id, "text")]
    for model, item_id, noun in asked:
        if item_id is None or item_id in (phase.assigned_content_id, phase.assigned_text_id):
            continue
        (item,) = together([(model, item_id)])
        if item is None or item.model_id != account.model_id:
            raise NotFound(noun, item_id)
        refused = selection.refusal(item, _wanted(context, account, phase, model))
        if refused is not None:
            raise ItemRefused(f"{item_id} cannot be given to this account: {refused}.", reason=refused)
        items[model] = item
    return items


def _wanted(context: Context, account: Account, phase: Phase, model: type[PoolItem]) -> Wanted:
    asked = account.plan.phases[phase.name]
    used = account.used_content_ids if model is Content else account.used_text_ids
    return Wanted(
        theme=account.theme,
        used=used or set(),
        now=context.now,
        cooldown=timedelta(0),
        minimum_quality=0,
        media_types=asked.media_types,
        max_text_length=asked.max_text_length,
        four_eyes=account.plan.four_eyes,
    )


def _require_all(account: Account, phase: Phase, given: set[type[PoolItem]]) -> None:
    asked = account.plan.phases[phase.name]
    needs: list[tuple[type[PoolItem], Need, str]] = [
        (Content, asked.content, "content_id"),
        (Text, asked.text, "text_id"),
    ]
    missing = [name for model, need, name in needs if need is Need.REQUIRED and model not in given]
    unasked = [name for model, need, name in needs if need is Need.NONE and model in given]
    faults = [{"pointer": f"/{name}", "detail": f"{phase.phase} needs one"} for name in missing]
    faults += [{"pointer": f"/{name}", "detail": f"{phase.phase} takes none"} for name in unasked]
    if faults:
        raise InvalidInput(faults)


def _give_back_replaced(change: AccountChange, phase: Phase, items: Mapping[type[PoolItem], PoolItem]) -> None:
    for item in change.assigned_items(phase):
        if type(item) in items:
            change.transaction.update(item, item.store_return(change.context.now))
    change.close_assignment(phase, "replaced", success=None)


def _store_assignment(
    context: Context, change: AccountChange, phase: Phase, items: Mapping[type[PoolItem], PoolItem], reason: str
) -> None:
    account = change.account
    content, text = items.get(Content), items.get(Text)
    assignment = Assignment(
        account_id=account.account_id,
        assignment_id=context.new_id("asg"),
        phase=phase.phase,
        model_id=account.model_id,
        content_id=None if content is None else content.item_id,
        text_id=None if text is None else text.item_id,
        content_type=phase.phase,
        assignment_reason=f"assigned by hand: {reason}",
        scores={},
        assigned_at=context.now,
        assigned_by=f"{context.actor.kind}:{context.actor.id}",
        attempt=phase.attempt + 1,
    )
    change.transaction.put(assignment)
    phase.assignment_id, phase.content_assigned_at = assignment.assignment_id, context.now
    phase.assigned_content_id, phase.assigned_text_id = assignment.content_id, assignment.text_id
    if content is not None:
        account.used_content_ids = (account.used_content_ids or set()) | {content.item_id}
    if text is not None:
        account.used_text_ids = (account.used_text_ids or set()) | {text.item_id}


# in bulk


def retry_all(
    context: Context, *, wanted: Filter, reason: str, other_content: bool, dry_run: bool
) -> tuple[list[Result], bool]:
    """Retries up to 500 cases of the queue, oldest first, as far as the time of the call suffices; a result for each,
    and whether more are left or the end of the queue was not reached.

    Safe to send again: what was retried is no longer in the queue; `failed_before` keeps out what has failed since.
    """
    rows = _cases(context, wanted, {}, False)
    done: list[Result] = []
    with ThreadPoolExecutor(context.settings.bulk_workers) as pool:
        while not context.is_short_of_time:
            page = list(islice(rows, MOST_EXAMINED))
            if not page:
                return done, False
            cases = [case for _, case in page if case is not None]
            room = MOST_RETRIED - len(done)
            if dry_run:
                done += [Result(case.phase.account_id, case.phase.phase, "would_retry") for case in cases[:room]]
            else:
                done += pool.map(lambda case: _retry_one(context, case, reason, other_content), cases[:room])
            if len(cases) > room:
                return done, True
    return done, True


def _retry_one(context: Context, case: Case, reason: str, other_content: bool) -> Result:
    account_id, phase, failed_at = case.phase.account_id, case.phase.phase, case.phase.updated_at
    if context.is_short_of_time:
        return Result(account_id, phase, "not_done", "the time of one request was up: send it again")
    try:
        current = read(context, account_id).phases.get(case.phase.name)
        if current is None or current.attention is None or current.updated_at != failed_at:
            return Result(account_id, phase, "unchanged", f"it is no longer as it was at {render(failed_at)}")
        decided = retry(context, account_id, phase, reason=reason, other_content=other_content)
    except TemporarilyUnavailable as error:
        return Result(account_id, phase, "not_done", str(error))
    except (ServiceError, Stale) as error:
        return Result(account_id, phase, "refused", str(error))
    return Result(account_id, phase, "unchanged" if decided.replayed else "retried")

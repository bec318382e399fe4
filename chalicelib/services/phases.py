"""Working on a phase: content is given, the phase is completed, or an error is reported."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from chalicelib.changes import (
    AccountChange,
    Next,
    Warmup,
    decided_again,
    is_holder,
    new_session,
    read,
    refuse_superseded,
    working_session,
)
from chalicelib.context import Context
from chalicelib.domain import instants, leases, retries, selection
from chalicelib.domain.accounts import State, Step
from chalicelib.domain.actions import Action
from chalicelib.domain.blockers import Code, blockers, refuse
from chalicelib.domain.errors import (
    AccountNotReady,
    ContentUnavailable,
    NotFound,
    PhaseNotAvailable,
    PhaseNotInProgress,
)
from chalicelib.domain.leases import Ending, Lease
from chalicelib.domain.phases import ORDER, Move, PhaseName, Status
from chalicelib.domain.plans import Need, PhasePlan
from chalicelib.domain.retries import Kind, Outcome
from chalicelib.domain.selection import ANY, Choice, Refusal, Wanted
from chalicelib.tables import Account, Assignment, Content, Phase, Session, Text, media
from chalicelib.tables.base import Key, together
from chalicelib.tables.models import themes_lately
from chalicelib.tables.pools import PoolItem

_MOST_COUNTED = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a worker is given for a phase. `url` gives the media until `url_expires_at`; it is a secret."""

    account_id: str
    phase: Phase
    assignment: Assignment
    content: Content | None
    url: str | None
    url_expires_at: datetime | None
    text: Text | None
    lease: Lease


@dataclass(frozen=True, slots=True)
class Completion:
    """A completed phase and what is next; `late` where the lease had run out; `replayed` where nothing was changed."""

    account_id: str
    phase: Phase
    next: Next
    late: bool
    replayed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A phase after a report of failure; `available_at` is when it can be taken again, None when people must look."""

    account_id: str
    phase: Phase
    outcome: Outcome
    available_at: datetime | None
    replayed: bool


# content


@decided_again
def content(context: Context, account_id: str, phase_name: str) -> Delivery:
    """Gives the caller the phase's content: assigned if none is, under the caller's lease, taken if it has none.

    The holder that asks again gets the same. Raises NotFound, AccountNotReady, AccountLeased, AccountPaused,
    PhaseNotAvailable, ContentUnavailable, SessionEnded.
    """
    warmup = read(context, account_id)
    phase = _phase(warmup, phase_name)
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
    session = working_session(context, warmup.session)
    warmup.account.content_due_at = None  # who asks for the content itself lets the pools be asked again
    found = [
        one
        for one in blockers(warmup.account, phase, warmup.pauses, context.now)
        if not (holder and one.code is Code.LEASED)
    ]
    if found:
        refuse(warmup.account, found, context.now)
    return _deliver(context, change, phase, session)


def _phase(warmup: Warmup, name: str) -> Phase:
    if name not in ORDER:
        raise NotFound("phase", name)
    if not warmup.phases:
        raise AccountNotReady(f"The account is `{warmup.account.state}`: its warm-up has not started.")
    return warmup.phases[PhaseName(name)]


def _refuse_order(warmup: Warmup, phase: Phase) -> None:
    if warmup.account.state not in (State.WARMING_UP, State.PAUSED):
        raise AccountNotReady(f"The account is `{warmup.account.state}`.", state=warmup.account.state)
    if phase.status is Status.COMPLETED:
        raise PhaseNotAvailable(f"The phase {phase.phase} is completed.")
    if phase.status is Status.REQUIRES_REVIEW:
        raise PhaseNotAvailable(f"People must decide on {phase.phase}: {phase.error_message}.")
    raise PhaseNotAvailable(f"The phase {warmup.account.current_phase} comes before {phase.phase}.", phase.available_at)


def _delivered_before(context: Context, warmup: Warmup, phase: Phase) -> Delivery:
    account_id, lease = phase.account_id, warmup.account.lease
    wanted: list[Key] = [(Assignment, account_id, phase.assignment_id or "")]
    wanted += [(Content, phase.assigned_content_id)] if phase.assigned_content_id else []
    wanted += [(Text, phase.assigned_text_id)] if phase.assigned_text_id else []
    assignment, *items = together(wanted)
    assert lease is not None and assignment is not None
    return _delivery(context, phase, assignment, _of(Content, items), _of(Text, items), lease)


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
    return Delivery(phase.account_id, phase, assignment, item, url, expires_at, text, lease)


def _deliver(context: Context, change: AccountChange, phase: Phase, session: Session | None) -> Delivery:
    account = change.account
    if phase.status is Status.AVAILABLE:
        assignment, item, text = _assign(context, change, phase)
    else:
        wanted: list[Key] = [(Assignment, phase.account_id, phase.assignment_id or "")]
        wanted += [(Content, phase.assigned_content_id)] if phase.assigned_content_id else []
        wanted += [(Text, phase.assigned_text_id)] if phase.assigned_text_id else []
        assignment, *items = together(wanted)
        item, text = _of(Content, items), _of(Text, items)
    change.move(phase, Move.DELIVER)
    lease = account.lease
    if not is_holder(context, lease):
        lease = change.take_lease(session or new_session(context))
    assert lease is not None
    phase.bot_id, phase.bot_session_id, phase.lease_token = lease.bot_id, lease.session_id, lease.token
    phase.started_at = phase.started_at or context.now
    phase.attempt += 1
    account.content_misses = 0
    change.commit(Action.PHASE_DELIVER, assignment_id=phase.assignment_id)
    return _delivery(context, phase, assignment, item, text, lease)


def _assign(context: Context, change: AccountChange, phase: Phase) -> tuple[Assignment, Content | None, Text | None]:
    account = change.account
    asked = account.plan.phases[phase.name]
    choices: dict[type[PoolItem], Choice[PoolItem]] = {}
    kept: dict[type[PoolItem], str | None] = {Content: phase.assigned_content_id, Text: phase.assigned_text_id}
    for model, need in ((Content, asked.content), (Text, asked.text)):
        if need is Need.NONE or kept[model]:
            continue
        choice = _choose(context, account, phase.name, model, asked)
        if choice is not None:
            choices[model] = choice
        elif need is Need.REQUIRED:
            _starve(context, change, phase, model, asked)
    for choice in choices.values():
        change.transaction.update(choice.item, choice.item.store_use(context.now))
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
    return assignment, item, text


def _chosen(
    choices: Mapping[type[PoolItem], Choice[PoolItem]], kept: Mapping[type[PoolItem], str | None], model: Any
) -> Any:
    if model in choices:
        return choices[model].item
    kept_id = kept[model]
    return together([(model, kept_id)])[0] if kept_id else None


def _assignment(
    context: Context,
    account: Account,
    phase: Phase,
    choices: Mapping[type[PoolItem], Choice[PoolItem]],
    item: Content | None,
    text: Text | None,
) -> Assignment:
    scores = {model.__name__.lower(): _parts(choice) for model, choice in choices.items()}
    leading = choices.get(Content) or choices.get(Text)
    reasons = [
        f"{model.__name__.lower()}: {selection.reason(choice, choice.item.category, phase.phase)}"
        for model, choice in choices.items()
    ]
    return Assignment(
        account_id=account.account_id,
        assignment_id=context.new_id("asg"),
        phase=phase.phase,
        model_id=account.model_id,
        content_id=None if item is None else item.content_id,
        text_id=None if text is None else text.text_id,
        content_type=phase.phase,
        assignment_score=None if leading is None else leading.score.score,
        assignment_reason="; ".join(reasons) or "nothing is needed",
        scores=scores,
        assigned_at=context.now,
        assigned_by=f"{context.actor.kind}:{context.actor.id}",
        attempt=phase.attempt + 1,
    )


def _parts(choice: Choice[PoolItem]) -> dict[str, float]:
    return {name: getattr(choice.score, name) for name in choice.score.__slots__}


def _choose(
    context: Context, account: Account, phase: PhaseName, model: type[PoolItem], asked: PhasePlan
) -> Choice[PoolItem] | None:
    wanted = _wanted(context, account, model, asked)
    themes = themes_lately(account.model_id, context.settings.key_cache_seconds)
    for category in (str(phase), ANY):
        choice = selection.choose((model.ranked(account.model_id, category, theme) for theme in themes), wanted)
        if choice is not None:
            return choice
    return None


def _wanted(context: Context, account: Account, model: type[PoolItem], asked: PhasePlan) -> Wanted:
    plan = account.plan
    used = account.used_content_ids if model is Content else account.used_text_ids
    return Wanted(
        theme=account.theme,
        used=used or set(),
        now=context.now,
        cooldown=plan.cooldown,
        minimum_quality=plan.minimum_quality,
        media_types=asked.media_types,
        max_text_length=asked.max_text_length,
    )


def _starve(context: Context, change: AccountChange, phase: Phase, model: type[PoolItem], asked: PhasePlan) -> NoReturn:
    """Lets the account wait for content, so that it does not stand first in the queue for ever; raises."""
    account, waiting = change.account, change.account.before("content_due_at")
    reasons = _reasons(account, phase, model, _wanted(context, account, model, asked))
    what = model.__name__.lower()
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "the pool is empty"
    detail = f"No {what} is eligible in `{phase.phase}` nor in `any`: {told}."
    if waiting is not None and context.now < waiting:
        raise ContentUnavailable(detail, reasons=reasons, what=what, available_at=waiting)
    account.content_due_at = context.now + retries.content_delay(account.plan, account.content_misses)
    account.content_misses += 1
    change.end_lease(Ending.RELEASED)
    change.commit(Action.PHASE_STARVE, what=what, reasons=reasons, until=account.content_due_at)
    raise ContentUnavailable(detail, reasons=reasons, what=what, available_at=account.content_due_at)


def _reasons(account: Account, phase: Phase, model: type[PoolItem], wanted: Wanted) -> dict[str, int]:
    """How many items of the phase's category and of `any` are refused for which reason, of up to 500 looked at."""
    ids = model.of_model(account.model_id, _MOST_COUNTED)
    counted: Counter[Refusal] = Counter()
    for start in range(0, len(ids), 100):
        for item in together([(model, item_id) for item_id in ids[start : start + 100]]):
            if item is None or item.category not in (phase.phase, ANY):
                continue
            refused = selection.refusal(item, wanted)
            if refused is not None:
                counted[refused] += 1
    return {str(reason): count for reason, count in counted.items()}


# complete


@decided_again
def complete(
    context: Context,
    account_id: str,
    phase_name: str,
    *,
    lease_token: str,
    execution_time_ms: int | None = None,
    platform_response: object = None,
    performance_score: float | None = None,
) -> Completion:
    """Completes the phase that the token's holder works on; the lease ends and the next phase's time is written.

    Raises NotFound, LeaseSuperseded, PhaseNotInProgress.
    """
    warmup = read(context, account_id)
    phase = _phase(warmup, phase_name)
    told = _told(phase, "complete", lease_token)
    if told is not None:
        return Completion(account_id, phase, _next_told(told), bool(told["late"]), True)
    lease = _fence(context, warmup, phase, lease_token)
    late = context.now >= lease.expires_at
    change = AccountChange(context, warmup)
    change.move(phase, Move.COMPLETE)
    following_step = change.advance(phase)
    phase.completed_at, phase.execution_time_ms, phase.platform_response = (
        context.now,
        execution_time_ms,
        platform_response,
    )
    phase.error_code = phase.error_kind = phase.error_message = phase.error_details = None
    phase.told = {
        "use": "complete",
        "token": lease_token,
        "late": late,
        "action": following_step.action,
        "phase": following_step.phase,
        "available_at": _rendered(following_step.available_at),
    }
    change.end_lease(Ending.COMPLETED, Session.done.add(1))
    change.close_assignment(phase, "completed", success=True, performance=performance_score)
    change.commit(Action.PHASE_COMPLETE, late=late or None, execution_time_ms=execution_time_ms)
    return Completion(account_id, phase, following_step, late, False)


def _told(phase: Phase, use: str, token: str) -> Mapping[str, Any] | None:
    told: Mapping[str, Any] | None = phase.told
    return told if told is not None and told["use"] == use and told["token"] == token else None


def _next_told(told: Mapping[str, Any]) -> Next:
    at = told["available_at"]
    name = told["phase"]
    return Next(Step(told["action"]), PhaseName(name) if name else None, instants.parse(at) if at else None)


def _rendered(at: datetime | None) -> str | None:
    return None if at is None else instants.render(at)


def _fence(context: Context, warmup: Warmup, phase: Phase, token: str) -> Lease:
    """The lease of the token, whose holder may still tell what happened to the phase."""
    leases.version_of(token)
    lease = warmup.account.lease
    if lease is None or lease.bot_id != context.actor.id or not leases.may_still_tell(lease, token):
        refuse_superseded(context, warmup.account, token)
    assert lease is not None
    worked_on = phase is warmup.current and phase.lease_token == token
    if not worked_on or not (phase.status is Status.IN_PROGRESS or lease.ended_by is Ending.EXPIRED):
        raise PhaseNotInProgress(
            f"Nobody is working on {phase.phase}: it is `{phase.status}`.", phase_status=phase.status
        )
    return lease


# report an error


@decided_again
def report(
    context: Context,
    account_id: str,
    phase_name: str,
    *,
    lease_token: str,
    kind: Kind,
    message: str,
    code: str | None = None,
    details: Mapping[str, object] | None = None,
    retry_after_seconds: int = 0,
) -> Report:
    """Takes down what went wrong: the phase is tried again later, gets another item, or waits for people.

    With `kind` content, `details` may say `{"item": "text"}` where the text is at fault and not the media item.
    Raises NotFound, LeaseSuperseded, PhaseNotInProgress.
    """
    warmup = read(context, account_id)
    phase = _phase(warmup, phase_name)
    told = _told(phase, "report", lease_token)
    if told is not None:
        at = told["available_at"]
        return Report(account_id, phase, Outcome(told["outcome"]), instants.parse(at) if at else None, True)
    _fence(context, warmup, phase, lease_token)
    if phase.status is Status.REQUIRES_REVIEW:
        raise PhaseNotInProgress(f"{phase.phase} waits for people already: {phase.error_message}.")
    plan = warmup.account.plan
    verdict = retries.after_report(
        kind,
        plan=plan,
        retries=phase.retry_count,
        swaps=phase.swap_count,
        now=context.now,
        spread=retries.spread_of(account_id, phase.phase, phase.retry_count),
        at_least=timedelta(seconds=retry_after_seconds),
    )
    available_at = None if verdict.available_at is None else instants.whole(verdict.available_at)
    change = AccountChange(context, warmup)
    change.move(phase, verdict.move)
    phase.error_kind, phase.error_code, phase.error_message, phase.error_details = kind, code, message, details
    if available_at is not None:
        phase.available_at = available_at
    phase.told = {
        "use": "report",
        "token": lease_token,
        "outcome": verdict.outcome,
        "available_at": _rendered(available_at),
    }
    if verdict.outcome is Outcome.RETRY:
        phase.retry_count += 1
    if kind is Kind.CONTENT:
        _blame(change, phase, details, swap=verdict.outcome is Outcome.SWAP)
    change.end_lease(Ending.REPORTED, Session.failed.add(1))
    change.commit(_ACTIONS[verdict.outcome], kind=kind, code=code, message=message, until=available_at)
    return Report(account_id, phase, verdict.outcome, available_at, False)


_ACTIONS: Mapping[Outcome, Action] = {
    Outcome.RETRY: Action.PHASE_FAIL,
    Outcome.SWAP: Action.PHASE_SWAP,
    Outcome.REVIEW: Action.PHASE_ESCALATE,
}


def _blame(change: AccountChange, phase: Phase, details: Mapping[str, object] | None, *, swap: bool) -> None:
    """Counts a failure for the item at fault; a swap takes it off the phase, and the account never gets it again."""
    text_at_fault = (details or {}).get("item") == "text" and phase.assigned_text_id is not None
    model: type[PoolItem] = Text if text_at_fault or phase.assigned_content_id is None else Content
    change.close_assignment(phase, "content_fault", success=False, blamed=model)
    if swap:
        phase.swap_count += 1
        phase.assignment_id = None
        if model is Text:
            phase.assigned_text_id = None
        else:
            phase.assigned_content_id = None

"""Moving an account to another plan, or to another version of its own.

What is completed stays. A phase counts for the one of the same name, or for the one that the mapping names; what the
new plan lacks of the rest is left out. The account goes on where it is: in its current phase, if the new plan has that,
else in the first phase of the new plan that it has not done. What the new plan has before the current phase, and the
account has not done, comes right after it; everything else comes at its place.

No date is earlier than what was promised, and none less than 24 hours after the last completion: the next phase comes
at the later of what was promised, and of the last completion with the interval of the new plan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import accounts, leases
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import AccountNotReady, InvalidInput
from chalicelib.domain.facts import Fault
from chalicelib.domain.phases import PhaseStatus, PhaseTransition, is_completed
from chalicelib.domain.plans import Plan
from chalicelib.domain.records import record
from chalicelib.domain.warmup.draft import NOBODY_LEFT, UNASSIGNED, Draft, assigned
from chalicelib.domain.warmup.due import apply_due
from chalicelib.domain.warmup.state import PhaseState, Step, Warmup


@record
class Migration:
    """What becomes of an account: the step, and what it says.

    `stays` are the completed phases, `counts_for` says for which phases of the new plan those count that the mapping
    names, `left_out` are phases that are never done, `added` those that the old plan had not. `current_phase` is what
    comes next, None: nothing but the completion; `available_at` is when.
    """

    step: Step
    stays: tuple[str, ...]
    counts_for: Mapping[str, str]
    left_out: tuple[str, ...]
    added: tuple[str, ...]
    current_phase: str | None
    available_at: datetime | None


def migrate(warmup: Warmup, plan: Plan, mapping: Mapping[str, str], now: datetime) -> Migration:
    """Decides what becomes of the account under the new plan. A live lease is never broken.

    Raises AccountNotReady where nothing is under way, AccountLeased, InvalidInput (mapping).
    """
    if accounts.has_ended(warmup.state):
        raise AccountNotReady(f"The account is `{warmup.state}`: nothing of it is under way.", state=warmup.state)
    leases.refuse_while_live(warmup.lease, now)
    draft = Draft(warmup, now)
    apply_due(draft)
    draft.revoke_lease(only_expired=True)
    old = draft.warmup
    _require_mapping(old, plan, mapping)
    current, promised = old.current, _promised(old)
    target = None if current is None else _target(current.phase, plan, mapping)
    if current is not None:
        _leave(draft, current, target)
    done = {one.phase: one for one in draft.warmup.phases if is_completed(one.status)}
    counts_for = {one: mapping[one] for one in done if one in mapping}
    for one, counted in counts_for.items():
        done[counted] = PhaseState(counted, PhaseStatus.COMPLETED, completed_at=done[one].completed_at, skipped=True)
    draft.set(plan=plan)
    if old.phases:
        _go_on(draft, done, target, promised)
    return _said(draft, old, mapping, counts_for)


def _said(draft: Draft, old: Warmup, mapping: Mapping[str, str], counts_for: Mapping[str, str]) -> Migration:
    """The step, with what it says."""
    plan, phase = draft.warmup.plan, draft.warmup.current
    going = {one.phase for one in old.phases if not is_completed(one.status)}
    left_out = tuple(one for one in old.plan.order if one in going and one not in plan.phases and one not in mapping)
    added = tuple(one for one in plan.order if one not in old.plan.phases and one not in mapping.values())
    stays = tuple(one.phase for one in old.phases if is_completed(one.status))
    at = None if phase is None else phase.available_at
    step = draft.step(
        AuditAction.ACCOUNT_MIGRATE,
        before=f"{old.plan.name}/{old.plan.version}",
        plan=f"{plan.name}/{plan.version}",
        mapping=dict(mapping),
        stays=list(stays),
        counts_for=dict(counts_for),
        left_out=list(left_out),
        added=list(added),
        current_phase=draft.warmup.current_phase,
        available_at=at,
    )
    return Migration(step, stays, counts_for, left_out, added, draft.warmup.current_phase, at)


def in_words(said: Mapping[str, Any]) -> str:
    """Return what a migration says, in one line."""
    at, following = said.get("available_at"), said.get("current_phase")
    words = [f"from {said['before']} to {said['plan']}"] if said else ["it has this plan already"]
    if following is not None:
        words.append(f"goes on with {following}" + (f" at {at:%Y-%m-%d %H:%M}" if isinstance(at, datetime) else ""))
    words += [f"left out: {', '.join(said[name])}" for name in ("left_out",) if said.get(name)]
    words += [f"added: {', '.join(said[name])}" for name in ("added",) if said.get(name)]
    return "; ".join(words)


def _require_mapping(old: Warmup, plan: Plan, mapping: Mapping[str, str]) -> None:
    """Raises InvalidInput where the mapping names what there is not, or one phase for two."""
    faults: list[Fault] = []
    kept = {one for one in old.plan.phases if one in plan.phases and one not in mapping}
    kept |= {one.phase for one in old.phases if is_completed(one.status)}  # its row keeps its name
    for one, target in mapping.items():
        at, seen = f"/mapping/{one}", [*mapping.values()]
        if one not in old.plan.phases:
            faults.append({"pointer": at, "detail": f"the account's plan has no phase `{one}`"})
        elif target not in plan.phases:
            faults.append({"pointer": at, "detail": f"{plan.name}/{plan.version} has no phase `{target}`"})
        elif seen.count(target) > 1 or (target in kept and target != one):
            faults.append({"pointer": at, "detail": f"another phase counts for `{target}` already"})
    if faults:
        raise InvalidInput(faults)


def _target(name: str, plan: Plan, mapping: Mapping[str, str]) -> str | None:
    """The phase of the new plan that one of the old plan counts for."""
    return mapping.get(name, name if name in plan.phases else None)


def _promised(old: Warmup) -> datetime | None:
    phase = old.current
    return None if phase is None else phase.available_at


def _leave(draft: Draft, current: PhaseState, target: str | None) -> None:
    """Takes what was not delivered off the current phase; where the new plan lacks it, leaves it out or renames it."""
    if current.started_at is None and assigned(current):
        draft.return_items(current, "given_back")
        current = draft.warmup.phase(current.phase)
        if current.status is PhaseStatus.CONTENT_ASSIGNED:
            current = draft.move_phase(current, PhaseTransition.UNASSIGN)
    if target == current.phase:
        return
    if current.assignment_id is not None:
        draft.close_assignment(current, "skipped")
    if target is None:
        draft.move_phase(current, PhaseTransition.SKIP, skipped=True, completed_at=draft.now)
        return
    fresh: dict[str, Any] = {"started_at": None, "attempt": 0, "lease_token": None, "last_response": None, **UNASSIGNED}
    status = PhaseStatus.AVAILABLE if current.status is PhaseStatus.CONTENT_ASSIGNED else current.status
    renamed = replace(current, phase=target, status=status, **fresh)
    others = [one for one in draft.warmup.phases if one.phase not in (current.phase, target)]
    draft.set(phases=(*others, renamed))


def _go_on(draft: Draft, done: Mapping[str, PhaseState], target: str | None, promised: datetime | None) -> None:
    """Puts the phases of the new plan in the place of the old one's, and dates the one that comes next."""
    plan, known = draft.warmup.plan, {one.phase: one for one in draft.warmup.phases}
    beyond = [one for name, one in done.items() if name not in plan.phases]
    ahead = {name: done.get(name) or PhaseState(name, PhaseStatus.PENDING) for name in plan.order}
    name = target or next((one for one in plan.order if one not in done), None)
    if target is not None:
        ahead[target] = known[target]
    draft.set(phases=(*beyond, *ahead.values()), current_phase=name, content_due_at=None, content_misses=0)
    if name is None:
        draft.set(ready_at=draft.now if draft.before.current_phase else draft.warmup.ready_at)
        return
    if draft.before.current_phase is None:  # what was left too often was the completion
        draft.set(**NOBODY_LEFT)
    _date(draft, draft.warmup.phase(name), promised)


def _date(draft: Draft, phase: PhaseState, promised: datetime | None) -> None:
    last = max((one.completed_at for one in draft.before.phases if one.completed_at is not None), default=None)
    interval = draft.warmup.plan.interval_after_another(phase.phase)
    dates = list(_dates(promised, last, interval))
    at = max(dates, default=draft.now)
    if phase.status in (PhaseStatus.PENDING, PhaseStatus.AVAILABLE):
        status = PhaseStatus.PENDING if at > draft.now else PhaseStatus.AVAILABLE
        draft.move_phase(phase, PhaseTransition.MIGRATE, status, available_at=at)
    elif phase.status is PhaseStatus.FAILED:
        draft.move_phase(phase, PhaseTransition.MIGRATE, PhaseStatus.FAILED, available_at=at)


def _dates(promised: datetime | None, last: datetime | None, interval: timedelta) -> Iterator[datetime]:
    if promised is not None:
        yield promised
    if last is not None:
        yield last + interval

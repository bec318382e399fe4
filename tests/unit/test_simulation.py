"""Stepping warm-ups without a store leads to what the service's own steps lead to, at the same times."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from chalicelib.domain import selection
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import PhaseNotAvailable
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plan_documents import plan_of
from chalicelib.domain.plans import STANDARD
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.warmup import delivery, work
from chalicelib.domain.warmup.leases import Caller
from chalicelib.domain.warmup.simulation import (
    NothingPaused,
    Stage,
    completed,
    failed,
    sketch,
    stage_of,
    without_content,
)
from chalicelib.domain.warmup.state import Step, Warmup
from chalicelib.domain.warmup.work import ReportedError
from tests.plan_documents import documents

BEGIN = datetime(2026, 11, 27, 15, 42, 7, tzinfo=UTC)
WORK = timedelta(seconds=90)
FAULT = ReportedError(ReportKind.TRANSIENT, "it failed")
CALLER = Caller("b1", "ses_1", None, "req_1")
BEGINNING = stage_of(sketch(STANDARD, AccountState.READY))


def lease(number: int, now: datetime) -> Lease:
    """A lease of its own for each taking."""
    return Lease(f"lt_{number}", "ses_1", "b1", now, now + timedelta(minutes=15), "req_1")


def delivered(warmup: Warmup, number: int, now: datetime) -> Warmup:
    """The warm-up after the service has handed out the content of the current phase."""
    assert warmup.current_phase is not None
    phase = delivery.deliverable(warmup, CALLER, warmup.current_phase, NothingPaused(), now)
    chosen = None
    if delivery.lacks_assignment(phase, ()):
        items = {kind: f"{kind}-{number}" for kind in delivery.missing(warmup, phase, ())}
        chosen = delivery.Chosen(f"asg_{number}", items, "it fits")
    return delivery.deliver(warmup, CALLER, phase.phase, lease(number, now), now, chosen=chosen).after


def test_a_whole_life_has_the_dates_and_the_actions_of_the_service() -> None:
    now, warmup, actions = BEGIN, Warmup("a1", "m1", STANDARD, AccountState.READY), list[AuditAction]()

    def did(step: Step) -> Warmup:
        actions.append(step.action)
        return step.after

    warmup = did(work.start(warmup, CALLER, lease(0, now), NothingPaused(), now))
    dates = []
    for number, name in enumerate(STANDARD.order, 1):
        current = warmup.current
        assert current is not None and current.available_at is not None
        now = max(now, current.available_at)
        dates.append(now)
        if current.status is PhaseStatus.PENDING:
            actions.append(AuditAction.PHASE_OPEN)
        warmup = delivered(warmup, number, now)
        actions.append(AuditAction.PHASE_DELIVER)
        assert warmup.lease is not None
        now += WORK
        warmup = did(work.complete(warmup, name, "b1", warmup.lease.token, now, work.WorkResult()))
    did(work.finish(warmup, CALLER, now))

    at, stage, simulated, done = BEGIN, BEGINNING, list[datetime](), list[AuditAction]()
    while stage.phase is not None:
        simulated.append(at)
        turn = completed(stage, WORK)
        done += [*([] if stage.due is None else [stage.due]), *turn.actions]
        assert turn.stage is not None
        at, stage = at + turn.wait, turn.stage
    last = completed(stage, WORK)
    assert (simulated, [*done, *last.actions]) == (dates, actions)
    assert last.stage is None


@given(documents())
@settings(max_examples=60, deadline=None)
def test_under_any_plan_each_phase_comes_in_its_order_and_not_before_its_interval(
    document: dict[str, Any],
) -> None:
    plan = plan_of("any", 1, document)
    at, before = BEGIN, None
    warmup = Warmup("a1", "m1", plan, AccountState.READY)
    warmup = work.start(warmup, CALLER, lease(0, at), NothingPaused(), at).after
    simulated: Stage | None = stage_of(sketch(plan, AccountState.READY))
    for number, (name, asked) in enumerate(plan.phases.items(), 1):
        assert warmup.current is not None and warmup.current.phase == name
        if before is not None:
            assert warmup.current.available_at == before + asked.interval
            with pytest.raises(PhaseNotAvailable):
                delivered(warmup, number, before + asked.interval - timedelta(milliseconds=1))
            at = before + asked.interval
        warmup = delivered(warmup, number, at)
        assert warmup.lease is not None
        token, before = warmup.lease.token, at + WORK
        warmup = work.complete(warmup, name, "b1", token, before, work.WorkResult(), finish=True).after
        assert simulated is not None and simulated.phase == name
        assert set(simulated.needed) == set(selection.needs(plan, name))
        turn = completed(simulated, WORK)
        following = plan.order[number] if number < len(plan.order) else None
        wait = timedelta(0) if following is None else plan.phases[following].interval
        assert turn.stage is None or turn.wait == WORK + wait
        simulated = turn.stage
    assert warmup.state is AccountState.ACTIVE


@pytest.mark.parametrize("account_id", ["a1", "a2"])
def test_a_phase_that_fails_is_tried_again_after_the_delays_of_the_service_and_then_reviewed(account_id: str) -> None:
    real, now = replace(sketch(STANDARD, AccountState.WARMING_UP, "pfp", PhaseStatus.AVAILABLE)), BEGIN
    real = replace(real, account_id=account_id, phases=tuple(replace(one, available_at=BEGIN) for one in real.phases))
    stage: Stage | None = stage_of(sketch(STANDARD, AccountState.WARMING_UP, "pfp", PhaseStatus.AVAILABLE))
    actions: tuple[AuditAction, ...] = ()
    for number in range(1, STANDARD.max_retries + 2):
        assert stage is not None
        assert set(stage.needed) == ({PoolKind.CONTENT} if number == 1 else set()), "a retry keeps what was assigned"
        real = delivered(real, number, now)
        assert real.lease is not None
        real = work.report(real, "pfp", "b1", real.lease.token, FAULT, now + WORK).after
        turn = failed(stage, FAULT, account_id, WORK)
        stage, actions = turn.stage, turn.actions
        if stage is not None:
            assert real.current is not None and real.current.available_at is not None
            # the service keeps whole seconds, of which the two may fall on different ones
            assert abs((real.current.available_at - now) - turn.wait) <= timedelta(seconds=1)
            now = real.current.available_at
    assert stage is None and actions[-1] is AuditAction.PHASE_ESCALATE
    assert real.current is not None and real.current.status is PhaseStatus.REQUIRES_REVIEW


def test_an_account_whose_pools_have_nothing_is_offered_again_later_and_later() -> None:
    stage, waits = BEGINNING, []
    for _ in range(6):
        turn = without_content(stage)
        assert turn.stage is not None
        waits.append(turn.wait)
        stage = turn.stage
    base = STANDARD.content_retry
    assert waits == [base, 2 * base, 4 * base, 8 * base, STANDARD.content_retry_cap, STANDARD.content_retry_cap]
    following = completed(stage).stage
    assert following is not None
    assert without_content(following).wait == base, "a phase that is done forgets the misses"


def test_accounts_in_the_same_state_share_one_stage() -> None:
    first, second = (
        Warmup(name, "", STANDARD, AccountState.READY, ready_at=at)
        for name, at in (("a1", BEGIN), ("a2", BEGIN + WORK))
    )
    assert stage_of(first) is stage_of(second) is BEGINNING

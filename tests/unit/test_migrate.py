"""Moving accounts between plans: nothing earlier than promised, nothing twice, nothing done that is lost."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.errors import AccountLeased, AccountNotReady, InvalidInput, ServiceError
from chalicelib.domain.leases import Lease
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plan_documents import plan_of
from chalicelib.domain.plans import STANDARD, Plan
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.warmup import operate, work
from chalicelib.domain.warmup.effects import CloseAssignment, ReturnItem
from chalicelib.domain.warmup.migrate import Migration, migrate
from chalicelib.domain.warmup.simulation import NothingPaused
from chalicelib.domain.warmup.state import PhaseState, Warmup
from tests.plan_documents import documents
from tests.unit.test_simulation import CALLER, delivered, lease

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def plan(*phases: tuple[str, int], name: str = "slow") -> Plan:
    """A plan of these phases, each with the hours before it."""
    given = [
        {"phase": phase, "category": "post", "interval_hours": hours, "content": {"need": "required"}}
        for phase, hours in phases
    ]
    return plan_of(name, 1, {"phases": given})


SLOW = plan(("pfp", 0), ("bio", 48), ("first_post", 48), ("second_post", 48))


def account(
    current: str | None, status: PhaseStatus = PhaseStatus.PENDING, *, of: Plan = STANDARD, **more: Any
) -> Warmup:
    """An account whose phases before the current one are completed, the last of them an hour ago."""
    place = len(of.order) if current is None else of.order.index(current)
    done = tuple(
        PhaseState(name, PhaseStatus.COMPLETED, completed_at=NOW - HOUR * (1 + 30 * (place - 1 - number)))
        for number, name in enumerate(of.order[:place])
    )
    begun = [PhaseState(name, PhaseStatus.PENDING) for name in of.order[place:]]
    if begun:
        at = NOW - HOUR + of.phases[of.order[place]].interval if done else NOW
        begun[0] = replace(begun[0], **{"status": status, "available_at": at, **more})
    return Warmup("a1", "m1", of, AccountState.WARMING_UP, (*done, *begun), current)


def states(found: Migration) -> dict[str, str]:
    """The phases of the account afterwards."""
    return {one.phase: str(one.status) for one in found.step.after.phases}


def test_completed_phases_stay_and_the_current_one_goes_on_at_the_new_interval() -> None:
    found = migrate(account("bio"), SLOW, {}, NOW)
    assert (found.stays, found.left_out) == (("pfp",), ("post", "highlight", "story"))
    assert found.added == ("first_post", "second_post")
    assert (found.current_phase, found.available_at) == ("bio", NOW - HOUR + 48 * HOUR)
    assert states(found) == {"pfp": "completed", "bio": "pending", "first_post": "pending", "second_post": "pending"}


def test_a_date_is_never_earlier_than_promised() -> None:
    quick = plan(("pfp", 0), ("bio", 24))
    found = migrate(account("bio", of=SLOW), quick, {}, NOW)
    assert found.available_at == NOW - HOUR + 48 * HOUR


def test_a_phase_that_the_new_plan_lacks_is_left_out_and_the_next_comes_as_promised_at_the_earliest() -> None:
    found = migrate(account("highlight"), SLOW, {}, NOW)
    assert found.left_out == ("highlight", "story")
    assert (found.current_phase, found.available_at) == ("first_post", NOW - HOUR + 48 * HOUR)
    assert states(found)["highlight"] == states(found)["post"] == "completed"
    left = found.step.after.phase("highlight")
    assert (left.skipped, left.completed_at) == (True, NOW)


def test_a_mapped_phase_counts_for_another() -> None:
    done = migrate(account("highlight"), SLOW, {"post": "first_post", "highlight": "second_post"}, NOW)
    assert done.counts_for == {"post": "first_post"}
    assert (done.current_phase, states(done)["first_post"]) == ("second_post", "completed")
    assert done.step.after.phase("first_post").skipped
    assert done.left_out == ("story",)


def test_what_the_new_plan_has_before_the_current_phase_comes_right_after_it() -> None:
    longer = plan(("hello", 0), ("pfp", 24), ("look", 24), ("bio", 24), ("end", 24))
    found = migrate(account("bio"), longer, {}, NOW)
    assert (found.current_phase, found.added) == ("bio", ("hello", "look", "end"))
    assert states(found) == {
        "hello": "pending",
        "pfp": "completed",
        "look": "pending",
        "bio": "pending",
        "end": "pending",
    }


def test_an_account_that_has_done_all_waits_for_its_completion_or_for_what_is_added() -> None:
    assert migrate(account(None), plan(("pfp", 0), ("bio", 24)), {}, NOW).current_phase is None
    found = migrate(account(None), plan(("pfp", 0), ("more", 24)), {}, NOW)
    assert (found.current_phase, found.available_at) == ("more", NOW + 23 * HOUR)


def test_what_comes_before_the_current_phase_waits_a_day_when_that_is_skipped_or_done() -> None:
    moved = migrate(account("bio"), plan(("hello", 0), ("bio", 24)), {}, NOW).step.after
    after = operate.skip(moved, "bio", NOW).after
    assert after.current is not None
    assert (after.current_phase, after.current.available_at) == ("hello", NOW + 24 * HOUR)


def test_a_phase_that_a_plan_begins_with_comes_a_day_after_what_was_done_before() -> None:
    found = migrate(account(None), plan(("more", 0)), {}, NOW)
    assert (found.current_phase, found.available_at) == ("more", NOW + 23 * HOUR)


@pytest.mark.parametrize("state", [AccountState.IMPORTED, AccountState.READY])
def test_an_account_that_has_not_begun_begins_by_the_new_plan(state: AccountState) -> None:
    found = migrate(Warmup("a1", "m1", STANDARD, state), SLOW, {}, NOW)
    assert (found.step.after.plan, found.step.after.phases, found.current_phase) == (SLOW, (), None)


@pytest.mark.parametrize("state", [AccountState.ACTIVE, AccountState.RETIRED])
def test_an_account_that_has_ended_is_not_moved(state: AccountState) -> None:
    with pytest.raises(AccountNotReady):
        migrate(Warmup("a1", "m1", STANDARD, state), SLOW, {}, NOW)


def test_a_live_lease_is_not_broken_and_one_that_ran_out_counts_as_a_crash() -> None:
    lease = Lease("lt_1", "ses_1", "b1", NOW - HOUR, NOW + HOUR, "req_1")
    held = replace(account("bio", PhaseStatus.IN_PROGRESS), lease=lease)
    with pytest.raises(AccountLeased):
        migrate(held, SLOW, {}, NOW)
    found = migrate(replace(held, lease=replace(lease, expires_at=NOW)), SLOW, {}, NOW)
    assert found.step.after.phase("bio").crash_count == 1


@pytest.mark.parametrize(
    ("mapping", "pointer", "detail"),
    [
        ({"never": "bio"}, "/mapping/never", "the account's plan has no phase `never`"),
        ({"post": "never"}, "/mapping/post", "slow/1 has no phase `never`"),
        ({"post": "bio"}, "/mapping/post", "another phase counts for `bio` already"),
        # what is done stays done under its name, also where it counts for another
        ({"bio": "first_post", "post": "bio"}, "/mapping/post", "another phase counts for `bio` already"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(mapping: dict[str, str], pointer: str, detail: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        migrate(account("post"), SLOW, mapping, NOW)
    assert refused.value.members["errors"] == [{"pointer": pointer, "detail": detail}]


def test_what_was_never_delivered_is_given_back() -> None:
    chosen: dict[str, Any] = {"assignment_id": "asg_1", "assigned_text_id": "t1", "content_assigned_at": NOW}
    for target in (SLOW, plan(("pfp", 0), ("other", 24))):
        found = migrate(account("bio", PhaseStatus.CONTENT_ASSIGNED, **chosen), target, {}, NOW)
        assert [one for one in found.step.effects if isinstance(one, ReturnItem)]
        assert found.step.after.phase("bio").assigned_text_id is None


def test_what_was_delivered_stays_with_its_phase_or_ends_with_it() -> None:
    chosen: dict[str, Any] = {"assignment_id": "asg_1", "assigned_text_id": "t1", "started_at": NOW - HOUR}
    kept = migrate(account("bio", PhaseStatus.FAILED, **chosen), SLOW, {}, NOW)
    assert (kept.step.after.phase("bio").assigned_text_id, kept.step.effects) == ("t1", ())
    left = migrate(account("bio", PhaseStatus.FAILED, **chosen), plan(("pfp", 0), ("x", 24)), {}, NOW)
    (ended,) = left.step.effects
    assert isinstance(ended, CloseAssignment)
    assert (ended.outcome, ended.success) == ("skipped", None)


_STATUSES = st.sampled_from([one for one in PhaseStatus if one not in (PhaseStatus.COMPLETED, PhaseStatus.IN_PROGRESS)])


@given(documents(), documents(), st.data())
def test_there_and_back_nothing_comes_sooner(one: dict[str, Any], other: dict[str, Any], data: st.DataObject) -> None:
    first, second = plan_of("one", 1, one), plan_of("two", 1, other)
    current = data.draw(st.sampled_from([*first.order, None]))
    before = account(current, data.draw(_STATUSES), of=first)
    last = max((one.completed_at for one in before.phases if one.completed_at is not None), default=None)
    promised = None if before.current is None else before.current.available_at
    done = {one.phase for one in before.phases if one.status is PhaseStatus.COMPLETED}
    now, found = NOW, before
    for target in (second, first, second):
        moved = migrate(found, target, {}, now)
        found, now = moved.step.after, now + timedelta(minutes=1)
        phase = found.current
        assert done <= {one.phase for one in found.phases if one.status is PhaseStatus.COMPLETED}
        assert {one.phase for one in found.phases} >= set(target.order)
        assert len({one.phase for one in found.phases}) == len(found.phases)
        if phase is None:
            promised = None  # what was promised was left out
            continue
        if phase.status is PhaseStatus.REQUIRES_REVIEW:
            continue
        at = phase.available_at
        assert at is not None
        assert promised is None or at >= promised
        if phase.status is not PhaseStatus.CONTENT_ASSIGNED:
            assert last is None or at >= last + timedelta(hours=24)
        assert (phase.status is PhaseStatus.PENDING) == (at > now - timedelta(minutes=1)) or phase.status in (
            PhaseStatus.FAILED,
            PhaseStatus.CONTENT_ASSIGNED,
        )


class Operators:
    """An account to which operators and bots do anything, in a time that passes; counts what was done, and when."""

    def __init__(self, plans: tuple[Plan, ...], draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.plans, self.draw, self.now = plans, draw, NOW
        self.warmup = Warmup("a1", "m1", plans[0], AccountState.READY)
        self.taken = 0
        self.last: datetime | None = None
        self.done: list[str] = []

    def act(self) -> None:
        """One of all that can happen next."""
        happens = (self.wait, self.work, self.work, self.migrate, self.skip, self.pause, self.fail, self.retry)
        with suppress(ServiceError):  # refused: nothing has happened
            self.draw(st.sampled_from(happens))()

    def wait(self) -> None:
        self.now += HOUR * self.draw(st.sampled_from([1, 12, 23, 24, 35, 48]))

    def migrate(self) -> None:
        plan, old = self.draw(st.sampled_from(self.plans)), self.warmup.plan
        targets = self.draw(st.permutations(plan.order)) if self.draw(st.booleans()) else []
        mapping = dict(zip(old.order, targets, strict=False))
        promised = self.dated()
        self.warmup = migrate(self.warmup, plan, mapping, self.now).step.after
        at = self.dated()
        assert promised is None or at is None or at >= promised, "a date is earlier than promised"

    def dated(self) -> datetime | None:
        """When the current phase can begin."""
        return None if self.warmup.current is None else self.warmup.current.available_at

    def skip(self) -> None:
        if self.warmup.current_phase is not None:
            self.warmup = operate.skip(self.warmup, self.warmup.current_phase, self.now).after

    def retry(self) -> None:
        if self.warmup.current_phase is not None:
            self.warmup = operate.retry(self.warmup, self.warmup.current_phase, self.now).after

    def pause(self) -> None:
        self.warmup = operate.pause(self.warmup, self.now).after
        self.warmup = operate.resume(self.warmup, self.now).after

    def work(self, fails: bool = False) -> None:
        """A bot asks for the phase at once, and does it."""
        self.taken += 1
        if self.warmup.state is AccountState.READY:
            self.warmup = work.start(self.warmup, CALLER, lease(0, self.now), NothingPaused(), self.now).after
        if self.warmup.current_phase is None:
            return  # all is done
        held = delivered(self.warmup, self.taken, self.now)
        phase = held.current
        assert phase is not None and held.lease is not None
        assert self.last is None or self.now - self.last >= timedelta(hours=24), "less than a day after the last one"
        assert phase.phase not in self.done, "a phase that was done is done again"
        token = held.lease.token
        if fails:
            fault = work.ReportedError(ReportKind.TRANSIENT, "it failed")
            self.warmup = work.report(held, phase.phase, "b1", token, fault, self.now).after
            return
        self.warmup = work.complete(held, phase.phase, "b1", token, self.now, work.WorkResult()).after
        self.done.append(phase.phase)
        self.last = self.now

    def fail(self) -> None:
        self.work(fails=True)


@given(documents(), documents(), st.data())
@settings(max_examples=100, deadline=None)
def test_nothing_gets_round_the_24_hours_nor_does_a_phase_twice(
    one: dict[str, Any], other: dict[str, Any], data: st.DataObject
) -> None:
    operators = Operators((STANDARD, plan_of("one", 1, one), plan_of("two", 1, other)), data.draw)
    for _ in range(25):
        operators.act()
        assert len({phase.phase for phase in operators.warmup.phases}) == len(operators.warmup.phases)

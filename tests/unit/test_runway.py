"""The runway against pipelines whose dry day is known by hand."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.accounts import AccountState
from chalicelib.domain.given import digest
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import STANDARD, ContentNeeds, Need, PhasePlan, Plan, TextNeeds
from chalicelib.domain.refusals import MediaFacts, TextFacts
from chalicelib.domain.runway import PendingAccount, Runway, newcomer, pending, simulate
from chalicelib.domain.selection import PoolKind
from chalicelib.domain.stock import Stock
from chalicelib.domain.warmup.simulation import ahead, sketch, stage_of

ORDER = STANDARD.order
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN = Plan(
    name="days",
    version=1,
    phases={
        name: PhasePlan(name, DAY if name != STANDARD.first else timedelta(0), ContentNeeds(Need.REQUIRED))
        for name in ORDER
    },
)


def items(category: str, count: int, cap: int = 1) -> list[Stock]:
    """So many pictures, each with so many uses."""
    stock = Stock("", category, 80, 0, cap, facts=MediaFacts("image/png"))
    return [replace(stock, item_id=f"{category}-{number}") for number in range(count)]


def accounts(count: int, apart: timedelta = timedelta(0), *, plan: Plan = PLAN) -> list[PendingAccount]:
    """So many accounts that begin so far apart."""
    return [in_phase(f"a{number}", STANDARD.first, NOW + number * apart, plan=plan) for number in range(count)]


def in_phase(account_id: str, phase: str, due_at: datetime = NOW, *, plan: Plan = PLAN) -> PendingAccount:
    """An account that is in this phase, for which nothing is assigned."""
    state = sketch(plan, AccountState.WARMING_UP, phase, PhaseStatus.AVAILABLE)
    return PendingAccount(account_id, stage_of(state), due_at)


def stocked(**counts: int) -> list[Stock]:
    """A pool with so many items of each category, one use each."""
    return [item for category, count in counts.items() for item in items(category, count)]


def test_the_pool_runs_dry_on_the_day_that_is_known_by_hand() -> None:
    # a0 begins today, a1 tomorrow, a2 the day after. Of `highlight`, the fourth phase, there are two: a2 would be
    # the third, and comes to it three days after its own beginning, on the fifth day from now.
    pool = stocked(pfp=3, bio=3, post=3, highlight=2, story=3)
    runway = simulate(pool, [], accounts(3, DAY), NOW)
    assert runway.dry is not None
    assert (runway.dry.at, runway.dry.account_id) == (NOW + 5 * DAY, "a2")
    assert (runway.dry.phase, runway.dry.kind, runway.dry.until) == ("highlight", PoolKind.CONTENT, None)
    assert (runway.unmet, runway.wait, runway.complete) == (1, None, True)


def test_the_fallback_carries_whom_it_can() -> None:
    pool = stocked(pfp=3, bio=3, post=3, highlight=2, story=2, any=1)
    runway = simulate(pool, [], accounts(3, DAY), NOW)
    # a2's highlight comes from `any` on the fifth day; its story, a day later, finds neither
    assert runway.from_any[PoolKind.CONTENT, "highlight"] == 1
    assert runway.dry is not None
    assert (runway.dry.at, runway.dry.account_id, runway.dry.phase) == (NOW + 6 * DAY, "a2", "story")


def test_a_pool_that_suffices_has_no_dry_day_and_counts_what_it_gives() -> None:
    runway = simulate(stocked(pfp=3, bio=3, post=3, highlight=3, story=3), [], accounts(3, DAY), NOW)
    assert (runway.dry, runway.wait, runway.unmet) == (None, None, 0)
    assert dict(runway.needed) == {(PoolKind.CONTENT, str(name)): 3 for name in ORDER}


def test_an_account_that_meets_resting_items_waits_and_is_no_miss() -> None:
    # one picture with two uses, two accounts at once: the second waits for 24 hours, and all its phases with it
    pool = [*items("pfp", 1, cap=2), *stocked(bio=2, post=2, highlight=2, story=1)]
    runway = simulate(pool, [], accounts(2), NOW)
    assert runway.wait is not None and runway.dry is not None
    assert (runway.wait.at, runway.wait.account_id, runway.wait.until) == (NOW, "a1", NOW + DAY)
    assert (runway.dry.at, runway.dry.account_id) == (NOW + 5 * DAY, "a1"), "a day later than without the wait"


def test_a_licence_that_runs_out_makes_the_pool_dry_on_its_day() -> None:
    licensed = [replace(item, licence_valid_until=NOW + 2 * DAY) for item in items("pfp", 4)]
    pool = [*licensed, *stocked(bio=4, post=4, highlight=4, story=4)]
    runway = simulate(pool, [], accounts(4, DAY), NOW)
    assert runway.dry is not None
    assert (runway.dry.at, runway.dry.account_id) == (NOW + 2 * DAY, "a2"), "it ends at the instant that it names"
    assert runway.unmet == 2


def test_an_item_serves_an_account_once_whatever_uses_it_has_left() -> None:
    runway = simulate(items("any", 4, cap=100), [], accounts(1), NOW)
    assert runway.dry is not None
    assert (runway.dry.at, runway.dry.phase) == (NOW + 4 * DAY, "story")


def test_texts_run_dry_too_and_optional_ones_never_do() -> None:
    media = stocked(pfp=1, post=1, highlight=1, story=1)
    texts = [Stock(name, name, 50, 0, 1, facts=TextFacts("x" * 20)) for name in ("bio", "post")]
    runway = simulate(media, texts, accounts(1, plan=STANDARD), NOW)
    assert runway.dry is not None
    # bio after 24 hours, post after 24 more, highlight after 36 more
    assert (runway.dry.at, runway.dry.kind) == (NOW + timedelta(hours=84), PoolKind.TEXT)
    enough = simulate(
        media, [*texts, Stock("h", "highlight", 50, 0, 1, facts=TextFacts("x" * 20))], accounts(1, plan=STANDARD), NOW
    )
    assert enough.dry is None


def test_what_fell_due_in_the_past_comes_now() -> None:
    late = [replace(one, due_at=NOW - 9 * DAY) for one in accounts(1)]
    runway = simulate([], [], late, NOW)
    assert runway.dry is not None and runway.dry.at == NOW


@dataclass
class Row:
    """An account as its row tells it."""

    state: AccountState
    current_phase: str | None = None
    phase_status: PhaseStatus | None = None
    paused_from: AccountState | None = None
    due_at: datetime | None = None
    account_id: str = "a1"
    plan: Plan = STANDARD
    theme: str | None = None
    all_given: frozenset[str] = frozenset()
    ended: frozenset[str] | None = None


BIO, STORY, LATER = "bio", "story", NOW + DAY


@pytest.mark.parametrize(
    ("row", "assigned", "phases", "first_needs", "due_at"),
    [
        (Row(AccountState.IMPORTED), False, ORDER, {"content"}, NOW),
        (Row(AccountState.READY, due_at=NOW - DAY), False, ORDER, {"content"}, NOW - DAY),
        (Row(AccountState.PAUSED, paused_from=AccountState.READY), False, ORDER, {"content"}, NOW),
        # waiting for its interval, or offered
        (
            Row(AccountState.WARMING_UP, BIO, PhaseStatus.PENDING, due_at=LATER),
            False,
            ORDER[1:],
            {"text"},
            LATER,
        ),
        (
            Row(AccountState.WARMING_UP, BIO, PhaseStatus.AVAILABLE, due_at=NOW),
            False,
            ORDER[1:],
            {"text"},
            NOW,
        ),
        # it has what it needs: the phase is done now, whenever its lease runs out or it is tried again
        (
            Row(AccountState.WARMING_UP, BIO, PhaseStatus.CONTENT_ASSIGNED, due_at=LATER),
            True,
            ORDER[1:],
            set(),
            NOW,
        ),
        (
            Row(AccountState.WARMING_UP, BIO, PhaseStatus.IN_PROGRESS, due_at=LATER),
            True,
            ORDER[1:],
            set(),
            NOW,
        ),
        (Row(AccountState.WARMING_UP, BIO, PhaseStatus.FAILED, due_at=LATER), True, ORDER[1:], set(), NOW),
        (Row(AccountState.WARMING_UP, STORY, PhaseStatus.IN_PROGRESS), True, (STORY,), set(), NOW),
        # it was moved to a plan that has a phase more before the one that it is in
        (
            Row(AccountState.WARMING_UP, BIO, PhaseStatus.AVAILABLE, due_at=NOW, ended=frozenset({"story", "older"})),
            *(False, (BIO, "pfp", "post", "highlight"), {"text"}, NOW),
        ),
        # an operator decides, and offers it again
        (Row(AccountState.WARMING_UP, BIO, PhaseStatus.REQUIRES_REVIEW), True, ORDER[1:], set(), NOW),
        (Row(AccountState.WARMING_UP, BIO, PhaseStatus.REQUIRES_REVIEW), False, ORDER[1:], {"text"}, NOW),
        (
            Row(AccountState.PAUSED, BIO, PhaseStatus.PENDING, paused_from=AccountState.WARMING_UP),
            *(False, ORDER[1:], {"text"}, NOW),
        ),
    ],
)
def test_an_account_has_these_phases_ahead(
    row: Row, assigned: bool, phases: tuple[str, ...], first_needs: set[str], due_at: datetime
) -> None:
    found = pending(row, NOW, assigned=assigned)
    assert found is not None
    assert tuple(stage.phase for stage in ahead(found.stage)) == phases
    assert (set(found.stage.needed), found.due_at) == (first_needs, due_at)


def test_an_account_whose_phases_are_done_needs_nothing() -> None:
    assert pending(Row(AccountState.WARMING_UP), NOW, assigned=False) is None


def test_a_newcomer_starts_with_the_standard_plan_and_comes_to_its_phases_at_the_plans_intervals() -> None:
    texts = [Stock(name, name, 50, 0, 1, facts=TextFacts("x" * 20)) for name in ("bio", "post", "highlight")]
    runway = simulate(stocked(pfp=1, post=1, highlight=1), texts, [newcomer("a1", NOW)], NOW)
    assert runway.dry is not None
    assert (runway.dry.at, runway.dry.phase) == (NOW + timedelta(hours=24 + 24 + 36 + 48), "story")


def test_a_simulation_that_is_cut_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.domain.runway.MOST_STEPS", 3)
    runway: Runway = simulate(stocked(pfp=9, bio=9), [], accounts(9), NOW)
    assert not runway.complete


def test_who_waits_first_is_served_first_and_the_others_a_day_later_each() -> None:
    runway = simulate(items("pfp", 1, cap=3), [], accounts(4), NOW)
    # a0 now, a1 and a2 a day and two days later; for a3 nothing is left, which shows at once
    assert runway.wait is not None and runway.dry is not None
    assert (runway.wait.account_id, runway.wait.until) == ("a1", NOW + DAY)
    assert (runway.dry.account_id, runway.dry.at) == ("a3", NOW)
    assert runway.needed[PoolKind.CONTENT, "pfp"] == 3


def test_a_picture_is_not_lost_to_an_account_that_finds_no_words_for_it() -> None:
    plan = Plan(
        "posts",
        1,
        {name: PhasePlan(name, timedelta(0), ContentNeeds(Need.REQUIRED), TextNeeds(Need.REQUIRED)) for name in ORDER},
    )
    short = Stock("short", "story", 50, 0, 9, facts=TextFacts("x" * 9))
    story = in_phase("a0", "story", plan=plan)
    first = replace(story, given=frozenset({digest(PoolKind.TEXT, "short")}))
    second = replace(story, account_id="a1")
    runway = simulate(items("story", 1), [short], [first, second], NOW)
    assert runway.dry is not None and runway.dry.account_id == "a0"
    assert (runway.unmet, runway.needed[PoolKind.CONTENT, "story"]) == (1, 1), "a1 was given the picture"


def test_a_thousand_accounts_are_served_in_one_step_a_phase_and_a_wait() -> None:
    pool = [item for name in ORDER for item in items(name, 10, cap=100)]
    runway = simulate(pool, [], accounts(900, timedelta(minutes=1)), NOW)
    assert (runway.complete, runway.dry, sum(runway.needed.values())) == (True, None, 4500)

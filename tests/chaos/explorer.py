"""The decision rules, explored breadth first: two bots, two timers, an operator, a clock, crashes, late deliveries.

One account in the last phases of a plan. What decides are the service's own functions (`domain.warmup`): nothing here
says a rule a second time, but for the promises that no step may break. States are kept relative to now, without what no
rule reads, so that the same state is the same whenever it is reached.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from chalicelib.domain import consents, timing
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.categories import Category
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.leases import Lease, as_extended, bounded, has_run_out, is_open
from chalicelib.domain.phases import PhaseStatus
from chalicelib.domain.plans import STANDARD, ContentNeeds, Need, PhasePlan, Plan, TextNeeds
from chalicelib.domain.retries import ReportKind
from chalicelib.domain.warmup import delivery, leases, operate, simulation, work
from chalicelib.domain.warmup.due import due
from chalicelib.domain.warmup.leases import Caller
from chalicelib.domain.warmup.simulation import NOW, NothingPaused, sketch
from chalicelib.domain.warmup.state import PhaseState, Step, Warmup

LEASE = 900
_LEASE = timedelta(seconds=LEASE)
_LONGEST_WORK = 2 * LEASE
PLAN = replace(
    STANDARD,
    max_crashes=2,
    max_releases=2,
    phases={name: replace(phase, max_work=timedelta(seconds=_LONGEST_WORK)) for name, phase in STANDARD.phases.items()},
)
"""The limits are low, so that what lies beyond them is within reach."""


def drawn(random: Random) -> Plan:
    """A plan of 1 to 12 phases with names of their own, from any categories, with limits at their ends."""
    pick = random.choice
    names = [f"{pick('abyz')}{pick(('_2', 'bc', ''))}{place}" for place in range(pick((1, 2, 3, 12)))]
    needs = [Need.NONE, Need.OPTIONAL, Need.REQUIRED]
    phases = {
        name: PhasePlan(
            category=pick([*Category]),
            interval=timedelta(hours=pick((24, 36, 2160) if place else (0, 24))),
            content=ContentNeeds(pick(needs)),
            text=TextNeeds(pick(needs)),
            fallback=pick((True, False)),
            max_work=pick((_LEASE, timedelta(seconds=_LONGEST_WORK))),
        )
        for place, name in enumerate(names)
    }
    crashes, releases, retries, replacements = pick((1, 2)), pick((1, 2)), pick((0, 1)), pick((0, 1))
    return Plan("drawn", 1, phases, retries, crashes, releases, replacements)


CURRENT, STALE = "current", "stale"
BOTS = ("b1", "b2")


class World(NamedTuple):
    """All of it: the account, each bot's token, what is on its way, and what others have decided and not yet written.

    `account` is the number of a state (see `number_of`). A message is who, what, and the token it was sent with; it may
    arrive late, and twice. `owed` are the seconds that must pass before the phase may begin, counted here and by
    no rule. `decided` holds the state that a decision was made on, and what it makes of that state and of `owed`.
    `done` counts completions of each phase.
    """

    account: int
    owed: int
    tokens: tuple[str, ...] = ("", "")
    network: tuple[tuple[str, str, str], ...] = ()
    decided: tuple[tuple[int, int, int] | None, ...] = (None, None, None)
    done: tuple[int, ...] = ()


# states


def warming_up(phases_left: int, *, due_in: int, plan: Plan = PLAN) -> Warmup:
    """An account whose last phases are to be done, the first of them in so many seconds."""
    phase = plan.order[-phases_left]
    warmup = sketch(plan, AccountState.WARMING_UP, phase, PhaseStatus.PENDING)
    at = NOW + timedelta(seconds=due_in)
    phases = tuple(replace(one, available_at=at) if one.phase == phase else one for one in warmup.phases)
    return replace(warmup, account_id="a1", model_id="m1", phases=phases)


STATES: list[Warmup] = []
_NUMBERS: dict[Warmup, int] = {}


def number_of(warmup: Warmup) -> int:
    """The number of a state, the same for all that no rule can tell apart."""
    bare = simulation.bare(warmup)
    if bare not in _NUMBERS:
        _NUMBERS[bare] = len(STATES)
        STATES.append(bare)
    return _NUMBERS[bare]


@cache
def aged(number: int, seconds: int) -> int:
    """The state so many seconds later."""
    return number_of(simulation.aged(STATES[number], timedelta(seconds=seconds)))


def _superseded(warmup: Warmup) -> Warmup:
    """The state in which the current token is one that another has followed."""
    lease = None if warmup.lease is None else replace(warmup.lease, token=STALE)
    phases = tuple(replace(one, lease_token=one.lease_token and STALE) for one in warmup.phases)
    return replace(warmup, lease=lease, phases=phases)


# what can be done to it


def _caller(bot: str, token: str = "") -> Caller:
    return Caller(bot, f"ses_{bot}", token or None, "req")


def _lease(bot: str, warmup: Warmup) -> Lease:
    lease = Lease(CURRENT, f"ses_{bot}", bot, NOW, NOW + _LEASE, "req", latest_at=NOW + 2 * _LEASE)
    return bounded(lease, warmup.consent.valid_until)


@cache
def claimed(number: int, bot: str) -> int | None:
    """What a claim makes of the account; None where nothing is written."""
    before = STATES[number]
    step = leases.claim(_superseded(before), _lease(bot, before), NothingPaused(), NOW)
    if step is not None and (step.after.lease is None or step.after.lease.token != CURRENT):
        step = leases.claim(before, _lease(bot, before), NothingPaused(), NOW)
    return None if step is None else number_of(step.after)


Find = Callable[[Warmup, Caller, NothingPaused, datetime], PhaseState | None]
"""Finds the phase that can be delivered to a caller."""


@cache
def given(number: int, bot: str) -> int | None:
    """What asking for the phase's content makes of the account; None where it is refused."""
    return _given(number, bot)


@cache
def claimed_with_content(number: int, bot: str) -> int | None:
    """What a claim that delivers makes of the account; None where nothing is written."""
    taken = claimed(number, bot)
    lease = None if taken is None else STATES[taken].lease
    if lease is None or (lease.token, lease.bot_id, lease.ended_by) != (CURRENT, bot, None):
        return taken
    if STATES[number].current is None:
        return taken
    delivered = _given(number, bot, delivery.next_deliverable)
    assert delivered is not None, "what can be claimed can be delivered"
    return delivered


def _deliverable(warmup: Warmup, caller: Caller, pauses: NothingPaused, now: datetime) -> PhaseState | None:
    return delivery.deliverable(warmup, caller, _current(warmup), pauses, now)


def _given(number: int, bot: str, find: Find = _deliverable) -> int | None:
    before, caller = STATES[number], _caller(bot)
    phase = before.current
    if phase is None:
        return None
    if caller.holds(before.lease, NOW):
        if delivery.is_repeat(before, caller, phase, NOW):
            return number
        renewed = before
    else:
        renewed = _superseded(before)
    try:
        delivered = find(renewed, caller, NothingPaused(), NOW)
    except ServiceError:
        found = due(before, NOW)
        noticed = found is not None and delivery.out_of_order(found.after, found.after.phase(phase.phase)) is not None
        return number_of(found.after) if found is not None and noticed else None
    assert delivered is not None, "a phase is next"
    chosen = None
    if delivery.lacks_assignment(delivered, ()):
        kinds = delivery.missing(renewed, delivered, ())
        chosen = delivery.Chosen("asg", {kind: f"{kind} {phase.phase}" for kind in kinds}, "")
    step = delivery.deliver(
        renewed,
        caller,
        phase.phase,
        _lease(bot, before),
        NOW,
        chosen=chosen,
        delivered_before=delivered.started_at is not None,
    )
    return number_of(step.after)


def _told(act: Callable[[Warmup, str, str], Step | None]) -> Callable[[int, str, str], int | None]:
    @cache
    def told(number: int, token: str, bot: str) -> int | None:
        try:
            step = act(STATES[number], token, bot)
        except ServiceError:
            return None
        return None if step is None else number_of(step.after)

    return told


def _current(warmup: Warmup) -> str:
    return warmup.current_phase or warmup.plan.last


def _complete(warmup: Warmup, token: str, bot: str) -> Step:
    return work.complete(warmup, _current(warmup), bot, token, NOW, work.WorkResult())


def _complete_and_finish(warmup: Warmup, token: str, bot: str) -> Step:
    return work.complete(warmup, _current(warmup), bot, token, NOW, work.WorkResult(), finish=True)


def _report(kind: ReportKind) -> Callable[[Warmup, str, str], Step]:
    def report(warmup: Warmup, token: str, bot: str) -> Step:
        return work.report(warmup, _current(warmup), bot, token, work.ReportedError(kind, "it failed"), NOW)

    return report


def _release(warmup: Warmup, token: str, bot: str) -> Step | None:
    return leases.release(warmup, bot, token, NOW)


def _heartbeat(warmup: Warmup, token: str, bot: str) -> Step | None:
    """The account as it is loaded after a heartbeat of its holder's session, which is all that the heartbeat writes."""
    lease = warmup.lease
    if not is_open(lease) or lease.token != token or lease.bot_id != bot:
        return None
    extended = as_extended(lease, NOW + timedelta(seconds=LEASE))
    return None if has_run_out(extended, NOW) else Step(AuditAction.LEASE_CLAIM, replace(warmup, lease=extended))


VERBS: Mapping[str, Callable[[int, str, str], int | None]] = {
    "complete": _told(_complete),
    "finish": _told(_complete_and_finish),
    "fail": _told(_report(ReportKind.TRANSIENT)),
    "escalate": _told(_report(ReportKind.UNKNOWN)),
    "release": _told(_release),
    "heartbeat": _told(_heartbeat),
}


COMPLETING = ("complete", "finish")


@cache
def finished(number: int, bot: str) -> int | None:
    """What completing the warm-up makes of the account; None where it is refused."""
    try:
        return number_of(work.finish(STATES[number], _caller(bot), NOW).after)
    except ServiceError:
        return None


def _operated(act: Callable[[Warmup], Step]) -> Callable[[int], int | None]:
    @cache
    def operated(number: int) -> int | None:
        try:
            return number_of(act(STATES[number]).after)
        except ServiceError:
            return None

    return operated


def _withdraw_consent(warmup: Warmup) -> Step:
    if consents.is_withdrawn(warmup.consent):
        return Step(AuditAction.ACCOUNT_WITHDRAW_CONSENT, warmup)
    return operate.withdraw_consent(warmup, NOW)


OPERATOR: Mapping[str, Callable[[int], int | None]] = {
    "pause": _operated(lambda warmup: operate.pause(warmup, NOW)),
    "resume": _operated(lambda warmup: operate.resume(warmup, NOW)),
    "retry": _operated(lambda warmup: operate.retry(warmup, _current(warmup), NOW)),
    "skip": _operated(lambda warmup: operate.skip(warmup, _current(warmup), NOW)),
    "consent/withdraw": _operated(_withdraw_consent),
    "consent": _operated(lambda warmup: operate.consent(warmup, {})),
}


@cache
def timed(number: int) -> int:
    """What a timer makes of the account: it sees only what is due in its queues."""
    warmup = STATES[number]
    queued = timing.next_due(warmup, warmup.current, NOW)
    if queued is None or queued.queue is timing.DueQueue.READY or queued.at > NOW:
        return number
    step = due(warmup, NOW)
    return number if step is None else number_of(step.after)


# the world


def _set(tokens: tuple[str, ...], place: int, token: str) -> tuple[str, ...]:
    return tuple(token if one == place else old for one, old in enumerate(tokens))


def _taken(world: World, account: int, taker: int) -> World:
    """The world after a taking; a new lease makes every other token stale."""
    tokens = tuple(CURRENT if place == taker else (STALE if one else "") for place, one in enumerate(world.tokens))
    network = tuple((bot, verb, STALE) for bot, verb, _ in world.network)
    return world._replace(account=account, tokens=tokens, network=network)


def _owed(before: int, after: int, owed: int) -> int:
    """What is owed after a step: a phase that is begun owes the plan's interval."""
    was, now = STATES[before].current_phase, STATES[after]
    if now.current_phase == was or now.current_phase is None:
        return owed if now.current_phase == was else 0
    return int(now.plan.phases[now.current_phase].interval.total_seconds())


def _moved_on(world: World, account: int) -> World:
    """The world after a write."""
    return world._replace(account=account, owed=_owed(world.account, account, world.owed))


def _decided(world: World, who: int, result: int | None) -> World:
    found = None if result is None else (world.account, result, _owed(world.account, result, world.owed))
    return world._replace(decided=tuple(found if place == who else one for place, one in enumerate(world.decided)))


def steps(world: World, *, guarded: bool = True) -> Iterator[tuple[str, World]]:
    """Everything that can happen next. `guarded` False writes what was decided on old reads all the same."""
    for place, bot in enumerate(BOTS):
        yield from _takings(world, place, bot)
        after = finished(world.account, bot)
        if after is not None:
            yield f"{bot} finishes it", _moved_on(world, after)
        token = world.tokens[place]
        if token:
            yield f"{bot} crashes", world._replace(tokens=_set(world.tokens, place, ""))
            if len(world.network) < 2:
                for verb in VERBS:
                    network = tuple(sorted({*world.network, (bot, verb, token)}))
                    yield f"{bot} sends {verb}", world._replace(network=network)
    yield from _arrivals(world)
    yield from _decisions(world, guarded=guarded)
    warmup = STATES[world.account]
    phase, lease = warmup.current, warmup.lease
    waits = {
        LEASE,
        _seconds(None if phase is None else phase.available_at),
        _seconds(None if lease is None else lease.expires_at),
        _seconds(warmup.consent.valid_until),
    }
    for seconds in sorted(waits - {0}):
        account = aged(world.account, seconds)
        if account != world.account:
            decided = tuple(
                one and (aged(one[0], seconds), aged(one[1], seconds), max(0, one[2] - seconds))
                for one in world.decided
            )
            owed = max(0, world.owed - seconds)
            yield f"{seconds} s pass", world._replace(account=account, owed=owed, decided=decided)


def _seconds(at: datetime | None) -> int:
    return 0 if at is None else max(0, int((at - NOW).total_seconds()))


def _takings(world: World, place: int, bot: str) -> Iterator[tuple[str, World]]:
    for act, take in (("takes it", given), ("claims it", claimed), ("claims it with content", claimed_with_content)):
        after = take(world.account, bot)
        if after is None:
            continue
        lease, before = STATES[after].lease, STATES[world.account].lease
        mine = lease is not None and lease.token == CURRENT and lease.bot_id == bot and lease.ended_by is None
        held = before is not None and before.token == CURRENT and before.bot_id == bot and before.ended_by is None
        if mine and held and world.tokens[place] != CURRENT:
            yield f"{bot} asks again", _moved_on(world, after)._replace(tokens=_set(world.tokens, place, CURRENT))
        elif mine and not (held and before is not None and before.expires_at > NOW):
            new = _taken(_moved_on(world, after), after, place)
            yield f"{bot} {act}", new
            yield f"{bot} {act} and never hears of it", new._replace(tokens=_set(new.tokens, place, ""))
        elif after != world.account:
            yield f"{bot} {'begins it' if mine else 'finds it out'}", _moved_on(world, after)


def _arrivals(world: World) -> Iterator[tuple[str, World]]:
    for message in world.network:
        bot, verb, token = message
        left = tuple(one for one in world.network if one != message)
        after = VERBS[verb](world.account, token, bot)
        arrived = world if after is None else _moved_on(world, after)
        if after is not None and verb in COMPLETING:
            was = STATES[world.account]
            done = tuple(
                count + (one == was.current_phase) for one, count in zip(was.plan.order, world.done, strict=True)
            )
            arrived = arrived._replace(done=done)
        yield f"{bot}'s {verb} arrives", arrived._replace(network=left)
        if after is not None:
            yield f"{bot}'s {verb} arrives, and will again", arrived


_OTHERS = ("timer 1", "timer 2", "the operator")


def _decisions(world: World, *, guarded: bool) -> Iterator[tuple[str, World]]:
    for place, name in enumerate(_OTHERS):
        found = world.decided[place]
        if found is not None:
            before, result, owed = found
            free = _decided(world, place, None)
            if before == world.account or not guarded:
                yield f"{name} writes", free._replace(account=result, owed=owed)
            yield f"{name} is killed, or finds it stale", free
        elif name == "the operator":
            for verb, act in OPERATOR.items():
                after = act(world.account)
                if after is not None:
                    yield f"{name} decides to {verb}", _decided(world, place, after)
        elif (after := timed(world.account)) != world.account:
            yield f"{name} decides", _decided(world, place, after)


# the promises


def wrong(before: World, step: str, after: World) -> str | None:
    """Which promise a step breaks, None if none."""
    old, new = STATES[before.account], STATES[after.account]
    if step.endswith(("takes it", "never hears of it", "claims it", "claims it with content", "begins it")):
        broken = _wrong_taking(before, old, new)
        if broken is not None:
            return broken
    if max(after.done) > 1:
        return "a phase is completed twice"
    if "arrives" in step and before.account != after.account:
        bot, _, rest = step.partition("'s ")
        verb = rest.partition(" ")[0]
        if CURRENT not in [token for who, what, token in before.network if (who, what) == (bot, verb)]:
            return f"{bot}, who was superseded, changes something by {verb}"
    return _wrong_state(after.account)


def _wrong_taking(before: World, old: Warmup, new: Warmup) -> str | None:
    if before.owed:
        return f"a phase begins {before.owed} s before its interval has passed"
    if old.state is not AccountState.WARMING_UP:
        return f"work is handed out while the account is {old.state}"
    if not consents.is_given(old.consent, NOW):
        return "work is handed out although the owner does not agree"
    held = old.lease is not None and old.lease.ended_by is None and old.lease.expires_at > NOW
    if held and old.lease is not None and new.lease is not None and old.lease.bot_id != new.lease.bot_id:
        return f"{new.lease.bot_id} takes what {old.lease.bot_id} holds"
    return None


@cache
def _wrong_state(number: int) -> str | None:
    warmup = STATES[number]
    phase, lease, plan = warmup.current, warmup.lease, warmup.plan
    if phase is not None:
        working = phase.status is PhaseStatus.IN_PROGRESS
        if working and (lease is None or lease.ended_by is not None):
            return "a phase is in progress, and nobody holds the account"
        often = phase.crash_count >= plan.max_crashes or phase.release_count >= plan.max_releases
        if phase.retry_count > plan.max_retries or (working and often):
            return "a limit is passed"
    if lease is not None and lease.ended_by is None and lease.expires_at > (lease.latest_at or NOW):
        return "a lease lasts longer than its phase allows"
    review = warmup.needs_review or (phase is not None and phase.status is PhaseStatus.REQUIRES_REVIEW)
    agreed = warmup.consent == consents.GIVEN
    if (
        warmup.state is AccountState.WARMING_UP
        and agreed
        and not review
        and timing.next_due(warmup, phase, NOW) is None
    ):
        return "it is in no queue: nobody will ever find it"
    items = [one.assigned_content_id for one in warmup.phases if one.assigned_content_id is not None]
    if len(set(items)) < len(items):
        return "an item is given twice"
    return None


@dataclass(frozen=True, slots=True)
class Explored:
    """How far it went, and the shortest way to a broken promise, if there is one."""

    states: int
    steps: int
    depth: int
    way: tuple[str, ...] = ()
    broken: str | None = None


def explore(most: int, start: Warmup, *, guarded: bool = True) -> Explored:
    """Explores breadth first, until so many worlds are known or all are.

    The way to the first broken promise is a shortest one. `guarded` False: as if the store did not check that what a
    decision was made on is still so.
    """
    owed = _seconds(start.current.available_at if start.current else None)
    begin = World(number_of(start), owed, done=(0,) * len(start.plan.order))
    known: dict[World, tuple[World, str] | None] = {begin: None}
    waiting, count, depth = deque([(begin, 0)]), 0, 0
    while waiting and len(known) < most:
        world, depth = waiting.popleft()
        for step, after in steps(world, guarded=guarded):
            count += 1
            broken = wrong(world, step, after)
            if broken is not None:
                return Explored(len(known), count, depth + 1, (*_way(known, world), step), broken)
            if after not in known:
                known[after] = (world, step)
                waiting.append((after, depth + 1))
    return Explored(len(known), count, depth)


def _way(known: Mapping[World, tuple[World, str] | None], world: World) -> tuple[str, ...]:
    way: list[str] = []
    while (before := known[world]) is not None:
        world = before[0]
        way.append(before[1])
    return tuple(reversed(way))
